"""Scores in, scorecard out. Pure: the same run gives the same scorecard, whenever it is gated."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from evalslo.errors import UsageError
from evalslo.harness.advice import advise
from evalslo.harness.follow import Follower, replay
from evalslo.harness.worst import worst_answers
from evalslo.model.golden import GoldenQuery
from evalslo.model.labels import Labels
from evalslo.model.objective import Objective
from evalslo.model.run import Manifest
from evalslo.model.sample import Sample, Usage
from evalslo.model.score import Score
from evalslo.model.scorecard import (
    Counts,
    Estimate,
    ObjectiveResult,
    Observation,
    Reason,
    Scorecard,
    Sequential,
    UsageTotals,
    Verdict,
)
from evalslo.model.suite import Suite
from evalslo.slo.decide import confirm, decide
from evalslo.slo.explore import explore
from evalslo.slo.gate import judge, judge_corrected
from evalslo.slo.observe import observe
from evalslo.slo.slices import observations_of_each

Number = TypeVar("Number", int, float)
NO_LABELS: Mapping[str, Labels] = MappingProxyType({})


def evaluate(
    suite: Suite,
    manifest: Manifest,
    *,
    queries: Sequence[GoldenQuery],
    samples: Sequence[Sample],
    scores: Sequence[Score],
    labels: Mapping[str, Labels] = NO_LABELS,
) -> Scorecard:
    """The scorecard of a run. `queries` are those that were planned; what was not collected counts as unmeasured.

    A sequential run is judged on the units up to its decision; answers that were in flight then are kept and not counted.
    `labels` are people's, by the text of the SLI: a row with labels is gated by its corrected bound. Raises UsageError for
    labels that no row could use.
    """
    _refuse_lost_labels(labels, suite, manifest)
    followed = None
    if manifest.sampling == "sequential":
        followed = replay(suite, manifest, queries=queries, samples=samples, scores=scores)
        queries = followed.asked
    observations = _observations(suite, manifest, queries=queries, scores=scores)
    latched = None if followed is None else followed.latches.rows()
    judged = latched or _judged(suite, manifest, observations=observations, labels=labels)
    throughput = _throughput(samples, collecting_s=manifest.collecting_s)
    rows = confirm([judged.get(one.id) or _per_run_row(one, throughput) for one in suite.objectives])
    unanswered = None if any(sample.response.error is None for sample in samples) else _most_frequent(samples)
    finished = manifest.finished_at is not None
    verdict, exit_code, reasons = decide(
        rows,
        unanswered=unanswered,
        limited=manifest.limit is not None,
        interrupted=not finished,
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
        usage=_usage(samples),
        fingerprint=manifest.fingerprint,
        timings=tuple(sorted({sample.response.timing for sample in samples})),
        errors=_errors(samples),
        error_examples=_error_examples(samples),
        worst=worst_answers(suite, rows, observations=observations, queries=queries, samples=samples, scores=scores),
        advice=advise(
            rows,
            observations=observations,
            queries=queries,
            suite=suite,
            scores=scores,
            findings=slices,
            finished=finished,
        ),
        slices=slices,
        sequential=None if followed is None else _sequential(followed, manifest, samples=samples),
    )


def _sequential(followed: Follower, manifest: Manifest, *, samples: Sequence[Sample]) -> Sequential:
    return Sequential(
        seed=manifest.order_seed,
        horizon=manifest.queries,
        stopped_at=len(followed.asked),
        calls_saved=0 if manifest.finished_at is None else manifest.queries * manifest.repeats - len(samples),
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
        scorer = manifest.fingerprint.scorers.get(objective.sli.name)
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


def _observations(
    suite: Suite, manifest: Manifest, *, queries: Sequence[GoldenQuery], scores: Sequence[Score]
) -> Mapping[str, Sequence[Observation]]:
    """The observations of each objective by its id; those of a slice are its queries' alone."""
    wanted = {objective.sli: suite.slis[objective.sli.name] for objective in suite.objectives}
    observed = observe(queries, scores, repeats=manifest.repeats, slis=wanted)
    return observations_of_each(suite.objectives, observed, queries=queries)


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


def _throughput(samples: Sequence[Sample], *, collecting_s: float | None) -> float | None:
    """Answers a second over the time that calls were made in; None where that is unknown or an answer is no live one."""
    live = all(sample.response.timing == "live" for sample in samples)
    answered = sum(sample.response.error is None for sample in samples)
    return answered / collecting_s if live and collecting_s else None


def _usage(samples: Sequence[Sample]) -> UsageTotals:
    answered = [sample.response for sample in samples if sample.response.error is None]
    usages = [response.usage or Usage() for response in answered]
    return UsageTotals(
        calls=sum(sample.attempts for sample in samples),
        retries=sum(sample.attempts - 1 for sample in samples),
        prompt_tokens=_total([usage.prompt_tokens for usage in usages]),
        completion_tokens=_total([usage.completion_tokens for usage in usages]),
        cost_usd=_total([response.cost_usd for response in answered]),
    )


def _total(parts: Sequence[Number | None]) -> Number | None:
    """The sum; None where any part is unknown, or there is none: a part of the cost is not the cost."""
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _errors(samples: Sequence[Sample]) -> dict[str, int]:
    """Failed calls by class, the most frequent first."""
    errors = Counter(sample.response.error.kind.value for sample in samples if sample.response.error is not None)
    return dict(sorted(errors.items(), key=lambda item: (-item[1], item[0])))


def _error_examples(samples: Sequence[Sample]) -> dict[str, str]:
    """What the first failed call of each class said, in planned order."""
    examples: dict[str, str] = {}
    for sample in samples:
        if sample.response.error is not None:
            examples.setdefault(sample.response.error.kind.value, sample.response.error.message)
    return examples


def _most_frequent(samples: Sequence[Sample]) -> str:
    """Why no call brought an answer, in the words of the most frequent failure."""
    said = Counter(sample.response.error.message for sample in samples if sample.response.error is not None)
    if not said:
        return "no call was made"
    message, times = said.most_common(1)[0]
    return f"{times} of {said.total()} calls failed with: {message}"
