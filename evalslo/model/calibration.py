"""How good a scorer is beside people: labels as read, figures as found, and the same answers judged again."""

from typing import Literal

from msgspec import Struct

from evalslo.model.golden import Context
from evalslo.model.objective import Op
from evalslo.model.score import ClaimVerdict

Sampled = Literal["random", "verdict"]
"""How answers were drawn: all alike, or each verdict of the scorer by itself."""


class Figure(Struct, frozen=True, kw_only=True):
    """A number with its two-sided 95 % interval. `estimate` None: not defined on these labels; bounds None: no interval."""

    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    method: str | None = None


class RowToLabel(Struct, frozen=True, kw_only=True):
    """One answer for a person to label, without anything that the scorer said of it.

    `contexts` None: it has none. `claims` are its sentences that state something, None where the SLI is not about claims.
    """

    query_id: str
    repeat: int
    sli: str
    sampled: Sampled
    query: str
    reference: tuple[str, ...]
    contexts: tuple[Context, ...] | None
    answer: str
    claims: tuple[str, ...] | None
    human: float | None = None


class LabelRow(Struct, frozen=True, kw_only=True):
    """One row of a label file. `human` and a second person's `human2` are in the SLI's own sense, None: not labelled.

    `claims` and `claims2` are their verdicts on each claim of the answer, from which all SLIs about claims follow; None: not
    labelled so. `sli`, `answer` and `sampled` are None where the file does not say; `line` counts from 1.
    """

    line: int
    query_id: str
    repeat: int = 0
    sli: str | None = None
    human: float | None = None
    human2: float | None = None
    claims: tuple[ClaimVerdict, ...] | None = None
    claims2: tuple[ClaimVerdict, ...] | None = None
    answer: str | None = None
    sampled: Sampled | None = None


class Cut(Struct, frozen=True, kw_only=True):
    """Where a value of the SLI becomes a yes: at `op` `value`."""

    op: Op
    value: float

    def yes(self, value: float) -> bool:
        """Whether `value` is on the side of yes."""
        return value >= self.value if self.op == ">=" else value <= self.value


class JudgedAnswer(Struct, frozen=True, kw_only=True):
    """One labelled answer. `digest` is over the answer and its contexts: of other ones the label says nothing."""

    query_id: str
    repeat: int
    digest: str
    judged: float
    human: float
    human2: float | None = None


class LabelledSet(Struct, frozen=True, kw_only=True):
    """Labelled answers of one run on one SLI, and the scorer (name and version) whose values stand beside the labels.

    `judged_yes` of the run's `scored` answers are a yes to that scorer: by these a sample of each verdict is reweighted.
    """

    run_id: str
    sli: str
    scorer: str
    sampled: Sampled
    cut: Cut
    scored: int
    judged_yes: int
    answers: tuple[JudgedAnswer, ...]


class Confusion(Struct, frozen=True, kw_only=True):
    """How often two raters said yes and no to the same answers: the first one's word, then the second one's."""

    yes_yes: int
    yes_no: int
    no_yes: int
    no_no: int

    @property
    def n(self) -> int:
        """How many answers both rated."""
        return self.yes_yes + self.yes_no + self.no_yes + self.no_no


class Agreement(Struct, frozen=True, kw_only=True):
    """Two raters' yes and no, the second one taken as right in the first three. `observed`: the share of equal words."""

    confusion: Confusion
    sensitivity: Figure
    specificity: Figure
    balanced_accuracy: Figure
    observed: Figure
    kappa: Figure
    ac1: Figure


class Bin(Struct, frozen=True, kw_only=True):
    """The labelled answers whose judged value lies in [low, high), the last bin closed: their means, people's with interval."""

    low: float
    high: float
    n: int
    judged: float
    human: Figure


class Calibration(Struct, frozen=True, kw_only=True):
    """What labels say of a scorer.

    `auc` and `bins` are for scores, None and () for a rate; `calibration_error` is the mean distance of judged from people's in
    the bins, each by its answers. `labellers` is the second person beside the first, None without one. `unlabelled` rows of
    the file had no label yet. `design_effect` above 1: labels of one unit stand together, and count for fewer.
    `weak` says in words what is weak about it. `self_agreement` is how often two votes of the judge say the same of one answer,
    None where it was asked once, or is no judge.
    """

    labelled: LabelledSet
    unlabelled: int
    design_effect: float
    agreement: Agreement
    labellers: Agreement | None
    auc: Figure | None
    bins: tuple[Bin, ...]
    calibration_error: float | None
    weak: tuple[str, ...] = ()
    self_agreement: Figure | None = None


class Drift(Struct, frozen=True, kw_only=True):
    """The same answers judged then and now, where `became_yes` and `became_no` verdicts changed among `n`.

    `gone` labelled answers are not in the run as they were. `changed` is the share of verdicts that changed, `p_changed` of
    the exact McNemar test speaks against "no more of one verdict than before"; `moved` values differ at all. `before` and
    `after` are the agreement with the labels, on the same answers.
    """

    run_id: str
    sli: str
    scorer_then: str
    scorer_now: str
    cut: Cut
    n: int
    gone: int
    became_yes: int
    became_no: int
    moved: int
    changed: Figure
    p_changed: float
    before: Agreement
    after: Agreement
