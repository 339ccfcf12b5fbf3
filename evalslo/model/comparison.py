"""What a comparison decides: one objective of a candidate beside a baseline."""

from fractions import Fraction

from msgspec import Struct

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Counts, Reason, Verdict


class ComparedObjective(Struct, frozen=True, kw_only=True):
    """One row of a comparison, in the space of the SLI: `delta` is candidate minus baseline.

    PASS: shown not worse than the baseline by more than `margin` (>= 0, in the direction that is worse); FAIL: shown worse by
    more. `lower` and `upper` are the one-sided bounds of `delta` at the objective's alpha. The p-values speak against: worse by
    more than the margin (`p_noninferior`), worse by no more (`p_worse`), no better (`p_superior`), different by the margin or
    more (`p_equivalent`, None at margin 0). None where no method gives them.

    `counts` has pairs, or the events of both arms where `paired` is False; `unmatched` events were planned in one run only.
    Where the baseline's call failed a pair counts as unmeasured, although it is in the estimate as no difference.
    `baseline` and `candidate` are the points of the arms over what is compared; where calls failed in one arm only, `delta` is
    not quite their difference. `improved`, `regressed` and `unchanged` hold query ids; empty unless paired. `needed` counts
    further golden queries, those of both arms together where they are not paired, that would decide at the present estimate.
    """

    objective: Objective
    verdict: Verdict
    margin: Fraction
    paired: bool
    counts: Counts
    reasons: tuple[Reason, ...] = ()
    baseline: float | None = None
    candidate: float | None = None
    delta: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_noninferior: float | None = None
    p_worse: float | None = None
    p_superior: float | None = None
    p_equivalent: float | None = None
    method: str | None = None
    clusters: int = 0
    needed: int | None = None
    unmatched: int = 0
    improved: tuple[str, ...] = ()
    regressed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The objective's id."""
        return self.objective.id
