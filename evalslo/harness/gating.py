"""The run log in, scorecard out: every sample is read, scored, observed and let go, in planned order. Calls nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from evalslo.harness.answers import LabelledElsewhere
from evalslo.harness.begin import Begun
from evalslo.harness.counted_events import CountedEvents
from evalslo.harness.evaluate import Seen, observer_of, scorecard
from evalslo.harness.plan import Plan, PlannedCall, planned_calls
from evalslo.harness.score import scorer_of
from evalslo.harness.scored_by import judgements_of
from evalslo.harness.totals import RunningTotals, spent_by_judges
from evalslo.harness.worst import Answered
from evalslo.model.golden import GoldenQuery, GoldenSet
from evalslo.model.labels import NO_LABELS, Labels
from evalslo.model.run import Manifest, Progress
from evalslo.model.score import Score
from evalslo.model.scorecard import Scorecard
from evalslo.model.suite import Suite
from evalslo.slo.observer import Observer
from evalslo.store.index import SampleIndex
from evalslo.store.judgements import read_judgements

STEPS_OF_PROGRESS = 100


def score_and_gate(
    suite: Suite,
    golden: GoldenSet,
    begun: Begun,
    *,
    keep: Callable[[Iterable[Score]], None],
    on_progress: Callable[[Progress], None],
    labels: Mapping[str, Labels] = NO_LABELS,
    counted: CountedEvents | None = None,
) -> Scorecard:
    """What the run's log decides. `keep` is given the scores in planned order, once, and takes all of them.

    `labels` are people's, as in `scorecard`. `counted` is told of every event, where it is to feed a window.
    """
    planned = planned_calls(golden, begun.manifest)
    queries = _asked(golden, begun.manifest, planned)
    elsewhere = LabelledElsewhere(labels, suite=suite, run_id=begun.manifest.run_id)
    log = _Log(suite, begun, observer_of(suite, begun.manifest, queries=queries), elsewhere, counted=counted)
    keep(log.scores(planned, on_progress=on_progress))
    return scorecard(
        suite, begun.manifest, queries=queries, seen=log.seen(), labels=elsewhere.labels(), counted=counted
    )


def _asked(golden: GoldenSet, manifest: Manifest, planned: Plan) -> Sequence[GoldenQuery]:
    """The golden queries that were planned, in the order of the golden set."""
    if manifest.limit is None:
        return golden.queries
    asked = {call.query.id for call in planned}
    return [query for query in golden.queries if query.id in asked]


class _Log:
    """One pass over the samples of a run; afterwards, what was `seen`."""

    def __init__(
        self,
        suite: Suite,
        begun: Begun,
        observer: Observer,
        elsewhere: LabelledElsewhere,
        *,
        counted: CountedEvents | None = None,
    ) -> None:
        self._counted = counted
        self._suite, self._observer, self._events, self._elsewhere = suite, observer, observer.events, elsewhere
        self._score, self._totals = scorer_of(suite), RunningTotals()
        if judgements := judgements_of(suite, begun.folder):
            self._score = scorer_of(suite, judgements=judgements)
            self._totals = RunningTotals(judge=spent_by_judges(read_judgements(begun.folder)))
        path = begun.folder.samples_file
        self._index = SampleIndex(path, events=len(self._events), number_of=self._events.number_of)

    def scores(self, planned: Iterable[PlannedCall], *, on_progress: Callable[[Progress], None]) -> Iterator[Score]:
        """The scores of the planned events in their order, each observed and counted as it passes by."""
        step = max(1, self._index.collected // STEPS_OF_PROGRESS)
        for done, sample in enumerate(self._index.samples(call.key for call in planned)):
            if done % step == 0:
                on_progress(self._progress(done))
            self._totals.take(sample)
            if self._counted is not None:
                self._counted.take_sample(sample)
            query = self._events.query_of(sample.query_id)
            self._elsewhere.take(query, sample)
            for score in self._score(query, sample):
                self._observer.take(score)
                self._elsewhere.take_score(score)
                if score.note is not None:
                    self._totals.note(score.sli, score.note)
                yield score
        on_progress(self._progress(self._index.collected))

    def _progress(self, done: int) -> Progress:
        return Progress(suite=self._suite.name, stage="score", done=done, planned=self._index.collected)

    def seen(self) -> Seen:
        """What judging needs of the samples that passed by."""
        return Seen(
            totals=self._totals.totals(),
            observer=self._observer,
            collected=lambda query_id, repeat: (query_id, repeat) in self._index,
            answer_of=self._answer_of,
        )

    def _answer_of(self, query_id: str, repeat: int) -> Answered | None:
        """One answer, read and scored once more: scorers are pure."""
        sample = next(self._index.samples([(query_id, repeat)]), None)
        if sample is None or sample.response.error is not None:
            return None
        query = self._events.query_of(query_id)
        return Answered(query=query, sample=sample, scores=self._score(query, sample))
