"""Student's t: oracle, inversion, and what it must not say of equal values."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.student import student_t
from tests.support.bounds import assert_mirrored, assert_order_is_nothing, assert_wider_with_less_alpha

ALPHA, HALFWAY, NINETY = Fraction(1, 20), Fraction(1, 2), Fraction(9, 10)
SCORES = st.lists(st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 0.8, 0.9, 1.0]), min_size=2, max_size=40)
VARIED = SCORES.filter(lambda values: len(set(values)) > 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1, width=16), min_size=2, max_size=60), st.integers(1, 99))
def test_bounds_and_p_values_agree_with_scipy(values, percent):
    if np.std(values) < 1e-6:
        return
    found = student_t(values, target=Fraction(percent, 100), alpha=ALPHA)
    greater, less = (ttest_1samp(values, percent / 100, alternative=side) for side in ("greater", "less"))
    assert found.lower == pytest.approx(max(0.0, greater.confidence_interval(0.95).low), abs=1e-9)
    assert found.upper == pytest.approx(min(1.0, less.confidence_interval(0.95).high), abs=1e-9)
    assert (found.p_pass, found.p_fail) == pytest.approx((greater.pvalue, less.pvalue), rel=1e-7, abs=1e-12)
    assert (found.method, found.units, found.icc, found.deff) == ("t", len(values), None, None)


@settings(max_examples=40, deadline=None)
@given(VARIED, st.integers(1, 100), st.integers(1, 499))
def test_p_values_invert_the_bounds_that_are_shown(values, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    found = student_t(values, target=target, alpha=alpha)
    passed, failed = passes(found.p_pass, alpha=alpha), fails(found.p_fail, alpha=alpha)
    assert not (passed and failed)
    assert found.lower <= found.estimate <= found.upper
    assert passed == (found.lower >= target) or found.lower == pytest.approx(percent / 100, abs=1e-9)
    assert failed == (found.upper < target) or found.upper == pytest.approx(percent / 100, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(VARIED, st.integers(1, 99))
def test_mirrored_scores_swap_the_sides(values, percent):
    assert_mirrored(student_t, values, percent, within=1e-12)


@settings(max_examples=20, deadline=None)
@given(VARIED, st.randoms(use_true_random=False))
def test_order_changes_nothing(values, random):
    assert_order_is_nothing(student_t, values, random)


@settings(max_examples=20, deadline=None)
@given(VARIED)
def test_a_smaller_alpha_never_narrows_the_interval(values):
    assert_wider_with_less_alpha(student_t, values)


@pytest.mark.parametrize("values", [[1.0] * 500, [0.0] * 2, [0.7] * 9, [0.1] * 3, [0.7], [0.0, 5e-324]])
def test_equal_values_show_no_spread_and_decide_nothing(values):
    found = student_t(values, target=HALFWAY, alpha=ALPHA)
    assert (found.estimate, found.units) == (pytest.approx(values[0]), len(values))
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units) == (None,) * 5


def test_values_that_differ_by_the_last_bit_are_a_sample_like_any_other():
    found = student_t([1.0, 1.0 - 2**-53, 1.0], target=HALFWAY, alpha=ALPHA)
    assert passes(found.p_pass, alpha=ALPHA)
    assert found.upper == 1.0


def test_a_target_of_one_cannot_pass():
    found = student_t([1.0] * 999 + [0.999], target=Fraction(1), alpha=Fraction(499, 1000))
    assert found.p_pass > 0.5
    assert found.lower < 1.0


@pytest.mark.parametrize("percent", [70, 72, 80, 85])
def test_that_many_further_units_decide_at_the_present_estimate(percent):
    scores, target = np.tile([1.0, 1.0, 1.0, 0.8, 0.0], 8), Fraction(percent, 100)
    found = student_t(scores, target=target, alpha=ALPHA)
    copies = -(-found.needed_units // 40) + 1
    enough, fewer = (student_t(np.tile(scores, k), target=target, alpha=ALPHA) for k in (copies, copies - 1))
    assert passes(enough.p_pass, alpha=ALPHA) or fails(enough.p_fail, alpha=ALPHA)
    assert not passes(fewer.p_pass, alpha=ALPHA)
    assert not fails(fewer.p_fail, alpha=ALPHA)


def test_decided_runs_and_runs_at_the_target_need_nothing():
    scores = np.tile([1.0, 0.5], 20)
    assert student_t(scores, target=HALFWAY, alpha=ALPHA).needed_units is None
    assert student_t(scores, target=Fraction(3, 4), alpha=ALPHA).needed_units is None


@pytest.mark.parametrize(
    ("values", "message"),
    [([0.5, float("nan")], r"values\[1\] is nan"), ([1.5, 0.5], r"values\[0\] is 1.5"), ([], "at least one value")],
)
def test_what_is_no_score_is_refused_by_name(values, message):
    with pytest.raises(StatisticsError, match=message):
        student_t(values, target=NINETY, alpha=ALPHA)


def test_levels_out_of_range_are_refused_by_name():
    with pytest.raises(StatisticsError, match="alpha"):
        student_t([0.5, 1.0], target=NINETY, alpha=HALFWAY)
