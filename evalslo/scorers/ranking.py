"""The ranking that an answer rests on, and what is known about its documents."""

import math
from collections.abc import Sequence

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Sample


def contexts_of(query: GoldenQuery, sample: Sample) -> tuple[Context, ...] | None:
    """The contexts of the response, else those of the golden query; None where neither has any, () where none came back."""
    return query.contexts if sample.response.contexts is None else sample.response.contexts


def ranking(contexts: Sequence[Context]) -> list[str]:
    """The document ids, best first, each once.

    By score descending and then by id descending, as trec_eval breaks ties, where every context has a score; else in the
    given order. A repeated document keeps its first place. trec_eval keeps scores in 32 bits and so sees a few ties more.
    """
    scored = [(context.score, context.id) for context in contexts if context.score is not None]
    if len(scored) < len(contexts) or any(math.isnan(score) for score, _ in scored):
        return list(dict.fromkeys(context.id for context in contexts))
    return list(dict.fromkeys(document for _, document in sorted(scored, reverse=True)))
