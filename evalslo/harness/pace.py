"""A pace: so many units a minute, by a leaky bucket that a strict server agrees with.

What has begun fills the bucket, and it leaks at a steady rate. With a bucket of b and a leak of (n - b) in a window, no
window ever sees more than n: the burst is taken out of the rate, not put on top of it (the generic cell rate algorithm,
ITU-T I.371, seen from the other side).
"""

import math
from collections import deque

from msgspec import Struct, field

WINDOW_S = 61.0  # a minute, and a second in which calls sent earlier may still arrive: the server counts arrivals
BURST_S = 1.0  # how much may begin at once: what a second is worth
ROUNDING = 1e-9


class _Second(Struct):
    """The units that began in one second of the clock."""

    number: int
    units: float


def _seconds() -> deque[_Second]:
    return deque(maxlen=math.ceil(WINDOW_S) + 1)


class Pace(Struct):
    """When the next units may begin; unbounded at first. Times are seconds of a clock that only goes forward.

    What begins is kept by the second for a minute, so that a bound that comes later, or another one, knows of it.
    """

    per_minute: float = math.inf
    burst: float = math.inf
    per_s: float = math.inf
    level: float = 0.0
    at_s: float = 0.0
    _began: deque[_Second] = field(default_factory=_seconds)

    def limit_calls(self, per_minute: float | None, *, now_s: float) -> None:
        """At most so many calls in any minute, of a unit each; None: no bound."""
        if per_minute is None:
            self._limit(math.inf, burst=math.inf, per_s=math.inf, now_s=now_s)
        else:  # a window that begins with a call ends before the one that is due a window later: so many and one
            burst = max(per_minute * BURST_S / 60, 1.0)
            self._limit(per_minute, burst=burst, per_s=(per_minute - burst + 1.0) / WINDOW_S, now_s=now_s)

    def limit_tokens(self, per_minute: float | None, *, typical: float, now_s: float) -> None:
        """At most so many tokens in any minute, in calls of a `typical` size; None: no bound."""
        if per_minute is None:
            self._limit(math.inf, burst=math.inf, per_s=math.inf, now_s=now_s)
        else:
            burst = max(per_minute * BURST_S / 60, min(typical, per_minute / 2))
            self._limit(per_minute, burst=burst, per_s=(per_minute - burst) / WINDOW_S, now_s=now_s)

    def _limit(self, per_minute: float, *, burst: float, per_s: float, now_s: float) -> None:
        """What has begun in the last minute counts, whatever bound there was or was not."""
        if per_minute == self.per_minute:
            self._leak(now_s)
        else:  # as full as is allowed in a minute: nothing begins for so long, and then the window is empty
            self.level, self.at_s = min(self._filled(per_s, now_s), per_minute), now_s
        self.per_minute, self.burst, self.per_s = per_minute, burst, per_s

    def _filled(self, per_s: float, now_s: float) -> float:
        """How full the bucket would be, had it leaked at this rate all the time; a second's units count at its end."""
        if per_s == math.inf:
            return 0.0
        level, at_s = 0.0, now_s - WINDOW_S
        for second in self._began:
            end_s = min(second.number + 1.0, now_s)
            if end_s > now_s - WINDOW_S:
                level = max(0.0, max(0.0, level - (end_s - at_s) * per_s) + second.units)
                at_s = end_s
        return max(0.0, level - (now_s - at_s) * per_s) if level else 0.0

    def due_s(self, units: float, now_s: float) -> float:
        """When `units` may begin, `now_s` or later. What is larger than the burst waits for an empty bucket."""
        if self.burst == math.inf:
            return now_s
        level = self._level(now_s)
        over = min(level, level + units - self.burst)
        return now_s if over <= ROUNDING else now_s + over / self.per_s

    def take(self, units: float, now_s: float) -> None:
        """Counts what begins now."""
        self._note(units, now_s)
        if self.burst != math.inf:
            self._leak(now_s)
            self.level += units

    def correct(self, units: float, now_s: float) -> None:
        """Counts what a call took beyond what was counted when it began; less than nothing gives back."""
        self._note(units, now_s)
        if self.burst != math.inf:
            self.level = max(0.0, self.level + units)

    def _note(self, units: float, now_s: float) -> None:
        number = int(now_s)
        if self._began and self._began[-1].number == number:
            self._began[-1].units += units
        else:
            self._began.append(_Second(number, units))

    def _leak(self, now_s: float) -> None:
        self.level, self.at_s = self._level(now_s), now_s

    def _level(self, now_s: float) -> float:
        return max(0.0, self.level - (now_s - self.at_s) * self.per_s) if self.level else 0.0
