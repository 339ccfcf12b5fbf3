"""An endpoint's options with their variables expanded.

The loaders have held a suite's options to their keys and types; what is checked here is what a variable can bring in, and
what an `EndpointSpec` built by hand can lack.
"""

import re
from collections.abc import Mapping
from typing import Any

from evalslo.errors import UnsetVariableError, UsageError

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
            raise UnsetVariableError(f"{_prefix(place)}${{{name}}} is not set; set it, or write ${{{name}:-a default}}")
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


def required_text(options: Mapping[str, Any], key: str, *, wanted: str, under: str = "endpoint") -> str:
    """The text of an option that must be there; `wanted` says in words what belongs there."""
    text = optional_text(options, key, wanted=wanted, under=under)
    if text is None:
        raise UsageError(f"{under}.{key}: missing; write {wanted}")
    return text


def optional_text(options: Mapping[str, Any], key: str, *, wanted: str, under: str = "endpoint") -> str | None:
    """The text of an option, None where it is absent; raises UsageError where a variable has left it empty."""
    text: str | None = options.get(key)
    if text is not None and not text.strip():
        raise UsageError(f"{under}.{key}: found an empty text, wanted {wanted}")
    return text


def required_mapping(options: Mapping[str, Any], key: str, *, wanted: str) -> Mapping[str, Any]:
    """The mapping that must be there, with something in it."""
    mapping: Mapping[str, Any] = options.get(key) or {}
    if not mapping:
        raise UsageError(f"endpoint.{key}: missing; write {wanted}")
    return mapping


def _prefix(place: str) -> str:
    return f"{place}: " if place else ""
