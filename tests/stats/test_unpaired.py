"""Two independent shares: Newcombe's interval against its oracle."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.proportions import wilson_limits
from evalslo.stats.unpaired import newcombe_unpaired

ALPHA, TWO_SIDED = Fraction(1, 20), Fraction(1, 40)
SHARES = st.integers(2, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
MARGINS = st.sampled_from([Fraction(0), Fraction(1, 50), Fraction(1, 5)])


def found(baseline, candidate, *, margin=Fraction(1, 20), alpha=ALPHA):
    return newcombe_unpaired(baseline, candidate, margin=margin, alpha=alpha)


def test_the_published_interval():
    got = found((0, 29), (5, 56), alpha=TWO_SIDED)
    assert (got.lower, got.upper) == pytest.approx((-0.0381, 0.1926), abs=5e-5)
    assert (got.method, got.units, got.estimate) == ("newcombe", 85, 5 / 56)


@settings(max_examples=40, deadline=None)
@given(SHARES, SHARES)
def test_the_interval_is_that_of_statsmodels(baseline, candidate):
    got = found(baseline, candidate, alpha=TWO_SIDED)
    wanted = confint_proportions_2indep(*candidate, *baseline, method="newcomb", compare="diff", alpha=0.05)
    assert (got.lower, got.upper) == pytest.approx(wanted, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(SHARES)
def test_the_limits_of_a_share_are_wilsons(share):
    good, n = share
    wanted = proportion_confint(good, n, alpha=0.1, method="wilson")
    assert wilson_limits(good / n, n, level=0.05) == pytest.approx(wanted, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(SHARES, SHARES, MARGINS)
def test_inverted_p_values_stand_where_the_bounds_do(baseline, candidate, margin):
    got = found(baseline, candidate, margin=margin)
    assert got.lower <= got.estimate <= got.upper
    assert passes(got.p_pass, alpha=ALPHA) == (got.lower >= -float(margin))
    assert fails(got.p_fail, alpha=ALPHA) == (got.upper < -float(margin))
    assert not (passes(got.p_pass, alpha=ALPHA) and fails(got.p_fail, alpha=ALPHA))
    again = found(baseline, candidate, margin=margin, alpha=Fraction(1, 100))
    assert again.p_pass == pytest.approx(got.p_pass, rel=1e-6)  # it is a fact of the data, not of the level asked


@settings(max_examples=50, deadline=None)
@given(SHARES, SHARES)
def test_swapping_the_arms_mirrors_the_interval(one, other):
    there, back = found(one, other), found(other, one)
    assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower), abs=1e-12)
    assert there.p_equivalent == pytest.approx(back.p_equivalent, rel=1e-6)


def test_the_exact_size_at_the_margin():
    n, base, margin = 60, 0.9, 0.05
    total = math.fsum(
        binom.pmf(b, n, base) * binom.pmf(c, n, base - margin)
        for b in range(n + 1)
        for c in range(n + 1)
        if binom.pmf(b, n, base) * binom.pmf(c, n, base - margin) > 1e-7
        and passes(found((b, n), (c, n)).p_pass, alpha=ALPHA)
    )
    assert 0.02 < total <= 0.051


def test_as_many_events_as_are_needed_decide_and_one_less_does_not():
    got = found((18, 20), (19, 20))
    further = got.needed_units

    def grown(more):
        scale = (40 + more) / 40
        return newcombe_unpaired(
            (18 * scale, 20 * scale), (19 * scale, 20 * scale), margin=Fraction(1, 20), alpha=ALPHA
        )

    assert passes(grown(further).p_pass, alpha=ALPHA)
    assert not passes(grown(further - 1).p_pass, alpha=ALPHA)


def test_one_event_in_an_arm_bounds_nothing():
    got = found((1, 1), (40, 50))
    assert (got.estimate, got.lower, got.p_pass) == (pytest.approx(-0.2), None, None)


@pytest.mark.parametrize("share", [(1, 0), (5, 4), (-1, 3)])
def test_what_cannot_be_is_refused(share):
    with pytest.raises(StatisticsError, match="wanted 0 <= good <= n"):
        found(share, (1, 2))
