"""What a suite can show before anything is called: objectives that cannot pass, and what a PASS will take.

Only closed forms here: this runs before the first call, and SciPy is slow to load.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from evalslo.errors import Fault
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective, Shape
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules, Suite
from evalslo.slo.applies import silent_on
from evalslo.slo.ceiling import ceiling_of, ceiling_words
from evalslo.slo.slices import queries_of
from evalslo.stats.bound import passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What an objective will be computed from: `elements` in `clusters` independent units.

    `effective` is how many independent good events a perfect run is worth: after the floor under the design effect, the cap
    at the number of clusters and the loss by unequal weights, or by the bets that a strict bound makes.
    """

    queries: int
    elements: int
    clusters: int
    effective: float
    weighted: bool = False
    bets: bool = False

    @property
    def dependent(self) -> str | None:
        """What makes its events no sample of independent ones that weigh alike; None where they are one."""
        if self.clusters < self.queries:
            return "this golden set has groups"
        if self.clusters < self.elements:
            return "this suite repeats each query"
        return "this golden set has weights" if self.weighted else None


def design_of(
    objective: Objective, queries: Sequence[GoldenQuery], *, spec: SliSpec, repeats: int, rules: GateRules
) -> Design:
    """The design of `objective` over the golden queries that its SLI speaks of."""
    spoken = [query for query in queries if silent_on(query, sli=objective.sli, spec=spec) is None]
    copies = 1 if objective.event is not None and objective.event.of == "queries" else repeats
    units = _units(spoken, copies=copies, rules=rules)
    weights = {weight for unit in units for weight in unit}
    alike = len(weights) < 2
    independent = alike and all(len(unit) == 1 for unit in units)
    bets = rules.strict and not (independent and objective.shape == "event_ratio")
    if bets:
        effective = bets_worth([math.fsum(unit) for unit in units], target=good_target(objective))
    else:
        effective = float(len(units)) if independent else _effective(units, float(rules.icc_floor))
    return Design(
        queries=len(spoken),
        elements=sum(map(len, units)),
        clusters=len(units),
        effective=effective,
        weighted=not alike,
        bets=bets,
    )


def _units(queries: Sequence[GoldenQuery], *, copies: int, rules: GateRules) -> list[list[float]]:
    """The weights of the elements of each independent unit; a query inside a group counts once, however often asked."""
    by_cluster: dict[str, list[float]] = {}
    for query in queries:
        by_cluster.setdefault(query.cluster, []).append(1.0 if query.weight is None else query.weight)
    units = list(by_cluster.values())
    if rules.population == "finite":
        return [[weight] for unit in units for weight in unit for _ in range(copies)]
    return units if len(units) < len(queries) else [unit * copies for unit in units]


def _effective(units: Sequence[Sequence[float]], icc_floor: float) -> float:
    whole = math.fsum(map(math.fsum, units))
    squares = math.fsum(weight * weight for unit in units for weight in unit)
    floored = (1.0 - icc_floor) * squares + icc_floor * math.fsum(math.fsum(unit) ** 2 for unit in units)
    typical = [math.fsum(unit) / len(unit) for unit in units]
    return min(math.fsum(typical) / max(typical), whole * whole / floored)


def bets_worth(sizes: Sequence[float], *, target: Fraction) -> float:
    """How many independent good events prove as much as perfect units of these `sizes` do by `betting`; 0 at a target of 1.

    The wealth of bet c is the product over units of 1 + c (1 / target - 1) size / (largest size).
    """
    from evalslo.stats.betting import BETS

    if target == 1 or not sizes:
        return 0.0
    gain, largest = float(1 / target - 1), max(sizes)
    counts = Counter(sizes)
    logs = [
        math.fsum(number * math.log1p(bet * gain * size / largest) for size, number in counts.items())
        for bet in map(float, BETS)
    ]
    wealth = max(logs) + math.log(math.fsum(math.exp(log - max(logs)) for log in logs) / len(logs))
    return max(0.0, wealth) / -math.log(target)


def good_target(objective: Objective) -> Fraction:
    """The share of good (or the mean, higher better) that the objective asks for."""
    return objective.target if objective.op == ">=" else 1 - objective.target


def can_pass(objective: Objective, design: Design) -> bool:
    """Whether a perfect run would pass: T^n <= alpha, for n effective independent events."""
    target = float(good_target(objective))
    return design.clusters > 1 and passes(target**design.effective, alpha=objective.alpha)


def impossible(suite: Suite, queries: Sequence[GoldenQuery]) -> tuple[Fault, ...]:
    """A fault for each critical objective that no run over these golden queries could pass, and for rules that do not fit."""
    faults = list(misfits(suite, queries))
    for objective in suite.objectives:
        spec = suite.slis[objective.sli.name]
        if not objective.critical or spec.per_run:
            continue
        spoken = queries_of(objective, queries)
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
    for objective in suite.objectives:
        spec = suite.slis[objective.sli.name]
        if objective.shape != shape or spec.per_run or (shape == "mean" and spec.kind == "quantity"):
            continue
        spoken = queries_of(objective, queries)
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
    fewest = _fewest(objective, design)
    if fewest is None:
        return "no finite run can show 100 %; lower the target, or make it soft with `critical: false`"
    noun = "golden query is" if design.queries == 1 else "golden queries are"
    return (
        f"{design.queries} {noun} too few{_told_units(design)}, even if every answer were good; it takes at least {fewest} "
        f"independent ones: add queries, loosen the target, or make it soft with `critical: false`"
    )


def _fewest(objective: Objective, design: Design) -> int | None:
    """The fewest independent events, all good and alike in weight, that pass; None where no number does."""
    from evalslo.stats.exact import fewest_for_pass

    target = good_target(objective)
    exact = fewest_for_pass(target, objective.alpha)
    if not design.bets or exact is None:
        return exact

    def enough(number: int) -> bool:
        return passes(float(target) ** bets_worth([1.0] * number, target=target), alpha=objective.alpha)

    high = exact
    while not enough(high):
        high *= 2
    return bisect_left(range(high), x=True, key=enough)


def _told_units(design: Design) -> str:
    if design.clusters < design.queries:
        return f" in {design.clusters} groups"
    if design.weighted:
        return f", worth {design.effective:.0f} by their weights"
    return f" with {design.clusters} answers" if design.clusters > design.queries else ""
