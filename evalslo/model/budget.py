"""Error budgets: what a window allows, what was spent, what is left, and how sure that is."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

from evalslo.model.ledger import Tally
from evalslo.model.window import BudgetRules, Period, Window


class BudgetedObjective(Struct, frozen=True, kw_only=True):
    """An objective as a budget sees it: at least `target` of its events are to be good, over `window`.

    `target` lies in [0, 1); for an objective said with `<=` it is one less that bound. `tag` as in `Series`.
    """

    id: str
    text: str
    sli: str
    target: Fraction
    window: Window
    rules: BudgetRules = BudgetRules()
    critical: bool = True
    tag: str | None = None


class Interval(Struct, frozen=True, kw_only=True):
    """Two one-sided bounds, each wrong with the same small probability; None where there is none on that side."""

    lower: float | None
    upper: float | None


class Forecast(Struct, frozen=True, kw_only=True):
    """When the budget will be gone if events go on as they did over the last `over_s` seconds.

    `in_s` None: at that pace it never is. `earliest_s` and `latest_s` are the same at the bounds of that pace; None: never, or
    not known. 0: it is gone already.
    """

    over_s: int
    in_s: Fraction | None
    earliest_s: float | None
    latest_s: float | None


class ErrorBudget(Struct, frozen=True, kw_only=True):
    """One objective's budget over one period, up to `now`. Fractions are exact.

    `unit` is what `allowed`, `spent` and `measured` count: events, or slices of time. `allowed` is the bad share that the
    target leaves, times what was measured so far; `spent` is what was bad (for ratio-timeslices a sum of shares).
    `sli` is the good share; `burn` is the bad share over the allowed one, 1 spends the whole budget in a whole window;
    `remaining` is 1 untouched, 0 all spent, below 0 overspent. These three are None without a measured event: no data is
    never healthy. `remaining_interval` bounds `remaining`. `allowed_s`, `spent_s`, `remaining_s` are the same in seconds of
    the period. `elapsed` is the share of the period that is over (1 for a rolling window).
    `daily` is the burn-down, a step a day, oldest first.
    """

    objective: BudgetedObjective
    period: Period
    elapsed: Fraction
    tally: Tally
    unit: Literal["events", "slices"]
    measured: Fraction
    allowed: Fraction
    spent: Fraction
    sli: Fraction | None
    burn: Fraction | None
    remaining: Fraction | None
    remaining_interval: Interval
    allowed_s: Fraction
    spent_s: Fraction | None
    remaining_s: Fraction | None
    forecast: Forecast | None = None
    daily: tuple["Day", ...] = ()


class Day(Struct, frozen=True, kw_only=True):
    """One step of the burn-down: the budget that `remaining` at the end of it; None before the first measured event."""

    end: int
    remaining: Fraction | None
    tally: Tally
