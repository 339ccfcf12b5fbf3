"""The folder that a run works in: a new one, or the last one of the same thing, to go on with."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evalslo.errors import UsageError
from evalslo.loaders.golden import encode_golden
from evalslo.model.golden import GoldenSet
from evalslo.model.run import Manifest, Sampling
from evalslo.model.scorecard import Fingerprint
from evalslo.model.suite import Suite
from evalslo.store.home import kept_runs
from evalslo.store.run_folder import RunFolder, create_run
from evalslo.version import __version__

ORDER_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A run that can be collected into its folder."""

    folder: RunFolder
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a run was asked for; a run is gone on with only where that is the same."""

    limit: int | None = None
    sampling: Sampling = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """When a run starts, what makes its id its own, and what shuffles it where its size is not fixed."""

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
    name = suite.name if suite.variant is None else f"{suite.name}-{suite.variant}"
    manifest = Manifest(
        run_id=f"{at:%Y%m%dT%H%M%S}-{name}-{started.token}",
        state="collecting",
        suite=suite.name,
        service=suite.service,
        suite_file=suite.file,
        golden=golden.source,
        variant=suite.variant,
        settings=suite.settings,
        queries=len(golden.queries[: asked.limit]),
        repeats=suite.repeats,
        order_seed=started.seed if asked.sampling == "sequential" else ORDER_SEED,
        limit=asked.limit,
        sampling=asked.sampling,
        fingerprint=fingerprint,
        started_at=at.isoformat(timespec="milliseconds"),
        finished_at=None,
        collecting_s=0.0,
        version=__version__,
    )
    folder = RunFolder(home / "runs" / manifest.run_id)
    create_run(folder, manifest, suite_text=suite.text, golden_lines=encode_golden(golden))
    return Begun(folder=folder, manifest=manifest)


def resume_run(suite: Suite, *, fingerprint: Fingerprint, home: Path, asked: Asked) -> Begun | None:
    """The last run of this suite and variant that was asked for in the same way; None where there is none yet.

    Raises `UsageError` naming what has changed since: answers to another question are not mixed in. A newer scorer is no such
    change, because every sample is scored again.
    """
    of_this = (suite.name, suite.variant, asked)
    runs = [kept for kept in kept_runs(home) if (kept[1].suite, kept[1].variant, _asked(kept[1])) == of_this]
    if not runs:
        return None
    folder, manifest = max(runs, key=lambda kept: (kept[1].started_at, kept[1].run_id))
    changed = _changed(manifest.fingerprint, fingerprint)
    if changed:
        raise UsageError(
            f"{manifest.run_id} cannot go on: {', '.join(changed)} changed since; run without --resume to start anew"
        )
    return Begun(folder=folder, manifest=replace(manifest, fingerprint=fingerprint))


def _asked(manifest: Manifest) -> Asked:
    return Asked(limit=manifest.limit, sampling=manifest.sampling)


def _changed(kept: Fingerprint, now: Fingerprint) -> list[str]:
    differs = {
        "the suite": kept.suite != now.suite,
        "the golden set": kept.golden != now.golden,
        "the endpoint": dict(kept.endpoint) != dict(now.endpoint),
    }
    return [part for part, is_other in differs.items() if is_other]
