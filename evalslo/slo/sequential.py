"""Sequential gating: evidence on one objective that may be looked at after every independent unit.

Each objective has two e-processes, one against "the target is missed" and one against "the target is met", at half its alpha
each way; the other half is spent on one look with the fixed-n bound at the horizon. A unit is one golden query with its
repeats, or one whole group; units come in planned order, because the order of arrival knows how fast an answer was.

| shape and design | process |
|---|---|
| event ratio, one event a unit | beta mixture |
| anything else | bet mixture, one update a unit, padded by its size where sizes differ |
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.scorecard import Estimate, Observation
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo import estimate as estimating
from evalslo.slo.applies import silent_on
from evalslo.slo.observe import events_of
from evalslo.slo.orient import better_high, good_target, turned, turned_bounds
from evalslo.stats.bound import fails, passes

if TYPE_CHECKING:
    from evalslo.stats.sequential import Process


class Course(Struct, frozen=True, kw_only=True):
    """How far the evidence on one objective has come. `highest_*` are natural logarithms of the e-processes at their best.

    `steps` counts the units that it went by, and `largest` is the weight of the largest unit that is planned. `grouped`: some
    unit holds several queries, so that a query counts by the mean of its repeats. `weighted`: not all weigh alike.
    """

    objective: Objective
    grouped: bool
    largest: float
    weighted: bool
    process: "Process"
    steps: int = 0
    highest_pass: float = -math.inf
    highest_fail: float = -math.inf


def halved(objective: Objective) -> Objective:
    """The objective at the share of alpha that the e-processes have, and the look at the horizon has."""
    return replace(objective, alpha=objective.alpha / 2)


def begin(
    objective: Objective, units: Sequence[Sequence[GoldenQuery]], *, spec: SliSpec, repeats: int
) -> Course | None:
    """The course before the first unit; None where nothing could decide: figures of a run, means of quantities."""
    if spec.per_run or (objective.shape == "mean" and spec.kind == "quantity"):
        return None
    from evalslo.stats.sequential import start_beta, start_bets

    spoken = [
        [query.weight or 1.0 for query in unit if silent_on(query, sli=objective.sli, spec=spec) is None]
        for unit in units
    ]
    grouped = any(len(unit) > 1 for unit in spoken)
    per_query = objective.event is not None and objective.event.of == "queries"
    copies = 1 if grouped or per_query else repeats
    sizes = {math.fsum(unit) * copies for unit in spoken if unit}
    weights = {weight for unit in spoken for weight in unit}
    single = not grouped and copies == 1 and len(sizes) <= 1
    start = start_beta if single and objective.shape == "event_ratio" else start_bets
    return Course(
        objective=objective,
        grouped=grouped,
        largest=max(sizes, default=1.0),
        weighted=len(weights) > 1,
        process=start(good_target(objective)),
    )


def advance(course: Course, observations: Sequence[Observation]) -> Course:
    """The course after one more complete unit; the same where the unit has no valid event."""
    from evalslo.stats.sequential import log_evidence, update

    step = _step(course, events_of(course.objective, observations))
    if step is None:
        return course
    process = update(course.process, step[0], size=step[1])
    now = log_evidence(process)
    return replace(
        course,
        process=process,
        steps=course.steps + 1,
        highest_pass=max(course.highest_pass, now.against_missed),
        highest_fail=max(course.highest_fail, now.against_met),
    )


def crosses(course: Course) -> bool:
    """Whether either e-process has reached its threshold, now or before. One unit alone never decides."""
    alpha = course.objective.alpha
    return course.steps > 1 and (
        passes(_p(course.highest_pass), alpha=alpha) or fails(_p(course.highest_fail), alpha=alpha)
    )


def p_fail(course: Course) -> float:
    """The p-value against "the target is met", valid whenever one looks."""
    return _p(course.highest_fail)


def found(course: Course, events: Sequence[Observation], *, spec: SliSpec, rules: GateRules, last: bool) -> Estimate:
    """The estimate from the events of all units so far, in the space of the target; with `last` after the look at the horizon.

    Its bounds are the confidence sequence at this time; with the look, the tighter of the two on each side.
    """
    shown = _shown(course, events)
    if not last:
        return shown
    look = estimating.estimate(halved(course.objective), estimating.elements_of(events), spec=spec, rules=rules)
    return replace(
        look,
        lower=_tighter(max, shown.lower, look.lower),
        upper=_tighter(min, shown.upper, look.upper),
        p_pass=_either(shown.p_pass, look.p_pass),
        p_fail=_either(shown.p_fail, look.p_fail),
        method=f"{shown.method}+{look.method}",
        needed=None,
    )


def _shown(course: Course, events: Sequence[Observation]) -> Estimate:
    """The pooled point and the confidence sequence at this time, in the space of the target."""
    steps = [step for unit in _by_unit(events) if (step := _step(course, unit)) is not None]
    weight = math.fsum(size for _, size in steps)
    point = math.fsum(value * size for value, size in steps) / weight
    shown = Estimate(
        estimate=turned(course.objective, point),
        lower=None,
        upper=None,
        p_pass=None,
        p_fail=None,
        method=_method(course),
        clusters=len(steps),
    )
    if course.steps < 2:
        return shown
    lower, upper = turned_bounds(course.objective, *_interval(course, steps))
    return replace(
        shown,
        lower=lower,
        upper=upper,
        p_pass=_p(course.highest_pass),
        p_fail=_p(course.highest_fail),
    )


def _interval(course: Course, steps: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The confidence sequence at this time, and no nearer than the target on a side that has crossed it before."""
    from evalslo.stats.sequential import bet_interval, beta_interval

    alpha, target = halved(course.objective).alpha, float(good_target(course.objective))
    if _is_beta(course):
        good = sum(value == 1.0 for value, _ in steps)
        lower, upper = beta_interval(good, len(steps) - good, alpha=alpha)
    else:
        lower, upper = bet_interval([value for value, _ in steps], [size for _, size in steps], alpha=alpha)
    if passes(_p(course.highest_pass), alpha=course.objective.alpha):
        lower = max(lower, target)
    if fails(_p(course.highest_fail), alpha=course.objective.alpha):
        upper = min(upper, target)
    return lower, upper


def _is_beta(course: Course) -> bool:
    from evalslo.stats.sequential import BetaMixture

    return isinstance(course.process, BetaMixture)


def _method(course: Course) -> str:
    return "beta-mixture" if _is_beta(course) else "bet-mixture" + "+weights" * course.weighted


def _by_unit(events: Sequence[Observation]) -> list[list[Observation]]:
    units: dict[str, list[Observation]] = {}
    for event in events:
        units.setdefault(event.cluster, []).append(event)
    return list(units.values())


def _step(course: Course, events: Sequence[Observation]) -> tuple[float, float] | None:
    """A unit's mean, higher better, and its weight beside the largest planned one; None without a valid event."""
    queries: dict[str, list[tuple[float, float]]] = {}
    for one in events:
        if one.value is not None:
            queries.setdefault(one.query_id, []).append((better_high(course.objective, one.value), one.weight))
    if course.grouped:
        elements = [(math.fsum(value for value, _ in found) / len(found), found[0][1]) for found in queries.values()]
    else:
        elements = [element for found in queries.values() for element in found]
    if not elements:
        return None
    weight = math.fsum(weight for _, weight in elements)
    return math.fsum(value * weight for value, weight in elements) / weight, min(weight / course.largest, 1.0)


def _p(highest: float) -> float:
    """The p-value of the highest evidence so far, doubled because half of alpha is kept for the horizon."""
    from evalslo.stats.sequential import anytime_p

    return min(1.0, 2.0 * anytime_p(highest))


def _either(evidence: float | None, look: float | None) -> float | None:
    """The p-value of the better of the two; the evidence is doubled already, the look is not."""
    known = [p for p in (evidence, None if look is None else min(1.0, 2.0 * look)) if p is not None]
    return min(known, default=None)


def _tighter(choose: Callable[[float, float], float], first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return choose(first, second)
