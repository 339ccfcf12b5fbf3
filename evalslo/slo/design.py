"""Designs: how golden queries make independent units, and what those are worth at best."""

import math
from collections.abc import Sequence

from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo.applies import silent_on
from evalslo.slo.orient import good_target


class Design(Struct, frozen=True, kw_only=True):
    """What an objective will be computed from: `elements` in `clusters` independent units.

    `effective` is how many independent good events a perfect run is worth: after the floor under the design effect, the cap
    at the number of clusters and the loss by unequal weights, or by the bets that a strict bound makes. `copies` is how many
    events each of its `queries` brings, `typical` how many elements the unit of an average element has (1 without any), and
    `uneven` what unequal weights cost by themselves: n sum(w^2) / sum(w)^2, 1 where they are equal (Kish). `bets`: a strict
    bound decides by betting. `rules` are the gate's.
    """

    queries: int
    copies: int
    elements: int
    clusters: int
    effective: float
    rules: GateRules
    typical: float = 1.0
    uneven: float = 1.0
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
    copies = repeats if repeats_count(objective) else 1
    units = _units(spoken, copies=copies, rules=rules)
    elements = sum(map(len, units))
    weighted = len({weight for unit in units for weight in unit}) > 1
    independent = not weighted and elements == len(units)
    bets = rules.strict and not (independent and objective.shape == "event_ratio")
    if bets:
        from evalslo.stats.betting import perfect_units_worth

        effective = perfect_units_worth([math.fsum(unit) for unit in units], target=good_target(objective))
    else:
        effective = float(len(units)) if independent else _effective(units, float(rules.icc_floor))
    return Design(
        queries=len(spoken),
        copies=copies,
        elements=elements,
        clusters=len(units),
        effective=effective,
        typical=sum(len(unit) ** 2 for unit in units) / elements if elements else 1.0,
        uneven=_uneven([weight for unit in units for weight in unit]) if weighted else 1.0,
        weighted=weighted,
        bets=bets,
        rules=rules,
    )


def repeats_count(objective: Objective) -> bool:
    """Whether repeats bring further events: not where all repeats of a query make one (`of queries`)."""
    return objective.event is None or objective.event.of != "queries"


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


def _uneven(weights: Sequence[float]) -> float:
    return len(weights) * math.fsum(weight * weight for weight in weights) / math.fsum(weights) ** 2
