import asyncio

import pytest

from evalslo.endpoints.attempt import MAX_RESPONSE_BYTES
from evalslo.model.sample import ErrorClass, Request
from tests.support.loopback import (
    DAY,
    DONE,
    FaultServer,
    completion,
    delta,
    refused_url,
    reply,
    reply_json,
    reply_stream,
)

STREAM = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
STOP = delta(finish_reason="stop")
QUESTION = Request(query_id="q", fields={"query": "?"})


def at(opened, server):
    return opened("openai", base_url=server.url, model="m")


async def close(exchange):
    exchange.writer.close()


async def reset_at_once(exchange):
    await exchange.reset()


async def reset_in_head(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-")
    await exchange.reset()


async def reset_after_head(exchange):
    await exchange.send_head(headers=STREAM)
    await exchange.reset()


async def close_after_head(exchange):
    await exchange.send_head(headers={"Content-Length": "100", "Content-Type": "application/json"})
    exchange.writer.close()


async def close_in_stream(exchange):
    await exchange.send_head(headers=STREAM)
    await exchange.send_chunk(delta(content="half an"))
    exchange.writer.close()


async def not_http(exchange):
    await exchange.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    exchange.writer.close()


async def endless_header(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100_000 + b"\r\n\r\n")
    exchange.writer.close()


async def bad_chunk(exchange):
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nwhat\r\n")
    await exchange.stall()


async def stall(exchange):
    await exchange.stall()


async def stall_after_head(exchange):
    await exchange.send_head(headers=STREAM)
    await exchange.stall()


async def drip(exchange):
    await exchange.send_head(headers=STREAM)
    while True:
        await exchange.send_chunk(delta(content="."))
        await asyncio.sleep(0.02)


async def huge(exchange):
    await exchange.send_head(headers=STREAM)
    event = delta(content="x" * 1_000_000)
    while True:
        await exchange.send_chunk(event)


async def test_a_port_on_which_nobody_listens_is_refused_and_retryable(ask):
    response = await ask(refused_url())
    assert response.error.kind is ErrorClass.REFUSED
    assert response.error.retryable
    assert response.error.status is None
    assert "127.0.0.1:" in response.error.message
    assert response.latency_s is None


async def test_a_name_that_does_not_resolve_is_a_matter_of_dns(ask):
    response = await ask("http://no-such-host.invalid")
    assert (response.error.kind, response.error.retryable) == (ErrorClass.DNS, True)
    assert "no-such-host.invalid cannot be resolved" in response.error.message


async def test_a_call_outside_async_with_is_a_failed_call_that_says_so(opened):
    response = await opened("openai", base_url="http://h", model="m").call(QUESTION)
    assert response.error.kind is ErrorClass.EXCEPTION
    assert "async with" in response.error.message


@pytest.mark.parametrize(
    ("behaviour", "kind", "retryable"),
    [
        (close, ErrorClass.RESET, True),
        (reset_at_once, ErrorClass.RESET, True),
        (reset_in_head, ErrorClass.RESET, True),
        (reset_after_head, ErrorClass.RESET, True),
        (close_after_head, ErrorClass.RESET, True),
        (close_in_stream, ErrorClass.RESET, True),
        (bad_chunk, ErrorClass.MALFORMED, False),
        (not_http, ErrorClass.MALFORMED, False),
        (endless_header, ErrorClass.TOO_LARGE, False),
    ],
)
async def test_a_broken_connection_is_an_error_and_one_attempt(ask, behaviour, kind, retryable):
    async with FaultServer(behaviour) as server:
        response = await ask(server.url)
    assert (response.answer, response.error.kind, response.error.retryable) == (None, kind, retryable)
    assert response.error.message.isprintable()
    assert len(server.requests) == 1


async def test_an_idempotent_request_is_not_silently_sent_twice(opened):
    async with FaultServer(reply_json({"a": "x"}), close) as server:
        options = {"url": server.url, "method": "GET", "body": {"q": "{{ query }}"}, "read": {"answer": "a"}}
        async with opened("http", **options) as endpoint:
            first = await endpoint.call(Request(query_id="q", fields={"query": "1"}))
            second = await endpoint.call(Request(query_id="q", fields={"query": "2"}))
    assert first.answer == "x"
    assert second.error.kind is ErrorClass.RESET
    assert [request.target for request in server.requests] == ["/?q=1", "/?q=2"]


async def test_a_connection_that_breaks_after_the_finish_loses_nothing(ask):
    async def break_after_finish(exchange):
        await exchange.send_head(headers=STREAM)
        await exchange.send_chunk(delta(content="whole") + STOP)
        exchange.writer.close()

    async with FaultServer(break_after_finish) as server:
        response = await ask(server.url)
    assert (response.answer, response.finish_reason) == ("whole", "stop")


async def test_a_server_that_lingers_after_done_is_not_waited_for(ask):
    async def linger(exchange):
        await exchange.send_head(headers=STREAM)
        await exchange.send_chunk(delta(content="whole") + DONE)
        await exchange.stall()

    async with FaultServer(linger) as server:
        response = await ask(server.url)
    assert response.answer == "whole"


@pytest.mark.parametrize("behaviour", [stall, stall_after_head, drip])
async def test_a_response_that_is_not_complete_in_time_is_a_timeout(ask, behaviour):
    async with FaultServer(behaviour) as server:
        response = await ask(server.url, timeout_s=0.2)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TIMEOUT, True)
    assert "0.2 s" in response.error.message
    assert (response.latency_s, response.ttft_s) == (None, None)


async def test_a_response_over_the_bound_is_cut_off(ask):
    async with FaultServer(huge) as server:
        response = await ask(server.url)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TOO_LARGE, False)
    assert f"{MAX_RESPONSE_BYTES:,}" in response.error.message


async def test_a_huge_error_page_is_quoted_and_not_read_to_its_end(ask):
    async def huge_error(exchange):
        await exchange.send_head(500, headers={"Transfer-Encoding": "chunked"})
        while True:
            await exchange.send_chunk(b"no \x1b[31m" * 10_000)

    async with FaultServer(huge_error) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.SERVER
    assert len(response.error.message) == 300
    assert response.error.message.isprintable()


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, ErrorClass.CLIENT, False),
        (401, ErrorClass.CLIENT, False),
        (404, ErrorClass.CLIENT, False),
        (408, ErrorClass.CLIENT, True),
        (409, ErrorClass.CLIENT, True),
        (422, ErrorClass.CLIENT, False),
        (429, ErrorClass.RATE_LIMIT, True),
        (500, ErrorClass.SERVER, True),
        (503, ErrorClass.SERVER, True),
    ],
)
async def test_a_status_has_its_class(ask, status, kind, retryable):
    async with FaultServer(reply_json({"error": {"message": "the model 'm' is gone"}}, status=status)) as server:
        response = await ask(server.url)
    assert (response.error.kind, response.error.status, response.error.retryable) == (kind, status, retryable)
    about = {401: ", no key was sent (endpoint.api_key_env)", 404: " for /v1/chat/completions"}.get(status, "")
    assert response.error.message == f"HTTP {status}{about}: the model 'm' is gone"


async def test_a_content_filter_told_by_status_400_is_filtered(ask):
    body = {"error": {"message": "blocked", "code": "content_filter"}}
    async with FaultServer(reply_json(body, status=400)) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.FILTERED


@pytest.mark.parametrize(
    ("headers", "wanted_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "Tue, 06 Jan 2026 10:00:30 GMT", "Date": DAY}, 30.0),
        ({"Retry-After": "Tue, 06 Jan 2026 09:00:00 GMT", "Date": DAY}, 0.0),
        ({"Retry-After": "Tue, 06 Jan 2026 10:00:30 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
async def test_the_wish_of_retry_after_is_kept_in_seconds(ask, headers, wanted_s):
    async with FaultServer(reply(b"slow", status=429, headers=headers)) as server:
        response = await ask(server.url)
    assert (response.error.kind, response.error.retry_after_s) == (ErrorClass.RATE_LIMIT, wanted_s)


async def test_a_redirect_is_not_followed_and_says_where_it_pointed(ask):
    async with FaultServer(reply_json(completion("stolen"))) as elsewhere:
        async with FaultServer(reply(status=307, headers={"Location": f"{elsewhere.url}/v1"})) as server:
            response = await ask(server.url, api_key_env="K", environ={"K": "sk-0123456789abcdef"})
        assert (response.error.kind, response.error.retryable) == (ErrorClass.CLIENT, False)
        assert elsewhere.url in response.error.message
        assert elsewhere.requests == []


async def test_calls_at_once_share_the_session_and_a_finished_connection_serves_again(opened):
    requests = [Request(query_id=str(at), fields={"query": "?"}) for at in range(5)]
    async with FaultServer(reply_stream(delta(content="x"), STOP, DONE)) as server, at(opened, server) as endpoint:
        for request in requests:
            assert (await endpoint.call(request)).answer == "x"
        one_by_one = server.connections
        answers = [response.answer for response in await asyncio.gather(*map(endpoint.call, requests))]
    assert one_by_one == 1
    assert answers == ["x"] * 5


async def test_a_cookie_of_one_call_is_not_sent_with_the_next(opened):
    cookie = {"Set-Cookie": "session=1"}
    async with FaultServer(reply_json(completion("x"), headers=cookie)) as server, at(opened, server) as endpoint:
        for _ in range(2):
            await endpoint.call(QUESTION)
    assert "cookie" not in server.requests[1].headers


async def test_the_caller_can_cancel_a_call(opened):
    arrived = asyncio.Event()

    async def tell_and_stall(exchange):
        arrived.set()
        await exchange.stall()

    async with FaultServer(tell_and_stall) as server, at(opened, server) as endpoint:
        task = asyncio.create_task(endpoint.call(QUESTION))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
