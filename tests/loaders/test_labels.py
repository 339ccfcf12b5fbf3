"""Label files: what is read from them, and everything that is wrong with one told at once, with its line."""

import json

import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.labels import read_labels
from evalslo.model.calibration import LabelRow


@pytest.fixture
def written(tmp_path):
    def write(rows, *, name="labels.jsonl"):
        path = tmp_path / name
        path.write_text(rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


def faults_of(path):
    with pytest.raises(FileFaults) as caught:
        read_labels(path)
    return [(fault.line, fault.where, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("said", "label"),
    [
        (0, 0.0), (1, 1.0), (True, 1.0), (False, 0.0), ("yes", 1.0), ("NO", 0.0), (" True ", 1.0), ("false", 0.0),
        ("1", 1.0), ("0.5", 0.5), (0.25, 0.25),
    ],
)  # fmt: skip
def test_every_way_to_say_a_label_is_read(written, said, label):
    (row,) = read_labels(written([{"query_id": "q", "human": said}]))
    assert row == LabelRow(line=1, query_id="q", human=label)


def test_csv_and_json_lines_say_the_same(written):
    rows = [
        {"query_id": "a", "repeat": 2, "sli": "hallucination", "human": 1, "human2": 0, "answer": 'Yes, "so".\nTwo.'},
        {"query_id": "b", "repeat": 0, "sli": "hallucination", "human": None, "sampled": "verdict"},
    ]
    text = (
        "query_id,repeat,sli,human,human2,answer,sampled\n"
        'a,2,hallucination,1,0,"Yes, ""so"".\nTwo.",\n'
        "b,0,hallucination,,,,verdict\n"
    )
    said, told = read_labels(written(rows)), read_labels(written(text, name="labels.csv"))
    assert [row.line for row in told] == [2, 4]
    assert [(row.query_id, row.repeat, row.sli, row.human, row.human2, row.answer, row.sampled) for row in said] == [
        (row.query_id, row.repeat, row.sli, row.human, row.human2, row.answer, row.sampled) for row in told
    ]


def test_columns_that_are_not_ours_are_not_looked_at(written):
    (row,) = read_labels(written([{"query_id": 7, "human": 1, "contexts": [{"id": 1}], "remark": {}}]))
    assert row.query_id == "7"


def test_every_fault_is_told_at_once_with_its_line(written):
    rows = [
        {"query_id": "a", "human": "perhaps"},
        {"query_id": "b", "human": 1.5, "repeat": -1},
        {"human": 1},
        {"query_id": "c", "human": 1},
        {"query_id": "c", "human": 0},
        {"query_id": "d", "human": "nan", "sampled": "by me"},
        {"query_id": "e", "human2": 1},
        {"query_id": ["f"], "human": 1},
        {"query_id": "g", "repeat": True, "human": 1},
    ]
    told = faults_of(written(rows))
    assert [(line, where) for line, where, _ in told] == [
        (1, "human"), (2, "repeat"), (2, "human"), (3, "query_id"), (5, "query_id"), (6, "human"), (6, "sampled"),
        (7, "human2"), (8, "query_id"), (9, "repeat"),
    ]  # fmt: skip
    assert told[0][2].startswith("found 'perhaps'; wanted 0 or 1")
    assert "labelled on line 4 already" in told[4][2]


def test_the_same_answer_may_be_labelled_on_two_slis(written):
    rows = [{"query_id": "a", "sli": sli, "human": 1} for sli in ("faithfulness", "hallucination")]
    assert len(read_labels(written(rows))) == 2


def test_a_file_without_a_single_label_is_a_fault(written):
    (told,) = faults_of(written([{"query_id": "a", "human": None}, {"query_id": "b", "human": ""}]))
    assert told == (None, "human", "no row has a label yet; write 0 or 1 into its column human, or claims_human")


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("{}", "labels.txt", "found the ending '.txt'"),
        ('{"query_id": "a", ', "labels.jsonl", "no JSON"),
        ("[1]\n", "labels.jsonl", "wanted an object"),
        ("query_id,human\na,1,2\n", "labels.csv", "3 cells"),
    ],
)
def test_a_file_of_another_form_is_a_fault(written, text, name, says):
    assert says in faults_of(written(text, name=name))[0][2]


def test_a_file_that_is_not_there_is_a_fault(tmp_path):
    assert "cannot be read" in faults_of(tmp_path / "none.jsonl")[0][2]


def test_what_a_stranger_wrote_into_a_cell_does_not_reach_the_terminal(written):
    (told,) = faults_of(written([{"query_id": "a", "human": "\x1b[31m" * 100}]))
    assert "\x1b" not in told[2]
    assert len(told[2]) < 200


def test_verdicts_on_claims_are_read_in_their_order(written):
    given = {
        "claims": ["One.", "Two."],
        "claims_human": ["supported", "contradicted"],
        "claims_human2": ["supported"] * 2,
    }
    (row,) = read_labels(written([{"query_id": "q"} | given]))
    assert (row.claims, row.claims2) == (("supported", "contradicted"), ("supported", "supported"))
    assert row.human is None


@pytest.mark.parametrize(
    ("given", "where", "says"),
    [
        ({"claims_human": ["right"]}, "claims_human", "wanted a list with one of supported, unsupported"),
        ({"claims_human": []}, "claims_human", "wanted a list"),
        ({"claims_human": "supported"}, "claims_human", "wanted a list"),
        ({"claims_human": [1]}, "claims_human", "wanted a list"),
        ({"claims": ["a", "b"], "claims_human": ["supported"]}, "claims_human", "1 verdicts on 2 claims"),
        ({"claims_human2": ["supported"]}, "claims_human2", "without a first one"),
        ({"claims_human": ["supported"], "human": 1}, "human", "leave it out"),
    ],
)
def test_verdicts_on_claims_that_cannot_be_are_told(written, given, where, says):
    ((line, column, message),) = faults_of(written([{"query_id": "q"} | given]))
    assert (line, column) == (1, where)
    assert says in message
