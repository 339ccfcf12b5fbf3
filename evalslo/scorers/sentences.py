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
_LINE_END = re.compile("\n")
_MARKER = re.compile(r"[ \t]*(?:[-*+•·‣◦▪–—>]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+")
_WHOLE_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\|).*")


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
    return [span for block in _blocks(sound) for span in _in_block(sound, block, language=primary)]


def _blocks(text: str) -> Iterator[Span]:
    """Stretches that no sentence crosses: list items without their markers, headings, table rows, and what is between."""
    start = 0
    for line in (0, *(found.end() for found in _LINE_END.finditer(text))):
        if found := _WHOLE_LINE.match(text, line):
            yield start, line
            yield found.span()
            start = found.end()
        elif found := _MARKER.match(text, line):
            yield start, line
            start = found.end()
    yield start, len(text)


def _in_block(text: str, block: Span, *, language: str) -> Iterator[Span]:
    """In pieces, because the splitter takes quadratic time over open quotes and fences."""
    for offset in range(*block, _PIECE):
        for found in get_sentence_boundaries(language, text[offset : min(offset + _PIECE, block[1])]):
            sentence: str = found["text"]
            start = offset + found["start_index"] + len(sentence) - len(sentence.lstrip())
            end = start + len(sentence.strip())
            if end - start > LONGEST:
                yield from _cut(text, (start, end))
            elif start < end:
                yield start, end


def _cut(text: str, span: Span) -> Iterator[Span]:
    """The span in pieces of at most LONGEST characters, without white space around them."""
    start, end = span
    while end - start > LONGEST:
        gap = text.rfind(" ", start, start + LONGEST)
        cut = gap if gap > start else start + LONGEST
        yield start, start + len(text[start:cut].rstrip())
        start = end - len(text[cut:end].lstrip())
    yield start, end
