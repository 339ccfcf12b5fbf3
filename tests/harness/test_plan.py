"""What is asked, in which order, and what stays here."""

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
