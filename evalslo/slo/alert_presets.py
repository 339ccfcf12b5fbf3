"""Sets of burn-rate windows, as data with their source."""

from collections.abc import Mapping
from fractions import Fraction

from evalslo.model.alert import BurnPair

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400

PRESETS: Mapping[str, tuple[BurnPair, ...]] = {
    # Beyer et al. 2018, The Site Reliability Workbook, chapter 5, table 5-8; the ticket of a day as in its example rules
    "sre-workbook": (
        BurnPair(severity="page", name="quick", budget=Fraction(2, 100), long_s=_HOUR_S, short_s=5 * _MINUTE_S),
        BurnPair(severity="page", name="slow", budget=Fraction(5, 100), long_s=6 * _HOUR_S, short_s=30 * _MINUTE_S),
        BurnPair(severity="ticket", name="quick", budget=Fraction(10, 100), long_s=_DAY_S, short_s=2 * _HOUR_S),
        BurnPair(severity="ticket", name="slow", budget=Fraction(10, 100), long_s=3 * _DAY_S, short_s=6 * _HOUR_S),
    ),
}
