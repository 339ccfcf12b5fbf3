"""A kept run, and what is told while it runs."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from evalslo.model.scorecard import Fingerprint, Lag

RunState = Literal["collecting", "interrupted", "finished"]
Sampling = Literal["fixed", "sequential"]
StopCode = Literal["interrupted", "hopeless", "cost_cap", "token_cap", "cost_unknown", "usage_unknown"]


class Stop(Struct, frozen=True, kw_only=True):
    """Why no further call was made though some were left: a stable code, and a sentence that says how to go on."""

    code: StopCode
    text: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a run's folder says of itself. `repeats` x `queries` events are planned; `limit` None: the whole golden set.

    `golden` is where the golden set was read from. `collecting_s` is the time that calls were made in, over all sittings;
    None where one of them was killed. `sampling` sequential: the run may end before every planned call is made, and only
    methods that allow for that may gate it. `stopped` None: it was not ended early, or was killed. `lag` None: no call was
    live. `cached`: answers may have come from the cache.
    """

    run_id: str
    state: RunState
    suite: str
    service: str | None
    suite_file: str
    golden: str
    variant: str | None
    settings: tuple[str, ...]
    queries: int
    repeats: int
    order_seed: int
    limit: int | None
    fingerprint: Fingerprint
    started_at: str
    finished_at: str | None
    collecting_s: float | None
    version: str
    release: str | None = None
    environment: str | None = None
    sampling: Sampling = "fixed"
    stopped: Stop | None = None
    lag: Lag | None = None
    cached: bool = False


class Provisional(Struct, frozen=True, kw_only=True):
    """What an objective looks like so far, for the eye only: looking at it as often as one likes makes it no verdict.

    In the space of the objective's target; `n` events were measured.
    """

    objective: str
    estimate: float
    lower: float
    upper: float
    n: int


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is. `stage` is collect, judge or score; `errors` counts failed calls so far, `by_class` the same by class.

    `allowed` is how many calls may be in flight now; None where that never changes. `rate_per_s` are samples a second of
    late, `left_s` what is left at that rate; None: not yet known. `waiting_s`: the server or a limit lets no call begin for
    so long; None: nothing is held back. `cost_usd` is what was spent so far; None: unknown.
    """

    suite: str
    stage: Literal["collect", "judge", "score"]
    done: int
    planned: int
    errors: int = 0
    in_flight: int = 0
    allowed: int | None = None
    by_class: Mapping[str, int] = field(default_factory=dict)
    rate_per_s: float | None = None
    left_s: float | None = None
    waiting_s: float | None = None
    cost_usd: float | None = None
    provisional: tuple[Provisional, ...] = ()
