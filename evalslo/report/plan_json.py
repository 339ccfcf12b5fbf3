"""Plans for machines: `evalslo.plan/1`."""

import json
from collections.abc import Sequence
from typing import Any

from evalslo.model.plan import Plan, PlannedSize, PlannedTruth
from evalslo.report.scorecard_json import jsonable

SCHEMA = "evalslo.plan/1"


def plans_to_json(plans: Sequence[Plan], *, suite: str | None) -> bytes:
    """The plans as JSON in ASCII, the same bytes for the same plans, with a line end. Keys are always there, or null."""
    document = {"schema": SCHEMA, "suite": suite, "plans": [_plan(plan) for plan in plans]}
    return json.dumps(jsonable(document), indent=2, allow_nan=False).encode("ascii") + b"\n"


def _plan(plan: Plan) -> dict[str, Any]:
    present = plan.present
    return {
        "objective": plan.objective,
        "critical": plan.critical,
        "shape": plan.shape,
        "op": plan.op,
        "target": plan.target,
        "alpha": plan.alpha,
        "powers": plan.powers,
        "objectives": plan.objectives,
        "power_each": plan.each,
        "repeats": plan.repeats,
        "unit_queries": plan.unit_queries,
        "design_effect": plan.effect,
        "fewest": plan.fewest,
        "present": None
        if present is None
        else {"queries": present.queries, "events": present.events, "bad": present.bad, "power": present.power},
        "truths": [_truth(one) for one in plan.truths],
        "drawn": plan.drawn,
        "curve": [[point.queries, point.power] for point in plan.curve],
        "notes": plan.notes,
    }


def _truth(one: PlannedTruth) -> dict[str, Any]:
    return {
        "truth": one.truth,
        "shows": one.shows,
        "sizes": [_size(size) for size in one.sizes],
        "sequential_horizon": one.horizon,
    }


def _size(size: PlannedSize | None) -> dict[str, Any] | None:
    if size is None:
        return None
    return {
        "power": size.power,
        "queries": size.queries,
        "queries_from_on": size.queries_from_on,
        "events": size.events,
        "bad": size.bad,
        "reached": size.reached,
    }
