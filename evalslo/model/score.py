"""What an answer is worth: one score per SLI and sample, with its evidence."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

ClaimVerdict = Literal["supported", "unsupported", "contradicted", "not_a_claim"]


class Missing(StrEnum):
    """Why a score has no value."""

    NO_CLAIM = "no_claim"  # the answer states nothing that can be checked
    NO_RELEVANT = "no_relevant"  # the golden query names no relevant document
    NO_REFERENCE = "no_reference"  # the golden query has no reference answer
    ANSWERABLE = "answerable"  # abstention, asked of a query that can be answered
    UNANSWERABLE = "unanswerable"  # over-abstention, asked of a query that cannot be answered
    NO_LABEL = "no_label"  # the golden query does not say whether it is answerable
    SHORT_ANSWER = "short_answer"  # one delta has no gap between deltas
    CALL_ERROR = "call_error"  # the call failed
    SCORER_ERROR = "scorer_error"  # the scorer failed
    NO_CONTEXTS = "no_contexts"  # neither the response nor the golden query has contexts
    NO_TIMING = "no_timing"  # not streamed, or cached
    NO_USAGE = "no_usage"  # the endpoint did not count tokens
    NO_PRICE = "no_price"  # an unknown price is unknown and not 0
    JUDGE_ERROR = "judge_error"  # the judge's call failed, or its reply could not be read
    SCORER_LANGUAGE = "scorer_language"  # the scorer cannot judge this answer's language against these contexts
    NOT_COLLECTED = "not_collected"  # planned, and never called

    @property
    def applicable(self) -> bool:
        """False where there is nothing to know; True where something is and it was not measured."""
        return self not in _NOT_APPLICABLE


_NOT_APPLICABLE = frozenset(
    {
        Missing.NO_CLAIM,
        Missing.NO_RELEVANT,
        Missing.NO_REFERENCE,
        Missing.ANSWERABLE,
        Missing.UNANSWERABLE,
        Missing.NO_LABEL,
        Missing.SHORT_ANSWER,
    }
)


class Evidence(Struct, frozen=True, kw_only=True):
    """One claim of an answer and what speaks for it. `span` is (start, end) in the context's text, None without one.

    `in_reference`: the golden query's reference supports it; None where nobody looked.
    """

    claim: str
    verdict: ClaimVerdict
    context_id: str | None = None
    span: tuple[int, int] | None = None
    reason: str | None = None
    in_reference: bool | None = None


class Score(Struct, frozen=True, kw_only=True):
    """One SLI of one sample. Exactly one of `value` and `reason` is None. `scorer` is `name/version`.

    `note` says what a failed scorer said; None where none failed.
    """

    query_id: str
    repeat: int
    sli: str
    scorer: str
    value: float | None = None
    reason: Missing | None = None
    evidence: tuple[Evidence, ...] = ()
    note: str | None = None
