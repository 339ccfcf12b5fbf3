"""How many golden queries: the size of a run that would show what is true."""

import math
from collections.abc import Callable

from evalslo.model.scorecard import ObjectiveResult
from evalslo.slo.lint import good_target

POWER = 0.8
MOST = 100_000


def queries_for_power(row: ObjectiveResult) -> int | None:
    """Further golden queries with which a fresh run passes four times in five, if the present estimate is the truth.

    None for a mean, for an estimate that misses its target, and where more than 100,000 would be needed. Dependence inside
    clusters enters by the design effect of the present run.
    """
    from evalslo.stats.exact import pass_probability

    objective, found = row.objective, row.estimate
    if found is None or objective.shape != "event_ratio":
        return None
    target = good_target(objective)
    truth = found.estimate if objective.op == ">=" else 1.0 - found.estimate
    if truth <= float(target):
        return None

    def enough(n: int) -> bool:
        return pass_probability(n, truth=truth, target=target, alpha=objective.alpha) >= POWER

    events = _smallest(enough)
    if events is None:
        return None
    per_query = row.counts.n / found.clusters
    queries = math.ceil(events * (found.deff or 1.0) / per_query)
    return max(1, queries - found.clusters)


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
