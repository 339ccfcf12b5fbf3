"""A curve in the cells of a terminal: power against golden queries, in braille dots, or in ASCII where they cannot be."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from rich.text import Text

from evalslo.model.plan import PlannedPower
from evalslo.report.paper import ASCII, Signs

ROWS = 11  # one cell a tenth
GUTTER = 8
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # bits of a braille cell, by row and column


class Grid(Struct, frozen=True, kw_only=True):
    """A cell's size in dots, and the signs of axis, corner and guide lines."""

    across: int
    down: int
    axis: str
    corner: str
    floor: str
    guide: str


_FINE = Grid(across=2, down=4, axis="│", corner="└", floor="─", guide="┄")
_COARSE = Grid(across=1, down=1, axis="|", corner="+", floor="-", guide=".")


def draw_power(
    curve: Sequence[PlannedPower], *, width: int, signs: Signs, guides: Sequence[float], now: int | None
) -> list[Text]:
    """The curve as lines of `width` cells, with dotted lines at the powers `guides` and a bar at `now` golden queries.

    `now` None, or beyond the curve: no bar. An empty curve has no lines.
    """
    columns = width - GUTTER - 1
    if not curve or columns < 10:
        return []
    grid = _COARSE if signs is ASCII else _FINE
    dots = _dots(_heights(curve, columns * grid.across), levels=ROWS * grid.down)
    bar = _column(now, curve[-1].queries, columns)
    labels = {row_of(power): _label(power) for power in (0.0, *guides, 1.0)}
    page = [_row(row, dots, columns=columns, grid=grid, labels=labels, bar=bar) for row in range(ROWS)]
    return [*page, Text(" " * (GUTTER - 1) + grid.corner + grid.floor * columns), _ruler(curve[-1].queries, columns)]


def row_of(power: float) -> int:
    """The row that a power is drawn in, 0 at the top."""
    return round((1.0 - power) * (ROWS - 1))


def _heights(curve: Sequence[PlannedPower], places: int) -> list[float]:
    """The power at so many evenly spaced numbers of golden queries, from 0 to the last of the curve."""
    found, at = [], 0
    for place in range(places):
        queries = curve[-1].queries * place / (places - 1)
        while at + 1 < len(curve) and curve[at + 1].queries <= queries:
            at += 1
        found.append(curve[at].power)
    return found


def _dots(heights: Sequence[float], *, levels: int) -> set[tuple[int, int]]:
    """(column, row) of every dot; neighbours are joined by a vertical line."""
    rows = [round((1.0 - height) * (levels - 1)) for height in heights]
    before = [rows[0], *rows[:-1]]
    return {
        (column, row)
        for column, (last, here) in enumerate(zip(before, rows, strict=True))
        for row in ({here} if last == here else range(min(last + 1, here), max(last - 1, here) + 1))
    }


def _row(
    row: int, dots: set[tuple[int, int]], *, columns: int, grid: Grid, labels: Mapping[int, str], bar: int | None
) -> Text:
    line = Text(labels.get(row, "").rjust(GUTTER - 2) + " " + grid.axis)
    for column in range(columns):
        sign = _cell(column, row, dots, grid)
        if sign:
            line.append(sign, style="bold cyan")
        elif column == bar:
            line.append(grid.axis, style="dim")
        else:
            line.append(grid.guide if row in labels and 0 < row < ROWS - 1 else " ", style="dim")
    return line


def _cell(column: int, row: int, dots: set[tuple[int, int]], grid: Grid) -> str:
    """The sign of one cell, "" where the curve is not in it."""
    inside = [
        (across, down)
        for across in range(grid.across)
        for down in range(grid.down)
        if (column * grid.across + across, row * grid.down + down) in dots
    ]
    if not inside:
        return ""
    return "*" if grid is _COARSE else chr(_BRAILLE + sum(_DOTS[down][across] for across, down in inside))


def _column(queries: int | None, last: int, columns: int) -> int | None:
    return None if queries is None or queries > last else round((columns - 1) * queries / last)


def _label(power: float) -> str:
    return f"{100 * power:.3g} %"


def _ruler(last: int, columns: int) -> Text:
    """The numbers of golden queries below the axis: none, half, all."""
    end, middle = f"{last:,}", f"{round(last / 2):,}"
    line = "0".ljust(columns // 2 - len(middle) // 2) + middle
    return Text(" " * GUTTER + line.ljust(columns - len(end)) + end, style="dim")
