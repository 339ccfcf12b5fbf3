"""How good a ranking is: precision, recall, nDCG, MRR, MAP, hit and judged at a cut-off, as trec_eval defines them.

Source: NIST trec_eval 9 (P, recall, ndcg_cut, recip_rank, map_cut, success), https://github.com/usnistgov/trec_eval;
judged@k as ir_measures has it (MacAvaney et al. 2022, doi:10.1007/978-3-030-99739-7_38).
"""

import math
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from evalslo.errors import UsageError
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Kind, Sli, SliSpec
from evalslo.scorers.outcome import Outcome, to_score
from evalslo.scorers.ranking import contexts_of, ranking


class Cut(Struct, frozen=True, kw_only=True):
    """A ranking's first `k` documents, best first, with all the judgements of its query (grade > 0 is relevant)."""

    documents: Sequence[str]
    grades: Mapping[str, int]
    k: int

    @property
    def gains(self) -> list[int]:
        """One grade a document; an unjudged document is not relevant."""
        return [max(self.grades.get(document, 0), 0) for document in self.documents]

    @property
    def relevant(self) -> int:
        """How many relevant documents there are to find."""
        return sum(grade > 0 for grade in self.grades.values())


def precision(cut: Cut) -> float:
    """Share of k that is relevant: divided by k even when fewer documents came back."""
    return sum(gain > 0 for gain in cut.gains) / cut.k


def recall(cut: Cut) -> float:
    """Share of the relevant documents that came back."""
    return sum(gain > 0 for gain in cut.gains) / cut.relevant


def reciprocal_rank(cut: Cut) -> float:
    """1 / rank of the first relevant document; 0 where none is among the first k."""
    return next((1 / rank for rank, gain in enumerate(cut.gains, start=1) if gain > 0), 0.0)


def average_precision(cut: Cut) -> float:
    """Mean over all relevant documents of the precision at their rank, 0 for those not among the first k."""
    ranks = [rank for rank, gain in enumerate(cut.gains, start=1) if gain > 0]
    return sum(found / rank for found, rank in enumerate(ranks, start=1)) / cut.relevant


def ndcg(cut: Cut) -> float:
    """Discounted cumulative gain over that of the best possible first k; linear gain, discount log2(rank + 1)."""
    ideal = sorted(cut.grades.values(), reverse=True)[: cut.k]
    return _discounted(cut.gains) / _discounted([max(grade, 0) for grade in ideal])


def hit(cut: Cut) -> float:
    """1 where any relevant document is among the first k (trec_eval's success), else 0."""
    return float(any(cut.gains))


def judged(cut: Cut) -> float:
    """Share of k that somebody judged, relevant or not."""
    return sum(document in cut.grades for document in cut.documents) / cut.k


def ceiling(k: int, relevant: Mapping[str, int]) -> float:
    """The best precision@k that any ranking can reach for a query with these grades.

    >>> ceiling(5, {"a": 1, "b": 2, "c": 0})
    0.4
    """
    return min(k, sum(grade > 0 for grade in relevant.values())) / k


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _spec(name: str, what: str, *, kind: Kind = "score") -> SliSpec:
    return SliSpec(name=name, what=what, kind=kind, better="higher", takes_k=True, speaks_of="relevant")


_MEASURES: Mapping[str, Callable[[Cut], float]] = {
    "precision": precision,
    "recall": recall,
    "ndcg": ndcg,
    "mrr": reciprocal_rank,
    "map": average_precision,
    "hit": hit,
    "judged": judged,
}


class Retrieval(Struct, frozen=True):
    """Retrieval SLIs from the contexts' ids and the golden query's `relevant`; every one of them needs its k."""

    name: str = "retrieval"
    version: str = "1"
    slis: tuple[SliSpec, ...] = (
        _spec("precision", "share of the first k documents that is relevant"),
        _spec("recall", "share of the relevant documents among the first k"),
        _spec("ndcg", "normalised discounted cumulative gain of the first k documents"),
        _spec("mrr", "one over the rank of the first relevant document within k"),
        _spec("map", "average precision within the first k documents"),
        _spec("hit", "a relevant document is among the first k", kind="rate"),
        _spec("judged", "share of the first k documents that somebody judged"),
    )

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`. Raises UsageError where one has no k."""
        scorer = f"{self.name}/{self.version}"
        return [to_score(_measure(query, sample, sli=sli), sample, sli=sli, scorer=scorer) for sli in slis]


def _measure(query: GoldenQuery, sample: Sample, *, sli: Sli) -> Outcome:
    if sli.k is None or sli.k < 1:
        raise UsageError(f"{sli}: found no cut-off, wanted one of at least 1; write {sli.name}@5")
    if not query.relevant or max(query.relevant.values()) <= 0:
        return Missing.NO_RELEVANT
    contexts = contexts_of(query, sample)
    if contexts is None:
        return Missing.NO_CONTEXTS
    return _MEASURES[sli.name](Cut(documents=ranking(contexts)[: sli.k], grades=query.relevant, k=sli.k))
