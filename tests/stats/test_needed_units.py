"""How many further units would decide, if they came out as the present ones did."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.stats.bound import fails, passes
from evalslo.stats.clusters import scaled_gaffke
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.gaffke import gaffke

ALPHA, FLOOR = Fraction(1, 20), Fraction(3, 10)


def test_seven_bad_of_two_hundred_against_five_percent():
    assert clopper_pearson(193, 200, target=Fraction(19, 20), alpha=ALPHA).needed_units == 401


def test_a_perfect_run_needs_what_is_left_to_the_fewest():
    assert clopper_pearson(20, 20, target=Fraction(19, 20), alpha=ALPHA).needed_units == 39
    perfect = scaled_gaffke(np.ones(60), np.arange(60) // 3, target=Fraction(19, 20), alpha=ALPHA, icc_floor=FLOOR)
    assert perfect.needed_units == 39  # the cap counts queries, not their repeats


def test_decided_runs_need_nothing():
    assert clopper_pearson(100, 100, target=Fraction(19, 20), alpha=ALPHA).needed_units is None
    assert clopper_pearson(50, 100, target=Fraction(19, 20), alpha=ALPHA).needed_units is None


def test_an_estimate_at_the_target_is_never_decided():
    assert clopper_pearson(95, 100, target=Fraction(19, 20), alpha=ALPHA).needed_units is None
    assert gaffke([0.5] * 9, target=Fraction(1, 2), alpha=ALPHA).needed_units is None
    assert clopper_pearson(100, 100, target=Fraction(1), alpha=ALPHA).needed_units is None


def test_what_a_hundredfold_would_not_decide_is_unknown():
    assert clopper_pearson(951, 1000, target=Fraction(19, 20), alpha=ALPHA).needed_units is None


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(20, 60), st.integers(50, 98))
def test_that_many_copies_decide_and_half_as_many_do_not(bad, good, percent):
    """The definition scales the sample: whole copies of it must agree."""
    target, n = Fraction(percent, 100), good + bad
    further = clopper_pearson(good, n, target=target, alpha=ALPHA).needed_units
    if further is None:
        return
    copies = -(-further // n) + 1
    grown = clopper_pearson(good * copies, n * copies, target=target, alpha=ALPHA)
    assert passes(grown.p_pass, alpha=ALPHA) or fails(grown.p_fail, alpha=ALPHA)
    fewer = clopper_pearson(good * (copies - 1), n * (copies - 1), target=target, alpha=ALPHA)
    assert not (passes(fewer.p_pass, alpha=ALPHA) or fails(fewer.p_fail, alpha=ALPHA)) or further == (copies - 1) * n


def test_scores_and_groups_count_their_own_units():
    scores = np.tile([1.0, 1.0, 1.0, 0.8, 0.5], 8)
    found = gaffke(scores, target=Fraction(4, 5), alpha=ALPHA)
    copies = gaffke(np.tile(scores, 1 + -(-found.needed_units // 40)), target=Fraction(4, 5), alpha=ALPHA)
    assert found.units == 40
    assert passes(copies.p_pass, alpha=ALPHA)
    grouped = scaled_gaffke(
        np.tile([1.0] * 19 + [0.0], 5), np.arange(100) // 4, target=Fraction(9, 10), alpha=ALPHA, icc_floor=FLOOR
    )
    assert grouped.units == 25
    assert grouped.needed_units == pytest.approx(25 * (_fold(grouped) - 1), abs=1.0)


def _fold(found):
    """How often the effective counts of 95 good in 100 must be taken to pass .9, found apart by a fine scan."""
    from scipy.special import betainc

    folds = np.linspace(1, 40, 39001)
    p = betainc(95 / found.deff * folds, 5 / found.deff * folds + 1, 0.9)
    return folds[np.argmax(p <= 0.05)]
