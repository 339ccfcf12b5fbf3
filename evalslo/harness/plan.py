"""What will be asked: every golden query and repeat, in one recorded order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from evalslo.model.golden import GoldenQuery
from evalslo.model.run import Sampling
from evalslo.model.sample import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One event of the denominator: a golden query and a repeat, from 0."""

    query: GoldenQuery
    repeat: int

    @property
    def key(self) -> tuple[str, int]:
        """What a sample is found by."""
        return self.query.id, self.repeat


def plan_calls(
    queries: Sequence[GoldenQuery], *, repeats: int, seed: int, limit: int | None, sampling: Sampling = "fixed"
) -> tuple[PlannedCall, ...]:
    """Every call of a run. Queries are shuffled by `seed`, because the order of a file is no random order.

    All first repeats come before any second one: a server's prefix cache would flatter a repeat that follows at once. A
    sequential run shuffles independent units instead, one whole unit after the other, because it decides between units.
    `limit` keeps the first so many queries of the shuffled order; None keeps all.
    """
    if sampling == "sequential":
        units = shuffled_units(queries, seed=seed)
        return tuple(
            PlannedCall(query=query, repeat=repeat) for unit in units for repeat in range(repeats) for query in unit
        )
    order = list(queries)
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    return tuple(PlannedCall(query=query, repeat=repeat) for repeat in range(repeats) for query in order[:limit])


def shuffled_units(queries: Sequence[GoldenQuery], *, seed: int) -> tuple[tuple[GoldenQuery, ...], ...]:
    """The golden queries by independent unit (a group, or a query alone), the units shuffled by `seed`."""
    units: dict[str, list[GoldenQuery]] = {}
    for query in queries:
        units.setdefault(query.cluster, []).append(query)
    order = [tuple(unit) for unit in units.values()]
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    return tuple(order)


def request_for(call: PlannedCall) -> Request:
    """What the endpoint is asked. What is known of the right answer (reference, relevant, answerable) stays here."""
    query = call.query
    fields = dict(query.fields) | {
        "id": query.id,
        "query": query.query,
        "messages": query.messages,
        "contexts": query.contexts or (),
        "tags": query.tags,
        "language": query.language,
    }
    return Request(query_id=query.id, repeat=call.repeat, fields=fields)
