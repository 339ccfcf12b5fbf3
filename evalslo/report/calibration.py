"""How good a scorer is, on a terminal: its table beside people, its figures with intervals, and what is weak about it."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from evalslo.model.calibration import Agreement, Bin, Calibration, Confusion, Cut, Drift, Figure, LabelledSet
from evalslo.report.paper import Paper, flowing, hanging, labelled, paper_of, put, said

_INDENT = 3
_NAME = 20  # columns, the gap among them
_VALUE = 8
_INTERVAL = 18
_GAP = "  "
_ONE = Cut(op=">=", value=1.0)  # no value is above 1

KAPPA_WORDS = ((0.80, "almost perfect"), (0.60, "substantial"), (0.40, "moderate"), (0.20, "fair"), (0.0, "slight"))
"""What a kappa above is called. Source: Landis & Koch (1977), Biometrics 33:159, doi:10.2307/2529310."""
AUC_WORDS = ((0.90, "outstanding"), (0.80, "excellent"), (0.70, "acceptable"), (0.50, "poor"))
"""What an area from here on is called. Source: Hosmer, Lemeshow & Sturdivant (2013), doi:10.1002/9781118548387, 5.2.4."""


class _Line(Struct, frozen=True, kw_only=True):
    """A figure, its name, and what it says in words."""

    name: str
    figure: Figure
    words: str = ""


def render_calibration(found: Calibration, *, console: Console) -> None:
    """Prints what labels say of a scorer."""
    paper, kept = paper_of(console), found.labelled
    put(paper, _head(paper, kept))
    put(paper, [Text(), *_confusion(paper, found.agreement.confusion, rows="scorer", columns="people")])
    put(
        paper,
        [Text(), *_figures(paper, [*_skill(found.agreement), *_beyond_chance(found.agreement), *_others(found)])],
    )
    if found.bins:
        put(paper, [Text(), *_reliability(paper, found)])
    if found.labellers is not None:
        put(paper, [Text(), *_two_people(paper, found.labellers)])
    if found.weak:
        put(paper, [Text(), *labelled(paper, "weak", [Text(said(paper, one)) for one in found.weak])])


def render_drift(found: Drift, *, console: Console) -> None:
    """Prints whether a scorer still says what it said."""
    paper = paper_of(console)
    same = found.scorer_then == found.scorer_now
    names = [said(paper, found.scorer_then, width=60), said(paper, found.scorer_now, width=60)]
    title = "the same scorer" if same else "another scorer"
    put(
        paper,
        hanging(
            paper, "", Text(f"{said(paper, found.sli, width=40)}: {title}, the same answers", style="bold"), indent=1
        ),
    )
    scorers = [f"scorer {names[0]}"] if same else [f"then {names[0]}", f"now {names[1]}"]
    gone = f"{found.gone:,} not in this run as they were" if found.gone else ""
    facts = [*scorers, f"run {said(paper, found.run_id, width=60)}", f"{found.n:,} labelled answers judged again", gone]
    put(paper, flowing(paper, facts, indent=_INDENT, style="dim"))
    confusion = _changes(found)
    put(paper, [Text(), *_confusion(paper, confusion, rows="then", columns="now"), Text()])
    lines = [
        _Line(name="verdicts changed", figure=found.changed, words=_changed_words(found)),
        _Line(name="agreement before", figure=found.before.balanced_accuracy, words="balanced accuracy, with people"),
        _Line(name="agreement after", figure=found.after.balanced_accuracy, words="balanced accuracy, with people"),
    ]
    put(paper, _figures(paper, lines))


def _head(paper: Paper, kept: LabelledSet) -> list[Text]:
    name, scorer = said(paper, kept.sli, width=40), said(paper, kept.scorer, width=60)
    labels = f"{len(kept.answers):,} labels of {kept.scored:,} scored answers"
    how = (
        "drawn at random" if kept.sampled == "random" else "drawn by verdict, figures reweighted to all scored answers"
    )
    facts = [f"run {said(paper, kept.run_id, width=60)}", labels, how, f"yes: {_yes(name, kept.cut)}"]
    title = hanging(paper, "", Text(f"{name} by {scorer}, beside people", style="bold"), indent=1)
    return [*title, *flowing(paper, facts, indent=_INDENT, style="dim")]


def _yes(name: str, cut: Cut) -> str:
    return f"{name} {'=' if cut == _ONE else cut.op} {cut.value:g}"


def _confusion(paper: Paper, table: Confusion, *, rows: str, columns: str) -> list[Text]:
    """The four counts: one rater's words down, the other's across."""
    cells = [
        ["", f"{columns} yes", f"{columns} no"],
        [f"{rows} yes", f"{table.yes_yes:,}", f"{table.yes_no:,}"],
        [f"{rows} no", f"{table.no_yes:,}", f"{table.no_no:,}"],
    ]
    return _columns(paper, cells)


def _columns(paper: Paper, cells: Sequence[Sequence[str]]) -> list[Text]:
    """Rows of cells, the first one the headings; the first column to the left, numbers to the right."""
    widths = [max(cell_len(row[at]) for row in cells) for at in range(len(cells[0]))]
    gap = _GAP if _INDENT + sum(widths) + len(_GAP) * (len(widths) - 1) <= paper.width else " "
    lines = []
    for number, row in enumerate(cells):
        padded = [_pad(cell, width, right=at > 0) for at, (cell, width) in enumerate(zip(row, widths, strict=True))]
        lines.append(Text(" " * _INDENT + gap.join(padded), style="dim" if number == 0 else ""))
    return lines


def _pad(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def _skill(found: Agreement) -> list[_Line]:
    return [
        _Line(name="sensitivity", figure=found.sensitivity, words="of people's yes, the scorer says yes"),
        _Line(name="specificity", figure=found.specificity, words="of people's no, the scorer says no"),
        _Line(name="balanced accuracy", figure=found.balanced_accuracy, words="a coin has 0.5"),
    ]


def _beyond_chance(found: Agreement) -> list[_Line]:
    return [
        _Line(name="observed agreement", figure=found.observed, words="chance included"),
        _Line(name="Cohen's kappa", figure=found.kappa, words=_graded(found.kappa, KAPPA_WORDS, least="none")),
        _Line(name="Gwet's AC1", figure=found.ac1, words=_graded(found.ac1, KAPPA_WORDS, least="none")),
    ]


def _others(found: Calibration) -> list[_Line]:
    lines = []
    if found.auc is not None:
        lines.append(_Line(name="ROC-AUC", figure=found.auc, words=_graded(found.auc, AUC_WORDS, least="none")))
    if found.self_agreement is not None:
        words = "two votes on one answer say the same; a coin has 0.5"
        lines.append(_Line(name="self-agreement", figure=found.self_agreement, words=words))
    return lines


def _graded(figure: Figure, words: Iterable[tuple[float, str]], *, least: str) -> str:
    """`moderate, at worst fair`: the word for the estimate, and the one for its lower bound."""
    grades = list(words)

    def word(value: float) -> str:
        return next((name for above, name in grades if value > above), least)

    if figure.estimate is None:
        return ""
    if figure.lower is None or word(figure.lower) == word(figure.estimate):
        return word(figure.estimate)
    return f"{word(figure.estimate)}, at worst {word(figure.lower)}"


def _figures(paper: Paper, lines: Sequence[_Line]) -> list[Text]:
    """A line a figure; its words beside it, or below where the page is narrow."""
    page = [Text(" " * _INDENT + "".ljust(_NAME) + "value".ljust(_VALUE) + "95 % interval", style="dim")]
    room = paper.width - _INDENT - _NAME - _VALUE - _INTERVAL
    for line in lines:
        figures = Text(" " * _INDENT + line.name.ljust(_NAME) + _value(paper, line.figure).ljust(_VALUE))
        figures.append(_interval(paper, line.figure).ljust(_INTERVAL))
        if line.words and cell_len(line.words) < room:
            figures.append(line.words, style="dim")
            page.append(figures)
        else:
            words = hanging(paper, "", Text(line.words, style="dim"), indent=_INDENT + 2) if line.words else []
            page += [figures, *words]
    return page


def _value(paper: Paper, figure: Figure) -> str:
    return paper.signs.none if figure.estimate is None else _number(figure.estimate)


def _interval(paper: Paper, figure: Figure) -> str:
    if figure.lower is None or figure.upper is None:
        return paper.signs.none
    return f"{_number(figure.lower)} to {_number(figure.upper)}"


def _number(value: float) -> str:
    """Three decimals, and never 1.000 or 0.000 unless it is."""
    text = f"{value:.3f}"
    if text == "1.000" and value < 1.0:
        return "0.999+"
    return "0.001-" if text == "0.000" and value > 0.0 else text


def _reliability(paper: Paper, found: Calibration) -> list[Text]:
    title = "what it says beside what people say"
    error = "" if found.calibration_error is None else f"; on average {found.calibration_error:.3f} apart"
    cells = [["judged", "n", "mean", "people", "95 % interval"], *(_bin(paper, one) for one in found.bins)]
    return [*hanging(paper, "", Text(title + error, style="dim"), indent=_INDENT), *_columns(paper, cells)]


def _bin(paper: Paper, one: Bin) -> list[str]:
    mean, people = _number(one.judged), _value(paper, one.human)
    return [f"{one.low:.1f} to {one.high:.1f}", f"{one.n:,}", mean, people, _interval(paper, one.human)]


def _two_people(paper: Paper, found: Agreement) -> list[Text]:
    title = f"two people on {found.confusion.n:,} of the answers, each without the other"
    table = _confusion(paper, found.confusion, rows="first", columns="second")
    return [
        *hanging(paper, "", Text(title, style="bold"), indent=1),
        *table,
        *_figures(paper, _beyond_chance(found)),
    ]


def _changes(found: Drift) -> Confusion:
    """Then and now, as far as the counts of change tell: what stayed is split by the agreement before."""
    yes_then = found.before.confusion.yes_yes + found.before.confusion.yes_no
    return Confusion(
        yes_yes=yes_then - found.became_no,
        yes_no=found.became_no,
        no_yes=found.became_yes,
        no_no=found.n - yes_then - found.became_yes,
    )


def _changed_words(found: Drift) -> str:
    if not found.became_yes + found.became_no:
        return "none of them" if not found.moved else f"none of them, though {found.moved:,} values moved"
    way = "more of one verdict now" if found.p_changed <= 0.05 else "not shown to lean to one side"
    return f"{way} (McNemar p = {found.p_changed:.2g})"
