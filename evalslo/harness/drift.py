"""The same answers judged again: whether a scorer still says what it said when people labelled them. Pure; calls nothing."""

from msgspec.structs import replace

from evalslo.errors import MeasurementError, UsageError
from evalslo.harness.calibrate import agreement_of
from evalslo.harness.rescore import ScoredRun
from evalslo.model.calibration import Drift, JudgedAnswer, LabelledSet

_SAME = 1e-9  # between a value as it was kept and as it comes again


def drift(run: ScoredRun, frozen: LabelledSet) -> Drift:
    """How many verdicts on the labelled answers changed, and how far the scorer agrees with the labels before and after.

    Answers are the same by query, repeat and digest; others are `gone`. Raises UsageError where the labels are of another
    SLI, MeasurementError where no answer is the same.
    """
    from evalslo.stats.agreement import dependence, share
    from evalslo.stats.mcnemar import mcnemar

    if frozen.sli != run.sli:
        raise UsageError(f"labels of {frozen.sli} found; wanted labels of {run.sli}: name the other by --sli")
    same = _same(run, frozen)
    if not same:
        raise MeasurementError(
            f"{run.run_id}: none of the {len(frozen.answers)} labelled answers is in it as it was: let the new scorer judge "
            "the run whose answers were labelled, or a recording of it"
        )
    kept = replace(frozen, answers=tuple(same))
    now = [run.values[one.query_id, one.repeat] for one in same]
    verdicts = [(kept.cut.yes(one.judged), kept.cut.yes(value)) for one, value in zip(same, now, strict=True)]
    became_yes, became_no = verdicts.count((False, True)), verdicts.count((True, False))
    units = [run.unit_of((one.query_id, one.repeat)) for one in same]
    deff = dependence([float(then == after) for then, after in verdicts], units, icc_floor=run.icc_floor)
    return Drift(
        run_id=run.run_id,
        sli=run.sli,
        scorer_then=frozen.scorer,
        scorer_now=run.scorer,
        cut=kept.cut,
        n=len(same),
        gone=len(frozen.answers) - len(same),
        became_yes=became_yes,
        became_no=became_no,
        moved=sum(abs(one.judged - value) > _SAME for one, value in zip(same, now, strict=True)),
        changed=share(became_yes + became_no, len(same), deff=deff),
        p_changed=mcnemar(became_yes, became_no).p_changed,
        before=agreement_of(kept, deff=deff),
        after=agreement_of(kept, deff=deff, now=now),
    )


def _same(run: ScoredRun, frozen: LabelledSet) -> list[JudgedAnswer]:
    """The labelled answers that are in the run unchanged, and have a value there."""
    keys = [(one.query_id, one.repeat) for one in frozen.answers if (one.query_id, one.repeat) in run.values]
    digests = {(one.query.id, one.repeat): one.digest for one in run.answers(keys)}
    return [one for one in frozen.answers if digests.get((one.query_id, one.repeat)) == one.digest]
