"""Labels beside what the scorer says of the same answers: how good it is, with intervals. Pure; calls nothing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from evalslo.errors import Fault, FileFaults, UsageError
from evalslo.harness.answers import AnswerSeen
from evalslo.harness.claim_labels import in_the_sense_of, speaks_of
from evalslo.harness.label_rows import require_by_verdict
from evalslo.harness.rescore import ScoredRun
from evalslo.harness.self_agreement import self_agreement
from evalslo.model.calibration import (
    Agreement,
    Bin,
    Calibration,
    Confusion,
    Cut,
    Figure,
    JudgedAnswer,
    LabelledSet,
    LabelRow,
    Sampled,
)

if TYPE_CHECKING:
    from evalslo.stats.agreement import Stratum

SEED = 0
"""Of the draws behind intervals: equal labels have equal intervals."""
FEW = 10
LEAST_SKILL = 0.2
_TOLD = 50
_COMPARED = 2_000  # characters of an answer: a spreadsheet may have cut what comes after


class Matched(Struct, frozen=True, kw_only=True):
    """The labels that stand beside a value; `unlabelled` rows had no label, `unscored` answers have no value."""

    labelled: LabelledSet
    unlabelled: int
    unscored: int


def sli_of(rows: Sequence[LabelRow], *, asked: str | None) -> str | None:
    """Which SLI the labels are of: `asked`, else the only one that the rows name, else None. Raises UsageError for several."""
    named = sorted({row.sli for row in rows if row.sli is not None})
    if asked is not None or not named:
        return asked
    if len(named) > 1:
        raise UsageError(f"labels of {', '.join(named)} found; name one by --sli")
    return named[0]


def match(run: ScoredRun, rows: Sequence[LabelRow], *, file: str, sampled: Sampled | None) -> Matched:
    """The labels of the run's SLI beside the scorer's values. `sampled` None: as the rows say, else at random.

    Raises FileFaults for rows that are not of this run's answers, UsageError for a sample that cannot be.
    """
    rows = [in_the_sense_of(row, sli=run.sli) for row in rows if speaks_of(row, sli=run.sli)]
    labelled = [row for row in rows if row.human is not None]
    if not labelled:
        raise UsageError(f"{file}: no label of {run.sli}; name another SLI by --sli, or label its rows")
    how = sampled or _sampled(labelled, file=file)
    if how == "verdict":
        require_by_verdict(run)
    keys = [(row.query_id, row.repeat) for row in labelled]
    seen = {(one.query.id, one.repeat): one for one in run.answers(keys)}
    if faults := [fault for row in labelled for fault in _faults(run, row, seen.get((row.query_id, row.repeat)), file)]:
        rest = [Fault(file, None, "", f"and {len(faults) - _TOLD} further faults")] if len(faults) > _TOLD else []
        raise FileFaults((*faults[:_TOLD], *rest))
    scored = [row for row in labelled if (row.query_id, row.repeat) in run.values]
    if not scored:
        raise UsageError(f"{file}: none of the labelled answers has a value of {run.sli}; label answers that have one")
    answers = tuple(_judged(run, row, seen[row.query_id, row.repeat]) for row in scored)
    return Matched(
        labelled=LabelledSet(
            run_id=run.run_id,
            sli=run.sli,
            scorer=run.scorer,
            sampled=how,
            cut=run.cut,
            scored=len(run.values),
            judged_yes=run.judged_yes,
            answers=answers,
        ),
        unlabelled=len(rows) - len(labelled),
        unscored=len(labelled) - len(scored),
    )


def calibrate(run: ScoredRun, matched: Matched) -> Calibration:
    """How far the scorer agrees with people on the labelled answers, and what is weak about it."""
    from evalslo.stats.agreement import dependence

    kept = matched.labelled
    units = [run.unit_of((one.query_id, one.repeat)) for one in kept.answers]
    deff = dependence([1.0 - abs(one.judged - one.human) for one in kept.answers], units, icc_floor=run.icc_floor)
    agreement = agreement_of(kept, deff=deff)
    auc, bins, error = _of_scores(run, kept, units=units, deff=deff)
    labellers = _labellers(kept, deff=deff)
    return Calibration(
        labelled=kept,
        unlabelled=matched.unlabelled,
        design_effect=deff,
        agreement=agreement,
        labellers=labellers,
        auc=auc,
        bins=bins,
        calibration_error=error,
        weak=tuple(_weak(matched, agreement, auc=auc, labellers=labellers, deff=deff)),
        self_agreement=self_agreement(run),
    )


def agreement_of(kept: LabelledSet, *, deff: float, now: Sequence[float] | None = None) -> Agreement:
    """The agreement with people of the values in `kept`, or of the values `now` of the same answers."""
    from evalslo.stats.agreement import agreement

    judged = [one.judged for one in kept.answers] if now is None else now
    pairs = [(kept.cut.yes(value), kept.cut.yes(one.human)) for value, one in zip(judged, kept.answers, strict=True)]
    return agreement(_strata(kept, pairs, by_first=now is None), seed=SEED, deff=deff)


def confusion_of(pairs: Sequence[tuple[bool, bool]]) -> Confusion:
    """How often two raters said yes and no."""
    return Confusion(
        yes_yes=pairs.count((True, True)),
        yes_no=pairs.count((True, False)),
        no_yes=pairs.count((False, True)),
        no_no=pairs.count((False, False)),
    )


def _sampled(rows: Sequence[LabelRow], *, file: str) -> Sampled:
    said = {row.sampled or "random" for row in rows}
    if len(said) > 1:
        raise UsageError(f"{file}: rows drawn at random and rows drawn by verdict; give labels of one sample")
    return said.pop()


def _faults(run: ScoredRun, row: LabelRow, seen: AnswerSeen | None, file: str) -> Iterator[Fault]:
    key = f"query {row.query_id[:80]!r}, repeat {row.repeat},"
    if seen is None:
        message = f"{key} has no answer in run {run.run_id}; wanted labels of this run's answers"
        yield Fault(file, row.line, "query_id", message)
    elif row.answer is not None and _plain(row.answer) != _plain(seen.answer):
        message = f"{key} has another answer in run {run.run_id}: a label holds for the answer that was read"
        yield Fault(file, row.line, "answer", message)
    if run.spec.kind == "rate":
        for name, label in (("human", row.human), ("human2", row.human2)):
            if label not in (None, 0.0, 1.0):
                yield Fault(file, row.line, name, f"found {label}; {run.sli} is a rate: wanted 0 or 1")


def _plain(answer: str) -> str:
    """What two copies of an answer have in common: white space and lone surrogates do not survive every editor."""
    sound = answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(sound.split())[:_COMPARED]


def _judged(run: ScoredRun, row: LabelRow, seen: AnswerSeen) -> JudgedAnswer:
    return JudgedAnswer(
        query_id=row.query_id,
        repeat=row.repeat,
        digest=seen.digest,
        judged=run.values[row.query_id, row.repeat],
        human=row.human or 0.0,
        human2=row.human2,
    )


def _strata(kept: LabelledSet, pairs: Sequence[tuple[bool, bool]], *, by_first: bool) -> "list[Stratum]":
    """The words on the labelled answers, by the parts that these were drawn from; `by_first`: parts by the first's words."""
    from evalslo.stats.agreement import Stratum

    if kept.sampled == "random":
        return [Stratum(size=max(kept.scored, len(pairs)), confusion=confusion_of(pairs))]
    yes = [kept.cut.yes(one.judged) for one in kept.answers]
    of_yes = confusion_of([pair for pair, is_yes in zip(pairs, yes, strict=True) if is_yes])
    of_no = confusion_of([pair for pair, is_yes in zip(pairs, yes, strict=True) if not is_yes])
    return [
        Stratum(size=kept.judged_yes, confusion=of_yes, first="yes" if by_first else None),
        Stratum(size=kept.scored - kept.judged_yes, confusion=of_no, first="no" if by_first else None),
    ]


def _of_scores(
    run: ScoredRun, kept: LabelledSet, *, units: Sequence[str], deff: float
) -> tuple[Figure | None, tuple[Bin, ...], float | None]:
    """ROC-AUC, reliability and its error; nothing for a rate."""
    if run.spec.kind != "score":
        return None, (), None
    from evalslo.stats.auc import roc_auc
    from evalslo.stats.reliability import calibration_error, reliability

    ranked = [(_rank(kept.cut, one.judged), kept.cut.yes(one.human)) for one in kept.answers]
    auc = roc_auc([rank for rank, yes in ranked if yes], [rank for rank, yes in ranked if not yes], deff=deff)
    judged, human = [one.judged for one in kept.answers], [one.human for one in kept.answers]
    bins = reliability(judged, human, units=units, icc_floor=run.icc_floor)
    return auc, bins, calibration_error(bins)


def _rank(cut: Cut, value: float) -> float:
    """The value so that more is more of a yes."""
    return value if cut.op == ">=" else 1.0 - value


def _labellers(kept: LabelledSet, *, deff: float) -> Agreement | None:
    """The second person beside the first, where there is one; the first stands where a scorer would."""
    from evalslo.stats.agreement import agreement

    both = tuple(one for one in kept.answers if one.human2 is not None)
    if not both:
        return None
    pairs = [(kept.cut.yes(one.human), kept.cut.yes(one.human2 or 0.0)) for one in both]
    return agreement(_strata(replace(kept, answers=both), pairs, by_first=False), seed=SEED, deff=deff)


def _weak(
    matched: Matched, found: Agreement, *, auc: Figure | None, labellers: Agreement | None, deff: float
) -> Iterator[str]:
    """What a reader must not overlook, in words."""
    table, skill, area = found.confusion, found.balanced_accuracy, auc or Figure()
    fewer, word = min((table.yes_yes + table.no_yes, "yes"), (table.yes_no + table.no_no, "no"))
    if fewer < FEW:
        yield (
            f"people say {word} of only {fewer} of {table.n} labelled answers: what it does with such answers is hardly "
            "known; label more of them"
        )
    if skill.estimate is not None and skill.lower is not None and skill.lower <= 0.5:
        yield f"not shown to be better than a coin: its balanced accuracy may be as low as {skill.lower:.3f}"
    if skill.estimate is not None and 2.0 * skill.estimate - 1.0 < LEAST_SKILL:
        yield "sensitivity + specificity is under 1.2: labels of this run can correct it, these cannot correct another run"
    if area.lower is not None and area.lower <= 0.5:
        yield f"not shown to rank better than a coin: its ROC-AUC may be as low as {area.lower:.3f}"
    agreed = None if labellers is None else labellers.kappa.estimate
    if agreed is not None and agreed < 0.6:
        yield f"two people agree with a kappa of only {agreed:.2f}: a scorer cannot be shown to be better than its labels"
    if deff > 1.0:
        yield (
            f"labels of one golden query or group stand together: the {table.n} count as {table.n / deff:.0f}, and "
            "intervals are widened so"
        )
    if matched.unscored:
        yield f"{matched.unscored} labelled answers have no value of the scorer, and are left out"
    if matched.unlabelled:
        yield f"{matched.unlabelled} rows have no label yet, or none of their sentences is a claim to people"
