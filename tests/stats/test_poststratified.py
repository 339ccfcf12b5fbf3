"""Shares corrected by labels of each stratum: Monte Carlo, exact special cases, symmetry, degenerate tables, size."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.poststratified import post_stratified, post_stratified_p

ALPHA, T = Fraction(1, 20), Fraction(19, 20)


def found(judged, n, good, bad, *, target=T, alpha=ALPHA):
    return post_stratified(judged, n, among_good=good, among_bad=bad, target=target, alpha=alpha)


@st.composite
def tables(draw):
    """(judged good, n, labels among them, labels among the others), with at least one label."""
    good, bad = draw(st.integers(0, 60)), draw(st.integers(0, 60))
    a = draw(st.integers(0, good))
    c = draw(st.integers(0, bad))
    pairs = (a, draw(st.integers(0, good - a))), (c, draw(st.integers(0, bad - c)))
    if good + bad < 2 or not any(pairs[0] + pairs[1]):
        return 30, 40, (12, 3), (2, 5)
    return good, good + bad, *pairs


def drawn(judged, n, good, bad, *, target, draws=1_000_000):
    """(lower, upper, p_pass, p_fail) by random draws from the same Betas; holds where good answers judged good are more."""
    rng = np.random.default_rng(5)

    def beta(a, b):
        return np.full(draws, 1.0 if b == 0 else 0.0) if a == 0 or b == 0 else rng.beta(a, b, draws)

    def shares(up):
        pi = beta(judged + up, n - judged + 1 - up)
        ppv, fom = beta(good[0] + up, good[1] + 1 - up), beta(bad[0] + up, bad[1] + 1 - up)
        return pi * ppv + (1 - pi) * fom

    low, high = shares(0), shares(1)
    tails = np.mean(low <= float(target)), np.mean(high >= float(target))
    return np.quantile(low, 0.05), np.quantile(high, 0.95), *tails


@pytest.mark.parametrize(
    ("table", "target"),
    [
        ((941, 1000, (95, 1), (12, 12)), "0.95"),
        ((950, 1000, (95, 0), (0, 5)), "0.95"),
        ((50, 100, (10, 2), (3, 5)), "0.6"),
        ((5, 10, (5, 0), (0, 5)), "0.6"),
        ((99000, 100000, (400, 10), (10, 20)), "0.95"),
        ((15, 16, (15, 0), (0, 1)), "0.999"),
    ],
)
def test_integration_agrees_with_a_million_draws(table, target):
    bound = found(*table, target=Fraction(target))
    lower, upper, p_pass, p_fail = drawn(*table, target=Fraction(target))
    assert (bound.lower, bound.upper) == pytest.approx((lower, upper), abs=5e-4)
    assert (bound.p_pass, bound.p_fail) == pytest.approx((p_pass, p_fail), abs=2.5e-3)


def test_one_stratum_fully_judged_good_is_a_product_of_two_clopper_pearson_betas():
    """P(XY <= t) of Beta(1000, 1) and Beta(50, 1) is (1000 t^50 - 50 t^1000) / 950."""
    t = 0.95
    exact = (1000 * t**50 - 50 * t**1000) / 950
    assert found(1000, 1000, (50, 0), (0, 0)).p_pass == pytest.approx(exact, abs=1e-8)


def test_a_scorer_that_is_always_right_costs_almost_nothing_over_labels_of_everything():
    corrected, plain = found(180, 200, (180, 0), (0, 20)), clopper_pearson(180, 200, target=T, alpha=ALPHA)
    assert corrected.estimate == plain.estimate
    assert (corrected.lower, corrected.upper) == pytest.approx((plain.lower, plain.upper), abs=0.012)


@settings(max_examples=15, deadline=None)
@given(tables(), st.integers(1, 99))
def test_mirrored_tables_swap_the_sides(table, percent):
    judged, n, (a, b), (c, d) = table
    one = found(*table, target=Fraction(percent, 100))
    other = found(n - judged, n, (d, c), (b, a), target=1 - Fraction(percent, 100))
    assert (one.p_pass, one.p_fail) == (other.p_fail, other.p_pass)
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(tables(), st.integers(1, 100), st.sampled_from([1, 25, 50, 100]))
def test_p_values_decide_as_the_bounds_do_and_never_both(table, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    bound = found(*table, target=target, alpha=alpha)
    passed, failed = passes(bound.p_pass, alpha=alpha), fails(bound.p_fail, alpha=alpha)
    assert not (passed and failed)
    assert passed == (bound.lower >= target) or bound.lower == pytest.approx(float(target), abs=1e-7)
    assert failed == (bound.upper < target) or bound.upper == pytest.approx(float(target), abs=1e-7)


@settings(max_examples=15, deadline=None)
@given(tables())
def test_the_interval_holds_the_point_and_narrows_with_alpha(table):
    bounds = [found(*table, alpha=Fraction(level, 1000)) for level in (1, 50, 400)]
    for bound in bounds[:2]:
        assert bound.lower - 1e-9 <= bound.estimate <= bound.upper + 1e-9
    assert [b.lower for b in bounds] == sorted(b.lower for b in bounds)
    assert [b.upper for b in bounds] == sorted((b.upper for b in bounds), reverse=True)


@settings(max_examples=15, deadline=None)
@given(tables())
def test_a_label_turned_good_never_lowers_a_bound(table):
    judged, n, (a, b), other = table
    if not b:
        return
    worse, better = found(*table), found(judged, n, (a + 1, b - 1), other)
    assert better.estimate > worse.estimate
    if a * sum(other) >= other[0] * (
        a + b
    ):  # else the share judged good turns from harm to help, and its anchor with it
        assert better.lower >= worse.lower - 1e-9
        assert better.p_pass <= worse.p_pass + 1e-9


def test_a_stratum_without_labels_may_be_anything():
    unseen_bad = found(900, 1000, (90, 0), (0, 0))
    assert unseen_bad.estimate == 0.9
    assert unseen_bad.lower < 0.9
    assert unseen_bad.upper > 0.995
    unseen_good = found(900, 1000, (0, 0), (0, 90))
    assert unseen_good.lower == 0.0
    assert 0.9 <= unseen_good.upper < 0.95


def test_an_empty_stratum_is_its_own_bound_only():
    found_all = found(100, 100, (100, 0), (0, 0), target=Fraction(9, 10))
    assert found_all.estimate == found_all.upper == 1.0
    assert 0.94 < found_all.lower < 0.05 ** (1 / 100)


def test_a_target_of_one_never_passes_and_falls_to_one_bad_label():
    assert (found(50, 50, (50, 0), (0, 0), target=Fraction(1)).p_pass) == 1.0
    seen = found(50, 50, (49, 1), (0, 0), target=Fraction(1))
    assert (seen.p_pass, seen.p_fail) == (1.0, 0.0)


def test_one_answer_decides_nothing():
    one = found(1, 1, (1, 0), (0, 0))
    assert (one.estimate, one.lower, one.upper, one.p_pass, one.p_fail) == (1.0, None, None, None, None)


def test_needed_labels_decide_and_one_fewer_does_not():
    bound = found(1000, 1000, (50, 0), (0, 0))
    assert bound.needed_units is not None
    there = 50 + bound.needed_units
    assert passes(found(1000, 1000, (there, 0), (0, 0)).p_pass, alpha=ALPHA)
    assert not passes(found(1000, 1000, (there - 1, 0), (0, 0)).p_pass, alpha=ALPHA)


def test_labels_alone_may_never_decide():
    assert found(958, 1000, (96, 0), (0, 4)).needed_units is None  # all 1,000 labelled would not either


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ((5, 4, (1, 0), (0, 0)), "5 judged good of 4"),
        ((0, 0, (0, 0), (0, 0)), "n >= 1"),
        ((5, 10, (4, 2), (0, 0)), r"labels \(4, 2\) among 5 judged good"),
        ((5, 10, (4, 1), (0, 6)), r"labels \(0, 6\) among 5 judged bad"),
        ((5, 10, (-1, 1), (0, 1)), "wanted counts"),
        ((5, 10, (0, 0), (0, 0)), "no label"),
    ],
)
def test_impossible_tables_are_refused_by_name(table, message):
    with pytest.raises(StatisticsError, match=message):
        found(*table)


@pytest.mark.parametrize(
    ("truth", "sensitivity", "specificity", "labels", "most_fail"),
    [(0.95, 0.97, 0.80, 100, 0.015), (0.95, 1.0, 0.70, 500, 0.02)],
)
def test_false_verdicts_stay_below_alpha_with_the_truth_at_the_target(
    truth, sensitivity, specificity, labels, most_fail
):
    """Two rows of the design's table: .000/.015 and at most .020 on either side, with 1,000 judged answers."""
    rng, runs = np.random.default_rng(17), 250
    verdicts = []
    for _ in range(runs):
        good = rng.random(1000) < truth
        judged = np.where(good, rng.random(1000) < sensitivity, rng.random(1000) >= specificity)
        seen, seen_judged = good[:labels], judged[:labels]
        pairs = [
            (int(np.sum(seen & (seen_judged == side))), int(np.sum(~seen & (seen_judged == side))))
            for side in (True, False)
        ]
        p_pass, p_fail = post_stratified_p(
            int(judged.sum()), 1000, among_good=pairs[0], among_bad=pairs[1], target=Fraction(truth).limit_denominator()
        )
        verdicts.append((passes(p_pass, alpha=ALPHA), fails(p_fail, alpha=ALPHA)))
    false_pass, false_fail = np.mean(verdicts, axis=0)
    assert false_pass <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    assert false_fail <= most_fail + 3 * (0.05 * 0.95 / runs) ** 0.5
