"""Before the first call: objectives that no run can pass, and what a PASS takes."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Place
from evalslo.model.scorecard import Verdict
from evalslo.slo.allowance import can_pass, most_bad_to_pass
from evalslo.slo.ceiling import ceiling_of
from evalslo.slo.design import design_of
from evalslo.slo.gate import judge
from evalslo.slo.lint import impossible
from evalslo.slo.outlook import outlooks
from evalslo.stats.exact import most_bad
from tests.slo.conftest import (
    PRECISION,
    RULES,
    TOKEN_F1,
    events,
    grouped,
    mean,
    quantile,
    queries,
    rate,
    rates,
    singles,
    spec_of,
    suite,
)

RELEVANT = {"reference": ("yes",), "relevant": {"d": 1}}


def faults(objective, number, *, repeats=1, group_size=None, **more):
    return impossible(suite([objective], repeats=repeats), queries(number, group_size=group_size, **more))


def outlook(objective, golden, *, repeats=1, gate=RULES):
    (found,) = outlooks(suite([objective], repeats=repeats, gate=gate), golden)
    return found


@pytest.mark.parametrize(
    ("objective", "fewest"),
    [
        (rate("<=", "0.10"), 29),
        (rate("<=", "0.05"), 59),
        (rate("<=", "0.02"), 149),
        (rate("<=", "0.01"), 299),
        (rate(">=", "0.95", sli="contains"), 59),
        (events("0.95", "<=", 2), 59),
        (quantile("0.99", "<=", 2), 299),
        (quantile("0.05", ">=", 50, sli="tokens"), 59),
        (mean(">=", "0.9"), 29),
        (mean("<=", "0.1", sli="toxicity"), 29),
        (rate("<=", "0.05", alpha="0.01"), 90),
    ],
)
def test_too_few_golden_queries_are_told_with_how_many_it_takes(objective, fewest):
    assert faults(objective, fewest, **RELEVANT) == ()
    (fault,) = faults(objective, fewest - 1, **RELEVANT)
    assert (fault.file, fault.line, fault.where) == ("suite.yaml", None, str(objective.sli))
    assert f"at least {fewest} independent" in fault.message
    assert f"{fewest - 1} golden queries are too few" in fault.message
    assert repr(objective.text) in fault.message


def test_errors_of_one_per_cent_cannot_be_shown_with_180_queries():
    objective = replace(rate("<=", "0.01"), place=Place(file="suites/rag.yaml", line=31))
    (fault,) = faults(objective, 180)
    assert str(fault).startswith("suites/rag.yaml:31: errors: ")
    assert "at least 299" in fault.message


@pytest.mark.parametrize(
    ("number", "group_size", "repeats", "effective"),
    [
        (100, None, 1, 100.0),
        (100, None, 3, 100.0),  # 300 events over 1 + 2 * .3 are 187, and no more than the queries
        (100, 5, 1, 20.0),
        (100, 2, 1, 50.0),
        (100, 5, 3, 20.0),
        (100, 1, 1, 100.0),
        (0, None, 1, 0.0),
    ],
)
def test_a_perfect_run_is_worth_no_more_than_its_units(number, group_size, repeats, effective):
    found = design_of(
        rate("<=", "0.05"), queries(number, group_size=group_size), spec=TOKEN_F1, repeats=repeats, rules=RULES
    )
    assert found.effective == pytest.approx(effective)


def test_a_group_among_single_queries_costs_its_design_effect():
    golden = [GoldenQuery(id=f"g{n}", query="?", group="g") for n in range(50)] + queries(50)
    found = design_of(rate("<=", "0.05"), golden, spec=TOKEN_F1, repeats=1, rules=RULES)
    assert (found.elements, found.clusters) == (100, 51)
    assert found.effective == pytest.approx(100 / (1 + (25.5 - 1) * 0.3))  # n* = (50 * 50 + 50) / 100


def test_groups_can_make_an_objective_impossible():
    assert faults(rate("<=", "0.05"), 59) == ()
    (fault,) = faults(rate("<=", "0.05"), 100, group_size=5)
    assert "100 golden queries are too few in 20 groups" in fault.message


def test_of_queries_makes_one_event_of_all_repeats():
    per_request, per_query = events("0.95", "<=", 2), events("0.95", "<=", 2, of="queries")
    assert [outlook(one, queries(60), repeats=3).events for one in (per_request, per_query)] == [180, 60]


@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=40),
    repeats=st.integers(1, 3),
    target=st.sampled_from(["0.5", "0.8", "0.9", "0.95"]),
)
@settings(max_examples=60, deadline=None)
def test_an_objective_can_pass_exactly_where_a_perfect_run_passes(sizes, repeats, target):
    objective = rate(">=", target, sli="contains")
    golden = [
        GoldenQuery(id=f"{g}-{q}", query="?", group=str(g), reference=("x",))
        for g, size in enumerate(sizes)
        for q in range(size)
    ]
    design = design_of(objective, golden, spec=spec_of(objective), repeats=repeats, rules=RULES)
    perfect = grouped([[[1.0] * repeats] * size for size in sizes])
    row = judge(objective, perfect, spec=spec_of(objective), rules=RULES, scorer=None)
    assert can_pass(objective, design) == (row.verdict is Verdict.PASS)


@pytest.mark.parametrize("objective", [rate("<=", 0), rate(">=", 1, sli="contains"), mean(">=", 1)])
def test_a_target_of_all_good_is_refused_whatever_the_number(objective):
    (fault,) = faults(objective, 5000, **RELEVANT)
    assert "no finite run can show 100 %" in fault.message
    assert "critical: false" in fault.message


@pytest.mark.parametrize("objective", [rate("<=", 0, critical=False), rate("<=", "0.05", critical=False)])
def test_soft_objectives_are_not_refused(objective):
    assert faults(objective, 3) == ()


def test_a_figure_of_the_whole_run_is_not_refused():
    assert faults(mean(">=", 5, sli="throughput"), 3) == ()


def test_an_objective_without_a_query_of_its_kind_is_refused_and_says_why():
    (fault,) = faults(rate(">=", "0.9", sli="contains"), 500)
    assert "no golden query is of the kind it speaks of" in fault.message


def test_only_queries_that_the_sli_speaks_of_count():
    golden = queries(28, reference=("x",)) + [GoldenQuery(id=f"silent{n}", query="?") for n in range(500)]
    (fault,) = impossible(suite([rate(">=", "0.9", sli="contains")]), golden)
    assert "28 golden queries are too few" in fault.message


def test_all_impossible_objectives_are_told_at_once():
    both = [rate("<=", "0.01", id="a"), rate("<=", "0.5", id="b"), rate("<=", "0.02", id="c")]
    assert [fault.where for fault in impossible(suite(both), queries(100))] == ["a", "c"]


# What a PASS takes.


def test_what_a_pass_takes_of_three_hundred_queries_at_three_per_cent():
    found = outlook(rate("<=", "0.03", sli="hallucination"), queries(300))
    assert (found.can_pass, found.most_bad, found.independent) == (False, 3, 300)  # a screen: blocked until calibrated
    assert (found.half_bad, round(found.power, 2)) == (0.015, 0.34)


@pytest.mark.parametrize(("n", "most"), [(59, 0), (92, 0), (93, 1), (124, 2), (153, 3), (181, 4), (208, 5)])
def test_the_most_bad_events_of_a_pass_are_those_that_pass(n, most):
    objective = rate("<=", "0.05")
    assert outlook(objective, queries(n)).most_bad == most
    verdicts = [
        judge(objective, rates(bad, n), spec=spec_of(objective), rules=RULES, scorer=None).verdict
        for bad in (most, most + 1)
    ]
    assert verdicts == [Verdict.PASS, Verdict.INCONCLUSIVE]


@pytest.mark.parametrize("objective", [rate("<=", "0.01"), rate("<=", 0)])
def test_an_impossible_objective_has_no_plan(objective):
    found = outlook(objective, queries(180))
    assert (found.can_pass, found.most_bad, found.power) == (False, None, None)


def test_a_mean_of_a_quantity_cannot_pass_and_a_mean_of_scores_has_no_bad_events():
    shown = outlook(mean("<=", 2, sli="latency", critical=False), queries(500))
    assert (shown.can_pass, shown.most_bad, shown.half_bad) == (False, None, None)
    scored = outlook(mean(">=", "0.8"), queries(500))
    assert (scored.can_pass, scored.most_bad, scored.half_bad) == (True, None, None)


def test_groups_are_told_with_what_they_are_worth():
    found = outlook(rate("<=", "0.1"), queries(300, group_size=5))
    assert (found.queries, found.events, found.clusters, found.independent) == (300, 300, 60, 136)  # 300 / (1 + 4 * .3)
    assert "300 events in 60 clusters are worth about 136" in found.notes
    assert (found.most_bad, round(found.power, 2)) == (
        most_bad(136, target=Fraction(9, 10), alpha=Fraction(1, 20)),
        0.63,
    )


def test_groups_too_few_for_a_pass_are_worth_no_more_than_themselves():
    found = outlook(rate("<=", "0.05"), queries(250, group_size=5))
    assert (found.clusters, found.independent, found.can_pass, found.most_bad) == (50, 50, False, None)


@pytest.mark.parametrize(("groups", "measured"), [(50, 0.53), (100, 0.84), (200, 0.98)])
def test_the_power_told_for_groups_is_near_what_was_measured(groups, measured):
    # docs of the method: target .90, truth .95, correlation .3, groups of 5
    found = outlook(rate("<=", "0.1"), queries(5 * groups, group_size=5))
    assert found.half_bad == 0.05
    assert found.power == pytest.approx(measured, abs=0.06)


def test_every_call_of_a_finite_population_counts():
    gate = replace(RULES, population="finite")
    found = outlook(rate("<=", "0.05"), queries(100), repeats=3, gate=gate)
    assert (found.events, found.independent) == (300, 300)
    assert found.most_bad == most_bad(300, target=Fraction(19, 20), alpha=Fraction(1, 20))


def test_bets_are_worth_what_a_perfect_run_is_worth_to_them():
    gate, objective = replace(RULES, strict=True), rate("<=", "0.05")
    assert outlook(objective, queries(300), gate=gate) == outlook(
        objective, queries(300)
    )  # no bets where none are needed
    betting = outlook(objective, queries(300), repeats=3, gate=gate)
    design = design_of(objective, queries(300), spec=spec_of(objective), repeats=3, rules=gate)
    assert betting.independent == int(design.effective) < outlook(objective, queries(300), repeats=3).independent
    assert (betting.can_pass, betting.most_bad, betting.half_bad, betting.power) == (True, None, None, None)
    assert betting.notes == ("under gate.strict: no simple allowance of bad answers; 89 independent ones at least",)


def test_a_finite_golden_set_is_not_asked_to_become_another():
    gate = replace(RULES, population="finite")
    (fault,) = impossible(suite([rate("<=", "0.05")], repeats=2, gate=gate), queries(20))
    assert "add repeats, loosen the target" in fault.message
    per_query = events("0.95", "<=", 2, of="queries")
    (fault,) = impossible(suite([per_query], repeats=2, gate=gate), queries(20))
    assert "add" not in fault.message


@pytest.mark.parametrize(("uncalibrated", "word"), [("block", "it cannot PASS"), ("warn", "a PASS says so")])
def test_a_scorer_that_nobody_checked_is_told_beforehand(uncalibrated, word):
    found = outlook(
        rate("<=", "0.05", sli="hallucination"), queries(100), gate=replace(RULES, uncalibrated=uncalibrated)
    )
    assert any(word in note for note in found.notes)
    assert outlook(rate("<=", "0.05"), queries(100)).notes == ()


# Methods of one's own choice.

CHOSEN = [("wilson", 52), ("jeffreys", 38), ("mid-p", 45), ("beta-prior", 58)]


def verdict_of(objective, observations, gate):
    return judge(objective, observations, spec=spec_of(objective), rules=gate, scorer=None).verdict


@pytest.mark.parametrize(("method", "fewest"), CHOSEN)
def test_a_chosen_method_is_refused_by_its_own_numbers(method, fewest):
    gate, objective = replace(RULES, rate_method=method), rate("<=", "0.05")
    assert impossible(suite([objective], gate=gate), queries(fewest)) == ()
    (fault,) = impossible(suite([objective], gate=gate), queries(fewest - 1))
    assert f"at least {fewest} independent" in fault.message
    verdicts = [verdict_of(objective, rates(0, n), gate) for n in (fewest - 1, fewest)]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.PASS]


@pytest.mark.parametrize("method", [method for method, _ in CHOSEN])
@pytest.mark.parametrize("n", [60, 181, 400])
def test_the_allowance_of_a_chosen_method_is_what_passes(method, n):
    gate, objective = replace(RULES, rate_method=method), rate("<=", "0.05")
    most = outlook(objective, queries(n), gate=gate).most_bad
    assert [verdict_of(objective, rates(bad, n), gate) for bad in (most, most + 1)] == [
        Verdict.PASS,
        Verdict.INCONCLUSIVE,
    ]


def test_a_chosen_method_allows_nothing_where_nothing_passes():
    gate, objective = replace(RULES, rate_method="wilson"), rate("<=", "0.05")
    design = design_of(objective, queries(51), spec=spec_of(objective), repeats=1, rules=gate)
    assert most_bad_to_pass(51, objective=objective, design=design) is None
    (fault,) = impossible(suite([rate("<=", 0)], gate=gate), queries(500))
    assert "no finite run can show 100 %" in fault.message


@pytest.mark.parametrize("method", ["t", "bca", "percentile-bootstrap"])
def test_a_method_that_lives_on_spread_makes_nothing_impossible_from_two_scores_on(method):
    gate, objective = replace(RULES, mean_method=method), mean(">=", "0.9")
    assert impossible(suite([objective], gate=gate), queries(2)) == ()
    assert verdict_of(objective, singles([0.999, 1.0]), gate) is Verdict.PASS
    (fault,) = impossible(suite([objective], gate=gate), queries(1))
    assert "at least 2 independent" in fault.message
    (note,) = outlook(objective, queries(2), gate=gate).notes
    assert note == f"gate.mean_method: {method} takes scores that differ, and no number of them from 2 on is too few"
    (fault,) = impossible(suite([mean(">=", 1)], gate=gate), queries(500))
    assert "no finite run can show 100 %" in fault.message


# Ceilings.


def ranked(counts):
    return [
        GoldenQuery(id=f"q{n}", query="?", relevant={f"d{i}": 1 for i in range(count)} | {"other": 0})
        for n, count in enumerate(counts)
    ]


def test_a_ceiling_of_precision_is_told_where_even_a_perfect_ranking_stays_below():
    golden = ranked([1] * 30 + [5] * 10 + [0] * 60)  # (30 * .2 + 10) / 40; those with none are not spoken of
    found = outlook(mean(">=", "0.6", sli="precision", k=5), golden)
    assert "precision@5 can reach at most 0.40: 30 of 40 queries have fewer than 5 relevant ids" in found.notes[0]
    assert "recall@5 or hit@5" in found.notes[0]


@pytest.mark.parametrize(("counts", "target"), [([5] * 300, "0.99"), ([1, 5] * 50, "0.6"), ([7] * 100, "0.9")])
def test_no_ceiling_is_told_where_it_can_be_reached(counts, target):
    assert PRECISION.takes_k
    assert outlook(mean(">=", target, sli="precision", k=5), ranked(counts)).notes == ()


def test_a_ceiling_is_weighted_as_the_estimate_is():
    one, five = ranked([1, 5])
    golden = [replace(one, id=f"a{n}", weight=3.0) for n in range(60)] + [
        replace(five, id=f"b{n}", weight=1.0) for n in range(60)
    ]
    objective = mean(">=", "0.5", sli="precision", k=5)
    assert ceiling_of(objective, golden).best == pytest.approx((3 * 0.2 + 1.0) / 4)
    (fault,) = impossible(suite([objective]), golden)
    assert "can reach at most 0.40: 60 of 120 queries" in fault.message
    assert ceiling_of(objective, ranked([1, 5])).best == pytest.approx(0.6)


@pytest.mark.parametrize(
    "objective",
    [
        mean("<=", "0.1", sli="precision", k=5),
        events("0.9", "<=", "0.5", sli="precision", unit=None, k=5),
    ],
)
def test_what_is_wanted_low_has_no_ceiling(objective):
    assert ceiling_of(objective, ranked([1] * 30)) is None


def test_a_ceiling_on_the_target_does_not_miss_it_by_rounding():
    objective = mean(">=", "0.2", sli="precision", k=5)
    assert not ceiling_of(objective, ranked([1] * 300)).below(objective)


def test_what_weighted_queries_are_worth_is_said():
    golden = [replace(one, weight=10.0 if number % 4 else 1.0) for number, one in enumerate(queries(200))]
    (found,) = outlooks(suite([rate("<=", "0.1")]), golden)
    assert found.independent < 200
    assert f"200 golden queries of unequal weight are worth about {found.independent}" in found.notes


def test_the_ceiling_of_map_is_that_of_recall():
    mean_of_map = mean(">=", "0.9", sli="map", k=5)
    assert ceiling_of(mean_of_map, ranked([10, 5])).best == pytest.approx(0.75)
