"""An endpoint that is a python function: sync, async, or an async iterator of text."""

import asyncio
import inspect
import math
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import aclosing, nullcontext
from functools import partial
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from evalslo.endpoints.attempt import (
    MAX_RESPONSE_BYTES,
    CallFailed,
    failed,
    malformed,
    one_attempt,
    timed_out,
    too_large,
    unexpected,
)
from evalslo.endpoints.redact import redactor
from evalslo.endpoints.thread import outcome_in_thread
from evalslo.endpoints.values import cost_usd, query_fields, read_context, read_count, shape
from evalslo.model.golden import Context
from evalslo.model.sample import ErrorClass, Request, Response, Usage
from evalslo.model.suite import Price, Timeouts

WANTED = "a text, a dict with 'answer', or an async iterator of texts"


class PythonEndpoint:
    """One call of a function; a sync one gets a thread of its own."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        params: Mapping[str, Any],
        timeouts: Timeouts,
        secrets: tuple[str, ...],
        price: Price | None,
        recorded: Mapping[str, Any],
    ) -> None:
        self._function = partial(function, **params)
        self._in_loop = _runs_in_loop(function)
        self._timeouts = timeouts
        self._redactor = redactor(secrets)
        self._price = price
        self._recorded = recorded

    def fingerprint(self) -> Mapping[str, Any]:
        """The options as they are recorded, and the digest of the function's file."""
        return self._recorded

    @property
    def quota(self) -> str:
        """The function's own."""
        return f"python {self._recorded.get('target')}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def call(self, request: Request) -> Response:
        """The response to `request`, in one attempt."""
        return await one_attempt(
            self._attempt(query_fields(request)),
            timeout_s=self._timeouts.total_s,
            explain=unexpected,
            redactor=self._redactor,
            ends_at_timeout=self._in_loop,  # a thread cannot be ended
        )

    async def _attempt(self, query: Mapping[str, object]) -> Response:
        call = partial(self._function, query)
        done = _run(call) if self._in_loop else await _in_thread(partial(_run, call))
        if inspect.isawaitable(done.value):
            done = replace(done, value=await done.value, ended_s=time.perf_counter())
        if isinstance(done.value, AsyncIterable):
            done = await _drained(done.value, started_s=done.started_s, timeouts=self._timeouts)
        return _timed(read_returned(done.value, price=self._price), done)


class Returned(Struct, frozen=True, kw_only=True):
    """What a function gave back, between two readings of `time.perf_counter`; `stamps_s` are those of its deltas."""

    value: object
    started_s: float
    ended_s: float
    stamps_s: tuple[float, ...] = ()


def _timed(response: Response, done: Returned) -> Response:
    if response.error is not None:
        return response
    return replace(
        response,
        latency_s=done.ended_s - done.started_s,
        ttft_s=done.stamps_s[0] - done.started_s if done.stamps_s else None,
        gaps_s=tuple(b - a for a, b in pairwise(done.stamps_s)),
    )


def _run(call: Callable[[], object]) -> Returned:
    started_s = time.perf_counter()
    value = call()
    return Returned(value=value, started_s=started_s, ended_s=time.perf_counter())


async def _in_thread(run: Callable[[], Returned]) -> Returned:
    """What `run` returns in a thread of its own; raises CallFailed where it raises anything at all."""
    outcome = await outcome_in_thread(run, name="evalslo-target")
    if isinstance(outcome, BaseException):
        raise CallFailed(unexpected(outcome)) from outcome
    return outcome


async def _drained(stream: AsyncIterable[object], *, started_s: float, timeouts: Timeouts) -> Returned:
    """The texts of a stream joined, with the keys of the dicts in it; raises CallFailed for another item."""
    texts: list[str] = []
    stamps_s: list[float] = []
    others: dict[object, object] = {}
    size = 0
    iterator = aiter(stream)
    closing = aclosing(iterator) if isinstance(iterator, AsyncGenerator) else nullcontext()
    async with closing, aclosing(_in_time(iterator, timeouts=timeouts)) as items:
        async for item in items:
            if isinstance(item, Mapping):
                others |= item
            elif not isinstance(item, str):
                raise malformed(f"the stream gave {shape(item)}, wanted texts, and dicts for what else there is to say")
            elif item:
                stamps_s.append(time.perf_counter())
                texts.append(item)
                size += len(item)
            if size > MAX_RESPONSE_BYTES:
                raise too_large()
    value = {"answer": "".join(texts), **others}
    return Returned(value=value, started_s=started_s, ended_s=time.perf_counter(), stamps_s=tuple(stamps_s))


async def _in_time(items: AsyncIterator[object], *, timeouts: Timeouts) -> AsyncGenerator[object, None]:
    """The items; raises CallFailed where the first text, or what comes after it, is late."""
    loop = asyncio.get_running_loop()
    kind, limit_s = ErrorClass.FIRST_TOKEN_TIMEOUT, timeouts.first_token_s
    until = None if limit_s is None else loop.time() + limit_s
    while True:
        try:
            async with asyncio.timeout_at(until) as bound:
                item = await anext(items)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            if not bound.expired():
                raise  # the function's own
            raise CallFailed(timed_out(kind, limit_s or 0.0)) from error
        yield item
        if (isinstance(item, str) and item) or kind is ErrorClass.IDLE_TIMEOUT:
            kind, limit_s = ErrorClass.IDLE_TIMEOUT, timeouts.idle_s
            until = None if limit_s is None else loop.time() + limit_s


def _runs_in_loop(function: Callable[..., Any]) -> bool:
    """Whether calling it only makes a coroutine or an async generator, and so blocks nobody."""
    call = function if inspect.isroutine(function) or isinstance(function, partial) else type(function).__call__
    return inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call)


def read_returned(value: object, *, price: Price | None) -> Response:
    """The response in a returned text or dict, not yet timed. Raises CallFailed for another shape.

    The function's own `cost_usd` goes before the price; keys that evalslo does not know are left alone.
    """
    returned = {"answer": value} if isinstance(value, str) else value
    if not isinstance(returned, Mapping):
        raise malformed(f"the function returned {shape(value)}, wanted {WANTED}")
    if "answer" not in returned:
        raise malformed(f"the function returned a dict without 'answer'; its keys are: {', '.join(map(str, returned))}")
    answer = _answer(returned["answer"])
    usage = _usage(returned.get("usage"))
    error = None if answer.strip() else failed(ErrorClass.EMPTY, "the function returned an empty text").error
    own_cost = _amount(returned.get("cost_usd"))
    return Response(
        answer=answer if error is None else None,
        error=error,
        contexts=_contexts(returned.get("contexts")),
        usage=usage,
        cost_usd=cost_usd(usage, price) if own_cost is None else own_cost,
        model=_text(returned, "model"),
        finish_reason=_text(returned, "finish_reason"),
    )


def _answer(answer: object) -> str:
    if not isinstance(answer, str):
        raise malformed(f"'answer' is {shape(answer)}, wanted a text")
    if len(answer) > MAX_RESPONSE_BYTES:
        raise too_large()
    return answer


def _contexts(value: object) -> tuple[Context, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise malformed(f"'contexts' is {shape(value)}, wanted a list of {{id, text, score}}")
    return tuple(_context(item, place=f"contexts[{at}]") for at, item in enumerate(value))


def _context(item: object, *, place: str) -> Context:
    if not isinstance(item, Mapping):
        raise malformed(f"{place} is {shape(item)}, wanted {{id, text, score}}")
    return read_context(item.get("id"), text=item.get("text"), score=item.get("score"), place=place)


def _usage(value: object) -> Usage | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise malformed(f"'usage' is {shape(value)}, wanted {{prompt_tokens, completion_tokens}}")
    return Usage(prompt_tokens=_count(value, "prompt_tokens"), completion_tokens=_count(value, "completion_tokens"))


def _count(usage: Mapping[object, object], key: str) -> int | None:
    value = usage.get(key)
    count = read_count(value)
    if value is not None and count is None:
        raise malformed(f"usage[{key!r}] is {shape(value)}, wanted a whole number >= 0")
    return count


def _amount(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise malformed(f"'cost_usd' is {shape(value)}, wanted a finite number >= 0")
    return float(value)


def _text(returned: Mapping[object, object], key: str) -> str | None:
    value = returned.get(key)
    if value is not None and not isinstance(value, str):
        raise malformed(f"{key!r} is {shape(value)}, wanted a text")
    return value
