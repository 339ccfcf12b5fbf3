"""The contexts of an answer, looked up by the words that the answer uses."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from evalslo.model.golden import Context
from evalslo.scorers.sentences import Span, sentences
from evalslo.scorers.words import BREAK, stream

LONGEST_CONTEXTS = 200_000
"""Characters of all contexts of one answer together; what comes after is not read."""
WINDOW = 3
"""Sentences that are read together."""

Gram = tuple[str, ...]
Hit = tuple[int, str]
"""A token that is looked for, after its place in the stream."""


class Passages(Struct, frozen=True, kw_only=True):
    """Where the words of an answer occur. `places` maps a word to the numbers of the sentences that have it.

    `where` gives each sentence its context and its span there. A gap of WINDOW numbers parts the contexts, so that no
    window reaches from one into the next. `grams` are the pairs and triples of words in a row that the answer shares.
    """

    where: dict[int, tuple[str, Span]]
    places: dict[str, list[int]]
    grams: set[Gram]


def look_up(
    contexts: Sequence[Context], *, wanted: Mapping[str, str], grams: Collection[Gram], language: str | None
) -> Passages:
    """The contexts' sentences as far as they have a word of `wanted` or a row of words of `grams`. Linear in the contexts.

    `wanted` maps every spelling of a word to the word.
    """
    found = Passages(where={}, places={word: [] for word in wanted.values()}, grams=set())
    rows = frozenset(grams)
    known = frozenset((BREAK, *wanted, *chain.from_iterable(rows)))
    number, room = 0, LONGEST_CONTEXTS
    for context in contexts:
        text = context.text[:room]
        room -= len(text)
        spans = sentences(text, language=language)
        found.where.update((number + nth, (context.id, span)) for nth, span in enumerate(spans))
        here = stream(text[start:end] for start, end in spans)
        hits = [(nth, token) for nth, token in enumerate(here) if token in known]
        _note_places(found.places, hits, wanted, number=number)
        _note_grams(found.grams, hits, rows)
        number += len(spans) + WINDOW
    return found


def _note_places(places: dict[str, list[int]], hits: Sequence[Hit], wanted: Mapping[str, str], *, number: int) -> None:
    """Notes each sentence that has a word of `wanted`; the first sentence of `hits` has `number`."""
    for _, token in hits:
        if token == BREAK:
            number += 1
        elif token in wanted and ((noted := places[wanted[token]])[-1:] != [number]):
            noted.append(number)


def _note_grams(grams: set[Gram], hits: Sequence[Hit], rows: frozenset[Gram]) -> None:
    """Notes the pairs and triples of neighbours in `hits` that are in `rows`, where no break is a word of."""
    before, row = -1, ("", "")
    for nth, token in hits:
        pair = (row[1], token) if nth == before + 1 else ("", token)
        if pair in rows:
            grams.add(pair)
            if (triple := (row[0], *pair)) in rows:
                grams.add(triple)
        before, row = nth, pair


def triples(words: Sequence[str]) -> Iterator[Gram]:
    """Every three words in a row."""
    return zip(words, words[1:], words[2:], strict=False)
