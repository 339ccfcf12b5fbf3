"""Scorecards on standard output, and the one exit code of several."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalslo.cli import door

if TYPE_CHECKING:
    from evalslo.model.scorecard import Scorecard

PRECEDENCE = (2, 1, 4, 3, 0)


def worst_exit_code(exit_codes: Iterable[int]) -> int:
    """The exit code of all together: a shown miss first, then what was not measured, then what was not shown."""
    return min(exit_codes, key=PRECEDENCE.index)


def show(scorecards: "Sequence[Scorecard]", *, folders: Sequence[Path], exit_code: int, quiet: bool) -> None:
    """Prints every scorecard, and a summary where there are several; only the summary where `quiet`."""
    from evalslo.report.summary import render_summary
    from evalslo.report.terminal import render

    out = door.console()
    if not quiet:
        for card, folder in zip(scorecards, folders, strict=True):
            render(card, console=out, run_folder=_near(folder))
    if quiet or len(scorecards) > 1:
        render_summary(scorecards, exit_code=exit_code, console=out)


def _near(folder: Path) -> str:
    """The folder as seen from here, where it lies below."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
