"""Judges from the suite file to the scorecard: asked after the answers, logged, apart in limits and cost, never asked twice."""

import json

import pytest

SUITE = """\
suite: judged
golden: {path: golden.jsonl}
endpoint: {kind: python, target: "service.py:answer"}
judges:
  strong: {kind: python, target: "service.py:judge"JUDGE}
objectives:
  - {objective: faithfulness >= 0.5, critical: false}
  - {objective: contradiction <= 50%, critical: false}
  - errors <= 90%
"""
SERVICE = '''\
import json, re
from pathlib import Path

ANSWERS = {"q0": "Canaries get five percent of all traffic.", "q1": "Canaries get ninety percent of all traffic.",
           "q2": "Canaries are painted blue.", "q3": "Hello there!"}
CONTEXT = "Canaries get five percent of all traffic."

def answer(query):
    return ANSWERS[query["id"]]

def judge(query):
    """Knows its verdicts by heart; what it was asked is counted in a file."""
    with Path(__file__).with_name("asked.txt").open("a") as file:
        file.write(query["id"] + chr(10))
    if Path(__file__).with_name("broken").exists():
        raise RuntimeError("the judge is down")
    if Path(__file__).with_name("mumbles").exists():
        return "Well, that depends."
    said = {"five": ("supported", CONTEXT, 1), "ninety": ("contradicted", CONTEXT, 1)}
    answer = query["prompt"].split("<<<1>>>")[1]
    verdict, quote, context = next((found for word, found in said.items() if word in answer), ("unsupported", "", 0))
    return json.dumps({"verdicts": [{"sentence": 1, "quote": quote, "context": context, "verdict": verdict}]})
'''
CONTEXT = "Canaries get five percent of all traffic."


@pytest.fixture
def judged(shell):
    rows = [{"id": f"q{n}", "query": f"What of {n}?", "contexts": [{"id": "d", "text": CONTEXT}]} for n in range(4)]
    (shell.folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (shell.folder / "service.py").write_text(SERVICE)

    write_suite(shell)
    return shell


def write_suite(shell, judge=""):
    (shell.folder / "suite.yaml").write_text(SUITE.replace("JUDGE", judge))


def write_recorded(shell):
    """The suite with what the judge said in the last run as its judge."""
    (kept,) = shell.folder.glob(".evalslo/runs/*/judge.jsonl")
    (shell.folder / "judge.jsonl").write_bytes(kept.read_bytes())
    suite = (shell.folder / "suite.yaml").read_text()
    live = '{kind: python, target: "service.py:judge"'
    assert live in suite
    (shell.folder / "suite.yaml").write_text(suite.replace(live, "{kind: recorded, path: judge.jsonl"))


def asked_of(shell):
    return (shell.folder / "asked.txt").read_text().splitlines()


def row(card, sli):
    return next(one for one in card["objectives"] if one["sli"] == sli)


def test_a_judge_is_asked_once_an_answer_and_its_verdicts_are_on_the_scorecard(judged):
    done = judged.run("run", "suite.yaml")
    assert done.exit_code in (0, 3), done.stderr
    card = judged.scorecard()
    assert len(asked_of(judged)) == 3  # a greeting states nothing, so nobody is asked
    faithful, contradicted = row(card, "faithfulness"), row(card, "contradiction")
    assert (faithful["n"], faithful["not_applicable"], faithful["estimate"]) == (3, 1, pytest.approx(1 / 3))
    assert (contradicted["n"], contradicted["bad"]) == (3, 1)
    assert faithful["scorer"].startswith("judge:strong/")
    assert card["usage"]["judge"]["calls"] == 3
    assert card["usage"]["calls"] == 4
    assert card["fingerprint"]["judges"]["strong"]["endpoint"]["kind"] == "python"
    assert "judges" in done.stdout


def test_a_kept_run_is_scored_again_without_a_call(judged):
    judged.run("run", "suite.yaml", "-q")
    before, asked = judged.scorecard(), asked_of(judged)
    done = judged.run("gate", "latest", "-o", "json:-")
    again = json.loads(done.stdout)
    assert asked_of(judged) == asked
    assert [one["estimate"] for one in again["objectives"]] == [one["estimate"] for one in before["objectives"]]
    assert again["fingerprint"]["scorers"] == before["fingerprint"]["scorers"]


def test_resume_asks_no_judge_again_for_what_was_answered(judged):
    judged.run("run", "suite.yaml", "-q")
    asked = asked_of(judged)
    judged.run("run", "suite.yaml", "--resume", "-q")
    assert asked_of(judged) == asked


def test_a_judge_that_is_down_leaves_its_rows_unmeasured_and_resume_asks_it_again(judged):
    write_suite(judged, ", limits: {retries: 0}")
    (judged.folder / "broken").touch()
    judged.run("run", "suite.yaml", "-q")
    faithful = row(judged.scorecard(), "faithfulness")
    assert (faithful["verdict"], faithful["n"]) == ("error", 0)
    assert faithful["excluded_reasons"]["judge_error"] == 3
    (judged.folder / "broken").unlink()
    judged.run("run", "suite.yaml", "--resume", "-q")
    assert row(judged.scorecard(), "faithfulness")["n"] == 3


def test_a_reply_that_cannot_be_read_is_asked_for_once_more_and_then_excluded(judged):
    (judged.folder / "mumbles").touch()
    judged.run("run", "suite.yaml", "-q")
    assert len(asked_of(judged)) == 6
    assert row(judged.scorecard(), "faithfulness")["excluded_reasons"]["judge_error"] == 3
    judged.run("run", "suite.yaml", "--resume", "-q")
    assert len(asked_of(judged)) == 6


def test_votes_are_asked_and_logged_one_by_one(judged):
    write_suite(judged, ", votes: 3")
    judged.run("run", "suite.yaml", "-q")
    assert len(asked_of(judged)) == 9
    (folder,) = judged.runs()
    lines = [json.loads(line) for line in (folder / "judge.jsonl").read_text().splitlines()]
    assert sorted({line["vote"] for line in lines}) == [0, 1, 2]
    assert {line["judge"] for line in lines} == {"strong"}


def test_another_judge_of_the_same_name_is_asked_anew_and_its_word_counts(judged):
    judged.run("run", "suite.yaml", "-q")
    first = row(judged.scorecard(), "faithfulness")
    said = {"verdicts": [{"sentence": 1, "quote": "", "context": 0, "verdict": "unsupported"}]}
    (judged.folder / "other.py").write_text(f"def stern(query):\n    return {json.dumps(json.dumps(said))}\n")
    text = (judged.folder / "suite.yaml").read_text().replace("service.py:judge", "other.py:stern")
    (judged.folder / "suite.yaml").write_text(text)
    assert judged.run("run", "suite.yaml", "--resume", "-q").exit_code in (0, 3)
    second = row(judged.scorecard(), "faithfulness")
    assert len(judged.runs()) == 1
    assert (first["good"], second["estimate"]) == (None, 0)
    assert first["scorer"] != second["scorer"]
    gated = json.loads(judged.run("gate", "latest", "-o", "json:-").stdout)
    assert row(gated, "faithfulness")["estimate"] == 0
    assert judged.scorecard()["usage"]["judge"]["calls"] == 6  # what the first one was paid stays paid


def test_an_sli_that_needs_a_judge_is_refused_without_one(judged):
    text = SUITE.replace("JUDGE", "").replace('judges:\n  strong: {kind: python, target: "service.py:judge"}\n', "")
    (judged.folder / "suite.yaml").write_text(text)
    done = judged.run("check", "suite.yaml")
    assert done.exit_code == 2
    assert "contradiction needs a judge" in done.stderr + done.stdout


def test_a_sequential_run_takes_no_judge(judged):
    done = judged.run("run", "suite.yaml", "--sequential")
    assert done.exit_code == 2
    assert "judges come after" in done.stderr


@pytest.mark.parametrize("source", ["golden", "response"])
def test_a_judge_is_asked_about_the_contexts_that_count(judged, source):
    text = SUITE.replace("JUDGE", "").replace(
        'target: "service.py:answer"}', f'target: "service.py:with_contexts", contexts_from: {source}}}'
    )
    (judged.folder / "suite.yaml").write_text(text)
    said = '{"answer": ANSWERS[query["id"]], "contexts": [{"id": "r", "text": "No."}]}'
    service = f"def with_contexts(query):\n    return {said}\n"
    (judged.folder / "service.py").write_text(SERVICE + service)
    done = judged.run("run", "suite.yaml", "-q")
    found = row(judged.scorecard(), "faithfulness")
    assert (found["n"], found["excluded_reasons"]) == (3, {"no_claim": 1}), done.stderr
    assert found["estimate"] == pytest.approx(1 / 3 if source == "golden" else 0)  # the quote is in the golden one


CHECKED = """\
suite: checked
golden: {path: golden.jsonl}
endpoint: {kind: python, target: "service.py:answer"}
slis:
  task_success: {check: "checks.py:solved"}
objectives:
  - task_success >= 10%
"""


@pytest.mark.parametrize(
    ("body", "good", "unmeasured"),
    [
        ('return "percent" in answer and query["id"] != "q1"', 1, 0),
        ("return 1", 0, 4),
        ("raise KeyError(answer)", 0, 4),
    ],
)
def test_a_function_of_ones_own_says_whether_the_task_was_done(judged, body, good, unmeasured):
    (judged.folder / "checks.py").write_text(f"def solved(query, answer):\n    {body}\n")
    (judged.folder / "suite.yaml").write_text(CHECKED)
    done = judged.run("run", "suite.yaml")
    assert done.exit_code == (3 if good else 4), done.stderr
    found = row(judged.scorecard(), "task_success")
    assert (found["good"], found["unmeasured"]) == (good if good else 0, unmeasured)
    assert found["scorer"].startswith("check/")
    assert "never checked against people" not in done.stdout
    assert judged.run("gate", "latest").exit_code == done.exit_code


def test_a_check_that_is_not_there_is_told_before_anything_is_called(judged):
    (judged.folder / "suite.yaml").write_text(CHECKED)
    done = judged.run("run", "suite.yaml")
    assert done.exit_code == 2
    assert "slis.task_success.check" in done.stderr
    assert judged.runs() == []


@pytest.mark.parametrize("judge", ["", ", votes: 3"])
def test_a_recorded_judge_says_what_it_said(judged, judge):
    write_suite(judged, judge)
    judged.run("run", "suite.yaml", "-q")
    card, asked = judged.scorecard(), len(asked_of(judged))
    write_recorded(judged)
    done = judged.run("run", "suite.yaml", "-q")
    again = judged.scorecard()
    assert again["run_id"] != card["run_id"], done.stderr
    for sli in ("faithfulness", "contradiction"):
        keys = ("n", "estimate", "unmeasured", "verdict")
        assert [row(again, sli)[key] for key in keys] == [row(card, sli)[key] for key in keys]
    assert len(asked_of(judged)) == asked


def test_a_recorded_judge_was_never_asked_about_another_answer(judged):
    judged.run("run", "suite.yaml", "-q")
    write_recorded(judged)
    (judged.folder / "service.py").write_text(SERVICE.replace("painted blue", "painted red"))
    judged.run("run", "suite.yaml", "-q")
    faithful = row(judged.scorecard(), "faithfulness")
    assert (faithful["n"], faithful["unmeasured"]) == (2, 1)


def test_a_recording_without_this_judge_is_told(judged):
    judged.run("run", "suite.yaml", "-q")
    write_recorded(judged)
    kept = judged.folder / "judge.jsonl"
    kept.write_text(kept.read_text().replace('"strong"', '"other"'))
    done = judged.run("run", "suite.yaml", "-q")
    assert done.exit_code == 2
    assert "no reply of a judge 'strong'" in " ".join(done.stderr.split())
    kept.unlink()
    done = judged.run("run", "suite.yaml", "-q")
    assert (done.exit_code, "there is no recording" in " ".join(done.stderr.split())) == (2, True)


def test_check_says_what_a_judge_will_take_from_the_last_run_or_at_most(judged):
    write_suite(judged, ", votes: 3, price: {prompt_per_mtok: 1, completion_per_mtok: 2}")
    before = " ".join(judged.run("check", "suite.yaml").stdout.split())
    assert "at most 12 calls of the judge strong what they take is unknown until a run is kept" in before
    judged.run("run", "suite.yaml", "-q")
    (kept,) = judged.folder.glob(".evalslo/runs/*")
    after = " ".join(judged.run("check", "suite.yaml").stdout.split())
    assert f"about 9 calls of the judge strong as in run {kept.name}: tokens unknown" in after
    write_suite(judged)
    write_recorded(judged)
    recorded = " ".join(judged.run("check", "suite.yaml").stdout.split())
    assert "at most 4 calls of the judge strong none is made: the replies are a recording" in recorded


def test_a_run_that_was_stopped_says_nothing_of_what_its_judge_takes(judged):
    judged.run("run", "suite.yaml", "-q")
    (manifest,) = judged.folder.glob(".evalslo/runs/*/manifest.json")
    kept = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(kept | {"stopped": {"code": "interrupted", "text": "by hand"}}))
    told = " ".join(judged.run("check", "suite.yaml").stdout.split())
    assert "at most 4 calls of the judge strong" in told


def test_check_counts_a_question_for_each_thing_that_is_judged(judged):
    text = (judged.folder / "suite.yaml").read_text()
    more = '  - {objective: self_knowledge <= 50%, critical: false}\n  - {objective: "rubric:tone >= 0.5", critical: false}\n'
    rubric = 'slis:\n  "rubric:tone": {rubric: "It is polite."}\n'
    (judged.folder / "suite.yaml").write_text(text + more + rubric)
    told = " ".join(judged.run("check", "suite.yaml").stdout.split())
    assert "at most 12 calls of the judge strong" in told
