"""HTTP with a clock: an endpoint's calls over its connections, one attempt each."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from evalslo.endpoints.access import Access
from evalslo.endpoints.attempt import CallFailed, failed, unexpected
from evalslo.endpoints.coding import decoded
from evalslo.endpoints.dial import Route
from evalslo.endpoints.head import ascii_name, head_for
from evalslo.endpoints.held import OWN_BYTES, Held
from evalslo.endpoints.http_response import HttpResponse
from evalslo.endpoints.pool import Pool
from evalslo.endpoints.rate_hint import aged, read_hint
from evalslo.endpoints.redact import redacted, redactor
from evalslo.endpoints.refusal import status_failure
from evalslo.endpoints.stamped import KERNEL_STAMPS, can_stamp
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request, Response

_FEW_PIECES = 8  # of a response in fewer pieces is no more to be read than of one that is not streamed

_NOT_OF_PATHS = frozenset("?#\t\r\n")


class Outgoing(Struct, frozen=True, kw_only=True):
    """What one call sends beside its head: a body, or the keys of a query."""

    body: bytes | None = None
    query: Mapping[str, str] | None = None


class Exchange(Struct, frozen=True, kw_only=True):
    """What a kind of endpoint makes of a request, and of a response with a 2xx status; either may raise CallFailed.

    `begun` says of a part of a response whether something that a user waits for is in it.
    """

    write: Callable[[Request], Outgoing]
    read: Callable[[HttpResponse], Coroutine[Any, Any, Response]]
    begun: Callable[[HttpResponse], bool]
    method: str = "POST"


class CalledEndpoint:
    """An endpoint behind HTTP; an async context manager. One call is one attempt: nothing is silently sent again."""

    def __init__(self, exchange: Exchange, *, access: Access, recorded: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._access = access
        self._recorded = recorded
        self._redactor = redactor(access.secrets, only_in_messages=access.told)
        self._route = route_of(access)
        self._head = head_for(access, exchange.method)
        self._held = Held()
        self._pool: Pool | None = None
        self._turn = asyncio.Lock()

    def fingerprint(self) -> Mapping[str, Any]:
        """The options as they are recorded."""
        return self._recorded

    @property
    def quota(self) -> str:
        """The host, and a digest of whatever it knows its caller by."""
        return f"{self._access.host} {self._access.credential}"

    @property
    def exact(self) -> bool:
        """Whether the system stamps what arrives: then no time is longer because the loop was busy.

        Before the first call that is what the system promises; after calls, that nothing of theirs came without a stamp.
        """
        if self._pool is None:
            return KERNEL_STAMPS and can_stamp(asyncio.get_running_loop())
        return self._pool.exact

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be said aloud before the first call."""
        if self._access.verified:
            return ()
        host = self._access.host
        told = f"TLS certificates of {host} are NOT verified (endpoint.tls.verify: false): anybody on the way can read the key"
        return (f"{told} and forge answers",)

    async def __aenter__(self) -> Self:
        self._pool = Pool(self._route, timeouts=self._access.timeouts, held=self._held)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def call(self, request: Request) -> Response:
        """The response to `request`, in one attempt."""
        try:
            outgoing = self._exchange.write(request)
            http_response = await self._send(outgoing)
        except CallFailed as failure:
            response = Response(error=failure.error)
        except Exception as error:  # a call that fails is data, whatever it fails with
            response = Response(error=unexpected(error))
        else:
            response = await self._read_in_turn(http_response)
        return redacted(response, self._redactor)

    async def _send(self, outgoing: Outgoing) -> HttpResponse:
        if self._pool is None:
            raise failed(ErrorClass.EXCEPTION, "the endpoint is not open; use it in `async with`")
        began = perf_counter()
        connection = await self._pool.take()
        try:
            return await connection.exchange(
                self._head.request(outgoing.body, query=outgoing.query),
                since=began,
                timeouts=self._access.timeouts,
                begun=self._exchange.begun,
            )
        finally:
            self._pool.give_back(connection)

    async def _read_in_turn(self, http_response: HttpResponse) -> Response:
        """What is read of the response. Streams that end at once are read one after the other, with a turn of the loop between.

        So the bytes of streams that run on are stamped when they come, and not after all that reading; and of bodies that are
        large, or may become so as they are unpacked, one at a time takes the memory that reading takes.
        """
        size = len(http_response.body)
        if (
            len(http_response.ends) < _FEW_PIECES
            and size <= OWN_BYTES
            and "content-encoding" not in http_response.headers
        ):
            return await self._read(http_response)
        beyond = size - OWN_BYTES
        if beyond > 0:
            self._held.keep(beyond)
        try:
            async with self._turn:
                await asyncio.sleep(0)
                return await self._read(http_response)
        finally:
            if beyond > 0:
                self._held.give_back(beyond)

    async def _read(self, http_response: HttpResponse) -> Response:
        """What the response says, with the server's word on its limits."""
        response = await self._answer(http_response)
        hint = read_hint(http_response.headers)
        if hint is None:
            return response
        return replace(response, hint=aged(hint, age_s=perf_counter() - http_response.head_at))

    async def _answer(self, http_response: HttpResponse) -> Response:
        """What the kind makes of the response, or the failure that it is."""
        if not 200 <= http_response.status < 300:
            return Response(error=self._refusal(http_response).error)
        try:
            return await self._exchange.read(decoded(http_response))
        except CallFailed as failure:
            return Response(error=failure.error)
        except Exception as error:  # as above
            return Response(error=unexpected(error))

    def _refusal(self, http_response: HttpResponse) -> CallFailed:
        """The failure that a status outside 2xx stands for; redirects are not followed: a key must not travel elsewhere."""
        status = http_response.status
        if status == 407 and self._access.proxy is not None:
            return failed(
                ErrorClass.PROXY, f"the proxy in front of {self._access.host} answered {status}", status=status
            )
        try:
            body = decoded(http_response).body
        except CallFailed:
            body = b"a body that cannot be decoded"
        return status_failure(status, headers=http_response.headers, body=body, about=self._about(status))

    def _about(self, status: int) -> str:
        """What of the request may be at fault: its key, by the name of the variable, or the path that was called."""
        access = self._access
        if status in (401, 403) and access.key:
            return f", {access.key}"
        is_cut = any(not _NOT_OF_PATHS.isdisjoint(secret) for secret in access.secrets)  # a piece would not be redacted
        return f" for {urlsplit(access.url).path or '/'}" if status == 404 and not is_cut else ""


def route_of(access: Access) -> Route:
    """The way that `access` describes. Raises UsageError for a host that cannot be a name."""
    parts = urlsplit(access.url)
    try:
        name = ascii_name(parts.hostname or "")
    except UnicodeError as error:
        raise UsageError(f"the host {access.host!r} cannot be a name: {error}") from error
    return Route(
        host=access.host,
        name=name,
        port=parts.port or (443 if parts.scheme == "https" else 80),
        tls=access.tls,
        proxy=access.proxy,
        proxy_tls=access.proxy_tls,
    )
