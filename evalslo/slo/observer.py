"""Observations of a run's events, kept at nine bytes an event and SLI, and made when they are looked at."""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing, Score
from evalslo.model.scorecard import Observation
from evalslo.model.sli import Sli, SliSpec
from evalslo.slo.applies import silent_on

_WHY: tuple[Missing, ...] = tuple(Missing)
_CODE_OF = {why: code for code, why in enumerate(_WHY)}
_MEASURED = len(_WHY)  # stands where a code of `_WHY` would: there is a value


class Events:
    """The planned events of a run: each repeat of each golden query, numbered query by query from 0."""

    def __init__(self, queries: Sequence[GoldenQuery], *, repeats: int) -> None:
        self.queries, self.repeats = queries, repeats
        self.clusters = [query.cluster for query in queries]  # each made once, for all observations of its query
        self._places = {query.id: place for place, query in enumerate(queries)}

    def __len__(self) -> int:
        return len(self.queries) * self.repeats

    def number_of(self, query_id: str, repeat: int) -> int | None:
        """The number of an event; None for one that is not planned."""
        place = self._places.get(query_id)
        return None if place is None or not 0 <= repeat < self.repeats else place * self.repeats + repeat

    def numbers_of(self, query: GoldenQuery) -> range:
        """The numbers of the events of a planned query."""
        first = self._places[query.id] * self.repeats
        return range(first, first + self.repeats)

    def query_of(self, query_id: str) -> GoldenQuery:
        """The planned golden query of this id."""
        return self.queries[self._places[query_id]]


class Column(Sequence[Observation]):
    """The observations of one SLI, one for every event in the order of the events. A new one is not collected anywhere."""

    def __init__(self, events: Events, *, sli: Sli, spec: SliSpec) -> None:
        self._events, self._sli, self._spec = events, sli, spec
        self._values = array("d", bytes(8 * len(events)))
        self._why = bytearray([_CODE_OF[Missing.NOT_COLLECTED]]) * len(events)

    def put(self, number: int, score: Score) -> None:
        """Takes the score of one event."""
        if score.value is None:
            self._why[number] = _CODE_OF[score.reason or Missing.SCORER_ERROR]
        else:
            self._values[number], self._why[number] = score.value, _MEASURED

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, at: int) -> Observation: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Observation, ...]: ...

    def __getitem__(self, at: int | slice) -> Observation | tuple[Observation, ...]:
        if isinstance(at, slice):
            return tuple(self[number] for number in range(len(self))[at])
        place, repeat = divmod(range(len(self))[at], self._events.repeats)
        query, cluster = self._events.queries[place], self._events.clusters[place]
        return self._observation(query, cluster, repeat, self._values[at], self._why[at])

    def __iter__(self) -> Iterator[Observation]:
        kept = zip(self._values, self._why, strict=True)
        for query, cluster in zip(self._events.queries, self._events.clusters, strict=True):
            for repeat, (value, why) in zip(range(self._events.repeats), kept, strict=False):
                yield self._observation(query, cluster, repeat, value, why)

    def _observation(self, query: GoldenQuery, cluster: str, repeat: int, kept: float, why: int) -> Observation:
        value, missing = (kept, None) if why == _MEASURED else self._without_value(query, _WHY[why])
        return Observation(
            query_id=query.id,
            cluster=cluster,
            repeat=repeat,
            value=value,
            missing=missing,
            weight=1.0 if query.weight is None else query.weight,
            failed=why != _MEASURED and value is not None,
        )

    def _without_value(self, query: GoldenQuery, why: Missing) -> tuple[float | None, Missing | None]:
        """What an event without a score counts as: a failed call its worst value, where the SLI speaks of the query."""
        if why in (Missing.CALL_ERROR, Missing.NOT_COLLECTED):
            why = silent_on(query, sli=self._sli, spec=self._spec) or why
        if why is Missing.CALL_ERROR and self._spec.on_error == "bad":
            return worst_value(self._spec), None
        return None, why


class Observer:
    """Observations on their way: `take` each score, and keep none."""

    def __init__(self, queries: Sequence[GoldenQuery], *, repeats: int, slis: Mapping[Sli, SliSpec]) -> None:
        self.events = Events(queries, repeats=repeats)
        self._columns = {str(sli): Column(self.events, sli=sli, spec=spec) for sli, spec in slis.items()}

    def take(self, score: Score) -> None:
        """Takes one score; of two of one event and SLI the last counts."""
        column, number = self._columns.get(score.sli), self.events.number_of(score.query_id, score.repeat)
        if column is not None and number is not None:
            column.put(number, score)

    def observed(self) -> dict[str, Sequence[Observation]]:
        """The observations of each SLI by its text, in the order of the queries."""
        return dict(self._columns)

    def observed_of(self, queries: Sequence[GoldenQuery]) -> dict[str, Sequence[Observation]]:
        """Those of some of the queries, in the order of these."""
        numbers = [number for query in queries for number in self.events.numbers_of(query)]
        return {text: tuple(column[number] for number in numbers) for text, column in self._columns.items()}


def worst_value(spec: SliSpec) -> float:
    """What a failed call is worth: 0 or 1 for rates and scores, infinity for a quantity that is better lower."""
    if spec.better == "higher":
        return 0.0
    return math.inf if spec.kind == "quantity" else 1.0
