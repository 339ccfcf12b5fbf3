"""How far one claim is made of what the contexts say: shared words, counted in seven ways."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from msgspec import Struct

from evalslo.scorers.function_words import primary_language
from evalslo.scorers.passages import WINDOW, Gram, Passages, triples
from evalslo.scorers.words import content_words, names, tokens, without_citations

NEW_MATERIAL = 0.5
"""What a number, and what a name, that occurs in no context multiplies the support by."""

CAPITALISE_NOUNS = frozenset({"de", "lb", "gsw", "nds", "bar", "ksh", "pfl"})
"""German, Luxembourgish, and what is spelt like them."""


class Words(Struct, frozen=True, kw_only=True):
    """A claim as it is looked up: all its tokens in order, the ones that carry content, its numbers and likely names."""

    all: tuple[str, ...]
    content: frozenset[str]
    numbers: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def grams(self) -> list[Gram]:
        """The pairs and triples of words in a row."""
        return [*pairwise(self.all), *triples(self.all)]


class Support(Struct, frozen=True, kw_only=True):
    """How far a claim is supported. `value` in [0, 1] is no probability. `sentence` is the number of the nearest sentence.

    `found` of `content` words occur in some context; `new_numbers` and `new_names` in none.
    """

    value: float
    sentence: int | None
    found: int
    content: int
    new_numbers: tuple[str, ...]
    new_names: tuple[str, ...]


def words_of(claim: str, *, language: str | None) -> Words:
    """The words of a claim; no names where every noun has a capital, as no capital means a name there."""
    text = without_citations(claim)
    every = tuple(tokens(text))
    return Words(
        all=every,
        content=content_words(every, language=language),
        numbers=tuple(dict.fromkeys(token for token in every if token[0].isdigit())),
        names=() if primary_language(language) in CAPITALISE_NOUNS else tuple(dict.fromkeys(names(text))),
    )


def support(words: Words, passages: Passages) -> Support:
    """The mean of five shares of the claim that the contexts have, halved for a new number and halved for a new name.

    The shares: content words anywhere, in the best window of three sentences, and in the best sentence, each word weighted
    by its rarity among the contexts' sentences; pairs and triples of words in a row.
    """
    weights = {word: _rarity(word, passages) for word in words.content}
    in_sentence, in_window = _weigh(weights, passages)
    best = max(in_sentence, key=lambda number: (in_sentence[number], -number), default=None)
    total = math.fsum(weights.values())
    anywhere = math.fsum(weight for word, weight in weights.items() if passages.places[word]) / total
    window, sentence = (max(weighed.values(), default=0.0) / total for weighed in (in_window, in_sentence))
    pairs, in_threes = (
        _share(grams, passages, otherwise=anywhere) for grams in (pairwise(words.all), triples(words.all))
    )
    new_numbers, new_names = _new(words.numbers, passages), _new(words.names, passages)
    penalty = (NEW_MATERIAL if new_numbers else 1.0) * (NEW_MATERIAL if new_names else 1.0)
    return Support(
        value=penalty * fmean((anywhere, window, sentence, pairs, in_threes)),
        sentence=best,
        found=sum(bool(passages.places[word]) for word in words.content),
        content=len(words.content),
        new_numbers=new_numbers,
        new_names=new_names,
    )


def _rarity(word: str, passages: Passages) -> float:
    """Smoothed inverse document frequency, a sentence being a document: 1 for a word of every sentence."""
    return 1 + math.log((len(passages.where) + 1) / (len(passages.places[word]) + 1))


def _weigh(weights: Mapping[str, float], passages: Passages) -> tuple[dict[int, float], dict[int, float]]:
    """The weight of the claim's words in each sentence, and in each window, by the number of its first sentence."""
    in_sentence: defaultdict[int, float] = defaultdict(float)
    in_window: defaultdict[int, float] = defaultdict(float)
    for word in sorted(weights):  # a sum of floats depends on its order, and a set's order on the process
        weight, counted = weights[word], -WINDOW
        for number in passages.places[word]:
            in_sentence[number] += weight
            for first in range(max(counted, number - WINDOW) + 1, number + 1):  # the windows that are not yet counted
                in_window[first] += weight
            counted = number
    return in_sentence, in_window


def _share(grams: Iterable[Gram], passages: Passages, *, otherwise: float) -> float:
    """Share of `grams` that the contexts have; `otherwise` for a claim too short to have any."""
    known = [gram in passages.grams for gram in grams]
    return sum(known) / len(known) if known else otherwise


def _new(words: Sequence[str], passages: Passages) -> tuple[str, ...]:
    return tuple(word for word in words if not passages.places[word])
