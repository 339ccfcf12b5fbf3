"""The words of a text: tokens for comparing, and which of them carry content."""

import re
import unicodedata
from collections.abc import Iterable

from evalslo.scorers.function_words import function_words
from evalslo.scorers.unspaced import UNSPACED

# Vowel signs and accents are no letters to `\w`, and yet they belong to the word.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0971-\u0dff"
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)*|[{UNSPACED}]|[^\W\d_{UNSPACED}](?:[^\W\d_{UNSPACED}]|[{_SIGNS}])*")
_ASCII_TOKEN = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*")  # the same for ASCII in lower case, and faster
_THOUSANDS = re.compile(r"[.,](?<=\d.)(?<!\b0.)(?=\d{3}(?!\d))")  # 0.018 is no eighteen
_SURROGATE = re.compile("[\ud800-\udfff]")
_CITATION = re.compile(
    r"\]\([^()\s]{0,500}\)|\[(?:[^\[\]\s]{1,80}|\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){1,20})\](?!\()|【[^【】]{1,80}】"
)


def without_surrogates(text: str) -> str:
    """`text` of the same length, with half surrogates (legal in JSON, not in UTF-8) replaced."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


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
    spelt = [token for token in _TOKEN.findall(text) if token[0].isalpha()][1:]
    capitalised = [token for token in spelt if token[0].isupper() and len(token) > 1]
    if 2 * len(capitalised) > len(spelt) and len(spelt) > 3:
        return []
    return [word for token in capitalised for word in tokens(token)]
