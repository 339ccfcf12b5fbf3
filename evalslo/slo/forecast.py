"""When an error budget will be gone, if it goes on like this."""

from fractions import Fraction

from msgspec.structs import replace

from evalslo.model.alert import Burn
from evalslo.model.budget import ErrorBudget, Forecast
from evalslo.slo.windows import length_s


def with_forecast(budget: ErrorBudget, pace: Burn, *, now: int) -> ErrorBudget:
    """The budget with the time until it is gone at a pace: what remains, times the window, over the burn.

    No bad event that leaves a rolling window is given back here, so the time is too short rather than too long. What takes
    longer than a rolling window, or than the rest of a calendar one, never comes. A pace without an event gives no forecast.

    *Source:* Beyer et al. 2018, The Site Reliability Workbook, chapter 5.
    """
    if budget.remaining is None or pace.rate is None:
        return budget
    window = length_s(budget.objective.window)
    left = budget.period.end - now if budget.objective.window.calendar else window
    if budget.remaining <= 0:
        gone = Forecast(over_s=pace.over_s, in_s=Fraction(0), earliest_s=0.0, latest_s=0.0)
        return replace(budget, forecast=gone)
    return replace(
        budget,
        forecast=Forecast(
            over_s=pace.over_s,
            in_s=_gone_in(budget.remaining * window, pace.rate, left=left),
            earliest_s=_in_floats(budget.remaining * window, pace.upper, left=left),
            latest_s=_in_floats(budget.remaining * window, pace.lower, left=left),
        ),
    )


def _gone_in(seconds: Fraction, rate: Fraction, *, left: int) -> Fraction | None:
    if rate <= 0:
        return None
    found = seconds / rate
    return None if found > left else found


def _in_floats(seconds: Fraction, rate: float | None, *, left: int) -> float | None:
    if rate is None or rate <= 0:
        return None
    found = float(seconds) / rate
    return None if found > left else found
