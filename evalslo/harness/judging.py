"""The pass between answers and scores: judges are asked what their scorers need to know, and every reply is kept.

A judge is called as the endpoint is: the same scheduler, with limits, retries, pace and caps of its own. A reply that cannot be
read is asked for once more; what has been answered is never asked again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from evalslo.endpoints.structured import Structured
from evalslo.harness.begin import Begun, Door
from evalslo.harness.collect import Bounds, Store, Watch, collect
from evalslo.harness.plan import planned_calls
from evalslo.harness.prepare import OpenJudge, Prepared
from evalslo.harness.score import with_contexts
from evalslo.harness.scored_by import judgements_of, judging_scorers, scorer_versions, who_is
from evalslo.harness.sitting import in_words
from evalslo.harness.spending import Spending
from evalslo.harness.tally import Tally
from evalslo.model.judging import Judgement, Question
from evalslo.model.protocols import JudgingScorer
from evalslo.model.run import Manifest, Stop
from evalslo.model.sample import Request, Sample
from evalslo.model.suite import JudgeSpec
from evalslo.slo.observer import Events
from evalslo.store.index import SampleIndex
from evalslo.store.judgements import Judgements, open_judgements
from evalslo.store.run_folder import write_manifest

REPLIES_A_VOTE = 2  # a reply that cannot be read, and one more


async def judge_run(prepared: Prepared, begun: Begun, *, door: Door) -> Begun:
    """The run with every question asked that its judges could be asked; its manifest says so, or why some were not.

    A run that was stopped while it collected is not judged: it goes on first. Raises `MeasurementError` where replies cannot
    be kept.
    """
    judgements = judgements_of(prepared.suite, begun.folder)
    if begun.manifest.stopped is not None or judgements is None:
        return begun
    with open_judgements(begun.folder, tell=door.tell) as keep:
        work = _Judging(prepared, begun, judgements=judgements)
        stopped = await _ask_all(prepared.judges, work, keep=keep, door=door)
        manifest = _judged(begun.manifest, prepared, judgements=judgements, stopped=stopped)
        write_manifest(begun.folder, manifest)
    return Begun(folder=begun.folder, manifest=manifest)


def _judged(manifest: Manifest, prepared: Prepared, *, judgements: Judgements, stopped: Stop | None) -> Manifest:
    who = {
        one.spec.name: {"endpoint": one.endpoint.fingerprint(), "models": judgements.models(one.spec.name)}
        for one in prepared.judges
    }
    scorers = scorer_versions(prepared.suite, judgements=judgements)
    manifest = replace(manifest, fingerprint=replace(manifest.fingerprint, scorers=scorers, judges=who))
    if stopped is None:
        return manifest
    return replace(manifest, state="interrupted", finished_at=None, stopped=stopped)


async def _ask_all(
    judges: Iterable[OpenJudge], work: "_Judging", *, keep: Callable[[Judgement], None], door: Door
) -> Stop | None:
    """Why some questions were not asked; None where all were."""
    for judge in judges:
        for again in (False, True):
            due = work.due(judge.spec, again=again)
            stopped = await _ask(judge, work, due, keep=keep, door=door) if due else None
            if stopped is not None:
                return in_words(stopped, door)
    return None


async def _ask(
    judge: OpenJudge,
    work: "_Judging",
    due: Mapping[tuple[str, int], "_Due"],
    *,
    keep: Callable[[Judgement], None],
    door: Door,
) -> Stop | None:
    spec, limits = judge.spec, judge.spec.limits
    limiter = door.limiters.of(judge.endpoint.quota)
    limiter.adopt(limits)
    spending = Spending(limits, priced=spec.endpoint.price is not None, judge=spec.name)
    for one in work.judgements.of(spec.name):
        spending.count(one, earlier=True)
    tally = Tally(f"{work.suite}: judge {spec.name}", limiter=limiter, spending=spending, stage="judge")
    tally.planned = len(due)

    def keep_judgement(sample: Sample) -> None:
        judgement = _judgement(spec, sample, due)
        keep(judgement)
        work.judgements.take(judgement)

    return await collect(
        Structured(judge.endpoint),
        work.requests(spec, due),
        count=len(due),
        bounds=Bounds(limits=limits, limiter=limiter, spending=spending),
        store=Store(keep=keep_judgement),
        tally=tally,
        watch=Watch(clock=door.clock, on_progress=door.on_progress, stop=door.stop),
    )


def _judgement(spec: JudgeSpec, sample: Sample, due: Mapping[tuple[str, int], "_Due"]) -> Judgement:
    """What the scheduler calls a sample is a reply here: its query is the question, its repeat the vote."""
    one = due[sample.query_id, sample.repeat % spec.votes]
    return Judgement(
        judge=spec.name,
        who=who_is(spec),
        query_id=one.query_id,
        repeat=one.repeat,
        key=one.key,
        vote=one.vote,
        response=sample.response,
        attempts=sample.attempts,
        started_at=sample.started_at,
    )


class _Due(Struct, frozen=True):
    """One vote that is due: on which answer, and on which question about it."""

    query_id: str
    repeat: int
    key: str
    vote: int


class _Judging:
    """What there is to ask about the answers of a run, and what has been said already."""

    def __init__(self, prepared: Prepared, begun: Begun, *, judgements: Judgements) -> None:
        self.suite, self.judgements = prepared.suite.name, judgements
        self._contexts_from = prepared.suite.endpoint.contexts_from
        self._scorers = judging_scorers(prepared.suite, judgements=judgements)
        self._planned = planned_calls(prepared.golden, begun.manifest)
        self._events = Events(prepared.golden.queries, repeats=begun.manifest.repeats)
        self._index = SampleIndex(begun.folder.samples_file, events=len(self._events), number_of=self._events.number_of)

    def due(self, judge: JudgeSpec, *, again: bool) -> dict[tuple[str, int], _Due]:
        """The votes that the judge still has to give, by question and vote; one question about two answers is asked once.

        `again`: those only whose reply cannot be read; else also those whose calls failed in an earlier sitting.
        """
        found: dict[tuple[str, int], _Due] = {}
        for sample in self._index.samples(call.key for call in self._planned):
            for scorer, question in self._questions(sample, judge=judge.name):
                for vote in range(judge.votes):
                    if self._is_due(judge.name, scorer, question, vote, again=again):
                        one = _Due(sample.query_id, sample.repeat, question.key, vote)
                        found.setdefault((question.key, vote), one)
        return found

    def requests(self, judge: JudgeSpec, due: Mapping[tuple[str, int], _Due]) -> Iterator[Request]:
        """What is sent for each vote, made when it is its turn: prompts are long, and there are many."""
        for one in due.values():
            sample = next(self._index.samples([(one.query_id, one.repeat)]))
            question = next(found for _, found in self._questions(sample, judge=judge.name) if found.key == one.key)
            asked_before = self.judgements.replied(judge.name, one.key, one.vote)
            yield Request(
                query_id=one.key,
                repeat=one.vote + asked_before * judge.votes,  # another seed than that of the reply nobody could read
                fields={"id": one.key, "query": question.prompt, "prompt": question.prompt, "system": question.system},
                schema=question.schema,
            )

    def _questions(self, sample: Sample, *, judge: str) -> Iterator[tuple[JudgingScorer, Question]]:
        if sample.response.error is not None:
            return
        pair = with_contexts(self._events.query_of(sample.query_id), sample, self._contexts_from)
        for scorer, choice, slis in self._scorers:
            if judge in choice.judges:
                yield from ((scorer, question) for question in scorer.questions(*pair, slis=slis))

    def _is_due(self, judge: str, scorer: JudgingScorer, question: Question, vote: int, *, again: bool) -> bool:
        said = self.judgements.vote(judge, question.key, vote)
        if said is None or said.answer is None:
            return not again
        replied = self.judgements.replied(judge, question.key, vote)
        return replied < REPLIES_A_VOTE and scorer.fault_of(question, said.answer) is not None
