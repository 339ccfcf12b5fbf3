"""The connections of one endpoint: kept open between calls, made when none is idle, never too many handshakes at once."""

import asyncio
from time import perf_counter

from evalslo.endpoints.attempt import CallFailed, timed_out
from evalslo.endpoints.connection import Connection
from evalslo.endpoints.dial import Dialler, Route
from evalslo.endpoints.held import Held
from evalslo.endpoints.stage import stuck
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import Timeouts

_HANDSHAKES = 64  # at once: less than the shortest usual backlog (128), so that 1,000 callers are not 936 resets
_MAX_IDLE_S = 4.0  # uvicorn and node close after 5 s, others later; a new connection costs less than a reset call


class Pool:
    """Connections over which one call at a time goes; the one that was used last is used first.

    `held` counts what all their responses hold.
    """

    def __init__(self, route: Route, *, timeouts: Timeouts, held: Held) -> None:
        self._route = route
        self._timeouts = timeouts
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._handshakes = asyncio.Semaphore(_HANDSHAKES)
        self._dialler = Dialler(route)
        self._held = held

    @property
    def exact(self) -> bool:
        """Whether all that came so far has the system's own stamp; before the first connection: whether that can be had."""
        return self._dialler.exact

    async def take(self) -> Connection:
        """An established connection for one call. Raises CallFailed where none can be made in time."""
        while self._idle:
            connection = self._idle.pop()
            if connection.has_news:  # some servers, llama.cpp among them, close a kept connection right after an answer
                await _two_turns()
            if connection.usable and perf_counter() - connection.idle_since <= _MAX_IDLE_S:
                return connection
            connection.abort()
        connection = Connection(host=self._route.host, lost=self._forget, held=self._held)
        try:
            within_s = min(self._timeouts.connect_s, self._timeouts.total_s)
            async with asyncio.timeout(within_s), self._handshakes:
                await self._dialler.dial(connection)
        except TimeoutError as error:
            raise self._too_late(connection) from error
        if connection.usable:
            self._open.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Nothing; a connection that can serve another call is kept."""
        if connection.usable:
            self._idle.append(connection)

    async def close(self) -> None:
        """Nothing; drops every connection, and gives the loop the turns that it takes to close them."""
        for connection in tuple(self._open):
            connection.abort()
        self._idle.clear()
        for _ in range(10):
            await asyncio.sleep(0)
            if not self._open:
                return

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _too_late(self, connection: Connection) -> CallFailed:
        timeouts, route = self._timeouts, self._route
        if timeouts.total_s < timeouts.connect_s:
            return CallFailed(timed_out(ErrorClass.TIMEOUT, timeouts.total_s))
        has_proxy = route.proxy is not None
        return stuck(connection.stage, host=route.host, has_proxy=has_proxy, limit_s=timeouts.connect_s)


async def _two_turns() -> None:
    """Nothing; what came is heard of: the first turn finds it, the second tells."""
    for _ in range(2):
        await asyncio.sleep(0)
