"""How faults are worded: what was found, what was meant, and never more than a reader can take in."""

import difflib
from collections.abc import Iterable, Sequence

from evalslo.errors import Fault

TOLD_FAULTS = 50
_SHOWN_CHARACTERS = 60


def quoted(text: str) -> str:
    """`text` in quotes, cut short, with every character that could move a cursor escaped."""
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else repr(text[:_SHOWN_CHARACTERS] + "…")


def found(value: object) -> str:
    """What a message calls a value that stands in a file: a scalar itself, else its form."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value) if value else "an empty text"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return quoted(str(value))[1:-1]


def unknown(word: str, known: Iterable[str], *, what: str) -> str:
    """`unknown SLI 'latncy'; did you mean 'latency'? Known: ...`."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    meant = f"did you mean {quoted(near[0])}? Known" if near else "known"
    return f"unknown {what} {quoted(word)}; {meant}: {', '.join(names) or 'none'}"


def first_faults(faults: Sequence[Fault], *, total: int | None = None) -> tuple[Fault, ...]:
    """The first fifty of `faults`, then one that counts the further ones; `total` where `faults` are already cut."""
    further = (len(faults) if total is None else total) - TOLD_FAULTS
    if further <= 0:
        return tuple(faults)
    rest = Fault(faults[0].file, None, "", f"and {further} further fault{'s' if further > 1 else ''}")
    return (*faults[:TOLD_FAULTS], rest)
