"""Whether an answer declines."""

from collections.abc import Sequence

from evalslo.scorers.claims import Sentence, read_answer
from evalslo.scorers.declining import Manner, manners


def abstains(answer: str, *, language: str | None) -> bool:
    """True where some clause of the answer declines and none states anything.

    Courtesy, where else to look, and what the documents do speak of are no statements. An answer that declines and then
    answers anyway, or answers a part, has not declined: a guess after "I do not know" is a guess.

    >>> abstains("I'm sorry, but the handbook does not say. Please ask the team.", language="en")
    True
    >>> abstains("The handbook does not say, but it is usually 28 days.", language="en")
    False
    """
    read = [(sentence, manners(sentence.text)) for sentence in read_answer(answer, language=language)]
    declined = any(Manner.DECLINES in found for _, found in read)
    return declined and not any(_answers(sentence, found) for sentence, found in read)


def _answers(sentence: Sentence, found: Sequence[Manner]) -> bool:
    return sentence.not_a_claim is None and Manner.ASSERTS in found
