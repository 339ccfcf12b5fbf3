"""A connection made: the name resolved, the proxy passed, TLS agreed on; each failure in its class."""

import asyncio
import socket
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType

from evalslo.endpoints.alert import tls_error
from evalslo.endpoints.attempt import CallFailed, failed, reason_of
from evalslo.endpoints.connection import Connection
from evalslo.endpoints.proxy import Proxy
from evalslo.endpoints.stage import Stage
from evalslo.endpoints.stamped import KERNEL_STAMPS, READ_BYTES, StampedTransport, Stamps, can_stamp, stamp_arrivals
from evalslo.endpoints.thread import outcome_in_thread
from evalslo.endpoints.tunnel import Tunnel
from evalslo.model.sample import ErrorClass

if TYPE_CHECKING:
    import ssl

_SECOND_FAMILY_S = 0.25  # when an address does not answer for so long, the next is tried beside it (RFC 8305)
_RESOLVED_S = 10.0  # a name is asked for again after so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way to a server. `host` is what messages name; `name` and `port` are the server's, in ASCII."""

    host: str
    name: str
    port: int
    tls: "ssl.SSLContext | None" = field(default=None, repr=False)
    proxy: Proxy | None = None
    proxy_tls: "ssl.SSLContext | None" = field(default=None, repr=False)

    @property
    def first(self) -> tuple[str, int]:
        """The name and port that are connected to: the proxy's, where there is one."""
        return (self.name, self.port) if self.proxy is None else (self.proxy.name, self.proxy.port)

    @property
    def target(self) -> str:
        """The server as a proxy is asked for it."""
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


class Addresses:
    """The addresses of a name: one question at a time, however many ask, and its answer for some seconds."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._loop = asyncio.get_running_loop()
        self._question: asyncio.Task[list[AddrInfoType]] | None = None
        self._until = 0.0

    async def now(self) -> list[AddrInfoType]:
        """The addresses. Raises CallFailed where there are none."""
        if self._question is None or (self._question.done() and self._loop.time() >= self._until):
            self._question = self._loop.create_task(self._resolved())
            self._question.add_done_callback(self._note)
        return await asyncio.shield(self._question)

    def _note(self, question: "asyncio.Task[list[AddrInfoType]]") -> None:
        worked = not question.cancelled() and question.exception() is None
        self._until = self._loop.time() + _RESOLVED_S if worked else 0.0

    async def _resolved(self) -> list[AddrInfoType]:
        name, port = self._route.first
        literal = _literal(name, port)
        if literal is not None:
            return [literal]
        # in a thread of the loop's pool a name server that does not answer would keep the process from ending
        ask = partial(socket.getaddrinfo, name, port, type=socket.SOCK_STREAM)
        outcome = await outcome_in_thread(ask, name="evalslo-name")
        if isinstance(outcome, OSError | UnicodeError):
            raise _unresolved(self._route, outcome) from outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return list(outcome)


class Dialler:
    """Makes connections over one route."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._addresses = Addresses(route)
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(READ_BYTES) if can_stamp(self._loop) else None
        self._stamps = Stamps()

    @property
    def exact(self) -> bool:
        """Whether the system stamps what arrives, and nothing that came so far came without a stamp."""
        return KERNEL_STAMPS and self._buffer is not None and self._stamps.complete

    async def dial(self, connection: Connection) -> None:
        """Nothing; makes `connection` an established one. Raises CallFailed, and nothing else but cancellation.

        Whatever ends it before, a time-out or a cancellation too, nothing stays open.
        """
        peer = await self._connected()
        if self._route.tls is None and self._route.proxy_tls is None:
            await self._transport(peer, connection, connection)
            return
        tunnel = Tunnel(host=self._route.host)
        wire = await self._transport(peer, tunnel, connection)
        try:
            transport = await self._secured(wire, tunnel, connection)
        except BaseException:
            wire.abort()
            raise
        connection.connection_made(transport)

    async def _secured(self, wire: asyncio.Transport, tunnel: Tunnel, connection: Connection) -> asyncio.Transport:
        """What `connection` speaks on: TLS with the proxy, its tunnel, TLS with the server, as far as the route has them."""
        transport, route, proxy = wire, self._route, self._route.proxy
        if proxy is not None and route.proxy_tls is not None:
            connection.stage = Stage.PROXY_TLS
            protocol = connection if route.tls is None else tunnel
            transport = await self._encrypted(transport, protocol, route.proxy_tls, name=proxy.name)
        if proxy is not None and route.tls is not None:
            connection.stage = Stage.TUNNEL
            await tunnel.opened(transport, target=route.target, proxy=proxy)
        if route.tls is not None:
            connection.stage = Stage.TLS
            transport = await self._encrypted(transport, connection, route.tls, name=route.name)
        return transport

    async def _connected(self) -> socket.socket:
        found = await self._addresses.now()
        try:
            return await aiohappyeyeballs.start_connection(
                found, happy_eyeballs_delay=_SECOND_FAMILY_S, loop=self._loop
            )
        except (OSError, RuntimeError) as error:  # RuntimeError is what uvloop raises for some addresses
            raise _refused(self._route, error) from error

    async def _transport(
        self, peer: socket.socket, protocol: asyncio.Protocol, connection: Connection
    ) -> asyncio.Transport:
        """A transport for `protocol`: one with the kernel's own stamps, where that can be had, for `connection` to read."""
        drop = peer.close
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._buffer is not None and stamp_arrivals(peer):
                clock = StampedTransport(self._loop, peer, protocol, buffer=self._buffer, stamps=self._stamps)
                connection.wire = connection.clock = clock
                drop = clock.abort
                await asyncio.sleep(0)  # the protocol has been told of it then
                return clock
            self._stamps.complete = False
            connection.wire, _ = await self._loop.create_connection(lambda: protocol, sock=peer)
        except BaseException as error:
            drop()
            if isinstance(error, OSError):
                raise _refused(self._route, error) from error
            raise
        return connection.wire

    async def _encrypted(
        self, transport: asyncio.Transport, protocol: asyncio.Protocol, context: "ssl.SSLContext", *, name: str
    ) -> asyncio.Transport:
        try:
            secured = await self._loop.start_tls(transport, protocol, context, server_hostname=name)
        except OSError as error:  # an SSLError is one too
            raise _untrusted(self._route, error, is_proxy=context is not self._route.tls) from error
        if secured is None:
            raise failed(ErrorClass.TLS, f"{self._route.host} closed the connection in its handshake", retryable=True)
        return secured


def _untrusted(route: Route, error: OSError, *, is_proxy: bool) -> CallFailed:
    """The failure of a handshake. Trying again does not make a certificate trusted."""
    whom = f"the proxy in front of {route.host}" if is_proxy else route.host
    kind = ErrorClass.PROXY if is_proxy else ErrorClass.TLS
    why = getattr(error, "verify_message", None)
    if why is None:
        return CallFailed(tls_error(error, whom=whom, kind=kind))
    where = "SSL_CERT_FILE" if is_proxy else "endpoint.tls.ca or SSL_CERT_FILE"
    return failed(kind, f"the certificate of {whom} is not trusted: {why}; name its CA in {where}")


def _refused(route: Route, error: BaseException) -> CallFailed:
    if route.proxy is not None:
        message = f"no connection to the proxy in front of {route.host}: {reason_of(error)}"
        return failed(ErrorClass.PROXY, message, retryable=True)
    return failed(ErrorClass.REFUSED, f"no connection to {route.host}: {reason_of(error)}", retryable=True)


def _unresolved(route: Route, error: Exception) -> CallFailed:
    retryable = not isinstance(error, UnicodeError)
    if route.proxy is not None:
        message = f"the name of the proxy in front of {route.host} cannot be resolved: {reason_of(error)}"
        return failed(ErrorClass.PROXY, message, retryable=retryable)
    message = f"the name {route.host} cannot be resolved: {reason_of(error)}"
    return failed(ErrorClass.DNS, message, retryable=retryable)


def _literal(name: str, port: int) -> AddrInfoType | None:
    """The address that `name` itself is; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        at = (name, port) if family == socket.AF_INET else (name, port, 0, 0)
        return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", at)
    return None
