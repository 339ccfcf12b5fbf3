"""Confidence sequences: they agree with the evidence that they invert, and hold the point."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.betting import betting
from evalslo.stats.bound import passes
from evalslo.stats.sequential import (
    BetaMixture,
    anytime_p,
    bet_interval,
    beta_interval,
    log_evidence,
    start_bets,
    update,
)

ALPHA = Fraction(1, 20)
HALF = Fraction(1, 2)
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 1 / 3, 0.8, 1.0]), st.sampled_from([0.2, 0.5, 1.0])), min_size=1, max_size=60
)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.integers(1, 100), st.integers(1, 499))
def test_both_sides_never_cross_and_the_interval_agrees(steps, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    values, sizes = zip(*steps, strict=True)
    process = start_bets(target)
    for value, size in steps:
        process = update(process, value, size=size)
    found = log_evidence(process)
    passed, failed = (passes(anytime_p(log_e), alpha=alpha) for log_e in (found.against_missed, found.against_met))
    lower, upper = bet_interval(values, sizes, alpha=alpha)
    assert not (passed and failed)
    assert passed == (lower >= target) or lower == pytest.approx(percent / 100, abs=1e-9)
    assert failed == (upper < target) or upper == pytest.approx(percent / 100, abs=1e-9)
    assert 0.0 <= lower <= np.average(values, weights=sizes) + 1e-12
    assert np.average(values, weights=sizes) - 1e-12 <= upper <= 1.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 500), st.integers(0, 100), st.integers(1, 100), st.integers(1, 499))
def test_counts_never_cross_on_both_sides_and_the_interval_agrees(good, bad, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    found = log_evidence(BetaMixture(target=target, good=good, bad=bad))
    passed, failed = (passes(anytime_p(log_e), alpha=alpha) for log_e in (found.against_missed, found.against_met))
    lower, upper = beta_interval(good, bad, alpha=alpha)
    assert not (passed and failed)
    assert passed == (lower >= target) or lower == pytest.approx(percent / 100, abs=1e-9)
    assert failed == (upper < target) or upper == pytest.approx(percent / 100, abs=1e-9)
    if good + bad:
        assert lower <= good / (good + bad) <= upper


def test_a_wider_alpha_never_widens_the_interval():
    levels = [Fraction(1, 1000), Fraction(1, 40), Fraction(1, 20), Fraction(2, 5)]
    for intervals in (
        [beta_interval(90, 10, alpha=alpha) for alpha in levels],
        [bet_interval([1.0, 0.5, 1.0, 0.9] * 20, alpha=alpha) for alpha in levels],
    ):
        assert intervals == sorted(intervals)
        assert [upper for _, upper in intervals] == sorted((upper for _, upper in intervals), reverse=True)


def test_the_interval_of_bets_is_the_fixed_bound_of_the_largest_size_seen():
    x = [1.0, 0.5, 1.0, 0.9] * 20
    fixed = betting(x, target=HALF, alpha=ALPHA)
    assert bet_interval(x, alpha=ALPHA) == (fixed.lower, fixed.upper)
    lower, _ = bet_interval(x, [0.5] * 80, alpha=ALPHA)  # half of the largest unit planned: smaller stakes
    assert lower < fixed.lower


def test_intervals_without_data_or_of_one_kind():
    assert beta_interval(0, 0, alpha=ALPHA) == (0.0, 1.0)
    assert beta_interval(0, 50, alpha=ALPHA)[0] == 0.0
    assert beta_interval(50, 0, alpha=ALPHA)[1] == 1.0
    assert bet_interval([0.0] * 50, alpha=ALPHA)[0] == 0.0
    assert bet_interval([1.0] * 50, alpha=ALPHA)[1] == 1.0


def test_intervals_refuse_what_they_cannot_use():
    with pytest.raises(StatisticsError, match="counts of 0 or more"):
        beta_interval(-1, 3, alpha=ALPHA)
    with pytest.raises(StatisticsError, match="alpha 1/2"):
        beta_interval(1, 3, alpha=HALF)
    with pytest.raises(StatisticsError, match="sizes: 1 for 2 values"):
        bet_interval([0.5, 1.0], [1.0], alpha=ALPHA)
    with pytest.raises(StatisticsError, match="one above 0 for each"):
        bet_interval([0.5, 1.0], [1.0, 0.0], alpha=ALPHA)
    with pytest.raises(StatisticsError, match="at least one value"):
        bet_interval([], alpha=ALPHA)
