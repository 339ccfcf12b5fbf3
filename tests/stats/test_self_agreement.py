"""How often a rater agrees with itself."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.stats.self_agreement import self_agreement

FLOOR = Fraction(3, 10)


@settings(deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=2, max_size=6), min_size=1, max_size=8))
def test_it_is_the_mean_share_of_equal_pairs(words):
    shares = [sum(a == b for a, b in pairs) / len(pairs) for one in words for pairs in [list(combinations(one, 2))]]
    found = self_agreement(words, units=range(len(words)), icc_floor=FLOOR)
    assert found.estimate == pytest.approx(sum(shares) / len(shares))
    if found.lower is not None:
        assert found.lower <= found.estimate <= found.upper


def test_nothing_rated_twice_has_no_figure():
    assert self_agreement([], units=[], icc_floor=FLOOR).estimate is None


def test_answers_of_one_group_say_less():
    words = [[True, True], [True, False]] * 30
    apart = self_agreement(words, units=range(60), icc_floor=FLOOR)
    together = self_agreement(words, units=[n // 6 for n in range(60)], icc_floor=FLOOR)
    assert together.upper - together.lower > apart.upper - apart.lower
