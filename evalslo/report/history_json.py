"""Runs over time for machines: `evalslo.history/1`."""

import json
from collections.abc import Sequence
from typing import Any

from evalslo.model.budget_report import HistoryEntry, RunDifference
from evalslo.model.ledger import KeptRow, Override, RunRecord
from evalslo.report.budget_json import override_json
from evalslo.report.scorecard_json import jsonable

SCHEMA = "evalslo.history/1"


def history_json(entries: Sequence[HistoryEntry]) -> bytes:
    """The runs, newest first, each with what changed since the one before it."""
    return _document(runs=[{**_run(entry.run), "changes": entry.changes} for entry in entries])


def difference_json(found: RunDifference) -> bytes:
    """Two runs, and what differs between them."""
    return _document(before=_run(found.before), after=_run(found.after), changes=found.changes)


def overrides_json(overrides: Sequence[Override]) -> bytes:
    """The overrides, newest first."""
    return _document(overrides=[override_json(one) for one in overrides])


def _document(**parts: object) -> bytes:
    return json.dumps(jsonable({"schema": SCHEMA, **parts}), indent=2, allow_nan=False).encode("ascii") + b"\n"


def _run(run: RunRecord) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "suite": run.suite,
        "service": run.service,
        "environment": run.environment,
        "release": run.release,
        "variant": run.variant,
        "source": run.source,
        "verdict": run.verdict,
        "exit_code": run.exit_code,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "version": run.version,
        "commit": run.commit,
        "actor": run.actor,
        "fingerprint": run.fingerprint,
        "objectives": [_row(row) for row in run.objectives],
    }


def _row(row: KeptRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "text": row.text,
        "critical": row.critical,
        "verdict": row.verdict,
        "target": row.target,
        "estimate": row.estimate,
        "lower": row.lower,
        "upper": row.upper,
        "n": row.n,
        "good": row.good,
        "bad": row.bad,
    }
