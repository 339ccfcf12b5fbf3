"""What is decided: observations, estimates, verdicts, and the scorecard that carries them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from evalslo.model.objective import Objective, Slice
from evalslo.model.policy import Decision
from evalslo.model.sample import Timing
from evalslo.model.score import Evidence, Missing


class Verdict(StrEnum):
    """An objective's verdict, and a run's."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    FROZEN = "frozen"  # of a run only: met or not yet known, and the policy forbids its release


class Observation(Struct, frozen=True, kw_only=True):
    """One SLI of one planned event, without text: the hinge between answers and objectives.

    Exactly one of `value` and `missing` is None. A call error that counts as bad has its worst value already, and is
    `failed`. `weight` is that of its golden query, above 0. Nobody changes one.
    """

    query_id: str
    cluster: str
    repeat: int
    value: float | None = None
    missing: Missing | None = None
    weight: float = 1.0
    failed: bool = False


class Reason(Struct, frozen=True, kw_only=True):
    """Why a verdict is what it is: a stable `code`, a sentence, and the objective it speaks of (None: the run)."""

    code: str
    text: str
    objective: str | None = None


class Counts(Struct, frozen=True, kw_only=True):
    """planned = n + unmeasured + not_applicable, in events. `good` and `bad` are None for a mean."""

    planned: int
    n: int
    good: int | None
    bad: int | None
    unmeasured: int
    not_applicable: int
    excluded_reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def excluded(self) -> int:
        """Events without a value: unmeasured and not applicable."""
        return self.unmeasured + self.not_applicable

    @property
    def coverage(self) -> float | None:
        """Measured share of the applicable events; None where none is applicable."""
        applicable = self.n + self.unmeasured
        return self.n / applicable if applicable else None


class Estimate(Struct, frozen=True, kw_only=True):
    """A point with its two one-sided bounds at `alpha`, in the space of the objective's target.

    `p_pass` is the p-value against "the target is missed", `p_fail` against "the target is met". Bounds and p-values are None
    where no method gives them. `deff` is the design effect, `icc` the estimated correlation inside clusters.
    """

    estimate: float
    lower: float | None
    upper: float | None
    p_pass: float | None
    p_fail: float | None
    method: str | None
    clusters: int
    icc: float | None = None
    deff: float | None = None
    needed: int | None = None


class QuantileEstimate(Struct, frozen=True, kw_only=True):
    """A quantile in the SLI's unit with its interval; None where a bound is beyond what was observed (or infinite)."""

    q: float
    estimate: float | None
    lower: float | None
    upper: float | None


class Correction(Struct, frozen=True, kw_only=True):
    """How people's labels corrected a scorer's verdicts. `raw_estimate` is the point before that.

    `needed_labels` is how many further labels would decide at the present estimate; None where it is decided, or labels
    alone would not.
    """

    method: str
    labels: int
    raw_estimate: float
    needed_labels: int | None = None


class VarianceSplit(Struct, frozen=True, kw_only=True):
    """The variance of one value, by where it comes from: golden queries, samples of a query, votes on a sample.

    In squared units of the value, never below 0. `votes` is None where each sample has one vote only.
    """

    queries: float
    samples: float
    votes: float | None = None


class ObjectiveResult(Struct, frozen=True, kw_only=True):
    """One row of the scorecard. `estimate` None: it could not be measured.

    `decided_at` is set by a sequential run only: after how many golden queries the verdict was latched. `variance` is None
    without repeats.
    """

    objective: Objective
    verdict: Verdict
    counts: Counts
    scorer: str | None
    estimate: Estimate | None = None
    quantile: QuantileEstimate | None = None
    worst_case: float | None = None
    reasons: tuple[Reason, ...] = ()
    correction: Correction | None = None
    variance: VarianceSplit | None = None
    decided_at: int | None = None


class SliceFinding(Struct, frozen=True, kw_only=True):
    """One objective inside one slice beside the rest of the golden set, to look into and never to gate on.

    `estimate` and `rest` lie in the space of the objective's target. `p` speaks against "the slice is no worse than the
    rest"; `stands_out` says whether that falls among all slices shown (Benjamini-Hochberg).
    """

    objective: str
    slice: Slice
    n: int
    estimate: float
    rest: float
    p: float
    stands_out: bool


class Sequential(Struct, frozen=True, kw_only=True):
    """How a sequential run ended: `stopped_at` of at most `horizon` golden queries, in the order shuffled by `seed`."""

    seed: int
    horizon: int
    stopped_at: int
    calls_saved: int


class WorstAnswer(Struct, frozen=True, kw_only=True):
    """One answer that missed an objective, with what speaks against it. Its texts come from strangers."""

    objective: str
    query_id: str
    repeat: int
    query: str
    answer: str | None
    value: float | None
    why: str
    evidence: tuple[Evidence, ...] = ()


class UsageTotals(Struct, frozen=True, kw_only=True):
    """What the run spent. None is unknown, never 0.

    `cached` answers came from the cache: they are no calls, and cost nothing. `judge` is what judges spent, apart from all
    else here; None: none was asked.
    """

    calls: int
    retries: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    cached: int = 0
    judge: "UsageTotals | None" = None


class Lag(Struct, frozen=True, kw_only=True):
    """How late the event loop came to what was due, in seconds.

    `in_times`: measured times may be wrong by it. False where the system itself stamped what arrived: then only tokens that
    were read together share a time.
    """

    p50_s: float
    p99_s: float
    max_s: float
    in_times: bool = True


class Fingerprint(Struct, frozen=True, kw_only=True):
    """Whatever can change a number. Runs that differ in it are not silently compared.

    `judges` has for each judge its endpoint, and the names of the models that answered.
    """

    golden: str
    suite: str
    endpoint: Mapping[str, Any]
    scorers: Mapping[str, str]
    judges: Mapping[str, Any] = field(default_factory=dict)


class Scorecard(Struct, frozen=True, kw_only=True):
    """The answer: does it meet its objectives: yes, no, or not yet known. `exit_code` follows from it.

    `errors` counts failed calls by class, `error_examples` has what the first of each class said. `lag` None: no call was live.
    `freeze` is what the release policy says; None: no release was asked for, or the suite has no policy.
    """

    suite: str
    service: str | None
    run_id: str
    variant: str | None
    started_at: str
    finished_at: str | None
    verdict: Verdict
    exit_code: int
    reasons: tuple[Reason, ...]
    objectives: tuple[ObjectiveResult, ...]
    usage: UsageTotals
    fingerprint: Fingerprint
    timings: tuple[Timing, ...]
    errors: Mapping[str, int]
    error_examples: Mapping[str, str] = field(default_factory=dict)
    worst: tuple[WorstAnswer, ...] = ()
    advice: tuple[str, ...] = ()
    slices: tuple[SliceFinding, ...] = ()
    sequential: Sequential | None = None
    lag: Lag | None = None
    release: str | None = None
    environment: str | None = None
    freeze: Decision | None = None
