"""Declining, asked only where it should, or only where it should not."""

from collections.abc import Sequence

from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers.outcome import Outcome, to_score


class Abstention(Struct, frozen=True):
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
    from evalslo.scorers.abstains import abstains  # its patterns take time that the first call need not wait for

    if query.answerable is None:
        return Missing.NO_LABEL
    if query.answerable is (name == "abstention"):
        return Missing.ANSWERABLE if query.answerable else Missing.UNANSWERABLE
    return float(abstains(sample.response.answer or "", language=query.language))
