"""The words of a text: tokens for comparing, and which of them carry content."""

import re
import unicodedata
from collections.abc import Iterable

from evalslo.scorers.function_words import function_words
from evalslo.scorers.unspaced import UNSPACED

# Vowel signs and accents are no letters to `\w`, and yet they belong to the word.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0971-\u0dff"
_TOKEN = re.compile(
    r"[A-Za-z]++(?![^\0-\x7f])|"  # what the fourth alternative finds too, and much faster
    rf"\d+(?:[.,]\d+)*|[{UNSPACED}]|[^\W\d_{UNSPACED}](?:[^\W\d_{UNSPACED}]|[{_SIGNS}])*|\0"
)
_ASCII_TOKEN = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*|\0")  # the same for ASCII in lower case, and faster
_ASCII_WORD = re.compile("[A-Za-z]+")
_MARKS = "‘’“”–—…•"
_THOUSANDS = re.compile(r"[.,](?<=\d.)(?<!\b0.)(?=\d{3}(?!\d))")  # 0.018 is no eighteen
BREAK = "\0"
"""Stands between two texts in a stream of tokens; no text has it as a token of its own."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_CITATION = re.compile(
    r"\]\([^()\s]{0,500}\)|\[(?:[^\[\]\s]{1,80}|\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){1,20})\](?!\()|【[^【】]{1,80}】"
)


def without_surrogates(text: str) -> str:
    """`text` of the same length, with half surrogates (legal in JSON, not in UTF-8) replaced."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def without_marks(text: str) -> str:
    """`text` of the same length, with typographic quotes and dashes as spaces: often it is ASCII then."""
    if not text.isascii():
        for mark in _MARKS:
            text = text.replace(mark, " ")
    return text


def without_citations(text: str) -> str:
    """`text` without `[2]`, `[1, 3]`, `[doc-7]`, `【4】` and the targets of links: they point, they state nothing."""
    return _CITATION.sub(" ", text) if "[" in text or "【" in text else text


def tokens(text: str) -> list[str]:
    """Words and numbers, folded for comparing; a Han character is one token, `1,000` and `1.000` are `1000`.

    >>> tokens("The SLO's window: 1,000.5 h, 你好")
    ['the', 'slo', 's', 'window', '1000.5', 'h', '你', '好']
    >>> tokens("0.018 of 1,008")
    ['0.018', 'of', '1008']
    """
    return _tokens(text.replace(BREAK, " "))


def stream(texts: Iterable[str]) -> list[str]:
    r"""The tokens of several texts in a row, with BREAK between two texts: much faster than one text at a time.

    >>> stream(["It is.", "So"])
    ['it', 'is', '\x00', 'so']
    """
    return _tokens(BREAK.join(text.replace(BREAK, " ") for text in texts))


def _tokens(text: str) -> list[str]:
    text = without_marks(text)
    if text.isascii():
        return _ASCII_TOKEN.findall(_THOUSANDS.sub("", text.lower()))
    return _TOKEN.findall(_THOUSANDS.sub("", unicodedata.normalize("NFKC", text).casefold()))


def content_words(words: Iterable[str], *, language: str | None) -> frozenset[str]:
    """The words that carry content: all but the function words of `language`, of English where it is not known."""
    return frozenset(words) - function_words(language)


def names(text: str) -> list[str]:
    """Capitalised words inside the sentence, folded: likely names. None where capitals say nothing.

    Capitals say nothing at the start of a sentence, and where more than half of the words have one (a title).

    >>> names("The tool that Brendan wrote for Grafana")
    ['brendan', 'grafana']
    """
    spelt = [token for token in (_ASCII_WORD if text.isascii() else _TOKEN).findall(text) if token[0].isalpha()][1:]
    capitalised = [token for token in spelt if token[0].isupper() and len(token) > 1]
    if 2 * len(capitalised) > len(spelt) and len(spelt) > 3:
        return []
    return [word for token in capitalised for word in tokens(token)]
