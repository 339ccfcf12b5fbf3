"""`judges`, `scorers` and `calibration` of a suite file."""

import pytest

from evalslo import plugins
from evalslo.errors import FileFaults
from evalslo.loaders.suite import read_suite
from evalslo.model.suite import ScorerChoice

SUITE = """\
suite: judged
golden: {path: golden.jsonl}
endpoint: {kind: openai, base_url: "http://127.0.0.1:1/v1", model: m}
judges:
  strong:
    kind: openai
    base_url: http://127.0.0.1:2/v1
    model: big
    params: {temperature: 0}
    price: {prompt_per_mtok: 1, completion_per_mtok: 2}
    votes: 3
    limits: {concurrency: 2, max_cost_usd: 5}
  other: {kind: python, target: "judges.py:other"}
scorers:
  faithfulness: judge:strong
  hallucination: overlap
  self_knowledge: [judge:strong, judge:other]
calibration: calibration.json
objectives: [faithfulness >= 0.8]
"""


@pytest.fixture
def read(tmp_path):
    def of(text, settings=()):
        (tmp_path / "suite.yaml").write_text(text, encoding="utf-8")
        return read_suite(tmp_path / "suite.yaml", slis=plugins.sli_specs(), settings=settings)

    return of


def test_a_judge_is_an_endpoint_with_limits_and_votes_of_its_own(read):
    suite = read(SUITE)
    strong = suite.judges["strong"]
    assert (strong.votes, strong.limits.concurrency.most, strong.limits.max_cost_usd) == (3, 2, 5)
    assert strong.endpoint.kind == "openai"
    assert strong.endpoint.options == {
        "base_url": "http://127.0.0.1:2/v1",
        "model": "big",
        "params": {"temperature": 0},
    }
    assert strong.endpoint.price.completion_per_mtok == 2
    assert suite.limits.concurrency.most == 8
    assert suite.judges["other"].votes == 1


def test_what_scores_an_sli_is_a_scorer_a_judge_a_cascade_or_a_panel(read):
    suite = read(SUITE.replace("faithfulness: judge:strong", "faithfulness: cascade:strong"))
    assert suite.scorers == {
        "faithfulness": ScorerChoice(scorer="judge", judges=("strong",), cascade=True),
        "hallucination": ScorerChoice(scorer="overlap"),
        "self_knowledge": ScorerChoice(scorer="judge", judges=("strong", "other")),
    }


@pytest.mark.parametrize(("said", "files"), [("calibration.json", 1), ("[a.json, b.json]", 2)])
def test_calibration_is_a_file_or_several(read, said, files):
    assert len(read(SUITE.replace("calibration: calibration.json", f"calibration: {said}")).calibration) == files


def test_who_judges_changes_no_answer_so_a_run_goes_on_under_another_judge(read):
    assert read(SUITE).digest == read(SUITE, settings=["judges.strong.model=bigger"]).digest
    assert read(SUITE).digest != read(SUITE, settings=["endpoint.model=other"]).digest


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("judge:strong\n", "judge:weak\n", "unknown judge 'weak'"),
        ("[judge:strong, judge:other]", "[judge:strong, judge:strong]", "give the judge votes instead"),
        ("[judge:strong, judge:other]", "[judge:strong]", "at least one"),
        ("hallucination: overlap", "hallucination: 3", "wanted the name of a scorer (overlap), judge:NAME or cascade:NAME"),
        ("votes: 3", "votes: 0", "wanted 1 or more"),
        ("votes: 3", "prompt: mine", "judges.strong"),
        ("    price: {prompt_per_mtok: 1, completion_per_mtok: 2}\n", "", "it needs the judge's price"),
        ("kind: python, target: \"judges.py:other\"", "kind: recorded, target: a", "unknown key 'target'"),
        (
            "kind: python, target: \"judges.py:other\"",
            "kind: recorded, path: a, limits: {max_cost_usd: 1}",
            "recorded replies cost nothing",
        ),
    ],
)  # fmt: skip
def test_faults_of_judges_and_scorers(read, old, new, told):
    assert old in SUITE
    with pytest.raises(FileFaults) as raised:
        read(SUITE.replace(old, new))
    assert any(told in f"{fault.where} {fault.message}" for fault in raised.value.faults), raised.value.faults
