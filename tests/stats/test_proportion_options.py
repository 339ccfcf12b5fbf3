"""Wilson, Jeffreys, mid-P and Beta-prior: published intervals, oracles, exact sizes, edges."""

from bisect import bisect_left
from fractions import Fraction
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.proportions import beta_prior, jeffreys, mid_p, wilson

ALPHA, HALF = Fraction(1, 20), Fraction(1, 2)
METHODS = [wilson, jeffreys, mid_p, beta_prior]
SIZES = (50, 75, 100, 150, 200, 300, 500, 1000)


def sizes(method, n, *, target):
    """The exact probabilities of a false PASS and a false FAIL where the truth is the target."""
    passed = lambda good: passes(method(good, n, target=target, alpha=ALPHA).p_pass, alpha=ALPHA)  # noqa: E731 - a key
    spared = lambda good: not fails(method(good, n, target=target, alpha=ALPHA).p_fail, alpha=ALPHA)  # noqa: E731 - a key
    first, last = (bisect_left(range(n + 1), x=True, key=key) for key in (passed, spared))
    return binom.sf(first - 1, n, float(target)), binom.cdf(last - 1, n, float(target))


def worst_sizes(method, ns):
    """The exact suprema over truths from .5 to .998: an error is largest with the truth on one of the bounds."""
    bounds = [
        (good, n, method(good, n, target=HALF, alpha=ALPHA)) for n in ns for good in range(max(0, n // 2 - 60), n)
    ]
    bounds += [(n, n, method(n, n, target=HALF, alpha=ALPHA)) for n in ns]
    false_pass = [binom.sf(good - 1, n, one.lower) for good, n, one in bounds if 0.5 <= one.lower <= 0.998]
    false_fail = [binom.cdf(good, n, one.upper) for good, n, one in bounds if 0.5 <= one.upper <= 0.998]
    return max(false_pass), max(false_fail)


@pytest.mark.parametrize(
    ("method", "good", "n", "lower", "upper"),
    [
        (wilson, 81, 263, 0.2553, 0.3662),  # Newcombe (1998), table I
        (wilson, 15, 148, 0.0624, 0.1605),
        (wilson, 0, 20, 0.0, 0.1611),
        (wilson, 13, 16, 0.5699, 0.9341),  # contingencytables
        (mid_p, 81, 263, 0.2544, 0.3658),
        (mid_p, 15, 148, 0.0601, 0.1581),
        (mid_p, 0, 20, 0.0, 0.1391),
        (mid_p, 13, 16, 0.5699, 0.9500),
        (jeffreys, 13, 16, 0.5792, 0.9442),
    ],
)
def test_published_intervals_are_reproduced(method, good, n, lower, upper):
    found = method(good, n, target=HALF, alpha=Fraction(1, 40))
    assert (round(found.lower, 4), round(found.upper, 4)) == (lower, upper)


@pytest.mark.parametrize(
    "percent_n", [(99, 100), (99, 200), (98, 50), (98, 200), (95, 50), (95, 200), (90, 100), (80, 100)]
)
@pytest.mark.parametrize("method", METHODS)
def test_exact_errors_at_the_target_are_those_of_the_design(method, percent_n):
    table = {  # wilson, jeffreys, mid-P, Beta(1, 1)
        (99, 100): ((0.000, 0.079), (0.000, 0.079), (0.000, 0.079), (0.000, 0.079)),
        (99, 200): ((0.000, 0.052), (0.134, 0.052), (0.000, 0.052), (0.000, 0.052)),
        (98, 50): ((0.000, 0.078), (0.000, 0.078), (0.000, 0.078), (0.000, 0.078)),
        (98, 200): ((0.018, 0.049), (0.089, 0.049), (0.018, 0.049), (0.018, 0.049)),
        (95, 50): ((0.000, 0.038), (0.077, 0.038), (0.077, 0.038), (0.000, 0.104)),
        (95, 200): ((0.026, 0.044), (0.062, 0.044), (0.062, 0.044), (0.026, 0.078)),
        (90, 100): ((0.058, 0.073), (0.058, 0.040), (0.058, 0.040), (0.024, 0.073)),
        (80, 100): ((0.047, 0.056), (0.047, 0.056), (0.047, 0.056), (0.047, 0.056)),
    }
    percent, n = percent_n
    wanted = table[percent_n][METHODS.index(method)]
    assert sizes(method, n, target=Fraction(percent, 100)) == pytest.approx(wanted, abs=6e-4)


@pytest.mark.parametrize(
    ("method", "ns", "false_pass", "false_fail"),
    [
        (wilson, SIZES, 0.072, 0.201),
        (jeffreys, SIZES, 0.148, 0.162),
        (beta_prior, SIZES, 0.064, 0.298),
        (mid_p, (50, 100), 0.100, 0.095),
    ],
)
def test_worst_errors_are_those_that_the_docstrings_state(method, ns, false_pass, false_fail):
    assert worst_sizes(method, ns) == pytest.approx((false_pass, false_fail), abs=6e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 3000), st.data(), st.integers(1, 99))
def test_wilson_agrees_with_statsmodels(n, data, percent):
    good = data.draw(st.integers(0, n))
    found = wilson(good, n, target=Fraction(percent, 100), alpha=ALPHA)
    assert (found.lower, found.upper) == pytest.approx(proportion_confint(good, n, 0.1, method="wilson"), abs=1e-12)
    p = [proportions_ztest(good, n, percent / 100, side, prop_var=percent / 100)[1] for side in ("larger", "smaller")]
    assert [found.p_pass, found.p_fail] == pytest.approx(p, rel=1e-8, abs=1e-200)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 3000), st.data(), st.integers(1, 99), st.sampled_from([(0.5, 0.5), (1.0, 1.0), (3.0, 0.25)]))
def test_posteriors_agree_with_scipy(n, data, percent, prior):
    good = data.draw(st.integers(1, n - 1))
    found = beta_prior(good, n, target=Fraction(percent, 100), alpha=ALPHA, prior=prior)
    posterior = beta(prior[0] + good, prior[1] + n - good)
    assert (found.lower, found.upper) == pytest.approx((posterior.ppf(0.05), posterior.ppf(0.95)), abs=1e-10)
    p = (posterior.cdf(percent / 100), posterior.sf(percent / 100))
    assert (found.p_pass, found.p_fail) == pytest.approx(p, rel=1e-8, abs=1e-200)


def test_jeffreys_is_the_prior_of_halves():
    halves = partial(beta_prior, prior=(0.5, 0.5))
    for good in (0, 3, 60):
        one, other = (method(good, 60, target=Fraction(9, 10), alpha=ALPHA) for method in (jeffreys, halves))
        assert (one.lower, one.upper, one.p_pass, one.needed_units) == (
            other.lower,
            other.upper,
            other.p_pass,
            other.needed_units,
        )


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 2000), st.data(), st.integers(1, 99))
def test_mid_p_is_the_tail_with_half_of_what_was_seen(n, data, percent):
    good = data.draw(st.integers(0, n))
    found = mid_p(good, n, target=Fraction(percent, 100), alpha=ALPHA)
    seen = binom.pmf(good, n, percent / 100) / 2
    assert found.p_pass == pytest.approx(binom.sf(good, n, percent / 100) + seen, rel=1e-7, abs=1e-200)
    assert found.p_fail == pytest.approx(binom.cdf(good - 1, n, percent / 100) + seen, rel=1e-7, abs=1e-200)
    if good:
        assert binom.sf(good, n, found.lower) + binom.pmf(good, n, found.lower) / 2 == pytest.approx(0.05, abs=1e-9)
    if good < n:
        assert binom.cdf(good - 1, n, found.upper) + binom.pmf(good, n, found.upper) / 2 == pytest.approx(
            0.05, abs=1e-9
        )


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=40, deadline=None)
@given(st.integers(2, 400), st.data(), st.integers(1, 1000), st.integers(1, 499))
def test_p_values_invert_the_bounds_that_are_shown(method, n, data, target_permille, alpha_permille):
    target, alpha = Fraction(target_permille, 1000), Fraction(alpha_permille, 1000)
    found = method(data.draw(st.integers(0, n)), n, target=target, alpha=alpha)
    passed, failed = passes(found.p_pass, alpha=alpha), fails(found.p_fail, alpha=alpha)
    assert not (passed and failed)
    assert passed == (found.lower >= target) or found.lower == pytest.approx(float(target), abs=1e-9)
    assert failed == (found.upper < target) or found.upper == pytest.approx(float(target), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30, deadline=None)
@given(st.integers(2, 500), st.data(), st.integers(1, 99))
def test_mirrored_events_swap_the_sides(method, n, data, percent):
    good = data.draw(st.integers(0, n))
    one = method(good, n, target=Fraction(percent, 100), alpha=ALPHA)
    other = method(n - good, n, target=1 - Fraction(percent, 100), alpha=ALPHA)
    assert (one.p_pass, one.p_fail) == pytest.approx((other.p_fail, other.p_pass), rel=1e-9)
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=1e-12)


def test_a_lopsided_prior_mirrors_too():
    one = beta_prior(45, 50, target=Fraction(4, 5), alpha=ALPHA, prior=(8, 2))
    other = beta_prior(5, 50, target=Fraction(1, 5), alpha=ALPHA, prior=(2, 8))
    assert (one.lower, one.p_pass) == pytest.approx((1 - other.upper, other.p_fail), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30, deadline=None)
@given(st.integers(2, 300), st.data())
def test_a_better_run_and_a_larger_alpha_raise_the_lower_bound(method, n, data):
    good = data.draw(st.integers(0, n - 1))
    one, better = (method(x, n, target=HALF, alpha=ALPHA) for x in (good, good + 1))
    assert one.lower < better.lower
    assert one.upper < better.upper
    assert better.p_pass <= one.p_pass
    bolder = method(good, n, target=HALF, alpha=Fraction(1, 5))
    assert one.lower <= bolder.lower <= one.estimate <= bolder.upper <= one.upper


@pytest.mark.parametrize("method", [wilson, jeffreys, mid_p])
def test_the_options_are_shorter_than_the_exact_interval(method):
    for good in (50, 85, 95, 99):
        one, exact = (bound(good, 100, target=HALF, alpha=ALPHA) for bound in (method, clopper_pearson))
        assert one.upper - one.lower < exact.upper - exact.lower


@pytest.mark.parametrize("method", METHODS)
def test_runs_without_a_hit_or_without_a_miss_reach_the_edge(method):
    none, perfect = (method(good, 30, target=HALF, alpha=ALPHA) for good in (0, 30))
    assert (none.lower, perfect.upper) == (0.0, 1.0)
    assert 0.0 < none.upper < 0.15
    assert 0.85 < perfect.lower < 1.0


@pytest.mark.parametrize("method", METHODS)
def test_a_target_of_one_cannot_pass_and_any_bad_event_fails_it(method):
    perfect = method(5000, 5000, target=Fraction(1), alpha=Fraction(499, 1000))
    assert not passes(perfect.p_pass, alpha=Fraction(499, 1000))
    assert not fails(perfect.p_fail, alpha=Fraction(499, 1000))
    assert perfect.needed_units is None
    flawed = method(4999, 5000, target=Fraction(1), alpha=ALPHA)
    assert (flawed.p_pass, flawed.p_fail) == (1.0, 0.0)


def test_a_prior_alone_never_fails_a_run_without_a_miss():
    target = 1 - Fraction(1, 10**6)  # above the .95 quantile of Beta(31, 1)
    assert beta_prior(30, 30, target=target, alpha=ALPHA).p_fail == 1.0
    assert beta_prior(30, 30, target=target, alpha=ALPHA, prior=(1, 50)).p_fail == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_one_event_decides_nothing(method):
    found = method(1, 1, target=Fraction(1, 100), alpha=ALPHA)
    assert (found.estimate, found.units) == (1.0, 1)
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units) == (None,) * 5


def test_methods_carry_the_names_of_the_suite_file():
    found = [method(9, 10, target=HALF, alpha=ALPHA).method for method in METHODS]
    assert found == ["wilson", "jeffreys", "mid-p", "beta-prior"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("good", "n"), [(38, 40), (36, 40), (80, 100), (170, 200)])
def test_that_many_further_events_decide_at_the_present_estimate(method, good, n):
    """The definition scales the events: whole copies of them must agree."""
    target = Fraction(9, 10)
    further = method(good, n, target=target, alpha=ALPHA).needed_units
    if further is None:  # decided, or at the target
        found = method(good, n, target=target, alpha=ALPHA)
        assert passes(found.p_pass, alpha=ALPHA) or fails(found.p_fail, alpha=ALPHA) or good * 10 == n * 9
        return
    copies = -(-further // n) + 1
    enough, fewer = (method(good * k, n * k, target=target, alpha=ALPHA) for k in (copies, copies - 1))
    assert passes(enough.p_pass, alpha=ALPHA) or fails(enough.p_fail, alpha=ALPHA)
    assert not passes(fewer.p_pass, alpha=ALPHA)
    assert not fails(fewer.p_fail, alpha=ALPHA)


def test_further_events_by_wilson_follow_its_closed_form():
    """z grows with the root of n: 193 of 200 against .95 passes where (.015 / se) sqrt(n) reaches 1.645."""
    found = wilson(193, 200, target=Fraction(19, 20), alpha=ALPHA)
    n = (1.6448536269514722 / 0.015) ** 2 * 0.95 * 0.05
    assert found.needed_units == -(-(n - 200) // 1)


@pytest.mark.parametrize("method", METHODS)
def test_what_a_hundredfold_would_not_decide_is_unknown(method):
    assert method(9501, 10_000, target=Fraction(19, 20), alpha=ALPHA).needed_units is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("good", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_cannot_be_are_refused_by_name(method, good, n):
    with pytest.raises(StatisticsError, match=f"{good} good of {n}"):
        method(good, n, target=HALF, alpha=ALPHA)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("target", "alpha", "name"), [(Fraction(0), ALPHA, "target"), (HALF, HALF, "alpha")])
def test_levels_out_of_range_are_refused_by_name(method, target, alpha, name):
    with pytest.raises(StatisticsError, match=name):
        method(5, 10, target=target, alpha=alpha)


@pytest.mark.parametrize("prior", [(0.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (1.0, float("inf"))])
def test_a_prior_that_is_none_is_refused_by_name(prior):
    with pytest.raises(StatisticsError, match="prior"):
        beta_prior(5, 10, target=HALF, alpha=ALPHA, prior=prior)
