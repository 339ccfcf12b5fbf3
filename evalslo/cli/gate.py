"""`evalslo gate`: a kept run, gated again."""

from pathlib import Path
from typing import Annotated

import typer

from evalslo.cli import door
from evalslo.cli.outputs import OutputOption, on_stdout, read_outputs, write_outputs
from evalslo.cli.scorecards import show, summarise
from evalslo.cli.suites import SettingsOption, read_one_suite
from evalslo.errors import UsageError

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run id, a run's folder, or latest, latest:SUITE for the newest one.")
]


def gate(
    run: RunArgument = "latest",
    suite: Annotated[
        Path | None, typer.Option("--suite", metavar="SUITE", help="Gate by the objectives of this suite instead.")
    ] = None,
    settings: SettingsOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No scorecard: the verdict only.")] = False,
    output: OutputOption = None,
) -> None:
    """Gate a kept run again, by other objectives if asked. Calls nothing."""
    with door.telling_errors():
        from evalslo.harness.run import gate_run
        from evalslo.report.progress import progress_printer

        if settings and suite is None:
            raise UsageError("--set changes the suite that --suite names; a kept run keeps its own suite as it was")
        outputs = read_outputs(output)
        folder = door.find_run(run)
        other = read_one_suite(suite, variant=None, settings=settings, option="--suite ") if suite else None
        with progress_printer(None if quiet else door.console(stderr=True)) as on_progress:
            scorecard = gate_run(folder, suite=other, on_progress=on_progress, tell=_tell)
        if quiet:
            summarise([scorecard], exit_code=scorecard.exit_code, stderr=on_stdout(outputs))
        else:
            show(scorecard, folder=folder.path, stderr=on_stdout(outputs))
        write_outputs(outputs, [scorecard], exit_code=scorecard.exit_code)
    raise typer.Exit(scorecard.exit_code)


def _tell(sentence: str) -> None:
    door.tell(f"evalslo: {sentence}")
