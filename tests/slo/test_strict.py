"""`gate.strict`: proved methods only, whatever the design; and what they can show is known before the first call."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing
from evalslo.model.scorecard import Verdict
from evalslo.slo.allowance import can_pass
from evalslo.slo.design import design_of
from evalslo.slo.gate import judge
from evalslo.slo.lint import impossible
from evalslo.stats.betting import betting
from evalslo.stats.exact import clopper_pearson
from tests.slo.conftest import (
    ALPHA,
    RULES,
    events,
    grouped,
    mean,
    quantile,
    queries,
    rate,
    repeated,
    singles,
    spec_of,
    suite,
)

STRICT = replace(RULES, strict=True)
RATIO, MEAN = rate(">=", "0.9", sli="contains"), mean(">=", "0.5")
DESIGNS = [
    pytest.param(RATIO, singles([1, 0, 1, 1]), "clopper-pearson", id="ratio, one event a query"),
    pytest.param(MEAN, singles([0.5, 0.2, 1, 1]), "betting+strict", id="mean"),
    pytest.param(RATIO, repeated([[1, 1], [0, 1], [1, 1]]), "betting+strict", id="ratio, repeats"),
    pytest.param(MEAN, repeated([[0.5, 1], [0.2, 1], [1]]), "betting+strict", id="mean, unequal repeats"),
    pytest.param(RATIO, grouped([[[1], [0]], [[1], [1]]]), "betting+strict", id="ratio, groups"),
    pytest.param(RATIO, grouped([[[1, 0], [1, 1]], [[1, 1]]]), "betting+strict", id="groups and repeats"),
    pytest.param(quantile("0.95", "<=", 2), singles([1, 9, 1]), "clopper-pearson", id="quantile"),
]


def row_of(objective, observations, *, rules=STRICT):
    return judge(objective, observations, spec=spec_of(objective), rules=rules, scorer=None)


@pytest.mark.parametrize(("objective", "observations", "method"), DESIGNS)
def test_each_design_has_its_proved_method(objective, observations, method):
    found = row_of(objective, observations).estimate
    assert (found.method, found.icc, found.deff) == (method, None, None)


def test_repeats_are_bet_on_query_by_query():
    rows = [[1, 1, 1], [0, 1], [1, 1, 0], [1, 1, 1]] * 5
    found = row_of(RATIO, repeated(rows)).estimate
    values = [value for row in rows for value in row]
    units = [number for number, row in enumerate(rows) for _ in row]
    wanted = betting(values, units, target=Fraction(9, 10), alpha=ALPHA)
    assert (found.estimate, found.lower, found.upper) == (wanted.estimate, wanted.lower, wanted.upper)
    assert (found.p_pass, found.p_fail, found.clusters) == (wanted.p_pass, wanted.p_fail, 20)


def test_groups_with_repeats_are_bet_on_by_the_means_of_their_queries():
    once = grouped([[[1], [0.5]], [[1], [1]], [[0]]])
    thrice = grouped([[[1] * 3, [1, 0]], [[1] * 3, [1] * 2], [[0] * 3]])
    for rules in (STRICT, RULES):
        assert (
            row_of(mean(">=", "0.9"), thrice, rules=rules).estimate
            == row_of(mean(">=", "0.9"), once, rules=rules).estimate
        )


def test_an_at_most_objective_is_mirrored():
    low = row_of(mean("<=", "0.2", sli="toxicity"), singles([0.1, 0.3, 0.0, 0.2] * 9)).estimate
    high = row_of(mean(">=", "0.8"), singles([0.9, 0.7, 1.0, 0.8] * 9)).estimate
    assert (low.p_pass, low.p_fail) == pytest.approx((high.p_pass, high.p_fail))
    assert (low.lower, low.upper) == pytest.approx((1 - high.upper, 1 - high.lower), abs=1e-9)


def test_strict_is_never_surer_than_the_default_on_perfect_groups():
    for size in (30, 60, 90, 120):
        perfect = grouped([[[1], [1]] for _ in range(size)])
        passed = [row_of(rate(">=", "0.95", sli="contains"), perfect, rules=r).verdict for r in (STRICT, RULES)]
        assert passed in ([Verdict.INCONCLUSIVE] * 2, [Verdict.INCONCLUSIVE, Verdict.PASS], [Verdict.PASS] * 2)
    assert passed == [Verdict.PASS] * 2


@pytest.mark.parametrize("sizes", [[3] * 40, [1, 5] * 20])
def test_the_interval_of_a_quantile_agrees_with_the_strict_gate(sizes):
    rng = np.random.default_rng(5)
    observations = repeated([list(np.round(rng.lognormal(0, 0.4, size=size), 1)) for size in sizes])
    shown = row_of(quantile("0.5", "<=", 2), observations).quantile
    for threshold in sorted({one.value for one in observations}):
        verdict = row_of(quantile("0.5", "<=", Fraction(threshold)), observations).verdict
        assert (verdict is Verdict.PASS) == (shown.upper is not None and threshold >= shown.upper)
        assert (verdict is Verdict.FAIL) == (shown.lower is not None and threshold < shown.lower)
    assert shown.lower < shown.estimate < shown.upper


# Before the first call.


@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=40),
    repeats=st.integers(1, 3),
    target=st.sampled_from(["0.5", "0.8", "0.9"]),
    ratio=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_an_objective_can_pass_exactly_where_a_perfect_run_passes(sizes, repeats, target, ratio):
    objective = rate(">=", target, sli="contains") if ratio else mean(">=", target)
    golden = [
        GoldenQuery(id=f"{g}-{q}", query="?", group=str(g), reference=("x",))
        for g, size in enumerate(sizes)
        for q in range(size)
    ]
    design = design_of(objective, golden, spec=spec_of(objective), repeats=repeats, rules=STRICT)
    perfect = grouped([[[1.0] * repeats] * size for size in sizes])
    assert can_pass(objective, design) == (row_of(objective, perfect).verdict is Verdict.PASS)


@pytest.mark.parametrize(("target", "fewest"), [("0.95", 89), ("0.9", 43), ("0.5", 7)])
def test_the_fewest_queries_of_a_strict_mean_are_told(target, fewest):
    objective = mean(">=", target)
    assert impossible(suite([objective], gate=STRICT), queries(fewest)) == ()
    (fault,) = impossible(suite([objective], gate=STRICT), queries(fewest - 1))
    assert f"{fewest - 1} golden queries are too few" in fault.message
    assert f"at least {fewest} independent" in fault.message
    assert betting([1.0] * fewest, target=Fraction(target), alpha=ALPHA).p_pass <= ALPHA


def test_a_strict_rate_of_independent_events_needs_no_more_than_before():
    assert impossible(suite([rate("<=", "0.05")], gate=STRICT), queries(59)) == ()
    found = row_of(rate(">=", "0.95", sli="contains"), singles([1.0] * 59)).estimate
    assert found.p_pass == clopper_pearson(59, 59, target=Fraction(19, 20), alpha=ALPHA).p_pass


def test_a_target_of_all_good_cannot_be_bet_on():
    (fault,) = impossible(suite([mean(">=", 1)], gate=STRICT), queries(5000))
    assert "no finite run can show 100 %" in fault.message


def test_of_queries_stays_exact_with_repeats():
    per_query = events("0.9", "<=", 2, of="queries")
    assert row_of(per_query, repeated([[1, 9], [1, 1], [1, 1]])).estimate.method == "clopper-pearson"
    assert design_of(per_query, queries(59), spec=spec_of(per_query), repeats=3, rules=STRICT).effective == 59.0


def holed(good, bad, missing):
    return singles([1] * good + [0] * bad + [Missing.SCORER_ERROR] * missing)


def test_a_strict_pass_holds_whatever_the_unmeasured_answers_were():
    """193 of 193 pass 95 %; with seven more of which nothing is known they may be 193 of 200, which do not."""
    usual, strict = (row_of(rate(">=", "0.95", sli="contains"), holed(193, 0, 7), rules=one) for one in (RULES, STRICT))
    assert usual.verdict is Verdict.PASS
    assert strict.verdict is Verdict.INCONCLUSIVE
    worst = clopper_pearson(193, 200, target=Fraction(19, 20), alpha=ALPHA)
    best = clopper_pearson(200, 200, target=Fraction(19, 20), alpha=ALPHA)
    found = strict.estimate
    assert (found.estimate, found.lower, found.upper) == (1.0, worst.lower, best.upper)
    assert (found.p_pass, found.p_fail, found.needed) == (worst.p_pass, best.p_fail, None)


def test_a_strict_fail_counts_the_unmeasured_answers_as_good():
    objective = rate("<=", "0.05", sli="errors")
    observed = singles([1] * 17 + [0] * 173 + [Missing.NOT_COLLECTED] * 10)
    usual, strict = (row_of(objective, observed, rules=one) for one in (RULES, STRICT))
    assert usual.verdict is Verdict.FAIL
    best = clopper_pearson(183, 200, target=Fraction(19, 20), alpha=ALPHA)
    assert strict.estimate.p_fail == best.p_fail
    assert strict.estimate.lower < usual.estimate.lower <= usual.estimate.upper < strict.estimate.upper


def test_with_nothing_missing_strict_is_the_bound_itself():
    found = row_of(RATIO, holed(95, 5, 0)).estimate
    assert found.lower == clopper_pearson(95, 100, target=Fraction(9, 10), alpha=ALPHA).lower


def test_the_interval_of_a_strict_quantile_holds_whatever_was_not_measured():
    """192 within a second, two at three, six unknown: the share is open, and so is the quantile."""
    objective = quantile("0.95", "<=", 2)
    observed = singles([1.0] * 192 + [3.0] * 2 + [Missing.NOT_COLLECTED] * 6)
    row = row_of(objective, observed)
    assert row.verdict is Verdict.INCONCLUSIVE
    assert (row.quantile.estimate, row.quantile.lower) == (1.0, 1.0)
    assert row.quantile.upper is None or row.quantile.upper > 2
    assert row_of(objective, observed, rules=RULES).quantile.upper == 1.0
