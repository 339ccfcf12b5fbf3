"""The way through a proxy: the CONNECT that asks for it, and what the proxy answers."""

import asyncio

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from evalslo.endpoints.attempt import MAX_HEAD_BYTES, MAX_HEADER_LINES, CallFailed, failed
from evalslo.endpoints.proxy import Proxy
from evalslo.model.sample import ErrorClass


class Tunnel(asyncio.Protocol):
    """The connection to a proxy until it has answered a CONNECT; another protocol takes its transport over then."""

    def __init__(self, *, host: str) -> None:
        self._host = host
        self._answer: asyncio.Future[int | CallFailed] = asyncio.get_running_loop().create_future()
        self._parser = HttpResponseParser(self)
        self._size = 0
        self._lines = 0

    async def opened(self, transport: asyncio.WriteTransport, *, target: str, proxy: Proxy) -> None:
        """Nothing, once the way to `target`, a host with its port, is open. Raises CallFailed where the proxy refuses."""
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        transport.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        status = await self._answer
        if isinstance(status, CallFailed):
            raise status
        if not 200 <= status < 300:
            message = f"the proxy in front of {self._host} answered {status}"
            raise failed(ErrorClass.PROXY, message, status=status, retryable=status >= 500 or status == 429)

    def data_received(self, data: bytes) -> None:
        """Asyncio's: `data` came."""
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(f"the proxy in front of {self._host} does not speak HTTP: {error}")
        if self._size > MAX_HEAD_BYTES:
            self._fail(f"the proxy in front of {self._host} answered with more than {MAX_HEAD_BYTES:,} bytes")

    def on_header(self, _name: bytes, _value: bytes) -> None:
        """The parser's: a header came."""
        self._lines += 1
        if self._lines > MAX_HEADER_LINES:
            self._fail(f"the proxy in front of {self._host} answered with more than {MAX_HEADER_LINES} headers")

    def on_headers_complete(self) -> None:
        """The parser's: the head came, and with it the answer."""
        status = self._parser.get_status_code()
        if status >= 200 and not self._answer.done():
            self._answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's: the proxy went away."""
        self._fail(f"the proxy in front of {self._host} closed the connection")

    def _fail(self, message: str) -> None:
        if not self._answer.done():
            self._answer.set_result(failed(ErrorClass.PROXY, message, retryable=True))
