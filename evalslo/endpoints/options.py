"""An endpoint's options, read with their types; every fault is a UsageError that says how to mend it."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from evalslo.errors import UsageError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def expand(text: str, environ: Mapping[str, str], *, place: str = "") -> str:
    """`text` with `${VAR}` and `${VAR:-default}` replaced; the default stands where the variable is unset or empty.

    Raises UsageError where a variable without a default is unset.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = environ.get(name)
        if default is not None:
            return found or default
        if found is None:
            raise UsageError(f"{_prefix(place)}${{{name}}} is not set; set it, or write ${{{name}:-a default}}")
        return found

    return _VARIABLE.sub(value, text)


def expand_all(value: object, environ: Mapping[str, str], *, place: str) -> object:
    """`value` with every text in it expanded, at any depth."""
    if isinstance(value, str):
        return expand(value, environ, place=place)
    if isinstance(value, Mapping):
        return {key: expand_all(item, environ, place=f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [expand_all(item, environ, place=f"{place}[{at}]") for at, item in enumerate(value)]
    return value


def variables_in(value: object) -> frozenset[str]:
    """The names of the variables that `value` takes anything from, at any depth."""
    if isinstance(value, str):
        return frozenset(match.group(1) for match in _VARIABLE.finditer(value))
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return frozenset[str]().union(*(variables_in(item) for item in items))


def only_known(options: Mapping[str, Any], known: Collection[str], *, kind: str) -> None:
    """Nothing; raises UsageError where an option is not one of `known`."""
    strange = [key for key in options if key not in known]
    if strange:
        names = ", ".join(sorted(known))
        raise UsageError(f"endpoint.{strange[0]}: unknown option of kind {kind}; it takes: {names}")


def required_text(options: Mapping[str, Any], key: str, *, wanted: str) -> str:
    """The text of an option that must be there; `wanted` says in words what belongs there."""
    text = optional_text(options, key, wanted=wanted)
    if text is None:
        raise UsageError(f"endpoint.{key}: missing; write {wanted}")
    return text


def optional_text(options: Mapping[str, Any], key: str, *, wanted: str) -> str | None:
    """The text of an option; None where it is absent."""
    text = options.get(key)
    if text is None:
        return None
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"endpoint.{key}: found {shape(text)}, wanted {wanted}")
    return text


def flag(options: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """An option that is true or false."""
    value = options.get(key, default)
    if not isinstance(value, bool):
        raise UsageError(f"endpoint.{key}: found {shape(value)}, wanted true or false")
    return value


def mapping(options: Mapping[str, Any], key: str, *, wanted: str) -> Mapping[str, Any]:
    """An option that maps names to values; empty where it is absent."""
    value = options.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"endpoint.{key}: found {shape(value)}, wanted {wanted}")
    return value


def text_mapping(options: Mapping[str, Any], key: str, *, wanted: str) -> Mapping[str, str]:
    """An option that maps names to texts; empty where it is absent."""
    value = mapping(options, key, wanted=wanted)
    for name, item in value.items():
        if not isinstance(item, str) or not item:
            raise UsageError(f"endpoint.{key}.{name}: found {shape(item)}, wanted {wanted}")
    return value


def shape(value: object) -> str:
    """What `value` is, in a few words and never its content."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    names = {bool: "true or false", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return names.get(type(value), f"a {type(value).__name__}")


def _prefix(place: str) -> str:
    return f"{place}: " if place else ""
