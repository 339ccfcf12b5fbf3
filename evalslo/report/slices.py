"""The slices that stand out: where an objective is worse than elsewhere. A trail to follow, and no verdict."""

from collections.abc import Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from evalslo.model.objective import Objective
from evalslo.model.scorecard import ObjectiveResult, SliceFinding
from evalslo.report.figures import row_figure
from evalslo.report.paper import Paper, flowing, labelled, said

_GAP = "  "
_MOST_ROWS = 8
_NUMBER_CELLS = 36  # n, both figures, and the gaps
_TITLE = "explored, not gated: worse here than elsewhere; one in ten may be chance"
_HEADS = ("objective", "slice", "n", "here", "elsewhere")


class Row(Struct, frozen=True, kw_only=True):
    """One finding in print."""

    objective: str
    slice: str
    n: str
    here: str
    elsewhere: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The columns, from left to right."""
        return (self.objective, self.slice, self.n, self.here, self.elsewhere)


def slice_findings(
    paper: Paper, findings: Sequence[SliceFinding], *, objectives: Sequence[ObjectiveResult]
) -> list[Text]:
    """The findings that stand out, in the order given; nothing where none does. A table where the page is wide enough."""
    known = {row.objective.id: row.objective for row in objectives}
    telling = [one for one in findings if one.stands_out and one.objective in known]
    if not telling:
        return []
    rows = [_row(paper, one, objective=known[one.objective]) for one in telling[:_MOST_ROWS]]
    page = labelled(paper, "slices", [Text(_TITLE, style="dim")])
    page += _table(paper, rows) if paper.wide else [line for row in rows for line in _flowing(paper, row)]
    if len(telling) > _MOST_ROWS:
        page += flowing(paper, [f"and {len(telling) - _MOST_ROWS} more"], indent=paper.gutter, style="dim")
    return page


def _row(paper: Paper, finding: SliceFinding, *, objective: Objective) -> Row:
    room = paper.width - paper.gutter - 1
    width = max((room - _NUMBER_CELLS) // 2 if paper.wide else room, 1)
    return Row(
        objective=said(paper, finding.objective, width=width),
        slice=said(paper, str(finding.slice), width=width),
        n=f"{finding.n:,}",
        here=row_figure(objective, finding.estimate),
        elsewhere=row_figure(objective, finding.rest),
    )


def _table(paper: Paper, rows: Sequence[Row]) -> list[Text]:
    columns = list(zip(_HEADS, *(row.cells for row in rows), strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    lines = [Text(_line(_HEADS, widths), style="dim"), *(Text(_line(row.cells, widths)) for row in rows)]
    return [Text.assemble(" " * paper.gutter, line) for line in lines]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    pads = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    padded = [
        cell + pad if number < 2 else pad + cell for number, (cell, pad) in enumerate(zip(cells, pads, strict=True))
    ]
    return _GAP.join(padded)


def _flowing(paper: Paper, row: Row) -> list[Text]:
    parts = [row.objective, row.slice, f"{row.here} (n {row.n})", f"elsewhere {row.elsewhere}"]
    return flowing(paper, parts, indent=paper.gutter)
