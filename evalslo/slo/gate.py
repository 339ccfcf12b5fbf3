"""An objective's verdict, from its bounds.

It passes when "the target is missed" is refuted at its one-sided alpha, fails when "the target is met" is, and is
inconclusive otherwise. What the rows come to together is said in `decide`.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from evalslo.model.labels import Labels
from evalslo.model.objective import Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import (
    Counts,
    Estimate,
    ObjectiveResult,
    Observation,
    QuantileEstimate,
    Reason,
    Verdict,
)
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo import estimate as estimating
from evalslo.slo.correction import corrected
from evalslo.slo.observe import events_of, in_population
from evalslo.slo.reasons import no_bound, one_unit, reason_of
from evalslo.slo.variance import variance_of
from evalslo.stats.bound import fails, passes

Estimator = Callable[[Sequence[Observation]], Estimate]

ROUNDING = 1e-12  # of a mean that is compared with a target


def judge(
    objective: Objective,
    observations: Sequence[Observation],
    *,
    spec: SliSpec,
    rules: GateRules,
    scorer: str | None,
    estimator: Estimator | None = None,
) -> ObjectiveResult:
    """One row of the scorecard: counts, estimate and the objective's own verdict.

    `estimator` makes the estimate from the events in another way than by the fixed-n bound of their design: sequentially.
    """
    events = events_of(objective, observations)
    row = _counted(objective, events, rules=rules, scorer=scorer)
    if row.verdict is Verdict.ERROR:
        return row
    units = in_population(events, population=rules.population)
    if estimator is None:
        found = _estimate(objective, units, counts=row.counts, spec=spec, rules=rules)
        return replace(
            _decided(row, found, events=units, spec=spec, rules=rules),
            quantile=estimating.quantile(objective, observations, rules=rules),
            variance=variance_of(events),
        )
    decided = _decided(row, estimator(events), events=units, spec=spec, rules=rules)
    if rules.strict:
        decided = _held_back(decided)
    return replace(decided, quantile=_point(estimating.quantile(objective, observations, rules=rules)))


def judge_corrected(
    objective: Objective,
    observations: Sequence[Observation],
    *,
    spec: SliSpec,
    rules: GateRules,
    scorer: str | None,
    labels: Labels,
    run_id: str,
) -> ObjectiveResult:
    """The row corrected by what people said, best of the answers of the run `run_id` itself; ERROR where that is not possible.

    Raises UsageError for labels of what can have none.
    """
    events = events_of(objective, observations)
    row = _counted(objective, events, rules=rules, scorer=scorer)
    if row.verdict is Verdict.ERROR:
        return row
    raw = _estimate(objective, events, counts=row.counts, spec=spec, rules=rules)
    fixed = corrected(
        objective, raw, observations=observations, labels=labels, spec=spec, rules=rules, scorer=scorer, run_id=run_id
    )
    if isinstance(fixed, Reason):
        return replace(row, verdict=Verdict.ERROR, reasons=(fixed,))
    decided = _decided(row, fixed.estimate, events=fixed.events, spec=replace(spec, unproven=False), rules=rules)
    return replace(
        decided,
        reasons=(*decided.reasons, *fixed.reasons),
        correction=fixed.correction,
        variance=variance_of(events),
    )


def _counted(
    objective: Objective, events: Sequence[Observation], *, rules: GateRules, scorer: str | None
) -> ObjectiveResult:
    """The row before anything is estimated; ERROR where there is too little to estimate from."""
    counts = estimating.count(events, ratio=objective.shape == "event_ratio")
    missing = why_unmeasurable(objective, counts, rules)
    return ObjectiveResult(
        objective=objective,
        verdict=Verdict.INCONCLUSIVE if missing is None else Verdict.ERROR,
        counts=counts,
        scorer=scorer,
        reasons=() if missing is None else (missing,),
    )


def _decided(
    row: ObjectiveResult, found: Estimate, *, events: Sequence[Observation], spec: SliSpec, rules: GateRules
) -> ObjectiveResult:
    verdict, reasons = _verdict(row.objective, found, events=events, counts=row.counts, spec=spec, rules=rules)
    return replace(
        row,
        verdict=verdict,
        reasons=reasons,
        estimate=found if verdict is Verdict.INCONCLUSIVE else replace(found, needed=None),
        worst_case=_worst_case(row.objective, events, found=found, counts=row.counts),
    )


def _held_back(row: ObjectiveResult) -> ObjectiveResult:
    """A sequential row in strict: its evidence cannot speak for events that nobody measured."""
    if not row.counts.unmeasured or row.verdict not in (Verdict.PASS, Verdict.FAIL):
        return row
    text = f"{row.counts.unmeasured} unmeasured events: a strict sequential verdict needs every event measured"
    return replace(row, verdict=Verdict.INCONCLUSIVE, reasons=(reason_of(row.objective, "unmeasured", text),))


def _point(found: QuantileEstimate | None) -> QuantileEstimate | None:
    """The quantile without its interval, which is that of a fixed run."""
    return None if found is None else replace(found, lower=None, upper=None)


def _estimate(
    objective: Objective, events: Sequence[Observation], *, counts: Counts, spec: SliSpec, rules: GateRules
) -> Estimate:
    if rules.strict and counts.unmeasured and not (objective.shape == "mean" and spec.kind == "quantity"):
        return estimating.whatever_is_missing(objective, events, spec=spec, rules=rules)
    return estimating.estimate(objective, estimating.elements_of(events), spec=spec, rules=rules)


def why_unmeasurable(objective: Objective, counts: Counts, rules: GateRules) -> Reason | None:
    """Why nothing can be said: no event to speak of, or too few of them measured; None where enough are."""
    coverage = counts.coverage
    if coverage is None:
        return reason_of(objective, "no_data", "no event that it speaks of: " + _why_excluded(counts, applicable=False))
    applicable = counts.n + counts.unmeasured
    if not counts.n or counts.n < rules.min_coverage * applicable:  # exact: 19 of 20 is no less than 95 %
        floor = float(rules.min_coverage)
        text = f"measured {counts.n} of {applicable} events, {coverage:.3g} where {floor:.3g} is the floor"
        return reason_of(objective, "coverage", f"{text}: {_why_excluded(counts, applicable=True)}")
    return None


def _why_excluded(counts: Counts, *, applicable: bool) -> str:
    reasons = [
        f"{number} {why.replace('_', ' ')}"
        for why, number in counts.excluded_reasons.items()
        if Missing(why).applicable == applicable
    ]
    return ", ".join(reasons) or "nothing was planned"


def _worst_case(
    objective: Objective, events: Sequence[Observation], *, found: Estimate, counts: Counts
) -> float | None:
    """The estimate with every unmeasured event counted as bad; None for a quantity's mean, which has no worst value."""
    if found.method is None:
        return None
    return estimating.point_with_missing(objective, events, as_good=False) if counts.unmeasured else found.estimate


def _verdict(
    objective: Objective,
    found: Estimate,
    *,
    events: Sequence[Observation],
    counts: Counts,
    spec: SliSpec,
    rules: GateRules,
) -> tuple[Verdict, tuple[Reason, ...]]:
    if found.p_pass is None or found.p_fail is None:
        return Verdict.INCONCLUSIVE, (_no_bounds(objective, found),)
    if passes(found.p_pass, alpha=objective.alpha):
        return _passing(objective, events, counts=counts, spec=spec, rules=rules)
    if fails(found.p_fail, alpha=objective.alpha):
        return _failing(objective, events, counts=counts)
    return Verdict.INCONCLUSIVE, (reason_of(objective, "underpowered", _undecided(found, counts)),)


def _no_bounds(objective: Objective, found: Estimate) -> Reason:
    if found.method is None:
        return no_bound(objective, to="gate on it")
    if found.clusters > 1:
        text = f"all scores are equal, which {found.method} cannot bound: leave gate.mean_method at gaffke"
        return reason_of(objective, "no_spread", text)
    return one_unit(objective)


def _undecided(found: Estimate, counts: Counts) -> str:
    text = f"{found.clusters} independent units show neither that it is met nor that it is missed"
    if found.needed is None:
        return text
    return f"{text}; about {found.needed} more queries would settle it at the present estimate"


def _passing(
    objective: Objective, events: Sequence[Observation], *, counts: Counts, spec: SliSpec, rules: GateRules
) -> tuple[Verdict, tuple[Reason, ...]]:
    if counts.unmeasured and not _meets(objective, estimating.point_with_missing(objective, events, as_good=False)):
        text = f"with its {counts.unmeasured} unmeasured events counted as bad it would miss the target"
        return Verdict.INCONCLUSIVE, (reason_of(objective, "unmeasured", text),)
    if not spec.unproven:
        return Verdict.PASS, ()
    if rules.uncalibrated == "block":
        text = "its scorer was never checked against people, so it cannot pass (gate.uncalibrated: block)"
        return Verdict.INCONCLUSIVE, (reason_of(objective, "uncalibrated", text),)
    text = "its scorer was never checked against people; gate.uncalibrated: warn lets it pass"
    return Verdict.PASS, (reason_of(objective, "uncalibrated", text),)


def _failing(
    objective: Objective, events: Sequence[Observation], *, counts: Counts
) -> tuple[Verdict, tuple[Reason, ...]]:
    if counts.unmeasured and _meets(objective, estimating.point_with_missing(objective, events, as_good=True)):
        text = f"with its {counts.unmeasured} unmeasured events counted as good it would meet the target"
        return Verdict.INCONCLUSIVE, (reason_of(objective, "unmeasured", text),)
    return Verdict.FAIL, (reason_of(objective, "missed", "the target is missed, with the stated confidence"),)


def _meets(objective: Objective, value: float) -> bool:
    target = float(objective.target)
    return value >= target - ROUNDING if objective.op == ">=" else value <= target + ROUNDING
