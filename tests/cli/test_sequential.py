"""`evalslo run --sequential`: it stops when every critical objective is decided, and never on another path's luck."""

import json

import pytest

from tests.support.suites import PERFECT, WRONG, rows, write_suite

EIGHT_IN_NINE = "def answer(query):\n    return 'London' if int(query['id'][1:]) % 9 == 0 else 'Paris'\n"
SLOWLY_WRONG = """
import asyncio
async def answer(query):
    if int(query["id"][1:]) % 2:
        await asyncio.sleep(0.02)
        return "London"
    return "Paris"
"""


def golden(number=300, **more):
    return rows(number, **more)


def grouped(number, size):
    return [row | {"group": f"g{i // size}"} for i, row in enumerate(rows(number))]


def ended(shell):
    return shell.scorecard()["sequential"]


@pytest.mark.parametrize(("app", "exit_code"), [(PERFECT, 0), (WRONG, 1)])
def test_a_clear_case_stops_early_and_says_what_it_saved(shell, app, exit_code):
    suite = write_suite(shell.folder, app=app, golden=golden(), limits={"concurrency": 1})
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == exit_code, done.stdout + done.stderr
    card = shell.scorecard()
    sequential, (row,) = card["sequential"], card["objectives"]
    assert sequential["horizon"] == 300
    assert sequential["stopped_at"] < 60
    assert sequential["calls_saved"] == 300 - card["usage"]["calls"]
    assert sequential["calls_saved"] >= 240
    assert row["method"] == "beta-mixture"
    assert row["n"] == row["planned"] == sequential["stopped_at"]
    assert row["lower"] <= row["estimate"] <= row["upper"]
    assert f"sequential: {sequential['stopped_at']} of 300 queries" in " ".join(done.stdout.split())


def test_an_undecided_run_goes_to_the_horizon_and_takes_the_exact_look(shell):
    suite = write_suite(shell.folder, app=EIGHT_IN_NINE, golden=golden(200))
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 3, done.stdout
    (row,) = shell.scorecard()["objectives"]
    assert ended(shell)["stopped_at"] == 200
    assert ended(shell)["calls_saved"] == 0
    assert row["method"] == "beta-mixture+clopper-pearson"
    assert row["needed"] is None
    assert row["p_pass"] <= 1


def test_gating_the_kept_run_again_gives_the_same_bytes(shell):
    suite = write_suite(shell.folder, golden=golden(), repeats=2)
    shell.run("run", suite, "--sequential")
    (run,) = shell.runs()
    before = (run / "scorecard.json").read_bytes()
    shell.run("gate", run, "-o", shell.folder / "again.json")
    again, first = json.loads((shell.folder / "again.json").read_text()), json.loads(before)
    assert again == first


def test_the_order_is_drawn_anew_recorded_and_can_be_given(shell):
    suite = write_suite(shell.folder, golden=golden(100))
    for _ in range(2):
        shell.run("run", suite, "--sequential")
    shell.run("run", suite, "--sequential", "--seed", 7)
    seeds = [json.loads((run / "manifest.json").read_text())["order_seed"] for run in shell.runs()]
    assert len(set(seeds)) == 3
    assert 7 in seeds


def test_answers_count_in_planned_order_however_fast_they_come(shell):
    """Wrong answers are slow: a verdict on what has come so far would see the right ones only, and pass."""
    suite = write_suite(shell.folder, app=SLOWLY_WRONG, golden=golden(200), limits={"concurrency": 16})
    done = shell.run("run", suite, "--sequential", "--seed", 7)  # how many it takes hangs on the order drawn
    assert done.exit_code == 1, done.stdout
    assert ended(shell)["stopped_at"] < 100


def test_a_group_counts_when_it_is_whole(shell):
    suite = write_suite(shell.folder, golden=grouped(300, 3), objectives=["contains >= 80%"], limits={"concurrency": 1})
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 0, done.stdout
    (row,) = shell.scorecard()["objectives"]
    assert row["method"] == "bet-mixture"
    assert row["n"] == 3 * row["clusters"] < 300


def test_a_run_that_was_stopped_goes_on_where_it_was(shell):
    stopping = """
import os, pathlib, signal
def answer(query):
    with open("calls", "a") as calls:
        calls.write(query["id"] + "\\n")
    if len(pathlib.Path("calls").read_text().split()) == 10:
        os.kill(os.getpid(), signal.SIGINT)
    return "Paris"
"""
    suite = write_suite(shell.folder, app=stopping, golden=golden(), limits={"concurrency": 1})
    first = shell.run("run", suite, "--sequential")
    assert first.exit_code == 4, first.stdout
    assert "--resume" in first.stdout
    assert "more queries" not in first.stdout
    assert ended(shell)["calls_saved"] == 0
    done = shell.run("run", suite, "--sequential", "--resume")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert len(shell.runs()) == 1
    calls = (shell.folder / "calls").read_text().split()
    assert len(calls) == len(set(calls)) == ended(shell)["stopped_at"]
    again = shell.run("run", suite, "--sequential", "--resume")
    assert again.exit_code == 0
    assert len((shell.folder / "calls").read_text().split()) == len(calls)


def test_a_fixed_run_is_not_gone_on_with_sequentially(shell):
    suite = write_suite(shell.folder, golden=golden(100))
    shell.run("run", suite)
    done = shell.run("run", suite, "--sequential", "--resume")
    assert done.exit_code == 2
    assert "its size was fixed" in done.stderr


def test_a_sequential_run_goes_on_as_one_without_being_told(shell):
    suite = write_suite(shell.folder, golden=golden())
    shell.run("run", suite, "--sequential")
    done = shell.run("run", suite, "--resume")
    assert done.exit_code == 0, done.stderr
    assert len(shell.runs()) == 1
    assert ended(shell)["stopped_at"] < 60


def test_a_kept_sequential_run_is_not_gated_for_its_golden_set_alone(shell):
    shell.run("run", write_suite(shell.folder, golden=golden()), "--sequential")
    finite = write_suite(shell.folder / "other", golden=golden(), gate={"population": "finite"})
    done = shell.run("gate", "latest", "--suite", finite)
    assert done.exit_code == 2
    assert "finite has no sequential test" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sequential", "--limit", "10"], "takes no limit"),
        (["--seed", "3"], "add --sequential"),
        (["--fail-fast"], "add --sequential"),
        (["--sequential", "--resume", "--seed", "3"], "keeps its order"),
    ],
)
def test_options_that_contradict_one_another_are_told(shell, arguments, says):
    done = shell.run("run", write_suite(shell.folder), *arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert not shell.runs()


def test_what_only_a_fixed_run_could_pass_is_refused_before_a_call(shell):
    """29 perfect answers pass 90 % at alpha .05; the last look of a sequential run has half of that."""
    suite = write_suite(shell.folder, golden=golden(30))
    assert shell.run("check", suite).exit_code == 0
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 2
    assert "at least 36" in " ".join(done.stderr.split())
    assert not shell.runs()


def test_a_finite_population_has_no_sequential_test(shell):
    suite = write_suite(shell.folder, golden=golden(100), gate={"population": "finite"})
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 2
    assert "finite" in done.stderr


def test_soft_objectives_are_shown_and_do_not_keep_it_going(shell):
    hard = {"objective": "contains:hard >= 89%", "critical": False}
    suite = write_suite(
        shell.folder,
        app=EIGHT_IN_NINE,
        golden=golden(),
        objectives=["errors <= 10%", hard],
        slis={"contains:hard": {"text": "Paris"}},
        limits={"concurrency": 1},
    )
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 0, done.stdout + done.stderr
    assert ended(shell)["stopped_at"] < 60
    soft = shell.scorecard()["objectives"][1]
    assert (soft["verdict"], soft["n"]) == ("inconclusive", ended(shell)["stopped_at"])


def test_each_slice_is_decided_on_its_own_queries(shell):
    app = "def answer(query):\n    return 'Paris' if query['language'] == 'fr' else 'London'\n"
    both = [row | {"language": "fr" if i % 2 else "de"} for i, row in enumerate(rows(300))]
    sliced = {"objective": "contains >= 80%", "per": "language"}
    suite = write_suite(shell.folder, app=app, golden=both, objectives=[sliced], limits={"concurrency": 1})
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 1, done.stdout
    german, french = shell.scorecard()["objectives"]
    assert (german["id"], german["verdict"], german["estimate"]) == ("contains[language=de]", "fail", 0.0)
    assert (french["id"], french["verdict"], french["estimate"]) == ("contains[language=fr]", "pass", 1.0)


def test_a_quantile_is_shown_without_the_bounds_of_a_fixed_run(shell):
    suite = write_suite(shell.folder, golden=golden(), objectives=["latency p80 <= 30s"], limits={"concurrency": 1})
    done = shell.run("run", suite, "--sequential")
    assert done.exit_code == 0, done.stdout
    (row,) = shell.scorecard()["objectives"]
    assert row["quantile"]["estimate"] is not None
    assert row["quantile"]["lower"] is row["quantile"]["upper"] is None
    assert "p80" in done.stdout


def test_fail_fast_ends_at_the_first_confirmed_miss(shell):
    """The other objective would need a hundred answers more."""
    suite = write_suite(
        shell.folder,
        app=WRONG,
        golden=golden(),
        objectives=["contains >= 90%", "errors <= 5%"],
        limits={"concurrency": 1},
    )
    patient = shell.run("run", suite, "--sequential", "--seed", 1)
    all_in = ended(shell)["stopped_at"]
    hasty = shell.run("run", suite, "--sequential", "--fail-fast", "--seed", 1)
    assert patient.exit_code == hasty.exit_code == 1
    assert ended(shell)["stopped_at"] < 10 < all_in
    assert [row["verdict"] for row in shell.scorecard()["objectives"]] == ["fail", "inconclusive"]
