"""Which language a text is in, as far as it shows, and whether two texts are in different ones.

By script first, then by function words. In doubt nothing is told, and no two texts differ: names, numbers and code have no
language.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

from msgspec import Struct

from evalslo.scorers.function_words import KNOWN, function_words, languages_by_word, primary_language
from evalslo.scorers.words import tokens, without_marks

READ = 400
"""Characters of a text that are looked at."""

MOST_TEXTS = 10
"""Texts that an answer is compared with; the others are taken to be like these."""

FEWEST_WORDS = 3
"""Function words of its language, and not of the other, that a text must have to be in another one than a second text."""
_PREVAIL = 3  # such words must be so many times as many as those the other way round: a quotation decides nothing
_FEWEST_LETTERS = 2  # of a script other than Latin
_FEWEST_LATIN_WORDS = 4  # fewer may be names, which every script borrows as they are
_FEWEST_HAN = 15  # different characters; Japanese of that length has kana in it

_ASCII_LETTER = re.compile("[A-Za-z]")
_RANGES = {
    "latin": "A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿ",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "cyrillic": "\u0400-\u052f",
    "armenian": "\u0531-\u058a",
    "hebrew": "\u05d0-\u05ea",
    "arabic": "\u0620-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "devanagari": "\u0900-\u097f",
    "bengali": "\u0980-\u09ff",
    "gurmukhi": "\u0a00-\u0a7f",
    "gujarati": "\u0a80-\u0aff",
    "tamil": "\u0b80-\u0bff",
    "telugu": "\u0c00-\u0c7f",
    "kannada": "\u0c80-\u0cff",
    "malayalam": "\u0d00-\u0d7f",
    "sinhala": "\u0d80-\u0dff",
    "thai": "\u0e00-\u0e7f",
    "lao": "\u0e80-\u0eff",
    "myanmar": "\u1000-\u109f",
    "georgian": "\u10a0-\u10ff",
    "ethiopic": "\u1200-\u137f",
    "khmer": "\u1780-\u17ff",
    "hangul": "\u1100-\u11ff\uac00-\ud7af",
    "kana": "\u3040-\u30ff",
    "han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}
_DENSE = {"han": 3, "kana": 3, "hangul": 3}  # letters of an alphabet that one character stands for


class Told(Struct, frozen=True, kw_only=True):
    """What a text shows of its language: its script, None without letters; its different words; how many of them are
    function words of each language.
    """

    script: str | None
    words: frozenset[str]
    hits: Mapping[str, int]

    @property
    def language(self) -> str | None:
        """The language with the most function words in the text; None where it has none of any."""
        return max(self.hits, key=lambda language: self.hits[language], default=None)


def told(text: str) -> Told:
    """What the beginning of a text shows of its language."""
    start = without_marks(text[:READ])
    words = frozenset(tokens(start))  # a name that comes again and again speaks once
    known = languages_by_word()
    hits = Counter(chain.from_iterable(known[word] for word in words if word in known))
    return Told(script=_script(start), words=words, hits=hits)


def language_of(text: str) -> str | None:
    """The language of a text where its function words leave no doubt, as ISO 639-1; else None."""
    found = told(text)
    best = found.language
    if best is None or found.script != _script_of(best):
        return None
    return best if all(_is_in(found, best, rather_than=other) for other in KNOWN - {best}) else None


def differ(answer: str, texts: Sequence[str], *, language: str | None) -> bool:
    """True where most of `texts`, counted in characters, are in another language than the answer.

    `language` is the one that the answer was asked for in: it decides where the answer itself shows none.
    """
    one, looked_at = told(answer), texts[:MOST_TEXTS]
    others = sum(len(text) for text in looked_at if _differ(one, told(text), language=language))
    return 2 * others > sum(map(len, looked_at))


def _differ(answer: Told, other: Told, *, language: str | None) -> bool:
    if answer.script is None or other.script is None:
        return False
    if answer.script != other.script:
        return _scripts_differ(answer, other, language=language)
    theirs = other.language
    if theirs is None:
        return False
    mine = answer.language
    if mine is None or (answer.hits[mine] < FEWEST_WORDS and language is not None):
        mine = primary_language(language) if language is not None else None
        return (
            mine in KNOWN - {theirs}
            and _is_in(other, theirs, rather_than=mine)
            and not _is_in(answer, theirs, rather_than=mine)
        )
    return mine != theirs and _is_in(answer, mine, rather_than=theirs) and _is_in(other, theirs, rather_than=mine)


def _scripts_differ(answer: Told, other: Told, *, language: str | None) -> bool:
    if {answer.script, other.script} == {"han", "kana"}:
        return all(text.script != "han" or len(text.words) >= _FEWEST_HAN for text in (answer, other))
    if answer.script != "latin" or answer.hits:
        return True
    latin = sum(word.isalpha() and word.isascii() and len(word) > 1 for word in answer.words)
    asked_for = None if language is None else _script_of(primary_language(language))
    return latin >= _FEWEST_LATIN_WORDS or asked_for not in (None, other.script)


def _script_of(language: str) -> str | None:
    """The script of a language that is known; None of another."""
    return _script(" ".join(function_words(language))) if language in KNOWN else None


def _is_in(text: Told, language: str, *, rather_than: str) -> bool:
    ours, theirs = text.words & function_words(language), text.words & function_words(rather_than)
    speak_for, against = len(ours - theirs), len(theirs - ours)
    return speak_for >= FEWEST_WORDS and speak_for >= _PREVAIL * against


def _script(text: str) -> str | None:
    """The script of most letters; Japanese is `kana`. None without letters."""
    if text.isascii():
        return "latin" if _ASCII_LETTER.search(text) else None
    letters: Counter[str] = Counter()
    for run in _runs().finditer(text):
        script = run.lastgroup or ""
        letters[script] += len(run[0]) * _DENSE.get(script, 1)
    if letters["kana"] * 10 >= letters["han"] > 0:
        letters["kana"] += letters.pop("han")
    most = max(letters, key=lambda script: letters[script], default="latin")
    return most if letters[most] >= (1 if most == "latin" else _FEWEST_LETTERS) else None


@cache
def _runs() -> re.Pattern[str]:
    """Compiled when first asked for, as it takes a while."""
    return re.compile("|".join(f"(?P<{script}>[{chars}]+)" for script, chars in _RANGES.items()))
