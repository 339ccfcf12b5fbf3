"""`--resume` says where there is nothing to go on with, and is refused where the run to go on with cannot be read."""

import shutil

import pytest

from tests.support.suites import WRONG, write_suite


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_with_no_run_to_go_on_with_a_new_one_begins_and_is_said_to(shell, quiet):
    suite = write_suite(shell.folder)
    told = f"evalslo: small: no run of suite small in {shell.folder / '.evalslo'} to go on with; began a new one"
    first = shell.run("run", suite, "--resume", *quiet)
    assert (first.exit_code, said(first.stderr).count(told)) == (0, 1)
    again = shell.run("run", suite, "--resume", *quiet)
    assert (again.exit_code, "to go on with" in again.stderr) == (0, False)
    assert len(shell.runs()) == 1


def test_a_run_of_another_limit_or_variant_is_not_the_one_to_go_on_with(shell):
    suite = write_suite(shell.folder, variants={"wrong": {"target": "wrong_app.py:answer"}})
    (shell.folder / "wrong_app.py").write_text(WRONG)
    shell.run("run", suite)
    done = shell.run("run", suite, "--resume", "--variant", "wrong", "--limit", "35")
    assert "no run of suite small, variant wrong, with --limit 35 in" in said(done.stderr)
    assert len(shell.runs()) == 2


def test_a_run_that_is_not_resumed_says_nothing_of_it(shell):
    assert "to go on with" not in shell.run("run", write_suite(shell.folder)).stderr


@pytest.mark.parametrize(
    "manifest", [None, "{}", '{"schema": "evalslo.run/9"}', '{"schema": "evalslo.run/1", "run_id"']
)
def test_a_run_whose_manifest_cannot_be_read_is_not_asked_anew_in_silence(shell, manifest):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    (run,) = shell.runs()
    (run / "manifest.json").unlink()
    if manifest is not None:
        (run / "manifest.json").write_text(manifest)
    done = shell.run("run", suite, "--resume")
    assert done.exit_code == 4
    assert f"the run to go on with may be {run.name}, which cannot be read: " in said(done.stderr)
    assert f"or move the folder {run} out of {run.parent}" in said(done.stderr)
    assert shell.runs() == [run]

    shutil.move(run, shell.folder / "away")
    done = shell.run("run", suite, "--resume")
    assert (done.exit_code, "began a new one" in done.stderr) == (0, True)
    assert len(shell.runs()) == 1


def test_an_older_run_that_cannot_be_read_is_not_in_the_way(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    (run,) = shell.runs()
    (run / "manifest.json").write_text("{}")
    run.rename(run.with_name("20200101T000000-small-0000"))
    shell.run("run", suite)
    done = shell.run("run", suite, "--resume")
    assert (done.exit_code, len(shell.runs())) == (0, 2), done.stderr


def test_a_lost_run_of_another_suite_is_not_in_the_way(shell):
    shell.run("run", write_suite(shell.folder, name="other"))
    (run,) = shell.runs()
    (run / "manifest.json").write_text("{}")
    done = shell.run("run", write_suite(shell.folder), "--resume")
    assert (done.exit_code, "began a new one" in done.stderr) == (0, True)


def test_a_folder_that_was_never_made_a_run_is_not_in_the_way(shell):
    suite = write_suite(shell.folder)
    shell.run("run", suite)
    (run,) = shell.runs()
    (run.with_name("29990101T000000-small-ffff")).mkdir()
    assert shell.run("run", suite, "--resume").exit_code == 0
    assert len(shell.runs()) == 2
