"""A transport whose bytes know when they arrived, on real sockets."""

import asyncio
import socket
import sys
import threading
import time

import pytest

from evalslo.endpoints import stamped
from evalslo.endpoints.stamped import READ_BYTES, StampedTransport, Stamps, can_stamp, stamp_arrivals

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux stamps what arrives")


class Heard(asyncio.Protocol):
    """Keeps what it was given, with the transport's time of it."""

    def __init__(self):
        self.pieces, self.lost = [], None
        self.made, self.ended = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.made.set()

    def data_received(self, data):
        self.pieces.append((data, self.transport.arrived_s))

    def connection_lost(self, exc):
        self.lost = exc
        self.ended.set()

    @property
    def data(self):
        return b"".join(piece for piece, _ in self.pieces)


def pair():
    """Two ends of a TCP connection; ours is non-blocking."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    ours.setblocking(False)
    theirs.settimeout(10)
    return ours, theirs


async def connected():
    ours, theirs = pair()
    heard = Heard()
    heard.stamps = Stamps()
    StampedTransport(asyncio.get_running_loop(), ours, heard, buffer=bytearray(READ_BYTES), stamps=heard.stamps)
    await heard.made.wait()
    return heard, ours, theirs


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@linux
async def test_a_busy_loop_does_not_move_the_time_of_arrival():
    heard, ours, theirs = await connected()
    assert stamp_arrivals(ours)
    theirs.sendall(b"first")  # the kernel begins to stamp a little after it was asked to
    await until(lambda: heard.data == b"first")
    await asyncio.sleep(0.05)
    sent_s = []

    def send():
        theirs.sendall(b"while busy")
        sent_s.append(time.perf_counter())

    sender = threading.Timer(0.05, send)
    sender.start()
    time.sleep(0.5)  # noqa: ASYNC251 - the loop is to be busy
    busy_until_s = time.perf_counter()
    await until(lambda: heard.data == b"firstwhile busy")
    sender.join()
    arrived_s = heard.pieces[-1][1]
    assert arrived_s < busy_until_s - 0.2
    assert arrived_s == pytest.approx(sent_s[0], abs=0.2)
    heard.transport.abort()
    theirs.close()


async def test_without_a_stamp_the_read_is_the_time(monkeypatch):
    heard, _, theirs = await connected()
    before_s = time.perf_counter()
    theirs.sendall(b"x")
    await until(lambda: heard.data == b"x")
    assert before_s < heard.pieces[0][1] <= time.perf_counter()
    heard.transport.abort()
    theirs.close()


@pytest.mark.parametrize("seconds_ago", [-5.0, 3600.0])
def test_a_stamp_of_another_day_is_none(seconds_ago):
    then = time.time() - seconds_ago
    assert stamped._late_s(stamped._TIMESPEC.pack(int(then), 0)) is None


@linux
@pytest.mark.parametrize("ahead_s", [0.5, 30.0])
async def test_a_step_of_the_clock_while_bytes_wait_takes_no_time_backwards(monkeypatch, ahead_s):
    heard, ours, theirs = await connected()
    assert stamp_arrivals(ours)
    theirs.sendall(b"1")
    await until(lambda: heard.data == b"1")
    await asyncio.sleep(0.15)  # the kernel has begun to stamp
    theirs.sendall(b"2")
    await until(lambda: heard.data == b"12")
    assert heard.stamps.complete
    true_time = time.time
    monkeypatch.setattr(stamped.time, "time", lambda: true_time() + ahead_s)
    theirs.sendall(b"3")
    await until(lambda: heard.data == b"123")
    monkeypatch.undo()
    now_s = time.perf_counter()
    arrived = [at for _, at in heard.pieces]
    assert arrived == sorted(arrived)
    assert arrived[-1] <= now_s
    assert not heard.stamps.complete
    heard.transport.abort()
    theirs.close()


async def test_what_was_read_without_a_stamp_is_known_once_the_kernel_has_had_time_to_begin():
    heard, _, theirs = await connected()
    theirs.sendall(b"early")
    await until(lambda: heard.data == b"early")
    early = heard.stamps.complete, heard.pieces[0][1] - heard.transport._begun_s < stamped._SETTLE_S
    await asyncio.sleep(0.15)
    theirs.sendall(b" late")
    await until(lambda: heard.data == b"early late")
    assert early in {(True, True), (False, False)}
    assert not heard.stamps.complete
    heard.transport.abort()
    theirs.close()


async def test_the_end_of_a_connection_carries_no_stamp_and_needs_none():
    heard, _, theirs = await connected()
    await asyncio.sleep(0.15)
    theirs.close()
    await heard.ended.wait()
    assert heard.stamps.complete


async def test_large_writes_all_arrive_and_in_order():
    heard, _, theirs = await connected()
    data = bytes(range(256)) * 40_000
    heard.transport.write(data)
    heard.transport.write(b"end")
    assert heard.transport.get_write_buffer_size() > 0
    heard.transport.close()  # what was written still goes out
    got = await asyncio.to_thread(read_all, theirs)
    assert got == data + b"end"
    await heard.ended.wait()
    assert heard.lost is None


def read_all(peer):
    with peer:
        pieces = []
        while piece := peer.recv(1 << 16):
            pieces.append(piece)
        return b"".join(pieces)


async def test_the_peers_end_closes():
    heard, _, theirs = await connected()
    theirs.sendall(b"last words")
    theirs.close()
    await heard.ended.wait()
    assert (heard.data, heard.lost) == (b"last words", None)
    assert heard.transport.is_closing()


async def test_a_reset_is_told():
    heard, _, theirs = await connected()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    theirs.close()
    await heard.ended.wait()
    assert isinstance(heard.lost, ConnectionError)


async def test_writing_to_who_is_gone_ends_the_connection_and_raises_nothing():
    heard, ours, theirs = await connected()
    theirs.close()
    ours.shutdown(socket.SHUT_WR)
    heard.transport.write(b"x")
    await heard.ended.wait()
    heard.transport.write(b"y")
    assert heard.transport.is_closing()


async def test_paused_reading_keeps_what_arrives_for_later():
    heard, _, theirs = await connected()
    heard.transport.pause_reading()
    theirs.sendall(b"later")
    await asyncio.sleep(0.02)
    assert (heard.data, heard.transport.is_reading()) == (b"", False)
    heard.transport.resume_reading()
    await until(lambda: heard.data == b"later")
    heard.transport.abort()
    heard.transport.abort()
    await heard.ended.wait()
    theirs.close()


async def test_asyncios_own_loop_can_be_stamped_on_and_another_cannot():
    assert can_stamp(asyncio.get_running_loop()) == isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)
    assert not can_stamp(object())
