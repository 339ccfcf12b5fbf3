"""An endpoint that speaks the chat completions protocol, streaming or not."""

import json
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from evalslo.endpoints.access import Access
from evalslo.endpoints.asking import Asking, completion_body
from evalslo.endpoints.attempt import one_attempt
from evalslo.endpoints.redact import redactor
from evalslo.endpoints.reply import read_reply
from evalslo.endpoints.usage import cost_usd
from evalslo.endpoints.wire import Wire
from evalslo.model.sample import Request, Response
from evalslo.model.suite import Price


class OpenAIEndpoint:
    """One chat completion a call; an async context manager."""

    def __init__(self, asking: Asking, *, access: Access, price: Price | None, recorded: Mapping[str, Any]) -> None:
        self._asking = asking
        self._wire = Wire(access)
        self._url = access.url
        self._price = price
        self._recorded = recorded
        self._redactor = redactor(access.secrets)

    def fingerprint(self) -> Mapping[str, Any]:
        """The options as the suite wrote them."""
        return self._recorded

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)

    async def call(self, request: Request) -> Response:
        """The response to `request`, in one attempt."""
        return await one_attempt(
            self._attempt(request),
            timeout_s=self._wire.access.timeout_s,
            explain=self._wire.explain,
            redactor=self._redactor,
        )

    async def _attempt(self, request: Request) -> Response:
        body = json.dumps(completion_body(self._asking, request)).encode()
        async with self._wire.send("POST", self._url, body=body) as reply:
            response = await read_reply(reply)
        return replace(response, cost_usd=cost_usd(response.usage, self._price))
