import asyncio
import sys
import threading
from textwrap import dedent

import pytest

from evalslo.errors import UsageError
from evalslo.model.golden import Context, Message
from evalslo.model.sample import ErrorClass, Request, Usage
from evalslo.model.suite import Price

APP = """
import asyncio, functools, os, sys, threading, time

def plain(query): return "got " + query["query"]
async def waits(query):
    await asyncio.sleep(0)
    return {"answer": "A", "contexts": [{"id": 1, "text": "T", "score": 0.5}, {"id": "b"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2}, "cost_usd": 0.25, "model": "m-1", "finish_reason": "stop",
            "extra": object()}
async def streams(query):
    yield ""
    await asyncio.sleep(0.05)
    yield "one "
    yield {"contexts": [{"id": "a", "text": "T"}]}
    await asyncio.sleep(0.02)
    yield "two"
    yield {"usage": {"completion_tokens": 2}}
async def makes_stream(query): return streams(query)
def wraps(query): return waits(query)
class App:
    async def __call__(self, query): return threading.current_thread().name
    def method(self, query, *, k, tone="dry"): return f"{k} {tone} {threading.current_thread().name}"
app = App()
tuned = functools.partial(app.method, tone="warm")
def mutates(query):
    query["tags"]["lang"] = "xx"; query["contexts"].clear(); query.clear()
    return "done"
def keys(query): return ",".join(sorted(query)) + ":" + str(query.get("messages"))

def raises(query): raise ValueError("bad \\x1b[31m" + "x" * 999)
def leaks(query): raise RuntimeError("no access with " + query["key"])
def exits(query): sys.exit(3)
def times_out(query): raise TimeoutError("the database")
def stops(query): raise StopIteration("odd")
async def cancels(query): raise asyncio.CancelledError
async def raises_late(query):
    yield "half"
    raise KeyError("k")
class Unprintable(Exception):
    def __str__(self): raise RuntimeError
def unprintable(query): raise Unprintable
def hangs(query): time.sleep(30)
async def hangs_politely(query):
    yield "a"
    await asyncio.sleep(30)

def nothing(query): return None
def number(query): return 5
def generator(query): yield "x"
def no_answer(query): return {"text": "x"}
def null_answer(query): return {"answer": None}
def empty(query): return " "
def odd_contexts(query): return {"answer": "x", "contexts": ["text"]}
def odd_id(query): return {"answer": "x", "contexts": [{"text": "t"}]}
def odd_usage(query): return {"answer": "x", "usage": {"prompt_tokens": -1}}
def odd_cost(query): return {"answer": "x", "cost_usd": float("nan")}
def odd_model(query): return {"answer": "x", "model": 5}
async def odd_stream(query): yield b"bytes"
async def endless(query):
    while True:
        yield "x" * 1_000_000
def huge(query): return "x" * 10_000_001
value = 5
"""


@pytest.fixture
def app(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.fixture
def call(opened, app):
    async def once(name, *, request=None, **options):
        async with opened("python", target=f"app.py:{name}", **options) as endpoint:
            return await endpoint.call(request or Request(query_id="q", fields={"query": "hi"}))

    return once


async def test_a_returned_text_is_the_answer(call):
    response = await call("plain")
    assert (response.answer, response.error, response.contexts, response.usage) == ("got hi", None, None, None)
    assert response.latency_s > 0
    assert (response.ttft_s, response.gaps_s, response.timing) == (None, (), "live")


@pytest.mark.parametrize("name", ["waits", "wraps"])
async def test_a_returned_dict_says_the_rest_sync_or_async(call, name):
    response = await call(name, price=Price(prompt_per_mtok=1.0, completion_per_mtok=1.0))
    assert response.answer == "A"
    assert response.contexts == (Context(id="1", text="T", score=0.5), Context(id="b", text=""))
    assert response.usage == Usage(prompt_tokens=3, completion_tokens=2)
    assert (response.cost_usd, response.model, response.finish_reason) == (0.25, "m-1", "stop")


@pytest.mark.parametrize("name", ["streams", "makes_stream"])
async def test_a_stream_of_texts_has_a_first_token_and_gaps(call, name):
    response = await call(name)
    assert response.answer == "one two"
    assert response.contexts == (Context(id="a", text="T"),)
    assert response.usage == Usage(completion_tokens=2)
    assert 0.05 <= response.ttft_s <= response.latency_s
    assert len(response.gaps_s) == 1
    assert response.gaps_s[0] >= 0.02


async def test_params_are_keyword_arguments_and_a_sync_function_has_its_own_thread(call):
    assert (await call("app.method", params={"k": 3})).answer == "3 dry evalslo-target"
    assert (await call("tuned", params={"k": 3})).answer == "3 warm evalslo-target"
    assert (await call("app")).answer == threading.current_thread().name


async def test_the_function_cannot_change_the_golden_query(call):
    fields = {"query": "hi", "tags": {"lang": "de"}, "contexts": [Context(id="a", text="T")]}
    response = await call("mutates", request=Request(query_id="q", fields=fields))
    assert response.answer == "done"
    assert fields == {"query": "hi", "tags": {"lang": "de"}, "contexts": [Context(id="a", text="T")]}


async def test_ready_messages_are_among_the_fields(call):
    request = Request(query_id="q", fields={"query": "hi", "messages": (Message(role="user", content="c"),)})
    assert (await call("keys", request=request)).answer == "messages,query:[{'role': 'user', 'content': 'c'}]"


async def test_many_sync_calls_run_at_once(opened, tmp_path):
    (tmp_path / "meet.py").write_text(
        dedent("""
            import threading
            barrier = threading.Barrier(40)
            def meet(query):
                barrier.wait(timeout=10)
                return "met"
        """)
    )
    async with opened("python", target="meet.py:meet") as endpoint:
        responses = await asyncio.gather(*(endpoint.call(Request(query_id=str(at))) for at in range(40)))
    assert [response.answer for response in responses] == ["met"] * 40


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises", "ValueError: bad  [31mxxx"),
        ("exits", "SystemExit: 3"),
        ("times_out", "TimeoutError: the database"),
        ("stops", "StopIteration: odd"),
        ("cancels", "CancelledError"),
        ("raises_late", "KeyError: 'k'"),
        ("unprintable", "Unprintable: its message cannot be read"),
    ],
)
async def test_an_exception_is_an_error_with_its_type_and_bounded_message(call, name, said):
    response = await call(name)
    assert (response.answer, response.error.kind, response.error.retryable) == (None, ErrorClass.EXCEPTION, False)
    assert response.error.message.startswith(said)
    assert response.error.message.isprintable()
    assert len(response.error.message) <= 300


async def test_a_key_of_the_environment_is_taken_out_of_an_exception(call):
    key = "sk-0123456789abcdef"
    request = Request(query_id="q", fields={"key": key})
    response = await call("leaks", request=request, environ={"OPENAI_API_KEY": key, "HOME": "access"})
    assert response.error.message == "RuntimeError: no access with ***"


async def test_a_variable_that_is_not_utf8_does_not_stop_a_call(call):
    request = Request(query_id="q", fields={"key": "tok-\udcff-en"})
    environ = {"X_TOKEN": "tok-\udcff-en", "Y_TOKEN": "\ud800 half a pair"}
    response = await call("leaks", request=request, environ=environ)
    assert response.error.message == "RuntimeError: no access with ***"


async def test_an_async_function_that_does_not_return_is_a_timeout_and_may_be_tried_again(call):
    response = await call("hangs_politely", timeout_s=0.1)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TIMEOUT, True)


async def test_a_sync_function_that_does_not_return_is_not_tried_again_for_it_runs_on(call):
    response = await call("hangs", timeout_s=0.1)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TIMEOUT, False)
    assert "not tried again" in response.error.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "the function returned null, wanted a text, a dict with 'answer', or an async iterator"),
        ("number", "the function returned a number"),
        ("generator", "the function returned a generator"),
        ("no_answer", "a dict without 'answer'; its keys are: text"),
        ("null_answer", "'answer' is null"),
        ("odd_contexts", "contexts[0] is a text, wanted {id, text, score}"),
        ("odd_id", "contexts[0]: its id is null"),
        ("odd_usage", "usage['prompt_tokens'] is a number"),
        ("odd_cost", "'cost_usd' is a number, wanted a finite number >= 0"),
        ("odd_model", "'model' is a number"),
        ("odd_stream", "the stream gave a bytes"),
    ],
)
async def test_a_wrong_shape_is_malformed_and_says_what_was_found(call, name, said):
    response = await call(name)
    assert (response.answer, response.error.kind) == (None, ErrorClass.MALFORMED)
    assert said in response.error.message


@pytest.mark.parametrize(
    ("name", "kind"),
    [("empty", ErrorClass.EMPTY), ("huge", ErrorClass.TOO_LARGE), ("endless", ErrorClass.TOO_LARGE)],
)
async def test_an_empty_text_and_one_without_end_are_errors_of_their_class(call, name, kind):
    assert (await call(name)).error.kind is kind


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("app.py", "wanted package.module:function or path/to/file.py:function"),
        ("app.py:", "wanted package.module:function"),
        ("gone.py:f", "there is no file gone.py beside the suite"),
        ("app.py:plan", "app.py has no 'plan'; it has: App, "),
        ("app.py:value", "is a int, wanted a function"),
        ("no_such_package_x.y:f", "importing it failed: ModuleNotFoundError: No module named 'no_such_package_x'"),
        ("broken.py:f", "importing it failed: SyntaxError"),
        ("exits.py:f", "importing it failed: SystemExit"),
    ],
)
def test_a_target_that_cannot_be_imported_is_a_usage_error(opened, app, target, said):
    (app / "broken.py").write_text("def f(:\n")
    (app / "exits.py").write_text("raise SystemExit(1)\n")
    with pytest.raises(UsageError) as raised:
        opened("python", target=target)
    assert str(raised.value).startswith("endpoint.target")
    assert said in str(raised.value)


async def test_a_module_beside_the_suite_is_importable_and_hides_nothing(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "beside_the_suite.py").write_text("import json\ndef f(query): return json.__name__\n")
    (tmp_path / "json.py").write_text("raise RuntimeError\n")
    async with opened("python", target="beside_the_suite:f") as endpoint:
        response = await endpoint.call(Request(query_id="q"))
    assert response.answer == "json"


async def test_changed_code_is_loaded_anew_and_another_fingerprint(opened, tmp_path):
    file = tmp_path / "changing.py"
    answers, codes = [], []
    for text in ("one", "one", "two"):
        file.write_text(f"def f(query): return {text!r}\n")
        async with opened("python", target="changing.py:f") as endpoint:
            answers.append((await endpoint.call(Request(query_id="q"))).answer)
            codes.append(endpoint.fingerprint()["code"])
    assert answers == ["one", "one", "two"]
    assert codes[0] == codes[1] != codes[2]
