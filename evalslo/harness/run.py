"""READ FIRST: the whole path of a run, one stage a line.

suite -> golden set -> calls -> run log -> judgements -> scores -> scorecard. Collecting and scoring are joined only by the log,
so that a run can be gated again, or go on after a crash, without paying twice.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from evalslo import plugins
from evalslo.errors import MeasurementError
from evalslo.harness.begin import Asked, Begun, Door, Started, begin_run, nothing_to_go_on_with, resume_run
from evalslo.harness.prepare import Prepared, load_labels, refuse_bad_options, refuse_finite
from evalslo.harness.scored_by import judgements_of, scorer_versions
from evalslo.harness.sitting import sit
from evalslo.loaders.golden import read_golden
from evalslo.loaders.suite import read_suite
from evalslo.model.run import Manifest, Progress
from evalslo.model.score import Score
from evalslo.model.scorecard import Fingerprint, Scorecard
from evalslo.model.suite import Suite
from evalslo.slo.slices import with_slices
from evalslo.store.labels import keep_labels, kept_labels
from evalslo.store.run_folder import (
    RunFolder,
    half_record,
    read_manifest,
    replace_file,
    write_scores,
)


class KeptRun(Struct, frozen=True, kw_only=True):
    """A run's scorecard, and the folder that keeps it."""

    folder: Path
    scorecard: Scorecard


async def run_suite(prepared: Prepared, *, door: Door, asked: Asked) -> KeptRun:
    """Runs one suite; with `asked.resume` goes on with its last run and makes only the calls that have no sample yet.

    Raises `UsageError` where that run is of something else, `MeasurementError` where nothing can be kept.
    """
    begun = _begin(prepared, door=door, asked=asked)
    begun = await sit(prepared, begun, door=door, asked=asked)
    if prepared.judges:
        from evalslo.harness.judging import judge_run

        begun = await judge_run(prepared, begun, door=door)
    # loaded behind the calls: they bring the statistics, which no first call should wait for
    from evalslo.harness.counted_events import CountedEvents
    from evalslo.harness.gating import score_and_gate
    from evalslo.harness.remember import remember
    from evalslo.report.scorecard_json import to_json

    keep = partial(write_scores, begun.folder)
    keep_labels(begun.folder, prepared.labels)
    now = door.clock()
    counted = None if asked.feed is None else CountedEvents(ended=begun.manifest.finished_at or now.isoformat())
    scorecard = score_and_gate(
        prepared.suite,
        prepared.golden,
        begun,
        keep=keep,
        on_progress=door.on_progress,
        labels=prepared.labels,
        counted=counted,
    )
    scorecard = remember(prepared.suite, begun, scorecard, door=door, asked=asked, counted=counted)
    replace_file(begun.folder.scorecard_file, to_json(scorecard))
    return KeptRun(folder=begun.folder.path, scorecard=scorecard)


def _say_nothing(_: str) -> None:
    """Nobody listens."""


def gate_run(
    folder: RunFolder,
    *,
    suite: Suite | None,
    on_progress: Callable[[Progress], None],
    tell: Callable[[str], None] = _say_nothing,
) -> Scorecard:
    """The scorecard of a kept run, by its own objectives or by those of `suite`. Calls nothing, changes nothing kept.

    `tell` takes sentences that change no verdict.
    """
    manifest = read_manifest(folder)
    own = _own_suite(folder, manifest)
    judged = own if suite is None else replace(suite, endpoint=own.endpoint)
    refuse_bad_options(judged)
    if manifest.sampling == "sequential":
        refuse_finite(judged)
    scorers = scorer_versions(judged, judgements=judgements_of(judged, folder))
    fingerprint = replace(manifest.fingerprint, suite=judged.digest, scorers=scorers)
    golden = read_golden(folder.golden_file)
    if golden.digest != manifest.fingerprint.golden:
        raise MeasurementError(
            f"{folder.golden_file}: it is not the golden set of the run any more; it cannot be gated"
        )
    from evalslo.harness.gating import score_and_gate

    if (torn := half_record(folder)) is not None:
        tell(torn)
    begun = Begun(folder=folder, manifest=replace(manifest, fingerprint=fingerprint))
    labels = kept_labels(folder) if suite is None else load_labels(suite)
    sliced = with_slices(judged, golden.queries)
    return score_and_gate(sliced, golden, begun, keep=_let_go, on_progress=on_progress, labels=labels)


def _let_go(scores: Iterable[Score]) -> None:
    """Keeps none of the scores."""
    deque(scores, maxlen=0)


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
        scorers=scorer_versions(suite),
    )
    last = resume_run(suite, fingerprint=fingerprint, home=door.home, asked=asked) if asked.resume else None
    if last is not None:
        return last
    begun = begin_run(
        suite,
        golden,
        fingerprint=fingerprint,
        home=door.home,
        started=Started(at=door.clock(), token=door.token, seed=door.seed),
        asked=asked,
    )
    if asked.resume:
        door.tell(nothing_to_go_on_with(suite, home=door.home, asked=asked))
    return begun
