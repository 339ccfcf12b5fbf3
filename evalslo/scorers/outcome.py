"""What a scorer found, as a score."""

from evalslo.model.sample import Sample
from evalslo.model.score import Evidence, Missing, Score
from evalslo.model.sli import Sli

Outcome = float | Missing
"""A value, or why there is none."""


def to_score(outcome: Outcome, sample: Sample, *, sli: Sli, scorer: str, evidence: tuple[Evidence, ...] = ()) -> Score:
    """The score that says `outcome` of one SLI of `sample`; `scorer` is `name/version`."""
    return Score(
        query_id=sample.query_id,
        repeat=sample.repeat,
        sli=str(sli),
        scorer=scorer,
        value=None if isinstance(outcome, Missing) else float(outcome),
        reason=outcome if isinstance(outcome, Missing) else None,
        evidence=evidence,
    )
