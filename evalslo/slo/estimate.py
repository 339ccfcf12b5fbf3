"""Estimates: which bound for which design (docs/statistics.md, "Which method decides").

| shape and design | independent unit | method |
|---|---|---|
| ratio, one event a query | query | Clopper-Pearson |
| mean, one score a query | query | Gaffke |
| repeats, no groups | query; its events are the elements | Korn-Graubard (ratio), scaled Gaffke (mean) |
| groups, no repeats | group; its queries are the elements | the same |
| groups and repeats | group; the means of its queries are the elements | the same |

The methods know only "a mean in [0, 1], higher is better"; `<=` objectives are mirrored on the way in and back on the way out.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from evalslo.model.objective import Objective
from evalslo.model.scorecard import Counts, Estimate, Observation, QuantileEstimate
from evalslo.model.sli import SliSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What a bound is computed from: `values` with the code of the independent unit of each, queries counted beside."""

    values: tuple[float, ...]
    units: tuple[int, ...]
    queries: int

    @property
    def clusters(self) -> int:
        """How many independent units there are."""
        return len(set(self.units))

    @property
    def clustered(self) -> bool:
        """Whether any unit has more than one element."""
        return self.clusters < len(self.units)


def count(events: Sequence[Observation], *, ratio: bool) -> Counts:
    """How the planned events divide; they always add up."""
    missing = Counter(one.missing for one in events if one.missing is not None)
    measured = [one.value for one in events if one.value is not None]
    good = sum(value == 1.0 for value in measured)
    return Counts(
        planned=len(events),
        n=len(measured),
        good=good if ratio else None,
        bad=len(measured) - good if ratio else None,
        unmeasured=sum(number for why, number in missing.items() if why.applicable),
        not_applicable=sum(number for why, number in missing.items() if not why.applicable),
        excluded_reasons={why.value: missing[why] for why in sorted(missing)},
    )


def elements_of(events: Sequence[Observation]) -> Elements:
    """The measured events as elements in independent units, by the table above."""
    measured = [(one.cluster, one.query_id, one.value) for one in events if one.value is not None]
    queries: dict[tuple[str, str], list[float]] = {}
    for cluster, query, value in measured:
        queries.setdefault((cluster, query), []).append(value)
    clusters = {cluster: code for code, cluster in enumerate(dict.fromkeys(cluster for cluster, _ in queries))}
    if len(clusters) == len(queries):
        values = [(clusters[cluster], value) for cluster, _, value in measured]
    else:
        values = [(clusters[cluster], math.fsum(found) / len(found)) for (cluster, _), found in queries.items()]
    return Elements(
        values=tuple(value for _, value in values), units=tuple(unit for unit, _ in values), queries=len(queries)
    )


def estimate(objective: Objective, elements: Elements, *, spec: SliSpec, icc_floor: Fraction) -> Estimate:
    """The point and its bounds in the space of the objective's target. `elements` has at least one value."""
    if objective.shape == "mean" and spec.kind == "quantity":
        return _unbounded(elements)
    if objective.op == ">=":
        return _bound(objective, elements, good=elements.values, target=objective.target, icc_floor=icc_floor)
    good = elements.values if objective.shape == "event_ratio" else _mirrored(elements.values)
    bound = _bound(objective, elements, good=good, target=1 - objective.target, icc_floor=icc_floor)
    return _mirror(bound, point=_mean(_mirrored(good)))


def _mirrored(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(1.0 - value for value in values)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _bound(
    objective: Objective, elements: Elements, *, good: Sequence[float], target: Fraction, icc_floor: Fraction
) -> Estimate:
    """The bounds of "the mean of `good` is at least `target`"; the units are those of `elements`."""
    import numpy as np

    from evalslo.stats.clusters import scaled_gaffke
    from evalslo.stats.exact import clopper_pearson
    from evalslo.stats.gaffke import gaffke

    if elements.clustered:
        units = np.asarray(elements.units, dtype=np.int64)
        found = scaled_gaffke(np.asarray(good), units, target=target, alpha=objective.alpha, icc_floor=icc_floor)
    elif objective.shape == "event_ratio":
        found = clopper_pearson(int(sum(good)), len(good), target=target, alpha=objective.alpha)
    else:
        found = gaffke(np.asarray(good), target=target, alpha=objective.alpha)
    return Estimate(
        estimate=found.estimate,
        lower=found.lower,
        upper=found.upper,
        p_pass=found.p_pass,
        p_fail=found.p_fail,
        method=found.method,
        clusters=elements.clusters,
        icc=found.icc,
        deff=found.deff,
        needed=_queries_needed(found.needed_units, elements),
    )


def _queries_needed(units: int | None, elements: Elements) -> int | None:
    """Further independent units as further golden queries."""
    return None if units is None else math.ceil(units * elements.queries / elements.clusters)


def _unbounded(elements: Elements) -> Estimate:
    """A mean of a quantity: a point, and no method that could bound it."""
    return Estimate(
        estimate=_mean(elements.values),
        lower=None,
        upper=None,
        p_pass=None,
        p_fail=None,
        method=None,
        clusters=elements.clusters,
    )


def _mirror(bound: Estimate, *, point: float) -> Estimate:
    return replace(
        bound,
        estimate=point,
        lower=None if bound.upper is None else 1.0 - bound.upper,
        upper=None if bound.lower is None else 1.0 - bound.lower,
    )


def quantile(
    objective: Objective, observations: Sequence[Observation], *, icc_floor: Fraction
) -> QuantileEstimate | None:
    """The quantile that the objective speaks of, by inverting the bound that gates; None where it speaks of none."""
    if objective.quantile is None or objective.event is None:
        return None
    from evalslo.stats.quantiles import quantile_interval

    measured = [(one.value, one.cluster, one.query_id) for one in observations if one.value is not None]
    clusters, queries = [cluster for _, cluster, _ in measured], [query for _, _, query in measured]
    grouped = len(set(clusters)) < len(set(queries))
    at_most = objective.event.op == "<="
    sign = 1.0 if at_most else -1.0  # "at least T" is "at most" of the negated values
    point, lower, upper = quantile_interval(
        [sign * value for value, _, _ in measured],
        clusters,
        q=objective.quantile if at_most else 1 - objective.quantile,
        alpha=objective.alpha,
        icc_floor=icc_floor,
        elements=queries if grouped else None,
    )
    if not at_most:
        point, lower, upper = _negated(point), _negated(upper), _negated(lower)
    return QuantileEstimate(q=float(objective.quantile), estimate=point, lower=lower, upper=upper)


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def extreme(objective: Objective, events: Sequence[Observation], *, unmeasured_as_good: bool) -> float:
    """The estimate with every unmeasured event counted as bad (or as good), in the space of the target."""
    good = 1.0 if objective.op == ">=" or objective.shape == "event_ratio" else 0.0
    filled = [
        one
        if one.missing is None or not one.missing.applicable
        else Observation(
            query_id=one.query_id,
            cluster=one.cluster,
            repeat=one.repeat,
            value=good if unmeasured_as_good else 1.0 - good,
        )
        for one in events
    ]
    mean = _mean(elements_of(filled).values)
    return 1.0 - mean if objective.shape == "event_ratio" and objective.op == "<=" else mean
