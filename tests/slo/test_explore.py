"""Where it is worse: which slices stand out, by which test, and what stays silent."""

import random

import pytest
import scipy.stats
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Slice
from evalslo.model.score import Missing
from evalslo.slo.explore import LEAST_UNITS, MOST_SLICES, explore
from evalslo.slo.gate import judge
from evalslo.stats.discoveries import discoveries
from evalslo.stats.rank_sum import rank_sum_below
from tests.slo.conftest import RULES, events, mean, one, rate, share, spec_of


def golden(number, *, tag="topic", values="ab", group_size=None):
    """Queries whose tag goes round the values."""
    return [
        GoldenQuery(
            id=f"q{i}",
            query="?",
            tags={tag: values[i % len(values)]},
            group=None if group_size is None else str(i // group_size),
        )
        for i in range(number)
    ]


def found(objective, values, queries, *, repeats=1):
    """The findings of one objective, given the value of each query and repeat."""
    observations = [
        replace(one(value, query.id, repeat=repeat), cluster=query.cluster)
        for query, row in zip(queries, values, strict=True)
        for repeat, value in enumerate(row if repeats > 1 else [row])
    ]
    row = judge(objective, observations, spec=spec_of(objective), rules=RULES, scorer=None)
    return explore([row], observations={objective.id: observations}, queries=queries)


def bad_in_a(bad, queries):
    """1 for the first `bad` queries of topic a, else 0: a rate that is better lower."""
    of_a = [query.id for query in queries if query.tags["topic"] == "a"][:bad]
    return [float(query.id in of_a) for query in queries]


def test_a_slice_that_holds_the_bad_answers_stands_out_by_fisher_s_test():
    queries = golden(80)
    worse, better = found(rate("<=", "0.1"), bad_in_a(9, queries), queries)
    assert (worse.objective, worse.slice, worse.n) == ("errors", Slice(tag="topic", value="a"), 40)
    assert (worse.estimate, worse.rest) == pytest.approx((9 / 40, 0))
    assert worse.p == pytest.approx(scipy.stats.fisher_exact([[9, 31], [0, 40]], alternative="greater").pvalue)
    assert (worse.stands_out, better.stands_out) == (True, False)
    assert better.p == 1.0


def test_three_bad_answers_in_one_slice_may_be_chance():
    queries = golden(80)
    assert not any(one.stands_out for one in found(rate("<=", "0.1"), bad_in_a(3, queries), queries))


def test_figures_lie_in_the_space_of_the_target():
    queries = golden(40)
    good = [1.0 - value for value in bad_in_a(10, queries)]
    (worse, _) = found(rate(">=", "0.5", sli="contains"), good, queries)
    assert (worse.estimate, worse.rest) == pytest.approx((0.5, 1.0))
    seconds = [3.0 if value else 1.0 for value in bad_in_a(10, queries)]
    (worse, _) = found(events("0.95", "<=", 2), seconds, queries)
    assert (worse.estimate, worse.rest) == pytest.approx((0.5, 1.0))
    assert worse.stands_out


@pytest.mark.parametrize(("op", "sli"), [(">=", "token_f1"), ("<=", "toxicity")])
def test_a_mean_is_compared_by_ranks_on_its_worse_side(op, sli):
    queries = golden(40)
    chance = random.Random(3)
    high = [0.6 + 0.4 * chance.random() if query.tags["topic"] == "b" else 0.5 * chance.random() for query in queries]
    (first, second) = found(mean(op, "0.5", sli=sli), high, queries)
    assert first.slice.value == ("a" if op == ">=" else "b")
    assert (first.stands_out, second.stands_out) == (True, False)
    sides = [[v for v, q in zip(high, queries, strict=True) if q.tags["topic"] == name] for name in "ab"]
    assert first.p == pytest.approx(scipy.stats.mannwhitneyu(*sides, alternative="less", method="asymptotic").pvalue)


def test_repeats_are_one_unit_a_query():
    queries = golden(20)
    values = [[value] * 5 for value in bad_in_a(6, queries)]
    (worse, _) = found(rate("<=", "0.1"), values, queries, repeats=5)
    of_a = [1.0 - value for value in bad_in_a(6, queries)[::2]]
    assert worse.n == 50
    assert worse.p == rank_sum_below(of_a, [1.0] * 10)


def test_a_group_is_one_unit_however_many_queries_it_has():
    few = golden(80, group_size=20, values="a" * 20 + "b" * 20)
    assert found(rate("<=", "0.1"), bad_in_a(40, few), few) == ()
    many = golden(80, group_size=4, values="aaaabbbb")
    (worse, _) = found(rate("<=", "0.1"), bad_in_a(40, many), many)
    assert worse.p == rank_sum_below([0.0] * 10, [1.0] * 10)


def test_a_slice_needs_five_units_inside_and_outside():
    queries = golden(40)
    rare = [replace(query, tags={"rare": "x"}) if i < LEAST_UNITS else query for i, query in enumerate(queries)]
    too_rare = [replace(query, tags={"rare": "x"}) if i < LEAST_UNITS - 1 else query for i, query in enumerate(queries)]
    everywhere = [replace(query, tags={"all": "x"}) for query in queries]
    zeros = [0.0] * 40
    assert "rare" in {one.slice.tag for one in found(rate("<=", "0.1"), zeros, rare)}
    assert "rare" not in {one.slice.tag for one in found(rate("<=", "0.1"), zeros, too_rare)}
    assert found(rate("<=", "0.1"), zeros, everywhere) == ()


def test_what_was_not_measured_counts_on_neither_side():
    queries = golden(80)
    values = bad_in_a(9, queries)
    values[0:4] = [Missing.NO_CLAIM] * 4
    worse, _ = found(rate("<=", "0.1"), values, queries)
    assert worse.n == 38
    assert worse.estimate == pytest.approx(7 / 38)


def test_soft_and_sliced_objectives_and_those_without_a_bound_are_left_out():
    queries = golden(80)
    values = bad_in_a(9, queries)
    part = Slice(tag="topic", value="a")
    assert found(rate("<=", "0.1", critical=False), values, queries) == ()
    assert found(rate("<=", "0.1", slice=part), values, queries) == ()
    assert found(mean("<=", "2", sli="latency"), values, queries) == ()
    assert explore([], observations={}, queries=queries) == ()


def test_the_correction_is_over_all_objectives_and_slices():
    queries = [
        replace(query, language="de" if i % 4 == 0 else "en") for i, query in enumerate(golden(200, values="abcde"))
    ]
    chance = random.Random(1)
    rows, observations = [], {}
    for name in "xyz":
        objective = rate("<=", "0.1", id=name)
        observations[name] = [one(float(chance.random() < 0.2), query.id) for query in queries]
        rows.append(judge(objective, observations[name], spec=spec_of(objective), rules=RULES, scorer=None))
    findings = explore(rows, observations=observations, queries=queries)
    assert len(findings) == 3 * (5 + 2)
    assert tuple(one.stands_out for one in findings) == discoveries([one.p for one in findings], q=share("0.1"))
    keys = [(not one.stands_out, one.p) for one in findings]
    assert keys == sorted(keys)


def test_the_order_of_queries_changes_nothing():
    queries = golden(60, group_size=3, values="aab")
    chance = random.Random(5)
    values = [round(chance.random(), 2) for _ in queries]
    before = found(mean(">=", "0.5"), values, queries)
    pairs = list(zip(queries, values, strict=True))
    chance.shuffle(pairs)
    assert found(mean(">=", "0.5"), [value for _, value in pairs], [query for query, _ in pairs]) == before


def test_slices_are_bounded_and_prose_is_none():
    number = (MOST_SLICES + 20) * LEAST_UNITS
    queries = golden(number, values=[f"v{i}" for i in range(MOST_SLICES + 20)])
    queries = [
        replace(query, tags={**query.tags, "note": "w" * 200, "big": "yn"[i % 2]}) for i, query in enumerate(queries)
    ]
    findings = found(rate("<=", "0.1"), [0.0] * number, queries)
    assert len(findings) == MOST_SLICES
    assert {one.slice.tag for one in findings} == {"topic", "big"}
