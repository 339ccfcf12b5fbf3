"""What a suite says of calling: its `limits`, and whether each of them can act on what is called."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from evalslo.loaders.grammar import TIMES
from evalslo.loaders.telling import quoted
from evalslo.loaders.variants import variant_endpoint
from evalslo.loaders.yaml_marks import Keys, Value
from evalslo.model.suite import Concurrency, Limits, Timeouts

if TYPE_CHECKING:
    from evalslo.loaders.schema import Endpoint, LimitsKeys

Complaint = tuple[Keys, str]

_PARTS = ("connect_timeout", "first_token_timeout", "idle_timeout")
_COUNTED = ("max_cost_usd", "max_tokens", "tokens_per_minute")
_STREAM_ONLY = "first_token_timeout"


def read_limits(said: "LimitsKeys") -> Limits:
    """The bounds that a file says, of keys that are in order."""
    return Limits(
        concurrency=_concurrency(said.concurrency),
        timeouts=Timeouts(
            total_s=_seconds(said.timeout),
            connect_s=_seconds(said.connect_timeout),
            first_token_s=None if said.first_token_timeout is None else _seconds(said.first_token_timeout),
            idle_s=None if said.idle_timeout is None else _seconds(said.idle_timeout),
        ),
        retries=said.retries,
        retry_for_s=_seconds(said.retry_for),
        requests_per_minute=said.requests_per_minute,
        tokens_per_minute=said.tokens_per_minute,
        give_up_after=said.give_up_after,
        max_cost_usd=said.max_cost_usd,
        max_tokens=said.max_tokens,
    )


def check_limits_together(suite: Value, *, variant: str | None) -> Iterator[Complaint]:
    """What is wrong with limits that are each in order, for the endpoint that `variant` names (None: the suite's own).

    A cap that the endpoint to be called cannot be held to is a fault. A bound that acts on some endpoint of the file is
    none, whichever is called: the limits are for all of them.
    """
    # pydantic is loaded only where a suite is read
    from evalslo.loaders.schema_faults import check_endpoint, sound_limits

    if not isinstance(suite, dict):
        return
    said = suite.get("limits")
    limits = sound_limits(said)
    written = _endpoints(suite)
    read = {name: check_endpoint(endpoint)[0] for name, endpoint in written.items()}
    endpoints = {name: endpoint for name, endpoint in read.items() if endpoint is not None}
    told = [*_in_order(limits.concurrency)]
    if "timeout" in limits.model_fields_set or not (isinstance(said, dict) and "timeout" in said):
        told += _too_long(limits)
    if len(endpoints) == len(written):
        told += _useless(limits, endpoints)
    if endpoint := endpoints.get(variant):
        told += _uncounted(limits, endpoint)
    yield from ((("limits", key), message) for key, message in told)


def _endpoints(suite: Mapping[str, Value]) -> dict[str | None, Value]:
    """All endpoints of a file by the variant's name, its own under None."""
    own, variants = suite.get("endpoint"), suite.get("variants")
    named = variants if isinstance(variants, dict) else {}
    return {None: own, **{name: variant_endpoint(own, variant) for name, variant in named.items()}}


def _in_order(concurrency: int | str) -> Iterator[tuple[str, str]]:
    if isinstance(concurrency, str):
        numbers = _numbers(concurrency)
        if numbers != sorted(numbers):
            meant = "-".join(map(str, sorted(numbers)))
            yield "concurrency", f"found {quoted(concurrency)}; wanted least-start-most in this order, as in {meant}"


def _too_long(limits: "LimitsKeys") -> Iterator[tuple[str, str]]:
    """A part of an attempt that may take longer than the whole can never be what ends it."""
    wanted = f"wanted {limits.timeout} or less, as timeout says for the whole attempt, or a longer timeout"
    for key in _PARTS:
        said = getattr(limits, key)
        if key in limits.model_fields_set and said is not None and _exact_s(said) > _exact_s(limits.timeout):
            yield key, f"found {said}, which can never act; {wanted}"


def _useless(limits: "LimitsKeys", endpoints: Mapping[str | None, "Endpoint"]) -> Iterator[tuple[str, str]]:
    kinds = {endpoint.kind for endpoint in endpoints.values()}
    if limits.max_cost_usd is not None and kinds == {"recorded"}:
        yield "max_cost_usd", "recorded answers cost nothing, and nothing else is called; take it out"
    if limits.first_token_timeout is not None and not any(map(_may_stream, endpoints.values())):
        mend = "set endpoint.stream: true, or use" if "openai" in kinds else "use"
        yield _STREAM_ONLY, f"the endpoint does not stream, so there is no first token; {mend} timeout"


def _may_stream(endpoint: "Endpoint") -> bool:
    """A Python function may be an async generator, and a plugin anything; nobody knows before it is called."""
    return endpoint.kind not in ("http", "recorded") and getattr(endpoint, "stream", True) is not False


def _uncounted(limits: "LimitsKeys", endpoint: "Endpoint") -> Iterator[tuple[str, str]]:
    """A bound on what is never counted would end the run at its first answer, or never act."""
    from evalslo.loaders.schema import HttpEndpoint

    if endpoint.kind in ("openai", "http") and endpoint.price is None and limits.max_cost_usd is not None:
        yield "max_cost_usd", "it needs endpoint.price; without one the cost is unknown (0 and 0 where it is free)"
    if isinstance(endpoint, HttpEndpoint) and not _counts_tokens(endpoint.read.model_dump().get("usage")):
        for key in (key for key in _COUNTED if getattr(limits, key) is not None):
            yield key, "it needs endpoint.read.usage with prompt_tokens and completion_tokens; tokens are unknown else"


def _counts_tokens(usage: object) -> bool:
    return isinstance(usage, str) or (isinstance(usage, dict) and None not in usage.values())


def _concurrency(said: int | str) -> Concurrency:
    least, start, most = [said] * 3 if isinstance(said, int) else _numbers(said)
    return Concurrency(least=least, start=start, most=most)


def _numbers(concurrency: str) -> list[int]:
    return [int(number) for number in concurrency.split("-")]


def _seconds(duration: str) -> float:
    return float(_exact_s(duration))


def _exact_s(duration: str) -> Fraction:
    number = duration.rstrip("ms")
    return Fraction(number) * TIMES[duration.removeprefix(number)]
