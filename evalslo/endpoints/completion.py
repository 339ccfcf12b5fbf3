"""A chat completion, whole or in frames, read as servers really send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from evalslo.endpoints.failures import failed, failure_in_body, malformed
from evalslo.endpoints.options import shape
from evalslo.endpoints.usage import read_usage
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


def take(completion: Completion, frame: object, *, at_s: float, status: int) -> None:
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
    if isinstance(delta, Mapping) and _take_delta(completion, delta, status=status):
        completion.stamps_s.append(at_s)


def conclude(completion: Completion, *, latency_s: float, streamed: bool) -> Response:
    """The response of a completion that came to its end."""
    stamps_s = completion.stamps_s if streamed else []
    text = "".join(completion.texts)
    error = _verdict(completion, text)
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


def _verdict(completion: Completion, text: str) -> CallError | None:
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


def _take_delta(completion: Completion, delta: Mapping[str, object], *, status: int) -> bool:
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
