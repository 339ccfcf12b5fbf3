"""What will be asked: every golden query and repeat, in one recorded order, each made when it is looked at."""

import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from msgspec import Struct

from evalslo.model.golden import GoldenQuery, GoldenSet
from evalslo.model.run import Manifest, Sampling
from evalslo.model.sample import Request


class PlannedCall(Struct, frozen=True, kw_only=True):
    """One event of the denominator: a golden query and a repeat, from 0."""

    query: GoldenQuery
    repeat: int

    @property
    def key(self) -> tuple[str, int]:
        """What a sample is found by."""
        return self.query.id, self.repeat


class Plan(Sequence[PlannedCall]):
    """Planned calls in their order, at eight bytes a call: a call is `place of its query in the file` x repeats + repeat."""

    __slots__ = ("_order", "_queries", "_repeats")

    def __init__(self, queries: Sequence[GoldenQuery], *, repeats: int, order: Iterable[int]) -> None:
        self._queries, self._repeats, self._order = queries, repeats, array("Q", order)

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, at: int) -> PlannedCall: ...

    @overload
    def __getitem__(self, at: slice) -> "Plan": ...

    def __getitem__(self, at: int | slice) -> "PlannedCall | Plan":
        if isinstance(at, slice):
            return Plan(self._queries, repeats=self._repeats, order=self._order[at])
        return self._call(self._order[at])

    def __iter__(self) -> Iterator[PlannedCall]:
        return map(self._call, self._order)

    def _call(self, number: int) -> PlannedCall:
        place, repeat = divmod(number, self._repeats)
        return PlannedCall(query=self._queries[place], repeat=repeat)

    def without(self, kept: Iterable[tuple[str, int]]) -> "Plan":
        """The calls of this plan whose keys are not in `kept`, which is gone through once."""
        came: bytearray | None = None
        for query_id, repeat in kept:
            if came is None:
                place_of = {query.id: place for place, query in enumerate(self._queries)}
                came = bytearray(len(self._queries) * self._repeats)
            if query_id in place_of and repeat < self._repeats:
                came[place_of[query_id] * self._repeats + repeat] = True
        if came is None:
            return self
        return Plan(self._queries, repeats=self._repeats, order=(number for number in self._order if not came[number]))


def plan_calls(
    queries: Sequence[GoldenQuery], *, repeats: int, seed: int, limit: int | None, sampling: Sampling = "fixed"
) -> Plan:
    """Every call of a run. Queries are shuffled by `seed`, because the order of a file is no random order.

    All first repeats come before any second one: a server's prefix cache would flatter a repeat that follows at once. A
    sequential run shuffles independent units instead, one whole unit after the other, because it decides between units.
    `limit` keeps the first so many queries of the shuffled order; None keeps all.
    """
    if sampling == "sequential":
        return Plan(queries, repeats=repeats, order=_unit_by_unit(queries, repeats=repeats, seed=seed))
    places = list(range(len(queries)))
    random.Random(seed).shuffle(places)  # noqa: S311 - an order, not a secret
    order = (place * repeats + repeat for repeat in range(repeats) for place in places[:limit])
    return Plan(queries, repeats=repeats, order=order)


def planned_calls(golden: GoldenSet, manifest: Manifest) -> Plan:
    """Every call of a run, in the order that its manifest recorded."""
    return plan_calls(
        golden.queries,
        repeats=manifest.repeats,
        seed=manifest.order_seed,
        limit=manifest.limit,
        sampling=manifest.sampling,
    )


def _unit_by_unit(queries: Sequence[GoldenQuery], *, repeats: int, seed: int) -> Iterator[int]:
    place_of = {query.id: place for place, query in enumerate(queries)}
    for unit in shuffled_units(queries, seed=seed):
        for repeat in range(repeats):
            for query in unit:
                yield place_of[query.id] * repeats + repeat


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
