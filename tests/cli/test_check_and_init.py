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


def test_check_knows_the_ceiling_of_precision(shell):
    suite = write_suite(shell.folder, golden=rows(40, relevant=["a"]), objectives=["precision@5 >= 0.6"])
    told = " ".join(shell.run("check", suite).stdout.split())
    assert "precision@5 can reach at most 0.20: 40 of 40 queries have fewer than 5 relevant ids; use recall@5" in told


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
