"""What a suite can show, as `evalslo check` prints it."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from evalslo.model.outlook import Outlook
from evalslo.report.figures import share
from evalslo.report.paper import Paper, hanging, paper_of, put, said

_INDENT = 6


def render_outlooks(suite: str, outlooks: Sequence[Outlook], *, console: Console) -> None:
    """Prints one paragraph an objective: whether it can pass, what a PASS takes, and what else there is to know."""
    paper = paper_of(console)
    put(paper, [Text(said(paper, suite), style="bold")])
    for outlook in outlooks:
        put(paper, _lines(paper, outlook))


def render_alert_note(note: str | None, *, console: Console) -> None:
    """Prints which burn-rate alerts could not fire as they are written; nothing where all can."""
    paper = paper_of(console)
    if note is not None:
        put(paper, hanging(paper, f"  {paper.signs.none}", Text(said(paper, note)), indent=4))


def _lines(paper: Paper, outlook: Outlook) -> list[Text]:
    soft = "" if outlook.objective.critical else " (soft)"
    name, text = said(paper, outlook.objective.id), said(paper, outlook.objective.text)
    head = name if name == text else f"{name}: {text}"
    sign, colour = (paper.signs.passed, "green") if outlook.can_pass else (paper.signs.none, "yellow")
    title = Text.assemble("  ", (sign, colour), " ", (head, "bold"), soft)
    lines = title.wrap(paper.console, paper.width)
    for sentence in (_takes(outlook), *outlook.notes):
        lines.extend(hanging(paper, "", Text(said(paper, sentence)), indent=_INDENT))
    return list(lines)


def _takes(outlook: Outlook) -> str:
    if outlook.most_bad is None or outlook.half_bad is None or outlook.power is None:
        return f"{outlook.events} events of {outlook.queries} golden queries"
    takes = f"a PASS needs at most {outlook.most_bad} bad of {outlook.independent}"
    return f"{takes}; a true {share(outlook.half_bad)} passes {_whole_per_cent(outlook.power)} of runs"


def _whole_per_cent(probability: float) -> str:
    if 0.005 <= probability <= 0.995:
        return f"{probability * 100:.0f} %"
    return "over 99 %" if probability > 0.5 else "under 1 %"
