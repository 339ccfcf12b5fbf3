"""An endpoint that is any JSON application: a templated body out, JMESPath expressions in."""

import json
from collections.abc import Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from msgspec import Struct

from evalslo.endpoints.access import Access
from evalslo.endpoints.attempt import CallFailed, failed, malformed
from evalslo.endpoints.http_response import HttpResponse
from evalslo.endpoints.json_text import json_bytes, read_object
from evalslo.endpoints.options import required_mapping, required_text
from evalslo.endpoints.prompt import Prompt, evaluate, read_prompt
from evalslo.endpoints.values import cost_usd, plain_data, query_fields, read_context, read_usage, shape
from evalslo.endpoints.wire import CalledEndpoint, Exchange, Outgoing
from evalslo.errors import UsageError
from evalslo.model.golden import Context
from evalslo.model.sample import ErrorClass, Request, Response, Usage
from evalslo.model.suite import Price


class Expression(Struct, frozen=True, kw_only=True):
    """One expression that was read without fault, and where it stands."""

    place: str
    text: str
    compiled: ParsedResult


class ResponsePaths(Struct, frozen=True, kw_only=True):
    """Where in a response the answer stands, and what else is read of it. `usage` is empty where nothing is."""

    answer: Expression
    contexts: Mapping[str, Expression]
    usage: Mapping[str, Expression]


class Application(Struct, frozen=True, kw_only=True):
    """What is sent to an application, and where its answer stands. With GET the body's keys are the query of the address.

    `names` are the fields that the templates in the body take anything from.
    """

    method: str
    body: object
    names: frozenset[str]
    paths: ResponsePaths


def http_endpoint(
    application: Application, *, access: Access, price: Price | None, recorded: Mapping[str, Any]
) -> CalledEndpoint:
    """An endpoint that sends one request of an application's own API a call."""

    def write(request: Request) -> Outgoing:
        body = fill(application.body, query_fields(request, only=application.names))
        if application.method == "GET":
            return Outgoing(query=query_of(body))
        return Outgoing(body=json_bytes(body))

    async def read(http_response: HttpResponse) -> Response:
        if http_response.cut is not None:
            raise CallFailed(http_response.cut)
        value = read_object(http_response.body, content_type=http_response.content_type, status=http_response.status)
        return read_answer(application.paths, value, latency_s=http_response.last_s, price=price)

    exchange = Exchange(write=write, read=read, begun=lambda _: True, method=application.method)
    return CalledEndpoint(exchange, access=access, recorded=recorded)


def read_application(options: Mapping[str, Any]) -> Application:
    """What to send and what to read, by the expanded `options`; raises UsageError for a fault in them."""
    body = required_mapping(options, "body", wanted="the JSON that the application expects, {question: '{{ query }}'}")
    read = required_mapping(
        options, "read", wanted="JMESPath expressions: {answer: ..., contexts: {at, id, text, score}, usage: ...}"
    )
    compiled = _compiled(body, place="endpoint.body")
    return Application(
        method=options.get("method", "POST"),
        body=compiled,
        names=_names(compiled),
        paths=_response_paths(read),
    )


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


def read_answer(paths: ResponsePaths, value: object, *, latency_s: float, price: Price | None) -> Response:
    """The response that `value` holds. Raises CallFailed where it has no answer, or contexts of another shape."""
    answer = _wanted(paths.answer, value)
    if not isinstance(answer, str):
        raise malformed(f"{paths.answer.place}: {paths.answer.text} found {shape(answer)}, wanted a text")
    usage = _usage(paths, value)
    cost = cost_usd(usage, price)
    if not answer.strip():
        error = failed(ErrorClass.EMPTY, f"{paths.answer.place}: {paths.answer.text} found an empty text").error
        return Response(error=error, usage=usage, cost_usd=cost)
    contexts = _contexts(paths.contexts, value) if paths.contexts else None
    return Response(answer=answer, contexts=contexts, latency_s=latency_s, usage=usage, cost_usd=cost)


def _contexts(paths: Mapping[str, Expression], value: object) -> tuple[Context, ...]:
    """The ranking, empty where the application retrieved nothing; absent is another thing, and a fault."""
    items = _wanted(paths["at"], value)
    if not isinstance(items, list):
        raise malformed(f"{paths['at'].place}: {paths['at'].text} found {shape(items)}, wanted a list")
    contexts = []
    for at, item in enumerate(items):
        found = {key: _found(path, item) for key, path in paths.items() if key != "at"}
        place = f"endpoint.read.contexts: item {at} of {paths['at'].text}"
        contexts.append(read_context(found["id"], text=found.get("text"), score=found.get("score"), place=place))
    return tuple(contexts)


def _usage(paths: ResponsePaths, value: object) -> Usage | None:
    counts = {key: _found(path, value) for key, path in paths.usage.items()}
    return read_usage(counts.get("prompt_tokens"), counts.get("completion_tokens"))


def _wanted(path: Expression, value: object) -> object:
    found = _found(path, value)
    if found is None:
        keys = ", ".join(map(str, value)) if isinstance(value, Mapping) else shape(value)
        raise malformed(f"{path.place}: {path.text} found nothing; the response has: {keys}")
    return found


def _found(path: Expression, value: object) -> object:
    try:
        found: object = path.compiled.search(value)
    except JMESPathError as error:
        raise malformed(f"{path.place}: {path.text}: {error}") from error
    return found


def _compiled(body: object, *, place: str) -> object:
    if isinstance(body, str):
        return read_prompt(body, place=place)
    if isinstance(body, Mapping):
        return {str(key): _compiled(item, place=f"{place}.{key}") for key, item in body.items()}
    if isinstance(body, list):
        return [_compiled(item, place=f"{place}[{at}]") for at, item in enumerate(body)]
    return body


def _names(body: object) -> frozenset[str]:
    if isinstance(body, Prompt):
        return body.names
    items = body.values() if isinstance(body, Mapping) else body if isinstance(body, list) else ()
    return frozenset[str]().union(*(_names(item) for item in items))


def _response_paths(read: Mapping[str, Any]) -> ResponsePaths:
    answer = required_text(read, "answer", wanted="the JMESPath expression of the answer's text", under="endpoint.read")
    contexts = read.get("contexts") or {}
    for key in ("at", "id") if contexts else ():
        required_text(
            contexts, key, wanted="{at: the list, id: of one item, text: of one item}", under="endpoint.read.contexts"
        )
    usage = read.get("usage") or {}
    if isinstance(usage, str):
        usage = {key: f"({usage}).{key}" for key in ("completion_tokens", "prompt_tokens")}
    return ResponsePaths(
        answer=_expression(answer, place="endpoint.read.answer"),
        contexts=_expressions(contexts, place="endpoint.read.contexts"),
        usage=_expressions(usage, place="endpoint.read.usage"),
    )


def _expressions(texts: Mapping[str, str | None], *, place: str) -> dict[str, Expression]:
    return {key: _expression(text, place=f"{place}.{key}") for key, text in texts.items() if text is not None}


def _expression(text: str, *, place: str) -> Expression:
    try:
        return Expression(place=place, text=text, compiled=jmespath.compile(text))
    except JMESPathError as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{place}: {text!r} is no JMESPath expression: {reason}") from error
