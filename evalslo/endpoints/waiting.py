"""How long one attempt is waited for: when to look next, and which limit was reached."""

from collections.abc import Callable
from time import perf_counter

from evalslo.endpoints.attempt import timed_out
from evalslo.endpoints.http_response import HttpResponse
from evalslo.endpoints.incoming import Incoming
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import Timeouts

_SETTLE_S = 0.25  # a server that ends its stream ends its body with it; one that does not is not waited for
_EARLY_S = 0.002  # a loop may keep time in whole milliseconds, and call a little before it was asked to


class Waiting:
    """The limits of one attempt, which began at `since`. All times by `time.perf_counter`."""

    __slots__ = ("_begun", "_incoming", "_settled_at", "_timeouts", "_token_due", "_total_due")

    def __init__(
        self, incoming: Incoming, *, since: float, timeouts: Timeouts, begun: Callable[[HttpResponse], bool]
    ) -> None:
        self._incoming = incoming
        self._timeouts = timeouts
        self._begun = begun
        self._total_due = since + timeouts.total_s
        first_s = timeouts.first_token_s
        self._token_due = None if first_s is None else incoming.sent_at + first_s
        self._settled_at: float | None = None

    @property
    def watches_idle(self) -> bool:
        """Whether anything that comes brings something to look at sooner than was known before."""
        return self._timeouts.idle_s is not None

    def due(self) -> float:
        """When something has to be looked at next, if nothing comes until then."""
        due = self._total_due
        if self._token_due is not None:
            due = min(due, self._token_due)
        idle_due = self._idle_due()
        if idle_due is not None:
            due = min(due, idle_due)
        if self._incoming.said_done and self._settled_at is None:
            self._settled_at = perf_counter() + _SETTLE_S
        return due if self._settled_at is None else min(due, self._settled_at)

    def is_over(self, now: float) -> bool:
        """Whether the attempt ends `now`: settled after its [DONE], or at one of its limits, which is its fault then."""
        incoming, now = self._incoming, now + _EARLY_S
        if incoming.said_done:
            return self._settled_at is not None and now >= self._settled_at
        kind, limit_s = self._reached(now)
        if kind is None:
            return False
        incoming.fault = timed_out(kind, limit_s)
        return True

    def _reached(self, now: float) -> tuple[ErrorClass | None, float]:
        timeouts = self._timeouts
        if now >= self._total_due:
            return ErrorClass.TIMEOUT, timeouts.total_s
        if self._token_due is not None and now >= self._token_due:
            self._token_due = None
            if not self._has_token():
                return ErrorClass.FIRST_TOKEN_TIMEOUT, timeouts.first_token_s or 0.0
        idle_due = self._idle_due()
        if idle_due is not None and now >= idle_due:
            return ErrorClass.IDLE_TIMEOUT, timeouts.idle_s or 0.0
        return None, 0.0

    def _idle_due(self) -> float | None:
        read_at, idle_s = self._incoming.read_at, self._timeouts.idle_s
        return None if read_at is None or idle_s is None else read_at + idle_s

    def _has_token(self) -> bool:
        return bool(self._incoming.body) and self._begun(self._incoming.response())
