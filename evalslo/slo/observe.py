"""Observations: scores without their text, one for every planned event of an SLI.

The denominator is fixed by the golden set: an event without a score is an observation that says why.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import ge, le

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.score import Missing, Score
from evalslo.model.scorecard import Observation
from evalslo.model.sli import Sli, SliSpec
from evalslo.model.suite import Population
from evalslo.slo.observer import Observer, worst_value

__all__ = ["Event", "events_of", "goodness", "in_population", "is_good", "observe", "worst_value"]

Event = tuple[str, int]


def observe(
    queries: Sequence[GoldenQuery], scores: Iterable[Score], *, repeats: int, slis: Mapping[Sli, SliSpec]
) -> dict[str, tuple[Observation, ...]]:
    """The observations of each SLI by its text (`precision@5`), one for every query and repeat, in the order of `queries`.

    `slis` maps each wanted SLI to its spec. A failed call becomes its worst value where the spec says `bad`.
    """
    observer = Observer(queries, repeats=repeats, slis=slis)
    for score in scores:
        observer.take(score)
    return {text: tuple(column) for text, column in observer.observed().items()}


def events_of(objective: Objective, observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """The events that `objective` counts: good is 1 and bad is 0 for an event ratio, the value itself for a mean.

    `of queries` makes one event of all repeats of a query: bad when any repeat is bad, good when all are good.
    """
    if objective.shape == "mean":
        return tuple(_finite(one) for one in observations)
    good = goodness(objective)
    judged = [_judge(one, good) for one in observations]
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


def _judge(one: Observation, good: Callable[[float], bool]) -> Observation:
    if one.value is None:
        return one
    value = 1.0 if good(one.value) else 0.0
    return one if one.value == value else _as(one, value)


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
    """Whether a value of the objective's SLI is a good event."""
    return goodness(objective)(value)


def goodness(objective: Objective) -> Callable[[float], bool]:
    """`is_good` for many values of one objective.

    A bound becomes a float before comparing: 0.7 as measured and `>= 0.7` as written are the same number.
    """
    event = objective.event
    if event is None:
        wanted = objective.op == ">="
        return lambda value: (value == 1.0) == wanted
    bound, holds = float(event.value), ge if event.op == ">=" else le
    return lambda value: holds(value, bound)


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
