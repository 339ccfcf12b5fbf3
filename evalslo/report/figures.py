"""Numbers as text that never tell another story than the numbers do.

0.9497 against a target of 95 % is not printed as 95 %: a row gets as many digits as it takes for each of its numbers to
stand on the same side of the target, of none and of all, in print as in truth.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Estimate, QuantileEstimate
from evalslo.model.sli import Unit

_SAME = Fraction(1, 10**10)  # differences that only floating-point arithmetic made
_ENDS = (Fraction(0), Fraction(1))  # none and all: as much a target as the target
_MOST_DECIMALS = 12
_SIGNIFICANT = 3


class Ruler(Struct, frozen=True, kw_only=True):
    """How a space is printed: times `factor`, with at least `decimals`, then `unit`."""

    factor: Fraction
    unit: str
    decimals: int


class Figures(Struct, frozen=True, kw_only=True):
    """A row's numbers in print, all with the same digits; None where there is no number. Only `estimate` has the unit."""

    estimate: str | None
    lower: str | None
    upper: str | None
    target: str


def row_figures(objective: Objective, estimate: Estimate | None) -> Figures:
    """The numbers of one objective: in per cent for an event ratio, in the SLI's own unit for a mean."""
    ruler = _ruler(objective)
    found = (None, None, None) if estimate is None else (estimate.estimate, estimate.lower, estimate.upper)
    printed = _print(found, ruler=ruler, landmarks=(objective.target, *_ENDS))
    return Figures(
        estimate=None if printed[0] is None else printed[0] + ruler.unit,
        lower=printed[1],
        upper=printed[2],
        target=exact(objective.target * ruler.factor) + ruler.unit,
    )


def quantile_figures(quantile: QuantileEstimate, *, bound: Fraction, unit: Unit | None) -> Figures:
    """The numbers of a quantile in its quantity's unit, beside the `bound` that an event has to keep."""
    found = (quantile.estimate, quantile.lower, quantile.upper)
    ruler = quantity_ruler(unit, largest=max((abs(value) for value in found if value is not None), default=0.0))
    printed = _print(found, ruler=ruler, landmarks=(bound,))
    return Figures(
        estimate=None if printed[0] is None else printed[0] + ruler.unit,
        lower=printed[1],
        upper=printed[2],
        target=exact(bound * ruler.factor) + ruler.unit,
    )


def row_figure(objective: Objective, value: float) -> str:
    """One number in the space of the objective's target, with its unit."""
    ruler = _ruler(objective)
    text = _print((value,), ruler=ruler, landmarks=(objective.target, *_ENDS))[0]
    return "unknown" if text is None else text + ruler.unit


def share(value: float) -> str:
    """A share in per cent; never 0 % or 100 % unless it is.

    >>> share(0.99996), share(1.0)
    ('99.996 %', '100 %')
    """
    ruler = Ruler(factor=Fraction(100), unit=" %", decimals=1)
    text = _print((value,), ruler=ruler, landmarks=_ENDS)[0]
    return "unknown" if text is None else text.removesuffix(".0") + ruler.unit


def amount(value: float, *, unit: Unit | None) -> str:
    """A quantity with its unit, to three digits.

    >>> amount(0.0421, unit="s"), amount(1.42, unit="s"), amount(1240, unit="tokens")
    ('42.1 ms', '1.42 s', '1,240 tokens')
    """
    if not math.isfinite(value):
        return "unknown"
    ruler = quantity_ruler(unit, largest=abs(value))
    return _number(Fraction(value) * ruler.factor, decimals=ruler.decimals) + ruler.unit


def lasting(seconds: float) -> str:
    """A stretch of time as one says it, to the second, or to the minute from an hour on.

    >>> lasting(12.4), lasting(200), lasting(3900)
    ('12 s', '3 min 20 s', '1 h 5 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def quantity_ruler(unit: Unit | None, *, largest: float) -> Ruler:
    """The ruler that shows `largest` to three digits; seconds below one are told in milliseconds."""
    if unit == "s" and largest < 1:
        return Ruler(factor=Fraction(1000), unit=" ms", decimals=_decimals(largest * 1000))
    return Ruler(factor=Fraction(1), unit="" if unit is None else f" {unit}", decimals=_decimals(largest))


def exact(value: Fraction) -> str:
    """A target with all its digits and no more.

    >>> exact(Fraction("99.95")), exact(Fraction(95))
    ('99.95', '95')
    """
    text = _number(value, decimals=_MOST_DECIMALS)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _ruler(objective: Objective) -> Ruler:
    if objective.shape == "event_ratio":
        return Ruler(factor=Fraction(100), unit=" %", decimals=1)
    if objective.unit is not None:
        return quantity_ruler(objective.unit, largest=float(objective.target))
    return Ruler(
        factor=Fraction(1), unit="", decimals=3 if objective.target <= 1 else _decimals(float(objective.target))
    )


def _print(values: Sequence[float | None], *, ruler: Ruler, landmarks: Sequence[Fraction]) -> tuple[str | None, ...]:
    """`values` with the fewest digits that keep each on its side of the landmarks and, within reason, apart."""
    known = [Fraction(value) * ruler.factor for value in values if value is not None and math.isfinite(value)]
    marks = [mark * ruler.factor for mark in landmarks]
    decimals = ruler.decimals
    while decimals < _MOST_DECIMALS and not (
        _keep_sides(known, marks, decimals=decimals)
        and (decimals >= ruler.decimals + 2 or _stay_apart(known, decimals=decimals))
    ):
        decimals += 1
    return tuple(
        _number(Fraction(value) * ruler.factor, decimals=decimals)
        if value is not None and math.isfinite(value)
        else None
        for value in values
    )


def _keep_sides(values: Sequence[Fraction], marks: Sequence[Fraction], *, decimals: int) -> bool:
    return all(
        _side(_rounded(value, decimals=decimals), mark) == _side(value, mark) for value in values for mark in marks
    )


def _stay_apart(values: Sequence[Fraction], *, decimals: int) -> bool:
    ordered = sorted(values)
    return all(
        _side(low, high) == 0 or _rounded(low, decimals=decimals) < _rounded(high, decimals=decimals)
        for low, high in pairwise(ordered)
    )


def _side(value: Fraction, mark: Fraction) -> int:
    if abs(value - mark) <= _SAME:
        return 0
    return 1 if value > mark else -1


def _rounded(value: Fraction, *, decimals: int) -> Fraction:
    return Fraction(round(value * 10**decimals), 10**decimals)


def _number(value: Fraction, *, decimals: int) -> str:
    rounded = _rounded(value, decimals=decimals)
    return f"{Decimal(rounded.numerator * (10**decimals) // rounded.denominator).scaleb(-decimals):,.{decimals}f}"


def _decimals(largest: float) -> int:
    """Decimals that show `largest` to three digits; two where there is nothing to show."""
    if not math.isfinite(largest) or largest <= 0:
        return 2
    return min(max(_SIGNIFICANT - 1 - math.floor(math.log10(largest)), 0), _MOST_DECIMALS)
