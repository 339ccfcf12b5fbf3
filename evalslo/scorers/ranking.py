"""The ranking that an answer rests on, and where in it the judged documents stand."""

import math
from collections.abc import Mapping, Sequence

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Sample

Ranked = tuple[int, int]
"""A judged document of a ranking: its rank, from 1, and its grade."""


def contexts_of(query: GoldenQuery, sample: Sample) -> tuple[Context, ...] | None:
    """The contexts of the response, else those of the golden query; None where neither has any, () where none came back."""
    return query.contexts if sample.response.contexts is None else sample.response.contexts


def scores_of(contexts: Sequence[Context]) -> dict[str, float]:
    """The documents with the scores that rank them, each once.

    Where a context has no score, or one that is no number, they are scored by the given order. A repeated document keeps its
    first place.
    """
    ids = [context.id for context in contexts]
    given = [context.score for context in contexts if context.score is not None]
    if len(given) < len(ids) or any(map(math.isnan, given)):
        return {document: float(-place) for place, document in enumerate(dict.fromkeys(ids), start=1)}
    scores = dict(zip(ids, given, strict=True))
    if len(scores) < len(ids):
        for document, score in zip(ids, given, strict=True):
            scores[document] = max(score, scores[document])
    return scores


def ranks_of(scores: Mapping[str, float]) -> dict[str, int]:
    """The rank of each document, from 1: by score descending and then by id descending, as trec_eval breaks ties.

    trec_eval before version 10 keeps scores in 32 bits, and so sees a few ties more.

    >>> ranks_of({"a": 1.0, "b": 2.0, "c": 1.0})
    {'b': 1, 'c': 2, 'a': 3}
    """
    ranking = sorted(zip(scores.values(), scores, strict=True), reverse=True)
    return {document: rank for rank, (_, document) in enumerate(ranking, start=1)}


def judged_ranks(scores: Mapping[str, float], grades: Mapping[str, int]) -> list[Ranked]:
    """The rank and the grade of each document that has both a score and a grade of at least 0, best rank first."""
    rank_of = ranks_of(scores)
    ranked = [(rank_of[document], grades[document]) for document in grades.keys() & rank_of.keys()]
    return sorted(one for one in ranked if one[1] >= 0)
