"""A loopback endpoint that knows the truth: `python -m benchmarks.collecting.server PORT_FILE`.

Plain answers come after 50 ms. Streams follow a timetable that the prompt names (jittered, or in bursts: every stream's
tokens due at the same ticks). What is kept of each: the seconds from the arrival of its request, as the kernel stamped it, to
the sending of its first token, which no queue of this process stands between. GET /stats tells what was seen since the last
reading. Linux only, for the kernel's stamps.
"""

import asyncio
import json
import random
import socket
import struct
import sys
import time
from pathlib import Path

PLAIN_S = 0.05
SO_TIMESTAMPNS = 35
TICK_S = 0.05
DELTAS = 50
FIRST_S = (0.15, 0.35)  # a stream's own time to first token lies between these
GAP_S = (0.01, 0.03)


def _plain() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": "The answer is 42."}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    body = json.dumps({"object": "chat.completion", "model": "bench", "choices": [choice], "usage": usage}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _chunk(frame: object) -> bytes:
    data = b"data: " + json.dumps(frame).encode() + b"\n\n"
    return b"%x\r\n" % len(data) + data + b"\r\n"


def _frame(finish: str | None = None, **delta: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _chunk({"object": "chat.completion.chunk", "model": "bench", "choices": [choice]})


PLAIN = _plain()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ROLE, TOKEN = _frame(role="assistant", content=None), _frame(content="word ")
LAST = _frame("stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


class Seen:
    """What was seen since the last reading: calls in flight over time, and when each stream's first token left."""

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.last_at = self.changed_at = self.held_s = 0.0
        self.in_flight = self.calls = self.most = 0
        self.first_token_s: dict[str, float] = {}

    def change(self, by: int) -> None:
        now = time.perf_counter()
        self.held_s += self.in_flight * (now - self.changed_at) if self.first_at is not None else 0.0
        self.changed_at = now
        self.in_flight += by
        self.most = max(self.most, self.in_flight)
        if by > 0:
            self.first_at = self.first_at or now
            self.last_at = now
            self.calls += 1

    def told(self) -> bytes:
        """Reads and forgets. `until_last_s` ends with the last call's beginning: after it there is nothing left to begin."""
        until_last_s = self.last_at - (self.first_at or self.last_at)
        said = {
            "first_at": self.first_at,
            "calls": self.calls,
            "most": self.most,
            "mean_in_flight": self.held_before_last / until_last_s if until_last_s else None,
            "first_token_s": self.first_token_s,
        }
        return json.dumps(said).encode()

    held_before_last = 0.0


class Connection:
    """One connection: a request at a time, its answer on time. It came when the kernel says so, not when this loop read it."""

    seen = Seen()

    def __init__(self, peer: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.peer, self.loop, self.buffer, self.open = peer, loop, b"", True
        peer.settimeout(0)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        loop.add_reader(peer, self._read)

    def _read(self) -> None:
        try:
            data, stamps, _, _ = self.peer.recvmsg(65_536, 64)
        except ConnectionError:
            data = b""
        if not data:
            self._close()
            return
        self.asked_at = time.perf_counter() - (late_s(stamps[0][2]) if stamps else 0.0)
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if found and len(body) >= (length := _length(head)):
            self.buffer = body[length:]
            self._answer(head, body[:length])

    def _send(self, data: bytes) -> None:
        """Sends at once: what a benchmark's server writes fits into the socket."""
        if self.open:
            try:
                self.peer.sendall(data)
            except OSError:
                self._close()

    def _close(self) -> None:
        if self.open:
            self.open = False
            self.loop.remove_reader(self.peer)
            self.peer.close()

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /stats"):
            told, type(self).seen = self.seen.told(), Seen()
            self._send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told)
            return
        self.seen.change(+1)
        self.seen.held_before_last = self.seen.held_s
        if b'"stream":true' in body.replace(b" ", b""):
            self._stream(body)
        else:
            self.loop.call_later(PLAIN_S, self._plain)

    def _plain(self) -> None:
        self.seen.change(-1)
        self._send(PLAIN)

    def _stream(self, body: bytes) -> None:
        """Begins a stream. The prompt is `NAME jittered` or `NAME bursts`; the timetable is drawn from the name."""
        asked_at = self.asked_at
        name, pattern = json.loads(body)["messages"][-1]["content"].split()
        draw = random.Random(name)
        due = asked_at + draw.uniform(*FIRST_S)
        at = []
        for _ in range(DELTAS):
            at.append(_next_tick(due) if pattern == "bursts" else due)
            due = at[-1] + (TICK_S / 2 if pattern == "bursts" else draw.uniform(*GAP_S))
        self._send(HEAD + ROLE)
        self._token(name, asked_at, at, 0)

    def _token(self, name: str, asked_at: float, at: list[float], number: int) -> None:
        self.loop.call_at(at[number] - time.perf_counter() + self.loop.time(), self._write, name, asked_at, at, number)

    def _write(self, name: str, asked_at: float, at: list[float], number: int) -> None:
        if number == 0:
            self.seen.first_token_s[name] = time.perf_counter() - asked_at
        self._send(TOKEN)
        if number + 1 < len(at):
            self._token(name, asked_at, at, number + 1)
            return
        self._send(LAST)
        self.seen.change(-1)


def _next_tick(at: float) -> float:
    return (at // TICK_S + 1) * TICK_S


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def late_s(stamp: bytes) -> float:
    seconds, nanoseconds = struct.unpack("@ll", stamp)
    return time.time() - (seconds + nanoseconds * 1e-9)


async def main(port_file: Path) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        listening.settimeout(0)
        port_file.write_text(str(listening.getsockname()[1]))
        while True:
            peer, _ = await loop.sock_accept(listening)
            Connection(peer, loop)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
