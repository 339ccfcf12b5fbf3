"""Budgets for machines: `evalslo.budget/1`. The keys are public and always there; null where one does not apply."""

import json
from collections.abc import Sequence
from typing import Any

from evalslo.model.alert import Alert, Burn
from evalslo.model.budget import ErrorBudget, Forecast
from evalslo.model.budget_report import AgreementBudget, BudgetReport, ObjectiveBudget
from evalslo.model.ledger import Override
from evalslo.report.scorecard_json import decision_json, jsonable

SCHEMA = "evalslo.budget/1"


def to_json(reports: Sequence[BudgetReport], *, exit_code: int) -> bytes:
    """The reports as JSON in ASCII, with a line end. Shares lie in [0, 1]; times are seconds, moments since 1970 UTC."""
    document = {"schema": SCHEMA, "exit_code": exit_code, "budgets": [_report(one) for one in reports]}
    return json.dumps(jsonable(document), indent=2, allow_nan=False).encode("ascii") + b"\n"


def _report(report: BudgetReport) -> dict[str, Any]:
    return {
        "service": report.service,
        "suite": report.suite,
        "environment": report.environment,
        "source": report.source,
        "release": report.release,
        "now": report.now,
        "alpha": report.alpha,
        "decision": None if report.decision is None else decision_json(report.decision),
        "objectives": [_objective(row) for row in report.rows],
        "unbudgeted": [{"text": text, "why": why} for text, why in report.unbudgeted],
        "overrides": [override_json(one) for one in report.overrides],
    }


def _objective(row: ObjectiveBudget) -> dict[str, Any]:
    objective = row.budget.objective
    return {
        "id": objective.id,
        "text": objective.text,
        "sli": objective.sli,
        "slice": objective.tag,
        "critical": objective.critical,
        "target": objective.target,
        "window": {"text": objective.window.text, "timezone": objective.window.timezone},
        "budgeting": {
            "method": objective.rules.method,
            "slice_s": objective.rules.slice_s,
            "slice_target": objective.rules.slice_target,
        },
        "budget": _budget(row.budget),
        "alerts": [_alert(one) for one in row.alerts],
        "agreement": None if row.agreement is None else _agreement(row.agreement),
    }


def _budget(found: ErrorBudget) -> dict[str, Any]:
    tally = found.tally
    return {
        "start": found.period.start,
        "end": found.period.end,
        "elapsed": found.elapsed,
        "good": tally.good,
        "bad": tally.bad,
        "unmeasured": tally.unmeasured,
        "not_applicable": tally.not_applicable,
        "unit": found.unit,
        "measured": found.measured,
        "allowed": found.allowed,
        "spent": found.spent,
        "sli_value": found.sli,
        "burn": found.burn,
        "remaining": found.remaining,
        "remaining_lower": found.remaining_interval.lower,
        "remaining_upper": found.remaining_interval.upper,
        "allowed_s": found.allowed_s,
        "spent_s": found.spent_s,
        "remaining_s": found.remaining_s,
        "forecast": None if found.forecast is None else _forecast(found.forecast),
        "daily": [{"end": day.end, "remaining": day.remaining} for day in found.daily],
    }


def _forecast(found: Forecast) -> dict[str, Any]:
    return {
        "over_s": found.over_s,
        "in_s": found.in_s,
        "earliest_s": found.earliest_s,
        "latest_s": found.latest_s,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    pair = alert.threshold.pair
    return {
        "severity": pair.severity,
        "name": pair.name,
        "state": alert.state,
        "held": alert.held,
        "since": alert.since,
        "budget_share": pair.budget,
        "factor": alert.threshold.factor,
        "derived": alert.threshold.derived,
        "long": _burn(alert.long),
        "short": _burn(alert.short),
    }


def _burn(found: Burn) -> dict[str, Any]:
    return {
        "over_s": found.over_s,
        "n": found.n,
        "bad": found.bad,
        "rate": found.rate,
        "lower": found.lower,
        "upper": found.upper,
    }


def _agreement(found: AgreementBudget) -> dict[str, Any]:
    terms = found.agreement
    return {
        "target": terms.target,
        "window": terms.window.text,
        "remedy": terms.remedy,
        "budget": _budget(found.budget),
    }


def override_json(one: Override) -> dict[str, Any]:
    """One override, its keys as they are recorded."""
    return {
        "id": one.id,
        "service": one.service,
        "environment": one.environment,
        "release": one.release,
        "reason": one.reason,
        "kind": one.kind,
        "actor": one.actor,
        "commit": one.commit,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
    }
