"""Objectives that must hold in each slice: which slices there are, what is wrong with a tag, what a slice is judged on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evalslo.errors import FileFaults
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Place, Slice
from evalslo.slo.lint import impossible
from evalslo.slo.outlook import outlooks
from evalslo.slo.slices import (
    MOST_SLICES,
    divide,
    expand,
    id_in_file,
    observations_of,
    observations_of_each,
    queries_of,
    queries_of_each,
    untagged,
    with_slices,
)
from tests.slo.conftest import mean, one, rate, suite


def query(number, /, *, language=None, **tags):
    return GoldenQuery(id=f"q{number}", query="?", language=language, tags=tags)


def spoken(**counts):
    """So many queries of each language; `none` have no language."""
    names = [name for name, number in counts.items() for _ in range(number)]
    return [query(number, language=None if name == "none" else name) for number, name in enumerate(names)]


def test_one_objective_a_value_in_the_order_of_the_values():
    whole = rate("<=", "0.05", id="errors")
    sliced = expand([whole, rate("<=", "0.1", id="mine", per="language")], spoken(fr=2, de=1, none=3, en=1))
    assert [objective.id for objective in sliced] == [
        "errors", "mine[language=de]", "mine[language=en]", "mine[language=fr]",
    ]  # fmt: skip
    assert sliced[0] is whole
    assert [str(objective.slice) for objective in sliced[1:]] == ["language=de", "language=en", "language=fr"]
    assert all((objective.per, objective.text) == (None, "errors <= 0.1") for objective in sliced[1:])
    assert {id_in_file(objective) for objective in sliced} == {"errors", "mine"}


def test_a_column_wins_over_a_tag_of_its_name_and_an_empty_value_is_none():
    queries = [query(0, language="de"), GoldenQuery(id="q1", query="?", language="en", tags={"language": "fr"})]
    queries += [GoldenQuery(id="q2", query="?", tags={"language": "nl"}), query(3, topic=""), query(4, topic="a")]
    by_language = expand([rate("<=", "0.1", per="language")], queries)
    assert [objective.slice.value for objective in by_language] == ["de", "en", "nl"]
    (by_topic,) = expand([rate("<=", "0.1", per="topic")], queries)
    assert [found.id for found in queries_of(by_topic, queries)] == ["q4"]


names = st.text(st.characters() | st.sampled_from("=[]\\\x1b\u202e"), min_size=1, max_size=6)


@given(st.lists(st.tuples(names, names), min_size=2, max_size=20, unique=True))
def test_no_two_slices_have_one_id_and_no_id_can_move_a_cursor(labels):
    queries = [query(number, **{tag: value}) for number, (tag, value) in enumerate(labels)]
    tags = dict.fromkeys(tag for tag, _ in labels)
    sliced = expand([rate("<=", "0.1", id="x", per=tag) for tag in tags], queries)
    assert {(objective.slice.tag, objective.slice.value) for objective in sliced} == set(labels)
    assert len({objective.id for objective in sliced}) == len(sliced) == len(labels)
    assert all(objective.id.isprintable() for objective in sliced)
    assert {id_in_file(objective) for objective in sliced} == {"x"}


@pytest.mark.parametrize(
    ("tag", "queries", "says"),
    [
        (
            "langage",
            spoken(de=3),
            "per: no golden query has the tag 'langage'; did you mean 'language'? Known: 'language'",
        ),
        ("topic", [query(0)], "per: no golden query has the tag 'topic'; known: none"),
        (
            "topic",
            [query(n, topic=f"t{n}") for n in range(MOST_SLICES + 1)],
            "per: found 51 values of 'topic' in the golden set; wanted 50 at most",
        ),
        ("topic", [query(0, topic="w" * 3000)], "per: found a value of 'topic' with 3,000 characters, 'www"),
    ],
)
def test_a_tag_that_makes_no_slices_is_a_fault_with_its_place(tag, queries, says):
    objective = rate("<=", "0.5", per=tag, place=Place(file="rag.yaml", line=7))
    with pytest.raises(FileFaults) as caught:
        with_slices(suite([objective]), queries)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.where) == ("rag.yaml", 7, "errors")
    assert fault.message.startswith(says)
    assert len(fault.message) < 300


def test_a_strangers_tags_are_told_in_bounds_and_harmless():
    queries = [query(0, **{f"\x1b[31m{number}" + "x" * 1000: "a", f"\x1b{number}": "b"}) for number in range(30)]
    _, (fault,) = divide(suite([rate("<=", "0.5", per="topic")]), queries)
    assert fault.message.isprintable()
    assert len(fault.message) < 300
    assert fault.message.endswith("and 22 more")


def test_what_cannot_be_divided_stays_and_the_rest_is_divided():
    bad, good = rate("<=", "0.5", id="bad", per="topic"), rate("<=", "0.5", id="good", per="language")
    sliced, faults = divide(suite([bad, good]), spoken(de=9, en=9))
    assert [objective.id for objective in sliced.objectives] == ["bad", "good[language=de]", "good[language=en]"]
    assert [fault.where for fault in faults] == ["bad"]


def test_a_suite_without_per_comes_back_as_it_is():
    plain = suite([rate("<=", "0.5"), mean(">=", "0.5")])
    assert with_slices(plain, spoken(de=3)) == plain


def test_queries_without_the_tag_are_counted_once_a_tag():
    queries = spoken(de=5, none=1)
    sliced = expand([rate("<=", "0.5", id="a", per="language"), rate("<=", "0.5", id="b", per="language")], queries)
    assert list(untagged(sliced, queries)) == ["1 of 6 golden queries has no 'language': in no slice of it"]
    assert list(untagged(sliced, queries[:5])) == []
    assert list(untagged([rate("<=", "0.5")], queries)) == []


def test_observations_are_those_of_the_slice():
    queries = spoken(de=2, en=2)
    observations = [one(0, found.id, repeat=repeat) for found in queries for repeat in range(2)]
    whole = rate("<=", "0.5")
    of_en = replace(whole, slice=Slice(tag="language", value="en"))
    assert observations_of(whole, observations, queries=queries) is observations
    assert [(o.query_id, o.repeat) for o in observations_of(of_en, observations, queries=queries)] == [
        ("q2", 0), ("q2", 1), ("q3", 0), ("q3", 1),
    ]  # fmt: skip


def test_all_slices_at_once_are_what_each_is_by_itself():
    queries = [replace(found, tags={"topic": "ab"[i % 2]}) for i, found in enumerate(spoken(de=3, none=2, en=4))]
    observed = {
        name: [one(0, found.id, repeat=repeat) for found in queries for repeat in range(2)]
        for name in ("errors", "token_f1")
    }
    whole = rate("<=", "0.5", id="whole")
    sliced = expand([whole, rate("<=", "0.5", per="language"), mean(">=", "0.5", per="topic")], queries)
    gone = replace(whole, id="gone", slice=Slice(tag="language", value="fr"))
    objectives = [*sliced, gone]
    assert len(objectives) == 6
    for objective, found in queries_of_each(objectives, queries):
        assert list(found) == list(queries_of(objective, queries))
    each = observations_of_each(objectives, observed, queries=queries)
    assert list(each) == [objective.id for objective in objectives]
    for objective in objectives:
        alone = observations_of(objective, observed[str(objective.sli)], queries=queries)
        assert list(each[objective.id]) == list(alone)
    assert not each["gone"]


def test_each_slice_must_be_able_to_pass_by_itself():
    queries = spoken(de=300, en=20)
    sliced = with_slices(suite([rate("<=", "0.05", per="language"), rate("<=", "0.05", id="whole")]), queries)
    (fault,) = impossible(sliced, queries)
    assert fault.where == "errors[language=en]"
    assert "20 golden queries are too few" in fault.message
    told = {outlook.objective.id: outlook for outlook in outlooks(sliced, queries)}
    assert {name: (o.queries, o.can_pass) for name, o in told.items()} == {
        "errors[language=de]": (300, True),
        "errors[language=en]": (20, False),
        "whole": (320, True),
    }


def test_the_ceiling_of_a_ranking_is_the_slice_s_own():
    rich = [replace(found, relevant=dict.fromkeys("abcde", 1)) for found in spoken(de=100)]
    poor = [replace(found, id=f"p{found.id}", relevant={"a": 1}) for found in spoken(en=100)]
    sliced = with_slices(suite([mean(">=", "0.6", sli="precision", k=5, per="language")]), rich + poor)
    (fault,) = impossible(sliced, rich + poor)
    assert fault.where == "precision@5[language=en]"
    assert "can reach at most 0.20: 100 of 100 queries" in fault.message
