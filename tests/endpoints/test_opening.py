import subprocess
import sys

import pytest

from evalslo.endpoints.open import KINDS
from evalslo.endpoints.options import expand
from evalslo.errors import UsageError
from evalslo.model.golden import Context
from evalslo.model.sample import CallError, ErrorClass, Request, Response, Sample, Usage

HEAVY = ("httptools", "aiohappyeyeballs", "jinja2", "jmespath", "asyncio", "ssl")


def test_the_room_costs_nothing_until_an_endpoint_is_opened():
    code = f"import sys, evalslo.endpoints.open; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "1"),
        ("x${A}y${B}", "x1y2"),
        ("${C:-http://127.0.0.1:8080/v1}", "http://127.0.0.1:8080/v1"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY}", ""),
        ("${A:-d}", "1"),
        ("${C:-}", ""),
        ("$A {A} ${not a name}", "$A {A} ${not a name}"),
        ("${A}{{ query }}", "1{{ query }}"),
    ],
)
def test_variables_are_expanded(text, expanded):
    assert expand(text, {"A": "1", "B": "2", "EMPTY": ""}) == expanded


def test_an_expanded_value_is_not_expanded_again():
    assert expand("${A}", {"A": "${B}", "B": "secret"}) == "${B}"


def test_an_unset_variable_is_named_with_its_place_and_the_way_to_mend_it(opened):
    with pytest.raises(UsageError) as raised:
        opened("openai", base_url="${NO_SUCH_URL}/v1", model="m")
    assert str(raised.value) == (
        "endpoint.base_url: ${NO_SUCH_URL} is not set; set it, or write ${NO_SUCH_URL:-a default}"
    )


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("openia", {}, "endpoint.kind: unknown kind 'openia'; known: http, openai, python, recorded"),
        ("openai", {"model": "m"}, "endpoint.base_url: missing; write the server's address"),
        ("openai", {"base_url": "http://h"}, "endpoint.model: missing"),
        ("openai", {"base_url": "h:80", "model": "m"}, "endpoint.base_url: not an address"),
        ("openai", {"base_url": "http://h", "model": "m", "params": {"stream": True}}, "endpoint.params.stream"),
        ("openai", {"base_url": "http://h", "model": "${M}", "environ": {"M": " "}}, "model: found an empty text"),
        ("openai", {"base_url": "${U}", "model": "m", "environ": {"U": ""}}, "base_url: found an empty text"),
        (
            "openai",
            {"base_url": "http://h", "model": "m", "prompt": "${P}", "environ": {"P": ""}},
            "prompt: found an empty text, wanted a jinja2 template",
        ),
        (
            "openai",
            {"base_url": "http://h", "model": "m", "headers": {"X-Team": "${T}"}, "environ": {"T": "a\nb"}},
            "endpoint.headers.X-Team: it has characters that no HTTP header can carry",
        ),
        ("openai", {"base_url": "http://h", "model": "m", "prompt": "a\n{% if %}"}, "endpoint.prompt, line 2: "),
        (
            "openai",
            {"base_url": "http://h", "model": "m", "prompt": "{% include 'x' %}"},
            "include, import and extends",
        ),
        ("openai", {"base_url": "http://h", "model": "m", "headers_env": {"X": "N"}}, "endpoint.headers_env.X"),
        ("http", {}, "endpoint.url: missing"),
        ("http", {"url": "http://h"}, "endpoint.body: missing"),
        ("http", {"url": "http://h", "body": {"q": "a"}}, "endpoint.read: missing"),
        ("python", {}, "endpoint.target: missing"),
        ("recorded", {}, "endpoint.path: missing"),
    ],
)
def test_a_fault_in_the_options_is_a_usage_error_with_its_place(opened, kind, options, said):
    with pytest.raises(UsageError) as raised:
        opened(kind, **options)
    assert said in str(raised.value)


def test_every_known_kind_is_opened_by_its_name():
    assert KINDS == ("http", "openai", "python", "recorded")


def sample(query_id, repeat, **said):
    response = Response(**said)
    return Sample(query_id=query_id, repeat=repeat, response=response, attempts=1, started_at="2026-01-06T10:00:00Z")


async def test_a_recording_answers_by_query_and_repeat_with_the_timing_of_then(opened, tmp_path):
    failed = CallError(kind=ErrorClass.SERVER, message="HTTP 500", status=500)
    kept = [
        sample("q1", 0, answer="a", latency_s=1.5, ttft_s=0.5, gaps_s=(0.1,)),
        sample("q1", 1, answer="b", latency_s=2.5),
        sample("q2", 0, error=failed),
    ]
    read = []

    def samples(path):
        read.append(path)
        return kept

    async with opened("recorded", path="runs/${RUN}/samples.jsonl", environ={"RUN": "r1"}, samples=samples) as endpoint:
        responses = [await endpoint.call(Request(query_id=q, repeat=r)) for q, r in (("q1", 0), ("q1", 1), ("q2", 0))]
        absent = await endpoint.call(Request(query_id="q\x1b9", repeat=3))
    assert read == [tmp_path / "runs/r1/samples.jsonl"]
    assert [response.answer for response in responses] == ["a", "b", None]
    assert responses[2].error == failed
    assert (responses[0].latency_s, responses[0].ttft_s, responses[0].gaps_s) == (1.5, 0.5, (0.1,))
    assert {response.timing for response in (*responses, absent)} == {"recorded"}
    assert (absent.error.kind, absent.error.retryable) == (ErrorClass.NOT_RECORDED, False)
    assert "repeat 3" in absent.error.message
    assert absent.error.message.isprintable()


@pytest.fixture
def recording_of(opened):
    return lambda *kept: opened("recorded", path="s.jsonl", samples=lambda path: kept).fingerprint()


def test_the_fingerprint_of_a_recording_is_that_of_its_answers_in_any_order(recording_of):
    one, two = sample("q", 0, answer="a"), sample("q", 1, answer="\ud83c")
    assert recording_of(one, two) == recording_of(two, one)
    assert recording_of(one, two) != recording_of(one)


@pytest.mark.parametrize(
    "changed",
    [
        {"answer": "c"},
        {"contexts": (Context(id="d", text="t"),)},
        {"latency_s": 2.0},
        {"ttft_s": 0.5},
        {"gaps_s": (0.2,)},
        {"usage": Usage(prompt_tokens=2)},
        {"cost_usd": 1.0},
        {"model": "n"},
        {"finish_reason": "length"},
        {"answer": None, "error": CallError(kind=ErrorClass.SERVER, message="HTTP 500")},
    ],
)
def test_the_fingerprint_of_a_recording_changes_with_anything_that_it_answers(recording_of, changed):
    usual = {"answer": "a", "latency_s": 1.0, "ttft_s": 0.1, "usage": Usage(prompt_tokens=1), "model": "m"}
    assert recording_of(sample("q", 0, **usual)) != recording_of(sample("q", 0, **usual | changed))
