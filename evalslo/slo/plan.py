"""How many golden queries: the size of a run that would show what is true."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.plan import Plan, PlannedPower, PlannedSize, PlannedTruth, PlanRequest, Present
from evalslo.model.suite import Suite
from evalslo.slo.allowance import fewest_to_pass
from evalslo.slo.design import Design, design_of, repeats_count
from evalslo.slo.orient import good_target, turned
from evalslo.slo.slices import queries_of_each
from evalslo.slo.units import Units, units_of

HORIZON_POWER = Fraction(9, 10)
HORIZON = Fraction(3, 2)  # at an equal size a sequential run shows less (docs/measured/coverage.md, F-power)
USUAL = Fraction(1, 2)  # of the bad events that the target allows
SEVERAL = (Fraction(3, 5), USUAL, Fraction(2, 5), Fraction(1, 5), Fraction(3, 2), Fraction(2))
DRAWN = 160  # points of a curve


def plan_suite(
    suite: Suite, queries: Sequence[GoldenQuery], *, truths: Mapping[str, Fraction], request: PlanRequest
) -> tuple[Plan, ...]:
    """One plan an objective that can decide, beside what the present golden queries give; `truths` by objective id.

    The truth of the others is assumed: half of the bad events that their targets allow. Critical objectives are planned to
    pass together, soft ones by themselves.
    """
    return tuple(
        _plan_in_suite(suite, objective, spoken, truth=truths.get(objective.id), request=request)
        for objective, spoken in queries_of_each(suite.objectives, queries)
        if decides(suite, objective)
    )


def decides(suite: Suite, objective: Objective) -> bool:
    """Whether any number of golden queries could decide: not a figure of the whole run, nor the mean of a quantity."""
    spec = suite.slis[objective.sli.name]
    return not spec.per_run and not (objective.shape == "mean" and spec.kind == "quantity")


def _plan_in_suite(
    suite: Suite, objective: Objective, queries: Sequence[GoldenQuery], *, truth: Fraction | None, request: PlanRequest
) -> Plan:
    spec, rules = suite.slis[objective.sli.name], suite.gate
    request = request if objective.critical else replace(request, objectives=1)
    design = design_of(objective, queries, spec=spec, repeats=request.repeats, rules=rules)
    stated = usual_truth(objective) if truth is None else truth
    units = units_of(design, rules=rules, icc=request.icc)
    truths = [stated] if good_target(objective) < 1 else []
    plan = plan_objective(objective, truths, units=units, request=request, present=design.queries)
    if design.bets:
        plan = _without_sizes(plan, objective, design=design, units=units)
    if rules.population == "finite":
        plan = replace(plan, truths=tuple(replace(one, horizon=None) for one in plan.truths))
    return replace(plan, notes=_notes(plan, objective, design=design, spread=request.spread))


def _without_sizes(plan: Plan, objective: Objective, *, design: Design, units: Units) -> Plan:
    """The plan of what betting bounds: the fewest queries alone, since the power of bets has no simple form."""
    fewest = fewest_to_pass(objective, design)
    present = plan.present and replace(plan.present, events=int(design.effective), bad=None, power=None)
    return replace(
        plan,
        fewest=None if fewest is None else units.queries_for(0, fewest=fewest),
        truths=tuple(replace(one, sizes=(None,) * len(one.sizes), horizon=None) for one in plan.truths),
        curve=(),
        present=present,
    )


def _notes(plan: Plan, objective: Objective, *, design: Design, spread: float | None) -> tuple[str, ...]:
    rules, notes = design.rules, []
    if plan.fewest is None:
        notes.append("no finite run can show 100 %: it cannot PASS")
    elif design.bets:
        notes.append("gate.strict bounds scores and dependent events by betting, for which no sizes are claimed")
    elif objective.shape == "mean" and spread is None:
        notes.append("a mean is planned with --spread, the standard deviation of its scores")
    if rules.population == "finite":
        notes.append(_of_this_golden_set(plan, objective))
    chosen, usual = (
        (rules.mean_method, "gaffke") if objective.shape == "mean" else (rules.rate_method, "clopper-pearson")
    )
    if chosen != usual and not design.bets:
        notes.append(f"planned for {usual}; the gate uses {chosen}")
    return tuple(notes)


def _of_this_golden_set(plan: Plan, objective: Objective) -> str:
    """What takes the place of more golden queries where these alone are the target."""
    alone = "population: finite speaks of this golden set alone"
    if not repeats_count(objective):
        return f"{alone}, and all repeats of a query make one event: more of them show no more"
    queries = plan.present.queries if plan.present else 0
    sizes = [size for one in plan.truths for size in one.sizes if size is not None]
    each = [
        f"{math.ceil(size.events / queries):,} ({100 * float(size.power):.3g} % of runs)" for size in sizes if queries
    ]
    asked = f": ask each of its {queries:,} golden queries {' or '.join(each)} times" if each else ""
    return f"{alone}, and what counts is calls, so add repeats and no queries{asked}; run --sequential takes none such"


def usual_truth(objective: Objective) -> Fraction:
    """The truth that is assumed where none is stated: half of the bad share that the target allows."""
    return _truth(objective, USUAL)


def several_truths(objective: Objective) -> tuple[Fraction, ...]:
    """Truths around the target, the best first: some that pass, and some that fail."""
    room = 1 - good_target(objective)
    found = sorted(share for share in SEVERAL if share * room <= 1)
    return tuple(_truth(objective, share) for share in found)


def _truth(objective: Objective, share: Fraction) -> Fraction:
    """The truth, in the space of the target, with this share of the bad events that the target allows."""
    return turned(objective, 1 - share * (1 - good_target(objective)))


def plan_objective(
    objective: Objective,
    truths: Sequence[Fraction],
    *,
    units: Units,
    request: PlanRequest,
    present: int | None = None,
    notes: tuple[str, ...] = (),
) -> Plan:
    """What it takes to show each of `truths`. `present` counts the golden queries there are; None: none are known.

    Raises StatisticsError where a truth is the target, or is not in [0, 1].
    """
    from evalslo.stats.exact import fewest_for_pass
    from evalslo.stats.planning import power_for_each

    together = request.objectives or 1
    each = tuple(power_for_each(power, objectives=together) for power in request.powers)
    fewest = fewest_for_pass(good_target(objective), objective.alpha)
    planned = tuple(_planned(objective, truth, units=units, request=request, each=each) for truth in truths)
    drawn = _drawn(objective, truths)
    return Plan(
        objective=None if present is None else objective.id,
        critical=objective.critical,
        target=objective.target,
        op=objective.op,
        shape=objective.shape,
        alpha=objective.alpha,
        powers=request.powers,
        each=each,
        objectives=together,
        repeats=request.repeats,
        unit_queries=units.queries,
        effect=units.effect,
        fewest=None if fewest is None else units.queries_for(0, fewest=fewest),
        truths=planned,
        drawn=drawn,
        curve=_curve(objective, drawn, planned=planned, units=units, request=request, present=present),
        present=None if present is None else _present(objective, truths, queries=present, units=units, request=request),
        notes=notes,
    )


def _planned(
    objective: Objective, truth: Fraction, *, units: Units, request: PlanRequest, each: Sequence[Fraction]
) -> PlannedTruth:
    good, target = turned(objective, truth), good_target(objective)
    sizes = tuple(
        _size(objective, good, power=power, asked=asked, units=units, spread=request.spread)
        for power, asked in zip(each, request.powers, strict=True)
    )
    largest = max(request.powers)
    last = sizes[request.powers.index(largest)] if good > target and largest >= HORIZON_POWER else None
    horizon = None if last is None else math.ceil(HORIZON * last.queries)
    return PlannedTruth(truth=truth, shows="pass" if good > target else "fail", sizes=sizes, horizon=horizon)


def _size(
    objective: Objective, good: Fraction, *, power: Fraction, asked: Fraction, units: Units, spread: float | None
) -> PlannedSize | None:
    """The size for one truth, given as the share of good events (or the mean, higher better)."""
    from evalslo.stats.planning import sample_size
    from evalslo.stats.planning_scores import score_power, score_size

    target, alpha = good_target(objective), objective.alpha
    fewest = _fewest(objective, good)
    if fewest is None:
        return None
    if objective.shape == "event_ratio":
        found = sample_size(target, good, power=power, alpha=alpha)
        if found is None:
            return None
        events, events_from_on, reached = found.n, found.n_from_on, found.power
        bad = found.least_bad if found.most_bad is None else found.most_bad
    elif spread is None:
        return None
    else:
        scores = score_size(target, good, spread=spread, power=power, alpha=alpha)
        if scores is None:
            return None
        events, events_from_on, bad = scores, scores, None
        reached = score_power(scores, truth=good, target=target, spread=spread, alpha=alpha)
    return PlannedSize(
        power=asked,
        queries=units.queries_for(events, fewest=fewest),
        queries_from_on=units.queries_for(events_from_on, fewest=fewest),
        events=events,
        bad=bad,
        reached=reached,
    )


def _power(objective: Objective, good: Fraction, *, queries: int, units: Units, spread: float | None) -> float | None:
    """The probability that so many golden queries show on which side of the target the truth lies; None: not known."""
    from evalslo.stats.planning import show_probability
    from evalslo.stats.planning_scores import score_power

    target, number, fewest = good_target(objective), units.number(queries), _fewest(objective, good)
    if fewest is None or number < fewest:
        return 0.0
    events = units.worth(number, fewest=fewest)
    if objective.shape == "event_ratio":
        return show_probability(events, truth=good, target=target, alpha=objective.alpha)
    if spread is None:
        return None
    return score_power(events, truth=good, target=target, spread=spread, alpha=objective.alpha)


def _curve(
    objective: Objective,
    drawn: Fraction | None,
    *,
    planned: Sequence[PlannedTruth],
    units: Units,
    request: PlanRequest,
    present: int | None,
) -> tuple[PlannedPower, ...]:
    """The power from no golden query to a quarter more than the largest size for the truth `drawn`."""
    sizes = [size for one in planned if one.truth == drawn for size in one.sizes if size is not None]
    if drawn is None or not sizes:
        return ()
    end = max(size.queries_from_on for size in sizes) * 5 // 4
    end = max(end, min(present or 0, 2 * end))
    places = sorted({round(end * step / DRAWN) for step in range(DRAWN + 1)})
    good = turned(objective, drawn)
    found = [(place, _power(objective, good, queries=place, units=units, spread=request.spread)) for place in places]
    return tuple(PlannedPower(queries=place, power=power) for place, power in found if power is not None)


def _present(
    objective: Objective, truths: Sequence[Fraction], *, queries: int, units: Units, request: PlanRequest
) -> Present:
    from evalslo.stats.exact import fewest_for_pass, most_bad

    target = good_target(objective)
    fewest = fewest_for_pass(target, objective.alpha)
    number = units.number(queries)
    events = units.worth(number, fewest=fewest or number)
    rate = objective.shape == "event_ratio" and fewest is not None and number >= fewest
    return Present(
        queries=queries,
        events=events,
        bad=most_bad(events, target=target, alpha=objective.alpha) if rate else None,
        power=next(
            (
                _power(objective, turned(objective, truth), queries=queries, units=units, spread=request.spread)
                for truth in truths
            ),
            None,
        ),
    )


def _drawn(objective: Objective, truths: Sequence[Fraction]) -> Fraction | None:
    """The truth whose power is drawn: the one that is assumed where none is stated, else the first."""
    usual = usual_truth(objective)
    return usual if usual in truths else next(iter(truths), None)


def _fewest(objective: Objective, good: Fraction) -> int | None:
    """The independent units that a verdict takes at least: a cap stands before a PASS, and none before a FAIL."""
    from evalslo.stats.exact import fewest_for_pass

    target = good_target(objective)
    return fewest_for_pass(target, objective.alpha) if good > target else 2
