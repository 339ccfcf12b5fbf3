"""What an objective can show before anything is called, and what calling will take."""

from typing import Literal

from msgspec import Struct

from evalslo.model.objective import Objective

CostBasis = Literal["run", "prompts", "recorded", "unknown"]


class Outlook(Struct, frozen=True, kw_only=True):
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


class CapOutlook(Struct, frozen=True, kw_only=True):
    """After how many calls a cap of the suite will end the run: `least` to `most`, the planned number where it will not.

    None: unknown.
    """

    key: str
    bound: float
    least: int | None
    most: int | None


class CostOutlook(Struct, frozen=True, kw_only=True):
    """What the planned calls of one endpoint will take, retries apart. None: unknown.

    `basis` says where it is from: what the calls of the kept run `run_id` took on average, or `looked_at` of the golden
    queries, their prompts written out (then completion tokens and their cost are the most that is allowed). `cost_usd` is
    of both kinds of tokens, `prompt_cost_usd` of the prompts alone. `judge` names the judge that is called, None: the suite's
    endpoint. How many questions answers raise is known once they are there: a judge's `calls` are the most where `basis` is
    not a run.
    """

    calls: int
    basis: CostBasis
    queries: int = 0
    looked_at: int = 0
    run_id: str | None = None
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    prompt_cost_usd: float | None = None
    cost_usd: float | None = None
    price_is_known: bool = True
    judge: str | None = None
    caps: tuple[CapOutlook, ...] = ()
    notes: tuple[str, ...] = ()
