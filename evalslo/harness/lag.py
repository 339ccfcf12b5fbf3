"""How late the event loop comes to what is due: what a measured time may be wrong by, because the loop was busy elsewhere.

Two things are looked at every 20 ms, and the larger of them counts:

- how late a timer is called. A block of the loop (a long scorer, a slow disk, a busy machine) delays it as it delays the
  bytes of every open call. Selectors round a timer's wait up to a millisecond where they wake up for bytes at once, so that
  much says nothing of the loop and does not count. One late timer stands for all that would have been due meanwhile: a
  byte is as likely to come in the middle of a block as on a tick.
- how long the loop then takes once around all sockets that are ready. A time is stamped when a socket's turn comes, so one
  that is served last in a long pass is stamped late though no timer was. That has no grain: an idle loop measures some
  microseconds.

Not seen: a block under 1.5 ms that the next pass does not repeat, and what a handler does between being called and taking
its stamp.
"""

import math
import time
from asyncio import Handle, get_running_loop
from collections.abc import Callable
from types import TracebackType
from typing import Self

from evalslo.model.scorecard import Lag

TICK_S = 0.02
GRAIN_S = 0.0015  # selectors wait in whole milliseconds, and take a moment to wake up
LEAST_S = 1e-6
MOST_S = 100.0
PER_DECADE = 20  # a bucket ends 12 % above where it begins
MOST_MISSED = 5_000  # ticks that one block stands for: the 100 s that the histogram can tell
_BUCKETS = round(math.log10(MOST_S / LEAST_S) * PER_DECADE) + 1


class Histogram:
    """Times of 1 us to 100 s in buckets of equal ratio; it does not grow. Beyond 100 s only the maximum is exact."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self._n = 0
        self._max_s = 0.0

    def add(self, seconds: float) -> None:
        """Counts one time; below a microsecond it is one."""
        place = 0 if seconds <= LEAST_S else math.ceil(math.log10(seconds / LEAST_S) * PER_DECADE)
        self._counts[min(place, _BUCKETS - 1)] += 1
        self._n += 1
        self._max_s = max(self._max_s, seconds)

    def lag(self) -> Lag | None:
        """What was counted; a quantile is the upper end of its bucket, so never told too small. None: nothing was."""
        if not self._n:
            return None
        return Lag(p50_s=self._quantile(0.5), p99_s=self._quantile(0.99), max_s=self._max_s)

    def _quantile(self, q: float) -> float:
        wanted, seen = q * self._n, 0
        for place, count in enumerate(self._counts[:-1]):
            seen += count
            if seen >= wanted:
                return min(LEAST_S * 10 ** (place / PER_DECADE), self._max_s)
        return self._max_s


class LagMeter:
    """Measures the lag of the running loop from `async with` on to its end; `lag` can be asked at any time.

    `clock` gives seconds that only go forward.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._times = Histogram()
        self._handle: Handle | None = None

    async def __aenter__(self) -> Self:
        self._loop = get_running_loop()
        self._arm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def lag(self) -> Lag | None:
        """The lag so far; None before the first look, 20 ms after the beginning."""
        return self._times.lag()

    def _arm(self) -> None:
        self._due = self._clock() + TICK_S
        self._handle = self._loop.call_later(TICK_S, self._look)

    def _look(self) -> None:
        self._began = self._clock()
        self._handle = self._loop.call_soon(self._next_pass)

    def _next_pass(self) -> None:
        """First in its pass: the sockets that are ready by now are served between here and `_end_of_pass`."""
        self._handle = self._loop.call_soon(self._end_of_pass)

    def _end_of_pass(self) -> None:
        around = self._clock() - self._began
        late = self._began - self._due
        self._times.add(max(around, late if late > GRAIN_S else 0.0))
        for missed in range(1, min(int(late / TICK_S), MOST_MISSED) + 1):
            self._times.add(late - missed * TICK_S)
        self._arm()


def merged(a: Lag | None, b: Lag | None) -> Lag | None:
    """The larger of two, number by number: of several sittings the worst. None: not measured in either."""
    if a is None or b is None:
        return a or b
    return Lag(
        p50_s=max(a.p50_s, b.p50_s),
        p99_s=max(a.p99_s, b.p99_s),
        max_s=max(a.max_s, b.max_s),
        in_times=a.in_times or b.in_times,
    )
