"""Endpoints without a wire, for tests of the scheduler: what they answer is a function of the moment."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from evalslo.model.sample import CallError, ErrorClass, RateHint, Request, Response, Usage

Answer = Callable[["Service", Request], Response]


def answer(text: str = "Paris", **more: Any) -> Response:
    return Response(answer=text, latency_s=0.1, **more)


def used(tokens: int, **more: Any) -> Response:
    return answer(usage=Usage(prompt_tokens=tokens // 2, completion_tokens=tokens - tokens // 2), **more)


def failure(kind: ErrorClass, *, hint: RateHint | None = None, cost_usd: float | None = None, **more: Any) -> Response:
    retryable = more.pop("retryable", kind not in (ErrorClass.CLIENT, ErrorClass.EXCEPTION, ErrorClass.EMPTY))
    error = CallError(kind=kind, message=f"{kind.value} happened", retryable=retryable, **more)
    return Response(error=error, hint=hint, cost_usd=cost_usd)


def too_many(**more: Any) -> Response:
    return failure(ErrorClass.RATE_LIMIT, status=429, **more)


class Service:
    """Answers after `takes_s`, with what `respond` says when the call comes in. `starts` are the times of all calls."""

    def __init__(self, respond: Answer, *, takes_s: float | Callable[[Request], float] = 0.1) -> None:
        self._respond, self._takes_s = respond, takes_s
        self.in_flight = self.most = 0
        self.starts: list[float] = []
        self.asked: list[tuple[str, int]] = []

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def quota(self) -> str:
        return "service"

    def fingerprint(self) -> Mapping[str, Any]:
        return {"kind": "service"}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def call(self, request: Request) -> Response:
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        self.starts.append(self.now_s)
        self.asked.append((request.query_id, request.repeat))
        response = self._respond(self, request)
        try:
            await asyncio.sleep(self._takes_s(request) if callable(self._takes_s) else self._takes_s)
        finally:
            self.in_flight -= 1
        return response
