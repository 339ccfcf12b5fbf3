"""The faults of files, all at once: where, what was found, how to mend it."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from evalslo.errors import Fault, FileFaults
from evalslo.report.paper import Paper, paper_of, put, said

_INDENT = "    "
_MOST_CELLS = 2000  # of a message, a place, a file's name


def render_faults(faults: FileFaults, console: Console) -> None:
    """Prints each fault as `file:line: where: message`, and how many there are."""
    paper = paper_of(console)
    for fault in faults.faults:
        put(paper, _lines(paper, fault))
    put(paper, [Text(), Text(_counted(faults.faults), style="bold red")])


def _lines(paper: Paper, fault: Fault) -> list[Text]:
    """One fault; the lines after its first are indented, so that each fault begins where a line does."""
    line = "" if fault.line is None else f":{fault.line}"
    where = f"{said(paper, fault.where, width=_MOST_CELLS)}: " if fault.where else ""
    text = Text.assemble(
        (said(paper, fault.file, width=_MOST_CELLS) + line, "bold"),
        ": ",
        (where, "cyan"),
        said(paper, fault.message, width=_MOST_CELLS),
    )
    first, *rest = text.wrap(paper.console, max(paper.width - len(_INDENT), 1))
    return [first, *(Text.assemble(_INDENT, more) for more in rest)]


def _counted(faults: Sequence[Fault]) -> str:
    files = len({fault.file for fault in faults})
    return f"{_plural(len(faults), 'fault')} in {_plural(files, 'file')}; nothing was called"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
