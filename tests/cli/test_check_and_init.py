"""`evalslo check` and `evalslo init`."""

import json

import pytest
import yaml

from evalslo.cli.app import app
from tests.support.suites import rows, write_suite


def test_check_says_what_a_pass_will_take(shell):
    suite = write_suite(shell.folder, golden=rows(300), objectives=["hallucination <= 3%", "contains >= 90%"])
    done = shell.run("check", suite)
    assert done.exit_code == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "a PASS needs at most 3 bad of 300; a true 1.5 % passes 34 % of runs" in told
    assert "never checked against people" in told
    assert not shell.runs()


def test_check_finds_what_run_would_refuse(shell):
    suite = write_suite(shell.folder, objectives=["errors <= 1%"])
    done = shell.run("check", suite)
    assert done.exit_code == 2
    assert "at least 299" in " ".join(done.stderr.split())


@pytest.mark.parametrize(("method", "number"), [("wilson", 52), ("jeffreys", 38), ("mid-p", 45), ("beta-prior", 58)])
def test_check_and_run_take_what_the_chosen_method_can_pass(shell, method, number):
    suite = write_suite(shell.folder, golden=rows(number), objectives=["errors <= 5%"], gate={"rate_method": method})
    checked = shell.run("check", suite)
    assert checked.exit_code == 0, checked.stderr
    assert f"a PASS needs at most 0 bad of {number}" in " ".join(checked.stdout.split())
    assert shell.run("run", suite).exit_code == 0


def test_check_claims_no_allowance_of_bets(shell):
    golden = [row | {"group": str(place // 2)} for place, row in enumerate(rows(200))]
    suite = write_suite(shell.folder, golden=golden, objectives=["errors <= 5%"], repeats=3, gate={"strict": True})
    done = shell.run("check", suite)
    assert done.exit_code == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "no simple allowance of bad answers; 89 independent ones at least" in told
    assert "a PASS needs" not in told


@pytest.mark.parametrize(
    ("objective", "ceiling"),
    [
        ("precision@5 >= 0.6", "precision@5 can reach at most 0.20"),
        ("precision@5 >= 0.6 for 50% of requests", "precision@5 can reach at most 0.00"),
    ],
)
def test_a_ceiling_of_precision_is_told_and_refused(shell, objective, ceiling):
    suite = write_suite(shell.folder, golden=rows(40, relevant=["a"]), objectives=[objective])
    for verb in ("check", "run"):
        done = shell.run(verb, suite)
        assert done.exit_code == 2
        told = " ".join(done.stderr.split())
        assert f"{ceiling}: 40 of 40 queries have fewer than 5 relevant ids; use recall@5" in told
    assert not shell.runs()


def test_the_schema_is_json(shell):
    done = shell.run("check", "--schema")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["$schema"].startswith("https://json-schema.org/")


def test_check_without_a_suite_says_what_it_wants(shell):
    done = shell.run("check")
    assert done.exit_code == 2
    assert "--schema" in done.stderr


def test_init_writes_a_suite_that_check_accepts(shell):
    done = shell.run("init", "new")
    assert done.exit_code == 0, done.stderr
    checked = shell.run("check", "new/suites/first.yaml")
    assert checked.exit_code == 0, checked.stderr
    workflow = yaml.safe_load((shell.folder / "new/.github/workflows/evalslo.yaml").read_text())
    assert "evalslo run suites/" in json.dumps(workflow)


def test_init_overwrites_nothing(shell):
    shell.run("init", "new")
    (shell.folder / "new/suites/first.yaml").write_text("mine")
    done = shell.run("init", "new")
    assert done.exit_code == 2
    assert "suites/first.yaml" in done.stderr
    assert (shell.folder / "new/suites/first.yaml").read_text() == "mine"


def test_the_example_runs_as_it_was_written(shell):
    assert shell.run("init", "--example", "demo").exit_code == 0
    done = shell.run("run", "demo/suites/handbook.yaml")
    assert done.exit_code == 0, done.stdout
    assert "PASS" in done.stdout


@pytest.mark.parametrize("verb", sorted(command.callback.__name__ for command in app.registered_commands))
def test_every_verb_has_help(shell, verb):
    done = shell.run(verb, "--help")
    assert done.exit_code == 0
    assert "Exit codes" in done.stdout


SOFT = ("throughput >= 5/s", "latency mean <= 2s", "token_f1 >= 0.5", "ttft p99 <= 1s", "contains >= 100%")


@pytest.mark.parametrize("number", [10, 500])
@pytest.mark.parametrize("group", [None, "all"])
@pytest.mark.parametrize("text", SOFT)
def test_check_takes_every_shape_of_soft_objective(shell, text, number, group):
    objectives = ["contains >= 1%", {"objective": text, "critical": False, "id": "soft"}]
    done = shell.run("check", write_suite(shell.folder, golden=rows(number, group=group), objectives=objectives))
    assert "fault of evalslo" not in done.stderr
    assert ("soft: " in done.stdout) == (done.exit_code == 0 or "soft" in done.stdout)
    assert text in done.stdout


def test_check_needs_no_key_and_tells_all_faults_of_all_suites(shell, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key_env": "SOME_KEY"}
    keyed = write_suite(shell.folder, name="keyed", app=None, endpoint=endpoint)
    done = shell.run("check", keyed)
    assert done.exit_code == 0
    assert "SOME_KEY" in done.stderr
    empty = write_suite(shell.folder, name="empty", golden=[])
    strict = write_suite(shell.folder, name="strict", objectives=["errors <= 1%"])
    done = shell.run("check", keyed, empty, strict)
    assert done.exit_code == 2
    assert "empty.jsonl" in done.stderr
    assert "strict.yaml" in done.stderr
