"""Tokens that an endpoint counted, and what they cost."""

from evalslo.model.sample import Usage
from evalslo.model.suite import Price

_MOST_TOKENS = 2**53  # beyond it a count is no number that anyone counted


def read_count(value: object) -> int | None:
    """A number of tokens; None where `value` is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MOST_TOKENS else None


def read_usage(prompt_tokens: object, completion_tokens: object) -> Usage | None:
    """What an endpoint counted; None where it counted neither."""
    usage = Usage(prompt_tokens=read_count(prompt_tokens), completion_tokens=read_count(completion_tokens))
    return None if usage == Usage() else usage


def cost_usd(usage: Usage | None, price: Price | None) -> float | None:
    """US dollars; None where the price or a count is unknown, for an unknown cost is not 0."""
    if usage is None or price is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    dollars = usage.prompt_tokens * price.prompt_per_mtok + usage.completion_tokens * price.completion_per_mtok
    return dollars / 1_000_000
