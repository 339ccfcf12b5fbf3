"""The door for Python: what the verbs do, from a script or a notebook.

    suite = evalslo.load("suites/handbook.yaml")
    kept = evalslo.run(suite)
    print(kept.scorecard.verdict, kept.folder)

Like the command line it reads the clock, the environment and the current folder; nothing below it does.
"""

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from evalslo import plugins
from evalslo.harness.begin import Asked, Door, refuse_contradictions
from evalslo.harness.label_rows import Stratify, rows_to_label
from evalslo.harness.prepare import prepare
from evalslo.harness.rescore import score_again
from evalslo.harness.run import KeptRun, gate_run, run_suite
from evalslo.loaders.calibration import read_labelled
from evalslo.loaders.grammar import parse_sli
from evalslo.loaders.labels import read_labels
from evalslo.loaders.suite import read_suite
from evalslo.loaders.trec import TrecRun, read_qrels, read_run, write_qrels, write_run
from evalslo.model.budget_report import BudgetReport
from evalslo.model.calibration import Calibration, Drift, RowToLabel, Sampled
from evalslo.model.run import Progress
from evalslo.model.scorecard import Scorecard
from evalslo.model.suite import Suite
from evalslo.store.home import find_history, find_home, find_run

__all__ = [
    "OnProgress",
    "TrecRun",
    "arun",
    "budgets",
    "calibrate",
    "drift",
    "gate",
    "load",
    "measure_run",
    "read_qrels",
    "read_run",
    "run",
    "sample",
    "write_qrels",
    "write_run",
]

OnProgress = Callable[[Progress], None]


def load(path: str | Path, *, variant: str | None = None, settings: Sequence[str] = ()) -> Suite:
    """The suite in a YAML file. `settings` are `KEY=VALUE`, as `--set` takes them.

    Raises `FileFaults` with all faults of the file, `UsageError` for an unknown variant or setting.
    """
    return read_suite(Path(path), slis=plugins.sli_specs(), variant=variant, settings=settings)


async def arun(
    suite: Suite,
    *,
    limit: int | None = None,
    sequential: bool = False,
    fail_fast: bool = False,
    seed: int | None = None,
    resume: bool = False,
    feed: str | None = None,
    release: str | None = None,
    environment: str | None = None,
    on_progress: OnProgress | None = None,
) -> KeptRun:
    """Runs a suite: its scorecard and the folder that keeps it.

    `limit` asks so many golden queries only, and never passes. `sequential` stops as soon as every critical objective is
    decided, or (`fail_fast`) one is confirmed as missed, in an order shuffled by `seed` (None: a number that nobody chose).
    `feed` counts the events in the service's window, under that source; `release` asks the suite's policy about it.
    Raises what the command line exits with 2 or 4 for.
    """
    door = Door(
        home=_home(),
        clock=lambda: datetime.now(UTC),
        token=secrets.token_hex(2),
        seed=secrets.randbelow(2**31),
        on_progress=on_progress or _ignore,
        stop=asyncio.Event(),
        history=_history(),
    )
    asked = Asked(
        limit=limit,
        sequential=sequential,
        fail_fast=fail_fast,
        seed=seed,
        resume=resume,
        feed=feed,
        release=release,
        environment=environment,
    )
    refuse_contradictions(asked)
    return await run_suite(prepare(suite, environ=os.environ, sequential=sequential), door=door, asked=asked)


def run(
    suite: Suite,
    *,
    limit: int | None = None,
    sequential: bool = False,
    fail_fast: bool = False,
    seed: int | None = None,
    resume: bool = False,
    feed: str | None = None,
    release: str | None = None,
    environment: str | None = None,
    on_progress: OnProgress | None = None,
) -> KeptRun:
    """`arun` for code that does not await; inside a running loop (a notebook) it works in a thread of its own."""

    def work() -> KeptRun:
        running = arun(
            suite,
            limit=limit,
            sequential=sequential,
            fail_fast=fail_fast,
            seed=seed,
            resume=resume,
            feed=feed,
            release=release,
            environment=environment,
            on_progress=on_progress,
        )
        return asyncio.run(running)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="evalslo-run") as thread:
        return thread.submit(work).result()


def gate(run: str | Path = "latest", *, suite: Suite | None = None) -> Scorecard:
    """The scorecard of a kept run (an id, a folder, `latest`, `latest:SUITE`), by its own objectives or by `suite`'s.

    Calls nothing. Raises `UsageError` where there is no such run.
    """
    return gate_run(find_run(str(run), home=_home()), suite=suite, on_progress=_ignore)


def budgets(
    service: str | None = None,
    *,
    environment: str | None = None,
    source: str | None = None,
    release: str | None = None,
) -> tuple[BudgetReport, ...]:
    """The budgets of a service (None: of all), one report a suite, environment and source. Calls nothing.

    `release` is what the policy's decision is asked for. Raises `MeasurementError` where the history has none of these.
    """
    from evalslo.harness.budgets import reports  # it loads NumPy, and runs and gates do without
    from evalslo.store.history import open_history

    now = int(datetime.now(UTC).timestamp())
    with open_history(_history()) as kept:
        return reports(kept, service=service, environment=environment, source=source, release=release, now=now)


def sample(
    run: str | Path = "latest",
    *,
    count: int,
    sli: str | None = None,
    stratify: Stratify | None = None,
    seed: int = 0,
) -> list[RowToLabel]:
    """`count` answers of a kept run for people to label, as `evalslo calibrate --sample` writes them. Calls nothing.

    `sli` None: the suite's only unproven one. `stratify` None: by verdict where that can correct, else all alike. Raises
    `UsageError` and `MeasurementError` as the command line does.
    """
    scored = score_again(find_run(str(run), home=_home()), sli=sli)
    return list(rows_to_label(scored, count=count, stratify=stratify, seed=seed))


def calibrate(
    run: str | Path = "latest", *, labels: str | Path, sli: str | None = None, sampled: Sampled | None = None
) -> Calibration:
    """How far a kept run's scorer agrees with the labels in a file, as `evalslo calibrate --labels` says. Calls nothing.

    `sampled` says how the answers were drawn where the file does not. Raises `FileFaults`, `UsageError`, `MeasurementError`.
    """
    from evalslo.harness import calibrate as beside_people  # it loads NumPy, and runs and gates do without

    rows = read_labels(Path(labels))
    scored = score_again(find_run(str(run), home=_home()), sli=beside_people.sli_of(rows, asked=sli))
    return beside_people.calibrate(scored, beside_people.match(scored, rows, file=str(labels), sampled=sampled))


def drift(run: str | Path = "latest", *, against: str | Path, sli: str | None = None) -> Drift:
    """Whether a kept run's scorer still says what it said of the answers in a `calibration.json`. Calls nothing.

    Raises as `calibrate`.
    """
    from evalslo.harness.drift import drift as beside_then

    frozen = read_labelled(Path(against))
    return beside_then(score_again(find_run(str(run), home=_home()), sli=sli or frozen.sli), frozen)


def measure_run(
    rankings: Mapping[str, Mapping[str, float]], qrels: Mapping[str, Mapping[str, int]], *, slis: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The values of retrieval SLIs (`ndcg@10`) by query and SLI, for each query of `qrels` that has a relevant document.

    `rankings` has the score of each document that came back, by query: a query that is not there found nothing, as with
    trec_eval's -c. Raises `UsageError` for an SLI that is not one of retrieval.
    """
    from evalslo.scorers import measure_run as of_run  # it loads NumPy, and runs and gates do without
    from evalslo.scorers.retrieval import Retrieval

    known = {spec.name: spec for spec in Retrieval().slis}
    measured = of_run.measure_run(rankings, qrels, slis=[parse_sli(sli, slis=known) for sli in slis])
    return {query: dict(zip(slis, values, strict=True)) for query, values in measured.items()}


def _history() -> str | Path:
    return find_history(_home(), configured=os.environ.get("EVALSLO_HISTORY"))


def _home() -> Path:
    return find_home(Path.cwd(), configured=os.environ.get("EVALSLO_HOME"))


def _ignore(_: Progress) -> None:
    """Progress that nobody watches."""
