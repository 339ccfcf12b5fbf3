"""How much of all responses of an endpoint is held at once: many large ones must not take a machine's memory."""

from evalslo.model.sample import CallError, ErrorClass

OWN_BYTES = 65_536  # of each body; most are smaller, and are never counted
MAX_HELD_BYTES = 2**27


class Held:
    """The bytes of bodies that come in, or came and are not read yet, beyond the first `OWN_BYTES` of each."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes = 0

    def take(self, count: int) -> bool:
        """Whether `count` more may be held; they are, then, until they are given back."""
        if self._bytes + count > MAX_HELD_BYTES:
            return False
        self._bytes += count
        return True

    def keep(self, count: int) -> None:
        """Nothing; `count` bytes that came in already are held on, until they are given back."""
        self._bytes += count

    def give_back(self, count: int) -> None:
        """Nothing; `count` bytes that were taken or kept are held no more."""
        self._bytes -= count


def too_much_at_once() -> CallError:
    """The error of a response for which the others left no room; alone it may have been small enough."""
    message = (
        f"the responses that came in at once are together larger than {MAX_HELD_BYTES:,} bytes; this one was cut off"
    )
    message += "; lower limits.concurrency if such responses are right"
    return CallError(kind=ErrorClass.TOO_LARGE, message=message, retryable=True)
