"""Comparisons: is a candidate no worse than a baseline, by more than a margin?

| shape and design | independent unit | method |
|---|---|---|
| paired, one event a query, no groups | pair | Tango's score test; to FAIL it takes Newcombe's bound too |
| paired, a score, or repeats | query: its mean difference | Gaffke on (d + 1) / 2 |
| paired, groups or weights | group; its queries' mean differences are the elements | scaled Gaffke on (d + 1) / 2 |
| paired, strict | query, or group | betting on (d + 1) / 2 |
| unpaired, one event a query, no groups | query, each arm | Newcombe |
| unpaired, otherwise | as each arm alone | MOVER of the arms' bounds; strict: Bonferroni |

A verdict stands where the point keeps to its side of the margin, whatever the unmeasured events were; with `gate.strict` the
bounds and p-values themselves do, and speak of every applicable event. The baseline's failed calls are among the unmeasured.

The verdict speaks of the mean difference over golden queries. An objective's target is not asked; the one that a quantile
speaks of still says which answers are in time, and those shares are compared. `gate.rate_method` and `gate.mean_method` are
not asked either. With `population: finite` the same bounds hold, wider than they need be: the spread between queries is
counted although it is not at stake.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from operator import attrgetter

from msgspec.structs import replace

from evalslo.model.comparison import ComparedObjective
from evalslo.model.objective import Objective
from evalslo.model.scorecard import Observation, Reason, Verdict
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo import arms
from evalslo.slo.estimate import mean_of, queries_needed
from evalslo.slo.gate import ROUNDING, why_unmeasurable
from evalslo.slo.orient import swapped, turned, turned_difference
from evalslo.slo.pairs import (
    Pair,
    PairedQuery,
    SupposedQuery,
    by_query,
    count,
    mean_difference,
    pairs_of,
    supposed,
)
from evalslo.slo.reasons import no_bound, one_unit, reason_of
from evalslo.stats.bound import Difference, fails, passes
from evalslo.stats.checks import require_margin

_UNCORRECTED = (
    "its scorer was never checked against people, and labels do not correct a comparison: it holds while the scorer errs on "
    "both runs alike; read the answers that changed"
)
_NO_CHANGE = 1e-12  # rounding of a difference of means

_LEAST: Callable[[Pair], float] = attrgetter("least")
_MOST: Callable[[Pair], float] = attrgetter("most")

Runs = tuple[Sequence[Observation], Sequence[Observation]]


def compare(
    objective: Objective,
    baseline: Sequence[Observation],
    candidate: Sequence[Observation],
    *,
    margin: Fraction,
    spec: SliSpec,
    rules: GateRules,
    unpaired: bool = False,
) -> ComparedObjective:
    """One row of a comparison: candidate beside baseline, paired by golden query and repeat, or (`unpaired`) as two samples.

    `margin` is in the unit of the SLI's share or mean, >= 0, and below 1 where that lies in [0, 1]: else StatisticsError.
    Runs whose manifest says `sampling: sequential` are not for it: they stopped where their data looked decided, and these
    bounds hold for a size that was fixed beforehand.
    """
    if not _boundless(objective, spec):
        require_margin(margin=margin, alpha=objective.alpha)
    runs = baseline, candidate
    compared = _unpaired if unpaired else _paired
    row = compared(objective, runs, margin=margin, spec=spec, rules=rules)
    if not spec.unproven or row.verdict is Verdict.ERROR:
        return row
    return replace(row, reasons=(*row.reasons, reason_of(objective, "judge_uncorrected", _UNCORRECTED)))


def _boundless(objective: Objective, spec: SliSpec) -> bool:
    """Whether it is the mean of a quantity, which nothing bounds."""
    return objective.shape == "mean" and spec.kind == "quantity"


def _paired(
    objective: Objective, runs: Runs, *, margin: Fraction, spec: SliSpec, rules: GateRules
) -> ComparedObjective:
    pairs, unmatched = pairs_of(objective, *runs, spec=spec)
    counts = count(pairs)
    row = ComparedObjective(
        objective=objective, verdict=Verdict.ERROR, margin=margin, paired=True, counts=counts, unmatched=unmatched
    )
    unmeasurable = why_unmeasurable(objective, counts, rules)
    if unmeasurable is not None:
        return replace(row, reasons=(unmeasurable,))
    queries = by_query(pairs)
    weights = [one.weight for one in queries]
    row = replace(
        row,
        baseline=turned(objective, mean_of([one.baseline for one in queries], weights)),
        candidate=turned(objective, mean_of([one.candidate for one in queries], weights)),
        improved=tuple(one.query_id for one in queries if one.difference > _NO_CHANGE),
        regressed=tuple(one.query_id for one in queries if one.difference < -_NO_CHANGE),
        unchanged=tuple(one.query_id for one in queries if abs(one.difference) <= _NO_CHANGE),
        clusters=len({one.cluster for one in queries}),
    )
    if _boundless(objective, spec):
        return _without_bound(row, mean_of([one.difference for one in queries], weights))
    found = _difference(objective, queries, margin=margin, rules=rules)
    if rules.strict and any(pair.open for pair in pairs):
        worst, best = (_proved(objective, supposed(pairs, of), margin=margin) for of in (_LEAST, _MOST))
        found = _whatever_is_missing(found, worst=worst, best=best)
    return _decided(
        row,
        found,
        least=mean_difference(pairs, _LEAST),
        most=mean_difference(pairs, _MOST),
        needed=queries_needed(found.needed_units, queries=len(queries), clusters=row.clusters),
    )


def _difference(
    objective: Objective, queries: Sequence[PairedQuery], *, margin: Fraction, rules: GateRules
) -> Difference:
    """The mean difference over golden queries and its bounds, higher better, by the table above."""
    from evalslo.stats.paired import paired_scores

    if rules.strict:
        return _proved(objective, queries, margin=margin)
    alpha, values = objective.alpha, [one.difference for one in queries]
    clusters = [one.cluster for one in queries]
    weights = [one.weight for one in queries]
    independent = len(set(clusters)) == len(queries) and len(set(weights)) == 1
    if independent and objective.shape == "event_ratio" and all(one.pairs == 1 for one in queries):
        return _tango_guarded(queries, margin=margin, alpha=alpha)
    return paired_scores(values, clusters, weights=weights, margin=margin, alpha=alpha, icc_floor=rules.icc_floor)


def _proved(
    objective: Objective, queries: Sequence[PairedQuery] | Sequence[SupposedQuery], *, margin: Fraction
) -> Difference:
    """The mean difference over golden queries by the method whose error rates are proved."""
    from evalslo.stats.paired import paired_betting

    weights = [one.weight for one in queries]
    found = paired_betting(
        [one.difference for one in queries],
        [one.cluster for one in queries],
        weights=weights,
        margin=margin,
        alpha=objective.alpha,
    )
    return replace(found, method=f"{found.method}+strict" + ("+weights" if len(set(weights)) > 1 else ""))


def _whatever_is_missing(found: Difference, *, worst: Difference, best: Difference) -> Difference:
    """The estimate of what was measured, with bounds and p-values that hold whatever the rest was.

    Each side is that of the worst (or best) case, and no narrower than what was measured alone gives, so that the interval
    holds its point: where one value of an unmeasured pair is known, even the worst case may lie above it.
    """
    return replace(
        found,
        lower=_if_known(min, found.lower, worst.lower),
        upper=_if_known(max, found.upper, best.upper),
        p_pass=_if_known(max, found.p_pass, worst.p_pass),
        p_fail=_if_known(max, found.p_fail, best.p_fail),
        p_superior=_if_known(max, found.p_superior, worst.p_superior),
        p_equivalent=_if_known(max, found.p_equivalent, worst.p_equivalent, best.p_equivalent),
        needed_units=None,
    )


def _if_known(pick: Callable[[list[float]], float], *found: float | None) -> float | None:
    known = [one for one in found if one is not None]
    return pick(known) if len(known) == len(found) else None


def _tango_guarded(queries: Sequence[PairedQuery], *, margin: Fraction, alpha: Fraction) -> Difference:
    """Tango's bounds, the upper one no lower than Newcombe's: where few pairs differ Tango's own fails too often."""
    from evalslo.stats.paired import newcombe_paired, tango

    values = [one.difference for one in queries]
    better, worse, n = values.count(1.0), values.count(-1.0), len(values)
    found = tango(better, worse, n=n, margin=margin, alpha=alpha)
    if found.upper is None or found.p_fail is None:
        return found
    both = sum(one.difference == 0.0 and one.candidate == 1.0 for one in queries)
    neither = n - better - worse - both
    other = newcombe_paired(better, worse, both=both, neither=neither, margin=margin, alpha=alpha)
    if other.upper is None or other.p_fail is None:
        return found
    return replace(found, upper=max(found.upper, other.upper), p_fail=max(found.p_fail, other.p_fail))


def _unpaired(
    objective: Objective, runs: Runs, *, margin: Fraction, spec: SliSpec, rules: GateRules
) -> ComparedObjective:
    before = arms.arm_of(objective, runs[0], spec=spec, failures_count=False)
    after = arms.arm_of(objective, runs[1], spec=spec, failures_count=True)
    row = ComparedObjective(
        objective=objective, verdict=Verdict.ERROR, margin=margin, paired=False, counts=arms.counted(before, after)
    )
    for name, arm in (("baseline", before), ("candidate", after)):
        unmeasurable = why_unmeasurable(objective, arm.counts, rules)
        if unmeasurable is not None:
            return replace(row, reasons=(replace(unmeasurable, text=f"{name}: {unmeasurable.text}"),))
    means = [arms.mean_of(objective, arm) for arm in (before, after)]
    row = replace(
        row,
        baseline=turned(objective, means[0]),
        candidate=turned(objective, means[1]),
        clusters=before.elements.clusters + after.elements.clusters,
    )
    if _boundless(objective, spec):
        return _without_bound(row, means[1] - means[0])
    worst, best = (
        (arms.filled(objective, before, as_good=not good), arms.filled(objective, after, as_good=good))
        for good in (False, True)
    )
    between = partial(arms.difference_of_arms, objective, margin=margin, spec=spec, rules=rules)
    found = between(before, after)
    if rules.strict and row.counts.unmeasured:
        found = _whatever_is_missing(found, worst=between(*worst), best=between(*best))
    queries = before.elements.queries + after.elements.queries
    return _decided(
        row,
        found,
        least=arms.mean_of(objective, worst[1]) - arms.mean_of(objective, worst[0]),
        most=arms.mean_of(objective, best[1]) - arms.mean_of(objective, best[0]),
        needed=queries_needed(found.needed_units, queries=queries, clusters=row.clusters),
    )


def _without_bound(row: ComparedObjective, difference: float) -> ComparedObjective:
    return replace(
        row,
        verdict=Verdict.INCONCLUSIVE,
        delta=turned_difference(row.objective, difference),
        reasons=(no_bound(row.objective, to="compare it"),),
    )


def _decided(
    row: ComparedObjective, found: Difference, *, least: float, most: float, needed: int | None
) -> ComparedObjective:
    """The row with its difference, in the space of the SLI, and its verdict."""
    verdict, reasons = _verdict(row, found, least=least, most=most, needed=needed)
    lower, upper = swapped(row.objective, found.lower, found.upper)
    return replace(
        row,
        verdict=verdict,
        reasons=reasons,
        delta=turned_difference(row.objective, found.estimate),
        lower=None if lower is None else turned_difference(row.objective, lower),
        upper=None if upper is None else turned_difference(row.objective, upper),
        p_noninferior=found.p_pass,
        p_worse=found.p_fail,
        p_superior=found.p_superior,
        p_equivalent=found.p_equivalent,
        method=found.method,
        needed=needed if verdict is Verdict.INCONCLUSIVE else None,
    )


def _verdict(
    row: ComparedObjective, found: Difference, *, least: float, most: float, needed: int | None
) -> tuple[Verdict, tuple[Reason, ...]]:
    objective, limit = row.objective, -float(row.margin) - ROUNDING
    if found.p_pass is None or found.p_fail is None:
        return Verdict.INCONCLUSIVE, (one_unit(objective),)
    if passes(found.p_pass, alpha=objective.alpha):
        if least >= limit:
            return Verdict.PASS, ()
        text = "with what is unmeasured counted against the candidate it would be worse by more than the margin"
        return Verdict.INCONCLUSIVE, (reason_of(objective, "unmeasured", text),)
    if fails(found.p_fail, alpha=objective.alpha):
        if most < limit:
            text = "worse than the baseline by more than the margin, with the stated confidence"
            return Verdict.FAIL, (reason_of(objective, "missed", text),)
        text = "with what is unmeasured, or failed in one run only, counted for the candidate the margin would hold"
        return Verdict.INCONCLUSIVE, (reason_of(objective, "unmeasured", text),)
    return Verdict.INCONCLUSIVE, (reason_of(objective, "underpowered", _undecided(row, needed)),)


def _undecided(row: ComparedObjective, needed: int | None) -> str:
    units = "pairs" if row.paired else "units"
    text = f"{row.clusters} independent {units} show neither that the margin is kept nor that it is not"
    if needed is None:
        return text
    return f"{text}; about {needed} more queries would settle it at the present difference"
