"""A chat completion, whole or in frames, read as servers really send it."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct, field

from evalslo.endpoints.attempt import CallFailed, failed, malformed
from evalslo.endpoints.coding import decoded
from evalslo.endpoints.http_response import HttpResponse
from evalslo.endpoints.json_text import read_json, read_object
from evalslo.endpoints.refusal import failure_in_body
from evalslo.endpoints.sse import Events
from evalslo.endpoints.values import cost_usd, read_usage, shape
from evalslo.model.sample import CallError, ErrorClass, Response, Usage
from evalslo.model.suite import Price

_EVENTS_A_TURN = 50  # some 0.4 ms


class Completion(Struct):
    """What a completion has said so far; it grows frame by frame. `stamps_s` are the times of its deltas."""

    texts: list[str] = field(default_factory=list)
    stamps_s: list[float] = field(default_factory=list)
    tool_calls: bool = False
    finish_reason: str | None = None
    model: str | None = None
    usage: Usage | None = None


async def read_completion(response: HttpResponse, *, price: Price | None = None) -> Response:
    """The response in what the server sent, by its content type: an event stream, or one JSON object. Raises CallFailed."""
    if response.content_type == "text/event-stream":
        return await _read_stream(response, price=price)
    if response.cut is not None:
        raise CallFailed(response.cut)
    value = read_object(response.body, content_type=response.content_type, status=response.status)
    completion = Completion()
    add_frame(completion, value, at_s=response.last_s, status=response.status)
    if not value.get("choices"):
        raise malformed(f"no choices in the response; its keys are: {', '.join(value)}", status=response.status)
    return to_response(completion, latency_s=response.last_s, streamed=False, price=price)


def has_begun(response: HttpResponse) -> bool:
    """Whether a token is in as much of a response as came: text, reasoning or a tool call, and not the role alone.

    Of a response that is not streamed any byte is one; a stream that is at fault has begun, and is told of at its end.
    """
    if response.content_type != "text/event-stream":
        return True
    completion = Completion()
    try:
        for data, _ in Events(decoded(response).body):
            if _add_event(completion, data, at_s=0.0, status=response.status) or completion.stamps_s:
                return True
    except CallFailed:
        return True
    return False


async def _read_stream(response: HttpResponse, *, price: Price | None) -> Response:
    """The response in an event stream. Its end is a finish_reason or [DONE]; without one it was cut off.

    After some events the loop gets a turn, for it has the bytes of other streams to stamp.
    """
    completion, events = Completion(), Events(response.body)
    for at, (data, end) in enumerate(events):
        at_s = response.byte_s(end)
        if _add_event(completion, data, at_s=at_s, status=response.status):
            return to_response(completion, latency_s=at_s, streamed=True, price=price)
        if at % _EVENTS_A_TURN == _EVENTS_A_TURN - 1:
            await asyncio.sleep(0)
    if not _add_rest(completion, events, response):
        raise _cut_off(completion, events, response)
    return to_response(completion, latency_s=response.last_s, streamed=True, price=price)


def _add_event(completion: Completion, data: bytes, *, at_s: float, status: int) -> bool:
    """Whether the event was the last: [DONE]."""
    if data.strip() == b"[DONE]":
        return True
    try:
        frame = read_json(data)
    except ValueError as error:
        text = data.decode("utf-8", "replace")
        raise malformed(f"an event of the stream is not JSON ({error}): {text}", status=status) from error
    add_frame(completion, frame, at_s=at_s, status=status)
    return False


def _add_rest(completion: Completion, events: Events, response: HttpResponse) -> bool:
    """Whether the stream was whole; its last event may lack the empty line that ends it."""
    done = False
    try:
        if events.rest is not None:
            done = _add_event(completion, events.rest, at_s=response.last_s, status=response.status)
    except CallFailed as failure:
        if failure.error.kind is not ErrorClass.MALFORMED:
            raise  # else an event that was cut in two says nothing
    return done or completion.finish_reason is not None


def _cut_off(completion: Completion, events: Events, response: HttpResponse) -> CallFailed:
    if response.cut is not None:
        return CallFailed(response.cut)
    if events.strange is not None and completion == Completion():
        found = events.strange.decode("utf-8", "replace")
        return malformed(f"text/event-stream without events: {found}", status=response.status)
    message = "the stream ended with neither a finish_reason nor [DONE]"
    return failed(ErrorClass.TRUNCATED, message, status=response.status, retryable=True)


def add_frame(completion: Completion, frame: object, *, at_s: float, status: int) -> None:
    """Nothing; adds one frame, or a whole completion, that arrived at `at_s`.

    The role frame (content null) and the usage frame (no choices) are no deltas. Raises CallFailed for an error object and
    for what cannot be a frame.
    """
    if not isinstance(frame, dict):
        raise malformed(f"found {shape(frame)}, wanted a JSON object with choices", status=status)
    failure = failure_in_body(frame, status=status)
    if failure is not None:
        raise failure
    completion.model = _text(frame, "model") or completion.model
    completion.usage = _usage_of(frame) or completion.usage
    choice = _first_choice(frame)
    completion.finish_reason = _text(choice, "finish_reason") or completion.finish_reason
    delta = choice.get("delta") or choice.get("message")
    if isinstance(delta, dict) and _add_delta(completion, delta, status=status):
        completion.stamps_s.append(at_s)


def to_response(completion: Completion, *, latency_s: float, streamed: bool, price: Price | None = None) -> Response:
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
        cost_usd=cost_usd(completion.usage, price),
        model=completion.model,
        finish_reason=completion.finish_reason,
    )


def _error_in(completion: Completion, text: str) -> CallError | None:
    """What is wrong with a completion that is well-formed; None where it is a usable answer."""
    if completion.finish_reason == "content_filter":
        return failed(ErrorClass.FILTERED, "the provider's content filter stopped the answer").error
    if text.strip() or completion.tool_calls:
        return None
    reason = completion.finish_reason
    end = "no finish_reason" if reason is None else f"its finish_reason is {reason}"
    hint = "; max_tokens may have gone into reasoning" if reason == "length" else ""
    return failed(ErrorClass.EMPTY, f"the answer has no text, and {end}{hint}").error


def _text(frame: Mapping[str, object], key: str) -> str | None:
    value = frame.get(key)
    return value if isinstance(value, str) else None


def _first_choice(frame: Mapping[str, object]) -> Mapping[str, object]:
    choices = frame.get("choices")
    if not isinstance(choices, list):
        return {}
    return next((choice for choice in choices if isinstance(choice, dict) and not choice.get("index")), {})


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
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    raise malformed(f"the message's content is {shape(content)}, wanted a text", status=status)


def _usage_of(frame: Mapping[str, object]) -> Usage | None:
    usage = frame.get("usage")
    if not isinstance(usage, dict):
        return None
    return read_usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
