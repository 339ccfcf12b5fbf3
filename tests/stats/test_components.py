"""The variance split: solved by hand, by expected mean squares from matrices, by REML, and by what was simulated."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.clusters import intraclass_correlation
from evalslo.stats.components import Components, between_share, mean_squares, mean_variance, variance_split
from evalslo.stats.planning import planned_effect


def projection(labels):
    """The matrix that puts in place of each value the mean of those with its label."""
    design = (np.asarray(labels)[:, None] == np.unique(labels)[None, :]).astype(float)
    return design @ np.diag(1 / design.sum(axis=0)) @ design.T, design @ design.T


def solved(values, queries, samples):
    """The components by their expected sums of squares, E[y' A y] = trace(A V), solved as linear equations."""
    n = len(values)
    flat = np.full((n, n), 1 / n)
    by_query, same_query = projection(queries)
    by_sample, same_sample = projection([f"{q}/{s}" for q, s in zip(queries, samples, strict=True)])
    forms = [by_query - flat, by_sample - by_query, np.eye(n) - by_sample]
    parts = [same_query, same_sample, np.eye(n)]
    matrix = np.array([[np.trace(form @ part) for part in parts] for form in forms])
    return np.linalg.solve(matrix, [values @ form @ values for form in forms])


def nested(rng, sizes, *, queries=2.0, samples=1.0, votes=1.0):
    """(values, query labels, sample labels): `sizes` has for each query the votes of each of its samples."""
    rows = []
    for q, of_query in enumerate(sizes):
        level = rng.normal(0, queries)
        for s, count in enumerate(of_query):
            inner = level + rng.normal(0, samples)
            rows += [(inner + rng.normal(0, votes), q, s) for _ in range(count)]
    values, labels, inner = zip(*rows, strict=True)
    return np.array(values), list(labels), list(inner)


UNEVEN = [[3, 1, 2], [2, 2], [1, 4, 1, 1], [5, 2], [1, 1, 3], [2, 2, 2]]


def test_two_levels_by_hand():
    # means 2 and 6; within: 4 values at 1 from their mean, 4 / 2 = 2; between: 4 * 4 / 1 = 16; (16 - 2) / 2 = 7
    assert variance_split([1, 3, 5, 7], [0, 0, 1, 1]) == Components(queries=7.0, samples=2.0, votes=None)


def test_the_square_mistakes_of_dyestuff():
    # Davies & Goldsmith (1972), as in lme4's Dyestuff: REML of 6 batches of 5 gives 1764 between and 2451 inside
    yields = [
        [1545, 1440, 1440, 1520, 1580], [1540, 1555, 1490, 1560, 1495], [1595, 1550, 1605, 1510, 1560],
        [1445, 1440, 1595, 1465, 1545], [1595, 1630, 1515, 1635, 1625], [1520, 1455, 1450, 1480, 1445],
    ]  # fmt: skip
    found = variance_split(np.ravel(yields).astype(float), np.repeat(np.arange(6), 5))
    assert (round(found.queries), round(found.samples, 2)) == (1764, 2451.25)


@pytest.mark.parametrize("seed", range(5))
def test_three_uneven_levels_solve_the_expected_mean_squares(seed):
    values, queries, samples = nested(np.random.default_rng(seed), UNEVEN)
    found = variance_split(values, queries, samples)
    oracle = solved(values, queries, samples)
    assert oracle.min() > 0
    assert (found.queries, found.samples, found.votes) == pytest.approx(tuple(oracle), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_balanced_components_are_those_of_reml(seed):
    import pandas as pd
    import statsmodels.formula.api as smf

    values, queries, _ = nested(np.random.default_rng(seed), [[1] * 4] * 12, votes=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels tells of its optimiser
        fitted = smf.mixedlm("y ~ 1", pd.DataFrame({"y": values, "q": queries}), groups="q").fit(reml=True)
    found = variance_split(values, queries)
    assert found.queries == pytest.approx(float(fitted.cov_re.iloc[0, 0]), rel=1e-3)
    assert found.samples == pytest.approx(float(fitted.scale), rel=1e-3)


def test_the_components_are_found_again_on_average():
    rng = np.random.default_rng(3)
    runs = [variance_split(*nested(rng, UNEVEN * 4, queries=2.0, samples=1.0, votes=0.5)) for _ in range(150)]
    means = [np.mean([getattr(run, part) for run in runs]) for part in ("queries", "samples", "votes")]
    assert means == pytest.approx([4.0, 1.0, 0.25], rel=0.12)


def test_mean_squares_are_those_of_the_analysis_of_variance():
    rng = np.random.default_rng(11)
    parts = [rng.normal(level, 1, size=size) for level, size in ((0, 3), (1, 5), (2, 1), (4, 7))]
    found = mean_squares(np.concatenate(parts), np.repeat(np.arange(4), [3, 5, 1, 7]))
    assert found.between / found.within == pytest.approx(scipy.stats.f_oneway(*parts).statistic)
    assert found.typical == pytest.approx((16 - (9 + 25 + 1 + 49) / 16) / 3)


def test_the_split_says_what_the_correlation_says():
    rng = np.random.default_rng(5)
    values = (rng.random(200) < np.repeat(rng.beta(4, 1, 50), 4)).astype(float)
    queries = np.repeat(np.arange(50), 4)
    found = variance_split(values, queries)
    icc = intraclass_correlation(values, queries)
    assert found.queries / (found.queries + found.samples) == pytest.approx(icc, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "queries", "samples"),
    [
        ([0.5], ["a"], None),
        ([0.1, 0.9], ["a", "b"], None),
        ([0.1, 0.9, 0.4], ["a", "a", "a"], None),
        ([0.1, 0.2, 0.9, 0.8], ["a", "a", "b", "b"], [0, 0, 0, 0]),  # one sample a query, two votes each
        ([0.1, 0.2, 0.9], ["a", "a", "a"], [0, 0, 1]),
    ],
)
def test_where_nothing_can_be_told_apart_there_is_no_split(values, queries, samples):
    assert variance_split(values, queries, samples) is None


def test_one_vote_a_sample_leaves_votes_unknown():
    assert variance_split([1, 3, 5, 7], [0, 0, 1, 1], [0, 1, 0, 1]) == variance_split([1, 3, 5, 7], [0, 0, 1, 1])


def test_all_equal_values_have_no_variance_anywhere():
    assert variance_split([1.0] * 6, [0, 0, 0, 1, 1, 1]) == Components(queries=0.0, samples=0.0, votes=None)
    assert between_share(Components(queries=0.0, samples=0.0, votes=None), repeats=3) is None


def test_repeats_that_say_the_same_put_all_variance_between_queries():
    found = variance_split([1, 1, 0, 0, 1, 1.0], [0, 0, 1, 1, 2, 2])
    assert found.samples == 0.0
    assert between_share(found, repeats=2) == 1.0


def test_queries_that_are_alike_have_no_variance_between_them():
    found = variance_split([0, 1, 0, 1, 0, 1.0], [0, 0, 1, 1, 2, 2])
    assert (found.queries, between_share(found, repeats=2)) == (0.0, 0.0)


@given(
    rows=st.lists(st.lists(st.integers(0, 10), min_size=1, max_size=4), min_size=2, max_size=8),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_no_part_is_negative_and_the_order_does_not_matter(rows, order):
    flat = [(value / 10, f"q{q}", s // 2) for q, row in enumerate(rows) for s, value in enumerate(row)]
    mixed = list(flat)
    order.shuffle(mixed)
    found = variance_split(*zip(*flat, strict=True))
    assert found == variance_split(*zip(*mixed, strict=True))
    if found is not None:
        assert min(found.queries, found.samples, found.votes or 0.0) >= 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(StatisticsError, match=r"values\[1\]"):
        variance_split([0.5, bad, 0.5], [0, 0, 1])


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(StatisticsError, match="queries"):
        variance_split([0.5, 0.5], [0])
    with pytest.raises(StatisticsError, match="samples"):
        variance_split([0.5, 0.5], [0, 0], [0])


def test_the_variance_of_a_mean_falls_with_repeats_as_the_design_effect_says():
    split = Components(queries=0.3, samples=0.7, votes=None)
    for repeats in (1, 2, 5, 20):
        effect = planned_effect(repeats, icc=Fraction(3, 10), icc_floor=Fraction(0))
        assert mean_variance(split, queries=100, repeats=repeats) == pytest.approx(effect / (100 * repeats))


def test_votes_wear_down_like_repeats_inside_them():
    split = Components(queries=0.2, samples=0.3, votes=0.5)
    assert mean_variance(split, queries=10, repeats=2, votes=5) == pytest.approx((0.2 + 0.15 + 0.05) / 10)
