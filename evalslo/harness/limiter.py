"""When a call may begin: one limiter for all calls that count against the same quota, over all suites of a command.

It bounds how many are in flight, how many begin in a minute and what they take; and what one call is told by the server
(`Retry-After`, nothing left until a reset) holds back all of them. Those that wait are let in one by one, in order,
calls that are made again before new ones.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from evalslo.harness.aimd import Aimd
from evalslo.harness.pace import Pace
from evalslo.harness.spending import FIRST_CALLS, tokens_used
from evalslo.model.sample import CallError, ErrorClass, RateHint, Response
from evalslo.model.suite import Limits

THAW_S = 1.0  # after a pause the calls that are allowed at once begin over so long
_NO_REST = (429, 503, 529)  # 529 is what some providers say for a 503
_TOO_SLOW = frozenset({ErrorClass.CONNECT_TIMEOUT, ErrorClass.FIRST_TOKEN_TIMEOUT, ErrorClass.TIMEOUT})


class Permit(NamedTuple):
    """The right to one call: its number among all of the limiter, and the tokens set aside for it."""

    number: int
    tokens: float


class Limiter:
    """Lets calls begin. `begin` gives a permit; `end` takes it back with what came of it, `cancel` where no call was made.

    `wake` sends all who wait away without one.
    """

    def __init__(self) -> None:
        self._limits = Limits()
        self._aimd = Aimd(self._limits.concurrency)
        self._requests, self._tokens = Pace(), Pace()
        self._mean_tokens: float | None = None
        self._measured = self._begun = 0
        self._not_before_s = self._thawed_s = 0.0
        self._again: deque[asyncio.Future[Permit | None]] = deque()
        self._new: deque[asyncio.Future[Permit | None]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self.in_flight = 0

    def adopt(self, limits: Limits) -> None:
        """Goes by these numbers from now on; what was learned, and what began in the last minute, stays."""
        self._aimd.adopt(limits.concurrency, fresh=self._begun == 0)
        self._limits = limits
        now_s = _now_s()
        self._requests.limit_calls(limits.requests_per_minute, now_s=now_s)
        self._limit_tokens(now_s)

    @property
    def allowed(self) -> int | None:
        """How many calls may be in flight now; None where that never changes."""
        return None if self._aimd.fixed else self._aimd.allowed

    def waiting_s(self) -> float | None:
        """For how long no call may begin though there is room for one; None where nothing is held back."""
        if not self._waiting() or self.in_flight >= self._room():
            return None
        now_s = _now_s()
        held_s = self._due_s(now_s) - now_s
        return held_s if held_s > 0 else None

    def earliest_s(self) -> float:
        """When a call may begin, on the loop's clock, as far as pauses and pace go; others may be before it."""
        now_s = _now_s()
        return max(now_s, self._due_s(now_s))

    async def begin(self, *, again: bool = False) -> Permit | None:
        """A permit, as soon as a call may begin; None for those who waited when `wake` was called.

        A call that is made `again` goes before the others: its time is bounded.
        """
        now_s = _now_s()
        queue = self._again if again else self._new
        before = self._again if again else self._waiting()
        if not before and self.in_flight < self._room() and self._due_s(now_s) <= now_s:
            return self._take(now_s)
        turn: asyncio.Future[Permit | None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and (permit := turn.result()) is not None:
                self.cancel(permit)
            raise

    def end(self, permit: Permit, response: Response | None) -> None:
        """Gives a permit back; `response` is what came of the call, None where it was cancelled."""
        if response is not None:
            self._learn(permit, response)
        self._leave()

    def cancel(self, permit: Permit) -> None:
        """Gives a permit back with which no call was made: it counts for no pace."""
        now_s = _now_s()
        self._requests.correct(-1.0, now_s)
        self._tokens.correct(-permit.tokens, now_s)
        self._leave()

    def wake(self) -> None:
        """Sends all who wait away."""
        for turn in (*self._again, *self._new):
            if not turn.done():
                turn.set_result(None)
        self._again.clear()
        self._new.clear()
        self._admit()

    def _leave(self) -> None:
        self.in_flight -= 1
        if self._waiting():
            self._admit()

    def _waiting(self) -> deque[asyncio.Future[Permit | None]]:
        """The queue whose first is let in next; empty where nobody waits."""
        return self._again or self._new

    def _room(self) -> int:
        """How many calls may be in flight now."""
        unseen = self._limits.tokens_per_minute is not None and self._mean_tokens is None
        return min(self._aimd.allowed, FIRST_CALLS) if unseen else self._aimd.allowed

    def _due_s(self, now_s: float) -> float:
        """When the next call may begin: at once where that is not later than `now_s`."""
        return max(
            self._not_before_s, self._requests.due_s(1.0, now_s), self._tokens.due_s(self._mean_tokens or 1.0, now_s)
        )

    def _take(self, now_s: float) -> Permit:
        self.in_flight += 1
        self._begun += 1
        permit = Permit(self._begun, self._mean_tokens or 1.0)
        self._requests.take(1.0, now_s)
        self._tokens.take(permit.tokens, now_s)
        if now_s < self._thawed_s:
            self._not_before_s = now_s + THAW_S / self._aimd.allowed
        return permit

    def _admit(self) -> None:
        """Lets in who may begin now, and sets the alarm for the next one."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now_s = _now_s()
        while (queue := self._waiting()) and self.in_flight < self._room():
            due_s = self._due_s(now_s)
            if due_s > now_s:
                self._alarm = asyncio.get_running_loop().call_at(due_s, self._admit)
                return
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(self._take(now_s))

    def _learn(self, permit: Permit, response: Response) -> None:
        error = response.error
        if error is None:
            self._aimd.answered(full=self.in_flight >= self._aimd.allowed)
        elif error.status in _NO_REST or error.kind in _TOO_SLOW:
            self._aimd.overloaded(permit.number, begun=self._begun, in_flight=self.in_flight)
        if error is not None or response.hint is not None:
            self._hold(_wish_s(error, response.hint))
        self._settle(permit, tokens_used(response))

    def _hold(self, seconds: float) -> None:
        """No call begins for so long, but at most for as long as a call is patient."""
        until_s = _now_s() + min(seconds, self._limits.retry_for_s) if seconds > 0 else 0.0
        if until_s > self._not_before_s:
            self._not_before_s = until_s
            self._thawed_s = until_s + THAW_S

    def _settle(self, permit: Permit, used: int | None) -> None:
        """What a call took in place of what was set aside for it; the mean of all is set aside from now on."""
        if used is None:
            return
        self._measured += 1
        mean = self._mean_tokens or 0.0
        self._mean_tokens = max(1.0, mean + (used - mean) / self._measured)
        now_s = _now_s()
        self._tokens.correct(used - permit.tokens, now_s)
        self._limit_tokens(now_s)

    def _limit_tokens(self, now_s: float) -> None:
        self._tokens.limit_tokens(self._limits.tokens_per_minute, typical=self._mean_tokens or 1.0, now_s=now_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _wish_s(error: CallError | None, hint: RateHint | None) -> float:
    """For how long the server wishes to see no call, in its most direct words; 0 where it does not."""
    if error is not None and error.retry_after_s is not None:
        return error.retry_after_s
    if hint is None:
        return 0.0
    requests_s = hint.requests_reset_s if hint.requests_left == 0 else None
    tokens_s = hint.tokens_reset_s if hint.tokens_left == 0 else None
    return max(requests_s or 0.0, tokens_s or 0.0)


class Limiters:
    """The limiters of one command, by quota."""

    def __init__(self) -> None:
        self._by_quota: dict[str, Limiter] = {}

    def of(self, quota: str) -> Limiter:
        """The limiter of all endpoints with this quota."""
        return self._by_quota.setdefault(quota, Limiter())
