"""How a request becomes the body of a chat completion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalslo.endpoints.access import ACCESS_OPTIONS
from evalslo.endpoints.failures import failed
from evalslo.endpoints.fields import plain_data, query_fields
from evalslo.endpoints.options import flag, mapping, only_known, optional_text, required_text
from evalslo.endpoints.prompt import Prompt, read_prompt, render
from evalslo.errors import UsageError
from evalslo.model.sample import ErrorClass, Request

_OPTIONS = ACCESS_OPTIONS | {"base_url", "model", "stream", "params", "prompt", "system"}
_OWN_KEYS = ("messages", "model", "stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a request becomes a body: all that the suite says about it."""

    model: str
    stream: bool
    params: Mapping[str, Any]
    prompt: Prompt | None
    system: Prompt | None


def read_asking(options: Mapping[str, Any]) -> Asking:
    """How requests become bodies, by the expanded `options`; raises UsageError for a fault in them."""
    only_known(options, _OPTIONS, kind="openai")
    params = mapping(options, "params", wanted="a mapping of request parameters")
    for key in _OWN_KEYS:
        if key in params:
            raise UsageError(f"endpoint.params.{key}: say it as an option of the endpoint itself, beside params")
    sources = {key: optional_text(options, key, wanted="a jinja2 template") for key in ("prompt", "system")}
    prompts = {key: text and read_prompt(text, place=f"endpoint.{key}") for key, text in sources.items()}
    return Asking(
        model=required_text(options, "model", wanted="the model's name as the server knows it"),
        stream=flag(options, "stream", default=True),
        params=params,
        prompt=prompts["prompt"] or None,
        system=prompts["system"] or None,
    )


def completions_url(options: Mapping[str, Any]) -> str:
    """The address of the chat completions; raises UsageError where there is no base_url."""
    base = required_text(options, "base_url", wanted="the server's address with its version, http://127.0.0.1:8080/v1")
    address, mark, query = base.partition("?")
    return f"{address.rstrip('/')}/chat/completions{mark}{query}"


def completion_body(asking: Asking, request: Request) -> dict[str, object]:
    """The JSON body for `request`; an integer seed counts on with the repeat. Raises CallFailed."""
    body: dict[str, object] = {"model": asking.model, "messages": _messages(asking, request)}
    if asking.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    body |= asking.params
    seed = body.get("seed")
    if isinstance(seed, int) and not isinstance(seed, bool):
        body["seed"] = seed + request.repeat
    if body.get("stream_options", ...) is None:
        del body["stream_options"]  # `stream_options: null` is for servers that do not know it
    return body


def _messages(asking: Asking, request: Request) -> list[object]:
    fields = query_fields(request)
    system = [] if asking.system is None else [{"role": "system", "content": render(asking.system, fields)}]
    if asking.prompt is not None:
        return [*system, {"role": "user", "content": render(asking.prompt, fields)}]
    messages = plain_data(request.messages) or fields.get("messages")
    if isinstance(messages, list) and messages:
        return [*system, *messages]
    if not fields.get("query"):
        raise failed(ErrorClass.EXCEPTION, "nothing to ask: the request has neither messages nor a query")
    return [*system, {"role": "user", "content": fields["query"]}]
