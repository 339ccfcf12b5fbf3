"""The second pass: kept samples in, scores out. Calls no endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.protocols import Scorer
from evalslo.model.sample import ErrorClass, Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli
from evalslo.model.suite import ContextsFrom

STEPS_OF_PROGRESS = 100
LONGEST_NOTE = 300


def score_samples(
    samples: Sequence[Sample],
    queries: Sequence[GoldenQuery],
    *,
    slis: Sequence[Sli],
    scorers: Mapping[str, Scorer],
    contexts_from: ContextsFrom | None,
    on_progress: Callable[[int], None],
) -> list[Score]:
    """The scores of every sample, one for each of `slis`, in the order of the samples.

    `scorers` maps SLI names to scorers. A failed call gives `call_error`, a scorer that raises `scorer_error`: a score
    without a value, never a lost row. A sample of a query that is not in `queries` is left out.
    """
    by_id = {query.id: query for query in queries}
    by_scorer = _by_scorer(slis, scorers)
    scores: list[Score] = []
    for number, sample in enumerate(samples):
        query = by_id.get(sample.query_id)
        if query is None:
            continue
        pair = _with_contexts(query, sample, contexts_from)
        for scorer, wanted in by_scorer:
            scores.extend(_scores(scorer, *pair, slis=wanted))
        if number % STEPS_OF_PROGRESS == 0:
            on_progress(number)
    on_progress(len(samples))
    return scores


def _by_scorer(slis: Sequence[Sli], scorers: Mapping[str, Scorer]) -> list[tuple[Scorer, list[Sli]]]:
    """Each scorer once, with all that is wanted of it: what it finds in an answer serves all its SLIs."""
    grouped: dict[str, tuple[Scorer, list[Sli]]] = {}
    for sli in slis:
        scorer = scorers[sli.name]
        grouped.setdefault(scorer.name, (scorer, []))[1].append(sli)
    return list(grouped.values())


def _with_contexts(query: GoldenQuery, sample: Sample, source: ContextsFrom | None) -> tuple[GoldenQuery, Sample]:
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
