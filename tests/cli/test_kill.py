"""SIGKILL at any moment of a run, again and again: every planned sample is there once, and none is paid for twice.

`EVALSLO_KILLS=200 pytest tests/cli/test_kill.py` kills 200 times and says what it did.
"""

import asyncio
import json
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from evalslo.store.codec import decode_manifest, decode_sample
from tests.support.loopback import completion, read_request
from tests.support.processes import Ended, Forker, Running
from tests.support.suites import rows, write_suite

KILLS = int(os.environ.get("EVALSLO_KILLS", "12"))
SEED = int(os.environ.get("EVALSLO_KILL_SEED", "20261123"))
QUERIES, REPEATS, CONCURRENCY = 30, 4, 6
PLANNED = QUERIES * REPEATS
Moment = Literal["before the first call", "while collecting", "while scoring", "in a finished run"]
Key = tuple[str, int]


class CountingServer:
    """Answers after a moment, and counts how often each golden query and repeat was asked."""

    def __init__(self, moments: random.Random) -> None:
        self.asked: Counter[Key] = Counter()
        self.url = ""
        self._moments = moments
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "CountingServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                body = (await read_request(reader)).json()
                question = body["messages"][-1]["content"]
                self.asked[f"q{int(question.removeprefix('Question ').removesuffix('?')):04}", body["seed"]] += 1
                await asyncio.sleep(self._moments.uniform(0.001, 0.012))
                answer = json.dumps(completion("Paris")).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(head.encode() + answer)
                await writer.drain()
        writer.close()

    def forget(self) -> None:
        """Counts from nothing: another run begins."""
        self.asked.clear()

    async def until_asked(self, number: int) -> None:
        async with asyncio.timeout(60):
            while self.asked.total() < number:
                await asyncio.sleep(0.0005)


@dataclass
class Story:
    """What the kills did to one run after the other."""

    landed: Counter[Moment] = field(default_factory=Counter)
    too_late: int = 0
    runs: int = 0
    asked: int = 0
    twice: int = 0


class Victim:
    """One run that is killed until it is finished, and what was in its log when it was."""

    def __init__(self, folder: Path, forker: Forker, server: CountingServer, moments: random.Random) -> None:
        self.folder, self.forker, self.server, self.random = folder, forker, server, moments
        params = {"seed": 0}
        endpoint = {"kind": "openai", "base_url": server.url, "model": "m", "stream": False, "params": params}
        limits = {"concurrency": CONCURRENCY}
        self.suite = write_suite(
            folder, app=None, golden=rows(QUERIES), repeats=REPEATS, endpoint=endpoint, limits=limits
        )
        self.kept: set[Key] = set()
        self.asked_when_kept: dict[Key, int] = {}
        self.kills = 0

    async def start(self) -> Running:
        return await self.forker.start(
            "run", str(self.suite), "--resume", "--quiet", EVALSLO_HOME=str(self.folder / "home")
        )

    async def killed_at(self, moment: Moment) -> bool:
        """Whether a process was killed at this moment; False: it had ended before."""
        running = await self.start()
        await self._until(moment, running)
        running.send(signal.SIGKILL)
        landed = (await running.ended()).exit_code == -signal.SIGKILL
        self.kills += landed
        await asyncio.sleep(0.002)  # what was on its way to the server counts as asked
        self.look()
        return landed

    async def _until(self, moment: Moment, running: Running) -> None:
        if moment == "before the first call":
            await asyncio.sleep(self.random.uniform(0, 0.03))
        elif moment == "while collecting":
            left = PLANNED - len(self.kept)
            number = self.server.asked.total() + self.random.randint(1, max(1, left // 3))
            asking = asyncio.ensure_future(self.server.until_asked(number))
            over = asyncio.ensure_future(running.ended())
            await asyncio.wait((asking, over), return_when=asyncio.FIRST_COMPLETED)
            asking.cancel()
            await asyncio.sleep(self.random.uniform(0, 0.008))
        elif moment == "while scoring":
            while not running.is_over and not self._is_collected():
                await asyncio.sleep(0.0005)
            await asyncio.sleep(self.random.uniform(0, 0.02))
        else:
            await asyncio.sleep(self.random.uniform(0, 0.15))

    def _is_collected(self) -> bool:
        return any(decode_manifest(path.read_bytes()).state == "finished" for path in self._manifests())

    def _manifests(self) -> list[Path]:
        return list(self.folder.glob("home/runs/*/manifest.json"))

    def log(self) -> bytes:
        logs = list(self.folder.glob("home/runs/*/samples.jsonl"))
        assert len(logs) <= 1, "a run that was killed goes on; no other one begins"
        return logs[0].read_bytes() if logs else b""

    def look(self) -> None:
        """Holds what must be true after every kill: whole records, each once, and nothing kept is asked again or lost."""
        whole, _, _ = self.log().rpartition(b"\n")
        samples = [decode_sample(line) for line in whole.splitlines()]
        keys = [(sample.query_id, sample.repeat) for sample in samples]
        assert len(set(keys)) == len(keys), "a sample is in the log twice"
        assert set(keys) >= self.kept, "a sample that was in the log is not in it any more"
        assert all(sample.response.answer == "Paris" for sample in samples)
        again = {key for key, number in self.asked_when_kept.items() if self.server.asked[key] != number}
        assert not again, "what was in the log was asked again"
        self.asked_when_kept |= {key: self.server.asked[key] for key in keys if key not in self.kept}
        self.kept = set(keys)

    async def finish(self) -> Ended:
        running = await self.start()
        ended = await running.ended()
        self.look()
        return ended


def check_finished(victim: Victim, ended: Ended) -> None:
    assert ended.exit_code == 0, ended
    assert victim.kept == {(f"q{n:04}", repeat) for n in range(QUERIES) for repeat in range(REPEATS)}
    assert victim.log().count(b"\n") == PLANNED
    asked = victim.server.asked
    assert PLANNED <= asked.total() <= PLANNED + victim.kills * CONCURRENCY
    assert max(asked.values()) <= 1 + victim.kills
    (run,) = (path.parent for path in victim._manifests())
    assert decode_manifest((run / "manifest.json").read_bytes()).state == "finished"
    scores = [json.loads(line) for line in (run / "scores.jsonl").read_bytes().splitlines()]
    assert len(scores) == PLANNED
    assert json.loads((run / "scorecard.json").read_bytes())["verdict"] == "pass"


async def be_killed(victim: Victim, story: Story, *, most: int) -> None:
    """Kills one run until it is finished, then while it scores and when it is gated again; at most `most` times."""
    early: list[Moment] = ["before the first call", "while collecting"]
    plan = victim.random.choices(early, weights=(1, 2), k=victim.random.randint(3, 8))
    for moment in [*plan, "while scoring", "in a finished run"]:
        if victim.kills == most:
            return
        was_whole, before = len(victim.kept) == PLANNED, victim.server.asked.total()
        landed = await victim.killed_at(moment)
        assert not was_whole or victim.server.asked.total() == before, "a run that is whole asks nothing"
        story.landed[moment] += landed
        story.too_late += not landed


async def test_a_run_killed_at_random_moments_has_every_sample_once_and_pays_for_none_twice(tmp_path, capsys):
    moments = random.Random(SEED)
    story = Story()
    async with CountingServer(moments) as server, Forker(tmp_path) as forker:
        while story.landed.total() < KILLS:
            victim = Victim(tmp_path / str(story.runs), forker, server, moments)
            await be_killed(victim, story, most=KILLS - story.landed.total())
            check_finished(victim, await victim.finish())
            story.runs += 1
            story.asked += server.asked.total()
            story.twice += sum(number > 1 for number in server.asked.values())
            server.forget()
    assert story.landed.total() == KILLS
    assert set(story.landed) >= {"before the first call", "while collecting"}
    if "EVALSLO_KILLS" in os.environ:
        with capsys.disabled():
            print(f"\n{tell(story)}")  # noqa: T201 - asked for


def tell(story: Story) -> str:
    moments = ", ".join(f"{number} {moment}" for moment, number in sorted(story.landed.items()))
    return (
        f"{story.landed.total()} kills of {story.runs} runs ({moments}); {story.too_late} came after the end. "
        f"{story.runs * PLANNED} samples planned, each there once; {story.asked} calls asked, {story.twice} of them again "
        f"because they were in flight"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_that_ends_the_process_leaves_a_run_that_goes_on(tmp_path, number):
    moments = random.Random(number)
    async with CountingServer(moments) as server, Forker(tmp_path) as forker:
        victim = Victim(tmp_path, forker, server, moments)
        running = await victim.start()
        await server.until_asked(20)
        running.send(number)
        ended: Any = await running.ended()
        assert ended.exit_code != 0
        victim.kills += 1
        victim.look()
        assert 0 < len(victim.kept) < PLANNED
        check_finished(victim, await victim.finish())
