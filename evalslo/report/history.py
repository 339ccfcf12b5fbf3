"""Runs over time on a terminal: when, which, what they decided, and what changed between them."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from evalslo.model.budget_report import HistoryEntry, RunDifference
from evalslo.model.ledger import KeptRow, Override, RunRecord
from evalslo.model.scorecard import Verdict
from evalslo.report.budget import override_words
from evalslo.report.figures import share
from evalslo.report.paper import COLOURS, Paper, flowing, hanging, labelled, paper_of, put, said, verdict_mark

_INDENT = 4


def render_history(entries: Sequence[HistoryEntry], *, console: Console) -> None:
    """Prints the runs, newest first, each with what changed since the one before it."""
    paper = paper_of(console)
    if not entries:
        put(paper, [Text("no run is in the history; evalslo run SUITE makes one")])
    for entry in entries:
        put(paper, _entry(paper, entry))


def render_difference(found: RunDifference, *, console: Console) -> None:
    """Prints two runs side by side."""
    paper = paper_of(console)
    put(paper, [*_run(paper, found.before), *_run(paper, found.after), Text()])
    changes = [Text(said(paper, one)) for one in found.changes] or [Text("nothing that could change a number")]
    put(paper, [*labelled(paper, "changed", changes), Text()])
    before = {row.id: row for row in found.before.objectives}
    after = {row.id: row for row in found.after.objectives}
    for name in dict.fromkeys([*before, *after]):
        put(paper, _beside(paper, name, before.get(name), after.get(name)))
    words = "two intervals side by side are no test of the difference: the same queries are in both"
    put(paper, [Text(), *hanging(paper, "", Text(words, style="dim"), indent=1)])


def render_overrides(overrides: Sequence[Override], *, console: Console) -> None:
    """Prints who let which release out, and why."""
    paper = paper_of(console)
    if not overrides:
        put(paper, [Text("no override was ever recorded")])
    for one in overrides:
        put(paper, hanging(paper, "", Text(override_words(paper, one)), indent=1))


def _entry(paper: Paper, entry: HistoryEntry) -> Iterator[Text]:
    yield from _run(paper, entry.run)
    for change in entry.changes:
        yield from hanging(paper, "", Text(f"changed {said(paper, change, width=200)}", style="dim"), indent=_INDENT)


def _run(paper: Paper, run: RunRecord) -> Iterator[Text]:
    known = run.verdict in set(Verdict)
    verdict = Verdict(run.verdict) if known else Verdict.ERROR
    mark = verdict_mark(paper, verdict) if known else f"! {said(paper, run.verdict, width=14)}"
    when = said(paper, run.started_at[:16].replace("T", " "), width=17)
    signs = "".join(_sign(paper, row) for row in run.objectives)
    head = Text.assemble(
        " ", (f"{mark:<15}", f"bold {COLOURS[verdict]}"), f"{when}  ", (said(paper, run.run_id, width=60), "bold")
    )
    yield head
    facts = [
        f"suite {said(paper, run.suite, width=40)}",
        *[
            f"{word} {said(paper, value, width=40)}"
            for word, value in (
                ("variant", run.variant),
                ("release", run.release),
                ("environment", run.environment),
                ("fed", run.source),
                ("by", run.actor),
                ("commit", None if run.commit is None else run.commit[:12]),
            )
            if value is not None
        ],
        f"objectives {signs}",
    ]
    yield from flowing(paper, facts, indent=_INDENT, style="dim")


def _sign(paper: Paper, row: KeptRow) -> str:
    signs = {"pass": paper.signs.passed, "fail": paper.signs.failed, "inconclusive": "?"}
    return signs.get(row.verdict, "!")


def _beside(paper: Paper, name: str, before: KeptRow | None, after: KeptRow | None) -> Iterator[Text]:
    yield from hanging(paper, "", Text(said(paper, name, width=60), style="bold"), indent=1)
    texts = {row.text for row in (before, after) if row is not None}
    asked = f" ({said(paper, ' before, now '.join(sorted(texts)), width=150)})" if len(texts) > 1 else ""
    yield from flowing(paper, [f"{_told(before)} {paper.signs.arrow} {_told(after)}{asked}"], indent=_INDENT)


def _told(row: KeptRow | None) -> str:
    if row is None:
        return "not there"
    if row.estimate is None:
        return "not measured"
    if row.good is None:
        return f"{row.estimate:.3f} {_bounds(row)} {row.verdict}"
    return f"{share(row.estimate)} {_bounds(row)} {row.verdict}"


def _bounds(row: KeptRow) -> str:
    if row.lower is None or row.upper is None:
        return f"of {row.n:,}"
    factor, digits = (1, 3) if row.good is None else (100, 1)
    return f"[{row.lower * factor:.{digits}f}, {row.upper * factor:.{digits}f}] of {row.n:,}"
