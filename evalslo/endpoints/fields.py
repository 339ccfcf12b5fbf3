"""A request's fields as plain data of their own: what templates, bodies and python functions are given."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from evalslo.model.sample import Request


def query_fields(request: Request) -> dict[str, object]:
    """The fields of `request` as a fresh dict, with its ready `messages` where it has some.

    It shares nothing with the golden set, so that nobody who is given it can change a golden query.
    """
    plain = {str(key): plain_data(value) for key, value in request.fields.items()}
    if request.messages:
        plain["messages"] = plain_data(request.messages)
    return plain


def plain_data(value: object) -> object:
    """`value` in dicts, lists and scalars: mappings, sequences and nouns are copied, anything else stays as it is."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {noun.name: plain_data(getattr(value, noun.name)) for noun in fields(value)}
    return value
