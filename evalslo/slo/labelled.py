"""Labelled events: what people said beside what the scorer said, in the sense of one objective."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.labels import LabelledAnswer, Labels
from evalslo.model.objective import Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import Observation
from evalslo.slo.observe import Event, events_of
from evalslo.slo.orient import better_high

_SAME = 1e-9  # between a value as it was labelled and as it was scored
_LONGEST_NAME = 80

Refusal = tuple[str, str]  # a reason's code and its sentence


class Pair(Struct, frozen=True, kw_only=True):
    """One labelled event of a query and its cluster, as the scorer has it and as people do, higher better."""

    query: tuple[str, str]
    judged: float
    human: float


def faulty(labels: Labels, *, rate: bool) -> Refusal | None:
    """The first label that is none: a value out of range, or a second one of the same answer; None without one."""
    seen: set[Event] = set()
    for one in labels.answers:
        place = f"the label of query {told_name(one.query_id)}, repeat {one.repeat},"
        values = (one.judged, one.human)
        if not all(value in (0.0, 1.0) if rate else 0.0 <= value <= 1.0 for value in values):
            wanted = "0 or 1" if rate else "numbers in [0, 1]"
            return "labels", f"{place} has judged {one.judged} and human {one.human}; wanted {wanted}"
        if (one.query_id, one.repeat) in seen:
            return "labels", f"{place} is there twice; wanted one an answer"
        seen.add((one.query_id, one.repeat))
    return None


def changed(observations: Sequence[Observation], labels: Labels) -> Refusal | None:
    """The first label whose scorer's value is another one now than when it was labelled; None without one."""
    now = {(one.query_id, one.repeat): one.value for one in observations}
    for one in labels.answers:
        value = now.get((one.query_id, one.repeat))
        if value is not None and abs(value - one.judged) > _SAME:
            place = f"the label of query {told_name(one.query_id)}, repeat {one.repeat},"
            text = f"{place} stands beside a value of {one.judged:g} where this run's scorer gave {value:g}"
            return "labels", f"{text}: label the answers as they are scored now"
    return None


def pairs_here(objective: Objective, observations: Sequence[Observation], labels: Labels) -> list[Pair]:
    """The labelled events of this run."""
    by_answer = {(one.query_id, one.repeat): one.human for one in labels.answers}
    whole = objective.event is not None and objective.event.of == "queries"
    partly = {
        one.query_id for one in observations if one.value is not None and (one.query_id, one.repeat) not in by_answer
    }
    known = [
        _known(one, None if whole and one.query_id in partly else by_answer.get((one.query_id, one.repeat)))
        for one in observations
    ]
    return _paired(objective, observations, known)


def _known(one: Observation, human: float | None) -> Observation:
    """The observation as people say, or as unmeasured where they or the scorer say nothing."""
    if human is None or one.value is None:
        return replace(one, value=None, missing=one.missing or Missing.SCORER_ERROR)
    return replace(one, value=human)


def pairs_elsewhere(objective: Objective, labels: Labels) -> list[Pair]:
    """The labels of other answers, each an event by itself."""

    def as_observed(one: LabelledAnswer, value: float) -> Observation:
        return Observation(query_id=f"{one.query_id}/{one.repeat}", cluster="", repeat=0, value=value)

    judged = [as_observed(one, one.judged) for one in labels.answers]
    return _paired(objective, judged, [as_observed(one, one.human) for one in labels.answers])


def _paired(objective: Objective, judged: Sequence[Observation], human: Sequence[Observation]) -> list[Pair]:
    events = zip(events_of(objective, judged), events_of(objective, human), strict=True)
    return [
        Pair(
            query=(one.cluster, one.query_id),
            judged=better_high(objective, one.value),
            human=better_high(objective, other.value),
        )
        for one, other in events
        if one.value is not None and other.value is not None
    ]


def told_name(text: str | None) -> str:
    """A name from a file, cut to a length that a sentence can hold."""
    return "no scorer" if text is None else text[:_LONGEST_NAME]
