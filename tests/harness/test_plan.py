"""What is asked, in which order, and what stays here."""

import itertools
import tracemalloc

import pytest

from evalslo.harness.plan import plan_calls, request_for
from evalslo.model.golden import Context, GoldenQuery

QUERIES = [GoldenQuery(id=f"q{i}", query=f"{i}?") for i in range(20)]


def test_every_query_and_repeat_once_and_first_repeats_first():
    calls = plan_calls(QUERIES, repeats=3, seed=0, limit=None)
    assert len({call.key for call in calls}) == 60
    assert [call.repeat for call in calls] == [0] * 20 + [1] * 20 + [2] * 20


def test_the_order_is_shuffled_and_follows_from_the_seed():
    first = [call.key for call in plan_calls(QUERIES, repeats=1, seed=1, limit=None)]
    assert first == [call.key for call in plan_calls(QUERIES, repeats=1, seed=1, limit=None)]
    assert first != [call.key for call in plan_calls(QUERIES, repeats=1, seed=2, limit=None)]
    assert first != [(query.id, 0) for query in QUERIES]


def test_a_limit_keeps_queries_whole():
    calls = plan_calls(QUERIES, repeats=2, seed=0, limit=5)
    assert len(calls) == 10
    assert len({call.query.id for call in calls}) == 5


@pytest.mark.parametrize("sampling", ["fixed", "sequential"])
def test_what_was_kept_is_not_asked_again_and_the_rest_keeps_its_order(sampling):
    calls = plan_calls(QUERIES, repeats=3, seed=0, limit=10, sampling=sampling)
    kept = [calls[0].key, calls[7].key, calls[len(calls) - 1].key, ("unknown", 0), ("q0", 3), calls[7].key]
    left = calls.without(iter(kept))
    assert [call.key for call in left] == [call.key for call in calls if call.key not in kept]
    assert calls.without([]) is calls


def test_a_unit_of_a_sequential_run_is_asked_whole():
    queries = [GoldenQuery(id=f"q{i}", query="?", group=f"g{i % 4}") for i in range(20)]
    calls = plan_calls(queries, repeats=2, seed=3, limit=None, sampling="sequential")
    groups = [call.query.group for call in calls]
    assert len({call.key for call in calls}) == 40
    assert [group for group, _ in itertools.groupby(groups)] == list(dict.fromkeys(groups))


def test_a_plan_is_looked_at_like_any_sequence():
    calls = plan_calls(QUERIES, repeats=2, seed=0, limit=None)
    assert [call.key for call in calls[3:9]] == [call.key for call in list(calls)[3:9]]
    assert calls[-1].key == list(calls)[-1].key
    assert calls[3] in calls
    assert not calls[:0]


def test_a_plan_of_many_calls_is_small():
    calls = plan_calls(QUERIES, repeats=10_000, seed=0, limit=None)
    tracemalloc.start()
    again = calls.without([calls[5].key])
    size, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(again) == len(calls) - 1 == 199_999
    assert size < 2_000_000
    assert most < 8_000_000


def test_the_right_answer_stays_here():
    query = GoldenQuery(
        id="q",
        query="Why?",
        reference=("Because.",),
        relevant={"d": 1},
        answerable=True,
        contexts=(Context(id="d", text="t"),),
        fields={"user": "ada", "query": "shadowed"},
    )
    (call,) = plan_calls([query], repeats=1, seed=0, limit=None)
    fields = request_for(call).fields
    assert fields["user"] == "ada"
    assert fields["query"] == "Why?"
    assert not {"reference", "relevant", "answerable"} & set(fields)
