"""The answers to look at first: those that missed an objective, worst objectives first."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from operator import ge, le

from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import ObjectiveResult, Observation, Verdict, WorstAnswer
from evalslo.model.suite import Suite
from evalslo.slo.observe import goodness

SHOWN = 6
SHOWN_PER_OBJECTIVE = 2
_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
_COMPARED_WITH_REFERENCE = frozenset({"contains", "exact_match", "token_f1"})


class Answered(Struct, frozen=True, kw_only=True):
    """One answer again: its golden query, its sample, and what the sample is worth."""

    query: GoldenQuery
    sample: Sample
    scores: Sequence[Score]


AnswerOf = Callable[[str, int], Answered | None]
"""The answer of one event; None where it has none."""


def worst_answers(
    suite: Suite,
    rows: Sequence[ObjectiveResult],
    *,
    observations: Mapping[str, Sequence[Observation]],
    answer_of: AnswerOf,
) -> tuple[WorstAnswer, ...]:
    """At most six answers, two an objective; failed calls are left to the table of errors.

    `observations` are by the id of an objective. `answer_of` is asked for little more than what is shown.
    """
    worst: list[WorstAnswer] = []
    for row in sorted((row for row in rows if row.verdict in _FIRST), key=_urgency):
        if len(worst) >= SHOWN:
            break
        if row.counts.bad == 0:
            continue
        shown = {(one.query_id, one.repeat) for one in worst}
        missed = _missed(suite, row.objective, observations.get(row.objective.id, ()))
        fresh = (answer_of(one.query_id, one.repeat) for one in missed if (one.query_id, one.repeat) not in shown)
        answered = islice((one for one in fresh if one is not None), SHOWN_PER_OBJECTIVE)
        worst += [_worst(row.objective, one) for one in answered]
    return tuple(worst[:SHOWN])


def _urgency(row: ObjectiveResult) -> tuple[int, bool]:
    return (_FIRST.index(row.verdict), not row.objective.critical)


def _missed(suite: Suite, objective: Objective, observations: Sequence[Observation]) -> list[Observation]:
    """The measured events that speak against the objective, the worst value first, ties in the order of the golden set."""
    good = goodness(objective) if objective.shape == "event_ratio" else _within(objective)
    against = [
        one
        for one in observations
        if one.value is not None and not one.failed and math.isfinite(one.value) and not good(one.value)
    ]
    lower_is_worse = suite.slis[objective.sli.name].better == "higher"
    return sorted(against, key=lambda one: (one.value or 0.0) if lower_is_worse else -(one.value or 0.0))


def _within(objective: Objective) -> Callable[[float], bool]:
    """Whether a value by itself would meet the target of a mean."""
    target, holds = float(objective.target), ge if objective.op == ">=" else le
    return lambda value: holds(value, target)


def _worst(objective: Objective, one: Answered) -> WorstAnswer:
    score = next(score for score in reversed(one.scores) if score.sli == str(objective.sli))
    return WorstAnswer(
        objective=objective.id,
        query_id=one.query.id,
        repeat=one.sample.repeat,
        query=one.query.query,
        answer=one.sample.response.answer,
        value=score.value,
        why=_why(objective, one.query, one.sample),
        evidence=score.evidence,
    )


def _why(objective: Objective, query: GoldenQuery, sample: Sample) -> str:
    """What was wanted instead, as far as the golden query knows it."""
    if objective.sli.name in _COMPARED_WITH_REFERENCE and query.reference:
        return f"wanted: {query.reference[0]}"
    if objective.sli.k is not None and query.relevant:
        found = [context.id for context in sample.response.contexts or query.contexts or ()]
        return f"relevant: {', '.join(query.relevant)}; found: {', '.join(found[: objective.sli.k]) or 'nothing'}"
    if query.answerable is False:
        return "the golden query is marked as not answerable"
    return ""
