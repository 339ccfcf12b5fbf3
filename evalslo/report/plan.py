"""Plans on a terminal: a table of golden-set sizes, and the power that each size has."""

from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from evalslo.model.plan import Plan, PlannedSize, PlannedTruth
from evalslo.report.figures import exact
from evalslo.report.paper import Paper, flowing, hanging, paper_of, put, said
from evalslo.report.power_plot import draw_power

_GAP = "  "
_INDENT = 3
_LONGEST_NAME = 26
_WIDEST_PLOT = 84


class _Table(Struct, frozen=True, kw_only=True):
    """Cells under their headings; the first column names the row."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def render_plan(plan: Plan, *, console: Console) -> None:
    """Prints what one target takes: a row a truth, then the power by golden queries."""
    paper = paper_of(console)
    put(paper, [Text(f" {_aim(plan)}", style="bold"), *_paragraphs(paper, _terms(paper, plan)), Text()])
    headings = ["truth", "shows", *(h for power in plan.powers for h in (_of_runs(power), "always from")), "sequential"]
    rows = [
        [_value(plan, one.truth), one.shows.upper(), *_sizes(paper, plan, one, lasting=True)] for one in plan.truths
    ]
    put(paper, _table(paper, _Table(headings=headings, rows=rows)))
    legend = [_legend(paper, plan), _LASTING, *_too_many(paper, plan)]
    put(paper, [Text(), *_paragraphs(paper, legend), *_plot(paper, plan)])


def render_plans(suite: str, plans: Sequence[Plan], *, console: Console) -> None:
    """Prints what the objectives of a suite take: a row an objective, then the power of the one that needs most."""
    paper = paper_of(console)
    put(paper, [Text(" " + said(paper, suite, width=paper.width - 2), style="bold")])
    if not plans:
        put(paper, _paragraphs(paper, ["no objective that any number of golden queries could decide"]))
        return
    together = next((plan for plan in plans if plan.critical), plans[0])
    put(paper, [*_paragraphs(paper, [_together(together)]), Text()])
    powers = [_of_runs(power) for power in plans[0].powers]
    headings = ["objective", "truth", "now", "shown", "fewest", *powers, "sequential"]
    put(paper, _table(paper, _Table(headings=headings, rows=[_suite_row(paper, plan) for plan in plans])))
    notes = [f"{said(paper, plan.objective or '')}: {said(paper, note)}" for plan in plans for note in plan.notes]
    put(paper, [Text(), *_paragraphs(paper, [_PRESENT, _legend(paper, plans[0]), *notes])])
    put(paper, _plot(paper, _neediest(plans)))


_PRESENT = (
    "now: the golden queries there are; shown: how often they show the truth; fewest: what a PASS takes, all good"
)
_LASTING = "always from: no larger golden set shows the truth less often; between the two some do, by a little"


def _legend(paper: Paper, plan: Plan) -> str:
    """What the columns say; a sequential run is planned for a PASS, at the largest power that stands in the table."""
    return (
        "of runs: the first golden set that shows the truth so often, with at most so many bad events (a FAIL: at least); "
        f"sequential: the golden set for run --sequential, which asks as many of it as it takes: 1.5 times that for "
        f"{_power(max(plan.powers))}, planned for a PASS alone (a FAIL: {paper.signs.none})"
    )


def _suite_row(paper: Paper, plan: Plan) -> list[str]:
    none, present = paper.signs.none, plan.present
    soft = "" if plan.critical else " (soft)"
    name = said(paper, plan.objective or "", width=_LONGEST_NAME - len(soft)) + soft
    there = none if present is None else f"{present.queries:,}"
    now = none if present is None or present.power is None else _whole_per_cent(present.power)
    fewest = none if plan.fewest is None else f"{plan.fewest:,}"
    if not plan.truths:
        return [name, none, there, none, fewest, *[none] * len(plan.powers), none]
    (one,) = plan.truths
    truth = _value(plan, one.truth) + (" FAIL" if one.shows == "fail" else "")
    return [name, truth, there, now, fewest, *_sizes(paper, plan, one, lasting=False)]


def _sizes(paper: Paper, plan: Plan, one: PlannedTruth, *, lasting: bool) -> list[str]:
    none, cells = paper.signs.none, []
    for size in one.sizes:
        cells.append(none if size is None else _size(plan, size))
        cells += [none if size is None else f"{size.queries_from_on:,}"] if lasting else []
    return [*cells, none if one.horizon is None else f"{one.horizon:,}"]


def _size(plan: Plan, size: PlannedSize) -> str:
    if size.bad is None:
        return f"{size.queries:,}"
    about = "" if plan.effect == 1.0 else "~"
    return f"{size.queries:,} ({about}{round(size.bad * plan.effect):,} bad)"


def _of_runs(power: Fraction) -> str:
    return f"{_power(power)} of runs"


def _aim(plan: Plan) -> str:
    least = "at least" if plan.op == ">=" else "at most"
    if plan.shape == "mean":
        return f"a mean of {least} {exact(plan.target)}"
    return f"{least} {_per_cent(plan.target)} {'good' if plan.op == '>=' else 'bad'}"


def _terms(paper: Paper, plan: Plan) -> list[str]:
    """What the sizes rest on: the error rate, the fewest, the units, the other objectives."""
    fewest = (
        "" if plan.fewest is None else f"; a PASS takes {plan.fewest:,} golden queries or more, even if all are good"
    )
    terms = [f"shown at an error rate of {_per_cent(plan.alpha)} a side{fewest}"]
    if plan.effect > 1.0:
        unit = f"groups of {plan.unit_queries:g}" if plan.unit_queries > 1 else f"{plan.repeats} calls of each"
        terms.append(
            f"{unit}: {plan.effect:.3g} events count as one; such sizes are approximate, and the power often lower, "
            f"since the gate estimates that number anew"
        )
    if plan.shape == "mean":
        terms.append("sizes for a mean are approximate: they rest on the spread, and on Gaffke's bound by its moments")
    if plan.objectives > 1:
        terms.append(_together(plan))
    return [*terms, *(said(paper, note) for note in plan.notes)]


def _together(plan: Plan) -> str:
    if plan.objectives == 1:
        return "each objective by itself"
    each = " and ".join(_power(power) for power in plan.each)
    which = "objectives" if plan.objective is None else "critical objectives"
    return f"so that all {plan.objectives} {which} pass together so often, each has to pass {each} of runs"


def _too_many(paper: Paper, plan: Plan) -> list[str]:
    """A sentence where a truth lies so near to the target that it has no size."""
    unknown = any(size is None for one in plan.truths for size in one.sizes)
    return [f"{paper.signs.none}: more than 10,000,000 golden queries"] if unknown else []


def _plot(paper: Paper, plan: Plan | None) -> list[Text]:
    if plan is None or plan.drawn is None:
        return []
    width = min(paper.width - _INDENT, _WIDEST_PLOT)
    now = None if plan.present is None else plan.present.queries
    guides = [float(power) for power in plan.each]
    drawing = draw_power(plan.curve, width=width, signs=paper.signs, guides=guides, now=now)
    if not drawing:
        return []
    of = "" if plan.objective is None else f"{said(paper, plan.objective, width=_LONGEST_NAME)}: "
    there = "" if now is None or now > plan.curve[-1].queries else "; the upright line is now"
    title = Text(f"{of}power at a truth of {_value(plan, plan.drawn)}, by golden queries{there}")
    return [Text(), *hanging(paper, "", title, indent=_INDENT), *drawing]


def _neediest(plans: Sequence[Plan]) -> Plan | None:
    """The plan of the objective that needs most golden queries, a critical one where one has a curve."""
    drawn = [plan for plan in plans if plan.curve]
    return max(drawn, key=lambda plan: (plan.critical, plan.curve[-1].queries)) if drawn else None


def _table(paper: Paper, table: _Table) -> list[Text]:
    """The table in columns where they fit the page, else one paragraph a row."""
    widths = [max(cell_len(row[at]) for row in (table.headings, *table.rows)) for at in range(len(table.headings))]
    if _INDENT + sum(widths) + len(_GAP) * (len(widths) - 1) > paper.width:
        return [line for row in table.rows for line in _paragraph(paper, row, headings=table.headings)]
    lines = [_line(row, widths) for row in table.rows]
    return [Text(_line(table.headings, widths), style="dim"), *(Text(line) for line in lines)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return " " * _INDENT + _GAP.join(padded)


def _paragraph(paper: Paper, row: Sequence[str], *, headings: Sequence[str]) -> list[Text]:
    named = [f"{heading} {cell}" for heading, cell in zip(headings[1:], row[1:], strict=True)]
    title = Text(f" {headings[0]} {row[0]}", style="bold")
    return [title, *flowing(paper, named, indent=_INDENT)]


def _paragraphs(paper: Paper, sentences: Sequence[str]) -> list[Text]:
    return [line for sentence in sentences for line in hanging(paper, "", Text(sentence, style="dim"), indent=_INDENT)]


def _value(plan: Plan, value: Fraction) -> str:
    """A number in the space of the target."""
    return exact(value) if plan.shape == "mean" else _per_cent(value)


def _per_cent(value: Fraction) -> str:
    return f"{exact(value * 100)} %"


def _power(power: Fraction) -> str:
    """Three digits, or as many as keep a power below 100 %."""
    shown = (f"{float(100 * power):.{digits}g}" for digits in range(3, 17))
    return f"{next((text for text in shown if float(text) < 100), '100')} %"


def _whole_per_cent(probability: float) -> str:
    if probability == 0.0:
        return "0 %"
    if 0.005 <= probability <= 0.995:
        return f"{100 * probability:.0f} %"
    return "over 99 %" if probability > 0.5 else "under 1 %"
