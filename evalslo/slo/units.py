"""How golden queries make independent units, and what those are worth in independent events."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo.applies import silent_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """An average independent unit: so many golden `queries` and `events`, of which `effect` are worth one independent event.

    `queries` is below 1 where each call is a unit of its own (`population: finite`, with repeats).
    """

    queries: float
    events: float
    effect: float

    def number(self, queries: int) -> int:
        """How many units so many golden queries make."""
        return math.floor(queries / self.queries + 1e-9)

    def worth(self, number: int, *, fewest: int) -> int:
        """How many independent events so many units are worth; no more than as many where perfect ones could not pass."""
        events = math.floor(number * self.events / self.effect + 1e-9)
        return events if number >= fewest else min(events, number)

    def queries_for(self, events: int, *, fewest: int) -> int:
        """How many golden queries are worth so many independent events, in whole units, `fewest` of them at least."""
        from evalslo.stats.planning import units_for

        return math.ceil(units_for(events, size=self.events, effect=self.effect, fewest=fewest) * self.queries - 1e-9)


def planned_units(
    *, group_size: int, repeats: int, icc: Fraction | None, icc_floor: Fraction, population_finite: bool = False
) -> Units:
    """Groups of so many golden queries each, or queries with so many repeats. In groups repeats count for nothing more."""
    from evalslo.stats.planning import planned_effect

    if population_finite:
        return Units(queries=1 / repeats, events=1.0, effect=1.0)
    events = group_size if group_size > 1 else repeats
    effect = planned_effect(events, icc=icc, icc_floor=icc_floor)
    return Units(queries=float(group_size), events=float(events), effect=effect)


def units_of(
    objective: Objective,
    queries: Sequence[GoldenQuery],
    *,
    spec: SliSpec,
    repeats: int,
    rules: GateRules,
    icc: Fraction | None = None,
) -> Units:
    """The units of the golden queries that the objective's SLI speaks of: groups as large as they are on average.

    The design effect is that of their sizes and of their sampling weights (Kish). Where the SLI speaks of no query: queries
    with repeats.
    """
    from evalslo.stats.planning import planned_effect

    spoken = [query for query in queries if silent_on(query, sli=objective.sli, spec=spec) is None]
    calls = 1 if objective.event is not None and objective.event.of == "queries" else repeats
    groups = Counter(query.cluster for query in spoken)
    if rules.population == "finite" or len(groups) == len(spoken):
        finite = rules.population == "finite"
        found = planned_units(group_size=1, repeats=calls, icc=icc, icc_floor=rules.icc_floor, population_finite=finite)
    else:
        typical = sum(size * size for size in groups.values()) / len(spoken)
        size = len(spoken) / len(groups)
        found = Units(queries=size, events=size, effect=planned_effect(typical, icc=icc, icc_floor=rules.icc_floor))
    return Units(queries=found.queries, events=found.events, effect=found.effect * _uneven(spoken))


def _uneven(queries: Sequence[GoldenQuery]) -> float:
    """What unequal sampling weights cost: n sum(w^2) / sum(w)^2, 1 where they are equal."""
    weights = [1.0 if query.weight is None else query.weight for query in queries]
    if not weights:
        return 1.0
    return len(weights) * math.fsum(weight * weight for weight in weights) / math.fsum(weights) ** 2
