"""`per:` from the suite file to the exit code, and the slices that a scorecard points at."""

import json

import pytest

import evalslo
from tests.support.suites import rows, write_suite

GERMAN_IS_WRONG = """\
def answer(query):
    wrong = query["language"] == "de" and int(query["id"][1:]) % 3 == 0
    return "London" if wrong else "Paris"
"""
PER_LANGUAGE = {"objective": "contains >= 80%", "per": "language"}


def golden(de=60, en=120, none=0):
    languages = ["de"] * de + ["en"] * en + [None] * none
    return [{**row, "language": name} for row, name in zip(rows(len(languages)), languages, strict=True)]


def told(text):
    return " ".join(text.split())


def sliced_suite(shell, *objectives, **more):
    return write_suite(
        shell.folder, app=GERMAN_IS_WRONG, golden=golden(**more), objectives=objectives or [PER_LANGUAGE]
    )


def test_one_slice_that_fails_fails_the_run_though_the_whole_would_pass(shell):
    whole = {"objective": "contains >= 80%", "id": "whole"}
    done = shell.run("run", sliced_suite(shell, whole, PER_LANGUAGE, none=7))
    assert done.exit_code == 1, done.stdout
    assert "7 of 187 golden queries have no 'language': in no slice of it" in told(done.stderr)
    card = shell.scorecard()
    by_id = {row["id"]: row for row in card["objectives"]}
    assert {name: row["verdict"] for name, row in by_id.items()} == {
        "whole": "pass",
        "contains[language=de]": "fail",
        "contains[language=en]": "pass",
    }
    of_de = by_id["contains[language=de]"]
    assert of_de["slice"] == {"tag": "language", "value": "de"}
    assert [of_de[key] for key in ("planned", "n", "good", "bad", "clusters")] == [60, 60, 40, 20, 60]
    assert (by_id["whole"]["slice"], by_id["whole"]["planned"]) == (None, 187)
    assert {one["objective"] for one in card["worst"]} <= {"contains[language=de]", "whole"}


def test_a_kept_run_is_gated_by_its_slices_again(shell):
    shell.run("run", sliced_suite(shell))
    before = shell.scorecard()
    done = shell.run("gate", "-o", shell.folder / "again.json")
    assert done.exit_code == 1
    assert json.loads((shell.folder / "again.json").read_text()) == before
    other = write_suite(
        shell.folder / "other", app=None, endpoint={"kind": "recorded", "path": "x"},
        objectives=["errors <= 5%", {"objective": "contains >= 50%", "per": "language"}],
    )  # fmt: skip
    done = shell.run("gate", "--suite", other)
    assert done.exit_code == 0, done.stdout
    assert "contains[language=de]" in done.stdout


def test_python_runs_slices_too(shell):
    suite = evalslo.load(sliced_suite(shell))
    assert [objective.per for objective in suite.objectives] == ["language"]
    kept = evalslo.run(suite)
    assert [row.objective.id for row in kept.scorecard.objectives] == [
        "contains[language=de]", "contains[language=en]",
    ]  # fmt: skip
    assert evalslo.gate(kept.folder).verdict == kept.scorecard.verdict == "fail"


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_slice_too_small_to_pass_is_refused_before_a_call(shell, verb):
    done = shell.run(verb, sliced_suite(shell, de=9))
    assert done.exit_code == 2
    assert "contains[language=de]: 'contains >= 80%' cannot pass: 9 golden queries are too few" in told(done.stderr)
    assert "language=en" not in done.stderr
    assert not shell.runs()


@pytest.mark.parametrize("verb", ["check", "run"])
def test_an_unknown_tag_and_other_faults_are_told_at_once(shell, verb):
    mistaken = {"objective": "contains >= 80%", "per": "langage"}
    done = shell.run(verb, sliced_suite(shell, mistaken, "errors <= 1%"))
    assert done.exit_code == 2
    words = told(done.stderr)
    assert "small.yaml:5: contains: per: no golden query has the tag 'langage'; did you mean 'language'?" in words
    assert "'errors <= 1%' cannot pass" in words
    assert not shell.runs()


def test_check_lists_each_slice_with_what_it_takes(shell):
    done = shell.run("check", sliced_suite(shell, none=1))
    assert done.exit_code == 0, done.stderr
    words = told(done.stdout)
    assert "contains[language=de]: contains >= 80% a PASS needs at most 6 bad of 60" in words
    assert "contains[language=en]: contains >= 80% a PASS needs at most 16 bad of 120" in words
    assert "1 of 181 golden queries has no 'language': in no slice of it" in told(done.stderr)


def test_a_slice_is_judged_by_its_own_groups(shell):
    grouped = [{**row, "group": f"g{number // 4}"} for number, row in enumerate(golden())]
    shell.run("run", write_suite(shell.folder, golden=grouped, objectives=[PER_LANGUAGE]))
    assert [(row["n"], row["clusters"]) for row in shell.scorecard()["objectives"]] == [(60, 15), (120, 30)]


def test_what_stands_out_is_pointed_at_and_changes_no_verdict(shell):
    done = shell.run("run", sliced_suite(shell, "contains >= 85%"))
    assert done.exit_code == 3
    card = shell.scorecard()
    assert [(one["value"], one["n"], one["stands_out"]) for one in card["slices"]] == [
        ("de", 60, True),
        ("en", 120, False),
    ]
    words = told(done.stdout)
    assert "contains: 20 of 20 bad answers are in slice language=de, which has 60 of 180 answers" in words
    assert "explored, not gated" in words
    assert "contains language=de 60 66.7 % 100.0 %" in words


def test_chance_is_not_pointed_at(shell):
    app = "def answer(query):\n    return 'London' if int(query['id'][1:]) % 7 == 0 else 'Paris'\n"
    done = shell.run("run", write_suite(shell.folder, app=app, golden=golden(), objectives=["contains >= 85%"]))
    assert done.exit_code == 3
    assert not any(one["stands_out"] for one in shell.scorecard()["slices"])
    assert "slice" not in done.stdout


def test_a_mean_says_how_far_the_slice_lies_from_the_rest(shell):
    done = shell.run("run", sliced_suite(shell, "token_f1 >= 0.95"))
    assert done.exit_code == 1
    assert "token_f1: slice language=de has 0.667, the rest 1" in told(done.stdout)
