"""What is left of a budget, drawn: a bar, and a line of days."""

from collections.abc import Sequence
from fractions import Fraction

from rich.text import Text

from evalslo.model.budget import Day
from evalslo.report.paper import UNICODE, Signs

BAR_CELLS = 20
MOST_DAYS = 28
_LEVELS = "▁▂▃▄▅▆▇█"
_LEVELS_ASCII = "_.-=+*#@"


def remaining_bar(remaining: Fraction | None, *, signs: Signs) -> Text:
    """The share that is left, of a bar of 20 cells: empty where nothing is, question marks without data."""
    full, rest = ("█", "░") if signs is UNICODE else ("#", ".")
    if remaining is None:
        return Text("?" * 3 + rest * (BAR_CELLS - 3), style="dim")
    cells = max(round(min(remaining, Fraction(1)) * BAR_CELLS), 1) if remaining > 0 else 0
    bar = Text(full * cells, style=colour_of(remaining))
    bar.append(rest * (BAR_CELLS - cells), style="dim")
    return bar


def burn_down(days: Sequence[Day], *, signs: Signs) -> str:
    """What was left at the end of each day, oldest first, at most 28 of them; a blank before the first event."""
    levels = _LEVELS if signs is UNICODE else _LEVELS_ASCII
    return "".join(_level(day.remaining, levels) for day in days[-MOST_DAYS:])


def colour_of(remaining: Fraction | None) -> str:
    """Red where a budget is spent, yellow where a quarter or less is left."""
    if remaining is None:
        return "magenta"
    return "red" if remaining <= 0 else "yellow" if remaining <= Fraction(1, 4) else "green"


def _level(remaining: Fraction | None, levels: str) -> str:
    if remaining is None:
        return " "
    return levels[max(0, min(int(remaining * len(levels)), len(levels) - 1))]
