"""One connection to a server: at most one request is under way on it, and a clock stands beside it."""

import asyncio
import select
import sys
from collections.abc import Callable
from time import perf_counter

from evalslo.endpoints.alert import is_alert, tls_error
from evalslo.endpoints.attempt import CallFailed, failed, reason_of
from evalslo.endpoints.held import Held
from evalslo.endpoints.http_response import HttpResponse
from evalslo.endpoints.incoming import Incoming
from evalslo.endpoints.stage import Stage
from evalslo.endpoints.stamped import StampedTransport
from evalslo.endpoints.waiting import Waiting
from evalslo.model.sample import CallError, ErrorClass
from evalslo.model.suite import Timeouts


class Connection(asyncio.Protocol):
    """An established connection. What comes is stamped and kept; whoever waits for a response is woken once, at its end.

    `clock` knows when what came arrived; without one its reading is its arrival. `wire` is the transport below any TLS.
    `stage` is how far its making has come. `held` counts the bodies of all that share it.
    """

    __slots__ = (
        "_due",
        "_held",
        "_host",
        "_incoming",
        "_loop",
        "_lost",
        "_timer",
        "_transport",
        "_waiter",
        "_waiting",
        "clock",
        "idle_since",
        "stage",
        "wire",
    )

    def __init__(self, *, host: str, lost: Callable[["Connection"], None], held: Held) -> None:
        self._host = host
        self._held = held
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._incoming: Incoming | None = None
        self._waiting: Waiting | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.idle_since = 0.0
        self.stage = Stage.CONNECTING
        self.clock: StampedTransport | None = None
        self.wire: asyncio.Transport | None = None

    @property
    def usable(self) -> bool:
        """Whether another request could be written."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_news(self) -> bool:
        """Whether something came that the loop has not told of yet: of an idle connection most often that it was closed."""
        peer = None if self._transport is None else self._transport.get_extra_info("socket")
        return peer is not None and peer.fileno() >= 0 and _is_readable(peer.fileno())

    async def exchange(
        self, request: bytes, *, since: float, timeouts: Timeouts, begun: Callable[[HttpResponse], bool]
    ) -> HttpResponse:
        """The response to `request`; `begun` says of a part of it whether a first token is in it.

        `since` is when the attempt began, by `time.perf_counter`: `timeouts.total_s` counts from there, connecting included.
        Raises CallFailed where no head of a response came, where a time-out was reached, and over a bound.
        """
        transport = self._transport
        if transport is None:
            raise failed(ErrorClass.RESET, f"{self._host} closed the connection", retryable=True)
        self._waiter = waiter = self._loop.create_future()
        sent_at = perf_counter()
        self._incoming = incoming = Incoming(sent_at=sent_at, held=self._held)
        self._waiting = Waiting(incoming, since=since, timeouts=timeouts, begun=begun)
        transport.write(request)
        self._arm(sent_at)
        try:
            await waiter
        finally:
            self._waiter = self._waiting = self._incoming = None
            incoming.close()
            if incoming.whole and incoming.keep_alive and self._all_sent:
                self.idle_since = perf_counter()
            else:
                self.abort()
        return _outcome(incoming)

    @property
    def _all_sent(self) -> bool:
        """Whether nothing of a request waits still; a server may answer before it has read all, and the rest would go first."""
        ways = (self._transport, self.wire)  # TLS hands what it wrote to the wire
        return all(way is None or way.get_write_buffer_size() == 0 for way in ways)

    def abort(self) -> None:
        """Nothing; drops the connection at once."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: it is established."""
        self._transport = transport  # type: ignore[assignment]  # a stream's, always

    def data_received(self, data: bytes) -> None:
        """Asyncio's: `data` came."""
        read_at = perf_counter()
        incoming = self._incoming
        if incoming is None:
            self.abort()  # nobody asked: a server that gives up an idle connection may say so before it closes
            return
        incoming.read_at = read_at
        at = read_at if self.clock is None else self.clock.arrived_s
        # no answer came before it was asked for: the clock of the day was set in between
        if incoming.feed(data, at=at if at >= incoming.sent_at else read_at):
            self._wake()
        elif incoming.said_done or (self._waiting is not None and self._waiting.watches_idle):
            self._arm(read_at)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's: it has ended; `exc` None: as the server meant it to."""
        self._transport = None
        if self._incoming is not None and not self._incoming.whole:
            self._incoming.end(cleanly=exc is None, cut=_cut(self._incoming, exc, host=self._host))
            self._wake()
        self.abort()
        self._lost(self)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _arm(self, now: float) -> None:
        """Nothing; a timer is left running over many calls, since each new one would be due later than the last."""
        if self._waiting is None:
            return
        due = self._waiting.due()
        if self._timer is None or due < self._due:
            if self._timer is not None:
                self._timer.cancel()
            self._due = due
            self._timer = self._loop.call_later(max(0.0, due - now), self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        waiting, incoming, now = self._waiting, self._incoming, perf_counter()
        if waiting is None or incoming is None or incoming.whole:
            return
        if waiting.is_over(now):
            self._wake()
        else:
            self._arm(now)


def _outcome(incoming: Incoming) -> HttpResponse:
    """The response, where its head came and no bound of time or size ended it; else raises CallFailed."""
    fault = incoming.fault
    if fault is None or incoming.whole or incoming.said_done:
        return incoming.response()
    answered = 200 <= incoming.status < 300
    if not incoming.status or (answered and fault.kind not in (ErrorClass.RESET, ErrorClass.MALFORMED)):
        raise CallFailed(fault)
    return incoming.response()


def _cut(incoming: Incoming, exc: Exception | None, *, host: str) -> CallError:
    """What ended the connection, in words."""
    if exc is not None and is_alert(exc):  # in TLS 1.3 a server refuses our certificate only after the handshake
        return tls_error(exc, whom=host)
    if exc is not None:
        message = f"the connection to {host} broke: {reason_of(exc)}"
    elif incoming.status:
        message = f"{host} closed the connection in the midst of its response"
    else:
        message = f"{host} closed the connection without a response"
    return CallError(kind=ErrorClass.RESET, message=message, retryable=True)


def _is_readable(descriptor: int) -> bool:
    """Whether a read would not wait. `poll` takes any descriptor, `select` elsewhere than on Windows only the first 1,024."""
    if sys.platform == "win32":
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
