"""What a server answered to a chat completion request, read to its end."""

from collections.abc import Sequence
from contextlib import aclosing

import aiohttp

from evalslo.endpoints.completion import Completion, conclude, take
from evalslo.endpoints.failures import CallFailed, failed, malformed, read_json, read_object
from evalslo.endpoints.sse import EventParser
from evalslo.endpoints.wire import Reply
from evalslo.model.sample import ErrorClass, Response


async def read_reply(reply: Reply) -> Response:
    """The response in a reply, by its content type: an event stream, or one JSON object. Raises CallFailed."""
    if reply.content_type == "text/event-stream":
        return await _read_stream(reply)
    body, at_s = await reply.body()
    value = read_object(body, content_type=reply.content_type, status=reply.status)
    completion = Completion()
    take(completion, value, at_s=at_s, status=reply.status)
    if not value.get("choices"):
        raise malformed(f"no choices in the response; its keys are: {', '.join(value)}", status=reply.status)
    return conclude(completion, latency_s=at_s, streamed=False)


async def _read_stream(reply: Reply) -> Response:
    """The response in an event stream. Its end is a finish_reason or [DONE]; without one it was cut off."""
    completion, parser, done, at_s = Completion(), EventParser(), False, 0.0
    try:
        async with aclosing(reply.chunks()) as chunks:
            async for chunk, at_s in chunks:
                done = _take_events(completion, parser.feed(chunk), at_s=at_s, status=reply.status)
                if done:
                    break
    except (aiohttp.ClientError, OSError):
        if completion.finish_reason is None:
            raise  # else the answer is whole, whatever happened to the connection after it
    if done:
        await reply.settle()
    elif not _take_rest(completion, parser, at_s=at_s, status=reply.status):
        raise _cut_off(completion, parser, status=reply.status)
    return conclude(completion, latency_s=at_s, streamed=True)


def _take_events(completion: Completion, events: Sequence[bytes], *, at_s: float, status: int) -> bool:
    """Whether one of the events was the last: [DONE]."""
    for data in events:
        if data.strip() == b"[DONE]":
            return True
        try:
            frame = read_json(data)
        except ValueError as error:
            said = data.decode("utf-8", "replace")
            raise malformed(f"an event of the stream is not JSON ({error}): {said}", status=status) from error
        take(completion, frame, at_s=at_s, status=status)
    return False


def _take_rest(completion: Completion, parser: EventParser, *, at_s: float, status: int) -> bool:
    """Whether the stream was whole; its last event may lack the empty line that ends it."""
    rest = parser.rest()
    try:
        done = rest is not None and _take_events(completion, [rest], at_s=at_s, status=status)
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
