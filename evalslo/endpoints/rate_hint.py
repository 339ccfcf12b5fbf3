"""What a server's headers say of its own limits, in the dialects that are met; garbage says nothing."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from evalslo.model.sample import RateHint

_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(ms|us|ns|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_IETF = re.compile(r'(?:^|[;,\s])(limit|remaining|reset|r|t)\s*=\s*"?(\d{1,15})', re.IGNORECASE)
_LONGEST_S = 366 * 86_400.0  # a reset further away is a moment in time, or nonsense
_REQUESTS_LEFT = ("x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining")
_REQUESTS_RESET = ("x-ratelimit-reset-requests", "anthropic-ratelimit-requests-reset")
_TOKENS_LEFT = ("x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining")
_TOKENS_RESET = ("x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset")
_PLAIN_LEFT = ("ratelimit-remaining", "x-ratelimit-remaining")
_PLAIN_RESET = ("ratelimit-reset", "x-ratelimit-reset")


def read_hint(headers: Mapping[str, str]) -> RateHint | None:
    """What is left, and when all is back; None where the headers, lower-case names, do not say, or not readably.

    OpenAI's and Anthropic's headers, and the IETF's RateLimit in its structured and its older form.
    """
    if not any("ratelimit" in name for name in headers):
        return None
    left, reset_s = _ietf(headers)
    hint = RateHint(
        requests_left=_first_count(headers, _REQUESTS_LEFT, left),
        requests_reset_s=_first_reset(headers, _REQUESTS_RESET, reset_s),
        tokens_left=_first_count(headers, _TOKENS_LEFT, None),
        tokens_reset_s=_first_reset(headers, _TOKENS_RESET, None),
    )
    return None if hint == RateHint() else hint


def aged(hint: RateHint, *, age_s: float) -> RateHint | None:
    """What `hint` says `age_s` seconds after it was said; None where nothing of it holds any more.

    Once a moment of reset has passed, what was left before it says nothing either.
    """
    requests, tokens = _later(hint.requests_reset_s, age_s), _later(hint.tokens_reset_s, age_s)
    later = RateHint(
        requests_left=None if requests == 0.0 else hint.requests_left,
        requests_reset_s=requests or None,
        tokens_left=None if tokens == 0.0 else hint.tokens_left,
        tokens_reset_s=tokens or None,
    )
    return None if later == RateHint() else later


def _later(reset_s: float | None, age_s: float) -> float | None:
    return None if reset_s is None else max(0.0, reset_s - age_s)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants the next attempt, >= 0; None where it does not say, or not readably.

    A date is read against the response's own `Date`, so that the clocks of the two machines need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    until, now = http_date(value), http_date(headers.get("date", ""))
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """The moment that a date of HTTP names; None where it is none."""
    if not text:
        return None
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _ietf(headers: Mapping[str, str]) -> tuple[int | None, float | None]:
    """Requests left, seconds until all are back: `"default";r=50;t=30`, `limit=100, remaining=50, reset=30`, or headers."""
    said = {name.lower(): value for name, value in _IETF.findall(headers.get("ratelimit", ""))}
    left = _count(said.get("r") or said.get("remaining") or "")
    reset_s = _seconds(said.get("t") or said.get("reset") or "", headers)
    return _first_count(headers, _PLAIN_LEFT, left), _first_reset(headers, _PLAIN_RESET, reset_s)


def _first_count(headers: Mapping[str, str], names: tuple[str, ...], other: int | None) -> int | None:
    counts = (_count(headers[name]) for name in names if name in headers)
    return next((count for count in counts if count is not None), other)


def _first_reset(headers: Mapping[str, str], names: tuple[str, ...], other: float | None) -> float | None:
    resets = (_seconds(headers[name], headers) for name in names if name in headers)
    return next((reset for reset in resets if reset is not None), other)


def _count(text: str) -> int | None:
    match = _NUMBER.fullmatch(text.strip())
    return int(float(match[0])) if match else None


def _seconds(text: str, headers: Mapping[str, str]) -> float | None:
    """Seconds >= 0 in `6m0s`, `20ms`, `30`, or until a moment of RFC 3339 or of Unix, by the response's own Date."""
    text = text.strip()
    if _DURATION.fullmatch(text):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    elif _NUMBER.fullmatch(text):
        seconds = float(text)
        if seconds > _LONGEST_S:
            return _until(_of_unix(seconds), headers)
    else:
        return _until(_moment(text), headers)
    return seconds if math.isfinite(seconds) and seconds <= _LONGEST_S else None


def _until(moment: datetime | None, headers: Mapping[str, str]) -> float | None:
    now = http_date(headers.get("date", ""))
    if moment is None or now is None:
        return None
    seconds = (moment - now).total_seconds()
    return max(0.0, seconds) if seconds <= _LONGEST_S else None


def _of_unix(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds if seconds < 1e11 else seconds / 1000, UTC)  # some write milliseconds
    except (ValueError, OverflowError, OSError):
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
