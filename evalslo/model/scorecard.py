"""What is decided: observations, estimates, verdicts, and the scorecard that carries them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evalslo.model.objective import Objective
from evalslo.model.sample import Timing
from evalslo.model.score import Evidence, Missing


class Verdict(StrEnum):
    """An objective's verdict, and a run's."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One SLI of one planned event, without text: the hinge between answers and objectives.

    Exactly one of `value` and `missing` is None. A call error that counts as bad has its worst value already.
    """

    query_id: str
    cluster: str
    repeat: int
    value: float | None = None
    missing: Missing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict is what it is: a stable `code`, a sentence, and the objective it speaks of (None: the run)."""

    code: str
    text: str
    objective: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileEstimate:
    """A quantile in the SLI's unit with its interval; None where a bound is beyond what was observed (or infinite)."""

    q: float
    estimate: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveResult:
    """One row of the scorecard. `estimate` None: it could not be measured."""

    objective: Objective
    verdict: Verdict
    counts: Counts
    scorer: str | None
    estimate: Estimate | None = None
    quantile: QuantileEstimate | None = None
    worst_case: float | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstAnswer:
    """One answer that missed an objective, with what speaks against it. Its texts come from strangers."""

    objective: str
    query_id: str
    repeat: int
    query: str
    answer: str | None
    value: float | None
    why: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTotals:
    """What the run cost. None is unknown, never 0."""

    calls: int
    retries: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Whatever can change a number. Runs that differ in it are not silently compared."""

    golden: str
    suite: str
    endpoint: Mapping[str, Any]
    scorers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The answer: does it meet its objectives: yes, no, or not yet known. `exit_code` follows from it.

    `errors` counts failed calls by class, `error_examples` has what the first of each class said.
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
