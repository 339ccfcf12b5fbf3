"""What came back: one response of an endpoint, and the sample that keeps it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, field

from evalslo.model.golden import Context

Timing = Literal["live", "recorded", "cached"]


class ErrorClass(StrEnum):
    """How a call ended without a usable answer."""

    DNS = "dns"  # the host's name could not be resolved
    REFUSED = "refused"  # no connection could be made
    TLS = "tls"  # no trust, or no encryption, could be agreed on
    PROXY = "proxy"  # the proxy on the way failed or refused
    RESET = "reset"  # the connection broke or was closed before the response was whole
    TRANSPORT = "transport"  # one of the above: runs kept by earlier versions did not tell them apart
    CONNECT_TIMEOUT = "connect_timeout"
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"
    IDLE_TIMEOUT = "idle_timeout"  # nothing came for so long, after something had
    TIMEOUT = "timeout"  # the whole attempt took too long
    RATE_LIMIT = "rate_limit"  # HTTP 429
    CLIENT = "client"  # another HTTP 4xx
    SERVER = "server"  # HTTP 5xx
    MALFORMED = "malformed"  # not JSON, not SSE, not of the expected form
    TRUNCATED = "truncated"  # the stream ended without a finish
    TOO_LARGE = "too_large"  # over the bound on a response
    EMPTY = "empty"  # a well-formed answer without text
    FILTERED = "filtered"  # the provider's content filter
    EXCEPTION = "exception"  # a python endpoint raised
    NOT_RECORDED = "not_recorded"  # a recording has no such query and repeat


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens as the endpoint counted them; None where it said nothing."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class CallError(Struct, frozen=True, kw_only=True):
    """A call that ended without a usable answer. `status` is HTTP's, None where there was none.

    `retryable` says whether the same call may succeed later; `retry_after_s` is the server's own wish, None without one.
    """

    kind: ErrorClass
    message: str
    status: int | None = None
    retryable: bool = False
    retry_after_s: float | None = None


class RateHint(Struct, frozen=True, kw_only=True):
    """What a server said of its own limits: how much is left, and in how many seconds all is back. None: not said."""

    requests_left: int | None = None
    requests_reset_s: float | None = None
    tokens_left: int | None = None
    tokens_reset_s: float | None = None


class Request(Struct, frozen=True, kw_only=True):
    """One thing to ask an endpoint: a golden query's `fields`, which are template variables too; `messages` may be among them.

    `repeat` counts from 0; endpoints that take a seed send seed + repeat. `schema` is the JSON Schema that the answer should
    fit, for endpoints that can hold a model to one; None: any text.
    """

    query_id: str
    repeat: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None


class Response(Struct, frozen=True, kw_only=True):
    """One answer, or one error: exactly one of `answer` and `error` is None.

    `latency_s` runs from the first byte written to the last byte read, `ttft_s` to the first non-empty content, reasoning
    or tool delta (None without streaming), `gaps_s` are the seconds between later deltas. `contexts` are the response's own
    ranking; None where it has none. `model` is the name that the endpoint returned. `hint` is for the limiter, and is not kept.
    """

    answer: str | None = None
    error: CallError | None = None
    contexts: tuple[Context, ...] | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    gaps_s: tuple[float, ...] = ()
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    finish_reason: str | None = None
    timing: Timing = "live"
    hint: RateHint | None = None


class Sample(Struct, frozen=True, kw_only=True):
    """The kept response to one golden query and repeat. `started_at` is UTC in ISO 8601; `attempts` counts calls, >= 1."""

    query_id: str
    repeat: int
    response: Response
    attempts: int
    started_at: str
