"""The keys of a suite that speak of time: what they mean, and what is wrong with them, at its line."""

from fractions import Fraction
from pathlib import Path

import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.alert_windows import read_alert_windows
from evalslo.loaders.suite import read_suite
from evalslo.model.alert import BurnPair
from evalslo.model.policy import Agreement, Condition, FreezePeriod
from evalslo.model.window import BudgetRules, Window
from evalslo.plugins import sli_specs
from evalslo.slo.alert_presets import PRESETS
from evalslo.slo.terms import terms_of

SUITE = """
suite: support
golden: {path: golden.jsonl}
endpoint: {kind: recorded, path: samples.jsonl}
objectives:
  - {id: faithful, objective: faithfulness >= 0.8 for 95% of requests}
  - hallucination <= 5%
  - {objective: ndcg@3 >= 0.7, critical: false}
  - {objective: latency p95 <= 2s, critical: false}
"""


def read(folder: Path, more: str = ""):
    file = folder / "suite.yaml"
    file.write_text(SUITE + more, encoding="utf-8")
    return read_suite(file, slis=sli_specs())


def faults(folder: Path, more: str) -> str:
    with pytest.raises(FileFaults) as found:
        read(folder, more)
    return str(found.value)


def test_without_a_word_it_is_four_weeks_of_events_and_the_workbooks_alerts(tmp_path):
    terms = terms_of(read(tmp_path))
    assert (terms.service, terms.policy, terms.agreements) == ("support", None, ())
    assert terms.alerts.pairs == PRESETS["sre-workbook"]
    assert {one.id: one.target for one in terms.objectives} == {
        "faithful": Fraction(19, 20),
        "hallucination": Fraction(19, 20),
        "latency": Fraction(19, 20),
    }
    assert {one.window for one in terms.objectives} == {Window(text="28d", length_s=28 * 86_400)}
    ((text, why),) = terms.unbudgeted
    assert text == "ndcg@3 >= 0.7"
    assert "for 95% of requests" in why


@pytest.mark.parametrize(
    ("said", "window"),
    [
        ("7d", Window(text="7d", length_s=7 * 86_400)),
        ("4w", Window(text="4w", length_s=28 * 86_400)),
        ("calendar-month", Window(text="calendar-month", calendar="month")),
        (
            "{calendar: quarter, timezone: Europe/Berlin}",
            Window(text="calendar-quarter", calendar="quarter", timezone="Europe/Berlin"),
        ),
    ],
)
def test_a_window_rolls_or_follows_the_calendar(tmp_path, said, window):
    assert read(tmp_path, f"window: {said}\n").window == window


def test_budgeting_names_its_method(tmp_path):
    said = "budgeting: {method: timeslices, slice: 5m, target: 99.5%}\n"
    assert read(tmp_path, said).budgeting == BudgetRules(
        method="timeslices", slice_s=300, slice_target=Fraction(199, 200)
    )


def test_a_policy_is_read_whole(tmp_path):
    policy = read(
        tmp_path,
        """policy:
  freeze_when: "remaining <= 0%"
  steps:
    - {when: "burn >= 6 over 6h", then: approve, text: ask Mia}
  freezes:
    - {from: 2026-12-20, to: 2026-12-31, timezone: Europe/Berlin, reason: holidays}
    - {from: "2026-11-27T18:00", to: "2026-11-27T20:00", reason: a sale}
  on_no_data: warn
  exempt: [security]
""",
    ).policy
    burn, frozen = policy.steps
    assert burn.when == Condition(text="burn >= 6 over 6h", measure="burn", op=">=", bound=Fraction(6), over_s=21_600)
    assert (burn.then, burn.text, frozen.then) == ("approve", "ask Mia", "freeze")
    assert frozen.when == Condition(text="remaining <= 0%", measure="remaining", op="<=", bound=Fraction(0))
    assert policy.freezes == (
        FreezePeriod(start=1_797_721_200, end=1_798_758_000, reason="holidays"),
        FreezePeriod(start=1_795_802_400, end=1_795_809_600, reason="a sale"),
    )
    assert (policy.on_no_data, policy.exempt) == ("warn", ("security",))


def test_an_agreement_is_looser_than_its_objective(tmp_path):
    said = "sla: {faithful: {target: 90%, window: calendar-month, remedy: 5 % credit}}\n"
    month = Window(text="calendar-month", calendar="month")
    assert read(tmp_path, said).agreements == (
        Agreement(objective="faithful", target=Fraction(9, 10), window=month, remedy="5 % credit"),
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("window: 28\n", "window: found 28; wanted 28d"),
        ("window: 1y\n", "28d"),
        ("window: {calendar: month, timezone: Europe/Berlim}\n", "no time zone 'Europe/Berlim'"),
        ("window: {calendar: month, timezone: ../../etc/passwd}\n", "no time zone"),
        ("budgeting: timeslices\n", "budgeting"),
        ("budgeting: {method: timeslices, target: 95%}\n", "slice: 5m"),
        ("budgeting: {method: timeslices, slice: 5m}\n", "target: 95%"),
        ("budgeting: {method: timeslices, slice: 90s, target: 95%}\n", "slice"),
        ("budgeting: {method: ratio-timeslices, slice: 5m, target: 95%}\n", "has no target of its own"),
        ("budgeting: {method: occurrences, slice: 5m}\n", "has no slices"),
        ("alerts: {preset: mine}\n", "sre-workbook"),
        ("alerts: {preset: sre-workbook, windows: w.yaml}\n", "leave one of them out"),
        ("alerts: {windows: nowhere.yaml}\n", "nowhere.yaml"),
        ('policy: {freeze_when: "remaining <= 0"}\n', "wanted 'remaining <= 25%'"),
        ('policy: {freeze_when: "burn >= 6"}\n', "a number over a time"),
        ('policy: {steps: [{when: "budget gone", then: freeze}]}\n', "is no condition"),
        ('policy: {steps: [{when: "remaining <= 0%", then: panic}]}\n', "panic"),
        ("policy: {freezes: [{from: 2026-12-20, to: 2026-12-19, reason: x}]}\n", "before it begins"),
        ("policy: {freezes: [{from: 20.12.2026, to: 2026-12-31, reason: x}]}\n", "is no day"),
        ("policy: {freezes: [{from: 2026-12-20, to: 2026-12-31, timezone: Mars, reason: x}]}\n", "no time zone 'Mars'"),
        ("policy: {exempt: [vanity]}\n", "vanity"),
        ("sla: {faithfull: {target: 90%}}\n", "did you mean 'faithful'"),
        ("sla: {faithful: {target: 95%}}\n", "must be looser"),
        ("sla: {hallucination: {target: 96%}}\n", "95%"),
        ("sla: {ndcg@3: {target: 60%}}\n", "is a mean"),
        ("sla: {faithful: {target: 100%}}\n", "less than 100 %"),
    ],
)
def test_a_fault_has_its_line_and_says_what_is_wanted(tmp_path, more, told):
    found = faults(tmp_path, more)
    assert told in found
    assert "suite.yaml:10: " in found


def test_what_speaks_of_many_runs_is_no_other_suite(tmp_path):
    plain = read(tmp_path).digest
    more = 'window: 7d\nalerts: none\npolicy: {freeze_when: "remaining <= 0%"}\nsla: {faithful: {target: 90%}}\n'
    assert read(tmp_path, more).digest == plain
    assert read(tmp_path, "repeats: 2\n").digest != plain


WINDOWS = """apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 30d
  page:
    quick: {errorBudgetPercent: 2, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 5.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 10, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 10, shortWindow: 6h, longWindow: 3d12h}
"""


def test_windows_of_ones_own_are_read_as_sloth_has_them(tmp_path):
    (tmp_path / "w.yaml").write_text(WINDOWS, encoding="utf-8")
    rules = read(tmp_path, "alerts: {windows: w.yaml, cadence: 30m, on_no_data: hold}\n").alerts
    assert rules.pairs[1] == BurnPair(
        severity="page", name="slow", budget=Fraction(11, 200), long_s=21_600, short_s=1800
    )
    assert rules.pairs[3].long_s == 3 * 86_400 + 43_200
    assert (rules.cadence_s, rules.on_no_data, rules.preset) == (1800, "hold", "w.yaml")
    assert read(tmp_path, "alerts: none\n").alerts is None


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("kind: AlertWindows", "kind: PrometheusServiceLevel", "w.yaml:2: kind"),
        ("errorBudgetPercent: 5.5", "errorBudgetPercent: 0", "w.yaml:7: "),
        ("longWindow: 1h", "longWindow: one hour", "wanted whole minutes"),
        ("shortWindow: 2h", "shortWindow: 2d", "longer than longWindow"),
        ("  page:", "  pages:", "errorBudgetPercent"),
    ],
)
def test_windows_with_a_fault_are_told(tmp_path, before, after, told):
    (tmp_path / "w.yaml").write_text(WINDOWS.replace(before, after), encoding="utf-8")
    with pytest.raises(FileFaults) as found:
        read_alert_windows(tmp_path / "w.yaml")
    assert told in str(found.value)
