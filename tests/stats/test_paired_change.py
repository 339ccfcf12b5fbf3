"""Did anything change at all: McNemar's exact test, and the sign-flip test that it is a case of."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test

from evalslo.errors import StatisticsError
from evalslo.stats.mcnemar import mcnemar
from evalslo.stats.sign_flip import sign_flip

COUNTS = st.integers(0, 60)


def test_the_published_p_values():
    assert mcnemar(6, 16).p_changed == pytest.approx(0.052479, abs=5e-7)
    assert mcnemar(6, 16, mid_p=True).p_changed == pytest.approx(0.034690, abs=5e-7)


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_it_is_the_binomial_test_of_the_pairs_that_differ(better, worse):
    got = mcnemar(better, worse)
    if better + worse:
        assert got.p_changed == pytest.approx(binomtest(better, better + worse).pvalue, rel=1e-9)
        assert got.p_better == pytest.approx(binomtest(better, better + worse, alternative="greater").pvalue, rel=1e-9)
        assert got.p_worse == pytest.approx(binomtest(better, better + worse, alternative="less").pvalue, rel=1e-9)
    else:
        assert got.p_changed == got.p_better == got.p_worse == 1.0


@settings(max_examples=60, deadline=None)
@given(COUNTS, COUNTS)
def test_mid_p_is_smaller_and_its_sides_add_up(better, worse):
    exact, middle = mcnemar(better, worse), mcnemar(better, worse, mid_p=True)
    assert middle.p_changed <= exact.p_changed
    assert middle.p_better + middle.p_worse == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(COUNTS, COUNTS, st.integers(0, 5))
def test_flipping_signs_of_right_and_wrong_is_mcnemar(better, worse, same):
    values = [1.0] * better + [-1.0] * worse + [0.0] * same
    if values:
        assert sign_flip(values, seed=0) == pytest.approx(mcnemar(better, worse).p_changed, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([-0.7, -0.25, 0.0, 0.1, 0.25, 1.0]), min_size=1, max_size=9))
def test_few_differences_are_enumerated(values):
    sums = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True))) for signs in product([1, -1], repeat=len(values))
    ]
    share = np.mean([one >= abs(sum(values)) - 1e-9 for one in sums])
    assert sign_flip(values, seed=1) == pytest.approx(share, rel=1e-9)


def test_many_differences_are_drawn_the_same_way_each_time():
    values = np.random.default_rng(3).uniform(-0.8, 1.0, size=60)
    assert np.unique(np.abs(values)).size == 60  # far more than 200,000 patterns
    first = sign_flip(values, seed=7, draws=2_000)
    assert first == sign_flip(values[::-1], seed=7, draws=2_000)
    assert first != sign_flip(values, seed=8, draws=2_000)
    oracle = permutation_test((values,), np.mean, permutation_type="samples", n_resamples=20_000, rng=5).pvalue
    assert first == pytest.approx(oracle, abs=0.02)


def test_drawn_p_values_are_never_zero():
    values = np.linspace(0.5, 1.0, 40)
    assert sign_flip(values, seed=0, draws=99) == 0.01


def test_nothing_that_differs_is_no_change():
    assert sign_flip([0.0, 0.0, 0.0], seed=0) == 1.0


@pytest.mark.parametrize("values", [[], [1.5], [float("nan")]])
def test_what_is_no_difference_is_refused(values):
    with pytest.raises(StatisticsError, match="wanted"):
        sign_flip(values, seed=0)


def test_counts_below_zero_and_no_draws_are_refused():
    with pytest.raises(StatisticsError, match="wanted counts"):
        mcnemar(-1, 3)
    with pytest.raises(StatisticsError, match="wanted at least 1"):
        sign_flip([0.5], seed=0, draws=0)
