"""What a suite can show before anything is called: objectives that cannot pass, and what a PASS will take.

This runs before the first call: nothing here takes SciPy, which is slow to load, but for the methods of `gate.rate_method`.
"""

from collections.abc import Iterator, Sequence

from evalslo.errors import Fault
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective, Shape
from evalslo.model.suite import GateRules, Suite
from evalslo.slo.allowance import can_pass, fewest_to_pass
from evalslo.slo.ceiling import ceiling_of, ceiling_words
from evalslo.slo.design import Design, design_of, repeats_count
from evalslo.slo.slices import queries_of_each


def impossible(suite: Suite, queries: Sequence[GoldenQuery]) -> tuple[Fault, ...]:
    """A fault for each critical objective that no run over these golden queries could pass, and for rules that do not fit."""
    faults = list(misfits(suite, queries))
    for objective, spoken in queries_of_each(suite.objectives, queries):
        spec = suite.slis[objective.sli.name]
        if not objective.critical or spec.per_run:
            continue
        design = design_of(objective, spoken, spec=spec, repeats=suite.repeats, rules=suite.gate)
        ceiling = ceiling_of(objective, spoken)
        if not can_pass(objective, design):
            faults.append(_fault(suite, objective, why=why_not(objective, design)))
        elif ceiling is not None and ceiling.below(objective):
            faults.append(_fault(suite, objective, why=ceiling_words(objective, ceiling)))
    return tuple(faults)


def _fault(suite: Suite, objective: Objective, *, why: str) -> Fault:
    place = objective.place
    return Fault(
        file=place.file if place else suite.file,
        line=place.line if place else None,
        where=objective.id,
        message=f"{objective.text!r} cannot pass: {why}",
    )


def misfits(suite: Suite, queries: Sequence[GoldenQuery]) -> Iterator[Fault]:
    """Faults of the gate's rules: methods that do not hold for these golden queries."""
    rules, default = suite.gate, GateRules()
    weighted = len({query.weight for query in queries}) > 1
    if rules.population == "finite" and weighted:
        found = "finite counts every event alike, and this golden set has weights"
        yield _misfit(suite, "population", f"{found}; leave it at queries, or take the weights out")
    if rules.rate_method != default.rate_method:
        found = f"{rules.rate_method} bounds independent events"
        yield from _unfit(suite, queries, key="rate_method", shape="event_ratio", found=found, mend=default.rate_method)
    if rules.mean_method != default.mean_method:
        found = f"{rules.mean_method} bounds independent scores"
        yield from _unfit(suite, queries, key="mean_method", shape="mean", found=found, mend=default.mean_method)


def _unfit(
    suite: Suite, queries: Sequence[GoldenQuery], *, key: str, shape: Shape, found: str, mend: str
) -> Iterator[Fault]:
    """At most one fault of a method of one's own choice."""
    if suite.gate.strict:
        yield _misfit(
            suite, key, f"{found} without proof, and gate.strict takes proved methods only; leave it at {mend}"
        )
        return
    for objective, spoken in queries_of_each(suite.objectives, queries):
        spec = suite.slis[objective.sli.name]
        if objective.shape != shape or spec.per_run or (shape == "mean" and spec.kind == "quantity"):
            continue
        design = design_of(objective, spoken, spec=spec, repeats=suite.repeats, rules=suite.gate)
        if design.dependent is not None:
            yield _misfit(suite, key, f"{found}, and {design.dependent}; leave it at {mend}")
            return


def _misfit(suite: Suite, key: str, message: str) -> Fault:
    return Fault(file=suite.file, line=None, where=f"gate.{key}", message=message)


def why_not(objective: Objective, design: Design) -> str:
    """Why `can_pass` says no, and the mend."""
    if not design.queries:
        return "no golden query is of the kind it speaks of; add some, or make it soft with `critical: false`"
    fewest = fewest_to_pass(objective, design)
    if fewest is None:
        return "no finite run can show 100 %; lower the target, or make it soft with `critical: false`"
    noun = "golden query is" if design.queries == 1 else "golden queries are"
    return (
        f"{design.queries} {noun} too few{_told_units(design)}, even if every answer were good; it takes at least {fewest} "
        f"independent ones: {_mend(objective, design)}loosen the target, or make it soft with `critical: false`"
    )


def _mend(objective: Objective, design: Design) -> str:
    """What makes more events; of a finite golden set not another golden set, which is another target."""
    if design.rules.population == "queries":
        return "add queries, "
    return "add repeats, " if repeats_count(objective) else ""


def _told_units(design: Design) -> str:
    if design.clusters < design.queries:
        return f" in {design.clusters} groups"
    if design.weighted:
        return f", worth {design.effective:.0f} by their weights"
    return f" with {design.clusters} answers" if design.clusters > design.queries else ""
