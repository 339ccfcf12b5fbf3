"""An endpoint that is any JSON application: a templated body out, JMESPath expressions in."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from evalslo.endpoints.access import ACCESS_OPTIONS, Access
from evalslo.endpoints.attempt import one_attempt
from evalslo.endpoints.failures import failed, read_object
from evalslo.endpoints.fields import plain_data, query_fields
from evalslo.endpoints.options import mapping, only_known, optional_text, shape
from evalslo.endpoints.prompt import Prompt, evaluate, read_prompt
from evalslo.endpoints.reading import Reading, read_answer
from evalslo.endpoints.redact import redactor
from evalslo.endpoints.wire import Wire
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request, Response
from evalslo.model.suite import Price

_OPTIONS = ACCESS_OPTIONS | {"url", "method", "body", "read"}
_METHODS = ("POST", "PUT", "PATCH", "GET")


class HttpEndpoint:
    """One request of an application's own API a call; an async context manager.

    With GET the body's keys are sent as the query of the address.
    """

    def __init__(
        self,
        access: Access,
        *,
        method: str,
        body: object,
        reading: Reading,
        price: Price | None,
        recorded: Mapping[str, Any],
    ) -> None:
        self._wire = Wire(access)
        self._method = method
        self._body = body
        self._reading = reading
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
        body = fill(self._body, query_fields(request))
        query = query_of(body) if self._method == "GET" else None
        data = None if query is not None else json.dumps(body).encode()
        async with self._wire.send(self._method, self._wire.access.url, body=data, query=query) as reply:
            raw, at_s = await reply.body()
        value = read_object(raw, content_type=reply.content_type, status=reply.status)
        return read_answer(self._reading, value, latency_s=at_s, price=self._price)


def read_method(options: Mapping[str, Any]) -> str:
    """The HTTP method; raises UsageError for one that asks nothing."""
    only_known(options, _OPTIONS, kind="http")
    method = (optional_text(options, "method", wanted="one of " + ", ".join(_METHODS)) or "POST").upper()
    if method not in _METHODS:
        raise UsageError(f"endpoint.method: found {method[:20]!r}, wanted one of {', '.join(_METHODS)}")
    return method


def read_body(options: Mapping[str, Any]) -> object:
    """The body with its texts read as templates; raises UsageError where it is absent or a template has a fault."""
    mapping(options, "body", wanted="a mapping: the JSON that the application expects")
    if not options.get("body"):
        raise UsageError(
            "endpoint.body: missing; write the JSON that the application expects, {question: '{{ query }}'}"
        )
    return _compiled(options["body"], place="endpoint.body")


def fill(body: object, fields: Mapping[str, Any]) -> object:
    """The body for one query's fields. Raises CallFailed where a template fails."""
    if isinstance(body, Prompt):
        return plain_data(evaluate(body, fields))
    if isinstance(body, Mapping):
        return {key: fill(item, fields) for key, item in body.items()}
    if isinstance(body, list):
        return [fill(item, fields) for item in body]
    return body


def query_of(body: object) -> dict[str, str]:
    """The keys of a flat body as the query of an address. Raises CallFailed where a value is nested."""
    if not isinstance(body, Mapping):
        raise failed(ErrorClass.EXCEPTION, f"endpoint.body: with GET it is {shape(body)}, wanted a mapping")
    for key, value in body.items():
        if not isinstance(value, str | int | float):
            message = f"endpoint.body.{key}: {shape(value)} cannot be sent with GET; wanted a text or a number"
            raise failed(ErrorClass.EXCEPTION, message)
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()}


def _compiled(body: object, *, place: str) -> object:
    if isinstance(body, str):
        return read_prompt(body, place=place)
    if isinstance(body, Mapping):
        return {str(key): _compiled(item, place=f"{place}.{key}") for key, item in body.items()}
    if isinstance(body, list):
        return [_compiled(item, place=f"{place}[{at}]") for at, item in enumerate(body)]
    return body
