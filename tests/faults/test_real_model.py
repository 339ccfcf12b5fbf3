"""The collector against a real model server: SmolLM2 in llama.cpp, where its weights and `xllamacpp` are at hand.

`EVALSLO_SMOLLM2` is the path of the GGUF file; `EVALSLO_XLLAMACPP_PYTHON` an interpreter that has xllamacpp (default: this).
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from msgspec.structs import replace

import evalslo
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import Concurrency, Limits, Timeouts
from evalslo.store.run_folder import read_samples
from tests.support.suites import write_suite

SERVE = Path(__file__).parents[2] / "fixtures" / "handbook" / "serve.py"
WEIGHTS = os.environ.get("EVALSLO_SMOLLM2", "")
PYTHON = os.environ.get("EVALSLO_XLLAMACPP_PYTHON", sys.executable)
PATIENCE_S = 120
NAME = "SmolLM2-135M-Instruct-Q4_1"
TOPICS = ("rain", "iron", "bread", "music", "chess", "trees", "salt", "glass", "wool", "maps")


def _missing() -> str | None:
    if not Path(WEIGHTS).is_file():
        return "EVALSLO_SMOLLM2 names no file of weights"
    found = subprocess.run([PYTHON, "-c", "import xllamacpp"], capture_output=True, check=False)
    return None if found.returncode == 0 else f"{PYTHON} has no xllamacpp"


if (missing := _missing()) is not None:
    pytest.skip(missing, allow_module_level=True)


class Model:
    """A running model server."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [PYTHON, str(SERVE), WEIGHTS, str(self.port), NAME]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the model server did not start"
            try:
                with urllib.request.urlopen(f"{self.url}/health"):  # noqa: S310 - the loopback
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        pytest.fail(f"the model server was not ready within {PATIENCE_S} s")

    def stream(self, text):
        """The events of one stream as a plain client reads them, [DONE] left out."""
        messages = [{"role": "user", "content": text}]
        body = {"messages": messages, "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 8}
        request = urllib.request.Request(  # noqa: S310 - the loopback
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - the loopback
            lines = [line.strip() for line in answer if line.strip()]
        assert lines[-1] == b"data: [DONE]"
        return [json.loads(line.removeprefix(b"data: ")) for line in lines[:-1]]


@pytest.fixture
def started():
    """Starts model servers, stopped at the end."""
    running = []

    def start():
        running.append(Model())
        running[-1].wait_until_ready()
        return running[-1]

    yield start
    for model in running:
        model.process.kill()
        model.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def model():
    running = Model()
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.process.kill()
        running.process.wait(PATIENCE_S)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a suite of one question a topic against a model server: its samples as they came, and its scorecard."""
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path / "home"))
    golden = [{"id": topic, "query": f"Say something short about {topic}.", "reference": [topic]} for topic in TOPICS]

    async def once(model, *, stream, on_progress=None, max_tokens=16, **limits):
        endpoint = {
            "kind": "openai",
            "base_url": f"{model.url}/v1",
            "model": NAME,
            "stream": stream,
            "params": {"temperature": 0, "max_tokens": max_tokens, "cache_prompt": False},
        }
        path = write_suite(tmp_path, app=None, golden=golden, objectives=["errors <= 90%"], endpoint=endpoint)
        suite = replace(evalslo.load(path), limits=Limits(**limits))
        kept = await evalslo.arun(suite, on_progress=on_progress)
        return list(read_samples(kept.folder / "samples.jsonl")), kept.scorecard

    return once


def at_once(number):
    return Concurrency(least=number, start=number, most=number)


def assert_all_answered(samples, card):
    """A second attempt may have been needed: this server closes kept connections without a word, now and then too late."""
    assert card.errors == {}
    assert len({sample.query_id for sample in samples}) == len(samples) == len(TOPICS)
    assert max(sample.attempts for sample in samples) <= 2


def test_the_server_is_as_the_client_expects_servers_to_be(model):
    """What the next tests rely on: a role frame with null content first, and usage without choices last."""
    first, *_, last = model.stream("Say something short about rain.")
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None}
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] > 0


async def test_a_stream_of_a_real_model_is_timed_and_counted(model, run):
    samples, card = await run(model, stream=True, concurrency=at_once(1), timeouts=Timeouts(total_s=PATIENCE_S))
    assert_all_answered(samples, card)
    for sample in samples:
        response = sample.response
        assert response.answer.strip()
        assert response.finish_reason in ("length", "stop")
        assert 0 < response.ttft_s < response.latency_s
        # a delta a token; the last token of an answer that came to its end is no text
        assert response.usage.completion_tokens - 2 <= len(response.gaps_s) + 1 <= response.usage.completion_tokens
        assert response.ttft_s + sum(response.gaps_s) <= response.latency_s + 1e-6
        assert response.usage.prompt_tokens > 5


async def test_four_at_once_wait_for_the_one_slot_and_are_all_answered(model, run):
    samples, card = await run(model, stream=True, concurrency=at_once(4), timeouts=Timeouts(total_s=PATIENCE_S))
    assert_all_answered(samples, card)
    first, later = samples[0].response, [sample.response.ttft_s for sample in samples[1:]]
    assert max(later) > first.ttft_s  # who waits for the slot waits for the first token


async def test_an_answer_that_is_not_streamed_has_no_first_token(model, run):
    samples, card = await run(model, stream=False, concurrency=at_once(2), timeouts=Timeouts(total_s=PATIENCE_S))
    assert_all_answered(samples, card)
    assert all(sample.response.ttft_s is None and sample.response.gaps_s == () for sample in samples)
    assert card.usage.completion_tokens == sum(sample.response.usage.completion_tokens for sample in samples)


async def test_a_model_that_is_too_slow_is_a_timeout(model, run):
    limits = {"concurrency": at_once(4), "retries": 0, "timeouts": Timeouts(total_s=0.3)}
    samples, card = await run(model, stream=True, max_tokens=400, **limits)
    assert len(samples) == len(TOPICS)
    assert set(card.errors) == {ErrorClass.TIMEOUT.value}
    assert card.exit_code == 4


@pytest.mark.parametrize("give_up_after", [0, 3])
async def test_a_server_that_dies_in_the_midst_breaks_calls_and_refuses_the_rest(give_up_after, started, run):
    model = started()

    def kill_after_two(progress):
        if progress.done >= 2 and model.process.poll() is None:
            model.process.kill()
            model.process.wait()

    samples, card = await run(
        model,
        stream=True,
        on_progress=kill_after_two,
        max_tokens=64,
        concurrency=at_once(2),
        retries=0,
        give_up_after=give_up_after,
        timeouts=Timeouts(total_s=PATIENCE_S),
    )
    assert len({(sample.query_id, sample.repeat) for sample in samples}) == len(samples)
    answered = sum(sample.response.answer is not None for sample in samples)
    assert 1 <= answered < len(samples)
    assert card.errors[ErrorClass.RESET.value] >= 1
    assert set(card.errors) == {ErrorClass.RESET.value, ErrorClass.REFUSED.value}
    if give_up_after:
        assert answered + give_up_after <= len(samples) <= answered + give_up_after + 1  # one was in flight
        assert (card.exit_code, card.reasons[0].code) == (4, "hopeless")
    else:
        assert len(samples) == len(TOPICS)
        assert card.exit_code in (1, 3)  # some calls were answered: what was missed is shown, or not yet
