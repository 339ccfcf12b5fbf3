"""Which way is better: what is turned around, for which shape and which comparison."""

from fractions import Fraction

import pytest

from evalslo.slo.orient import (
    better_high,
    good_target,
    of_target,
    swapped,
    turned,
    turned_bounds,
    turned_difference,
)
from tests.slo.conftest import mean, rate

AT_LEAST = [rate(">=", "0.9"), mean(">=", "0.9")]
AT_MOST = [rate("<=", "0.1"), mean("<=", "0.1")]


@pytest.mark.parametrize("objective", AT_LEAST)
def test_at_least_is_left_as_it_is(objective):
    assert good_target(objective) == objective.target
    assert (better_high(objective, 0.25), of_target(objective, 0.25), turned(objective, 0.25)) == (0.25, 0.25, 0.25)
    assert turned_bounds(objective, 0.25, None) == (0.25, None)
    assert turned_difference(objective, 0.25) == 0.25


@pytest.mark.parametrize("objective", AT_MOST)
def test_at_most_turns_the_target_and_its_bounds(objective):
    assert good_target(objective) == Fraction(9, 10)
    assert turned(objective, good_target(objective)) == objective.target
    assert turned_bounds(objective, 0.25, 0.5) == (0.5, 0.75)
    assert turned_bounds(objective, None, 0.75) == (0.25, None)
    assert swapped(objective, 0.25, None) == (None, 0.25)
    assert turned_difference(objective, 0.25) == -0.25


def test_an_event_of_a_ratio_is_good_already_and_a_mean_has_its_own_sense():
    ratio, score = AT_MOST
    assert (better_high(ratio, 0.25), of_target(ratio, 0.25)) == (0.25, 0.75)
    assert (better_high(score, 0.25), of_target(score, 0.25)) == (0.75, 0.25)
