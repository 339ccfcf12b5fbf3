"""The one scheduler: planned calls in, samples out, bounded in number at once and in attempts.

A failed call is a sample with an error, never a lost row. What a caller's `keep` has taken is safe; a crash loses at most
the calls in flight.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile

from evalslo.harness.plan import PlannedCall, request_for
from evalslo.model.protocols import Endpoint
from evalslo.model.run import Progress
from evalslo.model.sample import CallError, Sample
from evalslo.model.suite import Limits

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who looks on: the clock for `started_at`, the listener of progress, and the sign to take no new call."""

    clock: Callable[[], datetime]
    on_progress: Callable[[Progress], None]
    stop: asyncio.Event


class _Tally:
    """Counts of one collection, for its progress."""

    def __init__(self, suite: str, planned: int, done: int, watch: Watch) -> None:
        self.suite, self.planned, self.done, self.watch = suite, planned, done, watch
        self.errors = self.in_flight = 0

    def tell(self) -> None:
        self.watch.on_progress(
            Progress(
                suite=self.suite,
                stage="collect",
                done=self.done,
                planned=self.planned,
                errors=self.errors,
                in_flight=self.in_flight,
            )
        )


async def collect(
    endpoint: Endpoint,
    calls: Sequence[PlannedCall],
    *,
    suite: str,
    done: int,
    limits: Limits,
    keep: Callable[[Sample], None],
    watch: Watch,
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """How many samples came: one for each of `calls`, handed to `keep` in the order of completion.

    `done` counts the samples kept before (a resumed run). Fewer than `calls` come where `watch.stop` was set: then no new
    call is begun, and those in flight end. The same where `enough` says after a sample was kept that no more is needed. What
    `keep` raises ends the collection and comes out here.
    """
    tally = _Tally(suite, planned=done + len(calls), done=done, watch=watch)
    left = takewhile(lambda _: not enough(), calls)
    tally.tell()
    try:
        async with endpoint, asyncio.TaskGroup() as workers:
            for _ in range(min(limits.concurrency.most, len(calls))):
                workers.create_task(_work(endpoint, left, limits=limits, keep=keep, tally=tally))
    except ExceptionGroup as group:  # one worker that cannot keep a sample speaks for all
        raise group.exceptions[0] from None
    return tally.done - done


async def _work(
    endpoint: Endpoint,
    left: Iterator[PlannedCall],
    *,
    limits: Limits,
    keep: Callable[[Sample], None],
    tally: _Tally,
) -> None:
    for call in left:
        if tally.watch.stop.is_set():
            return
        tally.in_flight += 1
        sample = await _sample(endpoint, call, limits=limits, watch=tally.watch)
        tally.in_flight -= 1
        if sample is None:
            return
        keep(sample)
        tally.done += 1
        tally.errors += sample.response.error is not None
        tally.tell()


async def _sample(endpoint: Endpoint, call: PlannedCall, *, limits: Limits, watch: Watch) -> Sample | None:
    """The sample of one planned call: the first attempt that answers, or the last error.

    None where the sign to stop came while another attempt was due: a call that may yet succeed is left for `--resume`.
    """
    jitter = random.Random(f"{call.query.id}/{call.repeat}")  # noqa: S311 - spreads retries, guards nothing
    request = request_for(call)
    attempt = 0
    while True:
        attempt += 1
        started_at = watch.clock()
        response = await endpoint.call(request)
        wait = None if attempt > limits.retries else _wait_s(response.error, attempt, jitter)
        if wait is None:
            return Sample(
                query_id=call.query.id,
                repeat=call.repeat,
                response=response,
                attempts=attempt,
                started_at=started_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            )
        if await _stopped(watch.stop, within_s=wait):
            return None


def _wait_s(error: CallError | None, attempt: int, jitter: random.Random) -> float | None:
    """Seconds before the next attempt; None where another one makes no sense.

    Doubles from half a second with full jitter on its upper half; a server's own `Retry-After` wins, up to a minute.
    """
    if error is None or not error.retryable:
        return None
    if error.retry_after_s is not None:
        return error.retry_after_s if error.retry_after_s <= LONGEST_WAIT_S else None
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempt - 1)) * jitter.uniform(0.5, 1.0)


async def _stopped(stop: asyncio.Event, *, within_s: float) -> bool:
    """Waits, but not beyond the sign to stop: True where that came."""
    try:
        return await asyncio.wait_for(stop.wait(), timeout=within_s)
    except TimeoutError:
        return False
