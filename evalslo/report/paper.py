"""What a page is laid out on: its width, its signs, and text that hangs from a label in the left gutter."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from evalslo.model.scorecard import Verdict
from evalslo.report.safe_text import plain

MOST_COLUMNS = 120  # longer lines are not read
_WIDE = 92  # from here a row's numbers stand beside its name
_GUTTER_WIDE = 17
_GUTTER_NARROW = 10


class Signs(Struct, frozen=True, kw_only=True):
    """The signs that a page is drawn with."""

    passed: str
    failed: str
    line: str
    thin: str
    dot: str
    tick: str
    crossed: str
    left: str
    right: str
    at_least: str
    at_most: str
    between: str
    none: str
    arrow: str


UNICODE = Signs(
    passed="✓", failed="✗", line="━", thin="─", dot="●", tick="│", crossed="┿", left="◂", right="▸",
    at_least="≥", at_most="≤", between=" · ", none="–", arrow="→",
)  # fmt: skip
ASCII = Signs(
    passed="+", failed="x", line="=", thin="-", dot="O", tick="|", crossed="+", left="<", right=">",
    at_least=">=", at_most="<=", between=" | ", none="-", arrow="->",
)  # fmt: skip

COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.ERROR: "magenta",
    Verdict.FROZEN: "blue",
}


class Paper(Struct, frozen=True, kw_only=True):
    """A page's width in cells, the encoding that has to carry it, and the signs that this encoding has."""

    console: Console
    width: int
    encoding: str
    signs: Signs

    @property
    def wide(self) -> bool:
        """True where a row's numbers fit beside its name."""
        return self.width >= _WIDE

    @property
    def gutter(self) -> int:
        """Columns kept free for labels."""
        return min(_GUTTER_WIDE if self.wide else _GUTTER_NARROW, self.width // 3)


def paper_of(console: Console) -> Paper:
    """The paper that `console` offers: its width up to 120 columns, ASCII signs where it does not speak UTF-8."""
    signs = UNICODE if console.encoding.startswith("utf") else ASCII
    return Paper(console=console, width=min(console.width, MOST_COLUMNS), encoding=console.encoding, signs=signs)


def said(paper: Paper, text: str, *, width: int | None = None) -> str:
    """What a stranger said, as one harmless line; at most three lines of the page where no `width` is given."""
    return plain(text, width=3 * paper.width if width is None else width, encoding=paper.encoding)


def joined(paper: Paper, parts: Iterable[str]) -> str:
    """The parts that are not empty, in one line."""
    return paper.signs.between.join(part for part in parts if part)


def flowing(
    paper: Paper, parts: Iterable[str], *, indent: int, head: Text | None = None, style: str = ""
) -> list[Text]:
    """The parts that are not empty, `indent` columns in, on as few lines as hold them; a part that fits is not broken."""
    lines: list[str] = []
    for part in parts:
        longer = joined(paper, [*lines[-1:], part])
        if lines and cell_len(longer) <= paper.width - indent - 1:
            lines[-1] = longer
        elif part:
            lines.append(part)
    heads = [head or Text(), *[Text()] * len(lines)]
    pairs = zip(heads, lines, strict=False)
    return [text for first, line in pairs for text in hanging(paper, first, Text(line, style=style), indent=indent)]


def hanging(paper: Paper, label: Text | str, body: Text, *, indent: int, lines: int | None = None) -> list[Text]:
    """`label` and beside it, `indent` columns in, `body`, wrapped between words; cut after `lines`."""
    head = Text(label, style="dim") if isinstance(label, str) else label
    room = max(paper.width - indent - 1, 1)
    wrapped = list(body.wrap(paper.console, room)) or [Text()]
    shown = wrapped if lines is None else wrapped[:lines]
    if len(shown) < len(wrapped):
        ellipsis = said(paper, "…", width=3)
        shown[-1].truncate(room - cell_len(ellipsis))
        shown[-1].rstrip()
        shown[-1].append(ellipsis)
    return [_beside(head if number == 0 else Text(), line, indent=indent) for number, line in enumerate(shown)]


def labelled(paper: Paper, label: str, bodies: Sequence[Text], *, lines: int | None = None) -> list[Text]:
    """`bodies` one below the other, the first with `label` in the gutter."""
    page: list[Text] = []
    for number, body in enumerate(bodies):
        head = Text(f" {label}" if number == 0 else "", style="bold")
        page += hanging(paper, head, body, indent=paper.gutter, lines=lines)
    return page


def put(paper: Paper, lines: Iterable[Text]) -> None:
    """Prints `lines` as they are: no markup, no highlighting, nothing beyond the page's width."""
    for line in lines:
        line.rstrip()
        line.truncate(paper.width)
        paper.console.print(line, markup=False, emoji=False, highlight=False, no_wrap=True, overflow="crop")


def verdict_mark(paper: Paper, verdict: Verdict) -> str:
    """The verdict with its sign: `✓ PASS`."""
    marks = {Verdict.PASS: paper.signs.passed, Verdict.FAIL: paper.signs.failed, Verdict.INCONCLUSIVE: "?"}
    return f"{marks.get(verdict, '!')} {verdict.name}"


def _beside(head: Text, line: Text, *, indent: int) -> Text:
    gap = max(indent - head.cell_len, 1 if head.cell_len else 0)
    return Text.assemble(head, " " * gap, line)
