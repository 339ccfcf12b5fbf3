"""`evalslo run`: calls, scores, gates, prints, keeps."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.outputs import OutputOption, read_outputs, write_outputs
from evalslo.cli.scorecards import show, worst_exit_code
from evalslo.cli.suites import SettingsOption, VariantOption, read_suites

if TYPE_CHECKING:
    import asyncio

    from evalslo.harness.run import KeptRun
    from evalslo.model.run import Progress
    from evalslo.model.suite import Suite


def run(
    suites: Annotated[list[Path], typer.Argument(metavar="SUITE", help="Suite files, or folders of them.")],
    variant: VariantOption = None,
    settings: SettingsOption = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Ask N golden queries only, drawn at random. Such a run never passes."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last run of this suite: only what is missing is called.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no scorecard: the verdict only.")] = False,
    output: OutputOption = None,
) -> None:
    """Run suites against their endpoints, and gate them."""
    with door.telling_errors():
        outputs = read_outputs(output)
        found = read_suites(suites, variant=variant, settings=settings)
        kept = _run_all(found, limit=limit, resume=resume, quiet=quiet)
        scorecards = [one.scorecard for one in kept]
        exit_code = worst_exit_code(card.exit_code for card in scorecards)
        write_outputs(outputs, scorecards, exit_code=exit_code)
        show(scorecards, folders=[one.folder for one in kept], exit_code=exit_code, quiet=quiet)
    raise typer.Exit(exit_code)


def _run_all(suites: "Sequence[Suite]", *, limit: int | None, resume: bool, quiet: bool) -> "list[KeptRun]":
    """One after the other; once stopped, the suites that were not begun are left out."""
    from evalslo.report.progress import progress_printer

    async def run_each(stop: "asyncio.Event", on_progress: "Callable[[Progress], None]") -> "list[KeptRun]":
        from evalslo.harness.prepare import prepare
        from evalslo.harness.run import Door, run_suite

        prepared = [prepare(suite, environ=os.environ) for suite in suites]
        kept: list[KeptRun] = []
        for one in prepared:
            if stop.is_set() and kept:
                break
            here = Door(home=door.home(), clock=door.now, token=door.token(), on_progress=on_progress, stop=stop)
            kept.append(await run_suite(one, door=here, limit=limit, resume=resume))
        return kept

    with progress_printer(None if quiet else door.console(stderr=True)) as on_progress:
        return door.run_until_stopped(lambda stop: run_each(stop, on_progress))
