"""Observations: scores without their text, one for every planned event of an SLI.

The denominator is fixed by the golden set: an event without a score is an observation that says why.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.score import Missing, Score
from evalslo.model.scorecard import Observation
from evalslo.model.sli import Sli, SliSpec
from evalslo.model.suite import Population
from evalslo.slo.applies import silent_on

Event = tuple[str, int]


def observe(
    queries: Sequence[GoldenQuery], scores: Iterable[Score], *, repeats: int, slis: Mapping[Sli, SliSpec]
) -> dict[str, tuple[Observation, ...]]:
    """The observations of each SLI by its text (`precision@5`), one for every query and repeat, in the order of `queries`.

    `slis` maps each wanted SLI to its spec. A failed call becomes its worst value where the spec says `bad`.
    """
    by_sli: dict[str, dict[Event, Score]] = {str(sli): {} for sli in slis}
    for score in scores:
        if score.sli in by_sli:
            by_sli[score.sli][score.query_id, score.repeat] = score
    return {
        str(sli): tuple(
            _observation(query, repeat, by_sli[str(sli)].get((query.id, repeat)), sli=sli, spec=spec)
            for query in queries
            for repeat in range(repeats)
        )
        for sli, spec in slis.items()
    }


def _observation(query: GoldenQuery, repeat: int, score: Score | None, *, sli: Sli, spec: SliSpec) -> Observation:
    value, missing = None, Missing.NOT_COLLECTED
    if score is not None:
        value, missing = score.value, score.reason or Missing.SCORER_ERROR
    if value is None and missing in (Missing.CALL_ERROR, Missing.NOT_COLLECTED):
        missing = silent_on(query, sli=sli, spec=spec) or missing
    failed = value is None and missing is Missing.CALL_ERROR and spec.on_error == "bad"
    if failed:
        value = worst_value(spec)
    return Observation(
        query_id=query.id,
        cluster=query.cluster,
        repeat=repeat,
        value=value,
        missing=missing if value is None else None,
        weight=1.0 if query.weight is None else query.weight,
        failed=failed,
    )


def worst_value(spec: SliSpec) -> float:
    """What a failed call is worth: 0 or 1 for rates and scores, infinity for a quantity that is better lower."""
    if spec.better == "higher":
        return 0.0
    return math.inf if spec.kind == "quantity" else 1.0


def events_of(objective: Objective, observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """The events that `objective` counts: good is 1 and bad is 0 for an event ratio, the value itself for a mean.

    `of queries` makes one event of all repeats of a query: bad when any repeat is bad, good when all are good.
    """
    if objective.shape == "mean":
        return tuple(_finite(one) for one in observations)
    judged = [_judge(objective, one) for one in observations]
    if objective.event is not None and objective.event.of == "queries":
        return _per_query(judged)
    return tuple(judged)


def in_population(events: Sequence[Observation], *, population: Population) -> Sequence[Observation]:
    """The events as a verdict on `population` takes them: of this golden set alone (`finite`), each is a unit of its own.

    The golden queries are then given, and only chance between the answers is left; answers are drawn independently.
    """
    if population == "queries":
        return events
    return [_alone(one, place) for place, one in enumerate(events)]


def _alone(one: Observation, place: int) -> Observation:
    return Observation(
        query_id=str(place),
        cluster=f"event:{place}",
        repeat=one.repeat,
        value=one.value,
        missing=one.missing,
        weight=one.weight,
        failed=one.failed,
    )


def _finite(one: Observation) -> Observation:
    """An infinite value (a failed call of an unbounded quantity) has no place in a mean: it is unmeasured."""
    if one.value is None or math.isfinite(one.value):
        return one
    return _as(one, None, missing=Missing.CALL_ERROR)


def _judge(objective: Objective, one: Observation) -> Observation:
    if one.value is None:
        return one
    return _as(one, 1.0 if is_good(objective, one.value) else 0.0)


def _as(one: Observation, value: float | None, *, missing: Missing | None = None) -> Observation:
    """`one` with another value; written out because `replace` is slow, and there may be millions."""
    return Observation(
        query_id=one.query_id,
        cluster=one.cluster,
        repeat=one.repeat,
        value=value,
        missing=missing,
        weight=one.weight,
        failed=one.failed and value is not None,
    )


def is_good(objective: Objective, value: float) -> bool:
    """Whether a value of the objective's SLI is a good event.

    A bound becomes a float before comparing: 0.7 as measured and `>= 0.7` as written are the same number.
    """
    event = objective.event
    if event is None:
        return (value == 1.0) == (objective.op == ">=")
    bound = float(event.value)
    return value >= bound if event.op == ">=" else value <= bound


def _per_query(judged: Sequence[Observation]) -> tuple[Observation, ...]:
    repeats: dict[str, list[Observation]] = {}
    for one in judged:
        repeats.setdefault(one.query_id, []).append(one)
    return tuple(_all_good(found) for found in repeats.values())


def _all_good(repeats: Sequence[Observation]) -> Observation:
    """One event: a bad repeat decides; else an unmeasured one leaves it open; else the measured ones are all good."""
    bad = [one for one in repeats if one.value == 0.0]
    open_ = [one for one in repeats if one.missing is not None and one.missing.applicable]
    measured = [one for one in repeats if one.value is not None]
    return (bad or open_ or measured or list(repeats))[0]
