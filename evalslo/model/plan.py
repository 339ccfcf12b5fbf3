"""What a plan says: how many golden queries show what, and how often."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

from evalslo.model.objective import Op, Shape


class PlanRequest(Struct, frozen=True, kw_only=True):
    """What is asked of a plan: each of `powers`, for so many `objectives` that must pass together (None: each by itself).

    `repeats` is what the run makes of each golden query. `icc` is the correlation assumed inside independent units, at least
    the gate's floor; None: the floor. `spread` is the standard deviation of a score; None: not known, and means have no sizes.
    """

    powers: tuple[Fraction, ...]
    objectives: int | None = None
    repeats: int = 1
    icc: Fraction | None = None
    spread: float | None = None


class PlannedSize(Struct, frozen=True, kw_only=True):
    """A golden set that shows a truth with `power`: the first such number of `queries`, worth `events` independent events.

    `bad` of those events at most (for a PASS) or at least (for a FAIL); None for a mean. `reached` is the power that it has.
    From `queries_from_on` on the power is never below the one asked for again.
    """

    power: Fraction
    queries: int
    queries_from_on: int
    events: int
    bad: int | None
    reached: float


class PlannedTruth(Struct, frozen=True, kw_only=True):
    """What it takes to show one truth, which lies in the space of the target; `sizes` by power.

    A size is None where more than 10,000,000 events would be needed, and where none can be claimed (a note says why).
    `horizon` is the golden set to have for a sequential run; None where it shows a FAIL, where the sizes are not known, and
    where no sequential run is (`population: finite`).
    """

    truth: Fraction
    shows: Literal["pass", "fail"]
    sizes: tuple[PlannedSize | None, ...]
    horizon: int | None


class PlannedPower(Struct, frozen=True, kw_only=True):
    """The power of so many golden queries."""

    queries: int
    power: float


class Present(Struct, frozen=True, kw_only=True):
    """What the golden set of a suite gives: `queries` of the kind, worth `events` independent events, `bad` of them at most.

    `power` is that of a PASS (or FAIL) at the plan's first truth. None where a PASS is not possible or nothing is known.
    """

    queries: int
    events: int
    bad: int | None
    power: float | None


class Plan(Struct, frozen=True, kw_only=True):
    """The sizes for one target. `objective` is its id, None where no suite was asked; `critical` as in the suite.

    `powers` are asked for all `objectives` that must pass together; `each` are the powers that this takes of each. An
    independent unit has `unit_queries` golden queries; its events, at a design effect of `effect`, count for fewer.
    `fewest` queries, all good, can pass at all; None where none can. `curve` is the power at the truth `drawn`, ascending.
    """

    objective: str | None
    critical: bool
    target: Fraction
    op: Op
    shape: Shape
    alpha: Fraction
    powers: tuple[Fraction, ...]
    each: tuple[Fraction, ...]
    objectives: int
    repeats: int
    unit_queries: float
    effect: float
    fewest: int | None
    truths: tuple[PlannedTruth, ...]
    drawn: Fraction | None
    curve: tuple[PlannedPower, ...]
    present: Present | None = None
    notes: tuple[str, ...] = ()
