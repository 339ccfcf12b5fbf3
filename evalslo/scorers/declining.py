"""Whether a sentence declines: clause by clause, so that "it does not say, but it is 5" is heard as an answer."""

import re
import unicodedata
from enum import Enum
from functools import cache

from evalslo.scorers import phrases
from evalslo.scorers.words import without_citations


class Manner(Enum):
    """What a clause does."""

    DECLINES = "declines"
    COURTESY = "courtesy"  # an apology, an offer, where else to look
    ABOUT_SOURCE = "about_source"  # what the documents do speak of
    ASSERTS = "asserts"  # it may state something


_DECLINING = phrases.ENGLISH + phrases.GERMAN + phrases.FRENCH + phrases.SPANISH
_HINT = re.compile(phrases.HINT)
_CONDITION = re.compile(phrases.CONDITION)
_CLAUSE_END = re.compile(phrases.CLAUSE_END)
_DIGIT = re.compile(r"\d")
_WRITTEN_OUT = (
    (re.compile(r"[*_`\"“”„«»()\[\]]"), " "),
    (re.compile(r"[’ʼ`´]"), "'"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\bdont\b"), "do not"),
    (re.compile(r"\b(it|there|that)'s\b"), r"\1 is"),
    (re.compile(r"\bunable\b"), "not able"),
    (re.compile(r"(?<=\w)'m\b"), " am"),
    (re.compile(r"(?<=\w)'re\b"), " are"),
    (re.compile(r"(?<=\w)'ve\b"), " have"),
    (re.compile(r"(?<=\w)'ll\b"), " will"),
    (re.compile(r"(?<=\bi)'d\b"), " would"),
    (re.compile(r"\s+"), " "),
)


def manners(sentence: str) -> list[Manner]:
    """What each clause of a sentence does, in order.

    >>> manners("I'm sorry, but the handbook doesn't say.")
    [<Manner.COURTESY: 'courtesy'>, <Manner.DECLINES: 'declines'>]
    """
    return [_manner(clause) for clause in _clauses(sentence)]


def declines(sentence: str) -> bool:
    """True where the sentence declines and states nothing beside it."""
    if not _HINT.search(sentence.lower()):  # four times as fast as ignoring case
        return False
    found = False
    for clause in _clauses(sentence):
        manner = _manner(clause)
        if manner not in (Manner.DECLINES, Manner.COURTESY):
            return False
        found |= manner is Manner.DECLINES
    return found


def _clauses(sentence: str) -> list[str]:
    clauses = (clause.strip(" .,;:!-–—…") for clause in _CLAUSE_END.split(_folded(sentence)))
    return [clause for clause in clauses if clause]


def _manner(clause: str) -> Manner:
    if _CONDITION.match(clause):  # "if the answer is unknown" declines nothing, and states nothing by itself
        return Manner.COURTESY
    if _HINT.search(clause) and _any_of(_DECLINING).search(clause):
        return Manner.DECLINES
    if _any_of(phrases.COURTESY).search(clause):
        return Manner.COURTESY
    about_source = _any_of(phrases.ABOUT_SOURCE).search(clause) and not _DIGIT.search(clause)
    return Manner.ABOUT_SOURCE if about_source else Manner.ASSERTS


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all; compiled when first asked for, as it takes a while."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _folded(sentence: str) -> str:
    text = unicodedata.normalize("NFKC", without_citations(sentence)).lower()
    for pattern, written in _WRITTEN_OUT:
        text = pattern.sub(written, text)
    return text.strip()
