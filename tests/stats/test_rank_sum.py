"""The rank-sum test of a part beside the rest: oracles, exactness beside Fisher's test, and what is refused."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.fisher import fisher_excess
from evalslo.stats.rank_sum import rank_sum_below

values = st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]) | st.floats(0, 1), min_size=1, max_size=30)


@given(st.lists(st.floats(0, 1), min_size=10, max_size=40, unique=True), st.integers(3, 7))
def test_without_ties_it_is_the_normal_test(values, inside):
    part, rest = values[:inside], values[inside:]
    wanted = scipy.stats.mannwhitneyu(part, rest, alternative="less", method="asymptotic").pvalue
    assert rank_sum_below(part, rest) == pytest.approx(wanted, abs=1e-12)


@given(values, values)
def test_no_p_value_is_below_that_of_the_rarest_part(part, rest):
    p = rank_sum_below(part, rest)
    assert 1 / math.comb(len(part) + len(rest), len(part)) * (1 - 1e-9) <= p <= 1


@pytest.mark.parametrize(("inside", "outside"), [(5, 145), (16, 134), (50, 100), (75, 75)])
@pytest.mark.parametrize("bad", [2, 8, 15, 40])
def test_on_zeros_and_ones_it_is_close_to_fisher_s_exact_test_and_no_louder(inside, outside, bad):
    for here in range(max(0, bad - outside), min(bad, inside) + 1):
        part = [0.0] * here + [1.0] * (inside - here)
        rest = [0.0] * (bad - here) + [1.0] * (outside - bad + here)
        exact = fisher_excess((here, inside), (bad - here, outside))
        if 1e-4 < exact < 0.2:
            assert 0.6 * exact < rank_sum_below(part, rest) < 1.6 * exact + 0.01


def test_all_values_equal_say_nothing():
    assert rank_sum_below([0.5] * 9, [0.5] * 7) == 1.0


@given(values, values, st.randoms(use_true_random=False))
def test_the_order_of_values_changes_nothing(part, rest, random):
    before = rank_sum_below(part, rest)
    random.shuffle(part)
    random.shuffle(rest)
    assert rank_sum_below(part, rest) == before


@pytest.mark.parametrize("level", [0.05, 0.005])
@pytest.mark.parametrize("sizes", [(5, 5), (5, 60), (12, 9)])
def test_the_rank_sum_errs_about_as_often_as_it_says(sizes, level):
    generator = np.random.default_rng(7)
    runs = 2000
    wrong = sum(
        rank_sum_below(*(generator.choice([0.0, 0.4, 0.7, 1.0], size=size, p=[0.1, 0.2, 0.2, 0.5]) for size in sizes))
        <= level
        for _ in range(runs)
    )
    assert wrong / runs <= level + 3 * math.sqrt(level * (1 - level) / runs)


@pytest.mark.parametrize("bad", [[], [1.5], [float("nan")]])
def test_what_is_no_score_is_refused(bad):
    with pytest.raises(StatisticsError):
        rank_sum_below(bad, [0.5])
    with pytest.raises(StatisticsError):
        rank_sum_below([0.5], bad)
