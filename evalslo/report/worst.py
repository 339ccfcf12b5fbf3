"""The worst answers, a few lines each: what was asked, what was answered, and what speaks against it."""

import math
from collections.abc import Sequence

from rich.text import Text

from evalslo.model.score import Evidence
from evalslo.model.scorecard import WorstAnswer
from evalslo.report.paper import Paper, hanging, joined, labelled, said

_MOST_CLAIMS = 3
_MOST_LINES = 2
_AGAINST = ("contradicted", "unsupported")
_LABEL_CELLS = 10


def worst_answers(paper: Paper, worst: Sequence[WorstAnswer]) -> list[Text]:
    """The answers in the order given, a few lines each."""
    page: list[Text] = []
    for number, answer in enumerate(worst):
        page += labelled(paper, "worst" if number == 0 else "", [_title(paper, answer)], lines=_MOST_LINES)
        page += _block(paper, answer)
    return page


def _title(paper: Paper, answer: WorstAnswer) -> Text:
    """The objective and the query; repeats count from 0, as in the run's files."""
    where = joined(
        paper,
        [
            said(paper, answer.query_id, width=48),
            f"repeat {answer.repeat}" if answer.repeat else "",
            "" if answer.value is None or not math.isfinite(answer.value) else f"value {answer.value:.4g}",
        ],
    )
    return Text.assemble((said(paper, answer.objective, width=32), "bold"), paper.signs.between, where)


def _block(paper: Paper, answer: WorstAnswer) -> list[Text]:
    said_nothing = Text("nothing", style="italic")
    page = _line(paper, "asked", Text(said(paper, answer.query)))
    page += _line(paper, "answered", said_nothing if answer.answer is None else Text(said(paper, answer.answer)))
    page += _line(paper, "why", Text(said(paper, answer.why))) if answer.why else []
    for number, evidence in enumerate(_telling(answer.evidence)):
        page += _claim(paper, evidence, label="" if answer.why or number else "why")
    return page


def _telling(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The claims that something speaks against, contradicted ones first; others tell nothing of a bad answer."""
    against = [one for one in evidence if one.verdict in _AGAINST]
    return sorted(against, key=lambda one: _AGAINST.index(one.verdict))[:_MOST_CLAIMS]


def _claim(paper: Paper, evidence: Evidence, *, label: str) -> list[Text]:
    """One claim with its verdict, then why. The verdict stands first, so that nothing in the claim can pass for it."""
    colour = "red" if evidence.verdict == "contradicted" else "yellow"
    verdict = Text(f"{paper.signs.failed} {evidence.verdict} ", style=colour)
    quoted = '"' + said(paper, evidence.claim, width=paper.width) + '"'
    source = "" if evidence.context_id is None else said(paper, evidence.context_id, width=32)
    why = joined(paper, [source, said(paper, evidence.reason or "", width=paper.width)])
    page = _line(paper, label, verdict.append(quoted, style="default"))
    return page + (_line(paper, "", Text(f"  {why}", style="dim")) if why else [])


def _line(paper: Paper, label: str, body: Text) -> list[Text]:
    indent = min(paper.gutter + _LABEL_CELLS, paper.width // 2)
    head = Text(" " * paper.gutter + label, style="dim")
    return hanging(paper, head, body, indent=indent, lines=_MOST_LINES)
