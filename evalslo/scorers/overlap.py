"""Faithfulness and hallucination by word overlap: offline, deterministic, a screen."""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Evidence, Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers.outcome import Outcome, to_score
from evalslo.scorers.ranking import contexts_of


class Overlap(Struct, frozen=True):
    """Faithfulness and hallucination from the overlap of answer and contexts."""

    name: str = "overlap"
    slis: tuple[SliSpec, ...] = (
        SliSpec(
            name="faithfulness",
            what="share of the answer's claims that the contexts support",
            kind="score",
            better="higher",
            unproven=True,
        ),
        SliSpec(
            name="hallucination",
            what="some claim of the answer is not supported by the contexts",
            kind="rate",
            better="lower",
            on_error="unmeasured",
            unproven=True,
        ),
    )

    @property
    def version(self) -> str:
        """Where a sentence ends is the splitter's decision, so its version is part of this one."""
        return f"1+sentencex.{_splitter_version()}"

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`, with the evidence for every sentence. No contexts at all is not empty contexts."""
        from evalslo.scorers.overlap_claims import check  # its patterns take time that the first call need not wait for

        scorer = f"{self.name}/{self.version}"
        contexts = contexts_of(query, sample)
        if contexts is None:
            return [to_score(Missing.NO_CONTEXTS, sample, sli=sli, scorer=scorer) for sli in slis]
        checked = check(sample.response.answer or "", contexts, language=query.language)
        evidence = tuple(found for found, _ in checked)
        return [
            to_score(_outcome(evidence, name=sli.name), sample, sli=sli, scorer=scorer, evidence=evidence)
            for sli in slis
        ]


@cache
def _splitter_version() -> str:
    from importlib.metadata import version  # slow to import, and only scoring needs it

    return version("sentencex")


def _outcome(evidence: Sequence[Evidence], *, name: str) -> Outcome:
    verdicts = [found.verdict for found in evidence if found.verdict != "not_a_claim"]
    if not verdicts:
        return Missing.NO_CLAIM
    supported = verdicts.count("supported") / len(verdicts)
    return supported if name == "faithfulness" else float(supported < 1)
