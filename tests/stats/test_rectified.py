"""Means rectified by labels: what the parts give, p-values, symmetry, groups, degenerate input, size."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.clusters import scaled_gaffke
from evalslo.stats.gaffke import gaffke
from evalslo.stats.rectified import rectified_mean

ALPHA, T, FLOOR = Fraction(1, 20), Fraction(9, 10), Fraction(3, 10)
VALUES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


def found(judged, f, y, *, target=T, alpha=ALPHA, **units):
    return rectified_mean(
        judged, labelled_judged=f, labelled_human=y, target=target, alpha=alpha, icc_floor=FLOOR, **units
    )


@st.composite
def samples(draw):
    judged = draw(st.lists(VALUES, min_size=4, max_size=30))
    labelled = draw(st.integers(2, len(judged)))
    return judged, judged[:labelled], draw(st.lists(VALUES, min_size=labelled, max_size=labelled))


def test_the_bounds_are_squared_and_added_from_those_of_the_parts():
    judged = [1.0] * 70 + [0.5] * 20 + [0.0] * 10
    f, y = judged[::4], [1.0] * 12 + [0.5] * 8 + [0.25] * 5
    bound = found(judged, f, y)
    whole = gaffke(judged, target=T, alpha=ALPHA)
    rest = gaffke([(b - a + 1) / 2 for a, b in zip(f, y, strict=True)], target=T, alpha=ALPHA)
    point = whole.estimate + 2 * rest.estimate - 1
    assert bound.estimate == pytest.approx(point)
    low = point - math.hypot(whole.estimate - whole.lower, 2 * (rest.estimate - rest.lower))
    high = point + math.hypot(whole.upper - whole.estimate, 2 * (rest.upper - rest.estimate))
    assert (bound.lower, bound.upper) == pytest.approx((low, min(high, 1.0)), abs=1e-9)
    assert (bound.method, bound.units, bound.deff) == ("mover-gaffke", 100, None)


def test_grouped_parts_are_those_of_scaled_gaffke():
    judged = [1.0, 1.0, 0.5, 1.0, 0.25] * 20
    units = [i // 5 for i in range(100)]
    f, y, labelled = judged[:50], [1.0, 0.75, 0.5, 1.0, 0.5] * 10, units[:50]
    bound = found(judged, f, y, units=units, labelled_units=labelled)
    whole = scaled_gaffke(judged, units, target=T, alpha=ALPHA, icc_floor=FLOOR)
    halfway = [(b - a + 1) / 2 for a, b in zip(f, y, strict=True)]
    rest = scaled_gaffke(halfway, labelled, target=T, alpha=ALPHA, icc_floor=FLOOR)
    low = bound.estimate - math.hypot(whole.estimate - whole.lower, 2 * (rest.estimate - rest.lower))
    assert bound.lower == pytest.approx(low, abs=1e-9)
    assert (bound.method, bound.units, bound.icc, bound.deff) == (
        "mover-scaled-gaffke",
        20,
        pytest.approx(whole.icc),
        pytest.approx(whole.deff),
    )


def test_a_label_of_each_its_own_unit_is_no_grouping():
    judged = [1.0, 0.5] * 10
    plain = found(judged, judged[:8], [1.0] * 8)
    assert found(judged, judged[:8], [1.0] * 8, units=range(20), labelled_units=range(8)) == plain


@settings(max_examples=10, deadline=None)
@given(samples(), st.integers(1, 99))
def test_mirrored_values_swap_the_sides(sample, percent):
    mirrored = [1.0 - np.array(part) for part in sample]
    one = found(*sample, target=Fraction(percent, 100))
    other = found(*mirrored, target=1 - Fraction(percent, 100))
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=1e-8)
    assert one.estimate == pytest.approx(1 - other.estimate)


@settings(max_examples=10, deadline=None)
@given(samples(), st.integers(1, 100), st.sampled_from([1, 50, 200]))
def test_p_values_decide_as_the_bounds_do_and_never_both(sample, percent, permille):
    target, alpha = Fraction(percent, 100), Fraction(permille, 1000)
    bound = found(*sample, target=target, alpha=alpha)
    passed, failed = passes(bound.p_pass, alpha=alpha), fails(bound.p_fail, alpha=alpha)
    assert not (passed and failed)
    if target < 1:
        assert passed == (bound.lower >= target) or bound.lower == pytest.approx(float(target), abs=1e-8)
    assert failed == (bound.upper < target) or bound.upper == pytest.approx(float(target), abs=1e-8)


@settings(max_examples=6, deadline=None)
@given(samples(), st.randoms(use_true_random=False))
def test_order_changes_nothing(sample, random):
    judged, f, y = sample
    pairs = list(zip(f, y, strict=True))
    shuffled = judged.copy()
    random.shuffle(shuffled)
    random.shuffle(pairs)
    assert found(shuffled, [a for a, _ in pairs], [b for _, b in pairs]) == found(judged, f, y)


@settings(max_examples=6, deadline=None)
@given(samples())
def test_a_smaller_alpha_never_narrows_the_interval(sample):
    bounds = [found(*sample, alpha=Fraction(level, 1000)) for level in (1, 50, 400)]
    assert [b.lower for b in bounds] == sorted(b.lower for b in bounds)
    assert [b.upper for b in bounds] == sorted((b.upper for b in bounds), reverse=True)


def test_labels_that_agree_leave_the_point_and_widen_the_interval():
    judged = ([1.0] * 9 + [0.5]) * 10
    bound, alone = found(judged, judged[:50], judged[:50]), gaffke(judged, target=T, alpha=ALPHA)
    assert bound.estimate == pytest.approx(alone.estimate)
    assert bound.lower < alone.lower
    assert bound.upper > alone.upper


@pytest.mark.parametrize(("judged", "f", "y"), [([0.5], [0.5], [1.0]), ([0.5, 1.0, 1.0], [0.5], [1.0])])
def test_one_unit_or_one_label_decides_nothing(judged, f, y):
    one = found(judged, f, y)
    assert (one.lower, one.upper, one.p_pass, one.p_fail, one.needed_units) == (None,) * 5
    assert one.estimate == 1.0


def test_needed_labels_decide():
    judged = [1.0] * 960 + [0.5] * 40
    bound = found(judged, [1.0] * 25, [1.0] * 25, target=Fraction(93, 100))
    assert bound.needed_units is not None
    there = 25 + bound.needed_units
    assert passes(found(judged, [1.0] * there, [1.0] * there, target=Fraction(93, 100)).p_pass, alpha=ALPHA)


def test_a_target_of_one_never_passes():
    assert found([1.0] * 100, [1.0] * 50, [1.0] * 50, target=Fraction(1)).p_pass == 1.0


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([0.5, 1.2], [0.5], [0.5]), r"values\[1\] is 1.2"),
        (([0.5, 1.0], [0.5, 1.0], [0.5, math.nan]), r"values\[1\] is nan"),
        (([0.5, 1.0], [0.5, 1.0], [0.5]), "1 labels beside 2 values"),
        (([0.5, 1.0], [0.5] * 3, [0.5] * 3), "3 labelled units of 2"),
        (([0.5, 1.0], [], []), "at least one value"),
    ],
)
def test_what_is_no_sample_is_refused_by_name(parts, message):
    with pytest.raises(StatisticsError, match=message):
        found(*parts)


def test_false_passes_stay_below_alpha_with_a_flattering_scorer():
    """Faithfulness with a mean of .95, judged .006 too high, 100 labels: .000 in the design's table."""
    rng, runs, wrong = np.random.default_rng(31), 40, 0
    kinds, chances = np.array([0.0, 0.5, 0.75, 1.0]), np.array([0.02, 0.03, 0.06, 0.89])
    truth = Fraction(950, 1000)
    for _ in range(runs):
        people = rng.choice(kinds, p=chances, size=1000)
        judged = np.where(rng.random(1000) < 0.03, np.minimum(people + 0.5, 1.0), people)
        bound = found(judged, judged[:100], people[:100], target=truth)
        wrong += passes(bound.p_pass, alpha=ALPHA)
    assert wrong / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_labels_that_were_picked_by_what_the_scorer_said_are_refused():
    """Judged-bad answers over-labelled, which would lift every estimate without end."""
    with pytest.raises(StatisticsError, match="random sample"):
        rectified_mean(
            [0.98] * 490 + [0.7] * 10,
            labelled_judged=[0.7] * 10,
            labelled_human=[1.0] * 10,
            target=Fraction(9, 10),
            alpha=Fraction(1, 20),
            icc_floor=Fraction(3, 10),
        )


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_random_sample_is_taken_and_its_bounds_lie_in_order(seed):
    random_ = np.random.default_rng(seed)
    judged = random_.choice([0.0, 0.5, 1.0], 60, p=[0.1, 0.1, 0.8])
    picked = random_.permutation(60)[:20]
    human = np.clip(judged[picked] + random_.choice([0.0, 0.5], 20, p=[0.5, 0.5]), 0.0, 1.0)
    try:
        found = rectified_mean(
            judged,
            labelled_judged=judged[picked],
            labelled_human=human,
            target=Fraction(9, 10),
            alpha=Fraction(1, 20),
            icc_floor=Fraction(3, 10),
        )
    except StatisticsError:
        return  # one random sample in a thousand
    assert 0.0 <= found.lower <= found.estimate <= found.upper <= 1.0
