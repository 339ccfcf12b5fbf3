"""A part beside the rest: oracles, exact sizes, and what is refused."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.excess import fisher_excess, rank_sum_below

tables = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda sizes: st.tuples(st.tuples(*(st.integers(0, size) for size in sizes)), st.just(sizes))
)
values = st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]) | st.floats(0, 1), min_size=1, max_size=30)


@given(tables)
def test_fisher_agrees_with_scipy(table):
    bad, sizes = table
    columns = [[wrong, size - wrong] for wrong, size in zip(bad, sizes, strict=True)]
    wanted = scipy.stats.fisher_exact(columns, alternative="greater").pvalue
    assert fisher_excess(bad, sizes) == pytest.approx(wanted, rel=1e-9)


def test_fisher_of_a_million_is_still_exact():
    wanted = scipy.stats.hypergeom.sf(1199, 1_000_000, 10_000, 100_000)
    assert fisher_excess((1200, 8800), (100_000, 900_000)) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("bad", "sizes"), [((0, 9), (5, 9)), ((0, 0), (5, 5)), ((5, 9), (5, 9))])
def test_nothing_is_surprising_where_the_part_cannot_be_worse(bad, sizes):
    assert fisher_excess(bad, sizes) == pytest.approx(1.0)


@given(tables)
def test_one_more_bad_event_in_the_part_never_raises_the_p_value(table):
    (part, rest), (inside, outside) = table
    if part < inside:
        assert (
            fisher_excess((part + 1, rest), (inside, outside)) <= fisher_excess((part, rest), (inside, outside)) + 1e-12
        )


@pytest.mark.parametrize("truth", [0.05, 0.3, 0.8])
def test_fisher_never_errs_more_often_than_it_says(truth):
    inside, outside = 8, 15
    shares = [scipy.stats.binom.pmf(np.arange(size + 1), size, truth) for size in (inside, outside)]
    size = sum(
        shares[0][part] * shares[1][rest]
        for part in range(inside + 1)
        for rest in range(outside + 1)
        if fisher_excess((part, rest), (inside, outside)) <= 0.05
    )
    assert size <= 0.05


@pytest.mark.parametrize(("bad", "sizes"), [((2, 0), (1, 5)), ((-1, 0), (4, 5)), ((0, 0), (0, 5)), ((0, 0), (5, 0))])
def test_a_table_that_cannot_be_is_refused(bad, sizes):
    with pytest.raises(StatisticsError, match="bad of"):
        fisher_excess(bad, sizes)


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
        exact = fisher_excess((here, bad - here), (inside, outside))
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
