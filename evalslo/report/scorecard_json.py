"""The scorecard for machines: `evalslo.scorecard/1`.

The keys are public and always there; null where one does not apply. After the documented ones come `variant`, `timings`
(where latencies come from), `errors` (failed calls by class), `error_examples` (what the first of each class said), `worst`
(the worst answers with their evidence), `advice`, `slices` (objectives by tag, explored and never gated), and `lag` (what
live latencies may be wrong by).
"""

import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from evalslo.model.objective import Event, Place, Slice
from evalslo.model.policy import Decision
from evalslo.model.scorecard import (
    Correction,
    Estimate,
    Fingerprint,
    Lag,
    ObjectiveResult,
    QuantileEstimate,
    Reason,
    Scorecard,
    Sequential,
    SliceFinding,
    UsageTotals,
    VarianceSplit,
    WorstAnswer,
)
from evalslo.report.told import told_reasons

SCHEMA = "evalslo.scorecard/1"

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def to_json(scorecard: Scorecard) -> bytes:
    """The scorecard as JSON in ASCII, the same bytes for the same scorecard, with a line end.

    `reasons` holds the run's and then those of the rows. A number that is not finite is null; a lone surrogate, which JSON
    cannot carry between programs, becomes U+FFFD.
    """
    text = json.dumps(jsonable(_scorecard(scorecard)), indent=2, allow_nan=False)
    return text.encode("ascii") + b"\n"


def jsonable(value: object) -> Json:
    """`value` in what JSON has: fractions as floats, tuples as lists. Raises TypeError at anything else."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float | Fraction):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {str(jsonable(str(key))): jsonable(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [jsonable(item) for item in value]
    raise TypeError(f"a scorecard holds a {type(value).__name__}, which JSON does not have")


def _scorecard(card: Scorecard) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "suite": card.suite,
        "service": card.service,
        "run_id": card.run_id,
        "release": card.release,
        "environment": card.environment,
        "started_at": card.started_at,
        "finished_at": card.finished_at,
        "verdict": card.verdict,
        "exit_code": card.exit_code,
        "reasons": [_reason(reason) for reason in told_reasons(card)],
        "objectives": [_objective(result) for result in card.objectives],
        "comparison": None,
        "budget": None,
        "sequential": _sequential(card.sequential),
        "freeze": None if card.freeze is None else decision_json(card.freeze),
        "usage": _usage(card.usage),
        "fingerprint": _fingerprint(card.fingerprint),
        "variant": card.variant,
        "timings": sorted(card.timings),
        "errors": _sorted(card.errors),
        "error_examples": _sorted(card.error_examples),
        "worst": [_worst(answer) for answer in card.worst],
        "advice": card.advice,
        "slices": [_finding(finding) for finding in card.slices],
        "lag": _lag(card.lag),
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """What a release policy decided, with its reasons."""
    return {
        "outcome": decision.outcome,
        "lifted_by": decision.lifted_by,
        "reasons": [
            {"code": one.code, "outcome": one.outcome, "objective": one.objective, "text": one.text}
            for one in decision.reasons
        ],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "objective": reason.objective, "text": reason.text}


def _objective(result: ObjectiveResult) -> dict[str, Any]:
    objective = result.objective
    return {
        "id": objective.id,
        "text": objective.text,
        "place": _place(objective.place),
        "slice": _slice(objective.slice),
        "critical": objective.critical,
        "sli": str(objective.sli),
        "scorer": result.scorer,
        "shape": objective.shape,
        "op": objective.op,
        "target": objective.target,
        "event": _event(objective.event),
        "quantile": _quantile(result.quantile),
        **_estimate(result.estimate, alpha=objective.alpha),
        "verdict": result.verdict,
        "needed": None if result.estimate is None else result.estimate.needed,
        **_counts(result),
        **_clusters(result.estimate),
        "correction": _correction(result.correction),
        "parts": None,
        "variance": _variance(result.variance),
    }


def _estimate(estimate: Estimate | None, *, alpha: Fraction) -> dict[str, Any]:
    return {
        "estimate": None if estimate is None else estimate.estimate,
        "lower": None if estimate is None else estimate.lower,
        "upper": None if estimate is None else estimate.upper,
        "alpha": alpha,
        "method": None if estimate is None else estimate.method,
        "p_pass": None if estimate is None else estimate.p_pass,
        "p_fail": None if estimate is None else estimate.p_fail,
    }


def _counts(result: ObjectiveResult) -> dict[str, Any]:
    counts = result.counts
    return {
        "planned": counts.planned,
        "n": counts.n,
        "good": counts.good,
        "bad": counts.bad,
        "excluded": counts.excluded,
        "excluded_reasons": _sorted(counts.excluded_reasons),
        "unmeasured": counts.unmeasured,
        "not_applicable": counts.not_applicable,
        "worst_case": result.worst_case,
    }


def _clusters(estimate: Estimate | None) -> dict[str, Any]:
    return {
        "clusters": None if estimate is None else estimate.clusters,
        "icc": None if estimate is None else estimate.icc,
        "design_effect": None if estimate is None else estimate.deff,
    }


def _correction(correction: Correction | None) -> dict[str, Any] | None:
    if correction is None:
        return None
    return {
        "method": correction.method,
        "labels": correction.labels,
        "raw_estimate": correction.raw_estimate,
        "needed_labels": correction.needed_labels,
    }


def _variance(split: VarianceSplit | None) -> dict[str, Any] | None:
    return None if split is None else {"queries": split.queries, "samples": split.samples, "votes": split.votes}


def _quantile(quantile: QuantileEstimate | None) -> dict[str, Any] | None:
    if quantile is None:
        return None
    return {"q": quantile.q, "estimate": quantile.estimate, "lower": quantile.lower, "upper": quantile.upper}


def _event(event: Event | None) -> dict[str, Any] | None:
    return None if event is None else {"op": event.op, "value": event.value, "unit": event.unit, "of": event.of}


def _slice(part: Slice | None) -> dict[str, Any] | None:
    return None if part is None else {"tag": part.tag, "value": part.value}


def _finding(finding: SliceFinding) -> dict[str, Any]:
    return {
        "objective": finding.objective,
        "tag": finding.slice.tag,
        "value": finding.slice.value,
        "n": finding.n,
        "estimate": finding.estimate,
        "rest": finding.rest,
        "p": finding.p,
        "stands_out": finding.stands_out,
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line}


def _usage(usage: UsageTotals) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "retries": usage.retries,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
        "judge": None if usage.judge is None else _spent_by_judges(usage.judge),
        "cached": usage.cached,
    }


def _spent_by_judges(usage: UsageTotals) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "retries": usage.retries,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
    }


def _lag(lag: Lag | None) -> dict[str, Any] | None:
    if lag is None:
        return None
    return {"p50_s": lag.p50_s, "p99_s": lag.p99_s, "max_s": lag.max_s, "in_times": lag.in_times}


def _fingerprint(fingerprint: Fingerprint) -> dict[str, Any]:
    return {
        "golden": fingerprint.golden,
        "suite": fingerprint.suite,
        "endpoint": _sorted(fingerprint.endpoint),
        "scorers": _sorted(fingerprint.scorers),
        "judges": _sorted(fingerprint.judges),
    }


def _sequential(ended: Sequential | None) -> dict[str, Any] | None:
    if ended is None:
        return None
    return {
        "seed": ended.seed,
        "horizon": ended.horizon,
        "stopped_at": ended.stopped_at,
        "calls_saved": ended.calls_saved,
    }


def _worst(answer: WorstAnswer) -> dict[str, Any]:
    return {
        "objective": answer.objective,
        "query_id": answer.query_id,
        "repeat": answer.repeat,
        "query": answer.query,
        "answer": answer.answer,
        "value": answer.value,
        "why": answer.why,
        "evidence": [
            {
                "claim": one.claim,
                "verdict": one.verdict,
                "context_id": one.context_id,
                "span": one.span,
                "reason": one.reason,
            }
            for one in answer.evidence
        ],
    }


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Free mappings in the order of their keys, at every depth: equal scorecards have equal bytes."""
    return {key: _sorted(value) if isinstance(value, Mapping) else value for key, value in sorted(mapping.items())}
