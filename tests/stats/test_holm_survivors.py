"""Holm's correction over objectives."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evalslo.errors import StatisticsError
from evalslo.stats.holm import survivors

ALPHA = Fraction(1, 20)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.001, 0.006, 0.011, 0.02, 0.03, 0.04, 0.06, 0.5, 1.0]), min_size=1, max_size=8))
def test_equal_levels_agree_with_statsmodels(p_values):
    wanted = multipletests(p_values, alpha=0.05, method="holm")[0]
    assert survivors(p_values, [ALPHA] * len(p_values)) == tuple(wanted)


def test_a_single_objective_needs_no_correction():
    assert survivors([0.049], [ALPHA]) == (True,)
    assert survivors([0.05], [ALPHA]) == (False,)  # FAIL is strict
    assert survivors([], []) == ()


def test_each_level_scales_its_own_p_value():
    assert survivors([0.004, 0.03], [Fraction(1, 100), Fraction(1, 10)]) == (True, True)
    assert survivors([0.006, 0.06], [Fraction(1, 100), Fraction(1, 10)]) == (False, False)


def test_one_that_holds_shields_all_behind_it():
    assert survivors([0.02, 0.03, 0.04], [ALPHA] * 3) == (False, False, False)
    assert survivors([0.01, 0.03, 0.04], [ALPHA] * 3) == (True, False, False)


def test_false_misses_stay_rare_at_eight_boundaries():
    drawn = np.random.default_rng(12).random((2000, 8))
    uncorrected = np.mean((drawn < 0.05).any(axis=1))
    corrected = np.mean([any(survivors(row, [ALPHA] * 8)) for row in drawn])
    assert uncorrected > 0.3
    assert corrected <= 0.062


def test_what_is_no_probability_is_refused():
    with pytest.raises(StatisticsError, match="p-value nan"):
        survivors([float("nan")], [ALPHA])
