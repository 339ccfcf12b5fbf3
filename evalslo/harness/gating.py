"""Kept samples in, scorecard out: scored in planned order, then judged. Calls nothing."""

from collections.abc import Callable, Iterable, Sequence

from evalslo import plugins
from evalslo.harness.begin import Begun
from evalslo.harness.evaluate import evaluate
from evalslo.harness.plan import PlannedCall, plan_calls
from evalslo.harness.score import score_samples
from evalslo.model.golden import GoldenQuery, GoldenSet
from evalslo.model.run import Manifest, Progress
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import Scorecard
from evalslo.model.sli import Sli
from evalslo.model.suite import Suite
from evalslo.store.run_folder import read_samples


def score_and_gate(
    suite: Suite, golden: GoldenSet, begun: Begun, *, on_progress: Callable[[Progress], None]
) -> tuple[list[Score], Scorecard]:
    """The scores of the run's log in planned order, and what they decide."""
    planned = planned_calls(golden, begun.manifest)
    asked = {call.query.id for call in planned}
    queries = [query for query in golden.queries if query.id in asked]
    samples = _in_planned_order(read_samples(begun.folder.samples_file), planned)
    scores = score_all(
        suite,
        queries,
        samples,
        on_progress=lambda done: on_progress(
            Progress(suite=suite.name, stage="score", done=done, planned=len(samples))
        ),
    )
    return scores, evaluate(suite, begun.manifest, queries=queries, samples=samples, scores=scores)


def planned_calls(golden: GoldenSet, manifest: Manifest) -> tuple[PlannedCall, ...]:
    """Every call of a run, in the order that its manifest recorded."""
    return plan_calls(
        golden.queries,
        repeats=manifest.repeats,
        seed=manifest.order_seed,
        limit=manifest.limit,
        sampling=manifest.sampling,
    )


def score_all(
    suite: Suite, queries: Sequence[GoldenQuery], samples: Sequence[Sample], *, on_progress: Callable[[int], None]
) -> list[Score]:
    """The scores of `samples` on every SLI of the suite's objectives, in the order of the samples."""
    return score_samples(
        samples,
        queries,
        slis=_distinct_slis(suite),
        scorers=plugins.scorers(),
        contexts_from=suite.endpoint.contexts_from,
        on_progress=on_progress,
    )


def _in_planned_order(samples: Iterable[Sample], planned: Sequence[PlannedCall]) -> list[Sample]:
    """The samples of the planned calls; of two of one call the first counts, as an error or an answer is final."""
    first: dict[tuple[str, int], Sample] = {}
    for sample in samples:
        first.setdefault((sample.query_id, sample.repeat), sample)
    return [first[call.key] for call in planned if call.key in first]


def _distinct_slis(suite: Suite) -> list[Sli]:
    """Every SLI of the objectives once, figures of the whole run left out: those need no sample's score."""
    slis = {str(one.sli): one.sli for one in suite.objectives if not suite.slis[one.sli.name].per_run}
    return list(slis.values())
