"""Two processes on one run: one of them is refused with a word, and nothing of them is mixed."""

import asyncio
import json
from collections import Counter
from pathlib import Path

from evalslo.store.run_folder import RunFolder, hold_run
from tests.support.processes import Forker
from tests.support.suites import rows, write_suite

SLOW = """
import asyncio
async def answer(query):
    with open("asked", "a") as file:
        file.write(query["id"] + "\\n")
    await asyncio.sleep(0.03)
    return "Paris"
"""
LIMITS = {"concurrency": 4}


def suite_in(folder: Path) -> str:
    return str(write_suite(folder, app=SLOW, golden=rows(30), repeats=2, limits=LIMITS))


def asked(folder: Path) -> Counter[str]:
    path = folder / "asked"
    return Counter(path.read_text().split()) if path.exists() else Counter()


async def until_asked(folder: Path, number: int) -> None:
    async with asyncio.timeout(60):
        while asked(folder).total() < number:
            await asyncio.sleep(0.005)


def samples(run: Path) -> Counter[tuple[str, int]]:
    lines = (run / "samples.jsonl").read_bytes().splitlines()
    return Counter((row["query_id"], row["repeat"]) for row in map(json.loads, lines))


async def test_of_two_that_go_on_with_one_run_one_is_refused(tmp_path):
    suite, home = suite_in(tmp_path), str(tmp_path / "home")
    async with Forker(tmp_path) as forker:
        begun = await forker.start("run", suite, "--quiet", EVALSLO_HOME=home)
        await until_asked(tmp_path, 10)
        late = await (await forker.start("run", suite, "--resume", EVALSLO_HOME=home)).ended()
        assert late.exit_code == 4
        assert "another process is writing to this run; wait for it to end" in late.err
        assert (await begun.ended()).exit_code == 0
    (run,) = (tmp_path / "home" / "runs").iterdir()
    assert len(samples(run)) == 60
    assert set(samples(run).values()) == {1}
    assert asked(tmp_path) == Counter({f"q{number:04}": 2 for number in range(30)})


async def test_two_new_runs_at_once_are_two_runs(tmp_path):
    suite, home = suite_in(tmp_path), str(tmp_path / "home")
    async with Forker(tmp_path) as forker:
        both = [await forker.start("run", suite, "--quiet", EVALSLO_HOME=home) for _ in range(2)]
        assert [(await one.ended()).exit_code for one in both] == [0, 0]
    runs = list((tmp_path / "home" / "runs").iterdir())
    assert [len(samples(run)) for run in runs] == [60, 60]
    assert all(set(samples(run).values()) == {1} for run in runs)


async def test_a_run_that_another_process_holds_can_be_read_and_not_written(tmp_path):
    suite, home = suite_in(tmp_path), tmp_path / "home"
    async with Forker(tmp_path) as forker:
        assert (await (await forker.start("run", suite, "-q", EVALSLO_HOME=str(home))).ended()).exit_code == 0
        (run,) = (home / "runs").iterdir()
        kept = {path.name: path.read_bytes() for path in run.iterdir()}
        with hold_run(RunFolder(run)):
            verbs = (["gate", "latest"], ["report", "latest"], ["run", suite, "--resume"])
            begun = [await forker.start(*verb, EVALSLO_HOME=str(home)) for verb in verbs]
            gated, reported, late = [await one.ended() for one in begun]
        assert (gated.exit_code, reported.exit_code, late.exit_code) == (0, 0, 4)
        assert "another process is writing to this run" in late.err
        assert {path.name: path.read_bytes() for path in run.iterdir()} == kept
