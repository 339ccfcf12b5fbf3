"""`evalslo report`: kept scorecards in other forms."""

import json
from typing import Annotated

import typer

from evalslo.cli import door
from evalslo.cli.outputs import Output, OutputOption, read_outputs, write_json
from evalslo.cli.scorecards import worst_exit_code


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Run ids, run folders, or latest, latest:SUITE.")],
    output: OutputOption = None,
) -> None:
    """Print the scorecards of kept runs as JSON, or write them to files. Calls nothing, decides nothing."""
    with door.telling_errors():
        from evalslo.store.run_folder import read_scorecard

        outputs = read_outputs(output) or (Output(form="json", path=None),)
        kept = [read_scorecard(door.find_run(run)) for run in runs]
        exit_code = worst_exit_code(json.loads(scorecard)["exit_code"] for scorecard in kept)
        write_json(outputs, kept, exit_code=exit_code)
