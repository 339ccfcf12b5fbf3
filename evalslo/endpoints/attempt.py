"""The frame around every attempt: its time limit, and failures turned into data."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from evalslo.endpoints.failures import CallFailed
from evalslo.endpoints.redact import Redactor, redacted
from evalslo.model.sample import CallError, ErrorClass, Response


async def one_attempt(
    attempt: Coroutine[Any, Any, Response],
    *,
    timeout_s: float,
    explain: Callable[[BaseException], CallError],
    redactor: Redactor,
) -> Response:
    """The response of `attempt`, or the response that says how it failed; safe to keep either way.

    Raises nothing but the cancellation of the caller.
    """
    try:
        async with asyncio.timeout(timeout_s):
            response = await _answered(attempt, explain)
    except TimeoutError:  # ours: one that the called code raised has become data inside
        response = Response(error=_timed_out(timeout_s))
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
        said = str(error)
    except Exception:  # an exception of a stranger may not even print
        said = "its message cannot be read"
    name = type(error).__name__
    return CallError(kind=ErrorClass.EXCEPTION, message=f"{name}: {said}" if said else name)


def _timed_out(timeout_s: float) -> CallError:
    message = f"no complete response within {timeout_s:g} s; raise limits.timeout if that is too short"
    return CallError(kind=ErrorClass.TIMEOUT, message=message, retryable=True)
