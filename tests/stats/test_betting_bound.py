"""The proved bound: its wealth against a plain product, exact size by enumeration, units and weights, degenerate samples."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evalslo.errors import StatisticsError
from evalslo.stats.betting import (
    BETS,
    Stakes,
    betting,
    log_mean_wealth,
    log_wealths,
    lowest,
    mirrored,
    of_pairs,
    perfect_units_worth,
)
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import clopper_pearson
from tests.support.bounds import assert_mirrored, assert_wider_with_less_alpha

ALPHA = Fraction(1, 20)
NINETY = Fraction(9, 10)
SCORES = st.lists(st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 0.8, 0.9, 1.0]), min_size=2, max_size=40)


def evidence(values, sizes, level):
    """The mean wealth as it is written down, one factor a unit."""
    wealths = [math.prod(1 + c * w * (x / level - 1) for x, w in zip(values, sizes, strict=True)) for c in BETS]
    return math.fsum(wealths) / len(wealths)


def test_the_bets_are_the_published_ones():
    assert BETS.size == 24
    assert (BETS.min(), BETS[11], BETS[12], BETS.max()) == pytest.approx((0.005, 0.5, 0.55, 0.97))


@settings(max_examples=25, deadline=None)
@given(SCORES, st.integers(1, 99))
def test_p_values_are_one_over_the_wealth(values, percent):
    found = betting(values, target=Fraction(percent, 100), alpha=ALPHA)
    ones, gaps = [1.0] * len(values), [1.0 - x for x in values]
    assert found.p_pass == pytest.approx(min(1.0, 1 / evidence(values, ones, percent / 100)), rel=1e-9)
    assert found.p_fail == pytest.approx(min(1.0, 1 / evidence(gaps, ones, (100 - percent) / 100)), rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(SCORES)
def test_at_the_bounds_the_wealth_is_one_over_alpha(values):
    found = betting(values, target=NINETY, alpha=ALPHA)
    if max(values) > 0:
        assert evidence(values, [1.0] * len(values), found.lower) == pytest.approx(20, rel=1e-6)
    if min(values) < 1:
        assert evidence([1 - x for x in values], [1.0] * len(values), 1 - found.upper) == pytest.approx(20, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(SCORES, st.integers(1, 99))
def test_mirrored_scores_swap_the_sides(values, percent):
    assert_mirrored(betting, values, percent, within=1e-9)


@settings(max_examples=40, deadline=None)
@given(SCORES, st.integers(1, 100), st.integers(1, 499))
def test_pass_and_fail_never_both_and_bounds_decide_alike(values, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    found = betting(values, target=target, alpha=alpha)
    passed, failed = passes(found.p_pass, alpha=alpha), fails(found.p_fail, alpha=alpha)
    assert not (passed and failed)
    assert passed == (found.lower >= target) or found.lower == pytest.approx(percent / 100, abs=1e-9)
    assert failed == (found.upper < target) or found.upper == pytest.approx(percent / 100, abs=1e-9)
    assert found.lower <= found.estimate <= found.upper


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5), st.floats(0.1, 9)), min_size=2, max_size=30), st.randoms()
)
def test_order_changes_nothing(rows, random):
    """To the last bit, inside units too."""
    shuffled = rows.copy()
    random.shuffle(shuffled)
    one, other = (
        betting(values, units, target=NINETY, alpha=ALPHA, weights=weights)
        for values, units, weights in (zip(*rows, strict=True), zip(*shuffled, strict=True))
    )
    assert one == other


@settings(max_examples=20, deadline=None)
@given(SCORES)
def test_a_smaller_alpha_never_narrows_the_interval(values):
    bounds = assert_wider_with_less_alpha(betting, values)
    assert len({b.p_pass for b in bounds}) == 1


@settings(max_examples=25, deadline=None)
@given(SCORES, st.data())
def test_a_better_score_never_lowers_a_bound(values, data):
    i = data.draw(st.integers(0, len(values) - 1))
    better = [*values[:i], min(1.0, values[i] + 0.15), *values[i + 1 :]]
    one, other = (betting(x, target=NINETY, alpha=ALPHA) for x in (values, better))
    assert other.lower >= one.lower - 1e-12
    assert other.upper >= one.upper - 1e-12
    assert other.p_pass <= one.p_pass + 1e-12


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_zeros_and_ones_are_wider_than_clopper_pearson(good, bad):
    if good + bad < 2:
        return
    exact = clopper_pearson(good, good + bad, target=NINETY, alpha=ALPHA)
    proved = betting(np.repeat([1.0, 0.0], [good, bad]), target=NINETY, alpha=ALPHA)
    assert proved.method == "betting"
    assert proved.lower <= exact.lower + 1e-12
    assert proved.upper >= exact.upper - 1e-12


@pytest.mark.parametrize("n", [10, 60, 200])
@pytest.mark.parametrize("percent", [50, 80, 95, 99])
def test_exact_size_on_zeros_and_ones_is_below_alpha(n, percent):
    target = Fraction(percent, 100)
    chances = binom.pmf(np.arange(n + 1), n, percent / 100)
    false_pass = false_fail = 0.0
    for good, chance in enumerate(chances):
        stakes = of_pairs(np.repeat([1.0, 0.0], [good, n - good]), None)
        false_pass += chance * (log_mean_wealth(log_wealths(stakes, level=float(target))) >= math.log(20))
        false_fail += chance * (log_mean_wealth(log_wealths(mirrored(stakes), level=float(1 - target))) >= math.log(20))
    assert false_pass <= 0.05
    assert false_fail <= 0.05


def test_the_mean_wealth_under_the_null_is_one_by_enumeration():
    """Each bet's, with units of unequal sizes, scores of three values and the truth at the target."""
    sizes, kinds, chances = [1.0, 0.5, 0.5, 0.25, 1.0, 0.1], [0.0, 0.5, 1.0], [0.1, 0.2, 0.7]
    total = np.zeros(BETS.size)
    for draw in itertools.product(range(3), repeat=len(sizes)):
        stakes = of_pairs(np.array([kinds[i] for i in draw]), np.array(sizes))
        total += math.prod(chances[i] for i in draw) * np.exp(log_wealths(stakes, level=0.8))
    assert total == pytest.approx(np.ones(BETS.size), abs=1e-9)


def test_units_need_not_be_alike_for_the_proof():
    """Every unit has a rate of its own; the pooled one is at the target. Then the mean wealth is at most 1."""
    sizes, rates = np.array([1.0, 0.25, 0.5, 1.0]), np.array([0.95, 0.2, 0.7, 0.7])
    target = float(sizes @ rates / sizes.sum())
    total = np.zeros(BETS.size)
    for draw in itertools.product((0.0, 1.0), repeat=4):
        chance = math.prod(rate if x else 1 - rate for x, rate in zip(draw, rates, strict=True))
        total += chance * np.exp(log_wealths(of_pairs(np.array(draw), sizes), level=target))
    assert (total <= 1.0).all()
    assert total.min() < 0.96


def test_units_are_padded_by_their_size():
    values, units = [1.0, 1.0, 0.5, 0.0, 1.0, 1.0], ["a", "a", "a", "b", "b", "c"]
    found = betting(values, units, target=Fraction(1, 2), alpha=ALPHA)
    means, sizes = [2.5 / 3, 0.5, 1.0], [1.0, 2 / 3, 1 / 3]
    assert (found.estimate, found.units) == (pytest.approx(4.5 / 6), 3)
    assert found.p_pass == pytest.approx(min(1.0, 1 / evidence(means, sizes, 0.5)))


def test_weights_are_sizes():
    values, weights = [1.0, 0.25, 0.75, 1.0], [2.0, 1.0, 4.0, 0.5]
    found = betting(values, target=Fraction(1, 4), alpha=ALPHA, weights=weights)
    assert found.estimate == pytest.approx((2.0 + 0.25 + 3.0 + 0.5) / 7.5)
    assert found.p_pass == pytest.approx(min(1.0, 1 / evidence(values, [w / 4 for w in weights], 0.25)))
    scaled = betting(values, target=Fraction(1, 4), alpha=ALPHA, weights=[w * 8 for w in weights])
    assert scaled == found


@settings(max_examples=20, deadline=None)
@given(SCORES, st.integers(2, 4))
def test_copies_inside_a_unit_carry_nothing(values, k):
    alone = betting(values, target=NINETY, alpha=ALPHA)
    copied = betting(np.repeat(values, k), np.repeat(np.arange(len(values)), k), target=NINETY, alpha=ALPHA)
    assert copied.units == alone.units
    assert (copied.lower, copied.upper) == pytest.approx((alone.lower, alone.upper), abs=1e-9)
    assert (copied.p_pass, copied.p_fail) == pytest.approx((alone.p_pass, alone.p_fail), abs=1e-9)


def test_units_of_one_value_and_equal_weights_are_the_plain_bound():
    values = [1.0, 0.4, 0.9, 1.0, 0.0, 1.0]
    plain = betting(values, target=NINETY, alpha=ALPHA)
    assert betting(values, list("fedcba"), target=NINETY, alpha=ALPHA) == plain
    assert betting(values, target=NINETY, alpha=ALPHA, weights=[0.3] * 6) == plain


@pytest.mark.parametrize("weighted", [False, True])
def test_the_grid_for_very_many_scores_only_costs_evidence(weighted):
    rng = np.random.default_rng(5)
    x = rng.beta(8, 1, size=6000)
    w = rng.uniform(0.05, 1.0, size=6000) if weighted else np.ones(6000)
    coarse = of_pairs(x, w)
    exact = Stakes(values=x, sizes=w, counts=np.ones(6000), units=6000)
    assert coarse.values.size < 50_601
    assert not np.array_equal(coarse.values, np.sort(x))
    for level in (0.85, 0.875, 0.9):
        fine, rough = log_wealths(exact, level=level), log_wealths(coarse, level=level)
        assert (rough <= fine + 1e-9).all()
        assert log_mean_wealth(rough) == pytest.approx(log_mean_wealth(fine), rel=5e-3, abs=1e-2)
    assert lowest(coarse, alpha=ALPHA) == pytest.approx(lowest(exact, alpha=ALPHA), abs=1e-5)
    assert math.fsum(coarse.counts) == pytest.approx(6000)


def test_a_million_scores_are_decided():
    x = np.tile([1.0, 1.0, 1.0, 0.75, 0.5], 200_000)
    found = betting(x, target=Fraction(4, 5), alpha=Fraction(1, 10**6))
    assert (found.estimate, found.units) == (pytest.approx(0.85), 1_000_000)
    assert found.p_pass == 0.0
    assert 0.84 < found.lower < 0.85 < found.upper < 0.86


def test_further_units_decide_where_the_data_repeated_do():
    x = [1.0] * 18 + [0.5] * 2
    found = betting(x, target=NINETY, alpha=ALPHA)
    assert found.needed_units is not None
    enough = math.ceil((20 + found.needed_units) / 20)
    assert betting(x * enough, target=NINETY, alpha=ALPHA).needed_units is None
    assert betting(x * (enough - 1), target=NINETY, alpha=ALPHA).needed_units is not None
    failing = betting(x, target=Fraction(98, 100), alpha=ALPHA)
    assert failing.needed_units is not None
    enough = math.ceil((20 + failing.needed_units) / 20)
    assert betting(x * enough, target=Fraction(98, 100), alpha=ALPHA).p_fail < 0.05


def test_perfect_units_are_worth_as_many_events_as_their_evidence_says():
    sizes = [1.0, 0.5, 0.5, 2.0] * 40
    worth = perfect_units_worth(sizes, target=NINETY)
    p = betting([1.0] * len(sizes), target=NINETY, alpha=ALPHA, weights=sizes).p_pass
    assert float(NINETY) ** worth == pytest.approx(p, rel=1e-9)
    assert perfect_units_worth([0.5, 1.0, 2.0], [80, 40, 40], target=NINETY) == pytest.approx(worth, rel=1e-12)
    assert perfect_units_worth(sizes, target=Fraction(1)) == perfect_units_worth([], target=NINETY) == 0.0


def test_at_the_target_no_number_of_units_decides():
    found = betting([0.5] * 40, target=Fraction(1, 2), alpha=ALPHA)
    assert (found.p_pass, found.p_fail, found.needed_units) == (1.0, 1.0, None)


@pytest.mark.parametrize(("values", "units"), [([0.7], None), ([0.6, 0.8], ["a", "a"])])
def test_one_unit_decides_nothing(values, units):
    found = betting(values, units, target=Fraction(1, 100), alpha=ALPHA)
    assert (found.estimate, found.method, found.units) == (pytest.approx(0.7), "betting", 1)
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units) == (None,) * 5
    assert (found.icc, found.deff) == (None, None)


def test_all_zeros_and_all_ones():
    worst = betting([0.0] * 90, target=NINETY, alpha=ALPHA)
    best = betting([1.0] * 90, target=NINETY, alpha=ALPHA)
    assert (worst.lower, worst.p_pass, best.upper, best.p_fail) == (0.0, 1.0, 1.0, 1.0)
    assert passes(best.p_pass, alpha=ALPHA)
    assert fails(worst.p_fail, alpha=ALPHA)
    assert (best.lower, best.upper) == pytest.approx((1 - worst.upper, 1 - worst.lower), abs=1e-12)


def test_a_target_of_one_fails_on_any_loss_and_never_passes():
    lossy = betting([1.0] * 9 + [0.999], target=Fraction(1), alpha=ALPHA)
    clean = betting([1.0] * 10, target=Fraction(1), alpha=ALPHA)
    assert (lossy.p_pass, lossy.p_fail) == (1.0, 0.0)
    assert (clean.p_pass, clean.p_fail) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("values", "units", "weights", "message"),
    [
        ([0.5, float("nan")], None, None, r"values\[1\] is nan"),
        ([0.5, 1.5], None, None, r"values\[1\] is 1.5"),
        ([], None, None, "at least one value"),
        ([0.5, 0.5], ["a"], None, "units: 1 labels for 2 values"),
        ([0.5, 0.5], None, [1.0], "weights: 1 found for 2 values"),
        ([0.5, 0.5], None, [1.0, 0.0], r"weights\[1\] is 0.0; wanted a finite number above 0"),
        ([0.5, 0.5], None, [float("nan"), 1.0], r"weights\[0\] is nan"),
        ([0.5, 0.5], None, [1.0, float("inf")], r"weights\[1\] is inf"),
    ],
)
def test_what_cannot_be_bounded_is_refused_by_name(values, units, weights, message):
    with pytest.raises(StatisticsError, match=message):
        betting(values, units, target=NINETY, alpha=ALPHA, weights=weights)


@pytest.mark.parametrize(("target", "alpha"), [(Fraction(0), ALPHA), (NINETY, Fraction(1, 2)), (NINETY, Fraction(0))])
def test_levels_without_meaning_are_refused(target, alpha):
    with pytest.raises(StatisticsError):
        betting([0.5, 1.0], target=target, alpha=alpha)
