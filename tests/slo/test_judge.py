"""One objective's verdict: what passes, what fails, what stays open, and what cannot be measured."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.model.score import Missing
from evalslo.model.scorecard import Verdict
from evalslo.slo.gate import judge
from tests.slo.conftest import (
    ERRORS,
    HALLUCINATION,
    RULES,
    events,
    grouped,
    mean,
    rate,
    rates,
    repeated,
    singles,
    spec_of,
)

PASS, FAIL, INCONCLUSIVE, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR


def judged(objective, observations, *, spec=None, **rules):
    return judge(
        objective, observations, spec=spec or spec_of(objective), rules=replace(RULES, **rules), scorer="service/1"
    )


def codes(row):
    return [reason.code for reason in row.reasons]


@pytest.mark.parametrize(
    ("bad", "n", "verdict", "reasons"),
    [
        (0, 100, PASS, []),
        (4, 181, PASS, []),
        (5, 181, INCONCLUSIVE, ["underpowered"]),
        (7, 200, INCONCLUSIVE, ["underpowered"]),
        (15, 200, INCONCLUSIVE, ["underpowered"]),
        (16, 200, FAIL, ["missed"]),
        (100, 100, FAIL, ["missed"]),
    ],
)
def test_an_objective_is_met_missed_or_open(bad, n, verdict, reasons):
    row = judged(rate("<=", "0.05"), rates(bad, n))
    assert (row.verdict, codes(row)) == (verdict, reasons)
    assert row.scorer == "service/1"
    assert all(reason.objective == "errors" for reason in row.reasons)


# Sample sizes of which a PASS takes a perfect run, or one with 1 to 5 bad: exact, one-sided .05.
FEWEST = {
    "0.90": [29, 46, 61, 76, 89, 103],
    "0.95": [59, 93, 124, 153, 181, 208],
    "0.98": [149, 236, 313, 386, 456, 523],
    "0.99": [299, 473, 628, 773, 913, 1049],
}


@pytest.mark.parametrize(
    ("target", "bad", "n"), [(target, bad, n) for target, row in FEWEST.items() for bad, n in enumerate(row)]
)
def test_so_many_events_are_the_fewest_that_pass(target, bad, n):
    allowed = 1 - Fraction(target)
    assert judged(rate("<=", allowed), rates(bad, n)).verdict is PASS
    assert judged(rate("<=", allowed), rates(bad, n - 1)).verdict is INCONCLUSIVE
    assert judged(events(target, "<=", 2), singles([1.0] * (n - bad) + [math.inf] * bad)).verdict is PASS
    assert judged(events(target, "<=", 2), singles([1.0] * (n - 1 - bad) + [math.inf] * bad)).verdict is INCONCLUSIVE


@pytest.mark.parametrize(("n", "verdict"), [(59, PASS), (58, INCONCLUSIVE)])
def test_perfect_repeats_and_groups_count_no_more_than_their_units(n, verdict):
    objective = rate("<=", "0.05")
    assert judged(objective, repeated([[0] * 20] * n)).verdict is verdict
    assert judged(objective, grouped([[[0]] * 20] * n)).verdict is verdict


@pytest.mark.parametrize(
    "observations",
    [
        pytest.param([], id="nothing planned"),
        pytest.param(singles([Missing.NO_CLAIM] * 100), id="none applicable"),
    ],
)
def test_no_applicable_event_is_an_error_and_never_a_pass(observations):
    row = judged(rate("<=", "0.05"), observations)
    assert (row.verdict, codes(row)) == (ERROR, ["no_data"])
    assert (row.estimate, row.quantile, row.worst_case) == (None, None, None)


def test_nothing_measured_of_what_is_applicable_is_an_error():
    row = judged(rate("<=", "0.05"), singles([Missing.NOT_COLLECTED] * 3 + [Missing.NO_CLAIM]))
    assert (row.verdict, codes(row), row.estimate) == (ERROR, ["coverage"], None)
    assert "measured 0 of 3" in row.reasons[0].text
    assert "3 not collected" in row.reasons[0].text


@pytest.mark.parametrize(
    ("measured", "unmeasured", "covered"), [(95, 5, True), (94, 6, False), (950, 50, True), (949, 51, False)]
)
def test_coverage_exactly_at_the_floor_is_enough(measured, unmeasured, covered):
    row = judged(rate("<=", "0.5"), rates(0, measured, unmeasured=unmeasured, not_applicable=40))
    assert (row.verdict, codes(row)) == ((PASS, []) if covered else (ERROR, ["coverage"]))


def test_the_coverage_floor_is_the_suites():
    observations = rates(0, 80, unmeasured=20)
    assert judged(rate("<=", "0.5"), observations, min_coverage=Fraction(4, 5)).verdict is PASS
    assert judged(rate("<=", "0.5"), observations, min_coverage=Fraction(81, 100)).verdict is ERROR


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("size", [1, 100])
def test_one_independent_unit_decides_nothing(value, size):
    row = judged(rate("<=", "0.05"), repeated([[value] * size]))
    assert (row.verdict, codes(row)) == (INCONCLUSIVE, ["one_unit"])
    assert (row.estimate.estimate, row.estimate.lower, row.estimate.upper) == (value, None, None)


def test_unmeasured_events_that_could_hide_the_budget_block_a_pass():
    # a scorer that fails on bad answers only: 5 % bad, and nearly all of it unmeasured
    row = judged(rate(">=", "0.95"), singles([1.0] * 951 + [Missing.SCORER_ERROR] * 49 + [0.0] * 2), spec=ERRORS)
    assert (row.verdict, codes(row)) == (INCONCLUSIVE, ["unmeasured"])
    assert row.estimate.p_pass < 0.05
    assert row.worst_case == pytest.approx(951 / 1002)
    assert "49 unmeasured" in row.reasons[0].text


def test_a_pass_stands_where_the_worst_case_meets_the_target_exactly():
    objective = rate("<=", "0.05")
    assert judged(objective, rates(0, 190, unmeasured=10)).verdict is PASS  # 10 of 200
    row = judged(objective, rates(1, 190, unmeasured=10))  # 11 of 200
    assert (row.verdict, codes(row), row.worst_case) == (INCONCLUSIVE, ["unmeasured"], pytest.approx(0.055))


def test_unmeasured_events_that_could_be_good_block_a_fail():
    objective = rate("<=", "0.5", alpha="0.2")
    row = judged(objective, rates(106, 190, unmeasured=10))  # .558 missed; at best 106 of 200 still misses
    assert (row.verdict, codes(row)) == (FAIL, ["missed"])
    row = judged(objective, rates(100, 181, unmeasured=19), min_coverage=Fraction(9, 10))  # at best 100 of 200
    assert row.estimate.p_fail < 0.2
    assert (row.verdict, codes(row)) == (INCONCLUSIVE, ["unmeasured"])


@pytest.mark.parametrize(
    ("objective", "values", "unmeasured", "worst"),
    [
        pytest.param(rate("<=", "0.5"), [0.0] * 98, 2, 0.02, id="rate, at most"),
        pytest.param(rate(">=", "0.5", sli="contains"), [1.0] * 98, 2, 0.98, id="rate, at least"),
        pytest.param(mean(">=", "0.2"), [0.5] * 98, 2, 0.49, id="mean, at least"),
        pytest.param(mean("<=", "0.8", sli="toxicity"), [0.5] * 98, 2, 0.51, id="mean, at most"),
        pytest.param(events("0.5", "<=", 2), [1.0] * 98, 2, 0.98, id="share"),
        pytest.param(rate("<=", "0.5"), [0.0] * 93 + [1.0] * 7, 0, 0.07, id="all measured: the estimate"),
        pytest.param(mean("<=", 2, sli="latency"), [1.0] * 98, 2, None, id="a quantity has no worst value"),
    ],
)
def test_the_worst_case_counts_every_unmeasured_event_as_bad(objective, values, unmeasured, worst):
    row = judged(objective, singles(values + [Missing.NO_TIMING] * unmeasured + [Missing.NO_CLAIM] * 9))
    assert row.worst_case == (None if worst is None else pytest.approx(worst))


@pytest.mark.parametrize(("uncalibrated", "verdict"), [("block", INCONCLUSIVE), ("warn", PASS)])
def test_a_scorer_that_nobody_checked_passes_only_with_a_warning(uncalibrated, verdict):
    row = judged(rate("<=", "0.05", sli="hallucination"), rates(0, 100), uncalibrated=uncalibrated)
    assert (row.verdict, codes(row)) == (verdict, ["uncalibrated"])


@pytest.mark.parametrize(("bad", "verdict", "code"), [(7, INCONCLUSIVE, "underpowered"), (40, FAIL, "missed")])
def test_calibration_speaks_of_passes_only(bad, verdict, code):
    row = judged(rate("<=", "0.05", sli="hallucination"), rates(bad, 200), spec=HALLUCINATION)
    assert (row.verdict, codes(row)) == (verdict, [code])


def test_a_mean_of_a_quantity_never_decides():
    row = judged(mean("<=", 2, sli="latency"), singles([0.1] * 500))
    assert (row.verdict, codes(row), row.estimate.needed) == (INCONCLUSIVE, ["no_bound"], None)
    assert "pNN" in row.reasons[0].text


@pytest.mark.parametrize("bad", [0, 3, 7, 16, 40])
def test_further_queries_are_told_only_while_it_is_open(bad):
    row = judged(rate("<=", "0.05"), rates(bad, 200))
    assert (row.estimate.needed is not None) == (row.verdict is INCONCLUSIVE)
    if row.estimate.needed:
        assert f"about {row.estimate.needed} more queries" in row.reasons[0].text


def test_an_estimate_on_the_target_is_settled_by_no_number_of_queries():
    row = judged(rate("<=", "0.05"), rates(10, 200))
    assert (row.verdict, row.estimate.needed) == (INCONCLUSIVE, None)


def test_a_target_of_one_never_passes_and_fails_by_one_bad_event():
    assert judged(rate("<=", 0), rates(0, 3000)).verdict is INCONCLUSIVE
    assert judged(rate("<=", 0), rates(1, 3000)).verdict is FAIL


@given(
    good=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    target=st.sampled_from(["0.01", "0.3", "0.5", "0.95"]),
    op=st.sampled_from(["<=", ">="]),
)
@settings(max_examples=60, deadline=None)
def test_a_verdict_and_its_interval_agree_and_pass_and_fail_never_both_hold(good, target, op):
    rows = [[1] * number + [0] * (3 - number) for number in good]
    row = judged(rate(op, target, sli="contains"), repeated(rows))
    found, bound = row.estimate, float(Fraction(target))
    assert not (found.p_pass <= 0.05 and found.p_fail <= 0.05)
    assert found.lower <= found.estimate <= found.upper
    if row.verdict is PASS:
        assert found.lower >= bound - 1e-9 if op == ">=" else found.upper <= bound + 1e-9
    if row.verdict is FAIL:
        assert found.upper < bound if op == ">=" else found.lower > bound
    if row.verdict is INCONCLUSIVE:
        assert found.lower <= bound + 1e-9
        assert found.upper >= bound - 1e-9
