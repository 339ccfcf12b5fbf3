"""Error budgets: what a target allows over a window, what was spent of it, and how sure that is."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from evalslo.model.budget import BudgetedObjective, Day, ErrorBudget, Interval
from evalslo.model.ledger import TimeSlice
from evalslo.model.window import Period
from evalslo.slo.budget_slices import bad_shares, counted, is_bad, total
from evalslo.slo.windows import day_ends, elapsed, period_of
from evalslo.stats.batches import batched_bounds

BATCH_S = 3600
"""Events of one hour are one batch, a run or a part of one. Hours are the coarsest slices that the history keeps."""


def error_budget(objective: BudgetedObjective, slices: Sequence[TimeSlice], *, now: int, alpha: float) -> ErrorBudget:
    """The budget at `now` (seconds since 1970 UTC), from the slices of the window's period, oldest first.

    For occurrences the slices may have any width; for the other two methods they are minutes. `alpha` is that of each of the
    two bounds of what remains.

    *Source:* OpenSLO v1 (`budgetingMethod`); Beyer et al. 2018, The Site Reliability Workbook, chapter 5.
    """
    period = period_of(objective.window, now=now)
    inside = [one for one in slices if period.start <= one.start < period.end]
    found, allowance = counted(inside, rules=objective.rules), 1 - objective.target
    bad_share = found.spent / found.measured if found.measured else None
    over = elapsed(period, now=now) if objective.window.calendar else Fraction(1)
    length = period.end - period.start
    spent_s = None if bad_share is None else bad_share * length * over
    return ErrorBudget(
        objective=objective,
        period=period,
        elapsed=over,
        tally=total(inside),
        unit="events" if objective.rules.method == "occurrences" else "slices",
        measured=found.measured,
        allowed=allowance * found.measured,
        spent=found.spent,
        sli=None if bad_share is None else 1 - bad_share,
        burn=None if bad_share is None else bad_share / allowance,
        remaining=None if bad_share is None else 1 - bad_share / allowance,
        remaining_interval=_interval(inside, objective, alpha=alpha),
        allowed_s=allowance * length,
        spent_s=spent_s,
        remaining_s=None if spent_s is None else allowance * length - spent_s,
        daily=tuple(_daily(inside, objective, period=period, now=now)),
    )


def _interval(slices: Sequence[TimeSlice], objective: BudgetedObjective, *, alpha: float) -> Interval:
    """The bounds of what remains. A mean of shares has none: its slices are neither alike nor independent."""
    rules = objective.rules
    if rules.method == "ratio-timeslices":
        return Interval(lower=None, upper=None)
    if rules.method == "timeslices":
        batches = [(int(is_bad(share, rules=rules)), 1) for share in bad_shares(slices, rules=rules)]
    else:
        batches = list(batches_of(slices))
    bounds = batched_bounds([bad for bad, _ in batches], [n for _, n in batches], alpha=alpha)
    if bounds is None:
        return Interval(lower=None, upper=None)
    allowance = float(1 - objective.target)
    return Interval(lower=1 - bounds[1] / allowance, upper=1 - bounds[0] / allowance)


def batches_of(slices: Sequence[TimeSlice]) -> Iterator[tuple[int, int]]:
    """Bad and measured events of each hour that has some, oldest first: what was measured at one time is one batch."""
    for _, found in groupby(slices, key=lambda one: one.start // BATCH_S):
        tally = total(found)
        if tally.good + tally.bad:
            yield tally.bad, tally.good + tally.bad


def _daily(slices: Sequence[TimeSlice], objective: BudgetedObjective, *, period: Period, now: int) -> Iterator[Day]:
    """What was left at the end of each day, of what is allowed for all that was measured by now: it only falls."""
    allowed = (1 - objective.target) * counted(slices, rules=objective.rules).measured
    spent, began, first = Fraction(0), 0, True
    for end in day_ends(period, timezone=objective.window.timezone, now=now):
        stop = next((i for i in range(began, len(slices)) if slices[i].start >= end), len(slices))
        day = slices[began:stop]
        spent += counted(day, rules=objective.rules).spent
        first = first and not counted(day, rules=objective.rules).measured
        yield Day(end=end, remaining=None if first else 1 - spent / allowed, tally=total(day))
        began = stop
