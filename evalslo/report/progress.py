"""How far a run is: a live view on a terminal, now and then a line elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evalslo.model.objective import Objective
from evalslo.model.run import Progress

if TYPE_CHECKING:
    from rich.console import Console

OnProgress = Callable[[Progress], None]


@contextmanager
def progress_printer(console: "Console | None", *, objectives: Sequence[Objective] = ()) -> Iterator[OnProgress]:
    """What to call with each step of the runs inside; it shows nothing where `console` is None, and imports nothing then.

    A terminal gets a view that goes when all is done; with `objectives`, what they look like so far. Anything else gets a
    line each tenth of the way, and one when 30 s went by without: by the console's own clock, `get_time`.
    """
    if console is None:
        yield _nothing
    elif is_live(console):
        from evalslo.report.live_view import live_view

        with live_view(console, objectives=objectives) as show:
            yield show
    else:
        from evalslo.report.progress_lines import in_lines

        yield in_lines(console)


def is_live(console: "Console") -> bool:
    """Whether `console` can be drawn over; FORCE_COLOR makes any file "a terminal" to it, a CI's log too."""
    return console.is_interactive and console.file.isatty()


def _nothing(_: Progress) -> None:
    """Shows nothing."""
