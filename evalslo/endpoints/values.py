"""Values as every kind gives and takes them: a request's fields; contexts, token counts and their cost."""

import math
from collections.abc import Container, Mapping

from msgspec import Struct

from evalslo.endpoints.attempt import malformed
from evalslo.model.golden import Context
from evalslo.model.sample import Request, Usage
from evalslo.model.suite import Price

_SCALARS = frozenset({str, int, float, bool, type(None)})
_MOST_TOKENS = 2**53  # beyond it a count is no number that anyone counted


def query_fields(request: Request, *, only: Container[str] | None = None) -> dict[str, object]:
    """The fields of `request` as a fresh dict.

    It shares nothing with the golden set, so that nobody who is given it can change a golden query. Of fields that are not in
    `only` the names alone are given, with None; None: all are given.
    """
    found = {str(key): value for key, value in request.fields.items()}
    return {key: plain_data(value) if only is None or key in only else None for key, value in found.items()}


def plain_data(value: object) -> object:
    """`value` in dicts, lists and scalars: mappings, sequences and nouns are copied, anything else stays as it is."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if isinstance(value, Struct):
        return {name: plain_data(getattr(value, name)) for name in value.__struct_fields__}
    return value


def read_context(id_: object, *, text: object, score: object, place: str) -> Context:
    """One context; a number serves as an id, a text or a score may be absent. Raises CallFailed for another shape."""
    if isinstance(id_, bool) or not isinstance(id_, str | int) or id_ == "":
        raise malformed(f"{place}: its id is {shape(id_)}, wanted a text or a whole number")
    if text is not None and not isinstance(text, str):
        raise malformed(f"{place}: its text is {shape(text)}, wanted a text")
    return Context(id=str(id_), text=text or "", score=_score(score, place=place))


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


def shape(value: object) -> str:
    """What `value` is, in a few words and never its content."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    names = {bool: "true or false", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return names.get(type(value), f"a {type(value).__name__}")


def _score(score: object, *, place: str) -> float | None:
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not _finite(score):
        raise malformed(f"{place}: its score is {shape(score)}, wanted a finite number")
    return float(score)


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond the floats
        return False
