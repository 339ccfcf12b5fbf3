"""One attempt at a call: its time limit, and every way to fail turned into a `CallError`."""

import asyncio
import json
import math
import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from evalslo.endpoints.redact import Redactor, redacted
from evalslo.model.sample import CallError, ErrorClass, Response

MAX_RESPONSE_BYTES = 10_000_000  # some 2 million words: no answer is longer, a stream that never ends is
_RETRYABLE_4XX = frozenset({408, 409, 425, 429})
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation"})
_RATE_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests"})


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
        response = Response(error=_timed_out(timeout_s, ends=ends_at_timeout))
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


def _timed_out(timeout_s: float, *, ends: bool) -> CallError:
    message = f"no complete response within {timeout_s:g} s; raise limits.timeout if that is too short"
    if not ends:
        message += "; it is not tried again, since a sync function cannot be stopped"
    return CallError(kind=ErrorClass.TIMEOUT, message=message, retryable=ends)


def failed(kind: ErrorClass, message: str, *, status: int | None = None, retryable: bool = False) -> CallFailed:
    """A failure of the given kind, to be raised."""
    return CallFailed(CallError(kind=kind, message=message, status=status, retryable=retryable))


def malformed(message: str, *, status: int | None = None) -> CallFailed:
    """A failure that says what was found where something else was wanted."""
    return failed(ErrorClass.MALFORMED, message, status=status)


def too_large() -> CallFailed:
    """The failure of a response that is over the bound."""
    return failed(ErrorClass.TOO_LARGE, f"the response is larger than {MAX_RESPONSE_BYTES:,} bytes; it was cut off")


def read_json(data: bytes) -> object:
    """The JSON value in `data`.

    Raises ValueError where it is not strict JSON in UTF-8, or nested too deep to read.
    """
    try:
        value: object = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def read_object(body: bytes, *, content_type: str, status: int) -> Mapping[str, object]:
    """The JSON object that a body must be; raises CallFailed where it is something else."""
    text = body.decode("utf-8", "replace")
    try:
        value = read_json(body)
    except ValueError as error:
        raise malformed(f"not JSON: {content_type or 'no content type'}: {text}", status=status) from error
    if not isinstance(value, Mapping):
        raise malformed(f"JSON, but no object: {text}", status=status)
    return value


def status_failure(status: int, *, headers: Mapping[str, str], body: bytes) -> CallFailed:
    """The failure that an HTTP status outside 2xx stands for."""
    if 300 <= status < 400:
        target = headers.get("Location", "nowhere")
        message = f"HTTP {status}: redirected to {target}; redirects are not followed: write the final address"
        return failed(ErrorClass.CLIENT, message, status=status)
    value = _json_or_none(body)
    error = _error_of(value)
    kind = ErrorClass.FILTERED if _codes(error) & _FILTER_CODES else _kind_of(status)
    reason = _message_of(error) or body.decode("utf-8", "replace").strip() or "no body"
    return CallFailed(
        CallError(
            kind=kind,
            message=f"HTTP {status}: {reason}",
            status=status,
            retryable=status in _RETRYABLE_4XX or status >= 500,
            retry_after_s=retry_after_s(headers),
        )
    )


def failure_in_body(value: Mapping[str, object], *, status: int) -> CallFailed | None:
    """The failure that a well-formed body with a 2xx status tells of; None where it tells of none."""
    if not value.get("error") and value.get("object") != "error":
        return None
    error = _error_of(value)
    codes = _codes(error)
    number = next((int(code) for code in codes if re.fullmatch(r"[45]\d\d", code)), None)
    kind = ErrorClass.SERVER if number is None else _kind_of(number)
    kind = ErrorClass.RATE_LIMIT if codes & _RATE_CODES else kind
    kind = ErrorClass.FILTERED if codes & _FILTER_CODES else kind
    kind = ErrorClass.CLIENT if "invalid_request_error" in codes else kind
    retryable = kind in (ErrorClass.SERVER, ErrorClass.RATE_LIMIT) or number in _RETRYABLE_4XX
    message = f"the server answered {status} with an error: {_message_of(error) or error!r}"
    return failed(kind, message, status=status, retryable=retryable)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants the next attempt, >= 0; None where it does not say, or not readably.

    A date is read against the response's own `Date`, so that the clocks of the two machines need not agree.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    until, now = _date(value), _date(headers.get("Date", ""))
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _kind_of(status: int) -> ErrorClass:
    if status == 429:
        return ErrorClass.RATE_LIMIT
    return ErrorClass.SERVER if status >= 500 else ErrorClass.CLIENT


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _json_or_none(body: bytes) -> object:
    try:
        return read_json(body)
    except ValueError:
        return None


def _error_of(value: object) -> object:
    """The innermost thing that describes the error: `{"error": {...}}`, `{"error": "..."}`, `{"message": "..."}`."""
    return value.get("error") or value if isinstance(value, Mapping) else value


def _codes(error: object) -> frozenset[str]:
    if not isinstance(error, Mapping):
        return frozenset()
    return frozenset(str(error[key]) for key in ("code", "type", "status") if isinstance(error.get(key), str | int))


def _message_of(error: object) -> str | None:
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail")
    return error if isinstance(error, str) and error.strip() else None
