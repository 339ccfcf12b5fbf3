"""Newcombe's interval of paired shares: published intervals, exact size, inverted p-values."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, xlogy

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.paired import newcombe_paired

ALPHA, TWO_SIDED = Fraction(1, 20), Fraction(1, 40)
TABLES = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda table: sum(table) > 1)
MARGINS = st.sampled_from([Fraction(0), Fraction(1, 20), Fraction(1, 5)])


def found(better, worse, both, neither, *, margin=Fraction(1, 20), alpha=ALPHA):
    return newcombe_paired(better, worse, both=both, neither=neither, margin=margin, alpha=alpha)


@pytest.mark.parametrize(
    ("table", "estimate", "interval"),
    [
        pytest.param((5, 0, 14, 22), 5 / 41, (0.0115, 0.2265), id="Altman et al. 2000, table 6.2"),
        pytest.param((6, 16, 59, 80), -10 / 161, (-0.1186, -0.0046), id="Cavo et al. 2012"),
    ],
)
def test_published_intervals(table, estimate, interval):
    got = found(*table, alpha=TWO_SIDED)
    assert got.estimate == pytest.approx(estimate)
    assert (got.lower, got.upper) == pytest.approx(interval, abs=5e-5)
    assert (got.method, got.units) == ("newcombe-paired", sum(table))


def log_multinomial(counts, shares):
    whole = gammaln(sum(counts) + 1) - sum(gammaln(count + 1) for count in counts)
    return whole + sum(xlogy(count, share) for count, share in zip(counts, shares, strict=True))


@pytest.mark.parametrize(
    ("n", "discordance", "margin", "measured"),
    [(30, 0.10, "1/20", None), (50, 0.04, "3/100", 0.005)],
)
def test_the_exact_size_at_the_margin(n, discordance, margin, measured):
    exact = Fraction(margin)
    shares = ((discordance - float(exact)) / 2, (discordance + float(exact)) / 2)
    both = 0.95 - shares[1]  # the baseline is right 95 % of the time
    shares = (*shares, both, 1 - discordance - both)
    total = 0.0
    for better in range(6):
        for worse in range(n // 3):
            for neither in range(10):
                counts = (better, worse, n - better - worse - neither, neither)
                if min(counts) >= 0 and (chance := math.exp(log_multinomial(counts, shares))) > 1e-7:
                    total += chance * passes(found(*counts, margin=exact).p_pass, alpha=ALPHA)
    assert total <= 0.05
    assert measured is None or total == pytest.approx(measured, abs=5e-4)


@settings(max_examples=50, deadline=None)
@given(TABLES, MARGINS)
def test_inverted_p_values_stand_where_the_bounds_do(table, margin):
    got = found(*table, margin=margin)
    assert got.lower <= got.estimate <= got.upper
    assert passes(got.p_pass, alpha=ALPHA) == (got.lower >= -float(margin))
    assert fails(got.p_fail, alpha=ALPHA) == (got.upper < -float(margin))
    assert got.p_pass + got.p_fail == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_swapping_the_runs_mirrors_the_interval(table):
    better, worse, both, neither = table
    one, other = found(*table), found(worse, better, both, neither)
    assert (one.lower, one.upper) == pytest.approx((-other.upper, -other.lower), abs=1e-12)


def test_one_pair_bounds_nothing():
    got = found(0, 1, 0, 0)
    assert (got.estimate, got.lower, got.p_pass, got.p_superior) == (-1.0, None, None, None)


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (1, 2, -1, 4), (-1, 0, 3, 4)])
def test_what_cannot_be_is_refused(table):
    with pytest.raises(StatisticsError, match="wanted counts"):
        found(*table)
