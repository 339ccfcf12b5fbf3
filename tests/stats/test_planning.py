"""Sample sizes: the published table, every n tried one by one, means, repeats, several objectives."""

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import clopper_pearson, fewest_for_pass, most_bad, pass_probability
from evalslo.stats.planning import (
    least_bad,
    planned_effect,
    power_for_each,
    sample_size,
    show_probability,
    units_for,
)
from evalslo.stats.planning_scores import mean_size, score_power, score_size
from evalslo.stats.tally import of_values, p_fail, p_pass

ALPHA = Fraction(1, 20)
EIGHTY, NINETY = Fraction(4, 5), Fraction(9, 10)


def size(target, truth, power=EIGHTY, alpha=ALPHA):
    return sample_size(Fraction(target), Fraction(truth), power=power, alpha=alpha)


@pytest.mark.parametrize(
    ("target", "truth", "eighty", "ninety"),
    [
        ("0.80", "0.85", (365, 60), (501, 85)),
        ("0.80", "0.90", (82, 10), (112, 15)),
        ("0.90", "0.95", (179, 11), (239, 16)),
        ("0.90", "0.97", (76, 3), (103, 5)),
        ("0.95", "0.97", (601, 21), (832, 31)),
        ("0.95", "0.98", (234, 6), (311, 9)),
        ("0.95", "0.99", (124, 2), (153, 3)),
        ("0.98", "0.99", (969, 12), (1271, 17)),
        ("0.98", "0.995", (386, 3), (456, 4)),
    ],
)
def test_the_table_of_sizes_is_reproduced(target, truth, eighty, ninety):
    found = [size(target, truth, power) for power in (EIGHTY, NINETY)]
    assert [(one.n, one.most_bad) for one in found] == [eighty, ninety]
    assert all(one.least_bad is None for one in found)


@functools.cache
def powers(target, truth):
    """The exact power of every n from 2 on."""
    return [show_probability(n, truth=truth, target=target, alpha=ALPHA) for n in range(2, 400)]


def tried(target, truth, power):
    """(first n, n from which on), by trying."""
    enough = [found >= power for found in powers(target, truth)]
    assert all(enough[-30:])
    return enough.index(True) + 2, len(enough) - enough[::-1].index(False) + 2 if False in enough else 2


@pytest.mark.parametrize(
    ("target", "truth"),
    [("0.95", "0.98"), ("0.9", "0.95"), ("0.8", "0.9"), ("0.5", "0.6"), ("0.05", "0.2"), ("0.01", "0.5"), ("0.98", "1"),
     ("0.95", "0.9"), ("0.9", "0.8"), ("0.5", "0.4"), ("0.2", "0.1"), ("0.3", "0"), ("1", "0.97")],
)  # fmt: skip
@pytest.mark.parametrize("power", [Fraction(1, 2), EIGHTY, NINETY])
def test_both_sizes_are_those_of_trying_every_n(target, truth, power):
    found = size(target, truth, power)
    assert (found.n, found.n_from_on) == tried(Fraction(target), Fraction(truth), power)


@settings(max_examples=10, deadline=None)
@given(
    target=st.integers(5, 98),
    gap=st.integers(8, 40),
    power=st.sampled_from([Fraction(1, 5), EIGHTY, Fraction(19, 20)]),
    alpha=st.sampled_from([Fraction(1, 100), ALPHA, Fraction(2, 5)]),
)
def test_the_first_size_has_the_power_and_the_one_before_has_not(target, gap, power, alpha):
    for truth in (target + gap, target - gap):
        if not 0 <= truth <= 100:
            continue
        found = size(Fraction(target, 100), Fraction(truth, 100), power, alpha)
        levels = {"truth": Fraction(truth, 100), "target": Fraction(target, 100), "alpha": alpha}
        assert found.power == show_probability(found.n, **levels) >= power
        assert show_probability(found.n - 1, **levels) < power or found.n == 2
        assert show_probability(found.n_from_on - 1, **levels) < power or found.n_from_on == 2
        after = range(found.n_from_on, found.n_from_on + 25)
        assert all(show_probability(n, **levels) >= power for n in after)


def test_a_truth_of_all_good_takes_the_fewest_that_pass():
    for target in ("0.5", "0.9", "0.95", "0.99"):
        assert size(target, 1).n == fewest_for_pass(Fraction(target), ALPHA)


@pytest.mark.parametrize(("n", "target"), [(20, "0.5"), (100, "0.95"), (233, "0.95"), (60, "0.99"), (2, "0.9")])
def test_the_least_bad_of_a_fail_is_where_clopper_pearson_begins_to_fail(n, target):
    least = least_bad(n, target=Fraction(target), alpha=ALPHA)
    verdicts = [clopper_pearson(n - bad, n, target=Fraction(target), alpha=ALPHA) for bad in (least - 1, least)]
    assert [fails(one.p_fail, alpha=ALPHA) for one in verdicts] == [False, True]


def test_too_few_events_can_neither_pass_nor_fail():
    assert least_bad(1, target=Fraction(1, 2), alpha=ALPHA) is None
    assert least_bad(3, target=Fraction(1, 5), alpha=Fraction(1, 1000)) is None
    assert show_probability(3, truth=0.0, target=Fraction(1, 5), alpha=Fraction(1, 1000)) == 0.0
    assert show_probability(58, truth=1.0, target=Fraction(19, 20), alpha=ALPHA) == 0.0
    assert show_probability(500, truth=Fraction(19, 20), target=Fraction(19, 20), alpha=ALPHA) == 0.0


def test_where_power_never_returns_the_two_sizes_are_apart():
    found = size("0.95", "0.98")
    assert found.n < found.n_from_on == 286
    dips = [pass_probability(n, truth=0.98, target=Fraction(19, 20), alpha=ALPHA) for n in (285, 286)]
    assert dips[0] < 0.8 <= dips[1]


@pytest.mark.parametrize(("target", "truth"), [("0.5", "0.505"), ("0.95", "0.951"), ("0.999", "0.9995")])
def test_large_sizes_are_exact_too(target, truth):
    found = size(target, truth)
    levels = {"truth": float(Fraction(truth)), "target": Fraction(target), "alpha": ALPHA}
    assert found.n > 10_000
    assert found.most_bad == most_bad(found.n, target=Fraction(target), alpha=ALPHA)
    assert pass_probability(found.n, **levels) >= 0.8 > pass_probability(found.n - 1, **levels)


def test_a_truth_beside_the_target_has_no_size():
    assert size("0.5", "0.5003") is None
    assert size("1", "0.99999999") is None
    assert score_size(Fraction(1, 2), 0.5001, spread=0.5, power=EIGHTY, alpha=ALPHA) is None


@pytest.mark.parametrize("power", [0, 1, 1.5, -0.1, math.nan])
def test_a_power_that_is_none_is_refused(power):
    with pytest.raises(StatisticsError, match="power"):
        sample_size(Fraction(1, 2), 0.6, power=power, alpha=ALPHA)
    with pytest.raises(StatisticsError, match="power"):
        mean_size(0.1, between=0.1, power=power, alpha=ALPHA)


@pytest.mark.parametrize("truth", [Fraction(1, 2), 0.5, 1.1, -0.1, math.nan])
def test_a_truth_on_the_target_or_outside_is_refused(truth):
    with pytest.raises(StatisticsError, match="truth"):
        sample_size(Fraction(1, 2), truth, power=EIGHTY, alpha=ALPHA)


# Means.


@pytest.mark.parametrize(("repeats", "published"), [(1, 3876), (2, 2422), (5, 1550), (10, 1260), (None, 969)])
def test_millers_sizes_of_a_paired_comparison(repeats, published):
    # sigma^2 = 1/6 of both models; published to the nearest, and a size is rounded up
    n = mean_size(0.03, between=1 / 9, within=1 / 3, repeats=repeats, power=EIGHTY, alpha=Fraction(1, 40))
    assert published <= n <= published + 1


@pytest.mark.parametrize(
    "wrong", [{"gap": 0.0}, {"gap": math.nan}, {"between": -0.1}, {"within": math.inf}, {"repeats": 0}]
)
def test_a_mean_without_a_size_is_refused(wrong):
    given = {"gap": 0.1, "between": 0.1, "within": 0.0, "repeats": 1} | wrong
    gap = given.pop("gap")
    with pytest.raises(StatisticsError, match="repeats" if "repeats" in wrong else "gap"):
        mean_size(gap, **given, power=EIGHTY, alpha=ALPHA)


PILED = {  # (values, chances): five relevant of five most of the time; mostly faithful; evenly spread
    "precision": ([0.6, 0.8, 1.0], [0.05, 0.15, 0.8]),
    "faithful": ([0.0, 0.25, 0.5, 0.75, 1.0], [0.03, 0.04, 0.04, 0.04, 0.85]),
    "even": ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [1 / 6] * 6),
}


@pytest.mark.parametrize("name", sorted(PILED))
@pytest.mark.parametrize("side", [1, -1])
def test_the_planned_power_of_a_mean_is_near_the_simulated(name, side):
    values, chances = np.array(PILED[name][0]), PILED[name][1]
    mean = float(values @ chances)
    spread = math.sqrt(float((values - mean) ** 2 @ chances))
    target = Fraction(mean - side * 0.5 * (1 - mean)).limit_denominator(1000)
    n = score_size(target, mean, spread=spread, power=EIGHTY, alpha=ALPHA)
    rng = np.random.default_rng(7)
    runs = [of_values(rng.choice(values, size=n, p=chances)) for _ in range(150)]
    if side > 0:
        shown = sum(passes(p_pass(run, target=target), alpha=ALPHA) for run in runs)
    else:
        shown = sum(fails(p_fail(run, target=target), alpha=ALPHA) for run in runs)
    assert 0.68 <= shown / 150 <= 0.92


@given(truth=st.floats(0.05, 1.0), target=st.integers(5, 98), spread=st.floats(0.0, 0.5), n=st.integers(2, 2000))
@settings(max_examples=60, deadline=None)
def test_the_power_of_a_mean_is_a_probability_and_mirrors(truth, target, spread, n):
    share = Fraction(target, 100)
    found = score_power(n, truth=truth, target=share, spread=spread, alpha=ALPHA)
    assert 0.0 <= found <= 1.0
    mirrored = score_power(n, truth=1 - Fraction(truth), target=1 - share, spread=spread, alpha=ALPHA)
    if truth < share:
        assert found == pytest.approx(mirrored, abs=1e-9)
    if found > 0.5 and truth > share:
        assert score_power(4 * n, truth=truth, target=share, spread=spread, alpha=ALPHA) >= found


def test_no_mean_passes_with_fewer_than_the_fewest():
    assert score_power(58, truth=1.0, target=Fraction(19, 20), spread=0.0, alpha=ALPHA) == 0.0
    assert score_power(59, truth=1.0, target=Fraction(19, 20), spread=0.0, alpha=ALPHA) == 1.0
    assert score_power(58, truth=0.999, target=Fraction(19, 20), spread=0.01, alpha=ALPHA) == 0.0


@pytest.mark.parametrize("spread", [-0.1, 0.6, math.nan])
def test_a_spread_that_no_score_has_is_refused(spread):
    with pytest.raises(StatisticsError, match="spread"):
        score_power(10, truth=0.9, target=Fraction(1, 2), spread=spread, alpha=ALPHA)


# Units, repeats, several objectives.


def test_what_repeats_are_worth():
    effects = [(k, planned_effect(k, icc=0.3, icc_floor=Fraction(0))) for k in (1, 2, 3, 5, 10, 20, 10_000)]
    assert [round(100 * k / effect) for k, effect in effects] == [100, 154, 188, 227, 270, 299, 333]


def test_the_planned_design_effect_never_falls_below_the_floor():
    floor = Fraction(3, 10)
    effects = [planned_effect(5, icc=icc, icc_floor=floor) for icc in (None, 0, Fraction(1, 10), Fraction(7, 10))]
    assert effects == pytest.approx([2.2, 2.2, 2.2, 3.8])
    assert planned_effect(1, icc=Fraction(1), icc_floor=floor) == 1.0


def test_units_are_at_least_as_many_as_perfect_events_would_have_to_be():
    assert units_for(234, size=5, effect=2.2, fewest=59) == 103
    assert units_for(124, size=20, effect=6.7, fewest=59) == 59


@pytest.mark.parametrize(("objectives", "each"), [(1, "0.9"), (2, "0.95"), (4, "0.975"), (8, "0.9875")])
def test_the_power_of_each_of_several_objectives(objectives, each):
    assert power_for_each(NINETY, objectives=objectives) == Fraction(each)


def test_eight_objectives_of_the_table_pass_together():
    # section H of the method: at n = 500 each has .974, and eight independent ones .81 together
    each = pass_probability(500, truth=0.98, target=Fraction(19, 20), alpha=ALPHA)
    assert (round(each, 3), round(each**8, 3)) == (0.974, 0.812)
    planned = size("0.95", "0.98", power_for_each(EIGHTY, objectives=8))
    assert planned.power**8 >= 0.8


@pytest.mark.parametrize(
    "call",
    [
        lambda: planned_effect(0.5, icc=None, icc_floor=Fraction(0)),
        lambda: planned_effect(2, icc=Fraction(2), icc_floor=Fraction(0)),
        lambda: planned_effect(2, icc=None, icc_floor=Fraction(-1)),
        lambda: power_for_each(EIGHTY, objectives=0),
    ],
)
def test_what_makes_no_plan_is_refused(call):
    with pytest.raises(StatisticsError, match="wanted"):
        call()
