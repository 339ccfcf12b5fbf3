"""`calibration.json` read back for the gate: as it was written, or refused with every fault."""

import json

import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.calibration import load_calibration, read_labelled
from evalslo.model.calibration import Cut
from evalslo.model.labels import LabelledAnswer, Labels

KEPT = {
    "schema": "evalslo.calibration/1",
    "run_id": "r1",
    "sli": "hallucination",
    "scorer": "overlap/1",
    "sampled": "verdict",
    "yes": {"op": ">=", "value": 1.0},
    "scored": 300,
    "judged_yes": 20,
    "figures": {"kappa": "whatever"},
    "labels": [
        {"query_id": "a", "repeat": 0, "digest": "sha256:1", "judged": 1.0, "human": 0.0, "human2": None},
        {"query_id": "b", "repeat": 0, "digest": "sha256:2", "judged": 0.0, "human": 0.0},
    ],
}


@pytest.fixture
def kept(tmp_path):
    def write(*, name="calibration.json", **more):
        path = tmp_path / name
        path.write_text(json.dumps(KEPT | more))
        return path

    return write


def message_of(*paths):
    with pytest.raises(FileFaults) as caught:
        load_calibration(paths)
    return str(caught.value)


def test_labels_come_back_by_their_sli(kept):
    answers = (
        LabelledAnswer(query_id="a", repeat=0, digest="sha256:1", judged=1.0, human=0.0),
        LabelledAnswer(query_id="b", repeat=0, digest="sha256:2", judged=0.0, human=0.0),
    )
    other = kept(name="other.json", sli="faithfulness")
    found = load_calibration([kept(), other])
    assert found["hallucination"] == Labels(
        sli="hallucination", scorer="overlap/1", run_id="r1", scored=300, answers=answers
    )
    assert sorted(found) == ["faithfulness", "hallucination"]
    assert load_calibration([]) == {}


def test_a_frozen_set_has_what_another_scorer_is_held_against(kept):
    found = read_labelled(kept())
    assert (found.cut, found.scored, found.judged_yes) == (Cut(op=">=", value=1.0), 300, 20)
    assert [one.digest for one in found.answers] == ["sha256:1", "sha256:2"]


def test_two_files_on_one_sli_are_a_fault(kept):
    assert "name one of the two files" in message_of(kept(), kept(name="again.json"))


def test_the_faults_of_all_files_are_told_at_once(kept, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    text = message_of(tmp_path / "none.json", broken, kept(name="old.json", schema="evalslo.calibration/0"))
    assert len(text.splitlines()) == 3
    assert "cannot be read" in text
    assert "found schema 'evalslo.calibration/0'" in text


@pytest.mark.parametrize(
    "more",
    [{"labels": None}, {"labels": [{"query_id": "a"}]}, {"yes": {"op": "<", "value": 1}}, {"scored": "many"}],
)
def test_a_file_of_another_form_is_refused_with_the_key(kept, more):
    assert "wanted a file that evalslo calibrate wrote" in message_of(kept(**more))
