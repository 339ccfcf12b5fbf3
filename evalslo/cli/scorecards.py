"""Scorecards on standard output, and the one exit code of several."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalslo.cli import door

if TYPE_CHECKING:
    from evalslo.model.scorecard import Scorecard

PRECEDENCE = (2, 1, 4, 5, 3, 0)


def worst_exit_code(exit_codes: Iterable[int]) -> int:
    """The exit code of all together: a miss first, then what was not measured, a freeze, and what was not shown."""
    return min(exit_codes, key=PRECEDENCE.index)


def show(scorecard: "Scorecard", *, folder: Path, stderr: bool) -> None:
    """Prints one scorecard, with the folder as seen from here where it lies below."""
    from evalslo.report.terminal import render

    here = Path.cwd()
    near = folder.relative_to(here) if folder.is_relative_to(here) else folder
    render(scorecard, console=door.console(stderr=stderr), run_folder=str(near))


def summarise(scorecards: "Sequence[Scorecard]", *, exit_code: int, stderr: bool) -> None:
    """Prints a line a suite, and the one exit code."""
    from evalslo.report.summary import render_summary

    render_summary(scorecards, exit_code=exit_code, console=door.console(stderr=stderr))
