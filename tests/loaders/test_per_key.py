"""The key `per` of an objective, as the suite file says it."""

import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.suite import json_schema

SUITE = """\
suite: small
golden: {path: golden.jsonl}
endpoint: {kind: recorded, path: samples.jsonl}
objectives:
  - errors <= 1%
"""


def told(suite_of, text):
    with pytest.raises(FileFaults) as caught:
        suite_of(text)
    return [f"{fault.line}: {fault.where}: {fault.message}" for fault in caught.value.faults]


def test_per_names_the_tag_of_its_slices(suite_of):
    plain, sliced = suite_of(SUITE + "  - {objective: precision@5 >= 0.60, per: language}\n").objectives
    assert (plain.per, sliced.per, sliced.slice) == (None, "language", None)
    assert (sliced.id, sliced.text) == ("precision@5", "precision@5 >= 0.60")


def test_the_whole_and_its_slices_have_ids_of_their_own(suite_of):
    text = SUITE + "  - {objective: errors <= 5%, per: language}\n  - {objective: errors <= 5%, per: topic}\n"
    assert [objective.per for objective in suite_of(text).objectives] == [None, "language", "topic"]
    assert told(suite_of, text + "  - {objective: errors <= 9%, per: topic}\n") == [
        "8: objectives[3]: the id 'errors' is also that of 'errors <= 5%'; give one of them an id of its own"
    ]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("{objective: errors <= 2%, id: x, per: 3}", "6: objectives[1].per: found 3; wanted text; put it in quotes"),
        ("{objective: errors <= 2%, id: x, per: ''}", "6: objectives[1].per: found an empty text; wanted some text"),
        ("{objective: errors <= 2%, id: x, per: [a]}", "6: objectives[1].per: found a list; wanted text"),
        (
            "{objective: errors <= 2%, id: x, pre: a}",
            (
                "6: objectives[1].pre: unknown key 'pre'; did you mean 'per'? "
                "Known: alpha, critical, id, objective, on_inconclusive, per"
            ),
        ),
        (
            "{objective: throughput >= 5/s, critical: false, per: language}",
            "6: objectives[1].per: throughput is one figure of the whole run, which has no slices; take per away",
        ),
    ],
)
def test_what_is_no_tag_is_told_with_its_place(suite_of, entry, line):
    assert told(suite_of, f"{SUITE}  - {entry}\n") == [line]


def test_the_schema_publishes_per_with_a_word_on_it():
    key = json_schema()["$defs"]["ObjectiveKeys"]["properties"]["per"]
    assert {"minLength": 1, "type": "string"} in key["anyOf"]
    assert "each of its values" in key["description"]
