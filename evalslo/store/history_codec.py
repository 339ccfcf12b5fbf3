"""The history's nouns as JSON, and back: exact fractions as `1/20`."""

from fractions import Fraction
from typing import TypeVar

import msgspec

from evalslo.errors import MeasurementError

Noun = TypeVar("Noun")


def encode(noun: object) -> str:
    """The noun as JSON."""
    return msgspec.json.encode(noun, enc_hook=_plain).decode()


def decode(text: str, kind: type[Noun], *, place: str) -> Noun:
    """The noun that `encode` wrote. Raises MeasurementError with `place` where it is none."""
    try:
        return msgspec.json.decode(text, type=kind, dec_hook=_exact)
    except (msgspec.MsgspecError, ValueError, ZeroDivisionError) as fault:
        raise MeasurementError(
            f"{place}: what is kept there cannot be read: {fault}; it may be of another version"
        ) from fault


def _plain(value: object) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise NotImplementedError(type(value).__name__)


def _exact(kind: type, value: object) -> Fraction:
    if kind is Fraction and isinstance(value, str):
        return Fraction(value)
    raise NotImplementedError(kind.__name__)
