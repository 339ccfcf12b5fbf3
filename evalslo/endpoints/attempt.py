"""One attempt at a call: its time limit, and every way to fail turned into a `CallError`."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from evalslo.endpoints.redact import Redactor, redacted
from evalslo.model.sample import CallError, ErrorClass, Response

MAX_HEAD_BYTES = 65_536
MAX_HEADER_LINES = 200
MAX_RESPONSE_BYTES = 10_000_000  # some 2 million words: no answer is longer, a stream that never ends is
_LIMITS = {
    ErrorClass.TIMEOUT: ("no complete response", "limits.timeout"),
    ErrorClass.FIRST_TOKEN_TIMEOUT: ("no first token", "limits.first_token_timeout"),
    ErrorClass.IDLE_TIMEOUT: ("the response began, and then nothing more came", "limits.idle_timeout"),
}


class CallFailed(Exception):
    """Ends one attempt; it never leaves this room."""

    def __init__(self, error: CallError) -> None:
        self.error = error
        super().__init__(error.message)


async def one_attempt(
    attempt: Coroutine[Any, Any, Response],
    *,
    timeout_s: float,
    explain: Callable[[BaseException], CallError],
    redactor: Redactor,
    ends_at_timeout: bool = True,
) -> Response:
    """The response of `attempt`, or the response that says how it failed; safe to keep either way.

    `ends_at_timeout` False: what was called runs on after its time, so another attempt would add to the load.
    Raises nothing but the cancellation of the caller.
    """
    try:
        async with asyncio.timeout(timeout_s):
            response = await _answered(attempt, explain)
    except TimeoutError:  # ours: one that the called code raised has become data inside
        response = Response(error=timed_out(ErrorClass.TIMEOUT, timeout_s, ends=ends_at_timeout))
    return redacted(response, redactor)


async def _answered(attempt: Coroutine[Any, Any, Response], explain: Callable[[BaseException], CallError]) -> Response:
    try:
        return await attempt
    except CallFailed as failure:
        return Response(error=failure.error)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return Response(error=explain(error))  # the called code cancelled itself; nobody cancelled us
    except (Exception, SystemExit) as error:  # a call that fails is data, whatever it fails with
        return Response(error=explain(error))


def unexpected(error: BaseException) -> CallError:
    """The error of an exception, told by its type and message."""
    try:
        message = str(error)
    except Exception:  # an exception of a stranger may not even print
        message = "its message cannot be read"
    name = type(error).__name__
    return CallError(kind=ErrorClass.EXCEPTION, message=f"{name}: {message}" if message else name)


def timed_out(kind: ErrorClass, limit_s: float, *, ends: bool = True) -> CallError:
    """The error of an attempt that reached the limit of its `kind`. `ends` False: what was called runs on after it."""
    wanted, limit = _LIMITS[kind]
    message = f"{wanted} within {limit_s:g} s; raise {limit} if that is too short"
    if not ends:
        message += "; it is not tried again, since a sync function cannot be stopped"
    return CallError(kind=kind, message=message, retryable=ends)


def failed(kind: ErrorClass, message: str, *, status: int | None = None, retryable: bool = False) -> CallFailed:
    """A failure of the given kind, to be raised."""
    return CallFailed(CallError(kind=kind, message=message, status=status, retryable=retryable))


def malformed(message: str, *, status: int | None = None) -> CallFailed:
    """A failure that says what was found where something else was wanted."""
    return failed(ErrorClass.MALFORMED, message, status=status)


def too_large() -> CallFailed:
    """The failure of a response that is over the bound."""
    return failed(ErrorClass.TOO_LARGE, f"the response is larger than {MAX_RESPONSE_BYTES:,} bytes; it was cut off")


def too_large_told(size_bytes: int) -> CallError:
    """The error of a response that says itself how far it is over the bound."""
    message = f"the response says that it has {size_bytes:,} bytes; at most {MAX_RESPONSE_BYTES:,} are read"
    return CallError(kind=ErrorClass.TOO_LARGE, message=message)


def too_large_head() -> CallError:
    """The error of a response whose headers are over the bound."""
    message = (
        f"the response's head is larger than {MAX_HEAD_BYTES:,} bytes or {MAX_HEADER_LINES} headers; it was cut off"
    )
    return CallError(kind=ErrorClass.TOO_LARGE, message=message)


def reason_of(error: BaseException) -> str:
    """Why the machine failed, without the addresses and paths that its message may name."""
    return getattr(error, "strerror", None) or type(error).__name__
