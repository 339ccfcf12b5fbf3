"""HTTP with a clock: one attempt, its bytes stamped as they arrive."""

import asyncio
import hashlib
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import aiohttp

from evalslo.endpoints.access import Access
from evalslo.endpoints.attempt import MAX_RESPONSE_BYTES, malformed, one_attempt, status_failure, too_large, unexpected
from evalslo.endpoints.redact import redactor
from evalslo.model.sample import CallError, ErrorClass, Request, Response

_MAX_ERROR_BYTES = 65_536  # enough for any message that a person reads
_SETTLE_S = 0.25  # a server that ends its stream ends its body with it; one that does not is not waited for


@dataclass(slots=True)
class Clock:
    """When the request was written, by `time.perf_counter`; None before."""

    sent_s: float | None = None

    def elapsed_s(self) -> float:
        """Seconds since the request was written."""
        return 0.0 if self.sent_s is None else time.perf_counter() - self.sent_s


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response with a 2xx status whose body is still to be read. Times count from the request's first byte."""

    raw: aiohttp.ClientResponse
    clock: Clock

    @property
    def status(self) -> int:
        """HTTP's."""
        return self.raw.status

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; "" where the server named none."""
        return self.raw.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncGenerator[tuple[bytes, float], None]:
        """Pieces of the body as they arrive, each with its time in seconds; raises CallFailed over the bound."""
        size = 0
        async for chunk in self.raw.content.iter_any():
            at_s = self.clock.elapsed_s()
            size += len(chunk)
            if size > MAX_RESPONSE_BYTES:
                raise too_large()
            yield chunk, at_s

    async def body(self) -> tuple[bytes, float]:
        """The whole body, and the time of its last byte in seconds."""
        pieces, last_s = [], self.clock.elapsed_s()
        async for piece, at_s in self.chunks():
            pieces.append(piece)
            last_s = at_s
        return b"".join(pieces), last_s

    async def settle(self) -> None:
        """Nothing; reads what follows the end of a stream, so that the connection can serve another call."""
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_SETTLE_S):
                while not self.raw.content.at_eof():
                    await self.raw.content.readany()


class HttpClient:
    """One session over which any number of calls may go at once; an async context manager."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_on_headers)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # the scheduler bounds what is in flight
            cookie_jar=aiohttp.DummyCookieJar(),  # calls are independent of one another
            headers={**self.access.headers, "Accept-Encoding": "identity"},  # compression holds tokens back
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # one_attempt holds the limit over everything
            trace_configs=[trace],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def send(
        self, method: str, url: str, *, body: bytes | None, query: Mapping[str, str] | None = None
    ) -> AsyncIterator[HttpResponse]:
        """The response to one request with a JSON body.

        Raises CallFailed for a status outside 2xx. Redirects are not followed: a key must not travel to another host.
        """
        if self._session is None:
            raise RuntimeError("the endpoint is not open; use it in `async with`")
        clock = Clock()
        async with self._session.request(
            method,
            url,
            data=body,
            params=query,
            headers={} if body is None else {"Content-Type": "application/json"},
            allow_redirects=False,
            proxy=self.access.proxy,
            trace_request_ctx=clock,
        ) as response:
            if not 200 <= response.status < 300:
                raise status_failure(response.status, headers=response.headers, body=await _beginning(response))
            yield HttpResponse(raw=response, clock=clock)


class CalledEndpoint:
    """An endpoint behind HTTP, whose `attempt` is what one call does; an async context manager."""

    def __init__(
        self,
        attempt: Callable[[HttpClient, Request], Coroutine[Any, Any, Response]],
        *,
        access: Access,
        recorded: Mapping[str, Any],
    ) -> None:
        self._attempt = attempt
        self._client = HttpClient(access)
        self._recorded = recorded
        self._redactor = redactor(access.secrets, only_in_messages=access.told)

    def fingerprint(self) -> Mapping[str, Any]:
        """The options as they are recorded."""
        return self._recorded

    @property
    def quota(self) -> str:
        """The host, and a digest of whatever may be a key."""
        access = self._client.access
        return f"{access.host} {hashlib.sha256(repr(sorted(access.headers.items())).encode()).hexdigest()}"

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def call(self, request: Request) -> Response:
        """The response to `request`, in one attempt."""
        access = self._client.access
        return await one_attempt(
            self._attempt(self._client, request),
            timeout_s=access.timeout_s,
            explain=lambda error: explain(error, host=access.host),
            redactor=self._redactor,
        )


def explain(error: BaseException, *, host: str) -> CallError:
    """The class of a failure below HTTP, and whether another attempt may help."""
    match error:
        case aiohttp.ClientProxyConnectionError():
            message = f"no connection to the proxy in front of {host}: {_reason(error)}"
            return CallError(kind=ErrorClass.REFUSED, message=message, retryable=True)
        case aiohttp.ClientConnectorDNSError():
            return _broken(f"the name {host} cannot be resolved: {_reason(error)}")
        case aiohttp.ClientConnectorCertificateError():
            return _broken(f"the certificate of {host} is not trusted: {error.certificate_error}", retryable=False)
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return _broken(f"TLS with {host} failed: {_reason(error)}")
        case aiohttp.ClientConnectorError():
            message = f"no connection to {host}: {_reason(error)}"
            return CallError(kind=ErrorClass.REFUSED, message=message, retryable=True)
        case aiohttp.ClientHttpProxyError():
            return _broken(f"the proxy in front of {host} answered {error.status}")
        case aiohttp.ClientResponseError():
            return malformed(f"not HTTP: {error.message}").error
        case aiohttp.ServerDisconnectedError():
            return _broken(f"{host} closed the connection without a response")
        case aiohttp.ClientPayloadError():
            return _broken(f"{host} closed the connection in the midst of its response")
        case aiohttp.ClientConnectionError() | OSError():
            return _broken(f"the connection to {host} broke: {_reason(error)}")
        case _:
            return unexpected(error)


async def _on_headers(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    """The clock starts when the request can be written, not when it was asked for.

    The client would silently send an idempotent request again on another connection; an attempt is one attempt.
    """
    clock: Clock = context.trace_request_ctx
    if clock.sent_s is not None:
        raise aiohttp.ServerDisconnectedError
    clock.sent_s = time.perf_counter()


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The body as far as a message could quote it; what came before the connection broke is enough."""
    pieces, size = [], 0
    try:
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > _MAX_ERROR_BYTES:
                break
    except aiohttp.ClientError:
        pass
    return b"".join(pieces)


def _broken(message: str, *, retryable: bool = True) -> CallError:
    return CallError(kind=ErrorClass.TRANSPORT, message=message, retryable=retryable)


def _reason(error: BaseException) -> str:
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return getattr(inner, "strerror", None) or type(inner).__name__
