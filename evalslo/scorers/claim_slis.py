"""The SLIs that are read off a claim table: the verdicts on an answer's claims in, one value an SLI out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from evalslo.model.score import Evidence, Missing
from evalslo.model.sli import SliSpec
from evalslo.scorers.outcome import Outcome

CLAIM_SLIS: Mapping[str, SliSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
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
            SliSpec(
                name="contradiction",
                what="some claim of the answer contradicts the contexts",
                kind="rate",
                better="lower",
                on_error="unmeasured",
                unproven=True,
            ),
            SliSpec(
                name="self_knowledge",
                what="share of the answer's claims that the reference supports and no context does",
                kind="score",
                better=None,
                on_error="unmeasured",
                unproven=True,
                speaks_of="reference",
            ),
        )
    }
)


def claim_value(table: Sequence[Evidence], *, sli: str) -> Outcome:
    """What a claim table says of one of `CLAIM_SLIS`: a value in [0, 1], or why there is none.

    An answer that states nothing has no value: neither faithful nor hallucinated, and never 1, 0 or NaN.
    """
    claims = [one for one in table if one.verdict != "not_a_claim"]
    if not claims:
        return Missing.NO_CLAIM
    supported = sum(one.verdict == "supported" for one in claims)
    if sli == "faithfulness":
        return supported / len(claims)
    if sli == "hallucination":
        return float(supported < len(claims))
    if sli == "contradiction":
        return float(any(one.verdict == "contradicted" for one in claims))
    known = [one for one in claims if one.in_reference is not None]
    if not known:
        return Missing.NO_REFERENCE
    return sum(one.verdict != "supported" and bool(one.in_reference) for one in known) / len(claims)
