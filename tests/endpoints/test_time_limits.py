"""The four limits of an attempt: each cuts off what it is for, says which it was and how to raise it."""

import asyncio
import socket
import time

import pytest

from evalslo.model.sample import ErrorClass, Request
from evalslo.model.suite import Timeouts
from tests.support.loopback import DONE, ROLE, FaultServer, completion, delta, reply_json, reply_stream

LOOPS = [asyncio.run]
try:
    import uvloop
except ImportError:
    pass
else:
    LOOPS.append(uvloop.run)

STREAM = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
STOP = delta(finish_reason="stop")


def after(pieces, *, then):
    """A stream of `pieces`, and then what `then` does with the open connection."""

    async def play(exchange):
        await exchange.send_head(headers=STREAM)
        for piece in pieces:
            await exchange.send_chunk(piece)
        await then(exchange)

    return play


async def stall(exchange):
    await exchange.stall()


async def drip(exchange):
    while True:
        await exchange.send_chunk(b": ping\n\n")
        await asyncio.sleep(0.01)


async def drip_bytes_of_a_head(exchange):
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1_000:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.01)


async def stall_in_body(exchange):
    await exchange.send_head(headers={"Content-Length": "100", "Content-Type": "application/json"})
    await exchange.send(b'{"choices": ')
    await exchange.stall()


async def stall_before_body(exchange):
    await exchange.send_head(headers={"Content-Length": "100", "Content-Type": "application/json"})
    await exchange.stall()


TEXT = (ROLE, delta(content="half"))


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize(
    ("behaviour", "timeouts", "kind", "option"),
    [
        (stall, Timeouts(total_s=0.1), ErrorClass.TIMEOUT, "limits.timeout "),
        (drip_bytes_of_a_head, Timeouts(total_s=0.1), ErrorClass.TIMEOUT, "limits.timeout "),
        (after(TEXT, then=drip), Timeouts(total_s=0.1), ErrorClass.TIMEOUT, "limits.timeout "),
        (stall, Timeouts(first_token_s=0.1), ErrorClass.FIRST_TOKEN_TIMEOUT, "limits.first_token_timeout "),
        (
            after((), then=drip),
            Timeouts(first_token_s=0.1),
            ErrorClass.FIRST_TOKEN_TIMEOUT,
            "limits.first_token_timeout ",
        ),
        (
            after((ROLE,), then=stall),
            Timeouts(first_token_s=0.1),
            ErrorClass.FIRST_TOKEN_TIMEOUT,
            "limits.first_token_timeout ",
        ),
        (
            stall_before_body,
            Timeouts(first_token_s=0.1),
            ErrorClass.FIRST_TOKEN_TIMEOUT,
            "limits.first_token_timeout ",
        ),
        (after(TEXT, then=stall), Timeouts(idle_s=0.1), ErrorClass.IDLE_TIMEOUT, "limits.idle_timeout "),
        (stall_in_body, Timeouts(idle_s=0.1), ErrorClass.IDLE_TIMEOUT, "limits.idle_timeout "),
    ],
)
def test_a_limit_cuts_off_and_says_which_it_was_and_how_to_raise_it(ask, run, behaviour, timeouts, kind, option):
    async def call():
        async with FaultServer(behaviour) as server:
            return await ask(server.url, timeouts=timeouts)

    error = run(call()).error
    assert (error.kind, error.retryable) == (kind, True)
    assert f"within 0.1 s; raise {option}if that is too short" in error.message


@pytest.mark.parametrize("first", [delta(content="x"), delta(reasoning="hm"), delta(tool_calls=[{"index": 0}])])
async def test_after_the_first_token_its_limit_is_no_more(ask, first):
    pieces = (ROLE, first, 0.4, delta(content="y"), STOP, DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url, timeouts=Timeouts(first_token_s=0.3))
    assert response.error is None
    assert response.latency_s >= 0.39


async def test_before_the_first_byte_nothing_is_idle_and_bytes_that_keep_coming_are_not(ask):
    pieces = (ROLE, 0.12, delta(content="x"), 0.12, b": ping\n\n", 0.12, delta(content="y"), STOP, DONE)

    async def late(exchange):
        await asyncio.sleep(0.4)
        await reply_stream(*pieces)(exchange)

    async with FaultServer(late) as server:
        response = await ask(server.url, timeouts=Timeouts(idle_s=0.3))
    assert (response.answer, response.error) == ("xy", None)


async def test_a_limit_holds_for_each_call_over_a_kept_connection(opened):
    behaviours = (reply_json(completion("x")), reply_json(completion("x")), stall)
    async with FaultServer(*behaviours) as server:
        endpoint = opened("openai", base_url=server.url, model="m", timeouts=Timeouts(total_s=0.4))
        async with endpoint:
            kinds = []
            for _ in range(3):
                response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
                kinds.append(response.error and response.error.kind)
                await asyncio.sleep(0.25)
    assert kinds == [None, None, ErrorClass.TIMEOUT]


async def test_an_error_page_that_does_not_end_keeps_its_status(ask):
    async def half_a_page(exchange):
        await exchange.send_head(429, headers={"Content-Length": "1000", "Retry-After": "7"})
        await exchange.send(b"slow down")
        await exchange.stall()

    async with FaultServer(half_a_page) as server:
        response = await ask(server.url, timeouts=Timeouts(total_s=0.1))
    assert (response.error.kind, response.error.retry_after_s) == (ErrorClass.RATE_LIMIT, 7.0)


@pytest.mark.parametrize("run", LOOPS)
def test_a_server_that_takes_no_connection_is_a_connect_timeout(ask, run):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            response = run(ask(f"http://127.0.0.1:{address[1]}", timeouts=Timeouts(connect_s=0.1, total_s=5.0)))
        finally:
            for one in waiting:
                one.close()
    assert (response.error.kind, response.error.retryable) == (ErrorClass.CONNECT_TIMEOUT, True)
    assert response.error.message == (
        f"no connection to 127.0.0.1:{address[1]} within 0.1 s; raise limits.connect_timeout if that is too short"
    )


async def test_a_handshake_that_does_not_end_is_a_connect_timeout(ask):
    async def say_nothing(reader, writer):
        try:
            await reader.read(-1)
        finally:
            writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        response = await ask(f"https://{host}", timeouts=Timeouts(connect_s=0.1))
    assert (response.error.kind, response.error.retryable) == (ErrorClass.CONNECT_TIMEOUT, True)
    assert response.error.message == (
        f"connected to {host}, but TLS was not agreed on within 0.1 s; is this an http:// port?"
        "; raise limits.connect_timeout if that is too short"
    )


async def test_the_limit_of_an_attempt_holds_while_it_connects_too(ask):
    async def say_nothing(reader, writer):
        try:
            await reader.read(-1)
        finally:
            writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        response = await asyncio.wait_for(ask(url, timeouts=Timeouts(total_s=0.1, connect_s=60.0)), 10)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TIMEOUT, True)
    assert "within 0.1 s; raise limits.timeout if" in response.error.message


async def test_the_limit_of_an_attempt_counts_from_before_its_connection(ask, monkeypatch):
    resolve = socket.getaddrinfo

    def slow(*args, **kwargs):
        time.sleep(0.4)
        return resolve(*args, **kwargs)

    async def answer_late(exchange):
        await asyncio.sleep(0.4)
        await reply_json(completion("x"))(exchange)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    async with FaultServer(answer_late) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        late = await ask(url, timeouts=Timeouts(total_s=0.6))
        in_time = await ask(url, timeouts=Timeouts(total_s=30.0))
    assert len(server.requests) == 2
    assert late.error.kind is ErrorClass.TIMEOUT
    assert (in_time.answer, in_time.latency_s < 0.8) == ("x", True)


async def test_a_proxy_that_says_nothing_is_a_connect_timeout(ask):
    async with FaultServer(stall) as proxy:
        response = await ask(
            "https://model.example", environ={"HTTPS_PROXY": proxy.url}, timeouts=Timeouts(connect_s=0.1)
        )
    assert response.error.kind is ErrorClass.CONNECT_TIMEOUT


APP = """
import asyncio
async def late(query):
    yield ""
    await asyncio.sleep(5)
async def idle(query):
    yield "a"
    await asyncio.sleep(5)
async def its_own(query):
    yield "a"
    raise TimeoutError("the database")
"""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("late", ErrorClass.FIRST_TOKEN_TIMEOUT),
        ("idle", ErrorClass.IDLE_TIMEOUT),
        ("its_own", ErrorClass.EXCEPTION),
    ],
)
async def test_a_python_stream_has_the_same_limits(opened, tmp_path, name, kind):
    (tmp_path / "limited.py").write_text(APP)
    timeouts = Timeouts(first_token_s=0.1, idle_s=0.1)
    async with opened("python", target=f"limited.py:{name}", timeouts=timeouts) as endpoint:
        response = await endpoint.call(Request(query_id="q", fields={"query": "?"}))
    assert response.error.kind is kind
