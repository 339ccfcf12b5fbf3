"""Tango's test of pairs: published intervals, exact size, and what test and interval have in common."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, xlogy
from scipy.stats import norm

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.paired import tango

ALPHA, TWO_SIDED, MARGIN = Fraction(1, 20), Fraction(1, 40), Fraction(1, 20)
MARGINS = st.sampled_from([Fraction(0), Fraction(1, 50), Fraction(1, 20), Fraction(3, 10)])
PAIRS = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 300)).filter(lambda c: sum(c) > 1)


def found(better, worse, n, *, margin=MARGIN, alpha=ALPHA):
    return tango(better, worse, n=n, margin=margin, alpha=alpha)


def size(n, *, discordance, margin, rejects):
    """The exact probability of a PASS where the truth is worse by exactly the margin."""
    share = {1: (discordance - margin) / 2, -1: (discordance + margin) / 2}
    total = 0.0
    for better in range(n + 1):
        for worse in range(n + 1 - better):
            same = n - better - worse
            log_chance = gammaln(n + 1) - gammaln(better + 1) - gammaln(worse + 1) - gammaln(same + 1)
            log_chance += xlogy(better, share[1]) + xlogy(worse, share[-1]) + xlogy(same, 1 - discordance)
            if log_chance > -23:
                total += math.exp(log_chance) * rejects(better, worse)
    return total


@pytest.mark.parametrize(
    ("better", "worse", "n", "alpha", "interval", "digits"),
    [
        pytest.param(9, 3, 32, TWO_SIDED, (-0.027, 0.390), 5e-4, id="Tango 1998, crossover trial"),
        pytest.param(0, 1, 44, ALPHA, (-0.096, 0.037), 5e-4, id="Tango 1998, lens solutions"),
        pytest.param(16, 8, 86, TWO_SIDED, (-0.020, 0.207), 5e-4, id="Agresti & Min 2005"),
        pytest.param(6, 16, 161, TWO_SIDED, (-0.1240, -0.0054), 5e-5, id="Cavo et al. 2012"),
        pytest.param(3, 0, 3, TWO_SIDED, (-0.1230, 1.0), 5e-5, id="contingencytables, all better"),
        pytest.param(40, 20, 160, TWO_SIDED, (0.0309, 0.2181), 5e-5, id="PropCIs"),
    ],
)
def test_published_intervals(better, worse, n, alpha, interval, digits):
    got = found(better, worse, n, alpha=alpha)
    assert (got.lower, got.upper) == pytest.approx(interval, abs=digits)
    assert (got.estimate, got.units, got.method) == ((better - worse) / n, n, "tango")


@pytest.mark.parametrize("n", [2, 50, 52, 10_000])
def test_without_a_pair_that_differs_the_interval_still_has_a_width(n):
    got, z = found(0, 0, n), norm.ppf(0.95)
    assert (got.lower, got.upper) == pytest.approx((-(z**2) / (n + z**2), z**2 / (n + z**2)), rel=1e-12)
    assert passes(got.p_pass, alpha=ALPHA) == (n >= 52)  # five points cannot be certified below
    assert got.p_superior == 0.5


@pytest.mark.parametrize(
    ("n", "discordance", "margin", "measured"),
    [
        (50, 0.06, "1/20", 0.014),
        (50, 0.04, "3/100", 0.005),
        (50, 0.03, "1/50", 0.008),
        (100, 0.06, "1/20", 0.031),
        (100, 0.10, "3/100", 0.043),
        (200, 0.06, "1/20", 0.039),
        (200, 0.04, "3/100", 0.044),
    ],
)
def test_the_exact_size_at_the_margin(n, discordance, margin, measured):
    exact = Fraction(margin)

    def rejects(better, worse):
        return passes(found(better, worse, n, margin=exact).p_pass, alpha=ALPHA)

    got = size(n, discordance=discordance, margin=float(exact), rejects=rejects)
    assert got == pytest.approx(measured, abs=5e-4)


@pytest.mark.parametrize(("better", "worse", "n", "delta"), [(9, 3, 32, -0.1), (5, 12, 90, 0.04), (0, 4, 30, -0.05)])
def test_the_statistic_is_the_score_of_the_trinomial_likelihood(better, worse, n, delta):
    def minus_log_likelihood(p_worse):  # the nuisance, with the difference held at `delta`
        p_better = p_worse + delta
        return -float(
            xlogy(better, p_better) + xlogy(worse, p_worse) + xlogy(n - better - worse, 1 - 2 * p_worse - delta)
        )

    low, high = max(0.0, -delta), (1 - delta) / 2
    p_worse = minimize_scalar(minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    z = (better - worse - n * delta) / math.sqrt(n * (2 * p_worse + delta - delta**2))
    got = found(better, worse, n, margin=Fraction(str(abs(delta))))
    p = got.p_pass if delta < 0 else found(worse, better, n, margin=Fraction(str(delta))).p_fail
    assert p == pytest.approx(norm.sf(z), abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(PAIRS, MARGINS)
def test_test_and_interval_agree_and_never_say_both(counts, margin):
    better, worse, same = counts
    got = found(better, worse, better + worse + same, margin=margin)
    assert -1 <= got.lower <= got.estimate <= got.upper <= 1
    assert not (passes(got.p_pass, alpha=ALPHA) and fails(got.p_fail, alpha=ALPHA))
    if abs(got.lower + margin) > 1e-9:
        assert passes(got.p_pass, alpha=ALPHA) == (got.lower > -margin)
    if abs(got.upper + margin) > 1e-9:
        assert fails(got.p_fail, alpha=ALPHA) == (got.upper < -margin)


@settings(max_examples=60, deadline=None)
@given(PAIRS, MARGINS)
def test_swapping_the_runs_mirrors_everything(counts, margin):
    better, worse, same = counts
    n = better + worse + same
    one, other = found(better, worse, n, margin=margin), found(worse, better, n, margin=margin)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower), abs=1e-12)
    assert one.p_equivalent == other.p_equivalent or one.p_equivalent == pytest.approx(other.p_equivalent, rel=1e-9)
    assert one.p_superior == pytest.approx(1 - other.p_superior, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(PAIRS, MARGINS)
def test_a_pair_more_for_the_candidate_never_speaks_against_it(counts, margin):
    better, worse, same = counts
    n = better + worse + same + 1
    before, after = found(better, worse, n, margin=margin), found(better + 1, worse, n, margin=margin)
    assert after.p_pass <= before.p_pass + 1e-12
    assert after.lower >= before.lower - 1e-12


@settings(max_examples=40, deadline=None)
@given(PAIRS, MARGINS)
def test_a_smaller_alpha_widens(counts, margin):
    better, worse, same = counts
    n = better + worse + same
    narrow, wide = (
        found(better, worse, n, margin=margin),
        found(better, worse, n, margin=margin, alpha=Fraction(1, 1000)),
    )
    assert wide.lower <= narrow.lower
    assert wide.upper >= narrow.upper


@pytest.mark.parametrize(("better", "worse", "n"), [(2, 3, 60), (1, 9, 100), (4, 4, 30)])
def test_as_many_pairs_as_are_needed_decide_and_one_less_does_not(better, worse, n):
    got = found(better, worse, n)
    assert got.needed_units is not None

    def decides(further):
        scale = (n + further) / n
        grown = found(better * scale, worse * scale, n * scale)
        return passes(grown.p_pass, alpha=ALPHA) or fails(grown.p_fail, alpha=ALPHA)

    assert decides(got.needed_units)
    assert not decides(got.needed_units - 1)


def test_nothing_more_is_needed_where_it_is_decided_or_the_estimate_is_the_margin():
    assert found(0, 0, 100).needed_units is None
    assert found(0, 5, 100).needed_units is None
    assert found(0, 5, 100).p_pass == 0.5


def test_equivalence_needs_both_sides():
    far_better = found(30, 0, 100)
    assert passes(far_better.p_pass, alpha=ALPHA)
    assert far_better.p_equivalent > 0.99
    assert found(2, 2, 500).p_equivalent < 0.01
    assert found(2, 2, 500, margin=Fraction(0)).p_equivalent is None


def test_one_pair_bounds_nothing():
    got = found(1, 0, 1)
    assert (got.estimate, got.lower, got.upper, got.p_pass, got.p_fail, got.units) == (1.0, None, None, None, None, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"better": -1},
        {"better": 6, "worse": 5},
        {"n": 0, "better": 0, "worse": 0},
        {"margin": Fraction(-1, 20)},
        {"margin": Fraction(1)},
        {"alpha": Fraction(1, 2)},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(StatisticsError, match="wanted"):
        tango(**{"better": 1, "worse": 2, "n": 10, "margin": MARGIN, "alpha": ALPHA} | wrong)
