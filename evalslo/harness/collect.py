"""The one scheduler: requests in, samples out, within the limits.

A failed call is a sample with an error, never a lost row. What a caller's `keep` has taken is safe; a crash loses at most
the calls in flight.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import takewhile
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from evalslo.harness.breaker import Breaker
from evalslo.harness.limiter import Limiter, Permit
from evalslo.harness.retries import jitter_of, told, wait_s
from evalslo.harness.spending import FIRST_CALLS, Spending
from evalslo.harness.tally import Tally, ticking
from evalslo.model.protocols import Endpoint
from evalslo.model.run import Progress, Provisional, Stop
from evalslo.model.sample import CallError, Request, Response, Sample
from evalslo.model.suite import Limits

SAMPLES_A_TURN = 64
UNDER_WAY_S = 0.01
INTERRUPTED = Stop(code="interrupted", text="stopped; run it again with --resume to go on")


def _nothing() -> None:
    """Nothing is to be done."""


def _no_look() -> tuple[Provisional, ...]:
    return ()


class Watch(Struct, frozen=True, kw_only=True):
    """Who looks on: the clock for `started_at`, the listener of progress, and the sign to take no new call.

    `look` says what the objectives look like so far; `under_way` is called once the first calls are.
    """

    clock: Callable[[], datetime]
    on_progress: Callable[[Progress], None]
    stop: asyncio.Event
    look: Callable[[], tuple[Provisional, ...]] = _no_look
    under_way: Callable[[], None] = _nothing


class Store(Struct, frozen=True, kw_only=True):
    """Where samples go: `keep` takes each; `recall` knows answers from before, and `remember` learns them."""

    keep: Callable[[Sample], None]
    recall: Callable[[Request], Response | None] | None = None
    remember: Callable[[Request, Response], None] | None = None


class Bounds(Struct, frozen=True, kw_only=True):
    """What bounds the calls: the suite's limits, the limiter of the quota, and what was spent so far."""

    limits: Limits
    limiter: Limiter
    spending: Spending


async def collect(
    endpoint: Endpoint,
    requests: Iterable[Request],
    *,
    count: int,
    bounds: Bounds,
    store: Store,
    tally: Tally,
    watch: Watch,
    enough: Callable[[], bool] = lambda: False,
) -> Stop | None:
    """Why some of the `count` requests have no sample; None where each has one.

    Samples are handed to `store.keep` in the order of completion.
    Where the sign to stop comes, a limit is reached or nothing is answered any more, no new call is begun, and those in
    flight end. None too where `enough` said after a sample was kept that no more is needed. What `keep` raises ends the
    collection and comes out here.
    """
    work = _Collection(endpoint, bounds=bounds, store=store, tally=tally, watch=watch)
    left = takewhile(lambda _: not enough(), requests)
    before = tally.done
    work.tell()
    try:
        async with endpoint, asyncio.TaskGroup() as aides:
            others = [aides.create_task(one) for one in (ticking(work.tell), work.watching(), work.announcing())]
            await work.run(left, workers=min(bounds.limits.concurrency.most, count))
            for other in others:
                other.cancel()
    except ExceptionGroup as group:
        raise _first(group) from None
    work.tell()
    if work.stopped is None or tally.done == before + count:
        return None
    now = bounds.spending.refusal(in_flight=0)  # those that were in flight have been paid for since
    return now if now is not None and now.code == work.stopped.code else work.stopped


def _first(error: Exception) -> Exception:
    """The one worker that cannot keep a sample speaks for all."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


class _Tried(NamedTuple):
    """One attempt: what came of it, and when it began (`began_s` on the loop's clock)."""

    response: Response
    began: datetime
    began_s: float


class _Collection:
    """One collection on its way; `stopped` says why no further call is begun."""

    def __init__(self, endpoint: Endpoint, *, bounds: Bounds, store: Store, tally: Tally, watch: Watch) -> None:
        self._endpoint, self._store, self._tally, self._watch = endpoint, store, tally, watch
        self._limits, self._limiter, self._spending = bounds.limits, bounds.limiter, bounds.spending
        self._breaker = Breaker(bounds.limits)
        self._now_s = asyncio.get_running_loop().time
        self._stop = asyncio.Event()
        self._seen = asyncio.Event()  # what a call costs, where that has to be known
        self._in_turn = 0
        self.stopped: Stop | None = None

    def tell(self) -> None:
        self._watch.on_progress(self._tally.now(self._watch.look()))

    async def watching(self) -> None:
        await self._watch.stop.wait()
        self._halt(INTERRUPTED)

    async def announcing(self) -> None:
        await asyncio.sleep(UNDER_WAY_S)
        self._watch.under_way()

    async def run(self, left: Iterator[Request], *, workers: int) -> None:
        async with asyncio.TaskGroup() as group:
            first = min(workers, FIRST_CALLS) if self._spending.unseen else workers
            for _ in range(first):
                group.create_task(self._work(left))
            if first < workers:
                group.create_task(self._more(group, left, workers=workers - first))

    async def _more(self, group: asyncio.TaskGroup, left: Iterator[Request], *, workers: int) -> None:
        await self._seen.wait()
        for _ in range(workers):
            group.create_task(self._work(left))

    def _halt(self, stop: Stop) -> None:
        self.stopped = self.stopped or stop
        self._stop.set()
        self._seen.set()
        self._limiter.wake()

    async def _work(self, left: Iterator[Request]) -> None:
        for request in left:
            sample = await self._sample(request)
            if sample is None:
                return
            self._store.keep(sample)
            self._tally.count(sample)
            await self._take_turns()
            if self._ended():
                return
        self._seen.set()

    async def _take_turns(self) -> None:
        """Lets others run after so many samples, as answers that are at hand make nobody wait."""
        self._in_turn += 1
        if self._in_turn == SAMPLES_A_TURN:
            asyncio.get_running_loop().call_soon(self._next_turn)
        if self._in_turn >= SAMPLES_A_TURN:
            await asyncio.sleep(0)

    def _next_turn(self) -> None:
        self._in_turn = 0

    def _ended(self) -> bool:
        """Whether no further call may be begun; the sign to stop counts at once, before who watches it is called."""
        if self.stopped is None and self._watch.stop.is_set():
            self._halt(INTERRUPTED)
        return self.stopped is not None

    async def _sample(self, request: Request) -> Sample | None:
        """The sample of one request: known from before, or the first attempt that answers, or the last error.

        None where an attempt was due and may not be begun: a call that may yet succeed is left for `--resume`.
        """
        known = None if self._store.recall is None else self._store.recall(request)
        if known is not None:
            return _sample(request, known, attempts=1, began=self._watch.clock())
        permit = await self._permit(again=False)
        if permit is None:
            return None
        tried = await self._attempt(request, permit)
        if tried.response.error is not None:
            return await self._again(request, tried, tried.response.error)
        return _sample(request, tried.response, attempts=1, began=tried.began)

    async def _again(self, request: Request, tried: _Tried, error: CallError | None) -> Sample | None:
        """The sample of a call whose first attempt failed, as in `_sample`."""
        jitter, first_s, attempt = jitter_of(request), tried.began_s, 1
        last_s = first_s + self._limits.retry_for_s
        while error is not None:
            took_s = self._now_s() - first_s
            wait = wait_s(error, attempt=attempt, took_s=took_s, limits=self._limits, jitter=jitter)
            if self._limiter.earliest_s() > last_s:
                wait = None  # our own pace makes another attempt too late
            self._failed(error, for_good=wait is None)
            if wait is None:
                break
            if await self._stopped(within_s=wait):
                return None
            permit = await self._permit(again=True, by_s=last_s)
            if permit is None and self._ended():
                return None
            if permit is None:
                self._halt_where(self._breaker.abandoned(error))
                break
            attempt += 1
            tried = await self._attempt(request, permit)
            error = tried.response.error
        response = tried.response if error is None else replace(tried.response, error=told(error, limits=self._limits))
        return _sample(request, response, attempts=attempt, began=tried.began)

    async def _permit(self, *, again: bool, by_s: float = math.inf) -> Permit | None:
        """The right to one attempt; None where none may be begun any more, or none by then, on the loop's clock."""
        while not self._ended() and self._limiter.earliest_s() <= by_s:
            permit = await self._limiter.begin(again=again)
            if permit is None:
                continue
            refusal = self._spending.refusal(in_flight=self._tally.in_flight)
            if refusal is not None:
                self._halt(refusal)
            if not self._ended() and self._now_s() <= by_s:
                return permit
            self._limiter.cancel(permit)
        return None

    async def _attempt(self, request: Request, permit: Permit) -> _Tried:
        began, began_s, response = self._watch.clock(), self._now_s(), None
        self._tally.in_flight += 1
        try:
            response = await self._endpoint.call(request)
        finally:
            self._tally.in_flight -= 1
            self._limiter.end(permit, response)
        self._count(request, response)
        return _Tried(response, began, began_s)

    def _count(self, request: Request, response: Response) -> None:
        self._spending.count(response)
        if response.error is None:
            self._breaker.answered()
            if self._store.remember is not None:
                self._store.remember(request, response)
        if not self._seen.is_set() and not self._spending.unseen:
            self._seen.set()

    def _failed(self, error: CallError, *, for_good: bool) -> None:
        self._halt_where(self._breaker.failed(error, for_good=for_good, now_s=self._now_s()))

    def _halt_where(self, stop: Stop | None) -> None:
        if stop is not None:
            self._halt(stop)

    async def _stopped(self, *, within_s: float) -> bool:
        """Waits, but not beyond the sign to stop: True where that came."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), timeout=within_s)
        return self._ended()


def _sample(request: Request, response: Response, *, attempts: int, began: datetime) -> Sample:
    return Sample(
        query_id=request.query_id,
        repeat=request.repeat,
        response=response,
        attempts=attempts,
        started_at=began.astimezone(UTC).isoformat(timespec="milliseconds"),
    )
