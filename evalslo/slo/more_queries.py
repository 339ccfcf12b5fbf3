"""How many more golden queries a row would take to pass, if its estimate is the truth."""

import math

from evalslo.model.scorecard import ObjectiveResult
from evalslo.slo.orient import good_target, turned
from evalslo.stats.bound import passes

POWER = 0.8
MOST = 100_000


def queries_for_power(row: ObjectiveResult, *, queries: int | None = None) -> int | None:
    """Further golden queries with which a fresh run passes four times in five, if the present estimate is the truth.

    `queries` counts those that the row was measured on; None: one an independent unit, which holds without groups.
    None for a mean, for an estimate that misses its target, where the bound passes already and something else stands in
    the way, and where more than 100,000 would be needed. Dependence inside units enters by the design effect of the
    present run, and by the cap: G units show no more than G independent perfect events would.
    """
    from evalslo.stats.exact import fewest_for_pass
    from evalslo.stats.planning import sample_size, units_for

    objective, found = row.objective, row.estimate
    if found is None or objective.shape != "event_ratio" or passes(found.p_pass, alpha=objective.alpha):
        return None
    target = good_target(objective)
    truth = turned(objective, found.estimate)
    fewest = fewest_for_pass(target, objective.alpha)
    if truth <= float(target) or fewest is None:
        return None
    size = sample_size(target, truth, power=POWER, alpha=objective.alpha)
    if size is None or size.n > MOST:
        return None
    grouped = queries is not None and queries > found.clusters
    elements = queries if grouped and queries else row.counts.n
    units = units_for(size.n, size=elements / found.clusters, effect=found.deff or 1.0, fewest=fewest)
    per_unit = (queries or found.clusters) / found.clusters
    return max(1, math.ceil((units - found.clusters) * per_unit))
