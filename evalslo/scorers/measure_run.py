"""Retrieval measures of a whole run at once, as arrays: what `retrieval` says of one answer, for a hundred thousand rankings.

Definitions and sources are those of `evalslo.scorers.retrieval`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evalslo.model.sli import Sli
from evalslo.scorers.ranking import ranks_of
from evalslo.scorers.retrieval import cut_off

Rankings = Mapping[str, Mapping[str, float]]
"""The score of each document that came back, by query and document."""
Qrels = Mapping[str, Mapping[str, int]]
"""The grade of each judged document, by query and document."""

_Floats = NDArray[np.float64]
_Whole = NDArray[np.int64]
_BATCH = 400  # queries: their rankings stay in the processor's cache while they are read
_NEVER = np.iinfo(np.int64).max  # the rank of what did not come back


def measure_run(rankings: Rankings, qrels: Qrels, *, slis: Sequence[Sli]) -> dict[str, list[float]]:
    """The values of `slis`, in their order, for each query of `qrels` that has a relevant document.

    Scores are finite. A query that is not in `rankings` found nothing, as with trec_eval's -c. Raises UsageError where an SLI
    has no k or is not one of retrieval.

    >>> measure_run({"q": {"a": 2.0, "b": 1.0}}, {"q": {"b": 1}}, slis=[Sli(name="mrr", k=5), Sli(name="hit", k=1)])
    {'q': [0.5, 0.0]}
    """
    cuts = [(cut_off(sli), _MEASURES[sli.name]) for sli in slis]
    measured: dict[str, list[float]] = {}
    for queries in _batches(query for query, grades in qrels.items() if any(grade > 0 for grade in grades.values())):
        batch = _read([rankings.get(query, {}) for query in queries], [qrels[query] for query in queries])
        values = np.array([measure(batch, k) for k, measure in cuts], dtype=np.float64).reshape(len(cuts), len(queries))
        measured.update(zip(queries, values.T.tolist(), strict=True))
    return measured


class _Rows(Struct, frozen=True):
    """Documents, those of one query together: the query's number, the document's rank in it, and its grade."""

    of: _Whole
    rank: _Whole
    grade: _Whole

    def where(self, wanted: NDArray[np.bool_] | _Whole) -> "_Rows":
        """The wanted rows, in the wanted order."""
        return _Rows(self.of[wanted], self.rank[wanted], self.grade[wanted])

    @property
    def nth(self) -> _Whole:
        """The place of each row among those of its query, from 1."""
        return np.arange(len(self.of)) - np.searchsorted(self.of, self.of) + 1


class _Batch(Struct, frozen=True):
    """So many queries: their judged documents, the relevant ones that came back by rank, and all of these at their best."""

    size: int
    judged: _Rows
    found: _Rows
    ideal: _Rows

    def count(self, rows: _Rows, *, k: int) -> _Floats:
        """How many of the rows each query has up to rank `k`."""
        return self.total(rows, np.ones(len(rows.of)), k=k)

    def total(self, rows: _Rows, values: _Floats, *, k: int) -> _Floats:
        """The sum of each query's values up to rank `k`."""
        inside = rows.rank <= k
        return np.bincount(rows.of[inside], weights=values[inside], minlength=self.size).astype(np.float64, copy=False)


def _batches(queries: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(queries, _BATCH)):
        yield batch


def _read(rankings: Sequence[Mapping[str, float]], qrels: Sequence[Mapping[str, int]]) -> _Batch:
    sizes = np.fromiter(map(len, qrels), np.int64, len(qrels))
    graded = _Rows(
        of=np.repeat(np.arange(len(qrels)), sizes),
        rank=_ranks(rankings, qrels, sizes=sizes),
        grade=np.fromiter(chain.from_iterable(grades.values() for grades in qrels), np.int64, sizes.sum()),
    )
    relevant = graded.where(graded.grade > 0)
    found = relevant.where(np.lexsort((relevant.rank, relevant.of)))
    best = relevant.where(np.lexsort((-relevant.grade, relevant.of)))
    return _Batch(
        size=len(qrels),
        judged=graded.where(graded.grade >= 0),
        found=found.where(found.rank < _NEVER),
        ideal=_Rows(best.of, best.nth, best.grade),
    )


def _ranks(rankings: Sequence[Mapping[str, float]], qrels: Sequence[Mapping[str, int]], *, sizes: _Whole) -> _Whole:
    """The rank of each graded document, in the order of `qrels`, which have `sizes`; _NEVER where it did not come back."""
    depths = np.fromiter(map(len, rankings), np.int64, len(rankings))
    scores = np.fromiter(chain.from_iterable(one.values() for one in rankings), np.float64, depths.sum())
    looked_up = (map(one.get, grades, repeat(np.nan)) for one, grades in zip(rankings, qrels, strict=True))
    wanted = np.fromiter(chain.from_iterable(looked_up), np.float64, sizes.sum())
    upto = np.empty(len(wanted), np.int64)
    spans = list(zip(_spans(depths), _spans(sizes), strict=True))
    for ranking, graded in spans:
        ascending = scores[ranking]
        ascending.sort()
        upto[graded] = ascending.searchsorted(wanted[graded], "right")
    ranks = np.where(np.isnan(wanted), _NEVER, np.repeat(depths + 1, sizes) - upto)
    for query in _tied(scores, depths):
        rank_of = ranks_of(rankings[query])
        ranks[spans[query][1]] = [rank_of.get(document, _NEVER) for document in qrels[query]]
    return ranks


def _spans(sizes: _Whole) -> list[slice]:
    ends = np.cumsum(sizes)
    return list(map(slice, (ends - sizes).tolist(), ends.tolist()))


def _tied(scores: _Floats, depths: _Whole) -> list[int]:
    """The queries of which two documents have one score; `scores` are sorted inside each query."""
    of = np.repeat(np.arange(len(depths)), depths)
    tied = (scores[1:] == scores[:-1]) & (of[1:] == of[:-1])
    return [int(query) for query in np.unique(of[1:][tied])]


def _precision(batch: _Batch, k: int) -> _Floats:
    return batch.count(batch.found, k=k) / k


def _recall(batch: _Batch, k: int) -> _Floats:
    return batch.count(batch.found, k=k) / batch.count(batch.ideal, k=_NEVER)


def _reciprocal_rank(batch: _Batch, k: int) -> _Floats:
    first = batch.found.where(batch.found.nth == 1)
    return batch.total(first, 1 / first.rank, k=k)


def _average_precision(batch: _Batch, k: int) -> _Floats:
    found = batch.found
    return batch.total(found, found.nth / found.rank, k=k) / batch.count(batch.ideal, k=_NEVER)


def _ndcg(batch: _Batch, k: int) -> _Floats:
    gained, best = (batch.total(rows, rows.grade / np.log2(rows.rank + 1), k=k) for rows in (batch.found, batch.ideal))
    return gained / best


def _hit(batch: _Batch, k: int) -> _Floats:
    return np.minimum(batch.count(batch.found, k=k), 1.0)


def _judged(batch: _Batch, k: int) -> _Floats:
    return batch.count(batch.judged, k=k) / k


_MEASURES: Mapping[str, Callable[[_Batch, int], _Floats]] = {
    "precision": _precision,
    "recall": _recall,
    "ndcg": _ndcg,
    "mrr": _reciprocal_rank,
    "map": _average_precision,
    "hit": _hit,
    "judged": _judged,
}
