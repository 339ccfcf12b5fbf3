"""How far a collection is, told ten times a second however many samples come."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Literal

from evalslo.harness.limiter import Limiter
from evalslo.harness.spending import Spending
from evalslo.model.run import Progress, Provisional
from evalslo.model.sample import Sample

TICK_S = 0.1
RATE_OVER_S = 5.0
RATE_NOT_BEFORE_S = 0.5  # a rate over less is noise


class Tally:
    """Counts of one collection. `count` each sample; `tell` makes a `Progress` of what there is."""

    def __init__(
        self, suite: str, *, limiter: Limiter, spending: Spending, stage: Literal["collect", "judge"] = "collect"
    ) -> None:
        self._suite, self._stage = suite, stage
        self._limiter, self._spending = limiter, spending
        self._by_class: Counter[str] = Counter()
        self._ticks: deque[tuple[float, int]] = deque(maxlen=round(RATE_OVER_S / TICK_S) + 1)
        self.planned = self.done = self.in_flight = 0

    def count(self, sample: Sample) -> None:
        """Counts one kept sample, of this sitting or of one before it."""
        self.done += 1
        if sample.response.error is not None:
            self._by_class[sample.response.error.kind.value] += 1

    def now(self, provisional: tuple[Provisional, ...]) -> Progress:
        """How far it is; the rate is that between the calls of this."""
        self._ticks.append((asyncio.get_running_loop().time(), self.done))
        rate = self._rate_per_s()
        return Progress(
            suite=self._suite,
            stage=self._stage,
            done=self.done,
            planned=self.planned,
            errors=self._by_class.total(),
            in_flight=self.in_flight,
            allowed=self._limiter.allowed,
            by_class=dict(self._by_class),
            rate_per_s=rate,
            left_s=(self.planned - self.done) / rate if rate else None,
            waiting_s=self._limiter.waiting_s(),
            cost_usd=self._spending.cost_usd,
            provisional=provisional,
        )

    def _rate_per_s(self) -> float | None:
        (began_s, done), (now_s, now_done) = self._ticks[0], self._ticks[-1]
        return (now_done - done) / (now_s - began_s) if now_s - began_s >= RATE_NOT_BEFORE_S else None


async def ticking(tell: Callable[[], None]) -> None:
    """Calls `tell` ten times a second until it is cancelled."""
    while True:
        await asyncio.sleep(TICK_S)
        tell()
