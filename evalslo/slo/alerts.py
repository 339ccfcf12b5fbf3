"""Burn-rate alerts: what each pair of windows says now, found by going through the history again. No state is kept."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.alert import Alert, AlertRules, Burn, Threshold
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import TimeSlice
from evalslo.slo.burn_rate import burn, thresholds
from evalslo.slo.error_budget import BATCH_S

COOL = 2
"""A firing alert ends when the short window has been below the factor at so many evaluations, one after the other."""
_LEAST_LOOK_BACK_S = 7 * 86_400


def looked_back_s(objective: BudgetedObjective, rules: AlertRules) -> int:
    """How far back the states are followed: twice the longest window, and a week at least."""
    longest = max((one.pair.long_s for one in thresholds(objective, rules)), default=0)
    return max(2 * longest, _LEAST_LOOK_BACK_S) + longest


def alerts(
    objective: BudgetedObjective, rules: AlertRules, slices: Sequence[TimeSlice], *, now: int, alpha: float
) -> tuple[Alert, ...]:
    """What each pair says at `now`, of the slices (oldest first) of the last `looked_back_s`.

    A pair *fires* when the burn over both windows has reached its factor, and the lower bound of the long one as well: few
    events that could do so by chance only make it *suspected*. It is looked at every `cadence_s`, and goes on firing until
    the short window has been below the factor at two evaluations. Where a probe comes more rarely than the short window is
    long, that window reaches back over the last hour that has events. Without an event in the long window nothing changes,
    and what was not firing is `no_data` where the rules make that an alert.
    """
    events = _Events(objective, slices, alpha=alpha)
    longest = max((one.pair.long_s for one in thresholds(objective, rules)), default=0)
    began = now - looked_back_s(objective, rules) + longest
    times = [*range(-(-began // rules.cadence_s) * rules.cadence_s, now, rules.cadence_s), now]
    return tuple(_followed(events, one, rules, times=times) for one in thresholds(objective, rules))


def _followed(events: "_Events", threshold: Threshold, rules: AlertRules, *, times: Sequence[int]) -> Alert:
    long, short = events.burns(threshold, end=times[0])
    before = Alert(
        objective=events.objective.id, threshold=threshold, state="ok", since=times[0], long=long, short=short
    )
    cool = 0
    for at in times:
        long, short = events.burns(threshold, end=at)
        below = short.rate is not None and short.rate < threshold.factor
        cool = cool + 1 if below else 0
        before = _next(before, long, short, rules=rules, at=at, cool=cool)
    return before


def _next(before: Alert, long: Burn, short: Burn, *, rules: AlertRules, at: int, cool: int) -> Alert:
    looked = replace(before, long=long, short=short, held=False)
    factor = before.threshold.factor
    if long.rate is None or short.rate is None:
        if before.state == "firing" or rules.on_no_data == "hold":
            return replace(looked, held=True)
        return looked if before.state == "no_data" else replace(looked, state="no_data", since=at)
    hot = long.rate >= factor and short.rate >= factor
    proven = hot and long.lower is not None and long.lower >= factor
    goes_on = before.state == "firing" and cool < COOL
    state = "firing" if proven or goes_on else "suspected" if hot else "ok"
    return looked if state == before.state else replace(looked, state=state, since=at)


class _Sums(Struct, frozen=True, kw_only=True):
    n: int
    bad: int


class _Events:
    """The events of an objective, so that the sums of any time are at hand."""

    def __init__(self, objective: BudgetedObjective, slices: Sequence[TimeSlice], *, alpha: float) -> None:
        self.objective, self._alpha = objective, alpha
        self._slices = [one for one in slices if one.tally.good + one.tally.bad]
        self._starts = np.array([one.start for one in self._slices], dtype=np.int64)
        bad = [one.tally.bad for one in self._slices]
        n = [one.tally.good + one.tally.bad for one in self._slices]
        self._bad, self._n = np.cumsum([0, *bad]), np.cumsum([0, *n])

    def burns(self, threshold: Threshold, *, end: int) -> tuple[Burn, Burn]:
        """The burn over the long and the short window before `end`; bounds only where both have reached the factor."""
        pair = threshold.pair
        long = self._burn(end - pair.long_s, end)
        if long.rate is None:
            return long, self._burn(end - pair.short_s, end)
        short = self._burn(min(end - pair.short_s, self._last_hour(end)), end)
        if short.rate is None or min(long.rate, short.rate) < threshold.factor:
            return long, short
        first, last = self._place(end - pair.long_s), self._place(end)
        within = self._slices[first:last]
        return burn(self.objective, within, end=end, over_s=pair.long_s, alpha=self._alpha), short

    def _last_hour(self, end: int) -> int:
        """When the hour of the last event before `end` began."""
        last = int(self._starts[self._place(end) - 1])
        return last // BATCH_S * BATCH_S

    def _burn(self, start: int, end: int) -> Burn:
        found = self._sums(start, end)
        rate = Fraction(found.bad, found.n) / (1 - self.objective.target) if found.n else None
        return Burn(over_s=end - start, n=found.n, bad=found.bad, rate=rate, lower=None, upper=None)

    def _sums(self, start: int, end: int) -> _Sums:
        first, last = self._place(start), self._place(end)
        return _Sums(n=int(self._n[last] - self._n[first]), bad=int(self._bad[last] - self._bad[first]))

    def _place(self, at: int) -> int:
        return int(np.searchsorted(self._starts, at, side="left"))
