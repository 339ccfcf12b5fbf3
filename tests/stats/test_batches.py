"""The bad share of events in batches: its bounds, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from evalslo.stats.batches import batched_bounds, design_effect


@pytest.mark.parametrize(("bad", "n"), [(0, 10), (3, 10), (10, 10), (7, 200)])
def test_one_batch_is_clopper_pearson(bad, n):
    lower, upper = batched_bounds([bad], [n], alpha=0.05)
    wanted = stats.binomtest(bad, n).proportion_ci(confidence_level=0.9, method="exact")
    assert (lower, upper) == pytest.approx((wanted.low, wanted.high))


def test_no_event_has_no_bound():
    assert batched_bounds([], [], alpha=0.05) is None
    assert batched_bounds([0], [0], alpha=0.05) is None


def test_batches_that_agree_are_worth_all_their_events():
    assert design_effect([5] * 20, [100] * 20) == 1.0
    assert batched_bounds([5] * 20, [100] * 20, alpha=0.05) == batched_bounds([100], [2000], alpha=0.05)


def test_a_batch_that_fails_as_a_whole_is_worth_one_event():
    assert design_effect([100, 0, 0, 0] * 5, [100] * 20) == pytest.approx(100 * 20 / 19)


def test_empty_batches_change_nothing():
    assert batched_bounds([3, 0, 9], [50, 0, 50], alpha=0.05) == batched_bounds([3, 9], [50, 50], alpha=0.05)


def test_the_truth_is_below_the_upper_bound_as_often_as_said():
    """Nights differ (a beta of mean 5 %): thirty nights of 100 events; wrong at most in a tenth where 5 % is said."""
    chance = np.random.default_rng(11)
    wrong = 0
    for _ in range(400):
        shares = chance.beta(2, 38, size=30)
        bad = chance.binomial(100, shares)
        _, upper = batched_bounds(bad.tolist(), [100] * 30, alpha=0.05)
        wrong += upper < 0.05
    assert wrong <= 40
    assert wrong >= 4  # and it is no bound that always holds
