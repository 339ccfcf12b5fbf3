"""One row of a golden file, read into a golden query; whatever is wrong with it is told at once."""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any

import msgspec

from evalslo.errors import UsageError
from evalslo.loaders.telling import found, quoted, unknown
from evalslo.model.golden import Context, GoldenQuery, Message

COLUMNS = (
    "id",
    "query",
    "messages",
    "reference",
    "contexts",
    "relevant",
    "group",
    "tags",
    "language",
    "answerable",
    "weight",
)
MOST_SHARED_TAGS = 10_000
LIGHTEST, HEAVIEST = 1e-6, 1e6  # beyond these a weight is a slip, and one query all there is
_JSON_TEXT = frozenset({"messages", "contexts", "relevant", "tags"})
_ROLES = ("system", "user", "assistant")
_NOTHING: Mapping[str, Any] = {}  # one for all rows: golden queries are many, and nobody is given their own mappings
_NO_QUERY = "neither a query nor messages; if another column holds the question, say so: columns: {query: question}"

Tell = Callable[[str, str], None]
Readers = Mapping[str, "tuple[str, Callable[[object], object]] | None"]
"""The file's names of columns to ours and what reads them; None for a column to be left out."""


class WrongValueError(ValueError):
    """A value of a row that is not of its column's form, in words for a user."""


def column_readers(columns: Mapping[str, str], *, tabular: bool) -> Readers:
    """What reads each column of a file, given `columns`, our names to the file's. Raises UsageError.

    A column that bears the name of one of ours, while `columns` finds that one elsewhere, is left out: under this name
    everything else would see the other one. In a `tabular` form (CSV, Parquet) structured columns may be JSON text.
    """
    for ours, theirs in columns.items():
        if ours not in COLUMNS:
            raise UsageError(f"columns: {unknown(ours, COLUMNS, what='column')}; the form is {{ours: theirs}}")
        if list(columns.values()).count(theirs) > 1:
            raise UsageError(f"columns: {quoted(theirs)} is named twice; a column can be one thing only")
    left_out: Readers = dict.fromkeys(columns)
    readers = {ours: partial(_from_table, ours) if tabular else _READERS[ours] for ours in COLUMNS}
    return {
        **{ours: (ours, reader) for ours, reader in readers.items()},
        **left_out,
        **{theirs: (ours, readers[ours]) for ours, theirs in columns.items()},
    }


def read_row(row: Mapping[str, Any], *, number: int, readers: Readers, tell: Tell) -> GoldenQuery | None:
    """The golden query of `row`, the file's `number`th from 1; None after a fault was told, by column and in words.

    A null is an absent value. Columns that are not ours go to `fields`.
    """
    read: dict[str, Any] = {"fields": _NOTHING, "tags": _NOTHING}
    fields: dict[str, Any] = {}
    sound = True
    for theirs, value in row.items():
        if theirs not in readers:
            fields[theirs] = value
        elif (reader := readers[theirs]) and value is not None:
            try:
                read[reader[0]] = reader[1](value)
            except WrongValueError as error:
                sound = False
                tell(reader[0], str(error))
    for ours, message in _contradictions(read, sound=sound):
        sound = False
        tell(ours, message)
    if not sound:
        return None
    if fields:
        read["fields"] = fields
    if "id" not in read:
        read["id"] = f"row-{number}"
    return GoldenQuery(**read)


def encode_row(query: GoldenQuery) -> bytes:
    """The query as one JSON object, which `read_row` reads back equal."""
    row = dict(query.fields)
    for name in COLUMNS:
        if (value := getattr(query, name)) not in (None, (), {}) or (name in _MAY_BE_EMPTY and value is not None):
            row[name] = value
    return _ENCODER.encode(row)


def digest_bytes(query: GoldenQuery) -> bytes:
    """Bytes that are the same for the same content, whichever form and order of columns it was read from."""
    return _ENCODER.encode(query if query.weight is not None else _Unweighted(*_unweighted(query)))


_ENCODER = msgspec.json.Encoder(order="deterministic")
# golden sets are older than weights: those without any keep their digests
_UNWEIGHTED = [name for name in GoldenQuery.__struct_fields__ if name != "weight"]
_Unweighted = msgspec.defstruct("_Unweighted", _UNWEIGHTED)
_unweighted = attrgetter(*_UNWEIGHTED)
_MAY_BE_EMPTY = frozenset({"contexts", "relevant"})


def _contradictions(read: dict[str, Any], *, sound: bool) -> Iterator[tuple[str, str]]:
    """What is wrong between columns; gives `read` the query that its messages end in."""
    messages: tuple[Message, ...] | None = read.get("messages")
    if messages:
        asked = next((message.content for message in reversed(messages) if message.role == "user"), "")
        if read.setdefault("query", asked) != asked:
            yield "query", "is not the last user turn of messages; keep one of the two columns"
    query = read.get("query")
    if query is None and sound:
        yield "query", _NO_QUERY
    elif query is not None and not query.strip():
        yield "query", "an empty query; write the question or take the row out"
    contexts, relevant = read.get("contexts"), read.get("relevant")
    if contexts and relevant:
        lost = sorted(relevant.keys() - {context.id for context in contexts})
        if lost:
            further = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            yield "relevant", f"unknown id {quoted(lost[0])}{further}; the row's contexts have no such id"


def _from_table(ours: str, value: object) -> object:
    return _READERS[ours](_spelt_out(ours, value))


def _spelt_out(ours: str, value: object) -> object:
    """A value of a table, where what is no text may be spelt as one."""
    if not isinstance(value, str):
        return value
    if ours in _JSON_TEXT or (ours == "reference" and value.startswith("[")):
        try:
            return msgspec.json.decode(value)
        except (ValueError, RecursionError) as error:
            if ours == "reference":
                return value
            raise WrongValueError(f"found {quoted(value)}; wanted JSON ({error})") from None
    if ours == "weight":
        return _number(value)
    if ours == "answerable":
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _number(text: str) -> float | str:
    """The number that a text spells as JSON would; else the text."""
    try:
        return msgspec.json.decode(text, type=float)
    except ValueError:
        return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise WrongValueError(f"found {found(value)}; wanted a text")
    return value


def _name(value: object) -> str:
    """An id: text, or a whole number read as its digits, so that JSON and CSV name the same thing alike."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise WrongValueError(f"found {found(value)}; wanted an id: a text or a whole number")
    return value


def _group(value: object) -> str | None:
    return None if value == "" else sys.intern(_name(value))


def _language(value: object) -> str | None:
    return sys.intern(_text(value)) or None


def _answerable(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError(f"found {found(value)}; wanted true or false")
    return value


def _weight(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not LIGHTEST <= value <= HEAVIEST:
        raise WrongValueError(f"found {found(value)}; wanted a number above 0, from {LIGHTEST:f} to {HEAVIEST:.0f}")
    return float(value)


def _messages(value: object) -> tuple[Message, ...]:
    messages = tuple(_message(item, at) for at, item in enumerate(_list(value, "{role, content}")))
    if messages and not any(message.role == "user" for message in messages):
        raise WrongValueError("no turn of the user in it; wanted one to answer")
    return messages


def _message(item: object, at: int) -> Message:
    role, content = (item.get("role"), item.get("content")) if isinstance(item, dict) else (None, None)
    if role not in _ROLES or not isinstance(content, str):
        raise WrongValueError(f"turn {at + 1} of it: wanted {{role: system, user or assistant; content: a text}}")
    return Message(role=role, content=content)


def _reference(value: object) -> tuple[str, ...]:
    """The acceptable answers; an empty text is none, as an empty cell of a table is."""
    if isinstance(value, str):
        return (value,) if value else ()
    items = _list(value, "texts")
    for item in items:
        if not isinstance(item, str):
            raise WrongValueError(f"found a list with {found(item)} in it; wanted a text or a list of texts")
    return tuple(item for item in items if item)


def _contexts(value: object) -> tuple[Context, ...]:
    try:
        contexts = msgspec.convert(value, tuple[Context, ...])
    except msgspec.ValidationError:
        # one by one: ids that are numbers are read, and what is wrong is said in our words
        contexts = tuple(_context(item, at) for at, item in enumerate(_list(value, "{id, text}")))
    ids = [context.id for context in contexts]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise WrongValueError(f"the id {quoted(twice)} more than once; give each context an id of its own")
    if not all(map(str.strip, ids)):
        raise WrongValueError("a context with an empty id; give each context an id of its own")
    return contexts


def _context(item: object, at: int) -> Context:
    """A context; keys beyond id, text and score are not kept."""
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise WrongValueError(f"context {at + 1} of it: wanted {{id: ..., text: ...}}")
    score = item.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        raise WrongValueError(f"context {at + 1} of it: found the score {found(score)}; wanted a number")
    return Context(id=_name(item.get("id")), text=item["text"], score=None if score is None else float(score))


def _relevant(value: object) -> dict[str, int]:
    if isinstance(value, list) and not _pairs(value):
        return {_name(item): 1 for item in value}
    grades = {_name(key): grade for key, grade in _mapping(value, "grade").items() if grade is not None}
    for key, grade in grades.items():
        if isinstance(grade, bool) or not isinstance(grade, int) or grade < 0:
            raise WrongValueError(f"found the grade {found(grade)} of {quoted(key)}; wanted a whole number from 0 on")
    return grades


def _tags(value: object) -> dict[str, str]:
    tags = {key: tag for key, tag in _mapping(value, "text").items() if tag is not None}
    for key, tag in tags.items():
        if not isinstance(key, str) or not isinstance(tag, str):
            raise WrongValueError(f"found {found(tag)} as {found(key)}; wanted a text for every tag")
    return _shared_tags(tuple(tags.items()))


@lru_cache(maxsize=MOST_SHARED_TAGS)
def _shared_tags(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """One mapping for all rows with the same tags."""
    return dict(items)


def _list(value: object, of: str) -> list[Any]:
    if not isinstance(value, list):
        raise WrongValueError(f"found {found(value)}; wanted a list of {of}")
    return value


def _mapping(value: object, to: str) -> dict[Any, Any]:
    """A mapping, or the list of pairs that a Parquet map comes as."""
    if isinstance(value, list) and (not value or _pairs(value)):
        return dict(value)
    if not isinstance(value, dict):
        raise WrongValueError(f"found {found(value)}; wanted a mapping to {to}")
    return value


def _pairs(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in value)


_READERS: Mapping[str, Callable[[object], object]] = {
    "id": _name,
    "query": _text,
    "messages": _messages,
    "reference": _reference,
    "contexts": _contexts,
    "relevant": _relevant,
    "group": _group,
    "tags": _tags,
    "language": _language,
    "answerable": _answerable,
    "weight": _weight,
}
