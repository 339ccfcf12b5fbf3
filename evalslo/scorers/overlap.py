"""Faithfulness, hallucination and self-knowledge by word overlap: offline, deterministic, a screen."""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Sample
from evalslo.model.score import Evidence, Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.scorers.claim_slis import CLAIM_SLIS, claim_value
from evalslo.scorers.outcome import Outcome, to_score
from evalslo.scorers.ranking import contexts_of

Table = tuple[Evidence, ...]
"""The sentences of an answer, each with its verdict."""


class Overlap(Struct, frozen=True):
    """The claims of an answer held against its contexts by shared words. No `contradiction`: shared words show none."""

    name: str = "overlap"
    slis: tuple[SliSpec, ...] = tuple(CLAIM_SLIS[name] for name in ("faithfulness", "hallucination", "self_knowledge"))

    @property
    def version(self) -> str:
        """Where a sentence ends is the splitter's decision, so its version is part of this one."""
        return f"2+sentencex.{_splitter_version()}"

    def score(self, query: GoldenQuery, sample: Sample, *, slis: Sequence[Sli]) -> list[Score]:
        """One score for each of `slis`, with the evidence for every sentence. No contexts at all is not empty contexts.

        Where it cannot judge the answer's language against that of the contexts, there is neither value nor evidence.
        """
        scorer = f"{self.name}/{self.version}"
        contexts = contexts_of(query, sample)
        if contexts is None:
            return [to_score(Missing.NO_CONTEXTS, sample, sli=sli, scorer=scorer) for sli in slis]
        table = _table(query, sample, contexts=contexts)
        found: dict[str, tuple[Outcome, Table]] = {}
        for sli in slis:
            if sli.name not in found:
                found[sli.name] = _found(query, sample, sli=sli.name, table=table)
        return [
            to_score(found[sli.name][0], sample, sli=sli, scorer=scorer, evidence=found[sli.name][1]) for sli in slis
        ]


def _table(query: GoldenQuery, sample: Sample, *, contexts: Sequence[Context]) -> Table | None:
    """The claim table; None where answer and contexts are in different languages."""
    from evalslo.scorers.overlap_claims import check  # its patterns take time that the first call need not wait for

    table = tuple(found for found, _ in check(sample.response.answer or "", contexts, language=query.language))
    return None if _in_another_language([context.text for context in contexts], table=table, query=query) else table


def _found(query: GoldenQuery, sample: Sample, *, sli: str, table: Table | None) -> tuple[Outcome, Table]:
    if sli == "self_knowledge" and table is not None and query.reference:
        table = _with_references(query, sample, table=table)
    return (Missing.SCORER_LANGUAGE, ()) if table is None else (claim_value(table, sli=sli), table)


def _with_references(query: GoldenQuery, sample: Sample, *, table: Table) -> Table | None:
    """The table with what the references make of each claim, any of them; None where they are in another language."""
    from msgspec.structs import replace

    from evalslo.scorers.overlap_claims import in_references

    if _in_another_language(query.reference, table=table, query=query):
        return None
    found = in_references(sample.response.answer or "", query.reference, language=query.language)
    return tuple(replace(one, in_reference=known) for one, known in zip(table, found, strict=True))


def _in_another_language(texts: Sequence[str], *, table: Table, query: GoldenQuery) -> bool:
    from evalslo.scorers.languages import differ

    claims = " ".join(one.claim for one in table if one.verdict != "not_a_claim")
    return differ(claims, texts, language=query.language)


@cache
def _splitter_version() -> str:
    from importlib.metadata import version  # slow to import, and only scoring needs it

    return version("sentencex")
