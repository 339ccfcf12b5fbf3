"""What a python endpoint returned, checked key by key."""

import math
from collections.abc import Mapping

from evalslo.endpoints.failures import MAX_RESPONSE_BYTES, failed, malformed, too_large
from evalslo.endpoints.options import shape
from evalslo.endpoints.passages import read_context
from evalslo.endpoints.usage import cost_usd, read_count
from evalslo.model.golden import Context
from evalslo.model.sample import ErrorClass, Response, Usage
from evalslo.model.suite import Price

WANTED = "a text, a dict with 'answer', or an async iterator of texts"


def read_returned(value: object, *, price: Price | None) -> Response:
    """The response in a returned text or dict, not yet timed. Raises CallFailed for another shape.

    The function's own `cost_usd` goes before the price; keys that evalslo does not know are left alone.
    """
    said = {"answer": value} if isinstance(value, str) else value
    if not isinstance(said, Mapping):
        raise malformed(f"the function returned {shape(value)}, wanted {WANTED}")
    if "answer" not in said:
        raise malformed(f"the function returned a dict without 'answer'; its keys are: {', '.join(map(str, said))}")
    answer = _answer(said["answer"])
    usage = _usage(said.get("usage"))
    error = None if answer.strip() else failed(ErrorClass.EMPTY, "the function returned an empty text").error
    own_cost = _amount(said.get("cost_usd"))
    return Response(
        answer=answer if error is None else None,
        error=error,
        contexts=_contexts(said.get("contexts")),
        usage=usage,
        cost_usd=cost_usd(usage, price) if own_cost is None else own_cost,
        model=_text(said, "model"),
        finish_reason=_text(said, "finish_reason"),
    )


def _answer(answer: object) -> str:
    if not isinstance(answer, str):
        raise malformed(f"'answer' is {shape(answer)}, wanted a text")
    if len(answer) > MAX_RESPONSE_BYTES:
        raise too_large()
    return answer


def _contexts(value: object) -> tuple[Context, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise malformed(f"'contexts' is {shape(value)}, wanted a list of {{id, text, score}}")
    return tuple(_context(item, place=f"contexts[{at}]") for at, item in enumerate(value))


def _context(item: object, *, place: str) -> Context:
    if not isinstance(item, Mapping):
        raise malformed(f"{place} is {shape(item)}, wanted {{id, text, score}}")
    return read_context(item.get("id"), text=item.get("text"), score=item.get("score"), place=place)


def _usage(value: object) -> Usage | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise malformed(f"'usage' is {shape(value)}, wanted {{prompt_tokens, completion_tokens}}")
    return Usage(prompt_tokens=_count(value, "prompt_tokens"), completion_tokens=_count(value, "completion_tokens"))


def _count(usage: Mapping[object, object], key: str) -> int | None:
    value = usage.get(key)
    count = read_count(value)
    if value is not None and count is None:
        raise malformed(f"usage[{key!r}] is {shape(value)}, wanted a whole number >= 0")
    return count


def _amount(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise malformed(f"'cost_usd' is {shape(value)}, wanted a finite number >= 0")
    return float(value)


def _text(said: Mapping[object, object], key: str) -> str | None:
    value = said.get(key)
    if value is not None and not isinstance(value, str):
        raise malformed(f"{key!r} is {shape(value)}, wanted a text")
    return value
