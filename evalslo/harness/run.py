"""READ FIRST: the whole path of a run, one stage a line.

suite -> golden set -> calls -> run log -> scores -> scorecard. Collecting and scoring are joined only by the log, so
that a run can be gated again, or go on after a crash, without paying twice.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evalslo import plugins
from evalslo.errors import MeasurementError
from evalslo.harness.begin import Asked, Begun, Started, begin_run, resume_run
from evalslo.harness.collect import Watch, collect
from evalslo.harness.evaluate import evaluate
from evalslo.harness.follow import Follower
from evalslo.harness.plan import PlannedCall, plan_calls
from evalslo.harness.prepare import Prepared, refuse_bad_options, refuse_finite
from evalslo.harness.score import score_samples
from evalslo.loaders.golden import read_golden
from evalslo.loaders.suite import read_suite
from evalslo.model.golden import GoldenQuery, GoldenSet
from evalslo.model.run import Manifest, Progress
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.model.scorecard import Fingerprint, Scorecard
from evalslo.model.sli import Sli
from evalslo.model.suite import Suite
from evalslo.report.scorecard_json import to_json
from evalslo.slo.slices import with_slices
from evalslo.store.run_folder import (
    RunFolder,
    open_samples,
    read_manifest,
    read_samples,
    replace_file,
    write_manifest,
    write_scores,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What only the doors may read, handed in: where runs are kept, the clock, a name for the run.

    `token` makes run ids of the same second differ; `seed` shuffles the order of a sequential run. `stop`, once set, means:
    take no new call, end with what there is.
    """

    home: Path
    clock: Callable[[], datetime]
    token: str
    seed: int
    on_progress: Callable[[Progress], None]
    stop: asyncio.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run's scorecard, and the folder that keeps it."""

    folder: Path
    scorecard: Scorecard


async def run_suite(prepared: Prepared, *, door: Door, asked: Asked) -> KeptRun:
    """Runs one suite; with `asked.resume` goes on with its last run and makes only the calls that have no sample yet.

    Raises `UsageError` where that run is of something else, `MeasurementError` where nothing can be kept.
    """
    begun = _begin(prepared, door=door, asked=asked)
    begun = await _collect(prepared, begun, door=door, fail_fast=asked.fail_fast)
    scores, scorecard = _score_and_gate(prepared.suite, prepared.golden, begun, on_progress=door.on_progress)
    write_scores(begun.folder, scores)
    replace_file(begun.folder.scorecard_file, to_json(scorecard))
    return KeptRun(folder=begun.folder.path, scorecard=scorecard)


def gate_run(folder: RunFolder, *, suite: Suite | None, on_progress: Callable[[Progress], None]) -> Scorecard:
    """The scorecard of a kept run, by its own objectives or by those of `suite`. Calls nothing, changes nothing kept."""
    manifest = read_manifest(folder)
    own = _own_suite(folder, manifest)
    judged = own if suite is None else replace(suite, endpoint=own.endpoint)
    refuse_bad_options(judged)
    if manifest.sampling == "sequential":
        refuse_finite(judged)
    fingerprint = replace(manifest.fingerprint, suite=judged.digest, scorers=_scorer_versions(judged))
    golden = read_golden(folder.golden_file)
    if golden.digest != manifest.fingerprint.golden:
        raise MeasurementError(
            f"{folder.golden_file}: it is not the golden set of the run any more; it cannot be gated"
        )
    begun = Begun(folder=folder, manifest=replace(manifest, fingerprint=fingerprint))
    return _score_and_gate(with_slices(judged, golden.queries), golden, begun, on_progress=on_progress)[1]


def _own_suite(folder: RunFolder, manifest: Manifest) -> Suite:
    """The suite that the run was made with; its objectives stand where they stood then, not in the run's copy."""
    suite = read_suite(
        folder.suite_file, slis=plugins.sli_specs(), variant=manifest.variant, settings=manifest.settings
    )
    objectives = tuple(
        one if one.place is None else replace(one, place=replace(one.place, file=manifest.suite_file))
        for one in suite.objectives
    )
    return replace(suite, file=manifest.suite_file, objectives=objectives)


def _begin(prepared: Prepared, *, door: Door, asked: Asked) -> Begun:
    suite, golden = prepared.suite, prepared.golden
    fingerprint = Fingerprint(
        golden=golden.digest,
        suite=suite.digest,
        endpoint=prepared.endpoint.fingerprint(),
        scorers=_scorer_versions(suite),
    )
    last = resume_run(suite, fingerprint=fingerprint, home=door.home, asked=asked) if asked.resume else None
    return last or begin_run(
        suite,
        golden,
        fingerprint=fingerprint,
        home=door.home,
        started=Started(at=door.clock(), token=door.token, seed=door.seed),
        asked=asked,
    )


def _scorer_versions(suite: Suite) -> dict[str, str]:
    return plugins.fingerprint([objective.sli.name for objective in suite.objectives])


async def _collect(prepared: Prepared, begun: Begun, *, door: Door, fail_fast: bool) -> Begun:
    """Makes the calls that have no sample yet; the manifest says afterwards whether any are left to be made."""
    suite, manifest = prepared.suite, begun.manifest
    planned = _planned(prepared.golden, manifest)
    follow, enough = _following(prepared, manifest, fail_fast=fail_fast)
    with open_samples(begun.folder) as keep:
        kept = set()
        for sample in read_samples(begun.folder.samples_file):
            kept.add((sample.query_id, sample.repeat))
            follow(sample)

        def keep_and_follow(sample: Sample) -> None:
            keep(sample)
            follow(sample)

        left = [] if enough() else [call for call in planned if call.key not in kept]
        if not left and manifest.finished_at is not None:
            write_manifest(begun.folder, manifest)  # the scorers may be newer than those it named
            return begun
        # a time that is killed is lost, and the sum with it: unknown until this ends
        write_manifest(begun.folder, replace(manifest, state="collecting", finished_at=None, collecting_s=None))
        began = door.clock()
        came = await collect(
            prepared.endpoint,
            left,
            suite=suite.name,
            done=len(kept),
            limits=suite.limits,
            keep=keep_and_follow,
            watch=Watch(clock=door.clock, on_progress=door.on_progress, stop=door.stop),
            enough=enough,
        )
        now = door.clock()
        whole = enough() or came == len(left)
        ended = _ended(manifest, whole=whole, seconds=(now - began).total_seconds(), now=now)
        write_manifest(begun.folder, ended)
    return Begun(folder=begun.folder, manifest=ended)


def _planned(golden: GoldenSet, manifest: Manifest) -> tuple[PlannedCall, ...]:
    return plan_calls(
        golden.queries,
        repeats=manifest.repeats,
        seed=manifest.order_seed,
        limit=manifest.limit,
        sampling=manifest.sampling,
    )


def _following(
    prepared: Prepared, manifest: Manifest, *, fail_fast: bool
) -> tuple[Callable[[Sample], None], Callable[[], bool]]:
    """What to call with each sample, and what then says whether enough is known: never, in a run of a fixed size."""
    if manifest.sampling == "fixed":
        return lambda _: None, lambda: False
    suite = prepared.suite

    def score(unit: Sequence[GoldenQuery], samples: Sequence[Sample]) -> list[Score]:
        return _scores(suite, unit, samples, on_progress=lambda _: None)

    follower = Follower(suite, prepared.golden.queries, manifest, score=score)
    latches = follower.latches
    return follower.take, lambda: latches.decided or (fail_fast and latches.missed)


def _ended(manifest: Manifest, *, whole: bool, seconds: float, now: datetime) -> Manifest:
    return replace(
        manifest,
        state="finished" if whole else "interrupted",
        finished_at=now.astimezone(UTC).isoformat(timespec="milliseconds") if whole else None,
        collecting_s=None if manifest.collecting_s is None else manifest.collecting_s + seconds,
    )


def _score_and_gate(
    suite: Suite, golden: GoldenSet, begun: Begun, *, on_progress: Callable[[Progress], None]
) -> tuple[list[Score], Scorecard]:
    """The scores of the run's log in planned order, and what they decide."""
    planned = _planned(golden, begun.manifest)
    asked = {call.query.id for call in planned}
    queries = [query for query in golden.queries if query.id in asked]
    samples = _in_planned_order(read_samples(begun.folder.samples_file), planned)
    scores = _scores(
        suite,
        queries,
        samples,
        on_progress=lambda done: on_progress(
            Progress(suite=suite.name, stage="score", done=done, planned=len(samples))
        ),
    )
    return scores, evaluate(suite, begun.manifest, queries=queries, samples=samples, scores=scores)


def _scores(
    suite: Suite, queries: Sequence[GoldenQuery], samples: Sequence[Sample], *, on_progress: Callable[[int], None]
) -> list[Score]:
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
