"""Ten million values: no copy too many, and the same answers as from few."""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import beta

from evalslo.stats.gaffke import gaffke
from evalslo.stats.quantiles import quantile_interval
from evalslo.stats.tally import distinct, mean, of_values, p_fail, p_pass

ALPHA, FLOOR, MANY = Fraction(1, 20), Fraction(3, 10), 10_000_000


def peak_of(compute):
    """The most memory held at once beyond what was held before, in bytes."""
    tracemalloc.start()
    try:
        compute()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("steps", [1, 30, None])
def test_ten_million_scores_are_copied_no_more_than_once(steps):
    values = np.random.default_rng(1).random(MANY)
    if steps is not None:
        np.round(values * steps, out=values)
        values /= steps
    assert peak_of(lambda: gaffke(values, target=Fraction(2, 5), alpha=ALPHA)) < 1.6 * values.nbytes


def test_ten_million_latencies_are_copied_no_more_than_once():
    values = np.random.default_rng(2).random(MANY)
    found = []

    def interval():
        found.extend(quantile_interval(values, None, q=Fraction(19, 20), alpha=ALPHA, icc_floor=FLOOR))

    assert peak_of(interval) < 1.6 * values.nbytes
    within = [int((values <= limit).sum()) for limit in found]
    assert within[0] == 9_500_000
    # Clopper-Pearson passes p95 from the upper bound on, and fails it below the lower
    assert beta.ppf(0.05, within[2], MANY - within[2] + 1) >= 0.95 > beta.ppf(0.05, within[2] - 1, MANY - within[2] + 2)
    assert beta.ppf(0.95, within[1], MANY - within[1] + 1) < 0.95 <= beta.ppf(0.95, within[1] + 1, MANY - within[1])


def test_many_distinct_scores_keep_their_mean_and_lie_between_the_lines_of_the_grid():
    values = np.append(np.random.default_rng(3).random(20_000), [0.25, 0.25 + 1e-15, 1.0])
    tally = of_values(values)
    assert tally.values.size <= 1001
    assert mean(tally) == pytest.approx(values.mean(), rel=1e-13)
    assert tally.weights.sum() == values.size
    assert ((tally.lowered <= tally.values) & (tally.values <= tally.raised + 1e-15)).all()
    assert (tally.raised - tally.lowered).max() == pytest.approx(1 / 500)
    on_line = tally.lowered == tally.raised
    assert list(tally.lowered[on_line]) == [0.25, 1.0]
    assert list(tally.weights[on_line]) == [2.0, 1.0]


def test_rounding_costs_the_verdict_and_never_helps_it():
    values = np.random.default_rng(4).beta(8, 1, size=2000)
    rounded, exact = of_values(values), distinct(values)
    assert exact.values.size == 2000
    for target in (Fraction(22, 25), Fraction(8, 9), Fraction(9, 10)):
        assert p_pass(rounded, target=target) >= p_pass(exact, target=target)
        assert p_fail(rounded, target=target) >= p_fail(exact, target=target)


def test_five_hundred_distinct_scores_are_not_rounded():
    values = np.tile(np.linspace(0.0, 0.9, 500) ** 1.1, 3)
    assert of_values(values).lowered is None
    assert list(of_values(values).weights) == [3.0] * 500
    assert of_values(np.append(values, 0.95)).lowered is not None


def test_order_changes_nothing_in_a_large_sample():
    values = np.random.default_rng(5).random(100_000)
    one, other = (gaffke(x, target=Fraction(1, 2), alpha=ALPHA) for x in (values, values[::-1]))
    assert one == other
