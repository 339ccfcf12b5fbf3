"""The collector against a server that somebody else wrote: llmock, an OpenAI-compatible mock that injects faults.

Our own fault server could share a wrong idea with our client; this one cannot.
"""

import asyncio
import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter

import pytest
from msgspec.structs import replace

import evalslo
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import Concurrency, Limits, Timeouts
from evalslo.store.run_folder import read_samples
from tests.support.suites import rows, write_suite

if importlib.util.find_spec("llmock") is None:
    pytest.skip("llmock is not installed; it is a development dependency", allow_module_level=True)

QUERIES = 6
PATIENCE_S = 60
PATIENT, SHORT = Timeouts(total_s=20.0), Timeouts(total_s=0.5)
E = ErrorClass


class Mock:
    """A running llmock, with its doors for tests."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)

    def break_once(self, model, **behaviour):
        """The next call to this model meets this."""
        self.ask("/_llmock/scenario", {"behaviors": [behaviour | {"match": {"model": model}}]})

    def requests(self):
        return self.ask("/_llmock/requests")["requests"]


@pytest.fixture(scope="module")
def mock():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "llmock.cli", "serve", "--port", str(port), "--response-style", "echo", "--log-level", "error"]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        running = Mock(port)
        wait_until_ready(running, process)
        yield running
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def wait_until_ready(mock, process):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "llmock did not start"
        try:
            mock.ask("/health")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"llmock was not ready within {PATIENCE_S} s")


@pytest.fixture
def run(tmp_path, monkeypatch, mock):
    """Runs a suite against llmock: its samples in order of coming, and its scorecard."""
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path / "home"))
    endpoint = {"kind": "openai", "base_url": f"{mock.url}/v1", "model": "m"}
    path = write_suite(tmp_path, app=None, golden=rows(QUERIES), objectives=["errors <= 70%"], endpoint=endpoint)
    suite = evalslo.load(path)

    async def once(model, *, stream, retries=0, timeouts=PATIENT, concurrency=1):
        options = {**suite.endpoint.options, "model": model, "stream": stream}
        at_once = Concurrency(least=concurrency, start=concurrency, most=concurrency)
        limits = Limits(concurrency=at_once, retries=retries, timeouts=timeouts)
        kept = await evalslo.arun(
            replace(suite, name=model, endpoint=replace(suite.endpoint, options=options), limits=limits)
        )
        return list(read_samples(kept.folder / "samples.jsonl")), kept.scorecard

    return once


def question(sample):
    return f"Question {int(sample.query_id[1:])}?"


@pytest.mark.parametrize("stream", [True, False])
async def test_answers_and_usage_are_what_a_plain_client_reads(stream, run, mock):
    samples, card = await run(f"right-{stream}".lower(), stream=stream, concurrency=4)
    assert len({sample.query_id for sample in samples}) == QUERIES
    counted = 0
    for sample in samples:
        body = {"model": sample.response.model, "messages": [{"role": "user", "content": question(sample)}]}
        plain = mock.ask("/v1/chat/completions", body)
        assert sample.response.answer == plain["choices"][0]["message"]["content"]
        assert question(sample) in sample.response.answer
        usage = sample.response.usage
        assert usage.prompt_tokens == plain["usage"]["prompt_tokens"]
        assert usage.completion_tokens == plain["usage"]["completion_tokens"]
        counted += usage.completion_tokens
        assert sample.response.finish_reason == plain["choices"][0]["finish_reason"]
        times = sample.response
        assert (times.ttft_s is not None) is stream
        assert not stream or 0 < times.ttft_s <= times.latency_s
        assert len(times.gaps_s) == (len(times.answer.split()) - 1 if stream else 0)
    assert card.usage.completion_tokens == counted
    assert card.errors == {}


FAULTS = {
    "429": ({"type": "fail", "status": 429, "retry_after": 0.05}, E.RATE_LIMIT, True),
    "500": ({"type": "fail", "status": 500}, E.SERVER, True),
    "503": ({"type": "fail", "status": 503, "retry_after": 0}, E.SERVER, True),
    "529": ({"type": "fail", "status": 529}, E.SERVER, True),
    "400": ({"type": "fail", "status": 400}, E.CLIENT, False),
    "401": ({"type": "fail", "status": 401}, E.CLIENT, False),
    "too-long": ({"type": "fail", "status": 400, "code": "context_length_exceeded"}, E.CLIENT, False),
    "delay": ({"type": "delay", "seconds": 1}, E.TIMEOUT, True),
    "no-text": ({"type": "reply", "text": ""}, E.EMPTY, False),
    "filter": ({"type": "reply", "text": "half", "finish_reason": "content_filter"}, E.FILTERED, False),
}
STREAM_FAULTS = {
    "disconnect": ({"type": "stream_fault", "kind": "disconnect", "after_chunks": 3}, E.RESET, True),
    "disconnect-first": ({"type": "stream_fault", "kind": "disconnect", "after_chunks": 0}, E.RESET, True),
    "truncate": ({"type": "stream_fault", "kind": "truncate", "after_chunks": 3}, E.TRUNCATED, True),
    "malformed": ({"type": "stream_fault", "kind": "malformed", "after_chunks": 3}, E.MALFORMED, False),
    "stall": ({"type": "stream_fault", "kind": "stall", "after_chunks": 3, "stall_seconds": 1}, E.TIMEOUT, True),
    "slow-first": ({"type": "slow_first_token", "seconds": 1}, E.TIMEOUT, True),
}
CELLS = [
    *(
        (name, *fault, stream, retries)
        for name, fault in FAULTS.items()
        for stream in (True, False)
        for retries in (0, 1)
    ),
    *((name, *fault, True, retries) for name, fault in STREAM_FAULTS.items() for retries in (0, 1)),
]


async def test_an_injected_fault_has_its_class_and_is_tried_again_where_that_may_help(run, mock):
    turns = asyncio.Semaphore(8)

    async def wrong_in(name, behaviour, kind, retryable, stream, retries):
        model = f"{name}-{'stream' if stream else 'plain'}-{retries}"
        async with turns:
            await asyncio.to_thread(mock.break_once, model, **behaviour)
            samples, card = await run(model, stream=stream, retries=retries, timeouts=SHORT)
        again = retries > 0 and retryable
        first, *others = samples
        found = {
            "errors": (card.errors, {} if again else {kind.value: 1}),
            "attempts": (first.attempts, 1 + again),
            "answered": (first.response.answer is not None, again),
            "others": ([question(one) in str(one.response.answer) for one in others], [True] * (QUERIES - 1)),
        }
        return [f"{model}: {what}: found {at}, wanted {to}" for what, (at, to) in found.items() if at != to]

    found = [line for lines in await asyncio.gather(*(wrong_in(*cell) for cell in CELLS)) for line in lines]
    assert not found, "\n".join(found)
    attempts = Counter(one["model"] for one in await asyncio.to_thread(mock.requests))
    for name, _, _, retryable, stream, retries in CELLS:
        model = f"{name}-{'stream' if stream else 'plain'}-{retries}"
        assert attempts[model] == QUERIES + (retries > 0 and retryable), model


async def test_a_tool_call_is_an_answer(run, mock):
    call = {"name": "look_up", "arguments": {"city": "Paris"}}
    mock.break_once("tools", type="reply", tool_calls=[call])
    samples, card = await run("tools", stream=True)
    assert (samples[0].response.answer, samples[0].response.finish_reason) == ("", "tool_calls")
    assert samples[0].response.ttft_s is not None
    assert card.errors == {}


async def test_llmock_finds_nothing_in_our_client_to_blame(run, mock):
    """Its verdict looks at retries, waits and streams that were taken for whole."""
    mock.ask("/_llmock/reset", {})
    mock.break_once("judged", type="fail", status=429, retry_after=1, times=2)
    mock.break_once("judged", type="fail", status=503)
    mock.break_once("judged", type="fail", status=404)
    mock.break_once("judged", type="stream_fault", kind="truncate", after_chunks=2)
    mock.break_once("judged", type="stream_fault", kind="disconnect", after_chunks=2)
    samples, _ = await run("judged", stream=True, retries=4)
    verdict = mock.ask("/_llmock/verdict")
    assert verdict["passed"], verdict
    assert len(samples) == QUERIES
    assert sum(sample.attempts for sample in samples) > QUERIES
