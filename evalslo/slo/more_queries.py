"""How large a fresh run would show what is true, if the estimate of a row is the truth."""

import math

from evalslo.model.scorecard import Estimate, ObjectiveResult
from evalslo.model.suite import GateRules
from evalslo.slo.orient import good_target, turned

POWER = 0.8
MOST = 100_000


def queries_for_power(row: ObjectiveResult, *, queries: int | None = None, rules: GateRules) -> int | None:
    """The golden queries of a fresh run that shows four times in five on which side of its target the present estimate lies.

    `queries` counts those that the row was measured on; None: one an independent unit, which holds without groups. None for
    a mean and for a row that is not short of data; where the estimate is the target; where labels correct it, or bets bound
    it; where the size is not above the present one, or beyond 100,000. Dependence inside units enters by the design effect
    of the present run, and for a PASS by the cap: G units show no more than G independent perfect events would.
    """
    from evalslo.stats.exact import fewest_for_pass
    from evalslo.stats.planning import sample_size, units_for

    objective, found = row.objective, row.estimate
    if found is None or objective.shape != "event_ratio" or not short_of_data(row):
        return None
    target, truth = good_target(objective), turned(objective, found.estimate)
    if truth == float(target) or row.correction is not None or _bets(row, found, rules=rules):
        return None
    size = sample_size(target, truth, power=POWER, alpha=objective.alpha)
    fewest = fewest_for_pass(target, objective.alpha) if truth > target else 2
    if size is None or fewest is None:
        return None
    present = queries or found.clusters
    elements = present if present > found.clusters else row.counts.n
    per_unit = elements / found.clusters
    effect = per_unit if found.deff is None else found.deff  # where nothing varies the rest of a unit tells nothing
    units = units_for(size.n, size=per_unit, effect=effect, fewest=fewest)
    total = math.ceil(units * present / found.clusters)
    return total if present < total <= MOST else None


def short_of_data(row: ObjectiveResult) -> bool:
    """Whether the row is undecided since it was measured too seldom, and for no other reason."""
    return any(reason.code == "underpowered" for reason in row.reasons)


def _bets(row: ObjectiveResult, found: Estimate, *, rules: GateRules) -> bool:
    """Whether a strict bound is not that of so many independent events: bets, or what holds whatever was not measured."""
    return rules.strict and (
        found.clusters < row.counts.n or row.counts.unmeasured > 0 or "weights" in (found.method or "")
    )
