"""The second pass: kept samples in, scores out. Calls no endpoint."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from evalslo.harness.scored_by import scorers_by_sli, slis_of
from evalslo.model.golden import GoldenQuery
from evalslo.model.protocols import Scorer
from evalslo.model.sample import ErrorClass, Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli
from evalslo.model.suite import ContextsFrom, Suite

if TYPE_CHECKING:
    from evalslo.store.judgements import Judgements

LONGEST_NOTE = 300

ScoreSample = Callable[[GoldenQuery, Sample], list[Score]]


def scorer_of(suite: Suite, *, judgements: "Judgements | None" = None) -> ScoreSample:
    """A function from a golden query and its sample to the scores on every SLI of the suite's objectives.

    Figures of the whole run are left out: those need no sample's score. `judgements` is what judges said; None: nothing yet.
    """
    scorers = scorers_by_sli(suite, judgements=judgements)
    return sample_scorer(slis_of(suite), scorers=scorers, contexts_from=suite.endpoint.contexts_from)


def score_all(suite: Suite, queries: Sequence[GoldenQuery], samples: Iterable[Sample]) -> list[Score]:
    """The scores of `samples`, which are of `queries`, in the order of the samples."""
    by_id, score = {query.id: query for query in queries}, scorer_of(suite)
    return [one for sample in samples for one in score(by_id[sample.query_id], sample)]


def sample_scorer(
    slis: Sequence[Sli], *, scorers: Mapping[str, Scorer], contexts_from: ContextsFrom | None
) -> ScoreSample:
    """A function from a sample and its query to the sample's scores, one for each of `slis`.

    `scorers` maps SLIs by their text to scorers. A failed call gives `call_error`, a scorer that raises `scorer_error`: a score
    without a value, never a lost row.
    """
    by_scorer = _by_scorer(slis, scorers)

    def score(query: GoldenQuery, sample: Sample) -> list[Score]:
        pair = with_contexts(query, sample, contexts_from)
        return [one for scorer, wanted in by_scorer for one in _scores(scorer, *pair, slis=wanted)]

    return score


def _by_scorer(slis: Sequence[Sli], scorers: Mapping[str, Scorer]) -> list[tuple[Scorer, list[Sli]]]:
    """Each scorer once, with all that is wanted of it: what it finds in an answer serves all its SLIs."""
    grouped: dict[str, tuple[Scorer, list[Sli]]] = {}
    for sli in slis:
        scorer = scorers[str(sli)]
        grouped.setdefault(scorer.name, (scorer, []))[1].append(sli)
    return list(grouped.values())


def with_contexts(query: GoldenQuery, sample: Sample, source: ContextsFrom | None) -> tuple[GoldenQuery, Sample]:
    """The pair with the contexts that the suite wants: by default the response's, where it has some."""
    if source == "golden":
        return query, replace(sample, response=replace(sample.response, contexts=None))
    if source == "response":
        return replace(query, contexts=None), sample
    return query, sample


def _scores(scorer: Scorer, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> Sequence[Score]:
    if sample.response.error is not None:
        asked = sample.response.error.kind is not ErrorClass.NOT_RECORDED  # a hole in a recording: nothing was asked
        reason = Missing.CALL_ERROR if asked else Missing.NOT_COLLECTED
        return [_missing(scorer, sample, sli=sli, reason=reason) for sli in slis]
    try:
        return scorer.score(query, sample, slis=slis)
    except Exception as error:  # a scorer is an extension: whatever it raises is one missing score, not a lost run
        note = f"{type(error).__name__}: {error}"[:LONGEST_NOTE]
        return [_missing(scorer, sample, sli=sli, reason=Missing.SCORER_ERROR, note=note) for sli in slis]


def _missing(scorer: Scorer, sample: Sample, *, sli: Sli, reason: Missing, note: str | None = None) -> Score:
    return Score(
        query_id=sample.query_id,
        repeat=sample.repeat,
        sli=str(sli),
        scorer=f"{scorer.name}/{scorer.version}",
        reason=reason,
        note=note,
    )
