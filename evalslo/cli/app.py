"""The command line: which verbs there are."""

from typing import Annotated

import typer

from evalslo.cli.budget import budget
from evalslo.cli.calibrate import calibrate
from evalslo.cli.check import check
from evalslo.cli.gate import gate
from evalslo.cli.history import history
from evalslo.cli.init import init
from evalslo.cli.plan import plan
from evalslo.cli.report import report
from evalslo.cli.run import run
from evalslo.version import __version__

EXIT_CODES = (
    "Exit codes: 0 PASS, every critical objective is met; 1 FAIL, one is missed; 2 usage or configuration, nothing was "
    "called; 3 INCONCLUSIVE, neither could be shown; 4 ERROR, it could not be measured; 5 FROZEN, the "
    "release policy forbids it; 130 stopped at once by Ctrl-C."
)

app = typer.Typer(
    name="evalslo",
    help="Service level objectives for language-model applications, with a gate that knows its own error rate.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _evalslo(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Service level objectives for language-model applications, with a gate that knows its own error rate."""


for _verb in (init, check, plan, run, gate, calibrate, budget, history, report):
    app.command(epilog=EXIT_CODES)(_verb)
