"""Burn rates: the factors of the field, and which of them can be reached."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.model.alert import AlertRules, BurnPair
from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Tally, TimeSlice
from evalslo.model.terms import Terms
from evalslo.model.window import Window
from evalslo.slo.alert_presets import PRESETS
from evalslo.slo.burn_rate import burn, detection_s, factor_of, max_burn, thresholds, unreachable_alerts

DAY = 86_400
WORKBOOK = AlertRules(preset="sre-workbook", pairs=PRESETS["sre-workbook"])


def objective(target: str, days: int = 30) -> BudgetedObjective:
    window = Window(text=f"{days}d", length_s=days * DAY)
    return BudgetedObjective(id="x", text="x", sli="x", target=Fraction(target), window=window)


@pytest.mark.parametrize(("days", "factors"), [(30, ["14.4", "6", "3", "1"]), (28, ["13.44", "28/5", "14/5", "14/15"])])
def test_the_factors_of_the_workbook_follow_from_budget_and_window(days, factors):
    found = [factor_of(pair, window_s=days * DAY) for pair in WORKBOOK.pairs]
    assert found == [Fraction(factor) for factor in factors]


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (".999", [1, 1, 1, 1]),
        (".99", [1, 1, 1, 1]),
        (".97", [1, 1, 1, 1]),
        (".95", [1, 1, 1, 1]),
        (".93", [0, 1, 1, 1]),
        (".90", [0, 1, 1, 1]),
        (".80", [0, 0, 1, 1]),
        (".50", [0, 0, 0, 1]),
    ],
)
def test_a_threshold_out_of_reach_gets_longer_windows(target, reached):
    found = thresholds(objective(target), WORKBOOK)
    assert [one.derived is None for one in found] == list(map(bool, reached))
    for one, written in zip(found, WORKBOOK.pairs, strict=True):
        assert 0 < one.factor < max_burn(Fraction(target))
        spent = one.factor * one.pair.long_s / (30 * DAY)
        assert spent == written.budget
        assert one.pair.short_s < one.pair.long_s < 30 * DAY


@given(st.fractions(Fraction(1, 2), Fraction(999, 1000)))
def test_a_derived_page_never_fires_while_the_budget_lasts(target):
    for one in thresholds(
        BudgetedObjective(id="x", text="x", sli="x", target=target, window=objective(".9").window), WORKBOOK
    ):
        assert one.derived is None or one.factor > 1


def test_what_is_out_of_reach_is_said_with_what_takes_its_place():
    terms = Terms(service="s", suite="s", objectives=(objective(".9"), objective(".99")), alerts=WORKBOOK)
    assert unreachable_alerts(terms).startswith(
        "x: a burn cannot exceed 1 / (1 - target), so some alerts of sre-workbook"
    )
    assert "5.468 over 2h 38m" in thresholds(objective(".9"), WORKBOOK)[0].derived
    assert unreachable_alerts(Terms(service="s", suite="s", objectives=(objective(".9"),))) is None
    assert unreachable_alerts(Terms(service="s", suite="s", objectives=(objective(".99"),), alerts=WORKBOOK)) is None


# 99.9 % over 30 days: minutes until each threshold is reached, by the share of bad events
DETECTION = [
    ("1", ["0.864", "2.16", "4.32", "4.32"]),
    (".1", ["8.64", "21.6", "43.2", "43.2"]),
    (".02", ["43.2", "108", "216", "216"]),
    (".0144", ["60", None, None, None]),
]


@pytest.mark.parametrize(("bad", "minutes"), DETECTION)
def test_detection_takes_as_long_as_the_workbook_says(bad, minutes):
    found = [
        detection_s(one, target=Fraction(".999"), bad_share=Fraction(bad))
        for one in thresholds(objective(".999"), WORKBOOK)
    ]
    for one, wanted in zip(found, minutes, strict=True):
        if wanted is not None:
            assert one == Fraction(wanted) * 60


def test_too_few_bad_events_are_never_detected():
    slow = thresholds(objective(".999"), WORKBOOK)[0]
    assert detection_s(slow, target=Fraction(".999"), bad_share=Fraction(1, 100)) is None
    assert detection_s(slow, target=Fraction(".999"), bad_share=Fraction(0)) is None


def test_a_burn_is_the_bad_share_over_the_allowed_one():
    slices = [TimeSlice(start=at, width_s=60, tally=Tally(good=9, bad=1)) for at in (0, 3600, 7200)]
    found = burn(objective(".95"), slices, end=7260, over_s=3660, alpha=0.05)
    assert (found.n, found.bad, found.rate) == (20, 2, 2)
    assert found.lower < 2 < found.upper <= 20
    assert burn(objective(".95"), slices, end=3600, over_s=60, alpha=0.05).rate is None


def test_windows_are_whole_minutes():
    pair = BurnPair(severity="page", name="quick", budget=Fraction(1, 50), long_s=3600, short_s=300)
    (one,) = thresholds(objective(".87"), AlertRules(preset="own", pairs=(pair,)))
    assert (one.pair.long_s % 60, one.pair.short_s % 60) == (0, 0)
