"""Over what time an objective is kept, and how its budget is counted."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

CalendarUnit = Literal["week", "month", "quarter"]
Budgeting = Literal["occurrences", "timeslices", "ratio-timeslices"]


class Window(Struct, frozen=True, kw_only=True):
    """A rolling window of `length_s` seconds, or a calendar one; exactly one of `length_s` and `calendar` is set.

    `text` is how the suite says it: `28d`, `calendar-month`. A calendar window begins at midnight in `timezone` (an IANA
    name), weeks on Monday.
    """

    text: str
    length_s: int | None = None
    calendar: CalendarUnit | None = None
    timezone: str = "UTC"


class Period(Struct, frozen=True, kw_only=True):
    """A span of time, in seconds since 1970 UTC: `start` is in it, `end` is not."""

    start: int
    end: int


class BudgetRules(Struct, frozen=True, kw_only=True):
    """How a budget is counted (OpenSLO v1, `budgetingMethod`).

    `occurrences`: the share of good events. `timeslices`: the share of slices of `slice_s` seconds in which at least
    `slice_target` of the events were good. `ratio-timeslices`: the mean over slices of their share of good events. Slices
    without an event count in neither of the last two. `slice_target` is None but for `timeslices`; both are None for
    `occurrences`. `slice_s` is a whole number of minutes.
    """

    method: Budgeting = "occurrences"
    slice_s: int | None = None
    slice_target: Fraction | None = None
