"""Scores in, scorecard out. Pure: the same run gives the same scorecard, whenever it is gated."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from evalslo.errors import UsageError
from evalslo.harness.advice import advise
from evalslo.harness.counted_events import CountedEvents
from evalslo.harness.follow import Followed, replay
from evalslo.harness.scored_by import name_of
from evalslo.harness.totals import RunningTotals, Totals
from evalslo.harness.worst import Answered, AnswerOf, worst_answers
from evalslo.model.golden import GoldenQuery
from evalslo.model.labels import NO_LABELS, Labels
from evalslo.model.objective import Objective
from evalslo.model.run import Manifest
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import (
    Counts,
    Estimate,
    ObjectiveResult,
    Observation,
    Reason,
    Scorecard,
    Sequential,
    Verdict,
)
from evalslo.model.suite import Suite
from evalslo.slo.decide import confirm, decide
from evalslo.slo.explore import explore
from evalslo.slo.gate import judge, judge_corrected
from evalslo.slo.observe import Event
from evalslo.slo.observer import Observer
from evalslo.slo.slices import observations_of_each
from evalslo.slo.timing import with_timing_error


class Seen(Struct, frozen=True, kw_only=True):
    """What the samples of a run and their scores came to, as far as judging needs them; no sample is held.

    `collected` says whether an event has a sample, `answer_of` brings one answer back.
    """

    totals: Totals
    observer: Observer
    collected: Callable[[str, int], bool]
    answer_of: AnswerOf


def evaluate(
    suite: Suite,
    manifest: Manifest,
    *,
    queries: Sequence[GoldenQuery],
    samples: Sequence[Sample],
    scores: Sequence[Score],
    labels: Mapping[str, Labels] = NO_LABELS,
) -> Scorecard:
    """The `scorecard` of a run whose samples and scores are at hand."""
    totals, observer = RunningTotals(), observer_of(suite, manifest, queries=queries)
    for sample in samples:
        totals.take(sample)
    by_event: dict[Event, list[Score]] = {(sample.query_id, sample.repeat): [] for sample in samples}
    for score in scores:
        observer.take(score)
        if score.note is not None:
            totals.note(score.sli, score.note)
        by_event.setdefault((score.query_id, score.repeat), []).append(score)
    answers = {(one.query_id, one.repeat): one for one in samples if one.response.error is None}
    by_id = {query.id: query for query in queries}

    def answer_of(query_id: str, repeat: int) -> Answered | None:
        key = (query_id, repeat)
        return Answered(query=by_id[query_id], sample=answers[key], scores=by_event[key]) if key in answers else None

    seen = Seen(
        totals=totals.totals(),
        observer=observer,
        collected=lambda query_id, repeat: (query_id, repeat) in by_event,
        answer_of=answer_of,
    )
    return scorecard(suite, manifest, queries=queries, seen=seen, labels=labels)


def observer_of(suite: Suite, manifest: Manifest, *, queries: Sequence[GoldenQuery]) -> Observer:
    """An observer of every SLI that the suite's objectives use."""
    wanted = {objective.sli: suite.slis[objective.sli.name] for objective in suite.objectives}
    return Observer(queries, repeats=manifest.repeats, slis=wanted)


def scorecard(
    suite: Suite,
    manifest: Manifest,
    *,
    queries: Sequence[GoldenQuery],
    seen: Seen,
    labels: Mapping[str, Labels] = NO_LABELS,
    counted: CountedEvents | None = None,
) -> Scorecard:
    """The scorecard of a run. `queries` are those that were planned; what was not collected counts as unmeasured.

    A sequential run is judged on the units up to its decision; answers that were in flight then are kept and not counted.
    `labels` are people's, by the text of the SLI: a row with labels is gated by its corrected bound. `counted` is told of the
    events of every objective. Raises UsageError for labels that no row could use.
    """
    _refuse_lost_labels(labels, suite, manifest)
    followed, totals, observed = None, seen.totals, seen.observer.observed()
    if manifest.sampling == "sequential":
        followed = replay(suite, manifest, queries=queries, observer=seen.observer, collected=seen.collected)
        queries = followed.asked
        observed = seen.observer.observed_of(queries)
    observations = observations_of_each(suite.objectives, observed, queries=queries)
    if counted is not None:
        counted.take_objectives(suite.objectives, observations)
    latched = None if followed is None else followed.latches.rows()
    judged = latched or _judged(suite, manifest, observations=observations, labels=labels)
    throughput = _throughput(totals, collecting_s=manifest.collecting_s)
    confirmed = confirm([judged.get(one.id) or _per_run_row(one, throughput) for one in suite.objectives])
    rows = tuple(with_timing_error(row, spec=suite.slis[row.objective.sli.name], lag=manifest.lag) for row in confirmed)
    finished = manifest.finished_at is not None
    verdict, exit_code, reasons = decide(
        rows,
        unanswered=totals.unanswered,
        limited=manifest.limit is not None,
        interrupted=not finished,
        stopped=manifest.stopped,
    )
    slices = explore(rows, observations=observations, queries=queries)
    return Scorecard(
        suite=suite.name,
        service=suite.service,
        run_id=manifest.run_id,
        variant=manifest.variant,
        started_at=manifest.started_at,
        finished_at=manifest.finished_at,
        verdict=verdict,
        exit_code=exit_code,
        reasons=reasons,
        objectives=rows,
        usage=totals.usage,
        fingerprint=manifest.fingerprint,
        timings=totals.timings,
        errors=totals.errors,
        error_examples=totals.error_examples,
        worst=worst_answers(suite, rows, observations=observations, answer_of=seen.answer_of),
        advice=advise(
            rows,
            observations=observations,
            queries=queries,
            suite=suite,
            failures=totals.failed_scorers,
            repeating=totals.repeating,
            findings=slices,
            finished=finished,
        ),
        slices=slices,
        sequential=None if followed is None else _sequential(followed, manifest, samples=totals.samples),
        lag=manifest.lag,
    )


def _sequential(followed: Followed, manifest: Manifest, *, samples: int) -> Sequential:
    return Sequential(
        seed=manifest.order_seed,
        horizon=manifest.queries,
        stopped_at=len(followed.asked),
        calls_saved=0 if manifest.finished_at is None else manifest.queries * manifest.repeats - samples,
    )


def _refuse_lost_labels(labels: Mapping[str, Labels], suite: Suite, manifest: Manifest) -> None:
    if labels and manifest.sampling == "sequential":
        raise UsageError("no method corrects a sequential run by labels; leave them out, or run a fixed size")
    if unknown := set(labels) - {str(one.sli) for one in suite.objectives}:
        known = ", ".join(sorted({str(one.sli) for one in suite.objectives}))
        raise UsageError(
            f"labels of {', '.join(sorted(unknown))} found; no objective of this suite is on it: give labels of {known}, "
            "or leave these out"
        )


def _judged(
    suite: Suite,
    manifest: Manifest,
    *,
    observations: Mapping[str, Sequence[Observation]],
    labels: Mapping[str, Labels],
) -> dict[str, ObjectiveResult]:
    """The rows of a run of a fixed size by their ids, figures of the whole run left out."""
    rows = {}
    for objective in suite.objectives:
        spec, text = suite.slis[objective.sli.name], str(objective.sli)
        if spec.per_run:
            continue
        scorer = manifest.fingerprint.scorers.get(name_of(suite, objective.sli))
        seen = observations[objective.id]
        if text in labels:
            rows[objective.id] = judge_corrected(
                objective,
                seen,
                spec=spec,
                rules=suite.gate,
                scorer=scorer,
                labels=labels[text],
                run_id=manifest.run_id,
            )
        else:
            rows[objective.id] = judge(objective, seen, spec=spec, rules=suite.gate, scorer=scorer)
    return rows


def _per_run_row(objective: Objective, figure: float | None) -> ObjectiveResult:
    """The row of a figure of the whole run (`throughput`): a point, which no method here can bound."""
    counts = Counts(
        planned=1, n=int(figure is not None), good=None, bad=None, unmeasured=int(figure is None), not_applicable=0
    )
    if figure is None:
        text = "a throughput needs live calls and all their time: recorded answers and killed runs have none"
        reason = Reason(code="no_timing", text=text, objective=objective.id)
        return ObjectiveResult(
            objective=objective, verdict=Verdict.ERROR, counts=counts, scorer=None, reasons=(reason,)
        )
    text = "one figure a run has no bound: it is shown, and never decides"
    return ObjectiveResult(
        objective=objective,
        verdict=Verdict.INCONCLUSIVE,
        counts=counts,
        scorer=None,
        estimate=Estimate(estimate=figure, lower=None, upper=None, p_pass=None, p_fail=None, method=None, clusters=1),
        reasons=(Reason(code="no_bound", text=text, objective=objective.id),),
    )


def _throughput(totals: Totals, *, collecting_s: float | None) -> float | None:
    """Answers a second over the time that calls were made in; None where that is unknown or an answer is no live one."""
    return totals.answered / collecting_s if totals.live and collecting_s else None
