"""A TCP connection that knows when its bytes arrived, and not only when the event loop came to read them.

On Linux the kernel stamps what arrives (SO_TIMESTAMPNS, socket(7)); a loop that is busy with 255 other streams then makes
no model look slow. Elsewhere, and where a stamp makes no sense, a read is its own stamp.
"""

import asyncio
import socket
import struct
import sys
import time
from typing import Any

READ_BYTES = 65_536
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; the socket module has no name for it
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size) if hasattr(socket, "CMSG_SPACE") else 0
KERNEL_STAMPS = sys.platform.startswith("linux") and _ANCILLARY_BYTES > 0
_LONGEST_S = 60.0  # a stamp that is older is none: the clock of the day was set in between
_SETTLE_S = 0.1  # the kernel begins to stamp a little after the first socket asked for it
_JITTER_S = 0.01  # a stamp may be so much before a read that did not see its bytes yet


class Stamps:
    """Whether the kernel stamped all that arrived at the connections that share this: `complete` until something had none."""

    __slots__ = ("complete",)

    def __init__(self) -> None:
        self.complete = True


class StampedTransport(asyncio.Transport):
    """A connected, non-blocking TCP socket as a transport for `protocol`, on a loop that has `add_reader`.

    `arrived_s` is when the last bytes that the protocol was given arrived, by `time.perf_counter`. Bytes that were read
    together share the time of the last of them, and no time is before one that was given earlier. `buffer` and `stamps` may
    be shared by the connections of one loop.
    """

    _start_tls_compatible = True  # what asyncio's start_tls asks of a transport

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        protocol: asyncio.BaseProtocol,
        *,
        buffer: bytearray,
        stamps: Stamps,
    ) -> None:
        super().__init__({"socket": sock, "peername": sock.getpeername()})
        self._loop, self._socket, self._protocol = loop, sock, protocol
        self._buffers, self._view = [buffer], memoryview(buffer)
        self._unsent = bytearray()
        self._closing = self._reading = False
        self._stamps, self._was_stamped = stamps, False
        self._begun_s = time.perf_counter()
        self.arrived_s = 0.0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._protocol.connection_made(self)
        if not self._closing:
            self.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Nothing; from now on `protocol` is given what arrives."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who is given what arrives."""
        return self._protocol

    def is_closing(self) -> bool:
        """Whether it was closed or is being closed."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether arriving bytes are handed on."""
        return self._reading

    def pause_reading(self) -> None:
        """Nothing; what arrives waits in the kernel."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def resume_reading(self) -> None:
        """Nothing; what arrives is handed on."""
        if not self._reading and not self._closing:
            self._reading = True
            self._loop.add_reader(self._socket, self._read)

    def get_write_buffer_size(self) -> int:
        """Bytes that the kernel did not take yet."""
        return len(self._unsent)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing: a request is small, and whoever writes here holds all of it anyway."""

    def can_write_eof(self) -> bool:
        """False: a client has no use for it."""
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nothing; sends at once what the kernel takes, the rest as soon as it does."""
        if self._closing:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._force_close(error)
                return
            if sent == len(data):
                return
            self._loop.add_writer(self._socket, self._write_rest)
        self._unsent += memoryview(data)[sent:]

    def _write_rest(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._force_close(error)
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._socket)
            if self._closing:
                self._loop.call_soon(self._end, None)

    def close(self) -> None:
        """Nothing; closes once what was written has been sent."""
        if not self._closing:
            self.pause_reading()
            self._closing = True
            if not self._unsent:
                self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        """Nothing; closes at once, whatever was not sent."""
        self._force_close(None)

    def _force_close(self, error: BaseException | None) -> None:
        """By this name asyncio's TLS ends a connection that broke."""
        if self._socket.fileno() < 0:
            return
        self.pause_reading()
        if self._unsent:
            self._unsent.clear()
            self._loop.remove_writer(self._socket)
        elif self._closing:
            return  # its end is on the way
        self._closing = True
        self._loop.call_soon(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        try:
            self._protocol.connection_lost(error if isinstance(error, Exception) else None)
        finally:
            self._socket.close()

    def _read(self) -> None:
        """Reads once and hands it on with its time."""
        try:
            count, stamps, _, _ = self._socket.recvmsg_into(self._buffers, _ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._force_close(error)
            return
        if not count:
            self._read_end()
            return
        self._date(stamps[0][2] if stamps else None)
        _hand_on(self._protocol, self._view[:count])

    def _date(self, stamp: bytes | None) -> None:
        """Nothing; finds when what was just read arrived. Without a stamp, or with one that cannot be, that is now."""
        now_s = time.perf_counter()
        late_s = None if stamp is None else _late_s(stamp)
        if late_s is None or now_s - late_s < self.arrived_s - _JITTER_S:
            self.arrived_s = now_s
            if stamp is not None or self._was_stamped or now_s - self._begun_s > _SETTLE_S:
                self._stamps.complete = False
        else:
            self.arrived_s = max(self.arrived_s, now_s - late_s)
            self._was_stamped = True

    def _read_end(self) -> None:
        self.pause_reading()
        protocol = self._protocol
        if not (isinstance(protocol, asyncio.Protocol | asyncio.BufferedProtocol) and protocol.eof_received()):
            self.close()


def stamp_arrivals(sock: socket.socket) -> bool:
    """Whether the kernel stamps from now on what arrives at `sock`."""
    if not KERNEL_STAMPS:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def can_stamp(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `loop` is one of asyncio's own that watches sockets: only there its TLS goes over another transport."""
    return isinstance(loop, asyncio.SelectorEventLoop) and hasattr(socket.socket, "recvmsg_into")


def _late_s(stamp: bytes) -> float | None:
    """How long ago the kernel's stamp was, in seconds; None for one that cannot be."""
    seconds, nanoseconds = _TIMESPEC.unpack(stamp)
    late_s = time.time() - (seconds + nanoseconds * 1e-9)
    return max(0.0, late_s) if -_JITTER_S <= late_s < _LONGEST_S else None


def _hand_on(protocol: Any, data: memoryview) -> None:  # noqa: ANN401 - either of asyncio's two protocols
    if not isinstance(protocol, asyncio.BufferedProtocol):
        protocol.data_received(bytes(data))
        return
    while data:  # TLS reads into a buffer of its own
        into = memoryview(protocol.get_buffer(len(data)))
        count = min(len(into), len(data))
        into[:count] = data[:count]
        protocol.buffer_updated(count)
        data = data[count:]
