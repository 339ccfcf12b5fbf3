"""`evalslo calibrate`: from a run to rows, from labels to figures and a gate that uses them, and what misuse is told."""

import csv
import json

import pytest

from evalslo import api
from evalslo.loaders.calibration import load_calibration
from evalslo.report.calibration_json import calibration_to_json
from tests.support.suites import rows, write_suite

CONTEXTS = [{"id": "paris", "text": "Paris is the capital of France. It lies on the river Seine."}]
APP = """
def answer(query):
    number = int(query["query"].split()[1].rstrip("?"))
    if number % 4 == 0:
        return "Paris lies on the river Danube and has 40 million inhabitants."
    return "Paris is the capital of France."
"""


@pytest.fixture
def shell_with_run(shell):
    suite = write_suite(
        shell.folder,
        app=APP,
        golden=rows(80, contexts=CONTEXTS),
        objectives=[{"objective": "hallucination <= 50%", "critical": True}],
    )
    assert shell.run("run", suite, "-q").exit_code == 3  # uncalibrated
    return shell


def sampled(shell, count=40, *options):
    done = shell.run("calibrate", "latest", "--sample", count, *options, "-o", "rows.jsonl")
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in (shell.folder / "rows.jsonl").read_text().splitlines()], done


def label(shell, given, *, human=lambda row: float("Danube" in row["answer"])):
    path = shell.folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row | {"human": human(row)}) + "\n" for row in given))
    return path


def test_rows_are_written_once_and_say_what_comes_next(shell_with_run):
    given, done = sampled(shell_with_run)
    assert len(given) == 40
    assert {row["human"] for row in given} == {None}
    assert "drawn each verdict by itself" in done.stderr
    assert "--labels rows.jsonl" in done.stderr
    again = shell_with_run.run("calibrate", "latest", "--sample", 5, "-o", "rows.jsonl")
    assert again.exit_code == 2
    assert "may have labels in it" in again.stderr


def test_labels_become_figures_and_a_file_that_the_gate_can_read(shell_with_run):
    given, _ = sampled(shell_with_run)
    done = shell_with_run.run("calibrate", "latest", "--labels", label(shell_with_run, given), "-o", "calibration.json")
    assert done.exit_code == 0, done.stderr
    assert "hallucination by overlap/" in done.stdout
    assert "scorer yes          20          0" in done.stdout
    kept = json.loads((shell_with_run.folder / "calibration.json").read_text())
    assert (kept["sampled"], kept["scored"], kept["judged_yes"]) == ("verdict", 80, 20)
    assert kept["figures"]["kappa"]["estimate"] == pytest.approx(1.0)
    (labels,) = load_calibration([shell_with_run.folder / "calibration.json"]).values()
    card = shell_with_run.scorecard()
    assert (labels.run_id, labels.scorer) == (card["run_id"], card["fingerprint"]["scorers"]["hallucination"])
    assert len(labels.answers) == 40


@pytest.fixture
def calibrated(shell_with_run):
    """Runs a suite that is corrected by labels of an earlier run: the codes and the method of its row."""
    given, _ = sampled(shell_with_run, 60, "--stratify", "none")
    shell_with_run.run("calibrate", "latest", "--labels", label(shell_with_run, given), "-o", "calibration.json")
    labelled = {row["query_id"] for row in given}

    def run(*, app=APP, number=80, settings=()):
        suite = write_suite(
            shell_with_run.folder,
            app=app,
            golden=rows(number, contexts=CONTEXTS),
            objectives=[{"objective": "hallucination <= 50%", "critical": True}],
            calibration="calibration.json",
        )
        shell_with_run.run("run", suite, "-q", *settings)
        card = shell_with_run.scorecard()
        (row,) = card["objectives"]
        return {reason["code"] for reason in card["reasons"]}, row

    run.labelled = labelled
    return run


def test_labels_of_a_run_are_labels_of_every_run_of_the_same_answers(calibrated):
    codes, row = calibrated()
    assert "labels_elsewhere" not in codes
    assert row["method"].startswith("post-stratified")
    assert row["verdict"] == "pass"


def test_another_answer_to_one_labelled_query_makes_them_labels_of_other_answers(calibrated):
    number = int(min(calibrated.labelled)[1:])
    app = APP.replace(
        "    if number % 4", f"    if number == {number}:\n        return 'It is Paris.'\n    if number % 4"
    )
    codes, row = calibrated(app=app)
    assert "labels_elsewhere" in codes
    assert row["method"].startswith("rogan-gladen")


def test_a_grown_golden_set_makes_them_labels_of_other_answers(calibrated):
    codes, _ = calibrated(number=81)
    assert "labels_elsewhere" in codes


def test_other_contexts_make_them_labels_of_other_answers(calibrated):
    contexts = "[{'id': 'x', 'text': 'Paris is big.'}]"
    with_contexts = (
        f"def answer(query):\n    return {{'answer': said(query), 'contexts': {contexts}}}\n\n\ndef said(query):"
    )
    codes, _ = calibrated(app=APP.replace("def answer(query):", with_contexts))
    assert "labels_elsewhere" in codes


def test_a_run_gated_again_has_its_labels_beside_it(calibrated, shell):
    calibrated()
    (shell.folder / "calibration.json").unlink()
    done = shell.run("gate", "latest", "-o", "json:-")
    (row,) = json.loads(done.stdout)["objectives"]
    assert row["method"].startswith("post-stratified")


def test_a_spreadsheet_s_file_gives_the_same_figures(shell_with_run):
    given, _ = sampled(shell_with_run)
    path = shell_with_run.folder / "labels.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query_id", "repeat", "human", "answer", "sampled"])
        writer.writerows(
            [
                row["query_id"],
                row["repeat"],
                "yes" if "Danube" in row["answer"] else "no",
                row["answer"],
                row["sampled"],
            ]
            for row in given
        )
    told = [
        shell_with_run.run("calibrate", "latest", "--labels", name, "-o", "json:-").stdout
        for name in (path, label(shell_with_run, given))
    ]
    assert told[0] == told[1]


def test_a_file_that_lost_its_column_is_told_how_it_was_drawn(shell_with_run):
    given, _ = sampled(shell_with_run)
    for row in given:
        del row["sampled"]
    path = label(shell_with_run, given)
    asked = ("calibrate", "latest", "--labels", path, "-o", "json:-")
    assert json.loads(shell_with_run.run(*asked).stdout)["sampled"] == "random"
    assert json.loads(shell_with_run.run(*asked, "--stratify", "verdict").stdout)["sampled"] == "verdict"


def test_the_same_answers_judged_again_have_not_drifted(shell_with_run):
    given, _ = sampled(shell_with_run)
    shell_with_run.run("calibrate", "latest", "--labels", label(shell_with_run, given), "-o", "calibration.json")
    done = shell_with_run.run("calibrate", "latest", "--against", "calibration.json", "-o", "drift.json")
    assert done.exit_code == 0, done.stderr
    assert "the same scorer, the same answers" in done.stdout
    found = json.loads((shell_with_run.folder / "drift.json").read_text())
    assert (found["schema"], found["n"], found["changed"]["estimate"]) == ("evalslo.drift/1", 40, 0.0)


def test_the_figures_go_to_standard_error_where_json_has_standard_output(shell_with_run):
    given, _ = sampled(shell_with_run)
    done = shell_with_run.run("calibrate", "latest", "--labels", label(shell_with_run, given), "-o", "json:-")
    assert json.loads(done.stdout)["schema"] == "evalslo.calibration/1"
    assert "Cohen's kappa" in done.stderr


def label_claims(shell, given):
    def verdict(claim):
        return "contradicted" if "Danube" in claim else "supported"

    path = shell.folder / "labels.jsonl"
    labelled = [row | {"claims_human": [verdict(claim) for claim in row["claims"]]} for row in given]
    path.write_text("".join(json.dumps(row) + "\n" for row in labelled))
    return path


def test_labels_claim_by_claim_say_the_same_as_labels_of_answers(shell_with_run):
    given, _ = sampled(shell_with_run)
    assert {row["claims_human"] for row in given} == {None}
    asked = ("calibrate", "latest", "-o", "json:-", "--labels")
    by_claim = shell_with_run.run(*asked, label_claims(shell_with_run, given))
    assert by_claim.exit_code == 0, by_claim.stderr
    assert by_claim.stdout == shell_with_run.run(*asked, label(shell_with_run, given)).stdout


def test_claims_labelled_once_serve_every_sli_about_claims_unless_one_verdict_drew_them(shell_with_run):
    suite = write_suite(
        shell_with_run.folder,
        app=APP,
        golden=rows(80, contexts=CONTEXTS),
        objectives=[
            {"objective": "hallucination <= 50%", "critical": True},
            {"objective": "faithfulness >= 0.5", "critical": False},
        ],
    )
    shell_with_run.run("run", suite, "-q")
    given, _ = sampled(shell_with_run, 40, "--sli", "faithfulness")
    asked = ("calibrate", "latest", "-o", "json:-", "--sli", "hallucination", "--labels")
    done = shell_with_run.run(*asked, label_claims(shell_with_run, given))
    assert done.exit_code == 0, done.stderr
    assert {row["human"] for row in json.loads(done.stdout)["labels"]} == {0.0, 1.0}
    drawn = [row | {"sampled": "verdict"} for row in given]
    done = shell_with_run.run(*asked, label_claims(shell_with_run, drawn))
    assert (done.exit_code, "no label of hallucination" in done.stderr) == (2, True)


def test_labels_of_other_answers_are_told_with_file_and_line(shell_with_run):
    given, _ = sampled(shell_with_run, 3)
    given[1]["answer"] = "No."
    given[2]["query_id"] = "nobody"
    done = shell_with_run.run("calibrate", "latest", "--labels", label(shell_with_run, given, human=lambda _: 1))
    assert done.exit_code == 2
    told = "".join(done.stderr.split())  # a long folder breaks lines where it likes
    assert "labels.jsonl:2:answer" in told
    assert "labels.jsonl:3:query_id" in told


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "wanted one of --sample, --labels, --against"),
        (("--sample", "5", "--labels", "x.jsonl"), "--sample and --labels found"),
        (("--sample", "5"), "name it by -o FILE.jsonl"),
        (("--sample", "5", "-o", "rows.csv"), "name it by -o FILE.jsonl"),
        (("--labels", "none.jsonl"), "none.jsonl: cannot be read"),
        (("--labels", "none.jsonl", "--seed", "3"), "--seed draws answers"),
        (("--against", "none.json"), "cannot be read"),
        (("--against", "none.json", "--stratify", "none"), "leave it out"),
        (("--sample", "5", "--sli", "latency", "-o", "rows.jsonl"), "it has hallucination"),
        (("--labels", "none.jsonl", "-o", "calibration.txt"), "no form of that ending"),
    ],
)
def test_misuse_ends_with_a_word_on_how_to_mend_it(shell_with_run, options, says):
    done = shell_with_run.run("calibrate", "latest", *options)
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.split())


def test_a_run_without_anything_to_label_is_no_measurement(shell):
    suite = write_suite(
        shell.folder, objectives=[{"objective": "hallucination <= 50%", "critical": False}, "contains >= 1%"]
    )
    shell.run("run", suite, "-q")
    done = shell.run("calibrate", "latest", "--sample", "5", "-o", "rows.jsonl")
    assert done.exit_code == 4
    assert "nothing to label" in done.stderr
    assert not (shell.folder / "rows.jsonl").exists()


def test_python_says_what_the_command_line_says(shell_with_run, monkeypatch):
    monkeypatch.setenv("EVALSLO_HOME", str(shell_with_run.folder / ".evalslo"))
    given, _ = sampled(shell_with_run)
    assert [row.query_id for row in api.sample(count=40)] == [row["query_id"] for row in given]
    path = label(shell_with_run, given)
    shell_with_run.run("calibrate", "latest", "--labels", path, "-o", "calibration.json")
    kept = (shell_with_run.folder / "calibration.json").read_bytes()
    found = api.calibrate(labels=path)
    assert calibration_to_json(found) == kept
    assert api.drift(against=shell_with_run.folder / "calibration.json").changed.estimate == 0.0
