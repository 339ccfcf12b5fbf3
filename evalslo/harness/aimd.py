"""How many calls a server bears at once, found out by trying.

Additive increase, multiplicative decrease (Chiu and Jain 1989, doi:10.1016/0169-7552(89)90019-6), as TCP does it
(RFC 5681): doubling until the first cut, then one more a round trip, and at most one cut a round trip.
"""

from evalslo.model.suite import Concurrency

CUT = 0.7  # halving, as TCP does, leaves a quarter of what the server bears unused; this leaves 15 %


class Aimd:
    """`allowed`: how many calls may be in flight. It never changes where least and most are the same."""

    __slots__ = ("_cut_after", "_doubling", "_least", "_level", "_most", "allowed")

    def __init__(self, concurrency: Concurrency) -> None:
        self._least, self._most = concurrency.least, concurrency.most
        self._level = float(concurrency.start)
        self._doubling = True
        self._cut_after = 0
        self.allowed = concurrency.start

    @property
    def fixed(self) -> bool:
        """Whether it never changes."""
        return self._least == self._most

    def adopt(self, concurrency: Concurrency, *, fresh: bool) -> None:
        """Goes on between other bounds, with what was found out so far; `fresh`: with nothing, from the start."""
        self._least, self._most = concurrency.least, concurrency.most
        self._set(concurrency.start if fresh else self._level)

    def answered(self, *, full: bool) -> None:
        """A call was answered; `full`: as many were in flight as allowed, so that it says something of more."""
        if full and self._level < self._most:
            self._set(self._level + (1.0 if self._doubling else 1.0 / self._level))

    def overloaded(self, number: int, *, begun: int, in_flight: int) -> None:
        """Call `number` of `begun` met a server that had too much, while `in_flight` were under way.

        One that had begun before the last cut says nothing new.
        """
        if number > self._cut_after:
            self._cut_after = begun
            self._doubling = False
            self._set(min(self._level, in_flight) * CUT)

    def _set(self, level: float) -> None:
        self._level = min(max(level, float(self._least)), float(self._most))
        self.allowed = int(self._level)
