"""Whether an answer declines, asked only where it should, or only where it should not."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers.claims import Sentence, read_answer
from evalslo.scorers.declining import Manner, manners
from evalslo.scorers.outcome import Outcome, to_score


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


@dataclass(frozen=True, slots=True)
class Abstention:
    """Keyword screens for declining, in English, German, French and Spanish."""

    name: str = "abstention"
    version: str = "1"
    slis: tuple[SliSpec, ...] = (
        SliSpec(
            name="abstention",
            what="declines a query that cannot be answered",
            kind="rate",
            better="higher",
            on_error="unmeasured",
            unproven=True,
            speaks_of="unanswerable",
        ),
        SliSpec(
            name="over_abstention",
            what="declines a query that can be answered",
            kind="rate",
            better="lower",
            on_error="unmeasured",
            unproven=True,
            speaks_of="answerable",
        ),
    )

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`; no value where the query does not say, or says the other, of `answerable`."""
        scorer = f"{self.name}/{self.version}"
        return [to_score(_outcome(query, sample, name=sli.name), sample, sli=sli, scorer=scorer) for sli in slis]


def _outcome(query: GoldenQuery, sample: Sample, *, name: str) -> Outcome:
    if query.answerable is None:
        return Missing.NO_LABEL
    if query.answerable is (name == "abstention"):
        return Missing.ANSWERABLE if query.answerable else Missing.UNANSWERABLE
    return float(abstains(sample.response.answer or "", language=query.language))
