"""Where a row's variance comes from, and what the advice makes of it."""

from fractions import Fraction

import pytest
from msgspec.structs import replace

from evalslo.harness.advice import advise
from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing
from evalslo.model.scorecard import VarianceSplit, Verdict
from evalslo.slo.gate import judge
from evalslo.slo.variance import between_queries, twice_the_repeats, variance_of
from evalslo.stats.planning import planned_effect
from tests.slo.conftest import RULES, events, grouped, mean, rate, repeated, singles, spec_of, suite

ALIKE = [[1.0, 1.0, 1.0]] * 3 + [[0.0, 0.0, 0.0]] * 37
FLAKY = [[1.0, 0.0, 0.0]] * 5 + [[0.0, 1.0, 0.0]] * 4 + [[0.0, 0.0, 0.0]] * 31


def judged(objective, observations):
    return judge(objective, observations, spec=spec_of(objective), rules=RULES, scorer=None)


def advice(objective, observations):
    row = judged(objective, observations)
    golden = [GoldenQuery(id=name, query="?") for name in dict.fromkeys(one.query_id for one in observations)]
    sentences = advise(
        [row],
        observations={objective.id: observations},
        queries=golden,
        suite=suite([objective]),
        failures=(),
        findings=(),
        finished=True,
    )
    return row.verdict, " ".join(sentence for sentence in sentences if "variance" in sentence)


def test_a_row_with_repeats_carries_the_split_of_its_events():
    found = judged(mean(">=", "0.5"), repeated([[0.1, 0.3], [0.5, 0.7]])).variance
    assert (found.queries, found.samples, found.votes) == (pytest.approx(0.07), pytest.approx(0.02), None)


@pytest.mark.parametrize(
    "observations",
    [
        singles([1.0, 0.0, 1.0]),
        grouped([[[1.0], [0.0]], [[1.0], [1.0]]]),  # groups are no repeats
        repeated([[1.0, 0.0]]),
        repeated([[1.0, Missing.SCORER_ERROR], [0.0, Missing.SCORER_ERROR]]),
        [],
    ],
)
def test_without_measured_repeats_of_several_queries_there_is_no_split(observations):
    assert variance_of(observations) is None


def test_repeats_that_make_one_event_have_no_split():
    objective = events("0.5", "<=", 2, of="queries")
    assert judged(objective, repeated([[1.0, 3.0]] * 5 + [[1.0, 1.0]] * 20)).variance is None
    per_request = judged(events("0.5", "<=", 2), repeated([[1.0, 3.0]] * 5 + [[1.0, 1.0]] * 20)).variance
    assert per_request == variance_of(repeated([[1.0, 0.0]] * 5 + [[1.0, 1.0]] * 20))


def test_what_was_not_measured_is_left_out():
    holes = repeated([[1.0, 0.0, Missing.SCORER_ERROR], [0.0, 0.0, Missing.SCORER_ERROR], [1.0, 1.0, 1.0]])
    assert variance_of(holes) == variance_of([one for one in holes if one.value is not None])


def test_answers_that_repeat_themselves_ask_for_more_queries():
    verdict, told = advice(rate("<=", "0.1"), repeated(ALIKE))
    assert verdict is Verdict.INCONCLUSIVE
    assert told == (
        "errors: 100 % of the variance of its estimate lies between queries: more queries, not more repeats"
    )


def test_answers_that_differ_each_time_say_what_more_repeats_are_worth():
    verdict, told = advice(rate("<=", "0.1"), repeated(FLAKY))
    assert verdict is Verdict.INCONCLUSIVE
    assert told == (
        "errors: 0 % of the variance of its estimate lies between queries: more repeats narrow it too, "
        "twice as many like 1.3 times the queries"
    )


def test_in_groups_repeats_are_not_counted_in_queries():
    rows = [[[1.0, 0.0]] + [[0.0, 0.0]] * 4] * 6 + [[[0.0, 0.0]] * 5] * 20
    verdict, told = advice(rate("<=", "0.06"), grouped(rows))
    assert verdict is Verdict.INCONCLUSIVE
    assert told.endswith("more repeats narrow it too")


@pytest.mark.parametrize(
    ("objective", "observations"),
    [
        (rate("<=", "0.1"), singles([1.0] * 3 + [0.0] * 37)),
        (rate("<=", "0.1", critical=False), repeated(ALIKE)),
        (rate("<=", "0.5"), repeated(ALIKE)),  # decided
        (rate("<=", "0.05"), repeated([[0.0, 0.0]] * 30)),  # nothing varies
    ],
)
def test_other_rows_get_no_advice_on_repeats(objective, observations):
    assert advice(objective, observations)[1] == ""


def test_what_twice_the_repeats_are_worth_is_what_the_gate_counts():
    for repeats, icc in ((2, 0.3), (3, 0.3), (5, 0.7), (3, 0.0), (4, 1.0)):
        deff = 1 + (repeats - 1) * icc
        once, twice = (planned_effect(k, icc=icc, icc_floor=Fraction(0)) for k in (repeats, 2 * repeats))
        worth = 2 * once / twice
        assert twice_the_repeats(deff, repeats=repeats) == pytest.approx(worth)


def test_the_share_between_queries_grows_with_the_repeats():
    split = VarianceSplit(queries=0.5, samples=0.5)
    assert [between_queries(split, repeats=k) for k in (1, 3, 9)] == pytest.approx([0.5, 0.75, 0.9])
    assert between_queries(replace(split, queries=0.0, samples=0.0), repeats=3) is None
