"""MOVER: the square-and-add limits, p-values by inversion, and the proved way beside it."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Bound, fails, passes
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.gaffke import gaffke
from evalslo.stats.mover import bonferroni_difference, by_inversion, mover_difference, mover_limits
from evalslo.stats.proportions import wilson_limits
from evalslo.stats.unpaired import newcombe_unpaired

ALPHA, MARGIN, EASY = Fraction(1, 20), Fraction(1, 20), Fraction(1, 10**6)
SHARES = st.integers(2, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
PARTS = st.lists(
    st.tuples(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4
)  # a point, and how far the bounds are from it


def exact_arm(good, n):
    return lambda level: clopper_pearson(good, n, target=EASY, alpha=level)


def wilson_arm(good, n):
    def at(level):
        low, high = wilson_limits(good / n, n, level=float(level))
        return Bound(
            estimate=good / n,
            lower=low,
            upper=high,
            p_pass=None,
            p_fail=None,
            method="wilson",
            units=n,
            icc=None,
            deff=None,
            needed_units=None,
        )

    return at


def test_one_part_keeps_its_bounds():
    assert mover_limits([0.5], [0.25], [1.0]) == (0.25, 1.0)


def test_distances_to_the_bounds_add_up_by_their_squares():
    assert mover_limits([0.5, 0.25], [0.2, -0.15], [0.6, 0.35]) == pytest.approx((0.25, 0.75 + math.sqrt(0.02)))


@settings(max_examples=60, deadline=None)
@given(PARTS)
def test_mirrored_parts_have_the_mirrored_sum(parts):
    points = [point for point, _, _ in parts]
    lowers, uppers = [p - down for p, down, _ in parts], [p + up for p, _, up in parts]
    low, high = mover_limits(points, lowers, uppers)
    back = mover_limits([-p for p in points], [-u for u in uppers], [-lo for lo in lowers])
    assert (low, high) == pytest.approx((-back[1], -back[0]))
    assert low <= sum(points) + 1e-12
    assert high >= sum(points) - 1e-12


@pytest.mark.parametrize(
    ("estimates", "lowers", "uppers"),
    [([], [], []), ([0.5], [0.6], [0.9]), ([0.5], [0.1], [0.4]), ([0.5, 0.1], [0.1], [0.9]), ([math.nan], [0], [1])],
)
def test_parts_that_are_no_interval_are_refused(estimates, lowers, uppers):
    with pytest.raises(StatisticsError, match="wanted lower <= estimate <= upper"):
        mover_limits(estimates, lowers, uppers)


@settings(max_examples=25, deadline=None)
@given(SHARES, SHARES)
def test_of_wilsons_limits_it_is_newcombes_interval(baseline, candidate):
    got = mover_difference(wilson_arm(*baseline), wilson_arm(*candidate), margin=MARGIN, alpha=ALPHA)
    wanted = newcombe_unpaired(baseline, candidate, margin=MARGIN, alpha=ALPHA)
    assert (got.lower, got.upper) == pytest.approx((wanted.lower, wanted.upper), abs=1e-12)
    assert (got.p_pass, got.p_fail) == pytest.approx((wanted.p_pass, wanted.p_fail), rel=1e-6)
    assert (got.method, got.units) == ("mover-wilson", wanted.units)


@pytest.mark.parametrize("alpha", [Fraction(1, 20), Fraction(1, 100)])
@pytest.mark.parametrize("estimate", [-0.4, -0.06, -0.05, 0.0, 0.02, 0.2])
def test_the_p_values_of_a_normal_interval_are_normal(estimate, alpha):
    def limits(level):
        half = -norm.ppf(level) * 0.03
        return estimate - half, estimate + half

    got = by_inversion(limits, estimate=estimate, margin=MARGIN, alpha=alpha, method="normal", units=9)
    assert got.p_pass == pytest.approx(max(norm.sf((estimate + 0.05) / 0.03), norm.sf(7)), abs=1e-9)
    assert got.p_fail == pytest.approx(max(norm.cdf((estimate + 0.05) / 0.03), norm.sf(7)), abs=1e-9)
    assert got.p_superior == pytest.approx(max(norm.sf(estimate / 0.03), norm.sf(7)), abs=1e-9)
    assert got.p_equivalent == pytest.approx(max(got.p_pass, norm.cdf((estimate - 0.05) / 0.03)), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(SHARES, SHARES)
def test_p_values_stand_where_the_bounds_do(baseline, candidate):
    arms = exact_arm(*baseline), exact_arm(*candidate)
    for method in (mover_difference, bonferroni_difference):
        got = method(*arms, margin=MARGIN, alpha=ALPHA)
        assert -1 <= got.lower <= got.estimate <= got.upper <= 1
        assert passes(got.p_pass, alpha=ALPHA) == (got.lower >= -0.05)
        assert fails(got.p_fail, alpha=ALPHA) == (got.upper < -0.05)


@pytest.mark.parametrize("method", [mover_difference, bonferroni_difference])
def test_the_exact_size_at_the_margin(method):
    n, base = 30, 0.9
    chances = {
        (b, c): chance
        for b in range(n + 1)
        for c in range(n + 1)
        if (chance := binom.pmf(b, n, base) * binom.pmf(c, n, base - 0.1)) > 1e-5
    }
    total = math.fsum(
        chance
        for (b, c), chance in chances.items()
        if method(exact_arm(b, n), exact_arm(c, n), margin=Fraction(1, 10), alpha=ALPHA).lower >= -0.1
    )
    assert total <= 0.05
    assert total > 0.0


def test_the_proved_interval_is_the_wider():
    arms = exact_arm(180, 200), exact_arm(185, 200)
    proved = bonferroni_difference(*arms, margin=MARGIN, alpha=ALPHA)
    usual = mover_difference(*arms, margin=MARGIN, alpha=ALPHA)
    assert proved.lower < usual.lower
    assert proved.upper > usual.upper
    low, high = (
        clopper_pearson(185, 200, target=EASY, alpha=ALPHA / 2),
        clopper_pearson(180, 200, target=EASY, alpha=ALPHA / 2),
    )
    assert proved.lower == pytest.approx(low.lower - high.upper, abs=1e-12)
    assert proved.method == "bonferroni-clopper-pearson"


def test_scores_of_both_arms_by_gaffke():
    rng = np.random.default_rng(4)
    first, second = rng.beta(8, 1, size=120).round(2), rng.beta(9, 1, size=150).round(2)
    got = mover_difference(
        lambda level: gaffke(first, target=EASY, alpha=level),
        lambda level: gaffke(second, target=EASY, alpha=level),
        margin=MARGIN,
        alpha=ALPHA,
    )
    assert (got.method, got.units) == ("mover-gaffke", 270)
    assert got.estimate == pytest.approx(second.mean() - first.mean())
    assert passes(got.p_pass, alpha=ALPHA) == (got.lower >= -0.05)


def test_arms_of_different_methods_are_both_named():
    got = mover_difference(
        exact_arm(18, 20), lambda level: gaffke([0.5, 1.0, 0.9], target=EASY, alpha=level), margin=MARGIN, alpha=ALPHA
    )
    assert got.method == "mover-clopper-pearson-gaffke"


def test_one_unit_in_an_arm_bounds_nothing():
    got = mover_difference(exact_arm(1, 1), exact_arm(9, 10), margin=MARGIN, alpha=ALPHA)
    assert (got.estimate, got.lower, got.upper, got.p_pass, got.units) == (pytest.approx(-0.1), None, None, None, 11)


@pytest.mark.parametrize("margin", [Fraction(-1, 100), Fraction(1)])
def test_a_margin_that_says_nothing_is_refused(margin):
    with pytest.raises(StatisticsError, match="margin"):
        mover_difference(exact_arm(9, 10), exact_arm(9, 10), margin=margin, alpha=ALPHA)
