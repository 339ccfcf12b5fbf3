"""Budgets on a terminal: whether a release may go out, then each objective's window, budget, burn and alerts."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from rich.console import Console
from rich.text import Text

from evalslo.model.alert import Alert, Burn
from evalslo.model.budget import ErrorBudget, Forecast
from evalslo.model.budget_report import AgreementBudget, BudgetReport, ObjectiveBudget
from evalslo.model.ledger import Override
from evalslo.model.policy import Decision, Outcome
from evalslo.report.burn_down import burn_down, colour_of, remaining_bar
from evalslo.report.figures import exact
from evalslo.report.paper import Paper, flowing, hanging, labelled, paper_of, put, said

_INDENT = 4
_DAY_S = 86_400
WORDS: dict[Outcome, str] = {
    "allow": "RELEASE ALLOWED",
    "warn": "RELEASE ALLOWED, WITH A WARNING",
    "approve": "NEEDS APPROVAL",
    "freeze": "FROZEN",
}
_COLOURS: dict[Outcome, str] = {"allow": "green", "warn": "yellow", "approve": "blue", "freeze": "blue"}


def render_budgets(
    reports: Sequence[BudgetReport], *, console: Console, quiet: bool = False, exit_code: int = 0
) -> None:
    """Prints each report, or with `quiet` a line of each."""
    paper = paper_of(console)
    for number, report in enumerate(reports):
        if number and not quiet:
            put(paper, [Text()])
        put(paper, _head(paper, report, exit_code=exit_code))
        if not quiet:
            put(paper, _body(paper, report))


def _head(paper: Paper, report: BudgetReport, *, exit_code: int) -> list[Text]:
    outcome = None if report.decision is None else report.decision.outcome
    word = "NO POLICY" if outcome is None else WORDS[outcome]
    mark = Text(f" {word} ", style=f"bold reverse {'white' if outcome is None else _COLOURS[outcome]}")
    code = f"exit {exit_code}"
    room = max(paper.width - mark.cell_len - len(code) - 6, 8)
    first = Text.assemble(" ", mark, "  ", (said(paper, report.service, width=room), "bold"))
    first.pad_right(max(paper.width - first.cell_len - len(code) - 1, 2))
    first.append(code, style="bold")
    facts = [
        f"suite {said(paper, report.suite, width=40)}",
        "no source has fed it" if report.source is None else f"source {said(paper, report.source, width=40)}",
        "" if report.environment is None else f"environment {said(paper, report.environment, width=40)}",
        "" if report.release is None else f"release {said(paper, report.release, width=40)}",
        f"at {stamp(report.now)}",
    ]
    return [first, *flowing(paper, facts, indent=_INDENT, style="dim")]


def _body(paper: Paper, report: BudgetReport) -> Iterator[Text]:
    if report.decision is not None and report.decision.reasons:
        yield from [Text(), *labelled(paper, "why", _reasons(paper, report.decision))]
    for row in report.rows:
        yield from [Text(), *_row(paper, row)]
    if derived := _derived(paper, report):
        yield from [Text(), *labelled(paper, "alerts", derived)]
    if report.unbudgeted:
        bodies = [Text(said(paper, f"{text}: {why}")) for text, why in report.unbudgeted]
        yield from [Text(), *labelled(paper, "no budget", bodies)]
    if report.overrides:
        yield from [
            Text(),
            *labelled(paper, "overrides", [Text(override_words(paper, one)) for one in report.overrides]),
        ]


def _reasons(paper: Paper, decision: Decision) -> list[Text]:
    return [
        Text(said(paper, one.text if one.objective is None else f"{one.objective}: {one.text}"))
        for one in decision.reasons
    ]


def _row(paper: Paper, row: ObjectiveBudget) -> Iterator[Text]:
    budget = row.budget
    objective = budget.objective
    name = said(paper, objective.id, width=40) + ("" if objective.critical else " soft")
    bar = remaining_bar(budget.remaining, signs=paper.signs)
    line = Text.assemble("   ", bar, "  ", (_left(budget), f"bold {colour_of(budget.remaining)}"), "  ", (name, "bold"))
    yield line
    rules = objective.rules
    facts = [
        f"{said(paper, objective.text, width=60)} over {objective.window.text}",
        "" if rules.method == "occurrences" else f"by {rules.method} of {_lasting(rules.slice_s or 0)}",
        _so_far(budget),
        _interval(budget),
        "" if budget.burn is None else f"burn {_number(budget.burn)}",
        _forecast(budget.forecast),
    ]
    yield from flowing(paper, facts, indent=_INDENT)
    drawn = burn_down(budget.daily, signs=paper.signs)
    if len(drawn.strip()) > 1:
        yield from hanging(paper, "", Text(f"by day {drawn}", style="dim"), indent=_INDENT)
    yield from _alerts(paper, row.alerts)
    if row.agreement is not None:
        yield from hanging(paper, "", _agreement(paper, row.agreement), indent=_INDENT)


def _alerts(paper: Paper, alerts: Sequence[Alert]) -> Iterator[Text]:
    """The gravest alert of each state in full, and the names of the others."""
    for state in ("firing", "suspected", "no_data"):
        found = [alert for alert in alerts if alert.state == state]
        if found:
            others = ", ".join(_name(alert) for alert in found[1:])
            text = _alert(found[0])
            text.append(f"; so are {others}" if others else "")
            yield from hanging(paper, "", text, indent=_INDENT)


def _derived(paper: Paper, report: BudgetReport) -> list[Text]:
    """What was used in place of thresholds that could not fire, each once, with the objectives that it is of."""
    named: dict[str, list[str]] = {}
    for row in report.rows:
        for threshold in row.thresholds:
            if threshold.derived is not None:
                named.setdefault(threshold.derived, []).append(row.budget.objective.id)
    return [Text(said(paper, f"{', '.join(names)}: {text}")) for text, names in named.items()]


def _name(alert: Alert) -> str:
    return f"{alert.threshold.pair.severity} {alert.threshold.pair.name}"


def _left(budget: ErrorBudget) -> str:
    if budget.remaining is None:
        return "no data"
    if budget.remaining < 0:
        return f"overspent by {float(-budget.remaining * 100):.1f} %"
    return f"{float(budget.remaining * 100):.1f} % left"


def _so_far(budget: ErrorBudget) -> str:
    tally = budget.tally
    lost = f", {tally.unmeasured:,} unmeasured" if tally.unmeasured else ""
    if budget.sli is None:
        return f"nothing was measured{lost}: unknown, and not healthy"
    unit = "" if budget.unit == "events" else " slices"
    bad = exact(Fraction(round(budget.spent * 100), 100))
    return f"{bad} of {exact(budget.measured)}{unit} bad where {exact(Fraction(round(budget.allowed * 100), 100))} may be{lost}"


def _interval(budget: ErrorBudget) -> str:
    lower, upper = budget.remaining_interval.lower, budget.remaining_interval.upper
    if lower is None or upper is None:
        return ""
    return (
        f"between {lower * 100:.0f} % and {upper * 100:.0f} % left"
        if lower > -10
        else f"at most {upper * 100:.0f} % left"
    )


def _forecast(found: Forecast | None) -> str:
    if found is None:
        return ""
    if found.in_s is None:
        return f"lasts, at the pace of the last {_lasting(found.over_s)}"
    if found.in_s == 0:
        return "spent"
    return f"gone in {_lasting(int(found.in_s))} at the pace of the last {_lasting(found.over_s)}"


def _alert(alert: Alert) -> Text:
    pair, factor, name = alert.threshold.pair, _number(alert.threshold.factor), _name(alert)
    since = f"since {stamp(alert.since)}"
    if alert.state == "no_data":
        return Text(f"! no data: {name}: no event in {_lasting(pair.long_s)}, {since}", style="magenta")
    burns = f"burn {_burn(alert.long)} over {_lasting(alert.long.over_s)} and {_burn(alert.short)} over "
    burns += f"{_lasting(alert.short.over_s)}, threshold {factor}"
    if alert.state == "suspected":
        why = f"; {alert.long.bad:,} bad of {alert.long.n:,} may be chance"
        return Text(f"? suspected: {name}: {burns}{why}, {since}", style="yellow")
    held = "; no event since, so it holds" if alert.held else ""
    return Text(f"! firing: {name}: {burns}, {since}{held}", style="bold red")


def _agreement(paper: Paper, found: AgreementBudget) -> Text:
    terms, budget = found.agreement, found.budget
    owed = f"agreed: {exact(terms.target * 100)} % over {terms.window.text}"
    if budget.sli is None:
        return Text(f"{owed}: no data", style="magenta")
    met = budget.sli >= terms.target
    word = "kept so far" if met else "broken so far"
    remedy = "" if met or terms.remedy is None else f"; owed: {said(paper, terms.remedy, width=80)}"
    return Text(f"{owed}: {word}, {float(budget.sli * 100):.2f} %{remedy}", style="" if met else "red")


def override_words(paper: Paper, one: Override) -> str:
    """One override: what it lets out, who said so, why, until when."""
    where = "" if one.environment is None else f" in {one.environment}"
    kind = "" if one.kind is None else f" ({one.kind} fix)"
    who = one.actor or "somebody unnamed"
    commit = "" if one.commit is None else f" at {one.commit[:12]}"
    text = (
        f"{one.service} {one.release}{where}{kind}: {one.reason}; {who}{commit}, {one.created_at} to {one.expires_at}"
    )
    return said(paper, text)


def stamp(seconds: int) -> str:
    """A moment in UTC, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _burn(found: Burn) -> str:
    return "unknown" if found.rate is None else _number(found.rate)


def _number(value: Fraction) -> str:
    return f"{float(value):.3g}" if value < 1000 else f"{float(value):,.0f}"


def _lasting(seconds: int) -> str:
    for unit, size in (("d", _DAY_S), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{exact(Fraction(round(Fraction(seconds, size) * 10), 10))} {unit}"
    return f"{seconds} s"
