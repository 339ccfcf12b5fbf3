"""Several suites at once: one line each, and the one exit code."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from evalslo.model.scorecard import Scorecard, Verdict
from evalslo.report.paper import COLOURS, Paper, flowing, hanging, paper_of, put, said, verdict_mark
from evalslo.report.terminal import tally

_GAP = "  "
_MARK_CELLS = len("? INCONCLUSIVE")


def render_summary(scorecards: Sequence[Scorecard], *, exit_code: int, console: Console) -> None:
    """Prints one line a suite and the exit code of all of them together."""
    paper = paper_of(console)
    names = [said(paper, card.suite, width=max(paper.width // 3, 8)) for card in scorecards]
    widest = max((cell_len(name) for name in names), default=0)
    for card, name in zip(scorecards, names, strict=True):
        put(paper, _line(paper, card, name=name, widest=widest))
        if card.verdict is Verdict.ERROR and card.reasons:
            put(paper, hanging(paper, "", Text(said(paper, card.reasons[0].text)), indent=_MARK_CELLS + 1 + len(_GAP)))
    plural = "suite" if len(scorecards) == 1 else "suites"
    put(paper, [Text(), Text(f" {len(scorecards)} {plural}, exit {exit_code}", style="bold")])


def _line(paper: Paper, card: Scorecard, *, name: str, widest: int) -> list[Text]:
    mark = Text.assemble(" ", (verdict_mark(paper, card.verdict), f"bold {COLOURS[card.verdict]}"))
    mark.pad_right(_MARK_CELLS + 1 - mark.cell_len)
    padded = name + " " * (widest - cell_len(name))
    head = Text.assemble(mark, _GAP, (padded, "bold"))
    stand = [f"exit {card.exit_code}", *tally(card.objectives, reasons=card.reasons)]
    return flowing(paper, stand, indent=head.cell_len + len(_GAP), head=head)
