"""Contexts as an application returns them, checked one by one."""

import math

from evalslo.endpoints.failures import malformed
from evalslo.endpoints.options import shape
from evalslo.model.golden import Context


def read_context(id_: object, *, text: object, score: object, place: str) -> Context:
    """One context; a number serves as an id, a text or a score may be absent. Raises CallFailed for another shape."""
    if isinstance(id_, bool) or not isinstance(id_, str | int) or id_ == "":
        raise malformed(f"{place}: its id is {shape(id_)}, wanted a text or a whole number")
    if text is not None and not isinstance(text, str):
        raise malformed(f"{place}: its text is {shape(text)}, wanted a text")
    return Context(id=str(id_), text=text or "", score=_score(score, place=place))


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
