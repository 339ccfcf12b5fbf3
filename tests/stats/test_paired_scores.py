"""Differences of scores: Gaffke on (d + 1) / 2, its scaled form in groups, and the proved way by betting."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, xlogy

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.clusters import design_effect, layout_of, scaled_gaffke
from evalslo.stats.gaffke import gaffke
from evalslo.stats.mcnemar import mcnemar
from evalslo.stats.paired import paired_betting, paired_scores

ALPHA, MARGIN, FLOOR = Fraction(1, 20), Fraction(1, 20), Fraction(3, 10)
DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.4, 0.0, 0.1, 1.0]), min_size=2, max_size=60)


def scored(values, units=None, *, weights=None, margin=MARGIN):
    return paired_scores(values, units, weights=weights, margin=margin, alpha=ALPHA, icc_floor=FLOOR)


def bet(values, units=None, *, weights=None, margin=MARGIN, alpha=ALPHA):
    return paired_betting(values, units, weights=weights, margin=margin, alpha=alpha)


@settings(max_examples=30, deadline=None)
@given(DIFFERENCES)
def test_it_is_gaffkes_bound_stretched(values):
    got = scored(values)
    wanted = gaffke([(d + 1) / 2 for d in values], target=Fraction(19, 40), alpha=ALPHA)
    assert got.estimate == pytest.approx(math.fsum(values) / len(values), abs=1e-12)
    assert (got.lower, got.upper) == pytest.approx((2 * wanted.lower - 1, 2 * wanted.upper - 1), abs=1e-12)
    assert (got.p_pass, got.p_fail, got.needed_units) == (wanted.p_pass, wanted.p_fail, wanted.needed_units)
    assert (got.method, got.units) == ("gaffke", len(values))


@settings(max_examples=30, deadline=None)
@given(DIFFERENCES)
def test_test_and_interval_agree_and_never_say_both(values):
    for got in (scored(values), bet(values)):
        assert -1 <= got.lower <= got.estimate <= got.upper <= 1
        assert not (passes(got.p_pass, alpha=ALPHA) and fails(got.p_fail, alpha=ALPHA))
        if abs(got.lower + 0.05) > 1e-6:
            assert passes(got.p_pass, alpha=ALPHA) == (got.lower > -0.05)
        if abs(got.upper + 0.05) > 1e-6:
            assert fails(got.p_fail, alpha=ALPHA) == (got.upper < -0.05)


@settings(max_examples=20, deadline=None)
@given(DIFFERENCES)
def test_swapping_the_runs_mirrors_the_interval(values):
    one, other = scored(values), scored([-d for d in values])
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower), abs=1e-9)
    assert one.p_equivalent == pytest.approx(other.p_equivalent, abs=1e-9)


@pytest.mark.parametrize(("better", "worse"), [(16, 6), (9, 0), (3, 12)])
def test_at_margin_zero_without_ties_it_is_mcnemars_test(better, worse):
    got = scored([1.0] * better + [-1.0] * worse, margin=Fraction(0))
    assert got.method == "gaffke"
    assert got.p_pass == got.p_superior == pytest.approx(mcnemar(better, worse).p_better, rel=1e-9)
    assert got.p_fail == pytest.approx(mcnemar(better, worse).p_worse, rel=1e-9)
    assert got.p_equivalent is None


def test_the_exact_size_at_the_margin():
    n, p_better, p_worse = 50, 0.005, 0.055
    total = 0.0
    for better in range(4):
        for worse in range(16):
            same = n - better - worse
            log_chance = gammaln(n + 1) - gammaln(better + 1) - gammaln(worse + 1) - gammaln(same + 1)
            log_chance += xlogy(better, p_better) + xlogy(worse, p_worse) + xlogy(same, 1 - p_better - p_worse)
            values = [1.0] * better + [-1.0] * worse + [0.0] * same
            if log_chance > -16 and passes(scored(values).p_pass, alpha=ALPHA):
                total += math.exp(log_chance)
    assert total == pytest.approx(0.014, abs=5e-4)


def test_differences_that_all_are_zero_need_59_queries():
    assert scored([0.0] * 58).lower == pytest.approx(0.05 ** (1 / 58) - 1, rel=1e-9)
    assert [passes(scored([0.0] * n).p_pass, alpha=ALPHA) for n in (58, 59)] == [False, True]


def test_groups_shrink_the_sample_by_the_design_effect_of_the_differences():
    rng = np.random.default_rng(6)
    units = np.repeat(np.arange(40), 4)
    d = np.clip(np.repeat(rng.normal(0, 0.1, 40), 4) + rng.normal(0, 0.1, 160), -1, 1).round(1)
    got, wanted = (
        scored(d, units),
        scaled_gaffke((d + 1) / 2, units, target=Fraction(19, 40), alpha=ALPHA, icc_floor=FLOOR),
    )
    assert (got.method, got.units) == ("scaled-gaffke", 40)
    plain = layout_of(units, alpha=ALPHA, icc_floor=FLOOR)
    assert wanted.deff == pytest.approx(design_effect(d, plain), rel=1e-9)
    assert wanted.deff > 1.9
    assert (got.lower, got.p_pass) == pytest.approx((2 * wanted.lower - 1, wanted.p_pass), rel=1e-9)


def test_groups_are_never_judged_by_the_variance_of_a_share():
    """Near no difference m (1 - m) is 1/4: by it 600 queries that hardly differ would not pass a margin of 5 points."""
    d = np.zeros(600)
    d[[0, 50, 100]], d[[25, 75, 125]] = 1.0, -1.0
    units = np.arange(600) // 5
    got = scored(d, units)
    assert got.method == "scaled-gaffke"
    assert passes(got.p_pass, alpha=ALPHA)
    effective = 600 / (1 + 4 * 0.3)
    assert 0.5 - 1.645 * math.sqrt(0.25 / effective) < 0.475  # what the other variance would say


def test_differences_of_one_size_keep_the_name_in_groups():
    d, units = [1.0, 1.0, -1.0, 1.0] * 10, np.arange(40) // 2
    got = scored(d, units)
    assert got.method == "scaled-gaffke"
    shares = (np.array(d) + 1) / 2
    wanted = scaled_gaffke(shares, units, target=Fraction(19, 40), alpha=ALPHA, icc_floor=FLOOR)
    assert wanted.method == "korn-graubard"  # the same numbers: there m (1 - m) is the variance
    assert (got.p_pass, got.p_fail) == (wanted.p_pass, wanted.p_fail)


def test_groups_of_one_are_no_groups():
    d = [0.1, -0.2, 0.0, 0.5]
    assert scored(d, ["a", "b", "c", "d"]) == scored(d)


def test_the_order_of_the_queries_changes_nothing():
    d = np.random.default_rng(2).uniform(-0.3, 0.3, 80).round(2)
    units = np.arange(80) // 4
    order = np.random.default_rng(9).permutation(80)
    assert scored(d[order]) == scored(d)
    assert scored(d[order], units[order]).p_pass == pytest.approx(scored(d, units).p_pass, rel=1e-12)


def test_weights_move_the_mean_and_cost_certainty():
    d = np.random.default_rng(3).choice([-0.5, 0.0, 0.0, 0.0, 0.25], size=200)
    weights = np.where(np.arange(200) % 4 == 0, 5.0, 1.0)
    got, plain = scored(d, weights=weights), scored(d)
    assert (got.method, got.units) == ("scaled-gaffke+weights", 200)
    assert got.estimate == pytest.approx(np.average(d, weights=weights))
    assert got.upper - got.lower > plain.upper - plain.lower
    assert scored(d, weights=np.full(200, 7.0)) == plain


@pytest.mark.parametrize("units", [None, ["a", "a"]])
def test_one_unit_bounds_nothing(units):
    got = scored([0.5] if units is None else [0.5, 0.5], units)
    assert (got.estimate, got.lower, got.upper, got.p_pass, got.p_equivalent, got.units) == (
        0.5,
        None,
        None,
        None,
        None,
        1,
    )
    assert bet([0.5, 0.5], ["a", "a"]).p_pass is None


def test_betting_is_wider_and_weighs():
    d = np.random.default_rng(1).choice([-0.5, 0.0, 0.0, 0.0, 0.25], size=200)
    proved, usual = bet(d), scored(d)
    assert proved.method == "betting"
    assert proved.lower < usual.lower
    assert proved.upper > usual.upper
    assert bet(d, weights=np.full(200, 3.0)).lower == pytest.approx(proved.lower, abs=1e-9)
    weights = np.where(d < 0, 2.0, 1.0)
    assert bet(d, weights=weights).estimate == pytest.approx(np.average(d, weights=weights))


@pytest.mark.parametrize("values", [[], [0.5, 1.01], [0.0, math.nan], [-math.inf]])
def test_what_is_no_difference_is_refused(values):
    with pytest.raises(StatisticsError, match="wanted"):
        scored(values)
    with pytest.raises(StatisticsError, match="wanted"):
        bet(values)


@pytest.mark.parametrize("margin", [Fraction(-1, 100), Fraction(1)])
def test_a_margin_that_says_nothing_is_refused(margin):
    with pytest.raises(StatisticsError, match="margin"):
        scored([0.5, 0.1], margin=margin)
