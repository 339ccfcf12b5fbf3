"""The contexts of an answer, looked up by the words that the answer uses."""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from evalslo.model.golden import Context
from evalslo.scorers.sentences import Span, sentences
from evalslo.scorers.words import tokens

LONGEST_CONTEXTS = 200_000
"""Characters of all contexts of one answer together; what comes after is not read."""
WINDOW = 3
"""Sentences that are read together."""

Gram = tuple[str, ...]


class Passages(Struct, frozen=True, kw_only=True):
    """Where the words of an answer occur. `places` maps a word to the numbers of the sentences that have it.

    `where` gives each sentence its context and its span there. A gap of WINDOW numbers parts the contexts, so that no
    window reaches from one into the next. `grams` are the pairs and triples of words in a row that the answer shares.
    """

    where: dict[int, tuple[str, Span]]
    places: dict[str, list[int]]
    grams: set[Gram]


def look_up(
    contexts: Sequence[Context], *, wanted: Collection[str], grams: Collection[Gram], language: str | None
) -> Passages:
    """The contexts' sentences as far as they have a word of `wanted` or a row of words of `grams`. Linear in the contexts."""
    words, rows = frozenset(wanted), frozenset(grams)
    found = Passages(where={}, places={word: [] for word in words}, grams=set())
    number, room = 0, LONGEST_CONTEXTS
    for context in contexts:
        text = context.text[:room]
        room -= len(text)
        for span in sentences(text, language=language):
            here = tokens(text[span[0] : span[1]])
            found.grams.update(rows.intersection(pairwise(here)), rows.intersection(triples(here)))
            for word in words.intersection(here):
                found.places[word].append(number)
            found.where[number] = (context.id, span)
            number += 1
        number += WINDOW
    return found


def triples(words: Sequence[str]) -> Iterator[Gram]:
    """Every three words in a row."""
    return zip(words, words[1:], words[2:], strict=False)
