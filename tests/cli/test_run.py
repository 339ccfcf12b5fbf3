"""`evalslo run`, `gate` and `report`, as a person calls them."""

import json

import pytest

from tests.support.suites import PERFECT, WRONG, rows, write_suite

HALF = "def answer(query):\n    return 'Paris' if int(query['id'][1:]) % 10 else 'London'\n"
BROKEN = "def answer(query):\n    raise RuntimeError('the index is gone')\n"
COUNTING = """
def answer(query):
    with open("calls", "a") as calls:
        calls.write(query["id"] + "\\n")
    return "Paris"
"""
SPYING = """
import json
def answer(query):
    with open("seen", "w") as seen:
        seen.write(json.dumps(sorted(query)))
    return "Paris"
"""


@pytest.mark.parametrize(
    ("app", "exit_code", "verdict"),
    [(PERFECT, 0, "pass"), (WRONG, 1, "fail"), (HALF, 3, "inconclusive"), (BROKEN, 4, "error")],
)
def test_the_exit_code_is_the_verdict(shell, app, exit_code, verdict):
    suite = write_suite(shell.folder, app=app)
    done = shell.run("run", suite)
    assert done.exit_code == exit_code, done.stdout + done.stderr
    assert verdict.upper() in done.stdout.splitlines()[0]
    card = shell.scorecard()
    assert (card["verdict"], card["exit_code"]) == (verdict, exit_code)
    assert card["reasons"] or exit_code == 0


def test_counts_add_up_to_what_was_planned(shell):
    golden = [*rows(30), {"id": "open", "query": "No reference?"}]
    suite = write_suite(
        shell.folder, app=HALF.replace("int(query['id'][1:])", "hash(query['id'])"), golden=golden, repeats=2
    )
    shell.run("run", suite)
    (row,) = shell.scorecard()["objectives"]
    assert row["planned"] == 62
    assert row["good"] + row["bad"] + row["excluded"] == 62
    assert row["not_applicable"] == 2
    assert row["excluded_reasons"] == {"no_reference": 2}


def test_a_failed_call_is_a_bad_event_and_no_lost_row(shell):
    app = "def answer(query):\n    assert query['id'] != 'q0003', 'no'\n    return 'Paris'\n"
    suite = write_suite(shell.folder, app=app, objectives=["contains >= 50%", {"objective": "errors <= 50%"}])
    done = shell.run("run", suite)
    assert done.exit_code == 0
    contains, errors = shell.scorecard()["objectives"]
    assert (contains["n"], contains["bad"]) == (40, 1)
    assert (errors["n"], errors["bad"]) == (40, 1)
    assert shell.scorecard()["errors"] == {"exception": 1}
    assert "exception" in done.stdout


def test_a_run_is_kept_whole(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    (run,) = shell.runs()
    kept = {path.name for path in run.iterdir()} - {"lock"}
    assert kept == {"manifest.json", "suite.yaml", "golden.jsonl", "samples.jsonl", "scores.jsonl", "scorecard.json"}
    assert (run / "suite.yaml").read_text() == suite.read_text()
    assert len((run / "samples.jsonl").read_text().splitlines()) == 40
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["state"] == "finished"
    assert manifest["schema"] == "evalslo.run/1"


def test_gate_decides_again_without_the_application(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    first = shell.scorecard()
    for path in shell.folder.glob("small*"):
        path.unlink()
    done = shell.run("gate", "latest", "-o", "again.json")
    assert done.exit_code == 0, done.stderr
    again = json.loads((shell.folder / "again.json").read_text())
    assert again == first


def test_gate_takes_the_objectives_of_another_suite(shell):
    write_suite(shell.folder)
    shell.run("run", shell.folder / "small.yaml")
    stricter = write_suite(
        shell.folder / "other", objectives=["contains >= 99%", {"objective": "contains >= 50%", "id": "b"}]
    )
    done = shell.run("gate", "latest:small", "--suite", stricter)
    assert done.exit_code == 3
    assert "contains" in done.stdout


def test_several_suites_share_one_summary_and_the_worst_exit_code(shell):
    good = write_suite(shell.folder / "suites", name="good")
    bad = write_suite(shell.folder / "suites", name="bad", app=WRONG)
    done = shell.run("run", good, bad, "-o", "all.json")
    assert done.exit_code == 1
    assert "2 suites, exit 1" in done.stdout
    everything = json.loads((shell.folder / "all.json").read_text())
    assert everything["schema"] == "evalslo.scorecards/1"
    assert [card["verdict"] for card in everything["scorecards"]] == ["pass", "fail"]
    assert shell.run("run", shell.folder / "suites").exit_code == 1


def test_quiet_says_the_verdict_only(shell):
    suite = write_suite(shell.folder, app=WRONG)
    done = shell.run("run", suite, "--quiet")
    assert done.exit_code == 1
    assert "FAIL" in done.stdout
    assert len(done.stdout.splitlines()) <= 4
    assert done.stderr == ""


def test_json_on_standard_output_is_the_scorecard(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    done = shell.run("report", "latest", "-o", "json:-")
    assert json.loads(done.stdout)["schema"] == "evalslo.scorecard/1"


def test_a_limited_run_never_passes(shell):
    suite = write_suite(shell.folder)
    done = shell.run("run", suite, "--limit", "35")
    assert done.exit_code == 3
    assert "limited" in [reason["code"] for reason in shell.scorecard()["reasons"]]
    assert shell.scorecard()["objectives"][0]["planned"] == 35


def test_a_setting_changes_the_suite_and_is_kept_with_the_run(shell):
    suite = write_suite(shell.folder)
    done = shell.run("run", suite, "--set", "repeats=2")
    assert done.exit_code == 0
    assert shell.scorecard()["objectives"][0]["planned"] == 80
    assert shell.run("gate").exit_code == 0


def test_a_variant_is_run_by_name(shell):
    suite = write_suite(shell.folder, variants={"wrong": {"target": "wrong_app.py:answer"}})
    (shell.folder / "wrong_app.py").write_text(WRONG)
    assert shell.run("run", suite, "--variant", "wrong").exit_code == 1
    assert shell.scorecard()["variant"] == "wrong"
    assert shell.run("gate").exit_code == 1
    done = shell.run("run", suite, "--variant", "wrog")
    assert done.exit_code == 2
    assert "wrong" in done.stderr


def test_resume_on_a_finished_run_calls_nothing(shell):
    suite = write_suite(shell.folder, app=COUNTING)
    shell.run("run", suite)
    assert shell.run("run", suite, "--resume").exit_code == 0
    assert len((shell.folder / "calls").read_text().split()) == 40
    assert len(shell.runs()) == 1


def test_resume_fills_only_what_is_absent(shell):
    suite = write_suite(shell.folder, app=COUNTING)
    shell.run("run", suite)
    (run,) = shell.runs()
    lines = (run / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (run / "samples.jsonl").write_bytes(b"".join(lines[:25]) + lines[25][:30])
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | {"state": "collecting", "finished_at": None}))
    (shell.folder / "calls").unlink()
    assert shell.run("run", suite, "--resume").exit_code == 0
    asked = (shell.folder / "calls").read_text().split()
    kept = [json.loads(line)["query_id"] for line in (run / "samples.jsonl").read_text().splitlines()]
    assert len(asked) == 15
    assert sorted(kept) == sorted({f"q{i:04}" for i in range(40)})


def test_resume_refuses_a_changed_suite(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    write_suite(shell.folder, objectives=["contains >= 80%"])
    done = shell.run("run", suite, "--resume")
    assert done.exit_code == 2
    assert "the suite changed" in done.stderr


def test_repeats_are_one_cluster_and_the_method_says_so(shell):
    suite = write_suite(shell.folder, repeats=3, objectives=["contains >= 80%"])
    shell.run("run", suite)
    (row,) = shell.scorecard()["objectives"]
    assert (row["planned"], row["clusters"], row["method"]) == (120, 40, "korn-graubard")


def test_soft_objectives_never_change_the_exit_code(shell):
    suite = write_suite(
        shell.folder, objectives=["contains >= 90%", {"objective": "ttft p50 <= 1ms", "critical": False}]
    )
    done = shell.run("run", suite)
    assert done.exit_code == 0
    assert shell.scorecard()["objectives"][1]["verdict"] == "error"
    assert "soft" in done.stdout


def test_on_inconclusive_warn_lets_it_through_and_says_so(shell):
    suite = write_suite(shell.folder, app=HALF, gate={"on_inconclusive": "warn"})
    done = shell.run("run", suite)
    assert done.exit_code == 0
    assert "warn lets it through" in shell.scorecard()["reasons"][0]["text"]


def test_what_is_right_never_reaches_the_application(shell):
    golden = rows(40, relevant=["d1"], answerable=True, topic="x")
    shell.run("run", write_suite(shell.folder, app=SPYING, golden=golden))
    seen = json.loads((shell.folder / "seen").read_text())
    assert {"id", "query", "topic"} <= set(seen)
    assert not {"reference", "relevant", "answerable"} & set(seen)


def test_a_killed_run_is_not_decided_before_it_is_whole(shell):
    suite = write_suite(shell.folder, golden=rows(100))
    shell.run("run", suite)
    (run,) = shell.runs()
    lines = (run / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (run / "samples.jsonl").write_bytes(b"".join(lines[:-1]))
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | {"state": "collecting", "finished_at": None}))
    done = shell.run("gate", "latest")
    assert done.exit_code == 4
    assert "--resume" in done.stdout


def test_a_limited_run_does_not_stand_in_the_way_of_resuming_a_whole_one(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    shell.run("run", suite, "--limit", "35")
    assert shell.run("run", suite, "--resume").exit_code == 0
    assert len(shell.runs()) == 2


def test_a_fault_of_evalslo_is_never_a_missed_objective(shell, monkeypatch):
    def broken(*_, **__):
        raise KeyError("inside")

    monkeypatch.setattr("evalslo.harness.gating.scorecard", broken)
    done = shell.run("run", write_suite(shell.folder))
    assert done.exit_code == 4
    assert "fault of evalslo" in done.stderr


def test_a_suite_that_cannot_be_measured_takes_nothing_from_the_others(shell, monkeypatch):
    bad, good = write_suite(shell.folder, name="bad", app=WRONG), write_suite(shell.folder, name="good")
    shell.run("run", good)
    (shell.runs()[0] / "manifest.json").write_text("{}")
    from evalslo.errors import MeasurementError
    from evalslo.harness import run as path

    whole = path.sit

    async def failing(prepared, begun, **how):
        if prepared.suite.name == "good":
            raise MeasurementError("the disk is full")
        return await whole(prepared, begun, **how)

    monkeypatch.setattr(path, "sit", failing)
    done = shell.run("run", bad, good)
    assert done.exit_code == 1
    assert "FAIL" in done.stdout
    assert "good: the disk is full" in done.stderr


def test_an_output_that_cannot_be_written_is_told_before_anything_is_called(shell):
    (shell.folder / "file").write_text("")
    suite = write_suite(shell.folder, app=COUNTING)
    done = shell.run("run", suite, "-o", "file/card.json")
    assert done.exit_code == 2
    assert not (shell.folder / "calls").exists()


def test_an_edited_golden_set_is_not_gated_as_if_it_were_the_run_s(shell):
    shell.run("run", write_suite(shell.folder))
    (run,) = shell.runs()
    golden = run / "golden.jsonl"
    golden.write_text(golden.read_text().replace("Paris", "London", 1))
    done = shell.run("gate")
    assert done.exit_code == 4
    assert "not the golden set of the run" in done.stderr.replace("\n", " ")


def test_a_critical_screen_is_named_before_the_first_call(shell):
    contexts = [{"id": "c", "text": "Paris is the capital."}]
    app = "def answer(query):\n    return 'Paris is the capital.'\n"
    suite = write_suite(shell.folder, app=app, golden=rows(40, contexts=contexts), objectives=["faithfulness >= 0.5"])
    done = shell.run("run", suite)
    assert done.exit_code == 3
    assert "this run cannot PASS" in done.stderr
    assert "uncalibrated" in [reason["code"] for reason in shell.scorecard()["reasons"]]


def test_nothing_measured_is_an_error_whatever_the_coverage_floor(shell):
    objectives = ["contains >= 50%", {"objective": "hallucination <= 50%", "critical": False}]
    suite = write_suite(shell.folder, app=BROKEN, objectives=objectives, gate={"min_coverage": 0})
    done = shell.run("run", suite)
    assert done.exit_code == 4
    assert shell.scorecard()["objectives"][1]["verdict"] == "error"


def test_a_second_sample_of_one_call_counts_for_nothing(shell):
    shell.run("run", write_suite(shell.folder))
    (run,) = shell.runs()
    samples = run / "samples.jsonl"
    first = samples.read_text().splitlines()[0]
    with samples.open("a") as file:
        file.write(first.replace("Paris", "London") + "\n")
    shell.run("gate", "latest", "-o", "card.json")
    card = json.loads((shell.folder / "card.json").read_text())
    assert card["usage"]["calls"] == 40
    assert card["objectives"][0]["bad"] == 0


def test_resume_refuses_another_model_behind_the_same_variable(shell, monkeypatch):
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "${MODEL}"}
    suite = write_suite(shell.folder, app=None, endpoint=endpoint, limits={"retries": 0})
    monkeypatch.setenv("MODEL", "one")
    shell.run("run", suite)
    monkeypatch.setenv("MODEL", "two")
    done = shell.run("run", suite, "--resume")
    assert done.exit_code == 2
    assert "the endpoint changed" in done.stderr


def test_a_hole_in_a_recording_is_unmeasured_and_no_miss(shell):
    shell.run("run", write_suite(shell.folder, golden=rows(60)))
    (run,) = shell.runs()
    lines = (run / "samples.jsonl").read_text().splitlines(keepends=True)
    (shell.folder / "part.jsonl").write_text("".join(lines[:40]))
    suite = write_suite(shell.folder, app=None, golden=rows(60), endpoint={"kind": "recorded", "path": "part.jsonl"})
    done = shell.run("run", suite)
    assert done.exit_code == 4
    row = shell.scorecard()["objectives"][0]
    assert (row["verdict"], row["unmeasured"], row["excluded_reasons"]) == ("error", 20, {"not_collected": 20})


def test_why_no_call_answered_is_said_on_the_screen_and_in_the_json(shell):
    suite = write_suite(shell.folder, app=BROKEN)
    done = shell.run("run", suite, "--quiet")
    assert "the index is gone" in " ".join(done.stdout.split())
    card = shell.scorecard()
    assert "the index is gone" in card["reasons"][0]["text"]
    assert "the index is gone" in card["error_examples"]["exception"]


def test_json_on_standard_output_is_all_there_is_of_it(shell):
    done = shell.run("run", write_suite(shell.folder), "-o", "json:-")
    assert json.loads(done.stdout)["verdict"] == "pass"
    assert "PASS" in done.stderr


def test_runs_keep_themselves_out_of_git(shell):
    shell.run("run", write_suite(shell.folder))
    assert (shell.folder / ".evalslo" / ".gitignore").read_text() == "*\n"


def test_of_a_finite_golden_set_no_further_queries_are_asked_for(shell):
    suite = write_suite(shell.folder, app=HALF, golden=rows(30), repeats=2, gate={"population": "finite"})
    done = shell.run("run", suite)
    assert done.exit_code == 3, done.stdout
    (row,) = shell.scorecard()["objectives"]
    assert (row["method"], row["needed"], row["clusters"]) == ("clopper-pearson+finite", None, 60)
    assert "only a run with more repeats shows more" in " ".join(done.stdout.split())
    assert "more queries" not in done.stdout


def test_settings_without_a_suite_of_their_own_are_told_before_anything_is_gated(shell):
    shell.run("run", write_suite(shell.folder))
    done = shell.run("gate", "latest", "--set", "gate.alpha=0.2")
    assert done.exit_code == 2
    assert "--set changes the suite that --suite names" in done.stderr


def test_one_suite_is_wanted_where_one_run_is_gated(shell):
    shell.run("run", write_suite(shell.folder))
    two = shell.folder / "two"
    write_suite(two, name="first")
    write_suite(two, name="second")
    done = shell.run("gate", "latest", "--suite", two)
    assert done.exit_code == 2
    assert "2 suites in it; name one file" in done.stderr


def test_more_calls_at_once_than_files_may_be_open_are_told_before_anything_is_called(shell, monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    suite = write_suite(shell.folder, app=COUNTING, limits={"concurrency": 500})
    done = shell.run("run", suite)
    assert done.exit_code == 2
    assert "ulimit -n" in done.stderr
    assert not (shell.folder / "calls").exists()


def test_the_bound_on_open_files_is_raised_where_that_is_allowed(shell, monkeypatch):
    import resource

    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, bounds: asked.append(bounds))
    done = shell.run("run", write_suite(shell.folder, limits={"concurrency": 500}))
    assert (done.exit_code, asked) == (0, [(564, 4096)])


def test_latest_tells_of_a_newer_run_that_cannot_be_read(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite, "-q")
    (first,) = (shell.folder / ".evalslo" / "runs").iterdir()
    shell.run("run", suite, "-q")
    (second,) = set(first.parent.iterdir()) - {first}
    (second / "manifest.json").write_text("{")
    done = shell.run("gate", "latest")
    assert done.exit_code == 0
    assert first.name in done.stdout
    assert f"{second.name} is newer, and is passed over" in done.stderr
    assert "passed over" not in shell.run("gate", first.name).stderr
