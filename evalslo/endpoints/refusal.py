"""What a server says instead of an answer: a status outside 2xx, or an error in a well-formed body."""

import re
from collections.abc import Mapping

from evalslo.endpoints.attempt import CallFailed, failed
from evalslo.endpoints.json_text import json_bytes, read_json
from evalslo.endpoints.rate_hint import retry_after_s
from evalslo.model.sample import CallError, ErrorClass

_RETRYABLE_4XX = frozenset({408, 409, 425, 429})
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation"})
_RATE_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests"})


def status_failure(status: int, *, headers: Mapping[str, str], body: bytes, about: str = "") -> CallFailed:
    """The failure that an HTTP status outside 2xx stands for; `about` says of the request what may be at fault."""
    if 300 <= status < 400:
        target = headers.get("location", "nowhere")
        message = f"HTTP {status}: redirected to {target}; redirects are not followed: write the final address"
        return failed(ErrorClass.CLIENT, message, status=status)
    value = _json_or_none(body)
    error = _error_of(value)
    kind = ErrorClass.FILTERED if _codes(error) & _FILTER_CODES else _kind_of(status)
    reason = _message_of(error) or body.decode("utf-8", "replace").strip() or "no body"
    return CallFailed(
        CallError(
            kind=kind,
            message=f"HTTP {status}{about}: {reason}",
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
    message = f"the server answered {status} with an error: {_message_of(error) or json_bytes(error).decode()}"
    return failed(kind, message, status=status, retryable=retryable)


def _kind_of(status: int) -> ErrorClass:
    if status == 429:
        return ErrorClass.RATE_LIMIT
    return ErrorClass.SERVER if status >= 500 else ErrorClass.CLIENT


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
