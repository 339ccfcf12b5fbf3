"""The evidence on one objective, unit by unit: which process, which side, and the look at the horizon."""

import math
import random
from fractions import Fraction

import pytest
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing
from evalslo.slo.sequential import advance, begin, crosses, found, p_fail
from evalslo.stats.bound import fails, passes
from evalslo.stats.sequential import BetaMixture, BetMixture
from tests.slo.conftest import ALPHA, RULES, events, mean, one, quantile, rate, spec_of

ALONE = [[GoldenQuery(id=str(i), query="?")] for i in range(400)]


def in_groups(*sizes):
    return [
        [GoldenQuery(id=f"{group}.{i}", query="?", group=str(group)) for i in range(size)]
        for group, size in enumerate(sizes)
    ]


def start(objective, units=ALONE, *, repeats=1):
    return begin(objective, units, spec=spec_of(objective), repeats=repeats)


def walk(objective, units, *, repeats=1, planned=ALONE):
    """The course after `units`, each a list of observations."""
    course = start(objective, planned, repeats=repeats)
    for unit in units:
        course = advance(course, unit)
    return course


def estimate(objective, course, units, *, last=False):
    from evalslo.slo.observe import events_of

    observed = events_of(objective, [one for unit in units for one in unit])
    return found(course, observed, spec=spec_of(objective), rules=RULES, last=last)


@pytest.mark.parametrize(
    ("objective", "planned", "repeats", "process"),
    [
        (rate("<=", "0.05"), ALONE, 1, BetaMixture),
        (quantile("0.95", "<=", 2), ALONE, 1, BetaMixture),
        (events("0.9", "<=", 2, of="queries"), ALONE, 3, BetaMixture),
        (rate("<=", "0.05"), ALONE, 3, BetMixture),
        (rate("<=", "0.05"), in_groups(2, 3), 1, BetMixture),
        (rate("<=", "0.05"), in_groups(1, 1), 1, BetaMixture),
        (mean(">=", "0.8"), ALONE, 1, BetMixture),
    ],
)
def test_zeros_and_ones_of_equal_units_have_their_own_process(objective, planned, repeats, process):
    assert isinstance(start(objective, planned, repeats=repeats).process, process)


def test_unequal_weights_leave_the_beta_mixture_and_equal_ones_do_not():
    objective = rate("<=", "0.05")
    heavy = [[GoldenQuery(id=str(i), query="?", weight=2.0)] for i in range(9)]
    light = [[GoldenQuery(id="x", query="?", weight=1.0)]]
    assert isinstance(start(objective, heavy).process, BetaMixture)
    assert isinstance(start(objective, heavy + light).process, BetMixture)


@pytest.mark.parametrize("objective", [rate("<=", "0.05"), rate(">=", "0.95", sli="contains")])
def test_badness_is_mirrored(objective):
    good = 0 if objective.op == "<=" else 1
    golden = [[GoldenQuery(id=str(i), query="?", reference=("r",))] for i in range(400)]
    fine = walk(objective, [[one(good, i)] for i in range(120)], planned=golden)
    awful = walk(objective, [[one(1 - good, i)] for i in range(20)], planned=golden)
    assert passes(2 * math.exp(-fine.highest_pass), alpha=ALPHA)
    assert fails(2 * math.exp(-awful.highest_fail), alpha=ALPHA)
    assert fine.highest_fail <= 0.0
    assert awful.highest_pass <= 0.0


def test_eighty_eight_perfect_answers_show_95_percent_at_the_whole_of_alpha_and_more_at_half():
    objective = replace(rate("<=", "0.05"), alpha=Fraction(1, 10))
    course, crossed = start(objective), None
    for i in range(120):
        course = advance(course, [one(0, i)])
        if crosses(course):
            crossed = i + 1
            break
    assert crossed == 88  # half of .10


def test_a_unit_without_a_valid_event_changes_nothing():
    course = walk(rate("<=", "0.05"), [[one(0, 0)]])
    assert advance(course, [one(Missing.SCORER_ERROR, 1)]) is course


def test_evidence_may_fall_and_its_best_stays():
    units = [[one(0, i)] for i in range(150)] + [[one(1, i)] for i in range(150, 300)]
    before = walk(rate("<=", "0.05"), units[:150])
    after = walk(rate("<=", "0.05"), units)
    assert after.highest_pass == before.highest_pass
    assert p_fail(after) < p_fail(before)


def test_a_mean_that_is_better_lower_is_turned_around():
    objective = mean("<=", "0.2", sli="toxicity")
    units = [[one(0.05, i)] for i in range(80)]
    course = walk(objective, units)
    shown = estimate(objective, course, units)
    assert crosses(course)
    assert shown.estimate == pytest.approx(0.05)
    assert shown.lower < 0.05 < shown.upper <= 0.2
    assert shown.method == "bet-mixture"


def test_the_estimate_is_pooled_over_units_of_unequal_size():
    planned = in_groups(4, 1, 1)
    objective = rate(">=", "0.5", sli="errors")
    units = [[one(1, f"0.{i}", group=0) for i in range(4)], [one(0, "1.0", group=1)], [one(0, "2.0", group=2)]]
    course = walk(objective, units, planned=planned)
    shown = estimate(objective, course, units)
    assert shown.estimate == pytest.approx(4 / 6)
    assert shown.clusters == 3


def test_in_groups_copies_of_an_answer_count_once():
    planned = in_groups(*[2] * 40)
    objective = rate("<=", "0.2")
    once = [[one(0, f"{g}.{q}", group=g) for q in range(2)] for g in range(40)]
    thrice = [[one(0, f"{g}.{q}", group=g, repeat=r) for q in range(2) for r in range(3)] for g in range(40)]
    first = walk(objective, once, planned=planned)
    second = walk(objective, thrice, planned=planned, repeats=3)
    assert first.highest_pass == pytest.approx(second.highest_pass)


def test_the_look_at_the_horizon_decides_what_the_evidence_left_open():
    objective = rate("<=", "0.05")
    units = [[one(0, i)] for i in range(80)]
    course = walk(objective, units)
    assert not crosses(course)
    before, after = estimate(objective, course, units), estimate(objective, course, units, last=True)
    assert not passes(before.p_pass, alpha=ALPHA)
    assert passes(after.p_pass, alpha=ALPHA)
    assert after.p_pass == pytest.approx(2 * 0.95**80)
    assert after.upper < before.upper
    assert after.method == "beta-mixture+clopper-pearson"
    assert after.needed is None


def test_what_is_drawn_is_what_is_decided():
    """The bounds leave the target behind exactly where a side crosses."""
    objective, random_ = rate("<=", "0.1"), random.Random(5)
    for truth in (0.02, 0.1, 0.3):
        units = [[one(random_.random() < truth, i)] for i in range(200)]
        course = start(objective)
        for i, unit in enumerate(units):
            course = advance(course, unit)
            if crosses(course):
                shown = estimate(objective, course, units[: i + 1])
                assert shown.upper <= 0.1 + 1e-9 or shown.lower > 0.1 - 1e-9
                break
        else:
            shown = estimate(objective, course, units)
            assert shown.lower <= 0.1 + 1e-9
            assert shown.upper >= 0.1 - 1e-9


def test_at_the_target_false_verdicts_keep_their_rate():
    """A hundred runs of 100 units exactly at the target, evidence and look together: each side errs in one of twenty."""
    objective, random_ = rate("<=", "0.2"), random.Random(11)
    passed = failed = 0
    for _ in range(100):
        course, units = start(objective), []
        for i in range(100):
            units.append([one(random_.random() < 0.2, i)])
            course = advance(course, units[-1])
        shown = estimate(objective, course, units, last=True)
        passed += passes(shown.p_pass, alpha=ALPHA)
        failed += fails(shown.p_fail, alpha=ALPHA)
    most = 100 * 0.05 + 3 * math.sqrt(100 * 0.05 * 0.95)
    assert passed <= most
    assert failed <= most


@pytest.mark.parametrize("objective", [mean("<=", 3, sli="latency"), rate(">=", 1, sli="throughput")])
def test_what_nothing_bounds_has_no_course(objective):
    assert start(objective) is None


def test_one_unit_alone_never_decides():
    """Fifty bad answers of one group would refute 99 % by themselves."""
    objective, planned = rate(">=", "0.99", sli="errors"), in_groups(50, 50)
    units = [[one(0, f"{group}.{i}", group=group) for i in range(50)] for group in range(2)]
    alone = walk(objective, units[:1], planned=planned)
    assert not crosses(alone)
    shown = estimate(objective, alone, units[:1])
    assert (shown.estimate, shown.lower, shown.upper, shown.p_pass, shown.p_fail) == (0.0, None, None, None, None)
    assert crosses(walk(objective, units, planned=planned))


def test_a_side_that_has_crossed_is_drawn_beyond_the_target_for_good():
    objective = rate("<=", "0.1")
    units = [[one(0, i)] for i in range(60)] + [[one(1, i)] for i in range(60, 80)]
    course = walk(objective, units)
    shown = estimate(objective, course, units)
    assert passes(shown.p_pass, alpha=ALPHA)
    assert shown.upper <= 0.1
    assert shown.lower <= shown.upper or shown.estimate > 0.1


def test_weights_are_in_the_name_of_the_method():
    planned = [[GoldenQuery(id=str(i), query="?", weight=1.0 + i % 2)] for i in range(50)]
    objective = rate("<=", "0.1")
    units = [[replace(one(0, i), weight=1.0 + i % 2)] for i in range(50)]
    course = walk(objective, units, planned=planned)
    assert estimate(objective, course, units).method == "bet-mixture+weights"
