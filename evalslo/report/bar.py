"""The bar of one row: the interval, the estimate and the target, on one scale.

The target stands in the middle cell of every bar, and the side that meets it is always the right one, for `<=` too. So the
targets of all rows form one line down the page, and an interval that touches the line is a question not yet answered. A
value that is not the target is never drawn on the line.
"""

import math

from msgspec import Struct
from rich.text import Text

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Estimate
from evalslo.report.paper import Signs

HALF = 10  # cells on each side of the target
BAR_CELLS = 2 * HALF + 1
_SAME = 1e-12  # differences that only floating-point arithmetic made


class Cells(Struct, frozen=True, kw_only=True):
    """Which cells are drawn, -10 to 10 from the target; None where there is no such number."""

    estimate: int | None
    low: int | None
    high: int | None


def bar_heading(signs: Signs) -> str:
    """The words above the bars: which side is which."""
    return f"{signs.left} missed".ljust(HALF) + signs.tick + f"met {signs.right}".rjust(HALF)


def draw_bar(objective: Objective, estimate: Estimate | None, *, signs: Signs, colour: str) -> Text:
    """The bar of one row, 21 cells wide."""
    cells = place(objective, estimate)
    bar = Text()
    for cell in range(-HALF, HALF + 1):
        covered = cells.low is not None and cells.high is not None and cells.low <= cell <= cells.high
        if cell == cells.estimate:
            bar.append(signs.dot, style=f"bold {colour}")
        elif cell == 0:
            bar.append(signs.crossed if covered else signs.tick, style=colour if covered else "dim")
        else:
            bar.append(signs.line if covered else " ", style=colour if covered else "")
    return bar


def place(objective: Objective, estimate: Estimate | None) -> Cells:
    """The cells of the estimate and its bounds; the farthest of them ends the scale."""
    if estimate is None:
        return Cells(estimate=None, low=None, high=None)
    target = float(objective.target)
    towards_met = 1 if objective.op == ">=" else -1
    found = [estimate.estimate, estimate.lower, estimate.upper]
    gaps = [None if value is None or not math.isfinite(value) else (value - target) * towards_met for value in found]
    longest = max((abs(gap) for gap in gaps if gap is not None), default=0.0)
    dot, *ends = [None if gap is None else _cell(gap, longest=longest) for gap in gaps]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return Cells(estimate=dot, low=None, high=None)
    return Cells(estimate=dot, low=min(known), high=max(known))


def _cell(gap: float, *, longest: float) -> int:
    if abs(gap) <= _SAME:
        return 0
    away = max(1, round(abs(gap) / longest * HALF))
    return away if gap > 0 else -away
