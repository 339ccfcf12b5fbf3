"""Connections: kept between calls, dropped when they are of no use, and never a reason to ask twice."""

import asyncio
import socket

import pytest

from evalslo.model.sample import ErrorClass, Request
from tests.support.loopback import DONE, FaultServer, completion, delta, reply, reply_json, reply_stream

LOOPS = [asyncio.run]
try:
    import uvloop
except ImportError:
    pass
else:
    LOOPS.append(uvloop.run)

QUESTION = Request(query_id="q", fields={"query": "?"})
STOP = delta(finish_reason="stop")
ANSWER = reply_json(completion("x"))
BODY = b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}'


def raw(head, *, body=BODY, close=False, rest=b""):
    """A response whose bytes are exactly these; `%d` in the head is the body's length."""

    async def play(exchange):
        await exchange.send(head.replace(b"%d", b"%d" % len(body)).replace(b"\n", b"\r\n") + b"\r\n" + body + rest)
        if close:
            exchange.writer.close()

    return play


async def answers(opened, server, number):
    async with opened("openai", base_url=server.url, model="m") as endpoint:
        return [await endpoint.call(QUESTION) for _ in range(number)]


@pytest.mark.parametrize("run", LOOPS)
def test_calls_one_after_the_other_share_a_connection_and_calls_at_once_have_one_each(opened, run):
    async def calls():
        async with (
            FaultServer(reply_stream(delta(content="x"), STOP, DONE)) as server,
            opened("openai", base_url=server.url, model="m") as endpoint,
        ):
            counts = []
            for at_once in (1, 1, 20, 20):
                responses = await asyncio.gather(*(endpoint.call(QUESTION) for _ in range(at_once)))
                assert [response.answer for response in responses] == ["x"] * at_once
                counts.append(server.connections)
            return counts

    assert run(calls()) == [1, 1, 20, 20]


@pytest.mark.parametrize("run", LOOPS)
def test_hundreds_of_calls_at_once_are_all_answered(opened, run):
    async def calls():
        async with (
            FaultServer(ANSWER) as server,
            opened("openai", base_url=server.url, model="m") as endpoint,
        ):
            return await asyncio.gather(*(endpoint.call(QUESTION) for _ in range(300)))

    assert [response.answer for response in run(calls())] == ["x"] * 300


@pytest.mark.parametrize("run", LOOPS)
def test_a_connection_that_the_server_closed_while_it_was_idle_fails_no_call(opened, run):
    async def answer_and_close(exchange):
        await ANSWER(exchange)
        exchange.writer.close()

    async def calls():
        async with FaultServer(answer_and_close) as server:
            return await answers(opened, server, 5), server

    responses, server = run(calls())
    assert [response.answer for response in responses] == ["x"] * 5
    assert (len(server.requests), server.connections) == (5, 5)


async def test_what_a_server_says_to_an_idle_connection_is_no_answer_to_the_next_call(opened):
    async def answer_and_give_up(exchange):
        await ANSWER(exchange)
        await asyncio.sleep(0.02)
        await exchange.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    async with (
        FaultServer(answer_and_give_up, ANSWER) as server,
        opened("openai", base_url=server.url, model="m") as endpoint,
    ):
        first = await endpoint.call(QUESTION)
        await asyncio.sleep(0.06)
        second = await endpoint.call(QUESTION)
    assert (first.answer, second.answer) == ("x", "x")
    assert server.connections == 2


@pytest.mark.parametrize(
    ("behaviour", "connections"),
    [
        (raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n"), 1),
        (raw(b"HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: %d\n"), 1),
        (raw(b"HTTP/1.1 200 OK\nConnection: close\nContent-Length: %d\n"), 3),
        (raw(b"HTTP/1.0 200 OK\nContent-Length: %d\n"), 3),
        (raw(b"HTTP/1.1 200 OK\n", close=True), 3),
        (raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n", rest=b"and more"), 3),
        (raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n", rest=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 3),
        (
            raw(b"HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: x\n\nHTTP/1.1 200 OK\nContent-Length: %d\n"),
            1,
        ),
    ],
)
async def test_a_connection_is_kept_where_the_response_leaves_it_usable(opened, behaviour, connections):
    async with FaultServer(behaviour) as server:
        responses = await answers(opened, server, 3)
    assert [response.answer for response in responses] == ["x"] * 3
    assert server.connections == connections


async def test_a_body_that_ends_before_its_stated_length_is_a_reset(opened):
    async with FaultServer(raw(b"HTTP/1.1 200 OK\nContent-Length: 1000\n", close=True)) as server:
        (response,) = await answers(opened, server, 1)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.RESET, True)
    assert "in the midst of its response" in response.error.message


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\nConnection: upgrade\n", "HTTP 101"),
        (b"HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\nContent-Length: -1\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked\n", "not HTTP"),
        (b"HTTP/9.9 200 OK\n", "not HTTP"),
        (b"\x00\xff\x00", "not HTTP"),
    ],
)
async def test_a_head_that_cannot_be_framed_is_malformed(opened, head, said):
    async with FaultServer(raw(head)) as server:
        (response,) = await answers(opened, server, 1)
    assert response.error.kind is ErrorClass.MALFORMED
    assert said in response.error.message


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_ends_with_its_head(opened, status):
    async with FaultServer(raw(b"HTTP/1.1 %d X\n" % status, body=b"")) as server:
        (response,) = await answers(opened, server, 1)
    assert response.error.kind is (ErrorClass.MALFORMED if status == 204 else ErrorClass.CLIENT)


async def test_of_a_stream_that_said_done_and_does_not_end_the_answer_is_kept_and_the_connection_dropped(opened):
    async def done_and_stall(exchange):
        await exchange.send_head(headers={"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        await exchange.send_chunk(delta(content="say [DONE]"))
        await exchange.send_chunk(b"data: [DO")
        await exchange.send_chunk(b"NE]\n\n")
        await exchange.stall()

    async with FaultServer(done_and_stall) as server:
        responses = await answers(opened, server, 2)
    assert [response.answer for response in responses] == ["say [DONE]"] * 2
    assert server.connections == 2


async def test_an_answer_that_speaks_of_done_is_read_to_its_end(opened):
    pieces = (delta(content="data: [DONE]\n\n"), 0.4, delta(content="not yet"), STOP, DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        (response,) = await answers(opened, server, 1)
    assert response.answer == "data: [DONE]\n\nnot yet"


async def test_closing_an_endpoint_closes_its_connections(opened):
    gone = asyncio.Event()

    async def answer_and_wait(exchange):
        await ANSWER(exchange)
        await exchange.stall()
        gone.set()

    async with FaultServer(answer_and_wait) as server:
        await answers(opened, server, 1)
        await asyncio.wait_for(gone.wait(), 2)


async def test_many_calls_ask_for_an_address_once(opened, monkeypatch):
    asked = []
    resolve = socket.getaddrinfo

    def count(name, *args, **kwargs):
        asked.append(name)
        return resolve(name, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", count)
    async with FaultServer(ANSWER) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        async with opened("openai", base_url=url, model="m") as endpoint:
            responses = await asyncio.gather(*(endpoint.call(QUESTION) for _ in range(10)))
    assert [response.answer for response in responses] == ["x"] * 10
    assert asked == ["localhost"]


async def test_the_request_is_one_that_every_server_reads(opened):
    async with FaultServer(ANSWER) as server:
        url = f"{server.url}/a b/ü%20?key=a/b&x=é#part"
        options = {"base_url": url, "model": "m", "headers": {"user-agent": "mine", "X-Team": "a"}}
        async with opened("openai", **options) as endpoint:
            await endpoint.call(Request(query_id="q", fields={"query": "grün 🎯"}))
    request = server.requests[0]
    assert request.target == "/a%20b/%C3%BC%20/chat/completions?key=a/b&x=%C3%A9"
    assert request.headers["host"] == server.url.removeprefix("http://")
    assert (request.headers["user-agent"], request.headers["x-team"]) == ("mine", "a")
    assert request.headers["accept-encoding"] == "identity"
    assert int(request.headers["content-length"]) == len(request.body)
    assert request.json()["messages"] == [{"role": "user", "content": "grün 🎯"}]


@pytest.mark.parametrize("value", ["\ud83c", 2**70])
async def test_what_json_can_say_at_all_is_sent(opened, value):
    async with FaultServer(ANSWER) as server, opened("openai", base_url=server.url, model="m") as endpoint:
        response = await endpoint.call(Request(query_id="q", fields={"messages": [{"content": value}]}))
    assert response.answer == "x"
    assert server.requests[0].json()["messages"] == [{"content": value}]


async def test_a_limit_of_the_server_is_counted_by_host_and_key(opened):
    def quota(**options):
        return opened("openai", **{"base_url": "http://h/v1", "model": "m", "api_key_env": "A"} | options).quota

    environ = {"A": "key-1", "B": "key-2"}
    same = [quota(environ=environ), quota(environ=environ, model="n", headers={"X-Run": "2"})]
    others = [
        quota(environ=environ, api_key_env="B"),
        quota(environ=environ, base_url="http://i/v1"),
        quota(environ=environ, base_url="http://h:81/v1"),
        quota(environ=environ, base_url="http://h/v1?key=${B}"),
    ]
    assert len(set(same)) == 1
    assert len({*same, *others}) == 5
    assert "key-1" not in same[0]


async def test_an_empty_error_page_says_so(opened):
    async with FaultServer(reply(status=500)) as server:
        (response,) = await answers(opened, server, 1)
    assert response.error.message == "HTTP 500: no body"
