"""Sampling weights of golden queries: from the golden set through events to the verdict, and before the first call."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing, Score
from evalslo.model.scorecard import Verdict
from evalslo.model.sli import Sli
from evalslo.slo.allowance import can_pass
from evalslo.slo.design import design_of
from evalslo.slo.estimate import count, elements_of, point_with_missing
from evalslo.slo.gate import judge
from evalslo.slo.lint import impossible
from evalslo.slo.observe import events_of, observe
from evalslo.stats.clusters import scaled_gaffke
from tests.slo.conftest import (
    ALPHA,
    ERRORS,
    FLOOR,
    RULES,
    events,
    grouped,
    mean,
    quantile,
    queries,
    rate,
    repeated,
    singles,
    spec_of,
    suite,
)

STRICT = replace(RULES, strict=True)
RATIO, MEAN = rate(">=", "0.9", sli="contains"), mean(">=", "0.5")


def weighted(observations, weights):
    """The observations with the weight of their query; `weights` has one for each query in order."""
    names = list(dict.fromkeys(one.query_id for one in observations))
    return [replace(one, weight=float(weights[names.index(one.query_id)])) for one in observations]


def row_of(objective, observations, *, rules=RULES):
    return judge(objective, observations, spec=spec_of(objective), rules=rules, scorer=None)


def test_an_observation_has_the_weight_of_its_query():
    golden = [GoldenQuery(id="a", query="?", weight=2.5), GoldenQuery(id="b", query="?", weight=0.5)]
    score = Score(query_id="a", repeat=0, sli="errors", scorer="s/1", value=0.0)
    found = observe(golden, [score], repeats=2, slis={Sli(name="errors"): ERRORS})["errors"]
    assert [one.weight for one in found] == [2.5, 2.5, 0.5, 0.5]
    assert observe(queries(1), [], repeats=1, slis={Sli(name="errors"): ERRORS})["errors"][0].weight == 1.0


@pytest.mark.parametrize("objective", [RATIO, MEAN, events("0.9", "<=", 2), events("0.9", "<=", 2, of="queries")])
def test_events_keep_their_weights(objective):
    observations = weighted(repeated([[1, 1], [0, 1]]), [3, 1])
    assert {(one.query_id, one.weight) for one in events_of(objective, observations)} == {("0", 3.0), ("1", 1.0)}


@pytest.mark.parametrize(
    ("objective", "observations", "weights", "method"),
    [
        (RATIO, singles([1, 0, 1, 1]), [1, 2, 1, 1], "korn-graubard+weights"),
        (MEAN, singles([0.5, 0.2, 1, 1]), [1, 2, 1, 1], "scaled-gaffke+weights"),
        (RATIO, repeated([[1, 1], [0, 1]]), [1, 2], "korn-graubard+weights"),
        (RATIO, grouped([[[1], [0]], [[1], [1]]]), [1, 2, 2, 1], "korn-graubard+weights"),
        (MEAN, grouped([[[1, 0.4], [0]], [[1], [1]]]), [1, 2, 2, 1], "scaled-gaffke+weights"),
    ],
)
def test_each_design_has_its_weighted_method(objective, observations, weights, method):
    observations = weighted(observations, weights)
    assert row_of(objective, observations).estimate.method == method
    assert row_of(objective, observations, rules=STRICT).estimate.method == "betting+strict+weights"


def test_the_estimate_is_weighted_and_the_counts_are_of_events():
    observations = weighted(singles([1, 0, 1, 0]), [4, 1, 1, 2])
    found = row_of(RATIO, observations).estimate
    assert found.estimate == pytest.approx(5 / 8)
    counts = count(events_of(RATIO, observations), ratio=True)
    assert (counts.good, counts.bad, counts.n) == (2, 2, 4)
    low = row_of(rate("<=", "0.5"), observations).estimate
    assert low.estimate == pytest.approx(5 / 8)


def test_a_query_inside_a_group_weighs_as_much_however_often_it_is_asked():
    once = weighted(grouped([[[1], [0.5]], [[0], [1]]]), [1, 3, 2, 1])
    thrice = weighted(grouped([[[1] * 3, [1, 0]], [[0] * 2, [1]]]), [1, 3, 2, 1])
    assert elements_of(once) == elements_of(thrice)
    assert elements_of(once).weights == (1.0, 3.0, 2.0, 1.0)


@pytest.mark.parametrize("weight", [0.25, 1.0, 8.0])
def test_equal_weights_are_no_weights(weight):
    for observations in (singles([1, 0, 1, 1]), repeated([[1, 1], [0, 1]]), grouped([[[1], [0]], [[1], [1]]])):
        assert row_of(RATIO, weighted(observations, [weight] * 4)) == row_of(RATIO, observations)


def test_the_bound_is_that_of_the_weighted_elements():
    observations = weighted(repeated([[1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 1, 1]] * 5), [1, 5, 2, 2] * 5)
    found = row_of(RATIO, observations).estimate
    wanted = scaled_gaffke(
        [one.value for one in observations],
        [int(one.query_id) for one in observations],
        target=Fraction(9, 10),
        alpha=ALPHA,
        icc_floor=FLOOR,
        weights=[one.weight for one in observations],
    )
    assert (found.lower, found.upper, found.deff) == (wanted.lower, wanted.upper, wanted.deff)
    assert (found.p_pass, found.p_fail) == (wanted.p_pass, wanted.p_fail)


def test_an_unmeasured_event_is_worst_by_its_weight():
    observations = weighted(singles([1] * 19 + [Missing.SCORER_ERROR]), [1] * 19 + [6])
    assert point_with_missing(RATIO, events_of(RATIO, observations), as_good=False) == pytest.approx(19 / 25)
    assert point_with_missing(RATIO, events_of(RATIO, observations), as_good=True) == 1.0
    assert row_of(RATIO, observations).worst_case == pytest.approx(19 / 25)


def test_the_mean_of_a_quantity_is_weighted():
    observations = weighted(singles([1.0, 4.0]), [3, 1])
    assert row_of(mean("<=", 2, sli="latency", critical=False), observations).estimate.estimate == pytest.approx(1.75)


@pytest.mark.parametrize("rules", [RULES, STRICT])
def test_the_interval_of_a_quantile_agrees_with_its_weighted_verdict(rules):
    observations = weighted(singles([1.0 + number % 17 / 4 for number in range(200)]), [1, 1, 3, 1] * 50)
    shown = row_of(quantile("0.5", "<=", 2), observations, rules=rules).quantile
    for threshold in sorted({one.value for one in observations}):
        verdict = row_of(quantile("0.5", "<=", Fraction(threshold)), observations, rules=rules).verdict
        assert (verdict is Verdict.PASS) == (threshold >= shown.upper)
        assert (verdict is Verdict.FAIL) == (threshold < shown.lower)
    assert shown.lower < shown.estimate < shown.upper


# Before the first call.


def golden_of(weights, *, group_size=1):
    return [
        GoldenQuery(id=f"q{n}", query="?", group=f"g{n // group_size}", reference=("x",), weight=float(weight))
        for n, weight in enumerate(weights)
    ]


def test_a_perfect_run_is_worth_no_more_than_its_heaviest_queries_allow():
    found = design_of(RATIO, golden_of([10, 1] * 100), spec=spec_of(RATIO), repeats=1, rules=RULES)
    assert (found.effective, found.weighted) == (pytest.approx(110), True)
    alike = design_of(RATIO, golden_of([3] * 200), spec=spec_of(RATIO), repeats=1, rules=RULES)
    assert (alike.effective, alike.weighted) == (200.0, False)


@given(
    weights=st.lists(st.sampled_from([1, 2, 10]), min_size=2, max_size=90),
    repeats=st.integers(1, 2),
    group_size=st.integers(1, 3),
    target=st.sampled_from(["0.5", "0.8", "0.9"]),
    rules=st.sampled_from([RULES, STRICT]),
)
@settings(max_examples=60, deadline=None)
def test_an_objective_can_pass_exactly_where_a_perfect_run_passes(weights, repeats, group_size, target, rules):
    objective = rate(">=", target, sli="contains")
    golden = golden_of(weights, group_size=group_size)
    design = design_of(objective, golden, spec=spec_of(objective), repeats=repeats, rules=rules)
    groups = [[[1.0] * repeats] * len(weights[at : at + group_size]) for at in range(0, len(weights), group_size)]
    row = row_of(objective, weighted(grouped(groups), weights), rules=rules)
    assert can_pass(objective, design) == (row.verdict is Verdict.PASS)


def test_weights_can_make_an_objective_impossible():
    objective = rate("<=", "0.05")
    assert impossible(suite([objective]), golden_of([1] * 60)) == ()
    (fault,) = impossible(suite([objective]), golden_of([1] * 59 + [10]))
    assert "60 golden queries are too few, worth 7 by their weights" in fault.message
