"""A chat completion, whole or in frames, read as servers really send it."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import pairwise

import aiohttp

from evalslo.endpoints.attempt import CallFailed, failed, failure_in_body, malformed, read_json, read_object
from evalslo.endpoints.sse import EventParser
from evalslo.endpoints.values import read_usage, shape
from evalslo.endpoints.wire import HttpResponse
from evalslo.model.sample import CallError, ErrorClass, Response, Usage


@dataclass(slots=True)
class Completion:
    """What a completion has said so far; it grows frame by frame. `stamps_s` are the times of its deltas."""

    texts: list[str] = field(default_factory=list)
    stamps_s: list[float] = field(default_factory=list)
    tool_calls: bool = False
    finish_reason: str | None = None
    model: str | None = None
    usage: Usage | None = None


async def read_completion(response: HttpResponse) -> Response:
    """The response in what the server sent, by its content type: an event stream, or one JSON object. Raises CallFailed."""
    if response.content_type == "text/event-stream":
        return await _read_stream(response)
    body, at_s = await response.body()
    value = read_object(body, content_type=response.content_type, status=response.status)
    completion = Completion()
    add_frame(completion, value, at_s=at_s, status=response.status)
    if not value.get("choices"):
        raise malformed(f"no choices in the response; its keys are: {', '.join(value)}", status=response.status)
    return to_response(completion, latency_s=at_s, streamed=False)


async def _read_stream(response: HttpResponse) -> Response:
    """The response in an event stream. Its end is a finish_reason or [DONE]; without one it was cut off."""
    completion, parser, done, at_s = Completion(), EventParser(), False, 0.0
    try:
        async with aclosing(response.chunks()) as chunks:
            async for chunk, at_s in chunks:
                done = _add_events(completion, parser.feed(chunk), at_s=at_s, status=response.status)
                if done:
                    break
    except (aiohttp.ClientError, OSError):
        if completion.finish_reason is None:
            raise  # else the answer is whole, whatever happened to the connection after it
    if done:
        await response.settle()
    elif not _add_rest(completion, parser, at_s=at_s, status=response.status):
        raise _cut_off(completion, parser, status=response.status)
    return to_response(completion, latency_s=at_s, streamed=True)


def _add_events(completion: Completion, events: Sequence[bytes], *, at_s: float, status: int) -> bool:
    """Whether one of the events was the last: [DONE]."""
    for data in events:
        if data.strip() == b"[DONE]":
            return True
        try:
            frame = read_json(data)
        except ValueError as error:
            text = data.decode("utf-8", "replace")
            raise malformed(f"an event of the stream is not JSON ({error}): {text}", status=status) from error
        add_frame(completion, frame, at_s=at_s, status=status)
    return False


def _add_rest(completion: Completion, parser: EventParser, *, at_s: float, status: int) -> bool:
    """Whether the stream was whole; its last event may lack the empty line that ends it."""
    rest = parser.rest()
    try:
        done = rest is not None and _add_events(completion, [rest], at_s=at_s, status=status)
    except CallFailed as failure:
        if failure.error.kind is not ErrorClass.MALFORMED:
            raise
        done = False  # an event that was cut in two says nothing
    return done or completion.finish_reason is not None


def _cut_off(completion: Completion, parser: EventParser, *, status: int) -> CallFailed:
    if parser.strange is not None and completion == Completion():
        found = parser.strange.decode("utf-8", "replace")
        return malformed(f"text/event-stream without events: {found}", status=status)
    message = "the stream ended with neither a finish_reason nor [DONE]"
    return failed(ErrorClass.TRUNCATED, message, status=status, retryable=True)


def add_frame(completion: Completion, frame: object, *, at_s: float, status: int) -> None:
    """Nothing; adds one frame, or a whole completion, that arrived at `at_s`.

    The role frame (content null) and the usage frame (no choices) are no deltas. Raises CallFailed for an error object and
    for what cannot be a frame.
    """
    if not isinstance(frame, Mapping):
        raise malformed(f"found {shape(frame)}, wanted a JSON object with choices", status=status)
    failure = failure_in_body(frame, status=status)
    if failure is not None:
        raise failure
    completion.model = _text(frame, "model") or completion.model
    completion.usage = _usage_of(frame) or completion.usage
    choice = _first_choice(frame)
    completion.finish_reason = _text(choice, "finish_reason") or completion.finish_reason
    delta = choice.get("delta") or choice.get("message")
    if isinstance(delta, Mapping) and _add_delta(completion, delta, status=status):
        completion.stamps_s.append(at_s)


def to_response(completion: Completion, *, latency_s: float, streamed: bool) -> Response:
    """The response of a completion that came to its end."""
    stamps_s = completion.stamps_s if streamed else []
    text = "".join(completion.texts)
    error = _error_in(completion, text)
    return Response(
        answer=text if error is None else None,
        error=error,
        latency_s=latency_s if error is None else None,
        ttft_s=stamps_s[0] if stamps_s and error is None else None,
        gaps_s=tuple(b - a for a, b in pairwise(stamps_s)) if error is None else (),
        usage=completion.usage,
        model=completion.model,
        finish_reason=completion.finish_reason,
    )


def _error_in(completion: Completion, text: str) -> CallError | None:
    """What is wrong with a completion that is well-formed; None where it is a usable answer."""
    if completion.finish_reason == "content_filter":
        return failed(ErrorClass.FILTERED, "the provider's content filter stopped the answer").error
    if text.strip() or completion.tool_calls:
        return None
    hint = "; max_tokens may have gone into reasoning" if completion.finish_reason == "length" else ""
    return failed(ErrorClass.EMPTY, f"no text, finish_reason {completion.finish_reason!r}{hint}").error


def _text(frame: Mapping[str, object], key: str) -> str | None:
    value = frame.get(key)
    return value if isinstance(value, str) else None


def _first_choice(frame: Mapping[str, object]) -> Mapping[str, object]:
    choices = frame.get("choices")
    if not isinstance(choices, list):
        return {}
    return next((choice for choice in choices if isinstance(choice, Mapping) and not choice.get("index")), {})


def _add_delta(completion: Completion, delta: Mapping[str, object], *, status: int) -> bool:
    """Whether the delta holds anything that a user waits for: text, reasoning, a tool call."""
    text = _text_of(delta.get("content"), status=status) or _text_of(delta.get("refusal"), status=status)
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    calls = delta.get("tool_calls") or delta.get("function_call")
    if text:
        completion.texts.append(text)
    if calls:
        completion.tool_calls = True
    return bool(text or reasoning or calls)


def _text_of(content: object, *, status: int) -> str:
    """The text of a content that is a text, a list of typed parts, or null."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        return "".join(part for part in parts if isinstance(part, str))
    raise malformed(f"the message's content is {shape(content)}, wanted a text", status=status)


def _usage_of(frame: Mapping[str, object]) -> Usage | None:
    usage = frame.get("usage")
    if not isinstance(usage, Mapping):
        return None
    return read_usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
