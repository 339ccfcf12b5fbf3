"""When to give up: nothing has been answered for so long that nothing will be."""

from evalslo.model.run import Stop
from evalslo.model.sample import CallError, ErrorClass
from evalslo.model.suite import Limits

# what speaks of the service, and not of the query
_OF_SERVICE = frozenset(
    {
        ErrorClass.DNS,
        ErrorClass.REFUSED,
        ErrorClass.TLS,
        ErrorClass.PROXY,
        ErrorClass.RESET,
        ErrorClass.TRANSPORT,
        ErrorClass.CONNECT_TIMEOUT,
        ErrorClass.FIRST_TOKEN_TIMEOUT,
        ErrorClass.IDLE_TIMEOUT,
        ErrorClass.TIMEOUT,
        ErrorClass.RATE_LIMIT,
        ErrorClass.SERVER,
        ErrorClass.EXCEPTION,
    }
)
_NO_ACCESS = frozenset({401, 402, 403, 404, 407})
LONGEST_QUOTE = 300
_ANSWERED = frozenset({ErrorClass.EMPTY, ErrorClass.FILTERED})  # no use, and yet the service works


class Breaker:
    """Counts the attempts that failed one after the other, over all workers.

    It says stop where there were `give_up_after`, and one of them was its call's last: a burst of refusals that the first
    retries get over is no reason to give up. The same where the server asked twice for more patience than there is.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ever_answered = False
        self._reset()

    def _reset(self) -> None:
        self._failed = 0
        self._one_for_good = False
        self._asked_at_s: float | None = None

    def answered(self) -> None:
        """The service works."""
        self._ever_answered = True
        if self._failed:
            self._reset()

    def failed(self, error: CallError, *, for_good: bool, now_s: float) -> Stop | None:
        """Why to give up, now that another attempt failed; None where not. `for_good`: its call is not made again."""
        if error.kind in _ANSWERED:
            self.answered()
        if not self._counts(error):
            return None
        self._failed += 1
        self._one_for_good |= for_good
        if (stop := self._all_failed(error)) is not None:
            return stop
        if self._limits.give_up_after and self._out_of_patience(error, now_s):
            return _hopeless(f"the server asked again for more patience than limits.retry_for: {_quoted(error)}")
        return None

    def abandoned(self, error: CallError) -> Stop | None:
        """Why to give up, now that a call whose last attempt has been counted is not made again after all."""
        if not self._failed or not self._counts(error):
            return None
        self._one_for_good = True
        return self._all_failed(error)

    def _all_failed(self, error: CallError) -> Stop | None:
        most = self._limits.give_up_after
        if not most or self._failed < most or not self._one_for_good:
            return None
        return _hopeless(f"{self._failed} attempts failed one after the other, the last one: {_quoted(error)}")

    def _counts(self, error: CallError) -> bool:
        """Where nothing was ever answered, any failure may be the service's."""
        if error.kind in _ANSWERED or error.kind is ErrorClass.NOT_RECORDED:
            return False
        return not self._ever_answered or error.kind in _OF_SERVICE or error.status in _NO_ACCESS

    def _out_of_patience(self, error: CallError, now_s: float) -> bool:
        """Whether it asks for too long a time, and all calls were held back for as long as is sensible before."""
        if (error.retry_after_s or 0.0) <= self._limits.retry_for_s:
            return False
        if self._asked_at_s is None:
            self._asked_at_s = now_s
        return now_s - self._asked_at_s >= self._limits.retry_for_s


def _quoted(error: CallError) -> str:
    return error.message[:LONGEST_QUOTE]


def _hopeless(text: str) -> Stop:
    go_on = (
        "mend that, then --resume makes the calls that are left; those that failed stay failed, and a fresh run asks"
    )
    return Stop(code="hopeless", text=f"{text}; {go_on} them again")
