"""`--set KEY=VALUE`: single values of a suite, set from the command line."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from evalslo.errors import FileFaults, UsageError
from evalslo.loaders.telling import found, quoted
from evalslo.loaders.yaml_marks import Document, Keys, Value, parse_yaml, where

_Place = TypeVar("_Place")


def apply_settings(document: Document, *, settings: Sequence[str]) -> Document:
    """`document` with each `KEY=VALUE` of `settings` in it, in order. KEY is dotted (`objectives.0.critical`).

    Raises UsageError where a KEY leads nowhere; whether its last keys are known is the schema's to say.
    """
    for setting in settings:
        document = _apply(document, setting)
    return document


def _apply(document: Document, setting: str) -> Document:
    dotted, equals, text = setting.partition("=")
    if not equals or not dotted:
        raise UsageError(
            f"--set: found no '=' after a key; wanted KEY=VALUE, for example repeats=5 (in {quoted(dotted)})"
        )
    name = f"--set {where(tuple(dotted.split('.')))}"
    try:
        said = parse_yaml(text, file=name)
    except FileFaults as error:
        raise UsageError("\n".join(f"{name}: {fault.message}" for fault in error.faults)) from None
    keys = _keys(document.value, dotted.split("."), name=name)
    return replace(
        document,
        value=_with(document.value, keys, said.value),
        lines=_outside(document.lines, keys),
        settings={**_outside(document.settings, keys), keys: name},
    )


def _keys(value: Value, parts: Sequence[str], *, name: str) -> Keys:
    """The path that `parts` mean: whole numbers are places in a list. Keys that are not there yet are made."""
    keys: list[str | int] = []
    while parts:
        if isinstance(value, list):
            key, value = _item(value, parts[0], name=f"{name}: found {quoted(parts[0])}; {where(tuple(keys))}")
            keys.append(key)
            parts = parts[1:]
        elif isinstance(value, dict):
            length = _key_length(value, parts)
            keys.append(".".join(parts[:length]))
            value = value.get(".".join(parts[:length]), {})
            parts = parts[length:]
        else:
            at = where(tuple(keys)) or "the file"
            raise UsageError(f"{name}: {at} is {found(value)}; it has no key {quoted(parts[0])}")
    return tuple(keys)


def _item(items: list[Value], part: str, *, name: str) -> tuple[int, Value]:
    if not (part.isascii() and part.isdigit() and len(part) < 9 and int(part) < len(items)):
        raise UsageError(f"{name} is a list: wanted 0 to {len(items) - 1}")
    return int(part), items[int(part)]


def _key_length(mapping: dict[str, Value], parts: Sequence[str]) -> int:
    """How many of `parts` are one key: the names of variants and the keys of params may have dots in them."""
    return next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in mapping), 1)


def _with(value: Value, keys: Keys, new: Value) -> Value:
    """A copy of `value` in which `keys` leads to `new`."""
    if not keys:
        return new
    first, *rest = keys
    if isinstance(value, list) and isinstance(first, int):
        return [*value[:first], _with(value[first], tuple(rest), new), *value[first + 1 :]]
    inside = value if isinstance(value, dict) else {}
    return {**inside, str(first): _with(inside.get(str(first), {}), tuple(rest), new)}


def _outside(places: Mapping[Keys, _Place], keys: Keys) -> dict[Keys, _Place]:
    """The places that lie neither at `keys` nor under it."""
    return {path: place for path, place in places.items() if path[: len(keys)] != keys}
