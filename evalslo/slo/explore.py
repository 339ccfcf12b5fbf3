"""Where it is worse: every objective inside every slice beside the rest of the golden set. To look into, never to gate on.

Ratios of independent events are compared by Fisher's exact test; means, repeats and groups by the rank-sum test on the means
of independent units. A group that lies in the slice and outside it gives a mean to each side: what the two share makes the
test silent rather than loud. Weights enter the points shown, not the tests.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective, Slice
from evalslo.model.scorecard import ObjectiveResult, Observation, SliceFinding
from evalslo.slo.estimate import codes_of
from evalslo.slo.observe import events_of
from evalslo.slo.orient import better_high, of_target
from evalslo.slo.slices import LONGEST_NAME, labels_of
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.discoveries import discoveries
from evalslo.stats.fisher import fisher_excess
from evalslo.stats.rank_sum import rank_sum_below

BY_CHANCE = Fraction(1, 10)  # one false trail in ten costs a reader minutes; a trail not shown may cost a release
LEAST_UNITS = 5  # with fewer independent units a side little could stand out
MOST_SLICES = 200
_SAME = 12  # decimals of a mean: what differs beyond them is the order of summing


class Measured(Struct, frozen=True, kw_only=True, eq=False):
    """The measured events of one objective by their query: how many (one at least), their sum, their weight and cluster."""

    events: IntArray
    sums: FloatArray
    weights: FloatArray
    clusters: IntArray

    @property
    def units(self) -> int:
        """How many independent units were measured."""
        return int(np.count_nonzero(np.bincount(self.clusters)))


def explore(
    rows: Sequence[ObjectiveResult],
    *,
    observations: Mapping[str, Sequence[Observation]],
    queries: Sequence[GoldenQuery],
) -> tuple[SliceFinding, ...]:
    """Each critical objective in each slice that has five independent units inside and outside, the most telling first.

    `observations` are by the id of an objective. Objectives of a slice and figures without a bound are left out. What
    stands out does so among all findings together (Benjamini-Hochberg).
    """
    slices = _largest_slices(queries)
    if not slices:
        return ()
    found = [
        finding
        for row in rows
        if row.objective.critical and row.objective.slice is None and row.estimate is not None and row.estimate.method
        for finding in _findings(row.objective, observations.get(row.objective.id, ()), slices=slices, queries=queries)
    ]
    stand_out = discoveries([one.p for one in found], q=BY_CHANCE)
    told = [replace(one, stands_out=stands_out) for one, stands_out in zip(found, stand_out, strict=True)]
    return tuple(sorted(told, key=lambda one: (not one.stands_out, one.p, one.objective, str(one.slice))))


def _largest_slices(queries: Sequence[GoldenQuery]) -> dict[Slice, IntArray]:
    """The places of the queries of each slice, for the largest slices; prose is no slice, however often it is repeated."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, query in enumerate(queries):
        for label in labels_of(query).items():
            places.setdefault(label, []).append(place)
    wide = ((label, inside) for label, inside in places.items() if len(inside) >= LEAST_UNITS)
    named = ((label, inside) for label, inside in wide if max(map(len, label)) <= LONGEST_NAME)
    largest = heapq.nsmallest(MOST_SLICES, named, key=lambda item: (-len(item[1]), item[0]))
    return {Slice(tag=tag, value=value): np.asarray(inside, dtype=np.int64) for (tag, value), inside in largest}


def _findings(
    objective: Objective,
    observations: Sequence[Observation],
    *,
    slices: Mapping[Slice, IntArray],
    queries: Sequence[GoldenQuery],
) -> Iterator[SliceFinding]:
    whole, rows = _measured(objective, observations, queries=queries)
    single = objective.shape == "event_ratio" and whole.units == int(whole.events.sum())
    for part, places in slices.items():
        inside = np.zeros(len(whole.events) + 1, dtype=np.bool_)
        inside[rows[places]] = True  # the row after the last is that of all queries without a measured event
        here, there = _side(whole, inside[:-1]), _side(whole, ~inside[:-1])
        if min(here.units, there.units) >= LEAST_UNITS:
            yield SliceFinding(
                objective=objective.id,
                slice=part,
                n=int(here.events.sum()),
                estimate=_point(objective, here),
                rest=_point(objective, there),
                p=_p_of_counts(here, there) if single else _p_of_ranks(objective, here, there),
                stands_out=False,
            )


def _measured(
    objective: Objective, observations: Sequence[Observation], *, queries: Sequence[GoldenQuery]
) -> tuple[Measured, IntArray]:
    """What was measured, and in which of its rows each query stands; that after the last where nothing was measured.

    The rows stand in an order that knows nothing of the order of the queries, so that no sum over some of them does.
    """
    place = {query.id: number for number, query in enumerate(queries)}
    measured = [one for one in events_of(objective, observations) if one.value is not None]
    places = np.asarray([place[one.query_id] for one in measured], dtype=np.int64)
    values = np.asarray([one.value for one in measured], dtype=np.float64)
    events = np.bincount(places, minlength=len(queries)).astype(np.int64, copy=False)
    sums = np.bincount(places, weights=values, minlength=len(queries)).astype(np.float64, copy=False)
    weights = np.asarray([1.0 if query.weight is None else query.weight for query in queries], dtype=np.float64)
    clusters = np.asarray(codes_of(query.cluster for query in queries), dtype=np.int64)
    order = np.lexsort((sums, events, weights))
    order = order[events[order] > 0]
    rows = np.full(len(queries), order.size)
    rows[order] = np.arange(order.size)
    return Measured(events=events[order], sums=sums[order], weights=weights[order], clusters=clusters[order]), rows


def _side(whole: Measured, inside: NDArray[np.bool_]) -> Measured:
    """What was measured of the rows that `inside` marks."""
    return Measured(
        events=whole.events[inside],
        sums=whole.sums[inside],
        weights=whole.weights[inside],
        clusters=whole.clusters[inside],
    )


def _point(objective: Objective, side: Measured) -> float:
    """The mean in the space of the objective's target. NumPy sums: `fsum` over every slice's rest would take seconds."""
    mean = (side.weights * side.sums).sum() / (side.weights * side.events).sum()
    return of_target(objective, float(mean))


def _p_of_counts(here: Measured, there: Measured) -> float:
    sides = [(int(side.events.sum()), int(side.sums.sum())) for side in (here, there)]
    part, rest = [(n - good, n) for n, good in sides]
    return fisher_excess(part, rest)


def _p_of_ranks(objective: Objective, here: Measured, there: Measured) -> float:
    means = [_unit_means(side) for side in (here, there)]
    return rank_sum_below(*(better_high(objective, values) for values in means))


def _unit_means(side: Measured) -> FloatArray:
    """The mean of each independent unit over its queries, a query's own mean counting once."""
    queries = np.bincount(side.clusters)
    sums = np.bincount(side.clusters, weights=side.sums / side.events)
    means: FloatArray = np.round(sums[queries > 0] / queries[queries > 0], _SAME)
    return means
