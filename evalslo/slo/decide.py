"""The run's verdict, from its rows.

A run passes when every critical objective passes (an intersection-union test: Berger 1982,
doi:10.1080/00401706.1982.10487790); it fails when a critical miss survives Holm's correction over the critical rows
(Holm 1979, jstor.org/stable/4615733).
"""

from collections.abc import Sequence

from msgspec.structs import replace

from evalslo.model.run import Stop
from evalslo.model.scorecard import ObjectiveResult, Reason, Verdict
from evalslo.slo.reasons import reason_of
from evalslo.stats.holm import survivors

EXIT_CODES = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3, Verdict.ERROR: 4, Verdict.FROZEN: 5}


def confirm(rows: Sequence[ObjectiveResult]) -> tuple[ObjectiveResult, ...]:
    """The rows; a critical FAIL that does not survive Holm's correction over all critical rows says so as its reason."""
    critical = [row for row in rows if row.objective.critical]
    p_values = [p_of_miss(row) for row in critical]
    survives = survivors(p_values, [row.objective.alpha for row in critical])
    chance = {row.objective.id for row, survived in zip(critical, survives, strict=True) if not survived}
    text = f"a miss by itself, but among {len(critical)} critical objectives one such miss may be chance"
    return tuple(
        replace(row, reasons=(reason_of(row.objective, "fail_unconfirmed", text),))
        if row.verdict is Verdict.FAIL and row.objective.id in chance
        else row
        for row in rows
    )


def p_of_miss(row: ObjectiveResult) -> float:
    """The p-value of a shown miss; 1 for any other row, which must not help a miss beside it to be confirmed."""
    found = row.estimate if row.verdict is Verdict.FAIL else None
    return 1.0 if found is None or found.p_fail is None else found.p_fail


def decide(
    rows: Sequence[ObjectiveResult],
    *,
    unanswered: str | None,
    limited: bool,
    interrupted: bool,
    stopped: Stop | None = None,
) -> tuple[Verdict, int, tuple[Reason, ...]]:
    """The run's verdict, exit code and reasons, from rows that went through `confirm`.

    `unanswered` says why no call brought an answer; None where one did. `interrupted`: it is not finished; `stopped` says
    why, None where it was killed. Precedence: a confirmed miss (1), then what could not be measured (4), then what could
    not be shown (3), then 0.
    """
    ended_early = _ended_early(stopped) if interrupted or stopped is not None else ()
    critical = [row for row in rows if row.objective.critical]
    missed_first = sorted(critical, key=lambda row: row.verdict is not Verdict.FAIL)
    reasons = tuple(reason for row in missed_first for reason in row.reasons)
    if not critical:
        return _outcome(Verdict.ERROR, Reason(code="no_critical", text="no critical objective: nothing was decided"))
    if unanswered is not None:
        text = f"no call brought an answer, so nothing was measured: {unanswered}"
        return _outcome(Verdict.ERROR, *(() if stopped is None else ended_early), Reason(code="no_answer", text=text))
    if any(row.verdict is Verdict.FAIL and not _unconfirmed(row) for row in critical):
        return _outcome(Verdict.FAIL, *reasons)
    if ended_early:
        return _outcome(Verdict.ERROR, *ended_early, *reasons)
    if any(row.verdict is Verdict.ERROR for row in critical):
        return _outcome(Verdict.ERROR, *reasons)
    if limited:
        text = "only a part of the golden set was asked: a limited run never passes"
        return _outcome(Verdict.INCONCLUSIVE, Reason(code="limited", text=text), *reasons)
    if any(_blocks(row) for row in critical):
        return _outcome(Verdict.INCONCLUSIVE, *reasons)
    return _outcome(Verdict.PASS, *(_warned(reason, critical) for reason in reasons))


def _ended_early(stopped: Stop | None) -> tuple[Reason, ...]:
    if stopped is not None:
        return (Reason(code=stopped.code, text=stopped.text),)
    text = "stopped before it was finished; run it again with --resume to go on"
    return (Reason(code="interrupted", text=text),)


def _outcome(verdict: Verdict, *reasons: Reason) -> tuple[Verdict, int, tuple[Reason, ...]]:
    return verdict, EXIT_CODES[verdict], reasons


def _unconfirmed(row: ObjectiveResult) -> bool:
    return any(reason.code == "fail_unconfirmed" for reason in row.reasons)


def _blocks(row: ObjectiveResult) -> bool:
    """An undecided row blocks unless it only warns; an unconfirmed miss always does."""
    undecided = row.verdict is Verdict.INCONCLUSIVE and row.objective.on_inconclusive == "block"
    return undecided or _unconfirmed(row)


def _warned(reason: Reason, critical: Sequence[ObjectiveResult]) -> Reason:
    """The reason as it stands, or with a word where `on_inconclusive: warn` let an undecided row through."""
    undecided = {row.objective.id for row in critical if row.verdict is Verdict.INCONCLUSIVE}
    if reason.objective not in undecided:
        return reason
    return replace(reason, text=f"{reason.text} (on_inconclusive: warn lets it through)")
