"""One sitting of a run: the calls that have no sample yet are made, and every sample is kept as it comes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from evalslo.harness.begin import Begun, Door
from evalslo.harness.collect import Watch, collect
from evalslo.harness.follow import Follower
from evalslo.harness.gating import planned_calls, score_all
from evalslo.harness.prepare import Prepared
from evalslo.model.golden import GoldenQuery
from evalslo.model.run import Manifest
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.store.run_folder import open_samples, read_samples, write_manifest


async def sit(prepared: Prepared, begun: Begun, *, door: Door, fail_fast: bool) -> Begun:
    """Makes the calls that have no sample yet; the manifest says afterwards whether any are left to be made."""
    suite, manifest = prepared.suite, begun.manifest
    planned = planned_calls(prepared.golden, manifest)
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


def _following(
    prepared: Prepared, manifest: Manifest, *, fail_fast: bool
) -> tuple[Callable[[Sample], None], Callable[[], bool]]:
    """What to call with each sample, and what then says whether enough is known: never, in a run of a fixed size."""
    if manifest.sampling == "fixed":
        return lambda _: None, lambda: False
    suite = prepared.suite

    def score(unit: Sequence[GoldenQuery], samples: Sequence[Sample]) -> list[Score]:
        return score_all(suite, unit, samples, on_progress=lambda _: None)

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
