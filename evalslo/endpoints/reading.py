"""What an application's JSON says, by JMESPath expressions that the suite names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from evalslo.endpoints.failures import failed, malformed
from evalslo.endpoints.options import mapping, shape
from evalslo.endpoints.passages import read_context
from evalslo.endpoints.usage import cost_usd, read_usage
from evalslo.errors import UsageError
from evalslo.model.golden import Context
from evalslo.model.sample import ErrorClass, Response, Usage
from evalslo.model.suite import Price

_KEYS = frozenset({"answer", "contexts", "usage"})
_CONTEXT_KEYS = frozenset({"at", "id", "text", "score"})
_USAGE_KEYS = frozenset({"prompt_tokens", "completion_tokens"})
_WANTED = "JMESPath expressions: {answer: ..., contexts: {at, id, text, score}, usage: ...}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One expression that was read without fault, and where it stands."""

    place: str
    text: str
    compiled: ParsedResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where in a response the answer stands, and what else is read of it. `usage` is empty where nothing is."""

    answer: Expression
    contexts: Mapping[str, Expression]
    usage: Mapping[str, Expression]


def read_reading(options: Mapping[str, Any]) -> Reading:
    """The expressions of `read`; raises UsageError where one is missing or is none."""
    read = mapping(options, "read", wanted=_WANTED)
    _only(read, _KEYS, place="endpoint.read")
    if "answer" not in read:
        raise UsageError("endpoint.read.answer: missing; write the JMESPath expression of the answer's text")
    contexts = _paths(read.get("contexts"), _CONTEXT_KEYS, place="endpoint.read.contexts")
    for key in ("at", "id"):
        if contexts and key not in contexts:
            raise UsageError(
                f"endpoint.read.contexts.{key}: missing; write {{at: the list, id: of one item, text: of one item}}"
            )
    usage = read.get("usage")
    if isinstance(usage, str):
        usage = {key: f"({usage}).{key}" for key in sorted(_USAGE_KEYS)}
    return Reading(
        answer=_path(read["answer"], place="endpoint.read.answer"),
        contexts=contexts,
        usage=_paths(usage, _USAGE_KEYS, place="endpoint.read.usage"),
    )


def read_answer(reading: Reading, value: object, *, latency_s: float, price: Price | None) -> Response:
    """The response that `value` holds. Raises CallFailed where it has no answer, or contexts of another shape."""
    answer = _wanted(reading.answer, value)
    if not isinstance(answer, str):
        raise malformed(f"{reading.answer.place}: {reading.answer.text} found {shape(answer)}, wanted a text")
    usage = _usage(reading, value)
    cost = cost_usd(usage, price)
    if not answer.strip():
        error = failed(ErrorClass.EMPTY, f"{reading.answer.place}: {reading.answer.text} found an empty text").error
        return Response(error=error, usage=usage, cost_usd=cost)
    contexts = _contexts(reading.contexts, value) if reading.contexts else None
    return Response(answer=answer, contexts=contexts, latency_s=latency_s, usage=usage, cost_usd=cost)


def _contexts(paths: Mapping[str, Expression], value: object) -> tuple[Context, ...]:
    """The ranking, empty where the application retrieved nothing; absent is another thing, and a fault."""
    items = _wanted(paths["at"], value)
    if not isinstance(items, list):
        raise malformed(f"{paths['at'].place}: {paths['at'].text} found {shape(items)}, wanted a list")
    contexts = []
    for at, item in enumerate(items):
        found = {key: _found(path, item) for key, path in paths.items() if key != "at"}
        place = f"endpoint.read.contexts: item {at} of {paths['at'].text}"
        contexts.append(read_context(found["id"], text=found.get("text"), score=found.get("score"), place=place))
    return tuple(contexts)


def _usage(reading: Reading, value: object) -> Usage | None:
    counts = {key: _found(path, value) for key, path in reading.usage.items()}
    return read_usage(counts.get("prompt_tokens"), counts.get("completion_tokens"))


def _wanted(path: Expression, value: object) -> object:
    found = _found(path, value)
    if found is None:
        keys = ", ".join(map(str, value)) if isinstance(value, Mapping) else shape(value)
        raise malformed(f"{path.place}: {path.text} found nothing; the response has: {keys}")
    return found


def _found(path: Expression, value: object) -> object:
    try:
        found: object = path.compiled.search(value)
    except JMESPathError as error:
        raise malformed(f"{path.place}: {path.text}: {error}") from error
    return found


def _paths(value: object, known: frozenset[str], *, place: str) -> dict[str, Expression]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"{place}: found {shape(value)}, wanted a mapping of {', '.join(sorted(known))}")
    _only(value, known, place=place)
    return {key: _path(item, place=f"{place}.{key}") for key, item in value.items() if item is not None}


def _path(text: object, *, place: str) -> Expression:
    if not isinstance(text, str):
        raise UsageError(f"{place}: found {shape(text)}, wanted a JMESPath expression")
    try:
        return Expression(place=place, text=text, compiled=jmespath.compile(text))
    except JMESPathError as error:
        said = " ".join(str(error).split())
        raise UsageError(f"{place}: {text!r} is no JMESPath expression: {said}") from error


def _only(read: Mapping[str, Any], known: frozenset[str], *, place: str) -> None:
    strange = [key for key in read if key not in known]
    if strange:
        raise UsageError(f"{place}.{strange[0]}: unknown; it takes: {', '.join(sorted(known))}")
