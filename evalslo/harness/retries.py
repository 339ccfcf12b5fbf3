"""Whether a failed attempt is made again, and when."""

import random

from msgspec.structs import replace

from evalslo.model.sample import CallError, Request
from evalslo.model.suite import Limits

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0


def jitter_of(request: Request) -> random.Random:
    """What spreads the waits of one call: the same in every run."""
    return random.Random(f"{request.query_id}/{request.repeat}")  # noqa: S311 - spreads retries, guards nothing


def wait_s(error: CallError, *, attempt: int, took_s: float, limits: Limits, jitter: random.Random) -> float | None:
    """Seconds before the next attempt; None where there is none.

    `attempt` counts from 1; `took_s` is the time since the first one began. Doubles from half a second with full jitter on
    its upper half; never sooner than the server wishes.
    """
    if not error.retryable or attempt > limits.retries:
        return None
    wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempt - 1)) * jitter.uniform(0.5, 1.0)
    wait = max(wait, error.retry_after_s or 0.0)
    return wait if took_s + wait <= limits.retry_for_s else None


def told(error: CallError, *, limits: Limits) -> CallError:
    """The error, with a word where the server's own wish is why the call was not made again."""
    if limits.retries == 0 or not error.retryable or (error.retry_after_s or 0.0) <= limits.retry_for_s:
        return error
    text = f"it asked for {error.retry_after_s:g} s of patience, and limits.retry_for allows {limits.retry_for_s:g} s"
    return replace(error, message=f"{error.message}; {text}")
