"""YAML read as YAML 1.2 reads values, with the line of everything in it.

PyYAML resolves values as YAML 1.1 does: `no` becomes false, `1:30` becomes 90, `012` becomes 10, and of a duplicate key the
last one wins in silence. Here its parser is kept and its reading of values is not.

Source: YAML 1.2.2, section 10.3.2 (core schema).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import yaml
from msgspec import Struct, field

from evalslo.errors import Fault, FileFaults
from evalslo.loaders.telling import first_faults, quoted

if TYPE_CHECKING:
    from yaml import SafeLoader as _Parser
else:
    # libyaml reads a suite some ten times as fast; a build of PyYAML without it reads the same values.
    _Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Keys: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 64

_TAG = "tag:yaml.org,2002:"
_CORE = {
    "null": re.compile(r"(?:~|null|Null|NULL|)\Z"),
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    "int": re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
    "float": re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
}
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_DIGITS = 400


class Document(Struct, frozen=True, kw_only=True):
    """What a YAML file says, with the line of each path in it.

    `settings` holds the paths that the command line set, with what it said; they have no line in the file.
    """

    file: str
    text: str
    value: Value
    lines: Mapping[Keys, int]
    settings: Mapping[Keys, str] = field(default_factory=dict)

    def fault(self, keys: Keys, message: str) -> Fault:
        """A fault at `keys`, placed at the nearest thing around it that has a place."""
        if keys not in self.lines:
            for path, said in self.settings.items():
                if path[: len(keys)] == keys:
                    return Fault(said, None, where(keys), message)
        for end in range(len(keys), -1, -1):
            if keys[:end] in self.settings:
                return Fault(self.settings[keys[:end]], None, where(keys), message)
            if keys[:end] in self.lines:
                return Fault(self.file, self.lines[keys[:end]], where(keys), message)
        return Fault(self.file, None, where(keys), message)

    def line(self, keys: Keys) -> int:
        """The line of `keys`, or of the nearest thing around it that has one."""
        return next((self.lines[keys[:end]] for end in range(len(keys), -1, -1) if keys[:end] in self.lines), 1)


def where(keys: Keys) -> str:
    """A path as people write it: `objectives[2].alpha`."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{_plain(key)}" for key in keys)
    return "".join(parts).removeprefix(".")


def _plain(key: str) -> str:
    return key if re.fullmatch(r"[\w@:-]{1,60}", key) else quoted(key)


def read_yaml(path: Path) -> Document:
    """The document in a file. Raises FileFaults."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileFaults((Fault(file, None, "", f"cannot be read: {error.strerror or error}"),)) from None
    if len(data) > MAX_BYTES:
        raise FileFaults((Fault(file, None, "", f"longer than {MAX_BYTES:,} bytes; a suite is a page or two"),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileFaults((Fault(file, line, "", "a byte that is no UTF-8; save the file as UTF-8"),)) from None
    return parse_yaml(text, file=file)


def parse_yaml(text: str, *, file: str) -> Document:
    """The document in `text`. Raises FileFaults: the first fault of syntax, or all others at once."""
    fault = _bounds_fault(text, file=file)
    if fault:
        raise FileFaults((fault,))
    try:
        node = yaml.compose(text, Loader=_CoreLoader)
    except yaml.YAMLError as error:
        raise FileFaults((_syntax_fault(error, file=file),)) from None
    reading = _Reading(file=file)
    value = reading.value(node, ()) if node is not None else None
    if reading.faults:
        raise FileFaults(first_faults(reading.faults))
    return Document(file=file, text=text, value=value, lines=reading.lines)


def _bounds_fault(text: str, *, file: str) -> Fault | None:
    """What must not reach the composer: it recurses, and follows whatever depth it is given."""
    if bad := _FORBIDDEN.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        return Fault(file, line, "", f"the control character {quoted(bad.group())}; take it out")
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_CoreLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                return Fault(file, line, "", f"nested deeper than {MAX_DEPTH} levels")
    except yaml.YAMLError as error:
        return _syntax_fault(error, file=file)
    return None


def _syntax_fault(error: yaml.YAMLError, *, file: str) -> Fault:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Fault(file, None, "", f"no YAML: {quoted(str(error))}")
    mark = error.problem_mark or error.context_mark
    said = " ".join(part for part in (error.context, error.problem) if part)
    line = None if mark is None else mark.line + 1
    column = "" if mark is None else f" (column {mark.column + 1})"
    return Fault(file, line, "", f"no YAML: {said}{column}; check indentation, quotes and colons just above")


class _CoreLoader(_Parser):
    """PyYAML's parser with the core schema's reading of plain scalars and nothing else."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own form


for _name, _pattern in _CORE.items():
    _CoreLoader.add_implicit_resolver(_TAG + _name, _pattern, None)


class _Reading(Struct, kw_only=True):
    """One walk over composed nodes; an alias is walked again wherever it stands, and counted again."""

    file: str
    lines: dict[Keys, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    nodes: int = 0
    open: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, keys: Keys) -> Value:
        self.nodes += 1
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if self.nodes >= MAX_NODES:
            if self.nodes == MAX_NODES:
                self.fault(node, keys, f"more than {MAX_NODES:,} values once aliases are written out")
            return None
        if not node.tag.startswith(_TAG) or node.tag.removeprefix(_TAG) not in {*_CORE, "str", "map", "seq"}:
            self.fault(node, keys, f"the tag {quoted(node.tag)}; only plain values are read: take the tag out")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, keys)
        return self.collection(node, keys)

    def scalar(self, node: yaml.ScalarNode, keys: Keys) -> Value:
        try:
            return _scalar(node.tag.removeprefix(_TAG), str(node.value))
        except ValueError as error:
            self.fault(node, keys, str(error))
            return None

    def collection(self, node: yaml.Node, keys: Keys) -> Value:
        if id(node) in self.open:
            self.fault(node, keys, "an alias inside the very thing it names; write it out")
            return None
        self.open.add(id(node))
        read = self.mapping(node, keys) if isinstance(node, yaml.MappingNode) else self.sequence(node, keys)
        self.open.discard(id(node))
        return read

    def sequence(self, node: yaml.Node, keys: Keys) -> list[Value]:
        return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]

    def mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Value]:
        read: dict[str, Value] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, keys)
            if key is None:
                continue
            here = (*keys, key)
            if key in read:
                self.fault(key_node, here, f"the key {quoted(key)} again, first in line {self.lines[here]}; keep one")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            read[key] = self.value(value_node, here)
        return read

    def key(self, node: yaml.Node, keys: Keys) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.fault(node, keys, "a key that is a list or a mapping; wanted text")
            return None
        if node.value == "<<":
            self.fault(node, keys, "'<<' is no merge in YAML 1.2; write the keys out")
            return None
        return str(node.value)

    def fault(self, node: yaml.Node, keys: Keys, message: str) -> None:
        self.faults.append(Fault(self.file, node.start_mark.line + 1, where(keys), message))


def _scalar(kind: str, text: str) -> Value:
    """A scalar's value. Raises ValueError with words for a user."""
    if kind == "str":
        return text
    if not _CORE.get(kind, _CORE["null"]).match(text):
        raise ValueError(f"found {quoted(text)}, which its tag says is {kind}; take the tag out")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    return _number(kind, text)


def _number(kind: str, text: str) -> int | float:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text):,} characters; put it in quotes if it is text")
    if kind == "int":
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if re.search("[nN]", text) or float(text) in {float("inf"), float("-inf")}:
        raise ValueError(f"found {quoted(text)}; wanted a finite number")
    return float(text)
