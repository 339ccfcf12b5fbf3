"""A judge with several votes beside itself, from the suite file to the page of `evalslo calibrate`."""

import json

import pytest

SUITE = """\
suite: judged
golden: {path: golden.jsonl}
endpoint: {kind: python, target: "service.py:answer"}
judges:
  strong: {kind: python, target: "service.py:judge", votes: VOTES}
objectives:
  - {objective: hallucination <= 50%, critical: false}
  - errors <= 90%
"""
SERVICE = '''\
import json

CONTEXT = "Canaries get five percent of all traffic."
asked = {}

def answer(query):
    return f"Canaries get {query['id']} percent of all traffic."

def judge(query):
    """Of even answers it says the same each time, of odd ones something else the third time."""
    number = int(query["prompt"].split("<<<1>>>")[1].split(" percent")[0].split()[-1])
    asked[number] = asked.get(number, 0) + 1
    yes = number % 2 == 0 or asked[number] == 3
    return json.dumps({"verdicts": [
        {"sentence": 1, "quote": CONTEXT if yes else "", "context": int(yes), "verdict": "supported" if yes else "unsupported"}
    ]})
'''


@pytest.fixture
def calibrated(shell):
    def run(votes):
        contexts = [{"id": "d", "text": "Canaries get five percent of all traffic."}]
        golden = [{"id": str(n), "query": f"What of {n}?", "contexts": contexts} for n in range(10, 50)]
        (shell.folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in golden))
        (shell.folder / "service.py").write_text(SERVICE)
        (shell.folder / "suite.yaml").write_text(SUITE.replace("VOTES", str(votes)))
        assert shell.run("run", "suite.yaml", "-q").exit_code in (0, 3)
        labels = [{"query_id": row["id"], "human": int(row["id"]) % 2} for row in golden]
        (shell.folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
        done = shell.run("calibrate", "latest", "--labels", "labels.jsonl", "-o", "calibration.json")
        assert done.exit_code == 0, done.stderr
        return json.loads((shell.folder / "calibration.json").read_text()), done.stdout

    return run


def test_a_judge_with_votes_is_held_against_itself(calibrated):
    found, page = calibrated(3)
    # half of the answers have three equal votes; of two, one in three pairs is equal
    assert found["self_agreement"]["estimate"] == pytest.approx((1.0 + 1.0 / 3.0) / 2.0)
    assert found["self_agreement"]["lower"] < 2.0 / 3.0 < found["self_agreement"]["upper"]
    assert "self-agreement" in page


def test_a_judge_that_is_asked_once_has_no_such_figure(calibrated):
    found, page = calibrated(1)
    assert found["self_agreement"] is None
    assert "self-agreement" not in page
