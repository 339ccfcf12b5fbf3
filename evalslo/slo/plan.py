"""How many golden queries: the size of a run that would show what is true."""

import math
from collections.abc import Callable

from evalslo.model.scorecard import ObjectiveResult
from evalslo.slo.lint import good_target
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
    from evalslo.stats.exact import fewest_for_pass, pass_probability

    objective, found = row.objective, row.estimate
    if found is None or objective.shape != "event_ratio" or passes(found.p_pass, alpha=objective.alpha):
        return None
    target = good_target(objective)
    truth = found.estimate if objective.op == ">=" else 1.0 - found.estimate
    if truth <= float(target):
        return None

    def enough(n: int) -> bool:
        return pass_probability(n, truth=truth, target=target, alpha=objective.alpha) >= POWER

    events, fewest = _smallest(enough), fewest_for_pass(target, objective.alpha)
    if events is None or fewest is None:
        return None
    grouped = queries is not None and queries > found.clusters
    elements = queries if grouped and queries else row.counts.n
    units = max(fewest, math.ceil(events * (found.deff or 1.0) * found.clusters / elements))
    per_unit = (queries or found.clusters) / found.clusters
    return max(1, math.ceil((units - found.clusters) * per_unit))


def _smallest(enough: Callable[[int], bool]) -> int | None:
    """About the smallest n that is enough. Exact power is saw-toothed, so that a smaller lucky n may exist."""
    high = 8
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
