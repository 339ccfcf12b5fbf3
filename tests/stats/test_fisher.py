"""Fisher's exact test: its oracle, its exact size, and what is refused."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.fisher import fisher, fisher_excess

shares = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
tables = st.tuples(*[st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))] * 2)


@settings(max_examples=60, deadline=None)
@given(shares, shares)
def test_both_sides_are_those_of_scipy(baseline, candidate):
    table = [[candidate[0], candidate[1] - candidate[0]], [baseline[0], baseline[1] - baseline[0]]]
    got = fisher(baseline, candidate)
    assert got.p_better == pytest.approx(
        scipy.stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-8, abs=1e-14
    )
    assert got.p_worse == pytest.approx(scipy.stats.fisher_exact(table, alternative="less").pvalue, rel=1e-8, abs=1e-14)


@given(tables)
def test_fisher_agrees_with_scipy(table):
    columns = [[bad, n - bad] for bad, n in table]
    wanted = scipy.stats.fisher_exact(columns, alternative="greater").pvalue
    assert fisher_excess(*table) == pytest.approx(wanted, rel=1e-9)


def test_fisher_of_a_million_is_still_exact():
    wanted = scipy.stats.hypergeom.sf(1199, 1_000_000, 10_000, 100_000)
    assert fisher_excess((1200, 100_000), (8800, 900_000)) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("part", "rest"), [((0, 5), (9, 9)), ((0, 5), (0, 5)), ((5, 5), (9, 9))])
def test_nothing_is_surprising_where_the_part_cannot_be_worse(part, rest):
    assert fisher_excess(part, rest) == pytest.approx(1.0)


@given(tables)
def test_one_more_bad_event_in_the_part_never_raises_the_p_value(table):
    (bad, n), rest = table
    if bad < n:
        assert fisher_excess((bad + 1, n), rest) <= fisher_excess((bad, n), rest) + 1e-12


@pytest.mark.parametrize("truth", [0.05, 0.3, 0.8])
def test_fisher_never_errs_more_often_than_it_says(truth):
    inside, outside = 8, 15
    shares = [scipy.stats.binom.pmf(np.arange(size + 1), size, truth) for size in (inside, outside)]
    size = sum(
        shares[0][part] * shares[1][rest]
        for part in range(inside + 1)
        for rest in range(outside + 1)
        if fisher_excess((part, inside), (rest, outside)) <= 0.05
    )
    assert size <= 0.05


@pytest.mark.parametrize("share", [(2, 1), (-1, 4), (0, 0)])
def test_a_share_that_cannot_be_is_refused(share):
    for sides in ((share, (0, 5)), ((0, 5), share)):
        with pytest.raises(StatisticsError, match="bad of"):
            fisher_excess(*sides)
        with pytest.raises(StatisticsError, match="wanted 0 <= good <= n"):
            fisher(*sides)
