"""The claims of an answer held against its contexts by the overlap of words.

It sees new material: words, numbers and names that no context has. It cannot see a swap, a negation, or a number that is
wrong and occurs elsewhere, so it never says `contradicted`, and its support is no probability.
"""

from collections.abc import Sequence

from evalslo.model.golden import Context
from evalslo.model.score import ClaimVerdict, Evidence
from evalslo.scorers.claims import Sentence, read_answer
from evalslo.scorers.languages import language_of
from evalslo.scorers.numerals import other_forms
from evalslo.scorers.passages import Passages, look_up
from evalslo.scorers.support import Support, Words, support, words_of

THRESHOLD = 0.5
"""A claim is supported from here on: on the mean of the five shares, at least as much of it is found as not.

By reasoning, not by tuning: the best threshold differs from corpus to corpus, and a tuned one does not carry over. With it, one
number or one name that is in no context is enough to make a claim unsupported, as all of a claim has to be in the contexts.
"""


def check(
    answer: str, contexts: Sequence[Context], *, language: str | None = None
) -> list[tuple[Evidence, float | None]]:
    """Each sentence of an answer with its verdict, and its support in [0, 1]; None for a sentence that is no claim.

    Where `language` is None, it is the one that the answer shows, else English.
    """
    language = language or language_of(answer)
    return _hold(_read(answer, language=language), contexts, language=language)


def in_references(answer: str, references: Sequence[str], *, language: str | None = None) -> list[bool | None]:
    """Whether any of the references, of which there is one at least, supports each sentence of an answer; None: no claim."""
    language = language or language_of(answer)
    read = _read(answer, language=language)
    tables = [_hold(read, [Context(id="reference", text=text)], language=language) for text in references]
    return [
        None if rows[0][1] is None else any(evidence.verdict == "supported" for evidence, _ in rows)
        for rows in zip(*tables, strict=True)
    ]


def _read(answer: str, *, language: str | None) -> list[tuple[Sentence, Words]]:
    return [
        (sentence, words_of(sentence.text, language=language)) for sentence in read_answer(answer, language=language)
    ]


def _hold(
    read: Sequence[tuple[Sentence, Words]], contexts: Sequence[Context], *, language: str | None
) -> list[tuple[Evidence, float | None]]:
    claims = [words for sentence, words in read if sentence.not_a_claim is None]
    passages = look_up(
        contexts,
        wanted=_spellings(claims, language=language),
        grams={gram for words in claims for gram in words.grams},
        language=language,
    )
    return [_judge(sentence, words, passages=passages) for sentence, words in read]


def _spellings(claims: Sequence[Words], *, language: str | None) -> dict[str, str]:
    """Every spelling of a word of the claims, with the word; what the claims say themselves is a word of its own."""
    numbers = {number for words in claims for number in words.numbers}
    other = {form: number for number in sorted(numbers) for form in other_forms(number, language=language)}
    own = {word for words in claims for word in (*words.content, *words.numbers, *words.names)}
    return other | {word: word for word in own}


def _judge(sentence: Sentence, words: Words, *, passages: Passages) -> tuple[Evidence, float | None]:
    if sentence.not_a_claim is not None:
        return Evidence(claim=sentence.text, verdict="not_a_claim", reason=sentence.not_a_claim), None
    found = support(words, passages)
    context_id, span = (None, None) if found.sentence is None else passages.where[found.sentence]
    verdict: ClaimVerdict = "supported" if found.value >= THRESHOLD else "unsupported"
    return Evidence(
        claim=sentence.text, verdict=verdict, context_id=context_id, span=span, reason=_in_words(found)
    ), found.value


def _in_words(found: Support) -> str:
    """`support 0.31: 3 of 8 content words are in the contexts; new number: 14.4; new name: grafana`."""
    parts = [f"support {found.value:.2f}: {found.found} of {found.content} content words are in the contexts"]
    for kind, new in (("number", found.new_numbers), ("name", found.new_names)):
        if new:
            parts.append(f"new {kind}: {', '.join(new[:3])}")
    return "; ".join(parts)
