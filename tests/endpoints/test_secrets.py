import hashlib
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


async def echo_target(exchange):
    await reply(exchange.request.target, status=404)(exchange)


@pytest.mark.parametrize("secret", ["path-secret-0123456789", "path secret/0123456789", "ünïcödë-secret"])
async def test_a_key_in_the_path_of_the_address_is_redacted(opened, secret):
    options = {"environ": {"SECRET_KEY": secret}, "body": {"q": "{{ query }}"}, "read": {"answer": "a"}}
    async with (
        FaultServer(echo_target) as server,
        opened("http", url=f"{server.url}/${{SECRET_KEY}}/ask", **options) as endpoint,
    ):
        response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert response.error.message == "HTTP 404 for /***/ask: /***/ask"


@pytest.mark.parametrize("secret", ["abcdefgh?ijklmnop", "abcdefgh#ijklmnop", "abcdefgh\tijklmnop"])
async def test_a_key_of_which_the_path_has_a_piece_only_is_told_in_no_piece(opened, secret):
    options = {"environ": {"SECRET_KEY": secret}, "body": {"q": "?"}, "read": {"answer": "a"}}
    async with (
        FaultServer(reply(status=404)) as server,
        opened("http", url=f"{server.url}/${{SECRET_KEY}}/ask", **options) as endpoint,
    ):
        response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert response.error.message == "HTTP 404: no body"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_key_env": "MY_KEY"}, "with the key of $MY_KEY"),
        ({"headers_env": {"X-Auth": "MY_KEY", "X-Tenant": "WHO"}}, "with the key of $MY_KEY, $WHO"),
        ({}, "no key was sent (endpoint.api_key_env)"),
        ({"headers": {"X-Tenant": "a"}}, "no key was sent (endpoint.api_key_env)"),
    ],
)
async def test_a_refusal_names_the_variable_of_the_key_and_never_its_value(ask, status, options, said):
    environ = {"MY_KEY": "sk-0123456789abcdef", "WHO": "tenant-0123456789"}
    async with FaultServer(reply("who are you?", status=status)) as server:
        response = await ask(server.url, environ=environ, **options)
    assert response.error.message == f"HTTP {status}, {said}: who are you?"


async def test_a_refusal_of_a_key_whose_variable_is_not_known_says_nothing_of_it(ask, opened):
    environ = {"MY_KEY": "sk-0123456789abcdef"}
    async with FaultServer(reply("who are you?", status=401)) as server:
        in_header = await ask(server.url, environ=environ, headers={"Authorization": "Token ${MY_KEY}"})
        async with opened("openai", base_url=f"{server.url}/v1?k=v", model="m") as endpoint:
            in_query = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert [response.error.message for response in (in_header, in_query)] == ["HTTP 401: who are you?"] * 2


async def test_of_an_address_in_a_variable_the_host_is_shown_and_the_path_is_not(opened):
    async with FaultServer(echo_target, reply(status=301, headers={"Location": "http://127.0.0.1/v2"})) as server:
        environ = {"URL": f"{server.url}/k-0123456789abcdef/v1", "HOST": server.url.removeprefix("http://")}
        for url in ("${URL}", "http://${HOST}/v1"):
            async with opened("openai", base_url=url, model="m", environ=environ) as endpoint:
                response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
            assert "0123456789" not in response.error.message
    assert "redirected to http://127.0.0.1/v2" in response.error.message
    async with opened("openai", base_url="http://${HOST}/v1", model="m", environ=environ) as endpoint:
        gone = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert gone.error.message.startswith(f"no connection to {environ['HOST']}: ")


async def test_a_variable_of_a_prompt_is_left_out_of_errors_and_stays_a_word_of_the_answer(ask):
    product = "The Handbook Assistant"
    options = {"environ": {"PRODUCT": product}, "system": "You are ${PRODUCT}."}
    async with FaultServer(reply(product, status=500), reply_json(completion(f"I am {product}."))) as server:
        error = (await ask(server.url, **options)).error
        answer = (await ask(server.url, **options)).answer
    assert error.message == "HTTP 500: ***"
    assert answer == "I am The Handbook Assistant."


async def test_the_name_of_the_model_is_no_secret(opened):
    environ = {"MODEL": "served-model"}
    options = {"model": "${MODEL}", "params": {"user": "${MODEL}"}, "environ": environ}
    async with (
        FaultServer(reply_json(completion("x"))) as server,
        opened("openai", base_url=server.url, **options) as endpoint,
    ):
        response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert response.model == "served-model"


def test_of_a_header_the_scheme_is_stripped_and_its_words_are_not_secrets():
    guard = redactor(["Bearer alpha beta"])
    assert guard.message("a bearer of alpha and beta") == "a bearer of alpha and beta"
    assert guard.message("got alpha beta, got Bearer alpha beta") == "got ***, got ***"


@pytest.mark.parametrize("secret", ["a", "EMPTY", "Bearer EMPTY", "1234567"])
def test_a_value_shorter_than_8_characters_is_a_word_and_no_secret(secret):
    assert redactor([secret]).message("EMPTY of a 1234567") == "EMPTY of a 1234567"


def test_a_secret_with_a_line_end_or_a_byte_that_is_not_utf8_is_found():
    guard = redactor(["secret\nkey", "tok-\udcff-en"])
    assert guard.message("got secret\nkey and tok-\udcff-en") == "got *** and ***"


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


@pytest.fixture
def recorded_with(opened):
    """The fingerprint of an endpoint that takes a variable everywhere, with some of the variables changed."""

    def fingerprint(**changed):
        environ = {"URL": "http://h/v1", "MODEL": "small", "TONE": "dry", "TEAM": "a", "KEY": "k-1"}
        environ |= {"TENANT": "t-1", "OTHER": "o-1", "MY_TOKEN": "o-2", "COOKIE": "o-3"}
        return opened(
            "openai",
            base_url="${URL}",
            model="served/${MODEL}",
            system="Be ${TONE}.",
            params={"user": "${USER_ID:-nobody}"},
            headers={"X-Team": "${TEAM}", "Authorization": "Token ${KEY}"},
            headers_env={
                "X-Tenant": "TENANT",
                "X-My-Token": "OTHER",
                "X-Team": "MY_TOKEN",
                "Cookie": "COOKIE",
                "X-Same": "KEY",
            },
            api_key_env="KEY",
            environ=environ | changed,
        ).fingerprint()

    return fingerprint


def test_the_fingerprint_has_the_model_expanded_and_short_digests_of_the_other_variables(recorded_with):
    recorded = recorded_with()
    assert (recorded["model"], recorded["base_url"]) == ("served/small", "${URL}")
    assert sorted(recorded["variables"]) == ["TEAM", "TENANT", "TONE", "URL"]
    assert recorded["variables"]["URL"] == f"sha256:{hashlib.sha256(b'http://h/v1').hexdigest()[:16]}"


@pytest.mark.parametrize("name", ["URL", "MODEL", "TONE", "TEAM", "USER_ID", "TENANT"])
def test_another_value_of_a_variable_is_another_fingerprint(recorded_with, name):
    assert recorded_with() == recorded_with()
    assert recorded_with() != recorded_with(**{name: "http://other/v1"})


@pytest.mark.parametrize("name", ["KEY", "OTHER", "MY_TOKEN", "COOKIE"])
def test_a_rotated_key_is_the_same_fingerprint(recorded_with, name):
    assert recorded_with() == recorded_with(**{name: "another"})


def test_an_empty_variable_with_a_default_is_the_same_as_none(recorded_with):
    assert recorded_with() == recorded_with(USER_ID="")


def test_a_target_and_a_path_are_recorded_expanded(opened, tmp_path):
    (tmp_path / "app.py").write_text("def f(query): return 'x'\n")
    environ = {"APP": "app", "RUN": "r1"}
    python = opened("python", target="${APP}.py:f", params={"a": "${RUN}"}, environ=environ).fingerprint()
    recording = opened("recorded", path="${RUN}/s.jsonl", environ=environ).fingerprint()
    assert (python["target"], list(python["variables"])) == ("app.py:f", ["RUN"])
    assert (recording["path"], "variables" in recording) == ("r1/s.jsonl", False)


def test_a_recorded_value_can_always_be_written_down(opened):
    environ = {"MODEL": "m-\udcff", "URL": "http://h/\udcff"}
    recorded = opened("openai", base_url="${URL}", model="${MODEL}", environ=environ).fingerprint()
    assert json.dumps(recorded, ensure_ascii=False).encode()


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
