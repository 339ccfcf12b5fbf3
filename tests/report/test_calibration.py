"""What labels say of a scorer, on a page and as JSON: whole at every width, honest in its digits, harmless in its texts."""

import json

import pytest
from jsonschema import validate
from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.model.calibration import (
    Agreement,
    Bin,
    Calibration,
    Confusion,
    Cut,
    Drift,
    Figure,
    JudgedAnswer,
    LabelledSet,
    RowToLabel,
)
from evalslo.model.golden import Context
from evalslo.report.calibration import render_calibration, render_drift
from evalslo.report.calibration_json import calibration_to_json, drift_to_json, rows_to_jsonl


def figure(estimate=0.82, lower=0.61, upper=0.93):
    return Figure(estimate=estimate, lower=lower, upper=upper, method="clopper-pearson")


AGREEMENT = Agreement(
    confusion=Confusion(yes_yes=41, yes_no=7, no_yes=9, no_no=1143),
    sensitivity=figure(),
    specificity=figure(0.9996, 0.98, 1.0),
    balanced_accuracy=figure(0.9),
    observed=figure(0.95),
    kappa=figure(0.55, 0.3, 0.7),
    ac1=figure(0.85, 0.82, 0.9),
)
SET = LabelledSet(
    run_id="20261123T120000-support-2c49",
    sli="faithfulness",
    scorer="overlap/1",
    sampled="verdict",
    cut=Cut(op=">=", value=0.8),
    scored=4000,
    judged_yes=90,
    answers=(JudgedAnswer(query_id="q", repeat=0, digest="sha256:1", judged=0.9, human=1.0, human2=0.0),) * 1200,
)
FOUND = Calibration(
    labelled=SET,
    unlabelled=3,
    design_effect=1.0,
    agreement=AGREEMENT,
    labellers=AGREEMENT,
    auc=figure(0.73, 0.52, 0.8),
    bins=(
        Bin(low=0.0, high=0.1, n=12, judged=0.01, human=figure(0.2, 0.02, 0.5)),
        Bin(low=0.9, high=1.0, n=1, judged=1.0, human=Figure(estimate=1.0)),
    ),
    calibration_error=0.183,
    weak=("people say no of only 4 of 60 labelled answers",),
)
DRIFT = Drift(
    run_id="20261123T120000-support-2c49",
    sli="faithfulness",
    scorer_then="judge:strong/2",
    scorer_now="judge:strong/3",
    cut=Cut(op=">=", value=0.8),
    n=100,
    gone=2,
    became_yes=1,
    became_no=9,
    moved=40,
    changed=figure(0.1, 0.05, 0.18),
    p_changed=0.0215,
    before=replace(AGREEMENT, confusion=Confusion(yes_yes=40, yes_no=10, no_yes=5, no_no=45)),
    after=AGREEMENT,
)


def page_of(paper, found, *, width=100, **how):
    page = paper(width, **how)
    (render_drift if isinstance(found, Drift) else render_calibration)(found, console=page.console)
    return page


@pytest.mark.parametrize("width", [100, 50])
def test_every_figure_is_on_the_page_whole(paper, width):
    text = page_of(paper, FOUND, width=width).text
    flat = " ".join(text.split())
    for words in (
        "scorer yes 41 7",
        "scorer no 9 1,143",
        "sensitivity 0.820 0.610 to 0.930",
        "Cohen's kappa 0.550 0.300 to 0.700",
        "moderate, at worst fair",
        "almost perfect",
        "ROC-AUC 0.730 0.520 to 0.800",
        "acceptable, at worst poor",
        "0.0 to 0.1 12 0.010 0.200 0.020 to 0.500",
        "0.9 to 1.0 1 1.000 1.000 –",
        "0.183 apart",
        "1,200 labels of 4,000 scored answers",
        "drawn by verdict, figures reweighted",
        "yes: faithfulness >= 0.8",
        "first yes 41 7",
        "people say no of only 4 of 60",
    ):
        assert words in flat, words


@pytest.mark.parametrize("found", [FOUND, DRIFT], ids=["calibration", "drift"])
@pytest.mark.parametrize("width", [120, 100, 50, 30])
def test_no_line_is_wider_than_the_page(paper, found, width):
    assert max(cell_len(line) for line in page_of(paper, found, width=width).lines) <= width


def test_a_figure_is_never_rounded_to_all_or_none(paper):
    assert "0.999+" in page_of(paper, FOUND).text
    tiny = replace(FOUND, agreement=replace(AGREEMENT, sensitivity=figure(0.0002, 0.0, 0.01)))
    assert "0.001-" in page_of(paper, tiny).text


def test_what_is_not_defined_is_a_dash_and_no_number(paper):
    unknown = replace(FOUND, agreement=replace(AGREEMENT, kappa=Figure()), auc=None, bins=(), labellers=None)
    text = page_of(paper, unknown).text
    (line,) = [line for line in text.splitlines() if "kappa" in line]
    assert line.split() == ["Cohen's", "kappa", "–", "–"]
    assert "ROC-AUC" not in text
    assert "two people" not in text


def test_a_rate_s_yes_is_its_one(paper):
    rate = replace(FOUND, labelled=replace(SET, sli="hallucination", cut=Cut(op=">=", value=1.0)))
    assert "yes: hallucination = 1" in page_of(paper, rate).text


def test_drift_says_what_changed_and_whether_it_leans(paper):
    text = " ".join(page_of(paper, DRIFT).text.split())
    for words in (
        "another scorer, the same answers",
        "then judge:strong/2",
        "now judge:strong/3",
        "2 not in this run",
        "then yes 41 9",
        "then no 1 49",
        "verdicts changed 0.100 0.050 to 0.180",
        "more of one verdict now (McNemar p = 0.021)",
    ):
        assert words in text, words
    same = replace(
        DRIFT, scorer_now="judge:strong/2", became_yes=0, became_no=0, moved=0, changed=figure(0.0, 0.0, 0.03)
    )
    text = page_of(paper, same).text
    assert "the same scorer, the same answers" in text
    assert "none of them" in text


def test_ascii_terminals_get_ascii(paper):
    page_of(paper, FOUND, encoding="ascii").text.encode("ascii")


def test_hostile_names_move_no_cursor_and_forge_no_line(paper, hostile):
    nasty = replace(SET, run_id=hostile, sli=hostile, scorer=hostile)
    pages = [
        page_of(paper, replace(FOUND, labelled=nasty, weak=(hostile,))),
        page_of(paper, replace(DRIFT, run_id=hostile, sli=hostile, scorer_then=hostile, scorer_now=hostile)),
    ]
    for page in pages:
        assert not {"\x1b", "\x07", "\u202e", "\r", "\x9b"} & set(page.text)
        assert not [line for line in page.lines if line.startswith(" ✓ PASS")]


FIGURE = {
    "type": "object",
    "required": ["estimate", "lower", "upper", "method"],
    "additionalProperties": False,
    "properties": {
        "estimate": {"type": ["number", "null"]},
        "lower": {"type": ["number", "null"]},
        "upper": {"type": ["number", "null"]},
        "method": {"type": ["string", "null"]},
    },
}


def test_the_json_has_every_key_and_the_same_bytes_each_time():
    data = calibration_to_json(FOUND)
    assert data == calibration_to_json(FOUND)
    document = json.loads(data)
    assert list(document) == [
        "schema", "run_id", "sli", "scorer", "sampled", "yes", "scored", "judged_yes", "unlabelled", "design_effect",
        "figures", "self_agreement", "labellers", "weak", "labels",
    ]  # fmt: skip
    for name in ("sensitivity", "specificity", "balanced_accuracy", "observed", "kappa", "ac1", "roc_auc"):
        validate(document["figures"][name], FIGURE)
    assert document["figures"]["reliability"][1]["human"]["lower"] is None
    assert document["labels"][0] == {
        "query_id": "q", "repeat": 0, "digest": "sha256:1", "judged": 0.9, "human": 1.0, "human2": 0.0,
    }  # fmt: skip
    assert json.loads(drift_to_json(DRIFT))["changed"]["estimate"] == 0.1


def test_rows_to_label_are_lines_that_people_can_read_and_nothing_can_break(hostile):
    row = RowToLabel(
        query_id="q",
        repeat=1,
        sli="faithfulness",
        sampled="random",
        query="Welche Garantie gilt für Geräte?",
        reference=(),
        contexts=(Context(id="c", text="Zwei Jahre.", score=0.5),),
        answer=hostile,
        claims=("Zwei Jahre.",),
    )
    (line,) = rows_to_jsonl([row])
    assert "für Geräte".encode() in line
    assert line.count(b"\n") == 1
    read = json.loads(line)
    assert (read["human"], read["contexts"], read["claims"]) == (
        None,
        [{"id": "c", "text": "Zwei Jahre."}],
        ["Zwei Jahre."],
    )
    (bare,) = rows_to_jsonl([replace(row, claims=None, contexts=None)])
    assert "claims" not in json.loads(bare)
    assert json.loads(bare)["contexts"] is None
