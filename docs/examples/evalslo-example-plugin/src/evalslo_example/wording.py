"""How an answer is worded: a scorer with two SLIs."""

import re
from collections.abc import Sequence

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli, SliSpec

LONGEST_SHORT_WORD = 12
_WORD = re.compile(r"[^\W\d_]+")


class Wording:
    """Rates answers that keep to the house's words, and scores how many of their words are short."""

    name = "wording"
    version = "1"
    slis = (
        SliSpec(
            name="avoids",
            what="none of `terms` stands in the answer",
            kind="rate",
            better="higher",
            options={"terms": True},
        ),
        SliSpec(name="short_words", what="share of words of 12 letters at most", kind="score", better="higher"),
    )

    def options_fault(self, sli: Sli) -> str | None:
        """What is wrong with the options of an SLI, before anything is called; None where nothing is."""
        if sli.name == "avoids" and not all(_WORD.search(term) for term in _terms(sli)):
            return "terms: found one without a letter, wanted words"
        return None

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`, in that order. Pure: no clock, no network, no memory of other samples."""
        answer = sample.response.answer or ""
        return [_score(sample, sli=sli, value=_value(answer, sli=sli)) for sli in slis]


def _value(answer: str, *, sli: Sli) -> float | None:
    words = [word.casefold() for word in _WORD.findall(answer)]
    if sli.name == "avoids":
        return float(not any(term.casefold() in words for term in _terms(sli)))
    return sum(len(word) <= LONGEST_SHORT_WORD for word in words) / len(words) if words else None


def _score(sample: Sample, *, sli: Sli, value: float | None) -> Score:
    return Score(
        query_id=sample.query_id,
        repeat=sample.repeat,
        sli=str(sli),
        scorer=f"{Wording.name}/{Wording.version}",
        value=value,
        reason=Missing.NO_CLAIM if value is None else None,
    )


def _terms(sli: Sli) -> list[str]:
    """The option `terms`: one text, or several."""
    terms = sli.options["terms"]
    return [terms] if isinstance(terms, str) else list(terms)
