"""How late the event loop comes to what is due. Only orders are asserted: a busy machine may be later than anybody asked."""

import asyncio
import math
import time

import pytest

from evalslo.harness import lag as lag_module
from evalslo.harness.lag import GRAIN_S, MOST_S, TICK_S, Histogram, LagMeter, merged
from evalslo.model.scorecard import Lag


class Handle:
    """One call of a fake loop, still to be made unless it was cancelled."""

    def __init__(self, callback) -> None:
        self.callback, self.cancelled = callback, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A loop whose passes a test makes itself, and a clock that stands still in between."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.timers: list[Handle] = []
        self.ready: list[Handle] = []

    def call_later(self, delay_s, callback):
        assert delay_s == TICK_S
        self.timers.append(Handle(callback))
        return self.timers[-1]

    def call_soon(self, callback):
        self.ready.append(Handle(callback))
        return self.ready[-1]

    def tick(self, *, late_s: float = 0.0, pass_s: float = 0.0) -> None:
        """The timer is called `late_s` after it was due, and the pass that follows takes `pass_s`."""
        self.now_s += TICK_S + late_s
        self._call(self.timers.pop())
        self._call(self.ready.pop())
        self.now_s += pass_s
        self._call(self.ready.pop())

    @staticmethod
    def _call(handle: Handle) -> None:
        assert not handle.cancelled
        handle.callback()


@pytest.fixture
def loop(monkeypatch):
    made = Loop()
    monkeypatch.setattr(lag_module, "get_running_loop", lambda: made)
    return made


async def test_nothing_measured_is_none(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        assert meter.lag() is None
    assert meter.lag() is None


async def test_a_late_timer_is_lag(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        for _ in range(300):
            loop.tick(late_s=0.004)
    lag = meter.lag()
    assert lag.max_s == pytest.approx(0.004)
    assert lag.p50_s == pytest.approx(0.004)


async def test_what_a_selector_rounds_is_not(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        loop.tick(late_s=GRAIN_S * 0.9, pass_s=0.00002)
    assert meter.lag().max_s == pytest.approx(0.00002)


async def test_a_timer_that_is_called_early_is_none(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        loop.tick(late_s=-0.001, pass_s=0.00003)
    assert meter.lag().max_s == pytest.approx(0.00003)


async def test_a_long_pass_is_lag_though_the_timer_was_in_time(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        for _ in range(90):
            loop.tick(pass_s=0.00002)
        for _ in range(10):
            loop.tick(pass_s=0.0008)
    lag = meter.lag()
    assert 0.00002 <= lag.p50_s <= 0.00003
    assert lag.p99_s == pytest.approx(0.0008)


async def test_a_block_stands_for_all_that_was_due_meanwhile(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        for _ in range(50):
            loop.tick()
        loop.tick(late_s=1.0)
    lag = meter.lag()
    assert lag.max_s == pytest.approx(1.0)
    assert lag.p99_s > 0.9
    assert lag.p50_s < 0.1  # 50 of a second and 50 of none
    assert meter.lag() == lag


async def test_no_block_is_too_long_to_be_counted(loop):
    async with LagMeter(clock=lambda: loop.now_s) as meter:
        loop.tick(late_s=86_400.0)
    assert meter.lag().max_s == pytest.approx(86_400.0)


@pytest.mark.parametrize("steps", [0, 1])
async def test_after_the_end_nothing_is_left_to_be_called(loop, steps):
    async with LagMeter(clock=lambda: loop.now_s):
        for _ in range(steps):
            loop.tick()
        left = [*loop.timers, *loop.ready]
    assert left
    assert all(handle.cancelled for handle in left)


async def test_a_loop_that_was_blocked_says_so():
    async with LagMeter() as meter:
        await asyncio.sleep(2 * TICK_S)
        time.sleep(0.15)  # noqa: ASYNC251 - the block is what is measured
        await asyncio.sleep(2 * TICK_S)
    lag = meter.lag()
    assert lag.max_s > 0.15 - TICK_S
    assert 0 < lag.p50_s <= lag.p99_s <= lag.max_s


async def test_sockets_that_are_served_one_after_the_other_are_lag():
    """Twenty callbacks ready in one pass, a millisecond each: no timer could be that late, the last of them is."""
    loop, ends = asyncio.get_running_loop(), time.perf_counter() + 0.2

    def serve() -> None:
        time.sleep(0.001)
        if time.perf_counter() < ends:
            loop.call_soon(serve)

    async with LagMeter() as meter:
        for _ in range(20):
            loop.call_soon(serve)
        await asyncio.sleep(0.25)
    assert meter.lag().max_s >= 0.02


def test_a_quantile_is_never_told_too_small_nor_a_bucket_too_large():
    for exponent in range(-60, 20):
        seconds = 10 ** (exponent / 10)
        histogram = Histogram()
        for _ in range(99):
            histogram.add(seconds)
        histogram.add(MOST_S)
        p50 = histogram.lag().p50_s
        assert seconds * (1 - 1e-9) <= p50 <= seconds * 1.1221


def test_the_histogram_does_not_grow():
    histogram = Histogram()
    before = len(histogram._counts)
    for number in range(1, 3000):
        histogram.add(1.0 / number)
        histogram.add(float(number))
        histogram.add(0.0)
    assert len(histogram._counts) == before
    assert sum(histogram._counts) == 3 * 2999


def test_beyond_the_histogram_the_maximum_is_told():
    histogram = Histogram()
    histogram.add(5 * MOST_S)
    lag = histogram.lag()
    assert lag == Lag(p50_s=5 * MOST_S, p99_s=5 * MOST_S, max_s=5 * MOST_S)
    assert math.isfinite(lag.max_s)


def test_of_two_sittings_the_worse_counts_number_by_number():
    a, b = Lag(p50_s=1.0, p99_s=5.0, max_s=6.0), Lag(p50_s=2.0, p99_s=3.0, max_s=9.0)
    assert merged(a, b) == merged(b, a) == Lag(p50_s=2.0, p99_s=5.0, max_s=9.0)
    assert merged(a, None) == merged(None, a) == a
    assert merged(None, None) is None
