"""Where an objective's variance comes from: is it worth more to ask more queries, or to ask them more often?"""

from collections.abc import Sequence

from evalslo.model.scorecard import Observation, VarianceSplit


def variance_of(events: Sequence[Observation]) -> VarianceSplit | None:
    """How the variance of an event splits into queries and samples; None where no query has two measured repeats.

    None also where one query is all there is. Values are those that the objective counts: 1 and 0 for an event ratio.
    """
    values = [one.value for one in events if one.value is not None]
    queries = [one.query_id for one in events if one.value is not None]
    if len(set(queries)) in (0, 1, len(queries)):
        return None
    from evalslo.stats.components import variance_split

    found = variance_split(values, queries)
    return None if found is None else VarianceSplit(queries=found.queries, samples=found.samples, votes=found.votes)


def between_queries(split: VarianceSplit, *, repeats: float) -> float | None:
    """The share of the variance of an estimate that only more golden queries can lower; None where nothing varies."""
    from evalslo.stats.components import Components, between_share

    found = Components(queries=split.queries, samples=split.samples, votes=split.votes)
    return between_share(found, repeats=repeats)


def twice_the_repeats(deff: float, *, repeats: float) -> float:
    """How many times the golden queries twice the `repeats` would count for at the gate, between 1 and 2.

    `deff` is the gate's design effect with so many repeats, above 1 of them: it holds the least correlation assumed.
    """
    correlation = min(max((deff - 1.0) / (repeats - 1.0), 0.0), 1.0)
    return 2.0 * (1.0 + (repeats - 1.0) * correlation) / (1.0 + (2.0 * repeats - 1.0) * correlation)
