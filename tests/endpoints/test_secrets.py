import json

import pytest

from evalslo.endpoints.redact import redactor
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request
from tests.support.loopback import DONE, FaultServer, completion, delta, reply, reply_json, reply_stream

KEY = 'sk-live/0123"456789abcdef'
ENVIRON = {"SUPPORT_KEY": KEY, "TENANT_KEY": "tenant-7"}


async def echo_headers(exchange):
    said = json.dumps(dict(exchange.request.headers))
    await reply(said, status=401, headers={"Content-Type": "text/plain"})(exchange)


async def test_a_key_is_sent_as_a_header_and_never_stands_in_an_error(ask):
    async with FaultServer(echo_headers) as server:
        response = await ask(
            server.url, environ=ENVIRON, api_key_env="SUPPORT_KEY", headers_env={"X-Tenant": "TENANT_KEY"}
        )
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.requests[0].headers["x-tenant"] == "tenant-7"
    assert response.error.kind is ErrorClass.CLIENT
    assert "0123" not in response.error.message
    assert "tenant-7" not in response.error.message
    assert "***" in response.error.message


async def test_a_key_that_the_server_says_in_its_answer_is_not_kept(ask):
    async with FaultServer(
        reply_stream(delta(content=f"your key is {KEY[:9]}"), delta(content=KEY[9:]), DONE)
    ) as server:
        response = await ask(server.url, environ=ENVIRON, api_key_env="SUPPORT_KEY")
    assert response.answer == "your key is ***"


async def test_a_short_header_value_stays_a_word_of_the_answer(ask):
    async with FaultServer(reply_json(completion("tenant-7 is you"))) as server:
        response = await ask(server.url, environ=ENVIRON, headers_env={"X-Tenant": "TENANT_KEY"})
    assert response.answer == "tenant-7 is you"


async def test_a_key_in_the_query_or_in_an_open_header_is_redacted_too(opened):
    async def echo_all(exchange):
        said = f"{exchange.request.target} {exchange.request.headers['x-auth']}"
        await reply(said, status=500)(exchange)

    options = {
        "environ": {"Q": "query-secret", "H": "header-secret"},
        "headers": {"X-Auth": "Token ${H}"},
        "body": {"q": "{{ query }}"},
        "read": {"answer": "a"},
    }
    async with (
        FaultServer(echo_all) as server,
        opened("http", url=f"{server.url}/ask?key=${{Q}}", **options) as endpoint,
    ):
        response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert server.requests[0].target == "/ask?key=query-secret"
    assert server.requests[0].headers["x-auth"] == "Token header-secret"
    assert response.error.message == "HTTP 500: /ask?key=*** Token ***"


def test_a_secret_is_found_in_every_spelling_and_never_cut_in_half():
    guard = redactor([f"Bearer {KEY}"])
    padding = "x" * 290
    for spelling in (KEY, json.dumps(KEY)[1:-1], KEY.replace("/", "%2F").replace('"', "%22")):
        assert guard.message(f"got {spelling}!") == "got ***!"
        assert guard.message(f"{padding} {spelling}").endswith("***")


def test_the_guard_itself_does_not_print_what_it_guards():
    assert KEY not in repr(redactor([KEY]))


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "is not set or empty"),
        ({"SUPPORT_KEY": "  "}, "is not set or empty"),
        ({"SUPPORT_KEY": "a\nb"}, "no HTTP header"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_by_its_variable_only(opened, environ, said):
    with pytest.raises(UsageError, match=said) as raised:
        opened("openai", base_url="http://h/v1", model="m", api_key_env="SUPPORT_KEY", environ=environ)
    assert "SUPPORT_KEY" in str(raised.value)
    assert "a\nb" not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key_env": "sk-live-0123456789"},
        {"headers": {"Authorization": "Bearer sk-live-0123456789"}},
        {"base_url": "http://me:sk-live-0123456789@h/v1"},
    ],
)
def test_a_key_written_into_the_suite_is_a_fault_that_does_not_repeat_it(opened, options):
    with pytest.raises(UsageError, match=r"headers_env|does not belong into a suite") as raised:
        opened("openai", **{"base_url": "http://h/v1", "model": "m"} | options)
    assert "0123456789" not in str(raised.value)


def test_the_fingerprint_has_the_options_unexpanded_and_no_key(opened):
    endpoint = opened(
        "openai",
        base_url="${URL:-http://h/v1}",
        model="m",
        api_key_env="SUPPORT_KEY",
        headers={"X-Auth": "${SUPPORT_KEY}"},
        prompt="Hello {{ query }}",
        params={"seed": 1},
        environ={"SUPPORT_KEY": "sk-live-0123456789abcdef"},
    )
    said = json.dumps(endpoint.fingerprint())
    assert "0123456789" not in said
    assert endpoint.fingerprint()["base_url"] == "${URL:-http://h/v1}"
    assert endpoint.fingerprint()["prompt_digest"].startswith("sha256:")
    assert endpoint.fingerprint()["params"] == {"seed": 1}


def test_another_prompt_is_another_fingerprint(opened):
    one, same, other = (
        opened("openai", base_url="http://h", model="m", prompt=text).fingerprint() for text in ("a", "a", "b")
    )
    assert one == same
    assert one != other


def test_a_message_cut_from_a_long_text_shows_no_half_of_a_secret():
    guard = redactor([KEY])
    for shift in range(len(KEY)):
        said = guard.message("x" * shift + KEY * 2000)
        assert len(said) == 300
        assert set(said) <= set("x*…")
