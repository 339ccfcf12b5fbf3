"""The sentences of an answer, and which of them state something that can be checked."""

import re
from collections.abc import Iterator
from itertools import islice, zip_longest

from msgspec import Struct

from evalslo.scorers.asides import aside
from evalslo.scorers.declining import declines
from evalslo.scorers.languages import language_of
from evalslo.scorers.sentences import sentences
from evalslo.scorers.words import content_words, tokens, without_citations, without_surrogates

LONGEST_ANSWER = 20_000
"""Characters; what comes after is not read."""
MOST_SENTENCES = 200
"""Of one answer; what comes after is not read."""


class Sentence(Struct, frozen=True, kw_only=True):
    """One sentence of an answer. `not_a_claim` says in a word why it states nothing to check; None: it is a claim."""

    text: str
    not_a_claim: str | None


_CODE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"[|\s:-]*")  # under the head of a table
_QUESTION = re.compile(r"[?？؟՞][\"'”’»)\]}*_\s]*$")
_ASSERTING_QUESTION = re.compile(r"\s*(?:so |and |but |oh )?(?:did|do) you know\b", re.IGNORECASE)


def read_answer(answer: str, *, language: str | None) -> list[Sentence]:
    """The sentences of an answer in order, each a claim or not; in doubt a claim, so that no statement goes unchecked.

    Where `language` is None, it is the one that the answer shows, else English.
    """
    text = without_surrogates(answer[:LONGEST_ANSWER])
    language = language or language_of(text)
    spans = islice(_spans(text, language=language), MOST_SENTENCES)
    texts = [text[start:end] for start, end in spans]
    return [
        Sentence(text=sentence, not_a_claim=_not_a_claim(sentence, following=after, language=language))
        for sentence, after in zip_longest(texts, texts[1:], fillvalue="")
    ]


def _spans(text: str, *, language: str | None) -> Iterator[tuple[int, int]]:
    """A fenced block of code is one span, whatever is in it."""
    start = 0
    for block in _CODE.finditer(text):
        yield from _prose(text, (start, block.start()), language=language)
        yield block.span()
        start = block.end()
    yield from _prose(text, (start, len(text)), language=language)


def _prose(text: str, span: tuple[int, int], *, language: str | None) -> Iterator[tuple[int, int]]:
    for start, end in sentences(text[span[0] : span[1]], language=language):
        yield span[0] + start, span[0] + end


def _not_a_claim(sentence: str, *, following: str, language: str | None) -> str | None:
    """Why a sentence, before the sentence `following`, is no claim; None where it is one."""
    if _CODE.match(sentence):
        return "code"
    words = tokens(without_citations(sentence))
    if not content_words(words, language=language):
        return "no content word"
    if _QUESTION.search(sentence) and not _ASSERTING_QUESTION.match(sentence):
        return "question"
    if declines(sentence):
        return "abstention"
    if sentence.startswith("#") or (sentence.startswith("|") and "-" in following and _RULE.fullmatch(following)):
        return "heading"
    return aside(sentence, words=len(words))
