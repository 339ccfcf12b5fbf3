"""How far a run is: a live bar on a terminal, now and then a line elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from evalslo.model.run import Progress
from evalslo.report.safe_text import plain

OnProgress = Callable[[Progress], None]

_NAME_CELLS = 24
_LINES = 10  # lines a stage writes where there is no terminal
_DOING = {"collect": "asking", "score": "scoring"}


@contextmanager
def progress_printer(console: Console | None) -> Iterator[OnProgress]:
    """What to call with each step of the runs inside; it shows nothing where `console` is None.

    A terminal gets a bar a suite and stage, which goes when all is done; anything else a line each tenth of the way.
    """
    if console is None:
        yield _nothing
    elif console.is_terminal:
        with _bars(console) as bars:
            yield _on_bars(bars)
    else:
        yield _in_lines(console)


def _nothing(_: Progress) -> None:
    """Shows nothing."""


def _bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _on_bars(bars: Bars) -> OnProgress:
    tasks: dict[tuple[str, str], TaskID] = {}

    def show(progress: Progress) -> None:
        key = (progress.suite, progress.stage)
        if key not in tasks:
            tasks[key] = bars.add_task(_name(progress, encoding=bars.console.encoding), total=progress.planned, note="")
        bars.update(tasks[key], completed=progress.done, total=progress.planned, note=_note(progress))

    return show


def _in_lines(console: Console) -> OnProgress:
    tenths: dict[tuple[str, str], int] = {}

    def show(progress: Progress) -> None:
        key = (progress.suite, progress.stage)
        tenth = _LINES * progress.done // progress.planned if progress.planned else _LINES
        if tenth > tenths.get(key, 0):
            tenths[key] = tenth
            name = _name(progress, encoding=console.encoding)
            words = [f"{name} {progress.done}/{progress.planned}", _note(progress)]
            line = ", ".join(word for word in words if word)
            console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    return show


def _name(progress: Progress, *, encoding: str) -> str:
    return f"{plain(progress.suite, width=_NAME_CELLS, encoding=encoding)}: {_DOING[progress.stage]}"


def _note(progress: Progress) -> str:
    errors = f"{progress.errors} failed" if progress.errors else ""
    in_flight = f"{progress.in_flight} in flight" if progress.in_flight else ""
    return ", ".join(word for word in (errors, in_flight) if word)
