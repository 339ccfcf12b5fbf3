"""Bootstrap bounds: SciPy as oracle, inversion, seeds, many scores, and what resampling cannot say."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalslo.errors import StatisticsError
from evalslo.stats.bootstrap import bca, percentile
from evalslo.stats.bound import fails, passes
from evalslo.stats.student import student_t

ALPHA, NINETY = Fraction(1, 20), Fraction(9, 10)
METHODS = {"BCa": bca, "percentile": percentile}
VARIED = st.lists(st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 0.8, 1.0]), min_size=2, max_size=40).filter(
    lambda values: len(set(values)) > 1
)
SAMPLES = {
    "smooth": np.random.default_rng(5).beta(8, 1, 60),
    "few": np.random.default_rng(6).beta(2, 1, 9),
    "piled": np.repeat([1.0, 0.9, 0.5, 0.2, 0.0], [150, 30, 12, 5, 3]),
    "rate": np.repeat([1.0, 0.0], [180, 20]),
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", METHODS)
def test_bounds_agree_with_scipy(name, sample):
    values = SAMPLES[sample]
    found = METHODS[name](values, target=NINETY, alpha=ALPHA, seed=1, draws=20_000)
    oracle = stats.bootstrap(
        (values,), np.mean, method=name, confidence_level=0.9, n_resamples=20_000, rng=np.random.default_rng(2)
    ).confidence_interval
    noise = 0.06 * np.std(values) / np.sqrt(values.size)  # four standard errors of the difference of two such quantiles
    step = 1 / values.size if sample == "rate" else 0.0
    assert (found.lower, found.upper) == pytest.approx((oracle.low, oracle.high), abs=noise + step)


@pytest.mark.parametrize("method", METHODS.values())
@settings(max_examples=40, deadline=None)
@given(VARIED, st.integers(1, 100), st.integers(10, 499), st.integers(0, 9))
def test_p_values_invert_the_bounds_that_are_shown(method, values, percent, permille, seed):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    found = method(values, target=target, alpha=alpha, seed=seed, draws=333)
    passed, failed = passes(found.p_pass, alpha=alpha), fails(found.p_fail, alpha=alpha)
    assert not (passed and failed)
    assert passed == (found.lower >= percent / 100 - 1e-12)
    assert failed == (found.upper < percent / 100 - 1e-12)


@pytest.mark.parametrize("method", METHODS.values())
@settings(max_examples=20, deadline=None)
@given(VARIED, st.integers(0, 99))
def test_the_interval_holds_the_point_and_grows_as_alpha_shrinks(method, values, seed):
    levels = [Fraction(1, 100), Fraction(1, 40), Fraction(1, 20), Fraction(1, 10)]
    bounds = [method(values, target=NINETY, alpha=alpha, seed=seed, draws=999) for alpha in levels]
    assert [b.lower for b in bounds] == sorted(b.lower for b in bounds)
    assert [b.upper for b in bounds] == sorted((b.upper for b in bounds), reverse=True)
    assert bounds[-1].lower <= bounds[-1].estimate + 1e-12
    assert bounds[-1].upper >= bounds[-1].estimate - 1e-12


@pytest.mark.parametrize("method", METHODS.values())
def test_mirrored_scores_swap_the_sides_but_for_the_draws(method):
    values = SAMPLES["smooth"]
    one = method(values, target=Fraction(43, 50), alpha=ALPHA, seed=1, draws=20_000)
    other = method(1.0 - values, target=Fraction(7, 50), alpha=ALPHA, seed=1, draws=20_000)
    noise = 0.06 * np.std(values) / np.sqrt(values.size)
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=noise)
    assert (one.p_pass, one.p_fail) == pytest.approx((other.p_fail, other.p_pass), abs=0.02)


@pytest.mark.parametrize("method", METHODS.values())
def test_the_seed_and_not_the_order_decides_the_draws(method):
    values = SAMPLES["smooth"]
    one = method(values, target=NINETY, alpha=ALPHA, seed=7)
    assert method(values[::-1], target=NINETY, alpha=ALPHA, seed=7) == one
    assert method(values, target=NINETY, alpha=ALPHA, seed=8).lower != one.lower


def test_bca_moves_the_bounds_of_left_skewed_scores_down():
    found, plain = (method(SAMPLES["piled"], target=NINETY, alpha=ALPHA, seed=3) for method in (bca, percentile))
    assert found.lower < plain.lower
    assert found.upper < plain.upper
    assert (found.method, plain.method) == ("bca", "percentile-bootstrap")


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize("values", [[1.0] * 500, [0.0] * 2, [0.7] * 9, [0.7]])
def test_equal_values_show_no_spread_and_decide_nothing(method, values):
    found = method(values, target=Fraction(1, 2), alpha=ALPHA, seed=0)
    assert (found.estimate, found.units) == (pytest.approx(values[0]), len(values))
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units) == (None,) * 5


@pytest.mark.parametrize("method", METHODS.values())
def test_a_resampled_mean_at_the_target_passes_and_does_not_fail(method):
    """Of 200 events .9 is a possible mean; the sample's own is there with much probability."""
    at = method(SAMPLES["rate"], target=NINETY, alpha=ALPHA, seed=0)
    hair = Fraction(1, 10**6)
    under = method(SAMPLES["rate"], target=NINETY - hair, alpha=ALPHA, seed=0)
    over = method(SAMPLES["rate"], target=NINETY + hair, alpha=ALPHA, seed=0)
    assert at.p_pass == under.p_pass < over.p_pass - 0.05
    assert at.p_fail == under.p_fail > over.p_fail + 0.05


@pytest.mark.parametrize("method", METHODS.values())
def test_a_target_of_one_cannot_pass(method):
    found = method([1.0] * 199 + [0.5], target=Fraction(1), alpha=ALPHA, seed=0)
    assert found.p_pass > 0.05
    assert found.lower < 1.0


def test_a_target_beyond_all_scores_is_decided_and_p_is_never_nothing():
    low, high = (percentile([0.6, 0.7] * 9, target=Fraction(t, 10), alpha=ALPHA, seed=0) for t in (5, 8))
    assert (low.p_pass, low.p_fail) == (pytest.approx(1 / 10_001), 1.0)
    assert (high.p_pass, high.p_fail) == (1.0, pytest.approx(1 / 10_001))


def test_a_million_scores_cost_their_distinct_values_only():
    values = np.repeat([1.0, 0.75, 0.5, 0.25, 0.0], [960_000, 10_000, 10_000, 10_000, 10_000])
    found = bca(values, target=Fraction(97, 100), alpha=ALPHA, seed=0)
    normal = student_t(values, target=Fraction(97, 100), alpha=ALPHA)
    assert (found.lower, found.upper) == pytest.approx((normal.lower, normal.upper), abs=1e-5)
    assert found.units == 1_000_000


def test_many_distinct_values_are_merged_without_moving_the_mean():
    values = np.random.default_rng(0).beta(5, 1, 4000)
    found = percentile(values, target=Fraction(83, 100), alpha=ALPHA, seed=0, draws=2000)
    normal = student_t(values, target=Fraction(83, 100), alpha=ALPHA)
    assert found.estimate == pytest.approx(normal.estimate, abs=1e-14)
    assert (found.lower, found.upper) == pytest.approx((normal.lower, normal.upper), abs=4e-4)
    assert found.units == 4000


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize("offset", [-0.03, -0.02, 0.018])
def test_that_many_further_units_decide_at_the_present_estimate(method, offset):
    """The saddlepoint approximation of `needed_units` against resampling the scores that many times over."""
    scores = np.random.default_rng(4).beta(8, 1, 25)
    target = Fraction(scores.mean() + offset).limit_denominator(10_000)
    found = method(scores, target=target, alpha=ALPHA, seed=0, draws=20_000)
    whole = 1 + found.needed_units / scores.size
    p = []
    for copies in (int(whole), int(whole) + 1):
        grown = method(np.tile(scores, copies), target=target, alpha=ALPHA, seed=1, draws=20_000)
        p.append(min(grown.p_pass, grown.p_fail))
    assert p[1] - 0.006 <= 0.05 <= p[0] + 0.006
    assert p[1] < p[0]


def test_nothing_further_is_needed_where_decided_and_nothing_would_help_at_the_target():
    scores = np.tile([1.0, 0.5], 20)
    assert bca(scores, target=Fraction(1, 2), alpha=ALPHA, seed=0).needed_units is None
    assert bca(scores, target=Fraction(3, 4), alpha=ALPHA, seed=0).needed_units is None


@pytest.mark.parametrize(
    ("values", "message"),
    [([0.5, float("nan")], r"values\[1\] is nan"), ([1.5, 0.5], r"values\[0\] is 1.5"), ([], "at least one value")],
)
@pytest.mark.parametrize("method", METHODS.values())
def test_what_is_no_score_is_refused_by_name(method, values, message):
    with pytest.raises(StatisticsError, match=message):
        method(values, target=NINETY, alpha=ALPHA, seed=0)


@pytest.mark.parametrize(
    ("alpha", "seed", "draws", "name"),
    [
        (ALPHA, 0, 19, "draws 19"),
        (ALPHA, 0, 0, "draws 0"),
        (ALPHA, -1, 100, "seed -1"),
        (Fraction(1, 2), 0, 99, "alpha"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(alpha, seed, draws, name):
    with pytest.raises(StatisticsError, match=name):
        bca([0.5, 1.0], target=NINETY, alpha=alpha, seed=seed, draws=draws)
