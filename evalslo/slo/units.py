"""Independent units of golden queries, and what so many of them are worth in independent events."""

import math
from fractions import Fraction

from msgspec import Struct

from evalslo.model.suite import GateRules
from evalslo.slo.design import Design


class Units(Struct, frozen=True, kw_only=True):
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


def units_planned_for(
    *, group_size: int, repeats: int, icc: Fraction | None, icc_floor: Fraction, population_finite: bool = False
) -> Units:
    """Groups of so many golden queries each, or queries with so many repeats. In groups repeats count for nothing more."""
    from evalslo.stats.planning import planned_effect

    if population_finite:
        return Units(queries=1 / repeats, events=1.0, effect=1.0)
    events = group_size if group_size > 1 else repeats
    effect = planned_effect(events, icc=icc, icc_floor=icc_floor)
    return Units(queries=float(group_size), events=float(events), effect=effect)


def units_of(design: Design, *, rules: GateRules, icc: Fraction | None = None) -> Units:
    """The average unit of a design, with the design effect of all sizes and weights. Without a query: one with its repeats."""
    from evalslo.stats.planning import planned_effect

    if not design.clusters:
        finite = rules.population == "finite"
        return units_planned_for(
            group_size=1, repeats=design.copies, icc=icc, icc_floor=rules.icc_floor, population_finite=finite
        )
    effect = planned_effect(design.typical, icc=icc, icc_floor=rules.icc_floor) * design.uneven
    return Units(queries=design.queries / design.clusters, events=design.elements / design.clusters, effect=effect)
