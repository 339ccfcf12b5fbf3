"""What a suite can show before anything is called: objectives that cannot pass, and what a PASS will take.

Only closed forms here: this runs before the first call, and SciPy is slow to load.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evalslo.errors import Fault
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules, Suite
from evalslo.slo.applies import silent_on
from evalslo.slo.ceiling import ceiling_of, ceiling_words
from evalslo.stats.bound import passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What an objective will be computed from: `elements` in `clusters` independent units.

    `effective` is how many independent good events a perfect run is worth, after the floor under the design effect and the
    cap at the number of clusters.
    """

    queries: int
    elements: int
    clusters: int
    effective: float


def design_of(
    objective: Objective, queries: Sequence[GoldenQuery], *, spec: SliSpec, repeats: int, rules: GateRules
) -> Design:
    """The design of `objective` over the golden queries that its SLI speaks of."""
    spoken = [query for query in queries if silent_on(query, sli=objective.sli, spec=spec) is None]
    sizes = Counter(query.cluster for query in spoken)
    per_query = objective.event is not None and objective.event.of == "queries"
    if len(sizes) == len(spoken) and not per_query:
        sizes = Counter({cluster: size * repeats for cluster, size in sizes.items()})
    elements = sum(sizes.values())
    return Design(
        queries=len(spoken),
        elements=elements,
        clusters=len(sizes),
        effective=_effective(list(sizes.values()), rules.icc_floor),
    )


def _effective(sizes: Sequence[int], icc_floor: Fraction) -> float:
    elements = sum(sizes)
    if not elements or max(sizes) == 1:
        return float(elements)
    mean_size = Fraction(sum(size * size for size in sizes), elements)
    return min(float(len(sizes)), float(elements / (1 + (mean_size - 1) * icc_floor)))


def good_target(objective: Objective) -> Fraction:
    """The share of good (or the mean, higher better) that the objective asks for."""
    return objective.target if objective.op == ">=" else 1 - objective.target


def can_pass(objective: Objective, design: Design) -> bool:
    """Whether a perfect run would pass: T^n <= alpha, for n effective independent events."""
    target = float(good_target(objective))
    return design.clusters > 1 and passes(target**design.effective, alpha=objective.alpha)


def impossible(suite: Suite, queries: Sequence[GoldenQuery]) -> tuple[Fault, ...]:
    """A fault for each critical objective that no run over these golden queries could pass."""
    faults = []
    for objective in suite.objectives:
        spec = suite.slis[objective.sli.name]
        if not objective.critical or spec.per_run:
            continue
        design = design_of(objective, queries, spec=spec, repeats=suite.repeats, rules=suite.gate)
        ceiling = ceiling_of(objective, queries)
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


def why_not(objective: Objective, design: Design) -> str:
    """Why `can_pass` says no, and the mend."""
    from evalslo.stats.exact import fewest_for_pass

    if not design.queries:
        return "no golden query is of the kind it speaks of; add some, or make it soft with `critical: false`"
    fewest = fewest_for_pass(good_target(objective), objective.alpha)
    if fewest is None:
        return "no finite run can show 100 %; lower the target, or make it soft with `critical: false`"
    units = "" if design.clusters == design.queries else f" in {design.clusters} groups"
    noun = "golden query is" if design.queries == 1 else "golden queries are"
    return (
        f"{design.queries} {noun} too few{units}, even if every answer were good; it takes at least {fewest} independent "
        f"ones: add queries, loosen the target, or make it soft with `critical: false`"
    )
