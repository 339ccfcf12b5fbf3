"""The objectives of a suite file, each understood, and together without contradiction."""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.loaders.grammar import ParsedObjective, parse_objective, parse_sli
from evalslo.loaders.telling import quoted, unknown
from evalslo.loaders.yaml_marks import Keys, Value
from evalslo.model.sli import Sli, SliSpec

Complaint = tuple[Keys, str]


class Entry(Struct, frozen=True, kw_only=True):
    """One objective as it stands in the file; `parsed` is None where its text has a fault, `per` where it has none."""

    keys: Keys
    text: str
    id: str | None
    critical: bool
    parsed: ParsedObjective | None
    per: str | None = None


class Entries(Struct, frozen=True, kw_only=True):
    """The objectives of a file, and what is wrong with them."""

    entries: tuple[Entry, ...] = ()
    complaints: tuple[Complaint, ...] = ()


def read_entries(suite: Value, *, slis: Mapping[str, SliSpec]) -> Entries:
    """The objectives of a suite file; what the schema says of their keys is not said again."""
    defined = _mapping(suite, "slis")
    complaints = list(_check_definitions(defined, slis))
    entries: list[Entry] = []
    listed = suite.get("objectives") if isinstance(suite, dict) else None
    for index, raw in enumerate(listed if isinstance(listed, list) else []):
        text = raw.get("objective") if isinstance(raw, dict) else raw
        if isinstance(text, str) and text:
            entry, told = _entry(raw, text, index=index, defined=defined, slis=slis)
            entries.append(entry)
            complaints.extend(told)
    complaints.extend(_check_together(entries))
    return Entries(entries=tuple(entries), complaints=tuple(complaints))


def _entry(
    raw: Value, text: str, *, index: int, defined: Mapping[str, Value], slis: Mapping[str, SliSpec]
) -> tuple[Entry, tuple[Complaint, ...]]:
    said = raw if isinstance(raw, dict) else {}
    keys: Keys = ("objectives", index)
    given, critical = said.get("id"), said.get("critical") is not False
    per = tag if isinstance(tag := said.get("per"), str) else None
    try:
        parsed = parse_objective(text, slis=slis)
        parsed = replace(parsed, sli=_with_options(parsed.sli, defined))
    except UsageError as error:
        name = given if isinstance(given, str) else None
        return Entry(keys=keys, text=text, id=name, critical=critical, parsed=None, per=per), ((keys, str(error)),)
    name = given if isinstance(given, str) else str(parsed.sli)
    entry = Entry(keys=keys, text=text, id=name, critical=critical, parsed=parsed, per=per)
    return entry, (*_check_soft(entry, parsed), *_check_per(entry, spec=slis[parsed.sli.name]))


def _with_options(sli: Sli, defined: Mapping[str, Value]) -> Sli:
    options = defined.get(str(sli))
    if sli.slug is None and options is None:
        return sli
    if not isinstance(options, dict):
        raise UsageError(unknown(str(sli), defined, what="entry of slis"))
    return replace(sli, options=options)


def _check_soft(entry: Entry, parsed: ParsedObjective) -> Iterator[Complaint]:
    if entry.critical and parsed.soft_only:
        mend = "it can be shown but not gated: write {objective: ..., critical: false}"
        yield entry.keys, f"{quoted(entry.text)}: {parsed.soft_only}; {mend}"


def _check_per(entry: Entry, *, spec: SliSpec) -> Iterator[Complaint]:
    if entry.per is not None and spec.per_run:
        yield (*entry.keys, "per"), f"{spec.name} is one figure of the whole run, which has no slices; take per away"


def _check_together(entries: Sequence[Entry]) -> Iterator[Complaint]:
    """What is wrong between entries; the slices of an objective with `per` have other ids than one without."""
    first: dict[tuple[str, str | None], int] = {}
    for number, entry in enumerate(entries):
        if entry.id is not None and first.setdefault((entry.id, entry.per), number) != number:
            other = quoted(entries[first[entry.id, entry.per]].text)
            yield entry.keys, f"the id {quoted(entry.id)} is also that of {other}; give one of them an id of its own"
    if entries and not any(entry.critical for entry in entries):
        yield ("objectives",), "no objective is critical, so nothing could fail; take critical: false from at least one"


def _check_definitions(defined: Mapping[str, Value], slis: Mapping[str, SliSpec]) -> Iterator[Complaint]:
    for name, options in defined.items():
        try:
            spec = slis[parse_sli(name, slis=slis).name]
        except UsageError as error:
            yield ("slis", name), str(error)
            continue
        if isinstance(options, dict):
            yield from ((("slis", name, *keys), message) for keys, message in _check_options(options, spec))


def _check_options(options: Mapping[str, Value], spec: SliSpec) -> Iterator[Complaint]:
    for key in options:
        if key not in spec.options:
            yield (key,), unknown(key, spec.options, what=f"option of {spec.name}")
    for key, required in spec.options.items():
        if required and key not in options:
            yield (), f"the key {quoted(key)} is missing; {spec.name} needs it"
    pattern = options.get("pattern")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            yield ("pattern",), f"found {quoted(pattern)}, no regular expression: {error}"


def _mapping(suite: Value, key: str) -> Mapping[str, Value]:
    value = suite.get(key) if isinstance(suite, dict) else None
    return value if isinstance(value, dict) else {}
