"""Two runs of different golden queries: each arm by itself, and the difference of the two.

A failed call of the baseline is set aside, not counted as bad: a flaky baseline must not flatter the candidate. What it could
have been is asked again before a verdict stands, as of everything that was not measured.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.objective import Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import Counts, Observation
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo import estimate as estimating
from evalslo.slo.observe import events_of
from evalslo.slo.orient import better_high, turned, turned_bounds
from evalslo.slo.pairs import IS_A_FAILURE
from evalslo.stats.bound import Bound, Difference

_EASY = Fraction(1, 10**6)  # a target that is met at once, so that nobody asks how many more queries it would take


class Arm(Struct, frozen=True, kw_only=True):
    """The events of one run, and the measured ones in their independent units."""

    counts: Counts
    events: tuple[Observation, ...]
    elements: estimating.Elements


def arm_of(objective: Objective, observations: Sequence[Observation], *, spec: SliSpec, failures_count: bool) -> Arm:
    """The events of one run. Where failures do not count, a call that failed was not measured."""
    kept = observations if failures_count or spec.name == IS_A_FAILURE else [_set_aside(one) for one in observations]
    return _arm(objective, events_of(objective, kept))


def _arm(objective: Objective, events: Sequence[Observation]) -> Arm:
    return Arm(
        counts=estimating.count(events, ratio=objective.shape == "event_ratio"),
        events=tuple(events),
        elements=estimating.elements_of(events),
    )


def filled(objective: Objective, arm: Arm, *, as_good: bool) -> Arm:
    """The arm with every unmeasured event counted as good, or as bad."""
    return _arm(objective, estimating.filled(objective, arm.events, as_good=as_good))


def _set_aside(one: Observation) -> Observation:
    return replace(one, value=None, missing=Missing.CALL_ERROR, failed=False) if one.failed else one


def counted(baseline: Arm, candidate: Arm) -> Counts:
    """The events of both arms."""
    one, other = baseline.counts, candidate.counts
    reasons = Counter(one.excluded_reasons) + Counter(other.excluded_reasons)
    return Counts(
        planned=one.planned + other.planned,
        n=one.n + other.n,
        good=None if one.good is None or other.good is None else one.good + other.good,
        bad=None if one.bad is None or other.bad is None else one.bad + other.bad,
        unmeasured=one.unmeasured + other.unmeasured,
        not_applicable=one.not_applicable + other.not_applicable,
        excluded_reasons={why: reasons[why] for why in sorted(reasons)},
    )


def difference_of_arms(
    objective: Objective, baseline: Arm, candidate: Arm, *, margin: Fraction, spec: SliSpec, rules: GateRules
) -> Difference:
    """Candidate minus baseline, higher better, and its bounds: Newcombe's where every event is its own unit."""
    from evalslo.stats.mover import bonferroni_difference, mover_difference
    from evalslo.stats.unpaired import newcombe_unpaired

    arms = baseline, candidate
    plain = objective.shape == "event_ratio" and not any(arm.elements.clustered or arm.elements.weights for arm in arms)
    if plain and not rules.strict:
        first, second = (_good(arm.counts) for arm in arms)
        return newcombe_unpaired(first, second, margin=margin, alpha=objective.alpha)
    method = bonferroni_difference if rules.strict else mover_difference
    before, after = (bound_at(objective, arm, spec=spec, rules=rules) for arm in arms)
    return method(before, after, margin=margin, alpha=objective.alpha)


def _good(counts: Counts) -> tuple[int, int]:
    return counts.good or 0, counts.n


def mean_of(objective: Objective, arm: Arm) -> float:
    """The point of an arm, higher better."""
    return better_high(objective, estimating.mean_of(arm.elements.values, arm.elements.weights))


def bound_at(objective: Objective, arm: Arm, *, spec: SliSpec, rules: GateRules) -> Callable[[Fraction], Bound]:
    """The arm's own bound, higher better, as a function of the one-sided level."""
    # the difference of two bounds is vouched for with the default methods alone
    usual = replace(rules, rate_method="clopper-pearson", mean_method="gaffke", population="queries")
    eased = replace(objective, target=turned(objective, _EASY))

    def at(alpha: Fraction) -> Bound:
        found = estimating.estimate(replace(eased, alpha=alpha), arm.elements, spec=spec, rules=usual)
        lower, upper = turned_bounds(objective, found.lower, found.upper)
        return Bound(
            estimate=turned(objective, found.estimate),
            lower=lower,
            upper=upper,
            p_pass=found.p_pass,
            p_fail=found.p_fail,
            method=found.method or "",
            units=found.clusters,
            icc=found.icc,
            deff=found.deff,
            needed_units=None,
        )

    return at
