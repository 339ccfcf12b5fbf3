"""A judge's reply, read: text in, verdicts or a grade out, or why it cannot be read.

Models that are held to no schema put JSON into prose, into fences, or almost write it. What can be read in one way only
is read; what could be read in two ways, or answers something else than was asked, is not. A reply is text from a stranger.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, cast

from msgspec import Struct

from evalslo.model.judging import Question
from evalslo.model.score import ClaimVerdict
from evalslo.scorers.rubrics import Scale

LONGEST_REPLY = 200_000
"""Characters; a longer reply is not read."""

_MOST_VALUES = 200  # JSON values looked at in one reply
_LONGEST_REASON = 500
_THOUGHT = "</think>"  # what some models print before their answer
_BRACKET = re.compile(r"[{}\[\]]")
_CLOSES = {"}": "{", "]": "["}
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"|,(?=\s*[}\]])', re.DOTALL)
_NUMBER = re.compile(r"\[?(\d{1,4})\]?")
_GRADE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)(?:\s*/\s*(\d{1,3}))?")
_VERDICTS: Mapping[str, ClaimVerdict] = {
    "supported": "supported",
    "unsupported": "unsupported",
    "notsupported": "unsupported",
    "contradicted": "contradicted",
}
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

T = TypeVar("T")


class UnreadableError(ValueError):
    """A reply that no verdict can be read from; its text says why, and has nothing of the reply in it."""


class Said(Struct, frozen=True, kw_only=True):
    """A judge's verdict on one claim, as it came. `context` counts from 1; None where it named none."""

    verdict: ClaimVerdict
    quote: str
    context: int | None


class Grade(Struct, frozen=True, kw_only=True):
    """A judge's grade of an answer, in [0, 1], and its words for it."""

    value: float
    reason: str


def read_verdicts(question: Question, reply: str) -> list[Said]:
    """The verdicts on all claims of `question`, in order. Raises UnreadableError.

    JSON that stood in the question is an echo and no verdict: so an answer cannot bring its own.
    """
    claims: int = question.schema["properties"]["verdicts"]["maxItems"]
    return _only(reply, question.prompt, lambda value: _table(value, claims=claims))


def read_grade(question: Question, reply: str) -> Grade:
    """The grade on the question's scale, or 1 for yes and 0 for no. Raises UnreadableError; an echo is no grade."""
    score = question.schema["properties"].get("score")
    scale = None if score is None else Scale(lowest=score["minimum"], highest=score["maximum"])
    return _only(reply, question.prompt, lambda value: _grade(value, scale=scale))


def _only(reply: str, prompt: str, read: Callable[[object], T | None]) -> T:
    """What the reply's JSON says, all of it that can be read saying one and the same."""
    if len(reply) > LONGEST_REPLY:
        raise UnreadableError(f"the reply has more than {LONGEST_REPLY} characters")
    shown = _squeezed(prompt)
    faults, found = ["no JSON object of the form asked for"], list[T]()
    for raw, value in _values(reply.rpartition(_THOUGHT)[2]):
        try:
            said = read(value)
        except UnreadableError as fault:
            faults.append(str(fault))
            continue
        if said is not None and _squeezed(raw) not in shown:
            found.append(said)
    if not found:
        raise UnreadableError(faults[-1])
    if any(other != found[0] for other in found[1:]):
        raise UnreadableError("it says two different things")
    return found[0]


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _values(text: str) -> Iterator[tuple[str, object]]:
    """The JSON objects and lists in a text, outermost only, each with how it is written. Never what is inside a broken one."""
    closing, start = _pairs(text), 0
    for _ in range(_MOST_VALUES):
        first = re.compile(r"[{\[]").search(text, start)
        if first is None:
            return
        start = first.start()
        raw = text[start : closing.get(start, start) + 1]
        value, end = _decoded(text, start, raw)
        if value is not None:
            yield text[start:end], value
        start = max(end, start + 1)


def _pairs(text: str) -> dict[int, int]:
    """Where each bracket that is closed is closed, strings not looked at."""
    pairs, opened = dict[int, int](), list[tuple[str, int]]()
    for found in _BRACKET.finditer(text):
        sign = found[0]
        if sign not in _CLOSES:
            opened.append((sign, found.start()))
        elif opened and opened[-1][0] == _CLOSES[sign]:
            pairs[opened.pop()[1]] = found.start()
    return pairs


def _decoded(text: str, start: int, raw: str) -> tuple[object, int]:
    """The value that begins at `start` and where it ends; trailing commas are forgiven in `raw`, its balanced text."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        pass
    else:
        return value, end
    try:
        mended = _STRING_OR_COMMA.sub(lambda found: "" if found[0] == "," else found[0], raw)
        return _DECODER.decode(mended), start + len(raw)
    except (ValueError, RecursionError):
        return None, start + len(raw)


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


_DECODER = json.JSONDecoder(object_pairs_hook=_without_twins)


def _table(value: object, *, claims: int) -> list[Said] | None:
    """The verdicts that a JSON value holds; None where it is something else."""
    rows = value.get("verdicts") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not any(isinstance(row, dict) and "verdict" in row for row in rows):
        return None
    table: dict[int, Said] = {}
    for row in cast("list[object]", rows):
        number, said = _row(row)
        if number > claims or number < 1:
            raise UnreadableError(f"a verdict on another sentence than 1 to {claims}")
        if table.setdefault(number, said).verdict != said.verdict:
            raise UnreadableError(f"two different verdicts on sentence {number}")
    if len(table) < claims:
        raise UnreadableError(f"verdicts on {len(table)} of {claims} sentences")
    return [table[number] for number in range(1, claims + 1)]


def _row(row: object) -> tuple[int, Said]:
    if not isinstance(row, dict):
        raise UnreadableError("an entry that is no object")
    number, said, quote = _whole(row.get("sentence")), row.get("verdict"), row.get("quote")
    verdict = _VERDICTS.get(re.sub(r"[\W_]", "", said).casefold()) if isinstance(said, str) else None
    if number is None:
        raise UnreadableError("an entry without the number of its sentence")
    if verdict is None:
        raise UnreadableError(f"no verdict on sentence {number}")
    return number, Said(
        verdict=verdict, quote=quote if isinstance(quote, str) else "", context=_whole(row.get("context"))
    )


def _whole(value: object) -> int | None:
    """A whole number, also one written as text (`"2"`, `"[2]"`) or as 2.0."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, str):
        found = _NUMBER.fullmatch(value.strip())
        return int(found[1]) if found else None
    return value if isinstance(value, int) else None


def _grade(value: object, *, scale: Scale | None) -> Grade | None:
    """The grade that a JSON value holds; None where it is something else."""
    key = "verdict" if scale is None else "score"
    if not isinstance(value, dict) or key not in value:
        return None
    grade = _yes(value[key]) if scale is None else _on(scale, value[key])
    if grade is None:
        wanted = "yes or no" if scale is None else f"a number from {scale.lowest} to {scale.highest}"
        raise UnreadableError(f"the {key} is not {wanted}")
    reason = value.get("reason")
    return Grade(value=grade, reason=reason[:_LONGEST_REASON] if isinstance(reason, str) else "")


def _yes(value: object) -> float | None:
    if not isinstance(value, str | bool | int):
        return None
    said = _YES.get(str(value).strip(" .").casefold())
    return None if said is None else float(said)


def _on(scale: Scale, value: object) -> float | None:
    """A grade in [0, 1] from a number on the scale, also one written as text (`"4"`, `"4/5"`)."""
    if isinstance(value, str):
        found = _GRADE.fullmatch(value.strip())
        if not found or found[2] not in (None, str(scale.highest)):
            return None
        value = float(found[1])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return scale.normalised(value) if scale.lowest <= value <= scale.highest else None
