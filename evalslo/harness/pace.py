"""A pace: so many units a minute, by a leaky bucket that a strict server agrees with.

What has begun fills the bucket, and it leaks at a steady rate. With a bucket of b and a leak of (n - b) in a window, no
window ever sees more than n: the burst is taken out of the rate, not put on top of it (the generic cell rate algorithm,
ITU-T I.371, seen from the other side).
"""

import math
from dataclasses import dataclass

WINDOW_S = 61.0  # a minute, and a second in which calls sent earlier may still arrive: the server counts arrivals
BURST_S = 1.0  # how much may begin at once: what a second is worth
ROUNDING = 1e-9


@dataclass(slots=True)
class Pace:
    """When the next units may begin; unbounded at first. Times are seconds of a clock that only goes forward."""

    burst: float = math.inf
    per_s: float = math.inf
    level: float = 0.0
    at_s: float = 0.0

    def limit_calls(self, per_minute: float | None, *, now_s: float) -> None:
        """At most so many calls in any minute, of a unit each; None: no bound."""
        if per_minute is None:
            self._limit(math.inf, math.inf, now_s)
        else:  # a window that begins with a call ends before the one that is due a window later: so many and one
            burst = max(per_minute * BURST_S / 60, 1.0)
            self._limit(burst, (per_minute - burst + 1.0) / WINDOW_S, now_s)

    def limit_tokens(self, per_minute: float | None, *, typical: float, now_s: float) -> None:
        """At most so many tokens in any minute, in calls of a `typical` size; None: no bound."""
        if per_minute is None:
            self._limit(math.inf, math.inf, now_s)
        else:
            burst = max(per_minute * BURST_S / 60, min(typical, per_minute / 2))
            self._limit(burst, (per_minute - burst) / WINDOW_S, now_s)

    def _limit(self, burst: float, per_s: float, now_s: float) -> None:
        """What has begun before still counts."""
        self._leak(now_s)
        self.burst, self.per_s = burst, per_s

    def due_s(self, units: float, now_s: float) -> float:
        """When `units` may begin, `now_s` or later. What is larger than the burst waits for an empty bucket."""
        if self.burst == math.inf:
            return now_s
        level = self._level(now_s)
        over = min(level, level + units - self.burst)
        return now_s if over <= ROUNDING else now_s + over / self.per_s

    def take(self, units: float, now_s: float) -> None:
        """Counts what begins now."""
        if self.burst != math.inf:
            self._leak(now_s)
            self.level += units

    def correct(self, units: float) -> None:
        """Counts what a call took beyond what was counted when it began; less than nothing gives back."""
        self.level = max(0.0, self.level + units)

    def _leak(self, now_s: float) -> None:
        self.level, self.at_s = self._level(now_s), now_s

    def _level(self, now_s: float) -> float:
        return max(0.0, self.level - (now_s - self.at_s) * self.per_s) if self.level else 0.0
