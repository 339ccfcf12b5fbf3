"""The scorecard on a terminal: the verdict first, then why, what to do, and what it rests on."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from evalslo.model.scorecard import Lag, ObjectiveResult, Reason, Scorecard, Sequential, UsageTotals, Verdict
from evalslo.report.failed_calls import failed_calls
from evalslo.report.figures import amount
from evalslo.report.paper import COLOURS, Paper, flowing, joined, labelled, paper_of, put, said, verdict_mark
from evalslo.report.rows import is_unconfirmed, objective_rows
from evalslo.report.slices import slice_findings
from evalslo.report.told import told_reasons
from evalslo.report.trust import UNVERIFIED, trusts_anybody
from evalslo.report.worst import worst_answers

_INDENT = 4
_MOST_REASONS = 8
_MOST_ADVICE = 8
_TIMINGS = {
    "recorded": "recorded: latencies are those of the recording, not of this run",
    "cached": "cached: answers from the cache have no latency",
}


def render(scorecard: Scorecard, *, console: Console, run_folder: str | None = None) -> None:
    """Prints the scorecard; `run_folder` is where the whole report lies, None where nothing was kept."""
    paper = paper_of(console)
    blocks = [
        _verdict(paper, scorecard),
        _reasons(paper, scorecard),
        objective_rows(paper, scorecard.objectives, reasons=scorecard.reasons),
        _next(paper, scorecard),
        slice_findings(paper, scorecard.slices, objectives=scorecard.objectives),
        worst_answers(paper, scorecard.worst),
        _footer(paper, scorecard, run_folder=run_folder),
    ]
    for number, block in enumerate(block for block in blocks if block):
        if number:
            put(paper, [Text()])
        put(paper, block)


def tally(results: Sequence[ObjectiveResult], *, reasons: Sequence[Reason]) -> list[str]:
    """How the objectives stand, in words: `3 of 5 critical met`, `1 missed`, `1 not yet known`, `0 of 2 soft met`."""
    critical = [result for result in results if result.objective.critical]
    soft = [result for result in results if not result.objective.critical]
    soft_met = sum(result.verdict is Verdict.PASS for result in soft)
    of_soft = f"{soft_met} of {len(soft)} soft met" if soft else ""
    if not critical:
        return ["no critical objective", of_soft]
    unconfirmed = [result for result in critical if is_unconfirmed(result, reasons)]
    count = {verdict: sum(result.verdict is verdict for result in critical) for verdict in Verdict}
    missed = count[Verdict.FAIL] - sum(result.verdict is Verdict.FAIL for result in unconfirmed)
    return [
        f"{count[Verdict.PASS]} of {len(critical)} critical met",
        f"{missed} missed" if missed else "",
        f"{len(unconfirmed)} missed, unconfirmed" if unconfirmed else "",
        f"{count[Verdict.INCONCLUSIVE]} not yet known" if count[Verdict.INCONCLUSIVE] else "",
        f"{count[Verdict.ERROR]} not measured" if count[Verdict.ERROR] else "",
        of_soft,
    ]


def badge(paper: Paper, verdict: Verdict) -> Text:
    """The verdict as a coloured field; without colour the words still say it."""
    return Text(f" {verdict_mark(paper, verdict)} ", style=f"bold reverse {COLOURS[verdict]}")


def _verdict(paper: Paper, scorecard: Scorecard) -> list[Text]:
    """The verdict with suite and exit code, how the objectives stand, and which run it was."""
    mark = badge(paper, scorecard.verdict)
    code = f"exit {scorecard.exit_code}"
    room = paper.width - mark.cell_len - len(code) - 6
    suite = said(paper, scorecard.suite, width=max(room, 8))
    first = Text.assemble(" ", mark, "  ", (suite, "bold"))
    first.pad_right(max(paper.width - first.cell_len - len(code) - 1, 2))
    first.append(code, style="bold")
    stand = flowing(paper, tally(scorecard.objectives, reasons=scorecard.reasons), indent=_INDENT)
    return [first, *stand, *flowing(paper, _which(paper, scorecard), indent=_INDENT, style="dim")]


def _which(paper: Paper, scorecard: Scorecard) -> list[str]:
    """Which run it was. Each name follows a word of ours, so that no name can stand where a verdict does."""
    named = {
        "run": scorecard.run_id,
        "service": scorecard.service,
        "variant": scorecard.variant,
        "release": scorecard.release,
        "environment": scorecard.environment,
    }
    words = [f"{word} {said(paper, name, width=48)}" for word, name in named.items() if name is not None]
    return [*words, _took(scorecard), *_stopped(scorecard.sequential)]


def _stopped(ended: Sequential | None) -> list[str]:
    """Where a sequential run ended, and what that saved."""
    if ended is None:
        return []
    went = f"sequential: {ended.stopped_at:,} of {ended.horizon:,} queries"
    saved = f"{ended.calls_saved:,} calls saved" if ended.calls_saved else ""
    return [went, saved, f"seed {ended.seed}"]


def _took(scorecard: Scorecard) -> str:
    """How long the run took, "" where its times do not say."""
    try:
        started = datetime.fromisoformat(scorecard.started_at)
        seconds = (datetime.fromisoformat(scorecard.finished_at or "") - started).total_seconds()
    except (ValueError, TypeError):  # not ISO 8601, or only one of the two has a time zone
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"took {minutes} min {rest} s" if minutes else f"took {amount(seconds, unit='s')}"


def _reasons(paper: Paper, scorecard: Scorecard) -> list[Text]:
    """The run's reasons; objectives with the same reason share a line. Soft rows tell theirs below themselves."""
    by_text: dict[str, list[str]] = {}
    for reason in scorecard.reasons:
        by_text.setdefault(reason.text, []).extend([reason.objective] if reason.objective is not None else [])
    bodies = [_reason(paper, text, objectives=names) for text, names in list(by_text.items())[:_MOST_REASONS]]
    if len(by_text) > _MOST_REASONS:
        bodies.append(Text(f"and {len(by_text) - _MOST_REASONS} more", style="dim"))
    return labelled(paper, "why", bodies)


def _reason(paper: Paper, text: str, *, objectives: Sequence[str]) -> Text:
    if not objectives or (len(objectives) == 1 and text.startswith(objectives[0])):
        return Text(said(paper, text))
    names = ", ".join(said(paper, name, width=32) for name in objectives)
    return Text.assemble((names, "bold"), ": ", said(paper, text))


def _next(paper: Paper, scorecard: Scorecard) -> list[Text]:
    """What to do: the advice, then what would settle the open rows."""
    bodies = [Text(said(paper, line)) for line in scorecard.advice[:_MOST_ADVICE]]
    told = told_reasons(scorecard)
    bodies += [_needed(paper, result) for result in scorecard.objectives if _needs_telling(result, told=told)]
    return labelled(paper, "next", bodies)


def _needs_telling(result: ObjectiveResult, *, told: Sequence[Reason]) -> bool:
    """True where a number of queries would settle a row, and no reason has said so already."""
    if result.estimate is None or result.estimate.needed is None:
        return False
    words = f"{result.estimate.needed} more queries"
    return not any(words in reason.text for reason in told if reason.objective == result.objective.id)


def _needed(paper: Paper, result: ObjectiveResult) -> Text:
    needed = 0 if result.estimate is None else result.estimate.needed or 0
    name = said(paper, result.objective.id, width=32)
    return Text.assemble((name, "bold"), f": about {needed:,} more queries would settle it at the present estimate")


def _footer(paper: Paper, scorecard: Scorecard, *, run_folder: str | None) -> list[Text]:
    page = failed_calls(paper, scorecard)
    page += labelled(paper, "usage", [Text(joined(paper, _usage(scorecard.usage)))])
    if scorecard.usage.judge is not None:
        page += labelled(paper, "judges", [Text(joined(paper, _usage(scorecard.usage.judge)))])
    page += labelled(paper, "timings", _timings(scorecard))
    if trusts_anybody(scorecard.fingerprint.endpoint):
        page += labelled(
            paper, "trust", [Text(f"{UNVERIFIED}: anybody on the way could forge answers", style="yellow")]
        )
    if run_folder is not None:
        page += labelled(paper, "report", [Text(said(paper, run_folder, width=4096))])
    return page


def _usage(usage: UsageTotals) -> list[str]:
    """Calls, retries, answers from the cache, tokens and cost; what is unknown is said to be."""
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        tokens = "tokens unknown"
    else:
        tokens = f"{_count(usage.prompt_tokens)} prompt + {_count(usage.completion_tokens)} completion tokens"
    cost = "unknown" if usage.cost_usd is None else amount(usage.cost_usd, unit="usd")
    cached = f"{usage.cached:,} cached" if usage.cached else ""
    return [f"{usage.calls:,} calls", f"{usage.retries:,} retries", cached, tokens, f"cost {cost}"]


def _count(tokens: int | None) -> str:
    return "unknown" if tokens is None else f"{tokens:,}"


def _timings(scorecard: Scorecard) -> list[Text]:
    """What latencies may be wrong by, and where they do not come from this run's own calls, a word on it."""
    lag = scorecard.lag if "live" in scorecard.timings else None
    late = [] if lag is None else [_late(lag)]
    elsewhere = [_TIMINGS[timing] for timing in sorted(set(scorecard.timings)) if timing in _TIMINGS]
    return [Text(line) for line in (*late, *elsewhere)]


def _late(lag: Lag) -> str:
    not_in = "" if lag.in_times else "; the system stamps what arrives, tokens read together share a stamp"
    return f"loop lag p99 {_seconds(lag.p99_s)}, at most {_seconds(lag.max_s)}{not_in}"


def _seconds(seconds: float) -> str:
    return amount(seconds, unit="s")
