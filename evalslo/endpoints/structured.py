"""An endpoint that is asked for answers of a form, where it can be, and for any text where it cannot."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from evalslo.model.protocols import Endpoint
from evalslo.model.sample import CallError, Request, Response

_REFUSALS = frozenset({400, 404, 415, 422, 500, 501})  # what servers say to a `response_format` that they do not know


class Structured:
    """Sends a request's `schema` until the endpoint refuses one and answers without: from then on it is left out.

    An endpoint that has once answered to a schema can do it; what it refuses later it refuses for another reason.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._can: bool | None = None

    def fingerprint(self) -> Mapping[str, Any]:
        """That of the endpoint."""
        return self._endpoint.fingerprint()

    @property
    def quota(self) -> str:
        """That of the endpoint."""
        return self._endpoint.quota

    async def __aenter__(self) -> Self:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._endpoint.__aexit__(kind, error, trace)

    async def call(self, request: Request) -> Response:
        """The response to `request`; at most one more attempt than the endpoint's, while it is not known what it can do."""
        plain = replace(request, schema=None)
        if request.schema is None or self._can is False:
            return await self._endpoint.call(plain)
        response = await self._endpoint.call(request)
        if response.error is None:
            self._can = True
        elif self._can is None and _refused(response.error):
            without = await self._endpoint.call(plain)
            if without.error is None and self._can is None:
                self._can = False
            return without
        return response


def _refused(error: CallError) -> bool:
    return error.status in _REFUSALS
