"""What a server may send at most: in its head, in its body, packed and unpacked; and that memory does not grow with more."""

import asyncio
import gzip
import json
import subprocess
import sys
import zlib
from textwrap import dedent

import pytest

from evalslo.endpoints import held
from evalslo.endpoints.attempt import MAX_HEADER_LINES, MAX_RESPONSE_BYTES
from evalslo.model.sample import ErrorClass, Request
from tests.support.loopback import DONE, FaultServer, completion, delta, reply, reply_stream

STOP = delta(finish_reason="stop")
QUESTION = Request(query_id="q", fields={"query": "?"})
JSON = {"Content-Type": "application/json"}


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("X-GZIP", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)],
)
async def test_a_body_that_was_packed_all_the_same_is_unpacked(ask, coding, pack):
    body = pack(json.dumps(completion("unpacked")).encode())
    async with FaultServer(reply(body, headers={**JSON, "Content-Encoding": coding})) as server:
        response = await ask(server.url)
    assert (response.answer, response.error) == ("unpacked", None)


async def test_the_tokens_of_a_packed_stream_keep_their_times(ask):
    packer = zlib.compressobj(wbits=31)

    def packed(event):
        return packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)

    async def play(exchange):
        headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}
        await exchange.send_head(headers=headers)
        for event in (delta(content="a"), delta(content="b")):
            await exchange.send_chunk(packed(event))
            await asyncio.sleep(0.05)
        await exchange.send_chunk(packed(STOP + DONE) + packer.flush())
        await exchange.send_chunk(b"")

    async with FaultServer(play) as server:
        response = await ask(server.url)
    assert response.answer == "ab"
    assert response.gaps_s[0] >= 0.04
    assert response.ttft_s < response.latency_s - 0.08


@pytest.mark.parametrize(
    ("coding", "body", "said"),
    [
        ("br", b"x", "the body is in the coding 'br'"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "the body is in the coding 'gzip, gzip'"),
        ("gzip", b"no gzip", "the body is not gzip"),
        ("deflate", b"\xff\xff", "the body is not deflate"),
        ("gzip", gzip.compress(b'{"choices": []}', mtime=0)[:12], "not JSON"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_malformed(ask, coding, body, said):
    async with FaultServer(reply(body, headers={**JSON, "Content-Encoding": coding})) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.MALFORMED
    assert said in response.error.message


async def test_an_error_page_that_was_packed_is_quoted_and_one_that_cannot_be_unpacked_keeps_its_status(ask):
    packed = {"Content-Encoding": "gzip"}
    pages = (
        reply(gzip.compress(b"too many", mtime=0), status=429, headers=packed),
        reply(b"nonsense", status=503, headers=packed),
    )
    async with FaultServer(*pages) as server:
        quoted, unquoted = await ask(server.url), await ask(server.url)
    assert quoted.error.message == "HTTP 429: too many"
    assert unquoted.error.kind is ErrorClass.SERVER


async def test_trailers_and_sizes_of_chunks_without_end_are_cut_off(ask):
    async def endless_trailers(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        while True:
            await exchange.send(b"y" * 100_000)

    async with FaultServer(endless_trailers) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.TOO_LARGE


async def test_interim_responses_without_end_are_cut_off(ask):
    async def wait_and_wait(exchange):
        while True:
            await exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 1_000)

    async with FaultServer(wait_and_wait) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.TOO_LARGE


@pytest.mark.parametrize(
    ("lines", "is_read"), [(MAX_HEADER_LINES - 2, True), (MAX_HEADER_LINES, False), (10_000, False)]
)
async def test_a_head_has_a_bound_on_its_lines(ask, lines, is_read):
    body = json.dumps(completion("x")).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body) + b"X: y\r\n" * lines + b"\r\n"

    async def play(exchange):
        await exchange.send(head + body)

    async with FaultServer(play) as server:
        response = await ask(server.url)
    if is_read:
        assert response.answer == "x"
    else:
        assert (response.error.kind, response.error.retryable) == (ErrorClass.TOO_LARGE, False)
        assert "200 headers" in response.error.message


async def test_a_body_that_is_told_to_be_over_the_bound_is_not_read(ask):
    async def promise(exchange):
        await exchange.send_head(headers={"Content-Length": "1000000000"})
        await exchange.stall()

    async with FaultServer(promise) as server:
        response = await ask(server.url)
    assert (response.error.kind, response.error.retryable) == (ErrorClass.TOO_LARGE, False)
    assert response.error.message == "the response says that it has 1,000,000,000 bytes; at most 10,000,000 are read"


async def test_a_body_of_the_bound_itself_is_read_and_one_byte_more_is_not(ask):
    def padded(size):
        body = json.dumps(completion("whole")).encode()
        return reply(body + b" " * (size - len(body)), headers=JSON)

    async with FaultServer(padded(MAX_RESPONSE_BYTES), padded(MAX_RESPONSE_BYTES + 1)) as server:
        whole, more = await ask(server.url), await ask(server.url)
    assert (whole.answer, whole.error) == ("whole", None)
    assert more.error.kind is ErrorClass.TOO_LARGE


async def test_an_error_page_that_is_told_to_be_over_the_bound_keeps_its_status(ask):
    async def promise(exchange):
        await exchange.send_head(503, headers={"Content-Length": "1000000000"})
        await exchange.send(b"busy " * 20_000)
        await exchange.stall()

    async with FaultServer(promise) as server:
        response = await ask(server.url)
    assert (response.error.kind, response.error.status) == (ErrorClass.SERVER, 503)
    assert response.error.message.startswith("HTTP 503: busy busy")


async def test_responses_that_leave_no_room_for_one_another_are_cut_off_and_tried_again(opened, monkeypatch):
    monkeypatch.setattr(held, "MAX_HELD_BYTES", 1_000_000)
    held_up, go_on = 0, asyncio.Event()

    async def large(exchange):
        nonlocal held_up
        body = json.dumps(completion("x" * 700_000)).encode()
        await exchange.send_head(headers={**JSON, "Content-Length": str(len(body))})
        await exchange.send(body[:600_000])
        held_up += 1
        if held_up == 2:
            go_on.set()
        await go_on.wait()
        await exchange.send(body[600_000:])

    async with FaultServer(large) as server, opened("openai", base_url=server.url, model="m") as endpoint:
        both = await asyncio.gather(endpoint.call(QUESTION), endpoint.call(QUESTION))
        alone = [await endpoint.call(QUESTION) for _ in range(3)]
    errors = [response.error for response in both if response.error is not None]
    assert [(error.kind, error.retryable) for error in errors] == [(ErrorClass.TOO_LARGE, True)]
    assert "together larger than 1,000,000 bytes" in errors[0].message
    assert "limits.concurrency" in errors[0].message
    assert [len(response.answer) for response in alone] == [700_000] * 3


async def test_what_a_response_held_is_free_again_however_it_ended(opened, monkeypatch):
    monkeypatch.setattr(held, "MAX_HELD_BYTES", 1_000_000)
    body = json.dumps(completion("x" * 700_000)).encode()

    async def cut(exchange):
        await exchange.send_head(headers={**JSON, "Content-Length": str(len(body))})
        await exchange.send(body[:600_000])
        await exchange.reset()

    async def stall(exchange):
        await exchange.send_head(headers={**JSON, "Content-Length": str(len(body))})
        await exchange.send(body[:600_000])
        await exchange.stall()

    packed = reply(gzip.compress(bytes(11_000_000), mtime=0), headers={**JSON, "Content-Encoding": "gzip"})
    async with (
        FaultServer(cut, stall, stall, packed, reply(body, headers=JSON)) as server,
        opened("openai", base_url=server.url, model="m", timeout_s=0.5) as endpoint,
    ):
        broken, late = await endpoint.call(QUESTION), await endpoint.call(QUESTION)
        cancelled = asyncio.ensure_future(endpoint.call(QUESTION))
        await asyncio.sleep(0.2)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        bomb = await endpoint.call(QUESTION)
        last = await endpoint.call(QUESTION)
    assert [response.error.kind for response in (broken, late, bomb)] == [
        ErrorClass.RESET,
        ErrorClass.TIMEOUT,
        ErrorClass.TOO_LARGE,
    ]
    assert last.error is None
    assert len(last.answer) == 700_000


async def test_a_stream_of_empty_lines_is_no_answer_and_ends_at_the_bound(ask):
    async with FaultServer(reply_stream(*[b"\n" * 1_000_000] * 11)) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.TOO_LARGE


PROGRAM = """
import asyncio, gzip, resource, sys, zlib
from functools import cache
from pathlib import Path
from evalslo.endpoints.open import open_endpoint
from evalslo.model.sample import Request
from evalslo.model.suite import EndpointSpec, Timeouts

CHUNKED = b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"

async def lazily(writer, head, piece, number):
    writer.write(head)
    for _ in range(number):
        writer.write(piece)
        await writer.drain()

@cache
def bomb():
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()

async def serve(reader, writer):
    kind = (await reader.readuntil(b"\\r\\n\\r\\n")).split(b"/")[1]
    try:
        if kind == b"gigabyte":
            await lazily(writer, b"HTTP/1.1 200 OK\\r\\nContent-Length: 1000000000\\r\\n\\r\\n", bytes(1_000_000), 1_000)
        elif kind == b"endless":
            await lazily(writer, CHUNKED, b"10000\\r\\n" + bytes(65_536) + b"\\r\\n", 1_000_000)
        elif kind == b"crumbs":
            await lazily(writer, CHUNKED, b"1\\r\\nx\\r\\n" * 50_000, 200)
        elif kind == b"line":
            await lazily(writer, b"HTTP/1.1 200 OK\\r\\nX: ", b"y" * 1_000_000, 1_000)
        else:
            packed = bomb()
            head = b"HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(packed)
            writer.write(head + packed)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()

async def ask(url, times=1):
    spec = EndpointSpec(kind="openai", options={"base_url": url, "model": "m"})
    async with open_endpoint(spec, environ={}, folder=Path(), timeouts=Timeouts(), samples=None) as endpoint:
        calls = (endpoint.call(Request(query_id="q", fields={"query": "?"})) for _ in range(times))
        return [response.error for response in await asyncio.gather(*calls)]

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await ask(f"http://127.0.0.1:{port}/line")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for kind in sys.argv[2:]:
        errors = await ask(f"http://127.0.0.1:{port}/{kind}", int(sys.argv[1]))
        print(*sorted({error.kind for error in errors}))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    server.close()

asyncio.run(main())
"""


def growth_kib(kinds, *, at_once):
    """How far the memory of a process grows that asks for each of these so often at once; each call is too large."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(PROGRAM), str(at_once), *kinds],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *errors, growth = done.stdout.split()
    assert errors == ["too_large"] * len(kinds)
    return int(growth)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
def test_a_gigabyte_a_bomb_crumbs_and_a_line_without_end_are_cut_off_and_memory_stays():
    # a bound of 10 MB, in the few copies that reading makes, and the bomb's own megabyte
    assert growth_kib(["gigabyte", "bomb", "crumbs", "line"], at_once=1) < 64 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
@pytest.mark.parametrize("kind", ["gigabyte", "endless", "bomb"])
def test_a_hundred_large_responses_at_once_take_no_hundred_times_the_memory(kind):
    # with a bound on each alone it is a gigabyte; the server, with what it has not sent yet, is in the same process
    assert growth_kib([kind], at_once=100) < 400 * 1024
