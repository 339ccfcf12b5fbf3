"""The ways in which a model server can fail, each by name: `FAULTS[name]` plays one of them to one question.

A fault that returns leaves the connection open, unless it closed it.
"""

import asyncio
import gzip
import json
import socket
import time
import zlib
from email.utils import formatdate
from functools import cache

from tests.support.fault_server import (
    DONE,
    STREAM_HEAD,
    Play,
    Question,
    chunk,
    completion,
    delta_event,
    event,
    frames,
    head,
    right,
    streamed,
    usage_event,
    whole,
)
from tests.support.loopback import Exchange

FAULTS: dict[str, Play] = {}
ELSEWHERE = "http://127.0.0.1:9/v1/chat/completions"
WRONG = "Answer 0: from somebody else."


def fault(play: Play) -> Play:
    """Registers a fault under the name of its function."""
    FAULTS[play.__name__] = play
    return play


def says(name: str, data: bytes) -> None:
    """A fault that says these bytes, whatever the question was."""

    async def play(exchange: Exchange, _: Question) -> None:
        await exchange.send(data)

    FAULTS[name] = play


def error(question: Question, message: str, **more: object) -> dict[str, object]:
    """An error as servers tell it. It repeats the key, as careless servers do."""
    key = question.headers.get("authorization", "no key")
    return {"error": {"message": f"{message} ({key})", **more}}


def body_of(response: bytes) -> tuple[bytes, bytes]:
    """A response's head, with its end, and its body."""
    top, mark, body = response.partition(b"\r\n\r\n")
    return top + mark, body


async def fin(exchange: Exchange) -> None:
    """Ends the connection in order."""
    exchange.writer.close()
    await exchange.writer.wait_closed()


# The status


def _status(name: str, status: str, *, more: str = "", **told: object) -> None:
    async def play(exchange: Exchange, question: Question) -> None:
        await exchange.send(whole(error(question, f"the model says {status}", **told), status, more=more))

    FAULTS[name] = play


_status("status_400", "400 Bad Request", type="invalid_request_error")
_status("status_401", "401 Unauthorized")
_status("status_404", "404 Not Found")
_status("status_408", "408 Request Timeout")
_status("status_500", "500 Internal Server Error")
_status("status_502", "502 Bad Gateway")
_status("status_503", "503 Service Unavailable")
_status("status_529", "529 Site Is Overloaded")
_status("status_filtered", "400 Bad Request", code="content_filter")
_status("rate_limit", "429 Too Many Requests", more="Retry-After: 0\r\n")
_status("rate_limit_1s", "429 Too Many Requests", more="Retry-After: 1\r\n")
_status("overloaded_1s", "503 Service Unavailable", more="Retry-After: 1\r\n")
_status("redirect", "307 Temporary Redirect", more=f"Location: {ELSEWHERE}\r\n")


@fault
async def rate_limit_date(exchange: Exchange, question: Question) -> None:
    now = time.time()
    dates = f"Date: {formatdate(now, usegmt=True)}\r\nRetry-After: {formatdate(now + 1, usegmt=True)}\r\n"
    await exchange.send(whole(error(question, "slow down"), "429 Too Many Requests", more=dates))


# The connection: reset (RST) and closed (FIN), before, in and after the head, and in the body


@fault
async def rst_before_head(exchange: Exchange, _: Question) -> None:
    await exchange.reset()


@fault
async def fin_before_head(exchange: Exchange, _: Question) -> None:
    await fin(exchange)


@fault
async def rst_in_head(exchange: Exchange, question: Question) -> None:
    await exchange.send(right(question)[:30])
    await exchange.reset()


@fault
async def fin_in_head(exchange: Exchange, question: Question) -> None:
    await exchange.send(right(question)[:30])
    await fin(exchange)


@fault
async def rst_after_head(exchange: Exchange, question: Question) -> None:
    await exchange.send(body_of(right(question))[0])
    await exchange.reset()


@fault
async def fin_after_head(exchange: Exchange, question: Question) -> None:
    await exchange.send(body_of(right(question))[0])
    await fin(exchange)


@fault
async def rst_in_body(exchange: Exchange, question: Question) -> None:
    top, body = body_of(right(question))
    await exchange.send(top + body[: len(body) // 2])
    await exchange.reset()


@fault
async def fin_in_body(exchange: Exchange, question: Question) -> None:
    top, body = body_of(right(question))
    await exchange.send(top + body[: len(body) // 2])
    await fin(exchange)


@fault
async def fin_after_body(exchange: Exchange, question: Question) -> None:
    """A kept connection that the server closes without a word in the moment of its answer, as llama.cpp does.

    Both go out together: the end has come before the next question can be asked.
    """
    if hasattr(socket, "TCP_CORK"):
        exchange.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    exchange.writer.write(right(question))
    exchange.writer.write_eof()
    await fin(exchange)


@fault
async def close_told(exchange: Exchange, question: Question) -> None:
    top, body = body_of(right(question))
    await exchange.send(top[:-2] + b"Connection: close\r\n\r\n" + body)
    await fin(exchange)


@fault
async def until_close(exchange: Exchange, question: Question) -> None:
    """HTTP/1.0: neither a length nor chunks; the end of the connection is the end of the body."""
    kind, body = ("text/event-stream", b"".join(frames(question)))
    if not question.stream:
        kind, body = "application/json", json.dumps(completion(question)).encode()
    await exchange.send(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + body)
    await fin(exchange)


# Slow


@fault
async def drip(exchange: Exchange, question: Question) -> None:
    """A right response byte by byte: every character, line end and number is cut somewhere."""
    for at, byte in enumerate(right(question)):
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.001 if at % 16 == 0 else 0)


@fault
async def cut_in_characters(exchange: Exchange, question: Question) -> None:
    """A right response whose lines end in CRLF, cut in the midst of a character and between each CR and LF."""
    events = [one.replace(b"\n", b"\r\n") for one in frames(question)]
    response = streamed(events) if question.stream else right(question)
    pieces = response.replace(b"\r\n", b"\r\0\n").replace("ö".encode(), b"\xc3\0\xb6").split(b"\0")
    pieces = [part for piece in pieces for part in _halves(piece, "🜚".encode())]
    for piece in pieces:
        await exchange.send(piece)
        await asyncio.sleep(0.0002)


def _halves(piece: bytes, character: bytes) -> list[bytes]:
    before, found, after = piece.partition(character)
    return [before + character[:2], character[2:] + after] if found else [piece]


@fault
async def stall_before_head(exchange: Exchange, _: Question) -> None:
    await exchange.stall()


@fault
async def stall_in_head(exchange: Exchange, question: Question) -> None:
    await exchange.send(right(question)[:30])
    await exchange.stall()


@fault
async def stall_after_head(exchange: Exchange, question: Question) -> None:
    await exchange.send(body_of(right(question))[0])
    await exchange.stall()


@fault
async def stall_in_body(exchange: Exchange, question: Question) -> None:
    top, body = body_of(right(question))
    await exchange.send(top + body[: len(body) // 2])
    await exchange.stall()


@fault
async def endless_drip(exchange: Exchange, question: Question) -> None:
    """A byte now and then, for ever: no single wait is long."""
    top, body = body_of(right(question))
    await exchange.send(top + (chunk(frames(question)[0]) if question.stream else body[:10]))
    while True:
        await exchange.send(chunk(b": still here\n") if question.stream else b" ")
        await asyncio.sleep(0.02)


@fault
async def linger(exchange: Exchange, question: Question) -> None:
    """A stream that has said [DONE], and never ends its body; without streaming a right answer."""
    if not question.stream:
        await exchange.send(right(question))
        return
    await exchange.send(STREAM_HEAD + b"".join(map(chunk, frames(question))))
    await exchange.stall()


# What is said: not HTTP, not JSON, not events


says("not_http", b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
says("bad_chunk", STREAM_HEAD + b"zz\r\nwhat\r\n")
says("bad_length", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: -7\r\n\r\n{}")
says("endless_header", b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 2_000_000 + b"\r\n\r\n")
says("no_body", whole(b""))
says("html", whole(b"<html><body>Please log in</body></html>").replace(b"application/json", b"text/html"))
says("json_list", whole([1, 2]))
says("json_without_choices", whole({"id": "c", "object": "chat.completion", "choices": []}))
says("json_nested", whole(b"[" * 100_000))
says("not_utf8", whole(b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'))
says("cut_json", whole(b'{"choices": [{"index": 0, "message": {"content": "Par'))


@fault
async def bad_event(exchange: Exchange, question: Question) -> None:
    """A stream with an event that is no JSON."""
    events = frames(question)
    await exchange.send(streamed([*events[:3], b'data: {"choices": [{"delta": {"con\n\n', *events[3:]]))


@fault
async def html_as_events(exchange: Exchange, question: Question) -> None:
    page = b"<html>\n<body>\nPlease log in\n</body></html>\n"
    await exchange.send(STREAM_HEAD + chunk(page) + chunk(b""))


@fault
async def headers_10000(exchange: Exchange, question: Question) -> None:
    top, body = body_of(right(question))
    more = "".join(f"X-Header-{i}: {'v' * 20}\r\n" for i in range(10_000)).encode()
    await exchange.send(top[:-2] + more + b"\r\n" + body)


@fault
async def endless_body(exchange: Exchange, question: Question) -> None:
    if question.stream:
        top, piece = STREAM_HEAD, chunk(delta_event(question, content="x" * 500_000))
    else:
        top, piece = head(more="Transfer-Encoding: chunked\r\n"), chunk(b" " * 500_000)
    await exchange.send(top)
    while True:
        await exchange.send(piece)


@fault
async def endless_error(exchange: Exchange, question: Question) -> None:
    """A page of an error that never ends: what a person can read of it is enough."""
    await exchange.send(head("500 Internal Server Error", more="Transfer-Encoding: chunked\r\n"))
    while True:
        await exchange.send(chunk(f"no \x1b[31m{question.headers.get('authorization')} ".encode() * 500))


@fault
async def gzip_body(exchange: Exchange, question: Question) -> None:
    """A right answer, compressed though nobody allowed it."""
    body = b"".join(frames(question)) if question.stream else json.dumps(completion(question)).encode()
    kind = "text/event-stream" if question.stream else "application/json"
    packed = gzip.compress(body, mtime=0)
    await exchange.send(head(length=len(packed), kind=kind, more="Content-Encoding: gzip\r\n") + packed)


@cache
def bomb() -> bytes:
    """200 MB of nothing in less than one."""
    packer, nothing = zlib.compressobj(level=1, wbits=31), b" " * 1_000_000
    return b"".join(packer.compress(nothing) for _ in range(200)) + packer.flush()


@fault
async def gzip_bomb(exchange: Exchange, question: Question) -> None:
    kind = "text/event-stream" if question.stream else "application/json"
    await exchange.send(head(length=len(bomb()), kind=kind, more="Content-Encoding: gzip\r\n") + bomb())


@fault
async def informed_before(exchange: Exchange, question: Question) -> None:
    """1xx responses, which are none, before the right one."""
    await exchange.send(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + right(question)
    )


@fault
async def more_bytes(exchange: Exchange, question: Question) -> None:
    await exchange.send(right(question) + b"and some bytes that belong to nothing")


@fault
async def further_response(exchange: Exchange, question: Question) -> None:
    """A response that nobody asked for follows the right one: the next question must not get it."""
    stolen = completion(question, content=WRONG)
    other = streamed([delta_event(question, content=WRONG), delta_event(question, finish="stop"), DONE])
    await exchange.send(right(question) + (other if question.stream else whole(stolen)))


# What is said: right HTTP, strange completions


async def _say(exchange: Exchange, question: Question, events: list[bytes], value: dict[str, object]) -> None:
    await exchange.send(streamed(events) if question.stream else whole(value))


@fault
async def other_form(exchange: Exchange, question: Question) -> None:
    """JSON where a stream was asked for, and a stream where it was not."""
    events = [*frames(question, done=False), usage_event(question), DONE]
    await exchange.send(whole(completion(question)) if question.stream else streamed(events))


@fault
async def no_done(exchange: Exchange, question: Question) -> None:
    await _say(exchange, question, frames(question, done=False), completion(question))


@fault
async def no_finish(exchange: Exchange, question: Question) -> None:
    """A stream that ends in order, with neither a finish nor [DONE]: half an answer that looks whole."""
    await _say(exchange, question, frames(question, done=False)[:4], completion(question))


@fault
async def early_done(exchange: Exchange, question: Question) -> None:
    """[DONE] after the role frame, and the answer behind it."""
    events = frames(question)
    await _say(exchange, question, [events[0], DONE, *events[1:]], completion(question, content=""))


@fault
async def done_twice(exchange: Exchange, question: Question) -> None:
    await _say(exchange, question, [*frames(question), DONE, *frames(question)], completion(question))


@fault
async def comments_between(exchange: Exchange, question: Question) -> None:
    events = [part for one in frames(question) for part in (b": ping\n\n", b"event: message\nid: 7\n" + one)]
    await _say(exchange, question, events, completion(question))


@fault
async def no_role(exchange: Exchange, question: Question) -> None:
    await _say(exchange, question, frames(question)[1:], completion(question, role=None))


@fault
async def reasoning(exchange: Exchange, question: Question) -> None:
    thoughts = [delta_event(question, reasoning_content=f"hm {i} ") for i in range(3)]
    events = frames(question)
    value = completion(question, reasoning_content="hm 0 hm 1 hm 2 ")
    await _say(exchange, question, [events[0], *thoughts, *events[1:]], value)


CALL = {"index": 0, "id": "t1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Paris"}'}}


@fault
async def tool_call(exchange: Exchange, question: Question) -> None:
    events = [
        delta_event(question, role="assistant", content=None),
        delta_event(question, tool_calls=[CALL]),
        delta_event(question, finish="tool_calls"),
        usage_event(question),
        DONE,
    ]
    await _say(exchange, question, events, completion(question, finish="tool_calls", content=None, tool_calls=[CALL]))


@fault
async def empty(exchange: Exchange, question: Question) -> None:
    events = frames(question)
    await _say(exchange, question, [events[0], *events[1 + len(question.words) :]], completion(question, content=""))


@fault
async def filtered(exchange: Exchange, question: Question) -> None:
    """The first words of an answer, and then the provider's filter."""
    events = [*frames(question, done=False)[:3], delta_event(question, finish="content_filter"), DONE]
    await _say(exchange, question, events, completion(question, finish="content_filter", content="Answer"))


@fault
async def error_with_200(exchange: Exchange, question: Question) -> None:
    told = error(question, "the engine died", type="server_error")
    await _say(exchange, question, [*frames(question)[:3], event(told), DONE], told)


@fault
async def rate_limit_with_200(exchange: Exchange, question: Question) -> None:
    told = error(question, "slow down", code="rate_limit_exceeded")
    await _say(exchange, question, [event(told)], told)
