"""Budgets on a page: unknown is never a number, and no text of a stranger is obeyed."""

from fractions import Fraction
from io import BytesIO, TextIOWrapper

import pytest
from msgspec.structs import replace
from rich.console import Console

from evalslo.model.alert import AlertRules
from evalslo.model.budget import BudgetedObjective
from evalslo.model.budget_report import BudgetReport, ObjectiveBudget
from evalslo.model.ledger import Override, Tally, TimeSlice
from evalslo.model.policy import Decision, PolicyReason
from evalslo.model.window import Window
from evalslo.report.budget import render_budgets
from evalslo.report.burn_down import burn_down, remaining_bar
from evalslo.report.paper import ASCII, UNICODE
from evalslo.slo.alert_presets import PRESETS
from evalslo.slo.alerts import alerts
from evalslo.slo.burn_rate import thresholds
from evalslo.slo.error_budget import error_budget

DAY = 86_400
NOW = 1_800_000_000 // DAY * DAY
RULES = AlertRules(preset="sre-workbook", pairs=PRESETS["sre-workbook"])


def report(*slices: TimeSlice, target: str = "0.95", **changes) -> BudgetReport:
    objective = BudgetedObjective(
        id="faithful",
        text="faithfulness >= 0.8 for 95% of requests",
        sli="faithfulness",
        target=Fraction(target),
        window=Window(text="28d", length_s=28 * DAY),
    )
    row = ObjectiveBudget(
        budget=error_budget(objective, slices, now=NOW, alpha=0.05),
        alerts=alerts(objective, RULES, slices, now=NOW, alpha=0.05),
        thresholds=thresholds(objective, RULES),
    )
    given = {"service": "shop", "suite": "support", "environment": None, "source": "nightly", "now": NOW, "alpha": 0.05}
    return BudgetReport(**given | changes, rows=(row,))


def probe(days_ago: int, good: int, bad: int) -> TimeSlice:
    return TimeSlice(start=NOW - days_ago * DAY, width_s=60, tally=Tally(good=good, bad=bad))


def page(found: BudgetReport, *, width: int = 100, encoding: str = "utf-8") -> str:
    out = TextIOWrapper(BytesIO(), encoding=encoding)
    render_budgets([found], console=Console(file=out, width=width, color_system=None), exit_code=5)
    out.seek(0)
    return out.read()


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_page_tells_what_is_left_and_how_sure():
    text = page(report(*(probe(ago, 98, 2) for ago in range(20, 0, -1))))
    assert "60.0 % left" in text
    assert "40 of 2,000 bad where 100 may be" in words(text)
    assert "between " in text
    assert "by day " in text
    assert "NO POLICY" in text


def test_no_data_is_no_number():
    text = page(report())
    assert "no data" in text
    assert "unknown, and not healthy" in text
    assert "! no data: page quick" in text
    assert "so are page slow, ticket quick, ticket slow" in words(text)


def test_alerts_fire_and_are_suspected_in_words():
    assert "! firing: page quick" in page(report(TimeSlice(start=NOW - 600, width_s=60, tally=Tally(good=5, bad=95))))
    one = page(report(TimeSlice(start=NOW - 600, width_s=60, tally=Tally(good=0, bad=1)), target="0.99"))
    assert "? suspected: page quick" in one
    assert "1 bad of 1 may be chance" in words(one)


def test_thresholds_out_of_reach_are_told_once():
    text = words(page(report(probe(1, 9, 1), target="0.9")))
    assert text.count("a burn cannot exceed 10") == 1


def test_a_decision_and_overrides_are_told():
    reason = PolicyReason(code="step", text="freeze at remaining <= 0%", outcome="freeze", objective="faithful")
    override = Override(
        id="1", service="shop", environment=None, release="v1", reason="a \x1b[31mCVE\u202e", kind="security",
        actor=None, commit="a" * 40, created_at="2026-01-01", expires_at="2026-01-02",
    )  # fmt: skip
    frozen = report(probe(1, 9, 1), decision=Decision(outcome="freeze", reasons=(reason,)), overrides=(override,))
    text = page(frozen)
    assert "FROZEN" in text
    assert "faithful: freeze at remaining <= 0%" in text
    assert "somebody unnamed" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("width", [30, 60, 100, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_pages_fit_and_can_be_carried(width, encoding):
    hostile = replace(
        report(probe(1, 1, 99)), service="x" * 500, suite="\n[bold]y", unbudgeted=(("a" * 300, "b" * 300),)
    )
    text = page(hostile, width=width, encoding=encoding)
    assert max(map(len, text.splitlines())) <= width
    text.encode(encoding)


def test_bars_are_full_empty_or_unknown():
    assert remaining_bar(Fraction(1), signs=UNICODE).plain == "█" * 20
    assert remaining_bar(Fraction(-1, 2), signs=ASCII).plain == "." * 20
    assert remaining_bar(Fraction(1, 1000), signs=ASCII).plain == "#" + "." * 19
    assert remaining_bar(None, signs=ASCII).plain.startswith("???")
    days = report(*(probe(ago, 90, 10) for ago in range(3, 0, -1))).rows[0].budget.daily
    assert len(burn_down(days, signs=UNICODE)) <= 28
