"""The answers to look at first: those that missed an objective, worst objectives first."""

import math
from collections.abc import Mapping, Sequence

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import ObjectiveResult, Observation, Verdict, WorstAnswer
from evalslo.model.suite import Suite
from evalslo.slo.observe import is_good

SHOWN = 6
SHOWN_PER_OBJECTIVE = 2
_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
_COMPARED_WITH_REFERENCE = frozenset({"contains", "exact_match", "token_f1"})


def worst_answers(
    suite: Suite,
    rows: Sequence[ObjectiveResult],
    *,
    observations: Mapping[str, Sequence[Observation]],
    queries: Sequence[GoldenQuery],
    samples: Sequence[Sample],
    scores: Sequence[Score],
) -> tuple[WorstAnswer, ...]:
    """At most six answers, two an objective; failed calls are left to the table of errors.

    `observations` are by the id of an objective.
    """
    by_key = {(sample.query_id, sample.repeat): sample for sample in samples if sample.response.error is None}
    by_id = {query.id: query for query in queries}
    score_of = {(score.query_id, score.repeat, score.sli): score for score in scores}
    worst: list[WorstAnswer] = []
    shown: set[tuple[str, int]] = set()
    for row in sorted((row for row in rows if row.verdict in _FIRST), key=_urgency):
        objective = row.objective
        missed = _missed(suite, objective, observations.get(objective.id, ()))
        fresh = [one for one in missed if (key := (one.query_id, one.repeat)) in by_key and key not in shown]
        for one in fresh[:SHOWN_PER_OBJECTIVE]:
            key = (one.query_id, one.repeat)
            shown.add(key)
            score = score_of[*key, str(objective.sli)]
            worst.append(_worst(objective, by_id[one.query_id], sample=by_key[key], score=score))
    return tuple(worst[:SHOWN])


def _urgency(row: ObjectiveResult) -> tuple[int, bool]:
    return (_FIRST.index(row.verdict), not row.objective.critical)


def _missed(suite: Suite, objective: Objective, observations: Sequence[Observation]) -> list[Observation]:
    """The measured events that speak against the objective, the worst value first, ties in the order of the golden set."""
    measured = [one for one in observations if one.value is not None and math.isfinite(one.value)]
    if objective.shape == "event_ratio":
        against = [one for one in measured if one.value is not None and not is_good(objective, one.value)]
    else:
        target = float(objective.target)
        against = [one for one in measured if one.value is not None and _beyond(objective, one.value, target)]
    lower_is_worse = suite.slis[objective.sli.name].better == "higher"
    return sorted(against, key=lambda one: (one.value or 0.0) if lower_is_worse else -(one.value or 0.0))


def _beyond(objective: Objective, value: float, target: float) -> bool:
    return value < target if objective.op == ">=" else value > target


def _worst(objective: Objective, query: GoldenQuery, *, sample: Sample, score: Score) -> WorstAnswer:
    return WorstAnswer(
        objective=objective.id,
        query_id=query.id,
        repeat=sample.repeat,
        query=query.query,
        answer=sample.response.answer,
        value=score.value,
        why=_why(objective, query, sample),
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
