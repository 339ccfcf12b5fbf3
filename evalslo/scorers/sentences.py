"""Where the sentences of a text stand."""

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries  # type: ignore[import-untyped]  # it ships no types

from evalslo.scorers.function_words import primary_language
from evalslo.scorers.words import without_surrogates

Span = tuple[int, int]
"""Start and end in the text, in characters."""

LONGEST = 1_000
"""Characters; a stretch without an end mark (a table, a page of Thai) is cut between words before it grows longer."""

_PIECE = 10_000
_MARKER = re.compile(r"^[ \t]*(?:[-*+•·‣◦▪–—>]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+", re.MULTILINE)
_WHOLE_LINE = re.compile(r"^[ \t]*(?:#{1,6}[ \t]|\|).*$", re.MULTILINE)
_NOT_SPACE = re.compile(r"\S")


def sentences(text: str, *, language: str | None) -> list[Span]:
    r"""The spans of all sentences, in order, without surrounding white space and without the markers of lists.

    A list item, a heading and a row of a table are sentences of their own. `language` as in BCP 47; English rules where
    it is not known.

    >>> text = "Dr. Li paid 3.50 USD. She left:\n1. early\n2. happy"
    >>> [text[start:end] for start, end in sentences(text, language="en")]
    ['Dr. Li paid 3.50 USD.', 'She left:', 'early', 'happy']
    """
    sound = without_surrogates(text)
    primary = primary_language(language)
    spans = (span for block in _blocks(sound) for span in _in_block(sound, block, language=primary))
    return [short for span in spans for short in _cut(sound, span)]


def _blocks(text: str) -> Iterator[Span]:
    """Stretches that no sentence crosses: list items without their markers, headings, table rows, and what is between."""
    cuts = [match.span() for match in _MARKER.finditer(text)]
    cuts += [(end, end) for match in _WHOLE_LINE.finditer(text) for end in match.span()]
    start = 0
    for stop, resume in sorted(cuts):
        yield start, stop
        start = resume
    yield start, len(text)


def _in_block(text: str, block: Span, *, language: str) -> Iterator[Span]:
    """In pieces, because the splitter takes quadratic time over open quotes and fences."""
    for start in range(*block, _PIECE):
        for found in get_sentence_boundaries(language, text[start : min(start + _PIECE, block[1])]):
            yield start + found["start_index"], start + found["end_index"]


def _cut(text: str, span: Span) -> Iterator[Span]:
    """The span without white space around it, in pieces of at most LONGEST characters."""
    start, end = span
    while first := _NOT_SPACE.search(text, start, end):
        start = first.start()
        gap = text.rfind(" ", start, start + LONGEST)
        cut = end if end - start <= LONGEST else gap if gap > start else start + LONGEST
        yield start, start + len(text[start:cut].rstrip())
        start = cut
