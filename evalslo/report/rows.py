"""The rows of the scorecard: one objective each, its numbers above, what they rest on below."""

from collections.abc import Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from evalslo.model.objective import Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import Correction, Counts, Estimate, ObjectiveResult, Reason, Verdict
from evalslo.report.bar import BAR_CELLS, bar_heading, draw_bar
from evalslo.report.figures import Figures, quantile_figures, row_figure, row_figures, share
from evalslo.report.paper import COLOURS, Paper, flowing, said, verdict_mark
from evalslo.report.told import untold

_GAP = "  "
_NARROW_INDENT = 3
_SAID_BY_VERDICT = "missed"
_USUAL_METHODS = ("clopper-pearson", "gaffke", "korn-graubard", "scaled-gaffke")
_IN_WORDS = {
    Missing.ANSWERABLE.value: "query can be answered",
    Missing.UNANSWERABLE.value: "query cannot be answered",
    Missing.NO_LABEL.value: "not said whether it can be answered",
    Missing.NO_RELEVANT.value: "no relevant document named",
}


class Row(Struct, frozen=True, kw_only=True):
    """One objective in print. `tags` say what its verdict alone does not: soft, unconfirmed; `reasons` what the run did not."""

    result: ObjectiveResult
    name: str
    tags: tuple[str, ...]
    reasons: tuple[Reason, ...]
    estimate: str
    interval: str
    target: str

    @property
    def colour(self) -> str:
        """The verdict's colour; a shown miss that stops nothing is no alarm."""
        shown_miss = self.result.verdict is Verdict.FAIL
        return COLOURS[Verdict.INCONCLUSIVE] if shown_miss and self.tags else COLOURS[self.result.verdict]


class Columns(Struct, frozen=True, kw_only=True):
    """The widths of the columns that all rows share, in cells."""

    name: int
    estimate: int
    interval: int
    target: int


def objective_rows(paper: Paper, results: Sequence[ObjectiveResult], *, reasons: Sequence[Reason]) -> list[Text]:
    """The heading and a block of lines for each of `results`; `reasons` are the run's."""
    rows = _rows(paper, results, reasons=reasons)
    columns = _columns(paper, rows)
    page = [_heading(paper, columns, results=results)] if paper.wide and rows else []
    for row in rows:
        page += _wide(paper, row, columns=columns) if paper.wide else _narrow(paper, row, columns=columns)
    return page


def is_unconfirmed(result: ObjectiveResult, reasons: Sequence[Reason]) -> bool:
    """True where a miss was shown alone and not beside the other critical rows."""
    told = (*result.reasons, *(reason for reason in reasons if reason.objective == result.objective.id))
    return any(reason.code == "fail_unconfirmed" for reason in told)


def _rows(paper: Paper, results: Sequence[ObjectiveResult], *, reasons: Sequence[Reason]) -> list[Row]:
    figures = [row_figures(result.objective, result.estimate) for result in results]
    return [
        Row(
            result=result,
            name=said(paper, result.objective.id),
            tags=_tags(result, reasons=reasons),
            reasons=tuple(untold(result, reasons)),
            estimate=one.estimate or paper.signs.none,
            interval=_interval(paper, one),
            target=f"{_op(paper, result.objective)} {one.target}",
        )
        for result, one in zip(results, figures, strict=True)
    ]


def _tags(result: ObjectiveResult, *, reasons: Sequence[Reason]) -> tuple[str, ...]:
    soft = () if result.objective.critical else ("soft",)
    return (*soft, "unconfirmed") if is_unconfirmed(result, reasons) else soft


def _interval(paper: Paper, figures: Figures) -> str:
    none = paper.signs.none
    if figures.lower is None and figures.upper is None:
        return none
    return f"[{figures.lower or none}, {figures.upper or none}]"


def _columns(paper: Paper, rows: Sequence[Row]) -> Columns:
    headed = paper.wide
    estimate = max([cell_len(row.estimate) for row in rows] + [len("estimate") * headed])
    interval = max([cell_len(row.interval) for row in rows] + [len("90 % interval") * headed])
    target = max([cell_len(row.target) for row in rows] + [len("target") * headed])
    taken = paper.gutter + estimate + interval + target + BAR_CELLS + 4 * len(_GAP) + 1
    return Columns(name=max(paper.width - taken, 1), estimate=estimate, interval=interval, target=target)


def _heading(paper: Paper, columns: Columns, *, results: Sequence[ObjectiveResult]) -> Text:
    """The columns' names; the interval's level where all rows share one."""
    levels = {1 - 2 * result.objective.alpha for result in results}
    interval = f"{share(float(levels.pop()))} interval" if len(levels) == 1 else "interval"
    cells = [
        " " * paper.gutter + "objective".ljust(columns.name),
        "estimate".rjust(columns.estimate),
        interval.ljust(columns.interval),
        "target".ljust(columns.target),
        bar_heading(paper.signs),
    ]
    return Text(_GAP.join(cells), style="dim")


def _wide(paper: Paper, row: Row, *, columns: Columns) -> list[Text]:
    """Numbers beside the name where the name fits, else below it; then what they rest on."""
    numbers = _numbers(paper, row, columns=columns, bar=True)
    head = _verdict(paper, row)
    head.pad_right(paper.gutter - head.cell_len)
    name = _name(paper, row, width=paper.width - paper.gutter - 1)
    if name.cell_len <= columns.name:
        name.pad_right(columns.name - name.cell_len)
        first = [Text.assemble(head, name, _GAP, numbers)]
    else:
        blank = Text(" " * (paper.gutter + columns.name))
        first = [Text.assemble(head, name), Text.assemble(blank, _GAP, numbers)]
    return first + _details(paper, row, indent=paper.gutter)


def _narrow(paper: Paper, row: Row, *, columns: Columns) -> list[Text]:
    """The name, the numbers and what they rest on, one below the other."""
    indent = _NARROW_INDENT
    head = Text.assemble(_verdict(paper, row), _GAP)
    name = _name(paper, row, width=paper.width - head.cell_len - 1)
    room = indent + columns.estimate + columns.interval + columns.target + BAR_CELLS + 3 * len(_GAP)
    numbers = _numbers(paper, row, columns=columns, bar=room <= paper.width)
    return [Text.assemble(head, name), Text.assemble(" " * indent, numbers), *_details(paper, row, indent=indent)]


def _verdict(paper: Paper, row: Row) -> Text:
    return Text.assemble(" ", (verdict_mark(paper, row.result.verdict), f"bold {row.colour}"))


def _name(paper: Paper, row: Row, *, width: int) -> Text:
    tags = "".join(f" {tag}" for tag in row.tags)
    name = said(paper, row.name, width=max(width - len(tags), 1))
    return Text.assemble((name, "bold"), (tags, "italic dim"))


def _numbers(paper: Paper, row: Row, *, columns: Columns, bar: bool) -> Text:
    cells = [
        Text(row.estimate.rjust(columns.estimate), style="bold"),
        Text(row.interval.ljust(columns.interval)),
        Text(row.target.ljust(columns.target)),
    ]
    if bar:
        result = row.result
        cells.append(draw_bar(result.objective, result.estimate, signs=paper.signs, colour=row.colour))
    return Text(_GAP).join(cells)


def _details(paper: Paper, row: Row, *, indent: int) -> list[Text]:
    """What the numbers rest on: the objective's own words, counts, coverage, scorer; then what has no value."""
    counts = row.result.counts
    parts = [
        _words(paper, row.result.objective),
        _quantile(paper, row.result),
        _counted(row.result),
        _design_effect(row.result.estimate),
        _method(row.result.estimate),
        _decided(row.result),
        f"coverage {_coverage(paper, counts)}",
        _worst_case(row.result),
        said(paper, row.result.scorer or "", width=40),
    ]
    page = flowing(paper, parts, indent=indent, style="dim")
    if row.result.correction is not None:
        page += flowing(paper, _corrected(row.result.objective, row.result.correction), indent=indent, style="dim")
    if counts.excluded:
        page += flowing(paper, [_left_out(paper, counts)], indent=indent, style="dim")
    for reason in row.reasons:
        if reason.code == _SAID_BY_VERDICT:
            continue
        page += flowing(paper, [said(paper, reason.text)], indent=indent, style="dim")
    return page


def _words(paper: Paper, objective: Objective) -> str:
    """The objective's own words, "" where the row's name and target say all of them."""
    told = objective.id == str(objective.sli) and objective.event is None
    return "" if told else said(paper, objective.text)


def _counted(result: ObjectiveResult) -> str:
    """The events counted towards the side that the target speaks of, and the independent units where they are fewer."""
    counts = result.counts
    if not counts.n:
        return "nothing measured"
    if counts.good is None or counts.bad is None:
        text = f"mean of {counts.n:,}"
    elif result.objective.op == ">=":
        text = f"{counts.good:,} of {counts.n:,} good"
    else:
        text = f"{counts.bad:,} of {counts.n:,} bad"
    if result.estimate is None or result.estimate.clusters == counts.n:
        return text
    return f"{text} in {result.estimate.clusters:,} clusters"


def _design_effect(estimate: Estimate | None) -> str:
    """How many dependent events carry as much as one independent event, and the correlation that was found."""
    if estimate is None or estimate.deff is None:
        return ""
    effect = f"design effect {estimate.deff:.2f}"
    return effect if estimate.icc is None else f"{effect} (ICC {estimate.icc:.2f})"


def _method(estimate: Estimate | None) -> str:
    """The method, where it is not what anybody would expect of such data without asking for it."""
    if estimate is None or estimate.method is None or estimate.method in _USUAL_METHODS:
        return ""
    return f"by {estimate.method}"


def _decided(result: ObjectiveResult) -> str:
    return "" if result.decided_at is None else f"decided after {result.decided_at:,} queries"


def _corrected(objective: Objective, correction: Correction) -> list[str]:
    """What people's labels changed, and how many more would decide."""
    needed = correction.needed_labels
    return [
        f"corrected by {correction.labels:,} labels, was {row_figure(objective, correction.raw_estimate)}",
        "" if needed is None else f"about {needed:,} more labels would settle it",
    ]


def _coverage(paper: Paper, counts: Counts) -> str:
    return paper.signs.none if counts.coverage is None else share(counts.coverage)


def _left_out(paper: Paper, counts: Counts) -> str:
    """The events without a value, and why they have none."""
    kinds = {"unmeasured": counts.unmeasured, "not applicable": counts.not_applicable}
    what = " and ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)
    whys = [f"{_spaced(paper, reason)} {n:,}" for reason, n in sorted(counts.excluded_reasons.items())]
    why = ", ".join(whys) if len(whys) > 1 else "".join(_spaced(paper, reason) for reason in counts.excluded_reasons)
    left_out = f"{what} of {counts.planned:,} planned"
    return f"{left_out}: {why}" if why else left_out


def _worst_case(result: ObjectiveResult) -> str:
    """What the estimate would be with every unmeasured event counted as bad."""
    if result.worst_case is None or not result.counts.unmeasured:
        return ""
    return f"worst case {row_figure(result.objective, result.worst_case)}"


def _quantile(paper: Paper, result: ObjectiveResult) -> str:
    """The quantile in its own unit: `p95 1.42 s [1.10, 1.90]`."""
    quantile, event = result.quantile, result.objective.event
    if quantile is None or event is None:
        return ""
    name = f"p{100 * quantile.q:.6g}"
    figures = quantile_figures(quantile, bound=event.value, unit=event.unit)
    none = paper.signs.none
    if quantile.lower is None and quantile.upper is None:
        return f"{name} {figures.estimate or none}"
    return f"{name} {figures.estimate or none} [{figures.lower or none}, {figures.upper or none}]"


def _spaced(paper: Paper, code: str) -> str:
    if code in _IN_WORDS:
        return _IN_WORDS[code]
    return said(paper, code, width=24).replace("_", " ")


def _op(paper: Paper, objective: Objective) -> str:
    return paper.signs.at_least if objective.op == ">=" else paper.signs.at_most
