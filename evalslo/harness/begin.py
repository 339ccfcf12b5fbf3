"""The folder that a run works in: a new one, or the last one of the same thing, to go on with."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from evalslo.errors import MeasurementError, UsageError
from evalslo.harness.limiter import Limiters
from evalslo.loaders.golden import encode_golden
from evalslo.model.golden import GoldenSet
from evalslo.model.policy import FixKind
from evalslo.model.run import Manifest, Progress, Sampling
from evalslo.model.scorecard import Fingerprint
from evalslo.model.suite import Suite
from evalslo.store.home import kept_runs, lost_runs
from evalslo.store.run_folder import RunFolder, create_run
from evalslo.version import __version__

ORDER_SEED = 0


def _say_nothing(_: str) -> None:
    """Nobody listens."""


def _by_ctrl_c() -> str:
    return "Ctrl-C"


class Origin(Struct, frozen=True, kw_only=True):
    """Who runs this, and of which commit; None: unknown. `token` makes two overrides of the same second differ."""

    commit: str | None = None
    actor: str | None = None
    token: str = ""


class Door(Struct, frozen=True, kw_only=True):
    """What only the doors may read, handed in: where runs are kept, the clock, a name for the run.

    `token` makes run ids of the same second differ; `seed` shuffles the order of a sequential run. `stop`, once set, means:
    take no new call, end with what there is; `stopped_by` says then what set it. `limiters` are shared by all suites of a
    command. `glimpses`: somebody looks at provisional figures. `warm_up` loads what only the gate needs, while the first
    answers are awaited; `tell` takes sentences that change no verdict. `history` is where every run is entered: a SQLite file,
    or the URL of a PostgreSQL database; None: nowhere.
    """

    home: Path
    clock: Callable[[], datetime]
    token: str
    seed: int
    on_progress: Callable[[Progress], None]
    stop: asyncio.Event
    stopped_by: Callable[[], str] = _by_ctrl_c
    limiters: Limiters = field(default_factory=Limiters)
    glimpses: bool = True
    warm_up: Callable[[], None] | None = None
    tell: Callable[[str], None] = _say_nothing
    history: str | Path | None = None
    origin: Origin = Origin()


class OverrideAsked(Struct, frozen=True, kw_only=True):
    """Leave to release in spite of the policy, as somebody asks for it: why, for how many seconds, for what kind of fix."""

    reason: str
    expires_s: int
    kind: FixKind | None = None


class Begun(Struct, frozen=True, kw_only=True):
    """A run that can be collected into its folder."""

    folder: RunFolder
    manifest: Manifest


class Asked(Struct, frozen=True, kw_only=True):
    """How a run is asked for. `seed` is the order of a sequential run; None: one that nobody chose.

    `fail_fast` ends a sequential run at the first confirmed miss. `resume`: the last run goes on. `cache`: what was answered
    before is not asked again. `release` and `environment` name what is measured, and where. `feed`: the source under which its
    events count in the service's window; None: they do not. `feed_id`: events of this id count once; None: the run's own.
    """

    limit: int | None = None
    sequential: bool = False
    fail_fast: bool = False
    seed: int | None = None
    resume: bool = False
    cache: bool = False
    release: str | None = None
    environment: str | None = None
    feed: str | None = None
    feed_id: str | None = None
    override: OverrideAsked | None = None

    @property
    def sampling(self) -> Sampling:
        """What the manifest says of it."""
        return "sequential" if self.sequential else "fixed"


def refuse_contradictions(asked: Asked) -> None:
    """Raises UsageError for wishes that exclude one another."""
    if asked.sequential and asked.limit is not None:
        raise UsageError(
            "a sequential run stops by itself and takes no limit; leave one of --sequential and --limit out"
        )
    if not asked.sequential and (asked.fail_fast or asked.seed is not None):
        option = "--fail-fast" if asked.fail_fast else "--seed"
        raise UsageError(f"{option} is for sequential runs; add --sequential, or leave it out")
    if asked.feed is not None and (asked.limit is not None or asked.cache):
        option = "--cache" if asked.cache else "--limit"
        raise UsageError(f"a run with {option} is no fair sample and feeds no window; leave --feed or {option} out")
    if asked.feed_id is not None and asked.feed is None:
        raise UsageError("--feed-id says which events are the same; it needs --feed SOURCE")
    if asked.override is not None and asked.release is None:
        raise UsageError("an override is for one release; name it with --release")
    if asked.resume and asked.seed is not None:
        raise UsageError("a run that goes on keeps its order; leave one of --resume and --seed out")


class Started(Struct, frozen=True, kw_only=True):
    """When a run starts, what makes its id its own, and what shuffles it where nobody chose a seed."""

    at: datetime
    token: str
    seed: int


def begin_run(
    suite: Suite, golden: GoldenSet, *, fingerprint: Fingerprint, home: Path, started: Started, asked: Asked
) -> Begun:
    """A new run, with copies of its suite and golden set. Raises `MeasurementError` where `home` cannot be written.

    Runs of a fixed size ask in the same order; a sequential run looks at parts of the golden set, and draws its order anew.
    """
    at = started.at.astimezone(UTC)
    manifest = Manifest(
        run_id=f"{at:%Y%m%dT%H%M%S}-{_name_in_ids(suite)}-{started.token}",
        state="collecting",
        suite=suite.name,
        service=suite.service,
        suite_file=suite.file,
        golden=golden.source,
        variant=suite.variant,
        settings=suite.settings,
        queries=len(golden.queries[: asked.limit]),
        repeats=suite.repeats,
        order_seed=_order(asked, started),
        limit=asked.limit,
        sampling=asked.sampling,
        fingerprint=fingerprint,
        started_at=at.isoformat(timespec="milliseconds"),
        finished_at=None,
        collecting_s=0.0,
        version=__version__,
        release=asked.release,
        environment=asked.environment,
    )
    folder = RunFolder(home / "runs" / manifest.run_id)
    create_run(folder, manifest, suite_text=suite.text, golden_lines=encode_golden(golden))
    return Begun(folder=folder, manifest=manifest)


def _name_in_ids(suite: Suite) -> str:
    return suite.name if suite.variant is None else f"{suite.name}-{suite.variant}"


def _order(asked: Asked, started: Started) -> int:
    if not asked.sequential:
        return ORDER_SEED
    return started.seed if asked.seed is None else asked.seed


def resume_run(suite: Suite, *, fingerprint: Fingerprint, home: Path, asked: Asked) -> Begun | None:
    """The last run of this suite, variant and limit; None where there is none yet. A sequential one goes on as such.

    Raises `UsageError` naming what has changed since: answers to another question are not mixed in. A newer scorer is no such
    change, because every sample is scored again. Raises `MeasurementError` where a later run cannot be read: it may be the one.
    """
    of_this = (suite.name, suite.variant, asked.limit)
    runs = [kept for kept in kept_runs(home) if (kept[1].suite, kept[1].variant, kept[1].limit) == of_this]
    last = max(runs, key=lambda kept: (kept[1].started_at, kept[1].run_id), default=None)
    _refuse_lost(suite, home=home, since="" if last is None else last[1].run_id.partition("-")[0])
    if last is None:
        return None
    folder, manifest = last
    changed = _changed(manifest.fingerprint, fingerprint)
    if changed:
        raise UsageError(
            f"{manifest.run_id} cannot go on: {', '.join(changed)} changed since; run without --resume to start anew"
        )
    if asked.sequential and manifest.sampling == "fixed":
        raise UsageError(
            f"{manifest.run_id} cannot go on as a sequential run: its size was fixed; run without --resume to start anew"
        )
    return Begun(folder=folder, manifest=replace(manifest, fingerprint=fingerprint))


def _refuse_lost(suite: Suite, *, home: Path, since: str) -> None:
    for folder, fault in lost_runs(home, named=_name_in_ids(suite), since=since):
        raise MeasurementError(
            f"the run to go on with may be {folder.path.name}, which cannot be read: {fault}. Put that file back as it "
            f"was, or move the folder {folder.path} out of {home / 'runs'}: what it has paid for is asked again then"
        )


def nothing_to_go_on_with(suite: Suite, *, home: Path, asked: Asked) -> str:
    """What is said where `resume_run` found no run, and a new one began in its place."""
    variant = "" if suite.variant is None else f", variant {suite.variant}"
    limit = "" if asked.limit is None else f", with --limit {asked.limit}"
    return f"no run of suite {suite.name}{variant}{limit} in {home} to go on with; began a new one"


def _changed(kept: Fingerprint, now: Fingerprint) -> list[str]:
    differs = {
        "the suite": kept.suite != now.suite,
        "the golden set": kept.golden != now.golden,
        "the endpoint": dict(kept.endpoint) != dict(now.endpoint),
    }
    return [part for part, is_other in differs.items() if is_other]
