"""A kept run, and what is told while it runs."""

from dataclasses import dataclass
from typing import Literal

from evalslo.model.scorecard import Fingerprint

RunState = Literal["collecting", "interrupted", "finished"]
Sampling = Literal["fixed", "sequential"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run's folder says of itself. `repeats` x `queries` events are planned; `limit` None: the whole golden set.

    `golden` is where the golden set was read from. `collecting_s` is the time that calls were made in, over all sittings;
    None where one of them was killed. `sampling` sequential: the run may end before every planned call is made, and only
    methods that allow for that may gate it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. `stage` is collect or score; `errors` counts failed calls so far."""

    suite: str
    stage: Literal["collect", "score"]
    done: int
    planned: int
    errors: int = 0
    in_flight: int = 0
