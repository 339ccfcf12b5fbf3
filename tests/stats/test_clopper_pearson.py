"""Shares of independent events: published intervals, exact sizes, plans."""

import subprocess
import sys
from bisect import bisect_left
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import proportion_confint

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import clopper_pearson, fewest_for_pass, most_bad, pass_probability

ALPHA = Fraction(1, 20)


def most_good_that_fails(n, *, target):
    """The largest number of good events that is FAIL; -1 where none is."""
    holds = lambda good: not fails(clopper_pearson(good, n, target=target, alpha=ALPHA).p_fail, alpha=ALPHA)  # noqa: E731 - a key
    return bisect_left(range(n + 1), x=True, key=holds) - 1


def sizes(n, *, target):
    """The exact probabilities of a false PASS and a false FAIL where the truth is the target."""
    bad = most_bad(n, target=target, alpha=ALPHA)
    false_pass = 0.0 if bad is None else binom.cdf(bad, n, float(1 - target))
    return false_pass, binom.cdf(most_good_that_fails(n, target=target), n, float(target))


@pytest.mark.parametrize(
    ("good", "n", "lower", "upper"),
    [
        (81, 263, 0.2527, 0.3676),  # Newcombe (1998), table I
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (13, 16, 0.5435, 0.9595),
        (10, 10, 0.6915, 1.0),
        (0, 10, 0.0, 0.3085),
    ],
)
def test_published_intervals_are_reproduced(good, n, lower, upper):
    found = clopper_pearson(good, n, target=Fraction(1, 2), alpha=Fraction(1, 40))
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 3000), st.data(), st.integers(1, 99))
def test_bounds_and_p_values_agree_with_scipy_and_statsmodels(n, data, percent):
    good = data.draw(st.integers(0, n))
    target = Fraction(percent, 100)
    found = clopper_pearson(good, n, target=target, alpha=ALPHA)
    assert (found.lower, found.upper) == pytest.approx(proportion_confint(good, n, 0.1, method="beta"), abs=1e-10)
    least = 1e-200  # far below, scipy.stats rounds to 0
    assert found.p_pass == pytest.approx(binomtest(good, n, percent / 100, "greater").pvalue, rel=1e-9, abs=least)
    assert found.p_fail == pytest.approx(binomtest(good, n, percent / 100, "less").pvalue, rel=1e-9, abs=least)


@pytest.mark.parametrize(
    ("percent", "n", "false_pass", "false_fail"),
    [
        (99, 100, 0.000, 0.018),
        (99, 200, 0.000, 0.016),
        (98, 50, 0.000, 0.018),
        (98, 200, 0.018, 0.049),
        (98, 1000, 0.038, 0.033),
        (95, 50, 0.000, 0.038),
        (95, 100, 0.037, 0.028),
        (95, 200, 0.026, 0.044),
        (95, 500, 0.034, 0.045),
        (90, 100, 0.024, 0.040),
        (80, 100, 0.047, 0.034),
        (80, 1000, 0.043, 0.046),
    ],
)
def test_exact_errors_at_the_target_are_those_of_the_design(percent, n, false_pass, false_fail):
    found = sizes(n, target=Fraction(percent, 100))
    assert found == pytest.approx((false_pass, false_fail), abs=6e-4)


def test_no_error_exceeds_alpha_on_a_grid():
    grid = [(n, Fraction(p, 1000)) for n in (2, 50, 75, 150, 300, 1000) for p in (*range(500, 1000, 83), 990, 998)]
    assert max(max(sizes(n, target=target)) for n, target in grid) <= 0.05 + 1e-12


@pytest.mark.parametrize(("percent", "n"), [(50, 5), (80, 14), (90, 29), (95, 59), (98, 149), (99, 299), (99.9, 2995)])
def test_fewest_perfect_events_that_pass_are_the_classic_numbers(percent, n):
    assert fewest_for_pass(Fraction(str(percent)) / 100, ALPHA) == n


def test_fewest_at_the_two_sided_level():
    assert [fewest_for_pass(Fraction(p, 100), Fraction(1, 40)) for p in (95, 99)] == [72, 368]


def test_fewest_is_exact_on_the_boundary_and_where_no_power_could_be_written_out():
    assert fewest_for_pass(Fraction(1, 2), Fraction(1, 32)) == 5
    assert fewest_for_pass(Fraction(9, 10), Fraction(9, 10) ** 30) == 30
    assert fewest_for_pass(1 - Fraction(1, 10**9), ALPHA) == 2995732273
    assert fewest_for_pass(Fraction(1), ALPHA) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 400), st.integers(1, 499))
def test_fewest_is_where_a_perfect_run_begins_to_pass(part, permille):
    target, alpha = 1 - Fraction(1, part), Fraction(permille, 1000)
    n = fewest_for_pass(target, alpha)
    assert passes(clopper_pearson(n, n, target=target, alpha=alpha).p_pass, alpha=alpha)
    assert n == 2 or not passes(clopper_pearson(n - 1, n - 1, target=target, alpha=alpha).p_pass, alpha=alpha)
    assert n == 2 or target**n <= alpha < target ** (n - 1)


@pytest.mark.parametrize(
    ("percent", "ns"),
    [
        (90, (29, 46, 61, 76, 89, 103)),
        (95, (59, 93, 124, 153, 181, 208)),
        (98, (149, 236, 313, 386, 456, 523)),
        (99, (299, 473, 628, 773, 913, 1049)),
    ],
)
def test_one_more_failure_is_gained_at_the_tabled_sizes(percent, ns):
    plan = [most_bad(n, target=Fraction(percent, 100), alpha=ALPHA) for n in ns]
    before = [most_bad(n - 1, target=Fraction(percent, 100), alpha=ALPHA) for n in ns]
    assert plan == [0, 1, 2, 3, 4, 5]
    assert before == [None, 0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("target", "truth", "n", "power"),
    [
        (95, 0.98, 100, 0.403),
        (95, 0.98, 200, 0.629),
        (95, 0.98, 300, 0.849),
        (95, 0.98, 500, 0.974),
        (90, 0.95, 100, 0.436),
        (90, 0.95, 200, 0.796),
        (98, 0.995, 200, 0.367),
        (98, 0.995, 300, 0.557),
        (98, 0.995, 500, 0.892),
    ],
)
def test_power_is_that_of_the_design(target, truth, n, power):
    assert pass_probability(n, truth=truth, target=Fraction(target, 100), alpha=ALPHA) == pytest.approx(power, abs=6e-4)


@pytest.mark.parametrize(
    ("target", "truth", "n", "bad", "power"),
    [
        (80, 0.90, 82, 10, 0.8),
        (80, 0.90, 112, 15, 0.9),
        (90, 0.95, 179, 11, 0.8),
        (90, 0.97, 103, 5, 0.9),
        (95, 0.97, 832, 31, 0.9),
        (95, 0.98, 234, 6, 0.8),
        (95, 0.99, 124, 2, 0.8),
        (98, 0.995, 386, 3, 0.8),
    ],
)
def test_tabled_sizes_are_the_first_to_reach_their_power(target, truth, n, bad, power):
    wanted = Fraction(target, 100)
    assert most_bad(n, target=wanted, alpha=ALPHA) == bad
    assert pass_probability(n, truth=truth, target=wanted, alpha=ALPHA) >= power
    assert pass_probability(n - 1, truth=truth, target=wanted, alpha=ALPHA) < power


def test_a_size_that_cannot_pass_has_no_power():
    assert pass_probability(58, truth=1.0, target=Fraction(19, 20), alpha=ALPHA) == 0.0
    assert pass_probability(59, truth=1.0, target=Fraction(19, 20), alpha=ALPHA) == 1.0


def test_one_event_decides_nothing():
    found = clopper_pearson(1, 1, target=Fraction(1, 100), alpha=ALPHA)
    assert found.estimate == 1.0
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units) == (None,) * 5
    assert most_bad(1, target=Fraction(1, 100), alpha=ALPHA) is None


def test_a_target_of_one_cannot_pass_and_any_bad_event_fails_it():
    perfect = clopper_pearson(5000, 5000, target=Fraction(1), alpha=ALPHA)
    assert (perfect.p_pass, perfect.p_fail) == (1.0, 1.0)
    assert clopper_pearson(4999, 5000, target=Fraction(1), alpha=ALPHA).p_fail == 0.0
    assert most_bad(5000, target=Fraction(1), alpha=ALPHA) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 500), st.data(), st.integers(1, 99))
def test_mirrored_events_swap_the_sides(n, data, percent):
    good = data.draw(st.integers(0, n))
    one = clopper_pearson(good, n, target=Fraction(percent, 100), alpha=ALPHA)
    other = clopper_pearson(n - good, n, target=1 - Fraction(percent, 100), alpha=ALPHA)
    assert (one.p_pass, one.p_fail) == pytest.approx((other.p_fail, other.p_pass), rel=1e-10)
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=1e-12)


def test_on_the_boundary_a_pass_stands_and_a_fail_does_not():
    boundary = clopper_pearson(5, 5, target=Fraction(1, 2), alpha=Fraction(1, 32))
    assert boundary.p_pass == pytest.approx(1 / 32)
    assert passes(boundary.p_pass, alpha=Fraction(1, 32))
    assert not passes(boundary.p_pass, alpha=Fraction(1, 33))
    mirrored = clopper_pearson(0, 5, target=Fraction(1, 2), alpha=Fraction(1, 32))
    assert not fails(mirrored.p_fail, alpha=Fraction(1, 32))
    assert fails(mirrored.p_fail, alpha=Fraction(1, 31))
    assert not passes(None, alpha=ALPHA)
    assert not fails(None, alpha=ALPHA)


@pytest.mark.parametrize(("good", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_cannot_be_are_refused_by_name(good, n):
    with pytest.raises(StatisticsError, match=f"{good} good of {n}"):
        clopper_pearson(good, n, target=Fraction(1, 2), alpha=ALPHA)


@pytest.mark.parametrize(
    ("target", "alpha", "name"),
    [(Fraction(0), ALPHA, "target"), (Fraction(3, 2), ALPHA, "target"), (Fraction(1, 2), Fraction(1, 2), "alpha")],
)
def test_levels_out_of_range_are_refused_by_name(target, alpha, name):
    with pytest.raises(StatisticsError, match=name):
        clopper_pearson(5, 10, target=target, alpha=alpha)
    with pytest.raises(StatisticsError, match=name):
        fewest_for_pass(target, alpha)


def test_scipy_is_loaded_only_where_a_bound_is_computed():
    code = (
        "import sys; from fractions import Fraction as F\n"
        "from evalslo.stats import clusters, exact, gaffke, holm, quantiles\n"
        "assert exact.fewest_for_pass(F(19, 20), F(1, 20)) == 59\n"
        "assert holm.survivors([.01], [F(1, 20)]) == (True,)\n"
        "assert not [name for name in sys.modules if name.startswith('scipy')]\n"
        "exact.most_bad(100, target=F(19, 20), alpha=F(1, 20))\n"
        "assert 'scipy.special' in sys.modules\n"
        "assert not {'scipy.stats', 'scipy.optimize'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
