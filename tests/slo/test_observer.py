"""Observations that are made when they are looked at: the same each time, one for every planned event."""

import pytest

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli
from evalslo.slo.observe import observe
from evalslo.slo.observer import Observer
from tests.slo.conftest import CONTAINS, ERRORS, LATENCY

SLIS = {Sli(name=spec.name): spec for spec in (ERRORS, LATENCY, CONTAINS)}
QUERIES = [
    GoldenQuery(id="a", query="?", group="g", weight=2.0, reference=("r",)),
    GoldenQuery(id="b", query="?"),
    GoldenQuery(id="c", query="?", group="g", reference=("r",)),
]


def score(query_id, repeat, sli, value=None, *, reason=None):
    return Score(query_id=query_id, repeat=repeat, sli=sli, scorer="s/1", value=value, reason=reason)


SCORES = [
    score("c", 1, "latency", 0.25),
    score("a", 0, "errors", 0.0),
    score("a", 1, "errors", reason=Missing.CALL_ERROR),
    score("a", 1, "latency", reason=Missing.CALL_ERROR),
    score("a", 1, "contains", reason=Missing.CALL_ERROR),
    score("b", 1, "contains", reason=Missing.CALL_ERROR),
    score("b", 0, "contains", reason=Missing.NO_REFERENCE),
    score("c", 0, "contains"),
    score("d", 0, "errors", 1.0),
    score("a", 2, "errors", 1.0),
    score("a", -1, "errors", 1.0),
    score("a", 0, "unknown", 1.0),
]


@pytest.fixture
def observer():
    made = Observer(QUERIES, repeats=2, slis=SLIS)
    for one in SCORES:
        made.take(one)
    return made


def test_every_planned_event_has_its_value_or_why_there_is_none(observer):
    found = {
        text: [(one.value, one.missing, one.failed) for one in column] for text, column in observer.observed().items()
    }
    gone = (None, Missing.NOT_COLLECTED, False)
    assert found == {
        "errors": [(0.0, None, False), (1.0, None, True), gone, gone, gone, gone],
        "latency": [gone, (float("inf"), None, True), gone, gone, gone, (0.25, None, False)],
        "contains": [
            gone,
            (0.0, None, True),
            (None, Missing.NO_REFERENCE, False),
            (None, Missing.NO_REFERENCE, False),
            (None, Missing.SCORER_ERROR, False),
            gone,
        ],
    }


def test_an_observation_bears_the_marks_of_its_query(observer):
    marks = [(one.query_id, one.repeat, one.cluster, one.weight) for one in observer.observed()["errors"]]
    assert marks == [
        ("a", 0, "group:g", 2.0),
        ("a", 1, "group:g", 2.0),
        ("b", 0, "query:b", 1.0),
        ("b", 1, "query:b", 1.0),
        ("c", 0, "group:g", 1.0),
        ("c", 1, "group:g", 1.0),
    ]


def test_a_column_is_a_sequence_that_can_be_gone_through_again(observer):
    column = observer.observed()["latency"]
    whole = list(column)
    assert list(column) == whole == [column[number] for number in range(len(column))]
    assert column[1:4] == tuple(whole[1:4])
    assert column[-1] == whole[-1]
    with pytest.raises(IndexError):
        column[6]


def test_a_part_of_the_queries_is_observed_in_the_order_of_the_part(observer):
    part = observer.observed_of([QUERIES[2], QUERIES[0]])
    assert {text: tuple(found) for text, found in part.items()} == {
        text: (*whole[4:], *whole[:2]) for text, whole in observe(QUERIES, SCORES, repeats=2, slis=SLIS).items()
    }


def test_of_two_scores_of_one_event_the_last_counts(observer):
    observer.take(score("a", 1, "errors", 0.0))
    assert observer.observed()["errors"][1].value == 0.0
    observer.take(score("a", 1, "errors", reason=Missing.SCORER_ERROR))
    assert observer.observed()["errors"][1].missing is Missing.SCORER_ERROR
