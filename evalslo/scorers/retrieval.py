"""How good a ranking is: precision, recall, nDCG, MRR, MAP, hit and judged at a cut-off, as trec_eval defines them.

Source: NIST trec_eval 9 (P, recall, ndcg_cut, recip_rank, map_cut, success), https://github.com/usnistgov/trec_eval;
judged@k as ir_measures has it (MacAvaney et al. 2022, doi:10.1007/978-3-030-99739-7_38).
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from evalslo.errors import UsageError
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Kind, Sli, SliSpec
from evalslo.scorers.outcome import Outcome, to_score
from evalslo.scorers.ranking import Ranked, contexts_of, judged_ranks, scores_of


class Cut(Struct, frozen=True):
    """What is among a ranking's first `k` documents: the relevant ones, best rank first, and how many somebody judged.

    `ideal` has the grades of all relevant documents of the query, best first, and never none. A document is relevant with a
    grade above 0; one without a grade, or with one below 0, was not judged and is not relevant.
    """

    found: Sequence[Ranked]
    judged: int
    ideal: Sequence[int]
    k: int


def precision(cut: Cut) -> float:
    """Share of k that is relevant: divided by k even when fewer documents came back."""
    return len(cut.found) / cut.k


def recall(cut: Cut) -> float:
    """Share of the relevant documents that came back."""
    return len(cut.found) / len(cut.ideal)


def reciprocal_rank(cut: Cut) -> float:
    """1 / rank of the first relevant document; 0 where none is among the first k."""
    return 1 / cut.found[0][0] if cut.found else 0.0


def average_precision(cut: Cut) -> float:
    """Mean over all relevant documents of the precision at their rank, 0 for those not among the first k."""
    return sum(found / rank for found, (rank, _) in enumerate(cut.found, start=1)) / len(cut.ideal)


def ndcg(cut: Cut) -> float:
    """Discounted cumulative gain over that of the best possible first k; linear gain, discount log2(rank + 1)."""
    return _discounted(cut.found) / _discounted(enumerate(cut.ideal[: cut.k], start=1))


def hit(cut: Cut) -> float:
    """1 where any relevant document is among the first k (trec_eval's success), else 0."""
    return float(bool(cut.found))


def judged(cut: Cut) -> float:
    """Share of k that somebody judged, relevant or not; 1 less trec_eval's unj where k documents came back."""
    return cut.judged / cut.k


def _discounted(ranked: Iterable[Ranked]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in ranked)


def _spec(name: str, what: str, *, kind: Kind = "score") -> SliSpec:
    return SliSpec(name=name, what=what, kind=kind, better="higher", takes_k=True, speaks_of="relevant")


Measure = Callable[[Cut], float]

_MEASURES: Mapping[str, Measure] = {
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
        outcomes = _outcomes(query, sample, measures=[(cut_off(sli), _MEASURES[sli.name]) for sli in slis])
        return [to_score(outcome, sample, sli=sli, scorer=scorer) for sli, outcome in zip(slis, outcomes, strict=True)]


def cut_off(sli: Sli) -> int:
    """The k of a retrieval SLI. Raises UsageError where it has none, and where it is not one of retrieval."""
    if sli.name not in _MEASURES:
        raise UsageError(f"{sli}: found an SLI that is not one of retrieval, wanted one of {', '.join(_MEASURES)}")
    if sli.k is None or sli.k < 1:
        raise UsageError(f"{sli}: found no cut-off, wanted one of at least 1; write {sli.name}@5")
    return sli.k


def _outcomes(query: GoldenQuery, sample: Sample, *, measures: Sequence[tuple[int, Measure]]) -> Sequence[Outcome]:
    ideal = _ideal(query.relevant or {})
    if not ideal:
        return [Missing.NO_RELEVANT] * len(measures)
    contexts = contexts_of(query, sample)
    if contexts is None:
        return [Missing.NO_CONTEXTS] * len(measures)
    return _values(scores_of(contexts), query.relevant or {}, ideal=ideal, measures=measures)


def _ideal(grades: Mapping[str, int]) -> list[int]:
    ideal = [grade for grade in grades.values() if grade > 0]
    ideal.sort(reverse=True)
    return ideal


def _values(
    scores: Mapping[str, float],
    grades: Mapping[str, int],
    *,
    ideal: Sequence[int],
    measures: Sequence[tuple[int, Measure]],
) -> list[float]:
    """One value for each of `measures`; the documents are ranked once for all."""
    ranked = judged_ranks(scores, grades)
    found = [one for one in ranked if one[1] > 0]
    cuts = {k: _cut(found, ranked, ideal=ideal, k=k) for k in {k for k, _ in measures}}
    return [measure(cuts[k]) for k, measure in measures]


def _cut(found: Sequence[Ranked], ranked: Sequence[Ranked], *, ideal: Sequence[int], k: int) -> Cut:
    after = (k + 1,)  # sorts before every document of that rank
    return Cut(found[: bisect_left(found, after)], bisect_left(ranked, after), ideal, k)
