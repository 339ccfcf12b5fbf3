"""Labels given claim by claim, read as a label of the whole answer: as a scorer's verdicts are."""

from collections.abc import Sequence

from msgspec.structs import replace

from evalslo.model.calibration import LabelRow
from evalslo.model.score import ClaimVerdict, Evidence
from evalslo.scorers.claim_slis import claim_value

FROM_CLAIMS = ("faithfulness", "hallucination", "contradiction")
"""The SLIs that follow from whether the contexts support each claim. `self_knowledge` asks for the reference too."""


def speaks_of(row: LabelRow, *, sli: str) -> bool:
    """Whether the row can be a label of `sli`: it says so, does not say, or judges claims and the SLI follows from these.

    A row that was drawn by the verdict on one SLI is no fair draw for another.
    """
    if row.claims is not None and row.sampled != "verdict":
        return sli in FROM_CLAIMS
    return row.sli in (None, sli) and (row.claims is None or sli in FROM_CLAIMS)


def in_the_sense_of(row: LabelRow, *, sli: str) -> LabelRow:
    """The row with `human` and `human2` read off its verdicts on claims; as it is where it has none.

    An answer all of whose claims a person calls none has no label.
    """
    if row.claims is None:
        return row
    return replace(row, human=_value(row.claims, sli), human2=None if row.claims2 is None else _value(row.claims2, sli))


def _value(verdicts: Sequence[ClaimVerdict], sli: str) -> float | None:
    value = claim_value([Evidence(claim="", verdict=one) for one in verdicts], sli=sli)
    return value if isinstance(value, float) else None
