"""What an objective can show before anything is called."""

from dataclasses import dataclass

from evalslo.model.objective import Objective


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a PASS of one objective will take.

    `events` are planned over `queries` golden queries in `clusters` independent units; `independent` is how many independent
    events they are worth, about. `most_bad` of `independent` events may be bad (None: no PASS is possible, the objective is
    a mean, or bets bound it). A true bad share of `half_bad`, half of what the target allows, passes with probability
    `power`; None where nothing is known.
    """

    objective: Objective
    queries: int
    events: int
    clusters: int
    independent: int
    can_pass: bool
    most_bad: int | None = None
    half_bad: float | None = None
    power: float | None = None
    notes: tuple[str, ...] = ()
