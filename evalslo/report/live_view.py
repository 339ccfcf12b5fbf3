"""Progress on a terminal: a few lines that are drawn over one another, and not often: drawing holds up the calls in flight.

A narrow terminal gets fewer parts, never wrapped ones.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from evalslo.model.objective import Objective
from evalslo.model.run import Progress, Provisional
from evalslo.model.scorecard import Estimate
from evalslo.report import progress_words as words
from evalslo.report.figures import row_figures
from evalslo.report.paper import Paper, joined, paper_of, said

_LEAST_GAP_S = 0.18  # between two drawings; steps come every tenth of a second, not to the millisecond
_ROWS_GAP_S = 1.0  # between two looks at the objectives, whose numbers cost more than all else
_BAR = (8, 32)
_MOST_ROWS = 6
_LEAST_TEXT = 12  # cells that an objective's words need
_LONGEST_TEXT = 48
_GAP = "  "

Rows = list[tuple[Objective, Provisional]]


@contextmanager
def live_view(console: Console, *, objectives: Sequence[Objective]) -> Iterator[Callable[[Progress], None]]:
    """What draws the last step that it was called with; all of it goes at the end."""
    with Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
        yield _View(live, objectives).show


class _View:
    """What stands on the terminal, and since when."""

    def __init__(self, live: Live, objectives: Sequence[Objective]) -> None:
        self._live, self._objectives = live, objectives
        self._stage: tuple[str, str] | None = None
        self._width = 0
        self._drawn_at = self._rows_at = float("-inf")
        self._rows: list[Text] = []

    def show(self, progress: Progress) -> None:
        """Draws a step: the first and the last of a stage, and of those between as many as the eye can follow."""
        now, stage = self._live.console.get_time(), (progress.suite, progress.stage)
        new = stage != self._stage
        if not new and progress.done < progress.planned and now - self._drawn_at < _LEAST_GAP_S:
            return
        paper = paper_of(self._live.console)
        if new or paper.width != self._width or now - self._rows_at >= _ROWS_GAP_S:
            self._rows_at, self._rows = now, so_far_rows(paper, progress, objectives=self._objectives)
        self._drawn_at, self._stage, self._width = now, stage, paper.width
        self._live.update(Group(*progress_rows(paper, progress), *self._rows), refresh=True)


def progress_rows(paper: Paper, progress: Progress) -> list[Text]:
    """How far it is, at what pace, and what failed; no line is wider than the paper."""
    return _fitting(paper, [_head(paper, progress), _pace(paper, progress), _failures(paper, progress)])


def so_far_rows(paper: Paper, progress: Progress, *, objectives: Sequence[Objective]) -> list[Text]:
    """What the objectives look like, the critical ones first; nothing where nothing is known yet."""
    so_far = {one.objective: one for one in progress.provisional}
    ordered = sorted(objectives, key=lambda one: not one.critical)
    return _fitting(paper, _so_far(paper, [(one, so_far[one.id]) for one in ordered if one.id in so_far]))


def _fitting(paper: Paper, lines: Sequence[Text]) -> list[Text]:
    for line in lines:
        line.no_wrap, line.overflow = True, "crop"
        line.truncate(paper.width - 1)  # a terminal may wrap after its last column
    return [line for line in lines if line]


def _head(paper: Paper, progress: Progress) -> Text:
    """Name and count; then what fits of the time left and a bar."""
    count, left = words.counted(progress), words.left(progress)
    room = paper.width - len(count) - 4
    name = words.doing(progress, encoding=paper.encoding, width=min(24, room - len(": scoring")))
    room -= cell_len(name) + len(_GAP)
    head, tail = Text.assemble(" ", (name, "bold")), Text.assemble(_GAP, count)
    if left and room >= len(left) + len(_GAP):
        room -= len(left) + len(_GAP)
        tail.append(_GAP + left, style="dim")
    if room >= _BAR[0] + len(_GAP):
        head.append(_GAP).append(_bar(paper, progress, cells=min(room - len(_GAP), _BAR[1])))
    return Text.assemble(head, tail)


def _bar(paper: Paper, progress: Progress, *, cells: int) -> Text:
    full = cells * min(progress.done, progress.planned) // progress.planned if progress.planned else cells
    return Text.assemble((paper.signs.line * full, "cyan"), (paper.signs.thin * (cells - full), "dim"))


def _pace(paper: Paper, progress: Progress) -> Text:
    """What holds the calls up, how many there are, how quick and how dear: as many of these as fit."""
    parts = [words.waiting(progress), words.in_flight(progress), words.rate(progress), words.cost(progress)]
    line = ""
    for part in parts:
        longer = joined(paper, [line, part])
        line = longer if cell_len(longer) <= paper.width - 3 else line
    return Text("  " + line if line else "", style="dim")


def _failures(paper: Paper, progress: Progress) -> Text:
    """How many calls failed, with as many classes as fit."""
    if not progress.errors:
        return Text()
    told = [words.failed(progress, encoding=paper.encoding, classes=classes) for classes in (3, 2, 1)]
    fitting = [line for line in told if cell_len(line) <= paper.width - 3]
    return Text("  " + (fitting[0] if fitting else f"{progress.errors:,} failed"), style="yellow")


def _so_far(paper: Paper, rows: Rows) -> list[Text]:
    """A line an objective, without a colour and without a mark: it is no verdict."""
    if not rows:
        return []
    shown = rows[:_MOST_ROWS]
    columns = _columns(paper, shown)
    room = paper.width - 1 - len(_GAP) - sum(len(_GAP) + len(column[0]) for column in columns)
    names = [_text(paper, one, width=min(max(room, 1), _LONGEST_TEXT)) for one, _ in shown]
    longest = max(map(cell_len, names))
    lines = [Text("  so far, no verdict", style="dim")]
    for name, *cells in zip(names, *columns, strict=True):
        lines.append(Text(_GAP + _GAP.join([name + " " * (longest - cell_len(name)), *cells])))
    if len(rows) > len(shown):
        lines.append(Text(f"  and {len(rows) - len(shown)} more", style="dim"))
    return lines


def _columns(paper: Paper, rows: Rows) -> list[list[str]]:
    """Estimates, intervals and counts, each as wide as its longest; no number is ever cut, so a narrow page has fewer."""
    estimates, intervals = zip(*(_numbers(one, so_far) for one, so_far in rows), strict=True)
    counts = [f"of {so_far.n:,}" for _, so_far in rows]
    columns = [_padded(estimates, to="right"), _padded(intervals, to="left"), _padded(counts, to="left")]
    while columns and sum(len(_GAP) + len(column[0]) for column in columns) + _LEAST_TEXT > paper.width - 3:
        columns.pop()
    return columns


def _padded(texts: Sequence[str], *, to: Literal["left", "right"]) -> list[str]:
    width = max(map(len, texts))
    return [text.ljust(width) if to == "left" else text.rjust(width) for text in texts]


def _text(paper: Paper, objective: Objective, *, width: int) -> str:
    """The objective's own words, with its slice, which the words of all its slices share."""
    if objective.slice is None:
        return said(paper, objective.text, width=width)
    part = said(paper, str(objective.slice), width=width // 2)
    return f"{said(paper, objective.text, width=max(width - cell_len(part) - 3, 1))} [{part}]"


def _numbers(objective: Objective, so_far: Provisional) -> tuple[str, str]:
    """The estimate and its interval, with the digits that a scorecard gives them."""
    estimate = Estimate(
        estimate=so_far.estimate,
        lower=so_far.lower,
        upper=so_far.upper,
        p_pass=None,
        p_fail=None,
        method=None,
        clusters=so_far.n,
    )
    figures = row_figures(objective, estimate)
    return figures.estimate or "", f"[{figures.lower}, {figures.upper}]"
