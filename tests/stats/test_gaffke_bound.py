"""Means of independent scores: vectors, symmetry, rounding, degenerate samples."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.dirichlet import share_below
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.gaffke import gaffke
from evalslo.stats.tally import of_values, p_fail, p_pass
from tests.support.bounds import assert_mirrored, assert_order_is_nothing, assert_wider_with_less_alpha

ALPHA = Fraction(1, 20)
NINETY = Fraction(9, 10)
SCORES = st.lists(st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 0.8, 0.9, 1.0]), min_size=2, max_size=40)


def test_published_mixed_sample():
    found = gaffke([1.0] * 30 + [0.5] * 5 + [0.0] * 2, target=NINETY, alpha=ALPHA)
    assert (found.estimate, found.lower, found.upper) == pytest.approx((0.878378, 0.768221, 0.942691), abs=6e-7)
    assert (found.method, found.units, found.icc, found.deff) == ("gaffke", 37, None, None)


@pytest.mark.parametrize(("good", "n", "lower"), [(20, 20, 0.860892), (95, 100, 0.8977466), (980, 1000, 0.9710699)])
def test_zeros_and_ones_are_clopper_pearson(good, n, lower):
    found = gaffke(np.repeat([1.0, 0.0], [good, n - good]), target=NINETY, alpha=ALPHA)
    assert found == clopper_pearson(good, n, target=NINETY, alpha=ALPHA)
    assert found.lower == pytest.approx(lower, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60))
def test_a_hair_off_zeros_and_ones_is_still_clopper_pearson(good, bad):
    """The general formula meets the exact one: nothing jumps where the methods change."""
    exact = clopper_pearson(good, good + bad, target=NINETY, alpha=ALPHA)
    near = gaffke(np.repeat([1.0 - 1e-12, 0.0], [good, bad]), target=NINETY, alpha=ALPHA)
    assert near.method == "gaffke"
    assert (near.lower, near.upper) == pytest.approx((exact.lower, exact.upper), abs=1e-8)
    assert (near.p_pass, near.p_fail) == pytest.approx((exact.p_pass, exact.p_fail), abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(SCORES, st.integers(1, 99))
def test_mirrored_scores_swap_the_sides(values, percent):
    assert_mirrored(gaffke, values, percent, within=1e-8)


@settings(max_examples=25, deadline=None)
@given(SCORES, st.integers(1, 100), st.integers(1, 499))
def test_pass_and_fail_never_both_and_bounds_decide_alike(values, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    found = gaffke(values, target=target, alpha=alpha)
    passed, failed = passes(found.p_pass, alpha=alpha), fails(found.p_fail, alpha=alpha)
    assert not (passed and failed)
    assert passed == (found.lower >= target) or found.lower == pytest.approx(percent / 100, abs=1e-8)
    assert failed == (found.upper < target) or found.upper == pytest.approx(percent / 100, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(SCORES, st.randoms(use_true_random=False))
def test_order_changes_nothing(values, random):
    assert_order_is_nothing(gaffke, values, random)


@settings(max_examples=20, deadline=None)
@given(SCORES)
def test_a_smaller_alpha_never_narrows_the_interval(values):
    bounds = assert_wider_with_less_alpha(gaffke, values)
    assert len({b.p_pass for b in bounds}) == 1


@settings(max_examples=20, deadline=None)
@given(SCORES, st.data())
def test_a_better_score_never_lowers_a_bound(values, data):
    i = data.draw(st.integers(0, len(values) - 1))
    better = [*values[:i], min(1.0, values[i] + 0.15), *values[i + 1 :]]
    one, other = (gaffke(x, target=NINETY, alpha=ALPHA) for x in (values, better))
    assert other.lower >= one.lower - 1e-8
    assert other.upper >= one.upper - 1e-8
    assert other.p_pass <= one.p_pass + 1e-9


def test_equal_scores_follow_the_formula():
    found = gaffke([0.5] * 40, target=Fraction(1, 2), alpha=ALPHA)
    assert found.lower == pytest.approx(0.5 * 0.05 ** (1 / 40), abs=1e-9)
    assert found.upper == pytest.approx(1 - 0.5 * 0.05 ** (1 / 40), abs=1e-9)
    assert (found.p_pass, found.p_fail) == (1.0, 1.0)  # every value at the target shows nothing


def test_one_score_decides_nothing():
    found = gaffke([0.7], target=Fraction(1, 100), alpha=ALPHA)
    assert (found.estimate, found.method, found.units) == (0.7, "gaffke", 1)
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units) == (None,) * 5


def test_a_target_of_one_fails_on_any_loss():
    found = gaffke([1.0] * 9 + [0.999], target=Fraction(1), alpha=ALPHA)
    assert (found.p_pass, found.p_fail) == (1.0, 0.0)


def test_many_distinct_scores_are_rounded_away_from_the_verdict():
    x = np.random.default_rng(3).beta(8, 1, size=1200)
    found = gaffke(x, target=NINETY, alpha=ALPHA)
    ones = np.ones(x.size)
    true_pass = share_below(x - 0.9, ones, anchor=-0.9)
    true_fail = share_below(0.9 - x, ones, anchor=-0.1)
    down, up = (gaffke(rounding(x * 500) / 500, target=NINETY, alpha=ALPHA) for rounding in (np.floor, np.ceil))
    assert found.p_pass >= true_pass
    assert found.p_fail >= true_fail
    assert found.lower == pytest.approx(down.lower, abs=1e-9)
    assert found.upper == pytest.approx(up.upper, abs=1e-9)
    assert found.estimate == pytest.approx(x.mean(), abs=1e-12)


def test_far_targets_are_decided_by_large_samples():
    x = np.random.default_rng(4).beta(8, 1, size=4000)
    assert gaffke(x, target=Fraction(1, 2), alpha=Fraction(1, 10**6)).p_pass < 1e-100
    assert gaffke(x, target=Fraction(99, 100), alpha=Fraction(1, 10**6)).p_fail < 1e-100


def test_false_verdicts_on_scores_piled_at_one_stay_near_alpha():
    """faith96 of the design: 96 % exactly 1, 1 % exactly 0, the rest fractions; measured .024 and .034 at n = 300."""
    rng = np.random.default_rng(11)
    kinds = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    chances = np.array([0.01, 0.01, 0.01, 0.01, 0.96])
    target = Fraction(39, 40)  # their mean
    tallies = [of_values(rng.choice(kinds, p=chances, size=300)) for _ in range(400)]
    assert np.mean([passes(p_pass(tally, target=target), alpha=ALPHA) for tally in tallies]) <= 0.05
    assert 0.005 <= np.mean([fails(p_fail(tally, target=target), alpha=ALPHA) for tally in tallies]) <= 0.065


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, float("nan")], r"values\[1\] is nan"),
        ([float("inf")], r"values\[0\] is inf"),
        ([0.5, 0.5, 1.0000001], r"values\[2\] is 1.0000001"),
        ([-0.1, 0.5], r"values\[0\] is -0.1"),
        ([], "at least one value"),
        ([[0.5, 0.5]], "flat array"),
    ],
)
def test_what_is_no_score_is_refused_by_name(values, message):
    with pytest.raises(StatisticsError, match=message):
        gaffke(values, target=NINETY, alpha=ALPHA)
