"""Calibrations, drift and rows to label for machines: `evalslo.calibration/1`, `evalslo.drift/1`, and JSON Lines."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from evalslo.model.calibration import Agreement, Bin, Calibration, Cut, Drift, Figure, RowToLabel
from evalslo.report.scorecard_json import jsonable

SCHEMA = "evalslo.calibration/1"
DRIFT_SCHEMA = "evalslo.drift/1"


def calibration_to_json(found: Calibration) -> bytes:
    """`calibration.json`: equal bytes for equal calibrations, in ASCII, with a line end. Keys are always there, or null."""
    kept = found.labelled
    return _encoded(
        {
            "schema": SCHEMA,
            "run_id": kept.run_id,
            "sli": kept.sli,
            "scorer": kept.scorer,
            "sampled": kept.sampled,
            "yes": _cut(kept.cut),
            "scored": kept.scored,
            "judged_yes": kept.judged_yes,
            "unlabelled": found.unlabelled,
            "design_effect": found.design_effect,
            "figures": {
                **_agreement(found.agreement),
                "roc_auc": None if found.auc is None else _figure(found.auc),
                "reliability": [_bin(one) for one in found.bins],
                "calibration_error": found.calibration_error,
            },
            "self_agreement": None if found.self_agreement is None else _figure(found.self_agreement),
            "labellers": None if found.labellers is None else _agreement(found.labellers),
            "weak": found.weak,
            "labels": [
                {
                    "query_id": one.query_id,
                    "repeat": one.repeat,
                    "digest": one.digest,
                    "judged": one.judged,
                    "human": one.human,
                    "human2": one.human2,
                }
                for one in kept.answers
            ],
        }
    )


def drift_to_json(found: Drift) -> bytes:
    """The drift of a scorer, in the form of `calibration_to_json`."""
    return _encoded(
        {
            "schema": DRIFT_SCHEMA,
            "run_id": found.run_id,
            "sli": found.sli,
            "scorer_then": found.scorer_then,
            "scorer_now": found.scorer_now,
            "yes": _cut(found.cut),
            "n": found.n,
            "gone": found.gone,
            "became_yes": found.became_yes,
            "became_no": found.became_no,
            "moved": found.moved,
            "changed": _figure(found.changed),
            "p_changed": found.p_changed,
            "before": _agreement(found.before),
            "after": _agreement(found.after),
        }
    )


def rows_to_jsonl(rows: Iterable[RowToLabel]) -> Iterator[bytes]:
    """One line of JSON a row, in UTF-8, its columns `human` and `claims_human` null: for people to fill in."""
    for row in rows:
        columns = {
            "query_id": row.query_id,
            "repeat": row.repeat,
            "sli": row.sli,
            "sampled": row.sampled,
            "query": row.query,
            "reference": row.reference,
            "contexts": None if row.contexts is None else [{"id": one.id, "text": one.text} for one in row.contexts],
            "answer": row.answer,
            **({} if row.claims is None else {"claims": row.claims, "claims_human": None}),
            "human": row.human,
        }
        yield json.dumps(jsonable(columns), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(jsonable(document), indent=2, allow_nan=False).encode("ascii") + b"\n"


def _cut(cut: Cut) -> dict[str, Any]:
    return {"op": cut.op, "value": cut.value}


def _agreement(found: Agreement) -> dict[str, Any]:
    table = found.confusion
    return {
        "n": table.n,
        "confusion": {
            "yes_yes": table.yes_yes,
            "yes_no": table.yes_no,
            "no_yes": table.no_yes,
            "no_no": table.no_no,
        },
        "sensitivity": _figure(found.sensitivity),
        "specificity": _figure(found.specificity),
        "balanced_accuracy": _figure(found.balanced_accuracy),
        "observed": _figure(found.observed),
        "kappa": _figure(found.kappa),
        "ac1": _figure(found.ac1),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "estimate": figure.estimate,
        "lower": figure.lower,
        "upper": figure.upper,
        "method": figure.method,
    }


def _bin(one: Bin) -> dict[str, Any]:
    return {"low": one.low, "high": one.high, "n": one.n, "judged": one.judged, "human": _figure(one.human)}
