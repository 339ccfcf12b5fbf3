"""A real HTTP server on the loopback that misbehaves as it is told, byte by byte."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

DAY = "Tue, 06 Jan 2026 10:00:00 GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came in. `headers` has lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and the open connection that it came over."""

    request: Received
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def send_head(self, status: int = 200, *, headers: Mapping[str, str] | None = None) -> None:
        """A status line and headers, without a length unless `headers` gives one."""
        lines = [f"HTTP/1.1 {status} Some Reason", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def send_chunk(self, data: bytes) -> None:
        """One chunk of a chunked body; b"" is the last."""
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def reset(self) -> None:
        """Breaks the connection with RST, after what was sent has gone out."""
        await asyncio.sleep(0.02)
        peer: socket.socket = self.writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def stall(self) -> None:
        """Says nothing more until the client goes away."""
        await self.reader.read()


Behaviour = Callable[[Exchange], Awaitable[None]]


class FaultServer:
    """Plays one behaviour a request, the last one again and again; an async context manager.

    A behaviour that returns leaves the connection open for the next request, unless it closed it.
    """

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = behaviours
        self.requests: list[Received] = []
        self.url = ""
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "FaultServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while not writer.is_closing():
                request = await read_request(reader)
                behaviour = self.behaviours[min(len(self.requests), len(self.behaviours) - 1)]
                self.requests.append(request)
                await behaviour(Exchange(request=request, reader=reader, writer=writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left, or was thrown out
        finally:
            self._writers.discard(writer)
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method=method, target=target, headers=headers, body=body)


def refused_url() -> str:
    """An address on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def reply(body: bytes | str = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """One whole response."""
    data = body.encode() if isinstance(body, str) else body

    async def play(exchange: Exchange) -> None:
        await exchange.send_head(status, headers={"Content-Length": str(len(data)), **(headers or {})})
        await exchange.send(data)

    return play


def reply_json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """One whole response with a JSON body."""
    return reply(json.dumps(value), status=status, headers={"Content-Type": "application/json", **(headers or {})})


def reply_stream(*pieces: bytes | float, content_type: str = "text/event-stream") -> Behaviour:
    """A chunked response; a number among the pieces is a pause in seconds."""

    async def play(exchange: Exchange) -> None:
        await exchange.send_head(headers={"Content-Type": content_type, "Transfer-Encoding": "chunked"})
        for piece in pieces:
            if isinstance(piece, bytes):
                await exchange.send_chunk(piece)
            else:
                await asyncio.sleep(piece)
        await exchange.send_chunk(b"")

    return play


def frame(value: object) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def delta(finish_reason: str | None = None, **said: object) -> bytes:
    """A frame of a chat completion whose first choice says this."""
    choice = {"index": 0, "delta": said, "finish_reason": finish_reason}
    return frame({"object": "chat.completion.chunk", "model": "served-model", "choices": [choice]})


ROLE = delta(role="assistant", content=None)


def usage_frame(prompt_tokens: int, completion_tokens: int) -> bytes:
    """The last frame: usage, and no choices."""
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    return frame({"model": "served-model", "choices": [], "usage": usage})


def completion(text: str | None, *, finish_reason: str = "stop", **more: object) -> dict[str, object]:
    """The JSON of a chat completion that was not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    return {"object": "chat.completion", "model": "served-model", "choices": [choice], "usage": usage}
