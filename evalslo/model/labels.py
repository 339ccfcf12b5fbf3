"""What people said of answers, to correct what a scorer says."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct


class LabelledAnswer(Struct, frozen=True, kw_only=True):
    """One answer with the scorer's value and a person's, both in the SLI's own sense (a rate: 0 or 1).

    `digest` is over the answer and its contexts; None: not known.
    """

    query_id: str
    repeat: int
    digest: str | None = None
    judged: float
    human: float


class Labels(Struct, frozen=True, kw_only=True):
    """Labels of one SLI: which scorer's values they stand beside, and which run's answers.

    `scorer` is the scorer's name and version, as on the scorecard. `run_id` names the run whose answers were labelled, a
    random sample of them (a rate with one answer a query and no groups may take more of one verdict than of the other);
    None: other answers. `scored` answers of that run had a value; None: not known.
    """

    sli: str
    scorer: str
    run_id: str | None
    scored: int | None = None
    answers: tuple[LabelledAnswer, ...]


NO_LABELS: Mapping[str, Labels] = MappingProxyType({})
