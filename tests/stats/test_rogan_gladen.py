"""Shares by sensitivity and specificity: the published interval, p-values, weak scorers, shifted data."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.rogan_gladen import rogan_gladen

ALPHA, T = Fraction(1, 20), Fraction(19, 20)


def found(judged, n, good, bad, *, target=T, alpha=ALPHA):
    return rogan_gladen(judged, n, among_good=good, among_bad=bad, target=target, alpha=alpha)


@st.composite
def tables(draw):
    """(judged good, n, labels among answers judged good, and bad) of a scorer that is good enough."""
    n, good, bad = draw(st.integers(2, 400)), draw(st.integers(3, 80)), draw(st.integers(3, 80))
    a = draw(st.integers(math.ceil(0.75 * good), good))
    d = draw(st.integers(math.ceil(0.75 * bad), bad))
    return draw(st.integers(0, n)), n, (a, bad - d), (good - a, d)


def lee(judged, n, good, bad, z):
    """The published formula, written once more from the page."""
    (a, b), (c, d) = good, bad
    p, n = (judged + z * z / 2) / (n + z * z), n + z * z
    q1, m1, q0, m0 = (a + 1) / (a + c + 2), a + c + 2, (d + 1) / (b + d + 2), b + d + 2
    theta = (p + q0 - 1) / (q0 + q1 - 1)
    shift = 2 * z * z * (-(1 - theta) * q0 * (1 - q0) / m0 + theta * q1 * (1 - q1) / m1)
    var = p * (1 - p) / n + (1 - theta) ** 2 * q0 * (1 - q0) / m0 + theta**2 * q1 * (1 - q1) / m1
    half = z * math.sqrt(var) / (q0 + q1 - 1)
    return theta + shift - half, theta + shift + half


def test_published_example():
    """Lee et al. (2025), the README of their code."""
    bound = found(400, 1000, (180, 60), (20, 140), alpha=Fraction(1, 40))
    assert (bound.estimate, bound.lower, bound.upper) == pytest.approx((0.1667, 0.0564, 0.2627), abs=5e-5)
    assert (bound.method, bound.units) == ("rogan-gladen", 1000)


@pytest.mark.parametrize("alpha", [Fraction(1, 100), Fraction(1, 20), Fraction(1, 5)])
def test_limits_are_the_published_ones_at_every_level(alpha):
    from scipy.stats import norm

    table = (930, 1000, (270, 9), (10, 61))
    bound = found(*table, alpha=alpha)
    assert (bound.lower, bound.upper) == pytest.approx(lee(*table, norm.ppf(1 - float(alpha))), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 100), st.sampled_from([1, 25, 50, 100]))
def test_p_values_decide_as_the_bounds_do_and_never_both(table, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    bound = found(*table, target=target, alpha=alpha)
    passed, failed = passes(bound.p_pass, alpha=alpha), fails(bound.p_fail, alpha=alpha)
    assert not (passed and failed)
    if target < 1:
        assert passed == (bound.lower >= target) or bound.lower == pytest.approx(float(target), abs=1e-9)
    assert failed == (bound.upper < target) or bound.upper == pytest.approx(float(target), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(tables(), st.integers(1, 99))
def test_mirrored_tables_swap_the_sides(table, percent):
    judged, n, (a, b), (c, d) = table
    one = found(*table, target=Fraction(percent, 100))
    other = found(n - judged, n, (d, c), (b, a), target=1 - Fraction(percent, 100))
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=1e-9)
    assert (one.p_pass, one.p_fail) == pytest.approx((other.p_fail, other.p_pass), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_a_smaller_alpha_never_narrows_the_interval(table):
    """The published limits turn back on themselves where labels are few: those kept do not."""
    bounds = [found(*table, alpha=alpha) for alpha in (Fraction(1, 10**6), Fraction(1, 1000), Fraction(1, 20))]
    assert bounds[0].lower <= bounds[1].lower + 1e-4
    assert bounds[1].lower <= bounds[2].lower + 1e-4
    assert bounds[0].upper >= bounds[1].upper - 1e-4
    assert bounds[1].upper >= bounds[2].upper - 1e-4


def test_the_estimate_is_cut_to_a_share():
    assert found(1000, 1000, (90, 5), (10, 45)).estimate == 1.0
    assert found(0, 1000, (90, 5), (10, 45)).estimate == 0.0


def test_a_target_of_one_never_passes():
    assert found(1000, 1000, (500, 0), (0, 500), target=Fraction(1)).p_pass == 1.0


def test_one_answer_decides_nothing():
    one = found(1, 1, (90, 5), (10, 45))
    assert (one.estimate, one.lower, one.upper, one.p_pass, one.p_fail) == (1.0, None, None, None, None)


def test_needed_labels_decide():
    bound = found(950, 1000, (60, 2), (2, 10))
    assert bound.estimate > T
    assert not passes(bound.p_pass, alpha=ALPHA)
    assert bound.needed_units == 139
    assert passes(found(950, 1000, (180, 6), (6, 30)).p_pass, alpha=ALPHA)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ((9, 10, (55, 45), (45, 55)), "sensitivity plus specificity 1.1 found"),
        ((9, 10, (1, 0), (4, 1)), "sensitivity plus specificity"),  # 1.2 as seen, far less with one label more each way
        ((9, 10, (10, 0), (2, 0)), "12 good and 0 bad answers"),
        ((9, 10, (0, 3), (0, 9)), "0 good and 12 bad answers"),
        ((11, 10, (9, 1), (1, 9)), "11 judged good of 10"),
        ((9, 10, (9, -1), (1, 9)), "wanted counts"),
    ],
)
def test_what_cannot_be_corrected_is_refused_by_name(table, message):
    with pytest.raises(StatisticsError, match=message):
        found(*table)


@pytest.mark.parametrize(("labelled_share", "labels", "measured"), [(0.95, 100, 0.027), (0.95, 300, 0.030)])
def test_false_passes_stay_near_alpha_where_the_labels_are_of_better_answers(labelled_share, labels, measured):
    """The truth at the target of .85, labels from answers of which .95 are good: .004 and .030 in the design's table."""
    rng, runs = np.random.default_rng(23), 300
    wrong = 0
    for _ in range(runs):
        good = rng.random(1000) < 0.85
        other = rng.random(labels) < labelled_share
        judged, on_other = (np.where(x, rng.random(x.size) < 0.97, rng.random(x.size) >= 0.80) for x in (good, other))
        pairs = [
            (int(np.sum(other & (on_other == side))), int(np.sum(~other & (on_other == side))))
            for side in (True, False)
        ]
        try:
            bound = found(int(judged.sum()), 1000, *pairs, target=Fraction(17, 20))
        except StatisticsError:  # too few bad answers among the labels: refused, which passes nothing
            continue
        wrong += passes(bound.p_pass, alpha=ALPHA)
    assert wrong / runs <= measured + 3 * (0.05 * 0.95 / runs) ** 0.5
