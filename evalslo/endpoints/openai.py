"""An endpoint that speaks the chat completions protocol, streaming or not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from evalslo.endpoints.access import PROMPTS, Access
from evalslo.endpoints.attempt import failed
from evalslo.endpoints.completion import has_begun, read_completion
from evalslo.endpoints.http_response import HttpResponse
from evalslo.endpoints.json_text import json_bytes
from evalslo.endpoints.options import optional_text, required_text
from evalslo.endpoints.values import plain_data, query_fields
from evalslo.endpoints.wire import CalledEndpoint, Exchange, Outgoing
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request, Response
from evalslo.model.suite import Price

if TYPE_CHECKING:
    from evalslo.endpoints.prompt import Prompt

_OWN_KEYS = ("messages", "model", "stream")


class Chat(Struct, frozen=True, kw_only=True):
    """All that the suite says about the body of a request."""

    model: str
    stream: bool
    params: Mapping[str, Any]
    prompt: "Prompt | None"
    system: "Prompt | None"


def openai_endpoint(chat: Chat, *, access: Access, price: Price | None, recorded: Mapping[str, Any]) -> CalledEndpoint:
    """An endpoint that asks for one chat completion a call."""

    def write(request: Request) -> Outgoing:
        return Outgoing(body=json_bytes(completion_body(chat, request)))

    async def read(http_response: HttpResponse) -> Response:
        return await read_completion(http_response, price=price)

    exchange = Exchange(write=write, read=read, begun=has_begun)
    return CalledEndpoint(exchange, access=access, recorded=recorded)


def read_chat(options: Mapping[str, Any]) -> Chat:
    """How requests become bodies, by the expanded `options`; raises UsageError for a fault in them."""
    params = options.get("params") or {}
    for key in _OWN_KEYS:
        if key in params:
            raise UsageError(f"endpoint.params.{key}: say it as an option of the endpoint itself, beside params")
    sources = {key: optional_text(options, key, wanted="a jinja2 template") for key in PROMPTS}
    prompts = {key: _read_prompt(source, place=f"endpoint.{key}") for key, source in sources.items() if source}
    return Chat(
        model=required_text(options, "model", wanted="the model's name as the server knows it"),
        stream=options.get("stream", True),
        params=params,
        prompt=prompts.get("prompt"),
        system=prompts.get("system"),
    )


def completions_url(options: Mapping[str, Any]) -> str:
    """The address of the chat completions; raises UsageError where there is no base_url."""
    base = required_text(options, "base_url", wanted="the server's address with its version, http://127.0.0.1:8080/v1")
    address, mark, query = base.partition("?")
    return f"{address.rstrip('/')}/chat/completions{mark}{query}"


def completion_body(chat: Chat, request: Request) -> dict[str, object]:
    """The JSON body for `request`; an integer seed counts on with the repeat, and params win. Raises CallFailed."""
    body: dict[str, object] = {"model": chat.model, "messages": _messages(chat, request)}
    if chat.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "reply", "strict": True, "schema": request.schema},
        }
    body |= chat.params
    seed = body.get("seed")
    if isinstance(seed, int) and not isinstance(seed, bool):
        body["seed"] = seed + request.repeat
    if body.get("stream_options", ...) is None:
        del body["stream_options"]  # `stream_options: null` is for servers that do not know it
    return body


def _read_prompt(source: str, *, place: str) -> "Prompt":
    from evalslo.endpoints.prompt import read_prompt  # jinja2 takes 35 ms, and many suites have no template

    return read_prompt(source, place=place)


def _messages(chat: Chat, request: Request) -> list[object]:
    system = [] if chat.system is None else [_filled(chat.system, request, role="system")]
    if chat.prompt is not None:
        return [*system, _filled(chat.prompt, request, role="user")]
    messages = plain_data(request.fields.get("messages"))
    if isinstance(messages, list) and messages:
        return [*system, *messages]
    query = plain_data(request.fields.get("query"))
    if not query:
        raise failed(ErrorClass.EXCEPTION, "nothing to ask: the request has neither messages nor a query")
    return [*system, {"role": "user", "content": query}]


def _filled(prompt: "Prompt", request: Request, *, role: str) -> dict[str, str]:
    from evalslo.endpoints.prompt import render

    return {"role": role, "content": render(prompt, query_fields(request, only=prompt.names))}
