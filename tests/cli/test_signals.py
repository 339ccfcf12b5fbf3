"""Ctrl-C and kill, on a real process: what was answered is kept, and `--resume` pays for nothing twice."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.suites import write_suite

ROOT = Path(__file__).parents[2]
SLOW = """
import asyncio
async def answer(query):
    with open("asked", "a") as file:
        file.write(query["id"] + "\\n")
    await asyncio.sleep(0.05)
    return "Paris"
"""


class Process:
    """`evalslo run` of a slow suite, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = folder / "small_app.py"
        self.suite = write_suite(folder, app=SLOW, repeats=3, limits={"concurrency": 2})

    async def start(self, *more: str, stderr_read: bool = True) -> asyncio.subprocess.Process:
        """Without `stderr_read` standard error is a pipe that nobody reads."""
        reading, writing = os.pipe()
        os.close(reading)
        environ = os.environ | {"EVALSLO_HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT)}
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "evalslo",
                "run",
                str(self.suite),
                *more,
                cwd=self.folder,
                env=environ,
                stdout=asyncio.subprocess.PIPE if stderr_read else asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE if stderr_read else writing,
            )
        finally:
            os.close(writing)

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().split() if path.exists() else []

    async def until_asked(self, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.asked()) < number:
                await asyncio.sleep(0.01)

    async def until_finished(self) -> None:
        """Until all calls are made; scoring comes after that."""
        async with asyncio.timeout(60):
            while not any(
                '"state": "finished"' in path.read_text() for path in self.folder.glob("home/runs/*/manifest.json")
            ):
                await asyncio.sleep(0.05)

    def manifest(self) -> dict[str, Any]:
        (path,) = (self.folder / "home" / "runs").glob("*/manifest.json")
        return json.loads(path.read_text())

    def samples(self) -> Counter[tuple[str, int]]:
        (log,) = (self.folder / "home" / "runs").glob("*/samples.jsonl")
        whole = [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return Counter((row["query_id"], row["repeat"]) for row in map(json.loads, whole))


@pytest.fixture
def process(tmp_path):
    return Process(tmp_path)


async def finish(process: Process) -> None:
    """`--resume` completes the run with every planned sample exactly once."""
    done = await process.start("--resume")
    out, err = await done.communicate()
    assert done.returncode == 0, (out, err)
    samples = process.samples()
    assert len(samples) == 120
    assert set(samples.values()) == {1}


@pytest.mark.parametrize(("sign", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
async def test_ctrl_c_once_finishes_the_calls_in_flight_and_exits_4(process, sign, name):
    running = await process.start()
    await process.until_asked(10)
    running.send_signal(sign)
    out, err = await running.communicate()
    assert running.returncode == 4
    assert f"stopped by {name}; run it again with --resume".encode() in b" ".join(out.split())
    assert b"stopping" in err
    assert f"{name} again to stop now".encode() in err
    assert process.manifest()["stopped"]["text"].startswith(f"stopped by {name};")
    assert process.samples().total() == len(process.asked()) < 120
    await finish(process)
    assert len(process.asked()) == 120


async def test_ctrl_c_twice_stops_now_and_exits_130(process):
    process.app.write_text(SLOW.replace("sleep(0.05)", "sleep(60 if len(open('asked').readlines()) > 10 else 0)"))
    running = await process.start()
    await process.until_asked(11)
    running.send_signal(signal.SIGINT)
    assert running.stderr is not None
    async with asyncio.timeout(60):
        while b"stopping" not in await running.stderr.readline():
            pass
    running.send_signal(signal.SIGINT)
    _, err = await running.communicate()
    assert running.returncode == 130, err
    assert b"Traceback" not in err, err.decode()
    assert b"--resume" in err
    assert process.samples().total() >= 9


async def test_kill_loses_at_most_the_calls_in_flight(process):
    running = await process.start()
    await process.until_asked(30)
    running.kill()
    await running.communicate()
    kept = process.samples().total()
    assert kept >= len(process.asked()) - 2
    await finish(process)
    assert len(process.asked()) <= 122


async def test_two_processes_on_one_run_are_refused(process):
    running = await process.start()
    await process.until_asked(5)
    second = await process.start("--resume")
    _, err = await second.communicate()
    assert second.returncode == 4
    assert b"another process" in err
    running.kill()
    await running.communicate()


STUCK = """
def answer(query):
    return "a" * 40 + "!"
"""


async def test_ctrl_c_twice_ends_scoring_too(tmp_path):
    process = Process(tmp_path)
    process.app.write_text(STUCK)
    text = process.suite.read_text().replace("contains >= 90%", "regex:stuck >= 90%")
    process.suite.write_text(text + "slis: {'regex:stuck': {pattern: '^(a+)+$'}}\n")
    running = await process.start()
    await process.until_finished()
    running.send_signal(signal.SIGINT)
    await asyncio.sleep(0.3)
    running.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        await running.communicate()
    assert running.returncode == 130


async def test_a_reader_that_goes_away_changes_no_verdict(tmp_path):
    write_suite(tmp_path)
    script = f"{sys.executable} -m evalslo run small.yaml 2>/dev/null | head -1; exit ${{PIPESTATUS[0]}}"
    environ = os.environ | {"EVALSLO_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    running = await asyncio.create_subprocess_exec("bash", "-c", script, cwd=tmp_path, env=environ)
    assert await running.wait() == 0


async def test_ctrl_c_between_suites_leaves_nothing_green(tmp_path):
    process = Process(tmp_path)
    write_suite(tmp_path, name="second")
    running = await process.start("second.yaml")
    await process.until_asked(10)
    running.send_signal(signal.SIGINT)
    _, err = await running.communicate()
    assert running.returncode == 4
    assert b"second: not begun" in err


@pytest.mark.parametrize(
    ("words", "exit_code"), [("run nowhere.yaml 2>&-", 2), ("run small.yaml 2>&-", 0), ("run small.yaml >&- 2>&-", 0)]
)
async def test_a_closed_stream_changes_no_exit_code(tmp_path, words, exit_code):
    write_suite(tmp_path)
    environ = os.environ | {"EVALSLO_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    script = f"{sys.executable} -m evalslo {words}"
    running = await asyncio.create_subprocess_exec("bash", "-c", script, cwd=tmp_path, env=environ)
    assert await running.wait() == exit_code


async def test_ctrl_c_with_nobody_reading_leaves_a_run_that_can_go_on(process):
    running = await process.start(stderr_read=False)
    await process.until_asked(10)
    running.send_signal(signal.SIGINT)
    await running.wait()
    assert running.returncode == 4
    await finish(process)
