"""A long run through faults of every kind: every planned sample once, the errors that were played, memory flat.

`EVALSLO_SOAK=50000` makes it as long as it should be before a release; the suite has a short one.
"""

import asyncio
import json
import os
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from evalslo.model.sample import ErrorClass
from evalslo.store.run_folder import read_samples
from tests.support.fault_server import ModelServer, answer_to, words_of
from tests.support.faults import FAULTS
from tests.support.soaking import RETRIES
from tests.support.suites import rows, write_suite

ROOT = Path(__file__).parents[2]
CALLS = int(os.environ.get("EVALSLO_SOAK", "1500"))
CONCURRENCY = 64
FAULTY = 0.05
FLAT_BYTES = 16_000_000
"""Kept keys and a busy heap may take so much more for the second half; 25,000 kept samples would take several times that."""

E = ErrorClass
PLAYED = {
    "status_500": (20, E.SERVER, True),
    "status_503": (20, E.SERVER, True),
    "rate_limit": (20, E.RATE_LIMIT, True),
    "rst_before_head": (20, E.RESET, True),
    "fin_before_head": (20, E.RESET, True),
    "rst_in_body": (20, E.RESET, True),
    "fin_in_body": (20, E.RESET, True),
    "error_with_200": (10, E.SERVER, True),
    "stall_in_body": (1, E.IDLE_TIMEOUT, True),
    "status_400": (10, E.CLIENT, False),
    "redirect": (10, E.CLIENT, False),
    "html": (10, E.MALFORMED, False),
    "cut_json": (10, E.MALFORMED, False),
    "bad_chunk": (10, E.MALFORMED, False),
    "bad_event": (10, E.MALFORMED, False),
    "empty": (10, E.EMPTY, False),
    "filtered": (10, E.FILTERED, False),
    "endless_body": (1, E.TOO_LARGE, False),
    "close_told": (10, None, False),
    "comments_between": (10, None, False),
    "reasoning": (10, None, False),
}
CURSED, EVERY = "status_503", 500
"""One question of so many is never answered, however often it is asked."""


def script(question):
    if question.number % EVERY == 7:
        return CURSED, FAULTS[CURSED]
    draw = random.Random(f"soak/{question.number}/{question.attempt}")
    if draw.random() >= FAULTY:
        return None
    (fault,) = draw.choices(list(PLAYED), weights=[weight for weight, _, _ in PLAYED.values()])
    return fault, FAULTS[fault]


def fate(fault):
    """The class of the fault (None: an answer), and whether it is tried again."""
    return (None, False) if fault == "" else PLAYED[fault][1:]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_long_run_through_faults_keeps_every_sample_once_and_nothing_else(stream, tmp_path):
    with ModelServer(script) as server:
        told = await soaked(tmp_path, server, stream=stream)
        await asyncio.sleep(0.1)
        assert (server.open_now, server.strange) == (0, [])
    attempts = defaultdict(list)
    for played in sorted(server.played, key=lambda one: one.question.attempt):
        attempts[played.question.number].append(played.fault)
    samples = list(read_samples(Path(told["folder"]) / "samples.jsonl"))
    assert sorted(sample.query_id for sample in samples) == [f"q{i:04}" for i in sorted(attempts, key="q{:04}".format)]
    assert len(samples) == CALLS
    wrong = [
        (number, found, wanted)
        for number, found, wanted in ((int(one.query_id[1:]), said(one), should(attempts, one)) for one in samples)
        if found != wanted
    ]
    assert not wrong, f"{len(wrong)} samples, the first of them: {wrong[:5]}"
    classes = Counter(kind.value for kind in (fate(faults[-1])[0] for faults in attempts.values()) if kind is not None)
    assert told["errors"] == dict(classes)
    assert told["errors"]["server"] >= CALLS // EVERY
    assert told["calls"] == len(server.played)
    assert (told["left_descriptors"], told["left_tasks"]) == (0, 0)
    half, end = told["resident"]["half"], told["resident"]["end"]
    assert half is None or end - half < FLAT_BYTES
    sys.stdout.write(f"\nsoak of {CALLS} calls, stream={stream}: {told}\n")


def said(sample):
    error, usage = sample.response.error, sample.response.usage
    if error is not None:
        return sample.attempts, error.kind
    return sample.attempts, sample.response.answer, usage.prompt_tokens, usage.completion_tokens


def should(attempts, sample):
    """What the sample must be by what the server played to its question."""
    number = int(sample.query_id[1:])
    faults = attempts[number]
    kind, again = fate(faults[-1])
    if not all(fate(fault)[1] for fault in faults[:-1]):
        return f"tried again though that could not help: {faults}"
    if again and len(faults) <= RETRIES:
        return f"not tried again though that could help: {faults}"
    if kind is not None:
        return len(faults), kind
    return len(faults), answer_to(number), len(["Question", "0?"]), len(words_of(number))


async def soaked(folder, server, *, stream):
    """What the process of the run says of itself; its errors are the test's."""
    endpoint = {"kind": "openai", "base_url": f"{server.url}/v1", "model": "m", "stream": stream}
    suite = write_suite(folder, app=None, golden=rows(CALLS), objectives=["errors <= 50%"], endpoint=endpoint)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error::ResourceWarning", "-m", "tests.support.soaking", str(suite), str(CONCURRENCY)),
        cwd=ROOT,
        env=os.environ | {"EVALSLO_HOME": str(folder / "home")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    return json.loads(out)
