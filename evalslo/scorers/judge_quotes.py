"""Where a judge's quote stands in a context: white space, case, quotation marks and hidden letters aside, word for word."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from msgspec import Struct

from evalslo.scorers.judge_fence import HIDDEN
from evalslo.scorers.sentences import Span
from evalslo.scorers.unspaced import UNSPACED
from evalslo.scorers.words import content_words, tokens

LONGEST_QUOTE = 5_000
"""Characters; a longer quote is not looked for."""

_ENOUGH_WORDS = 4
_LEAST_OF_A_PART = 3
_MARKS = "'\"`´‘’‚‛“”„‟«»‹›「」『』＂＇*_#"  # of quotation and of Markdown: copied one way or the other
_IN_WORD = f"{HIDDEN}\u0300-\u036f"
_PIECE = re.compile(
    rf"\d+(?:[.,]\d+)+|[{UNSPACED}]|[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{_IN_WORD}])*|[^\w\s{_MARKS}{HIDDEN}]"
)
_HIDDEN = re.compile(f"[{HIDDEN}]")
_ELLIPSIS = re.compile(r"\[?(?:\.{3,}|…)\]?")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_EDGES = frozenset((*".,;:!?()[]-", "..."))


class Folded(Struct, frozen=True, kw_only=True):
    """A text as quotes are looked up in it: its words and signs, folded, a space before and after each.

    `starts` has where each begins in `line`, `spans` where it stands in the text.
    """

    line: str
    starts: tuple[int, ...]
    spans: tuple[Span, ...]


def fold(text: str) -> Folded:
    """`text` to look quotes up in."""
    pieces = [(_fold_piece(found[0]), found.span()) for found in _PIECE.finditer(text)]
    words = [(piece, span) for piece, span in pieces if piece]
    return Folded(
        line=f" {' '.join(word for word, _ in words)} ",
        starts=tuple(accumulate((len(word) + 1 for word, _ in words), initial=1)),
        spans=tuple(span for _, span in words),
    )


def find_quote(quote: str, within: Folded) -> Span | None:
    r"""Where `quote` stands in the text; None where it does not. Left out words are allowed for by `...` between long parts.

    >>> text = 'Canaries get **five** percent\nof "all" traffic.'
    >>> find_quote("canaries get five percent of all traffic", fold(text))
    (0, 46)
    """
    whole = find_words(quote, within)
    if whole is not None:
        return whole
    parts = [part for part in _ELLIPSIS.split(quote[:LONGEST_QUOTE]) if part.strip()]
    if len(parts) < 2 or any(len(tokens(part)) < _LEAST_OF_A_PART for part in parts):
        return None
    return _in_order(parts, within)


def find_words(text: str, within: Folded) -> Span | None:
    """Where all words of `text` stand in a row; None where they do not, or where it has none."""
    found = _find(text, within, start=0)
    return None if found is None else _span(found, within)


def says_something(quote: str, *, language: str | None) -> bool:
    """False for a quote of a few function words: those stand in every text, and speak for nothing."""
    words = tokens(quote[:LONGEST_QUOTE])
    return len(words) >= _ENOUGH_WORDS or bool(content_words(words, language=language))


def _in_order(parts: Sequence[str], within: Folded) -> Span | None:
    begin, end = None, 0
    for part in parts:
        found = _find(part, within, start=end)
        if found is None:
            return None
        begin, end = found[0] if begin is None else begin, found[1]
    return None if begin is None else _span((begin, end), within)


def _find(quote: str, within: Folded, *, start: int) -> Span | None:
    """Where the folded quote begins and ends in `within.line`."""
    if len(quote) > LONGEST_QUOTE:
        return None
    words = [piece for found in _PIECE.finditer(quote) if (piece := _fold_piece(found[0]))]
    while words and words[-1] in _EDGES:
        words.pop()
    while words and words[0] in _EDGES:
        words.pop(0)
    line = " ".join(words)
    place = within.line.find(f" {line} ", start) if words else -1
    return None if place < 0 else (place + 1, place + 1 + len(line))


def _span(place: Span, within: Folded) -> Span:
    first, last = (bisect_right(within.starts, at) - 1 for at in (place[0], place[1] - 1))
    return within.spans[first][0], within.spans[last][1]


def _fold_piece(piece: str) -> str:
    if piece.isascii():
        return piece.lower()
    plain = unicodedata.normalize("NFKC", _HIDDEN.sub("", piece)).translate(_DASHES).casefold()
    return plain.replace(" ", "")
