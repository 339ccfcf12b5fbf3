"""Estimates: which bound for which design (docs/statistics.md, "Which method decides").

| shape and design | independent unit | method | `gate.strict` |
|---|---|---|---|
| ratio, one event a query | query | Clopper-Pearson, or `gate.rate_method` | the same |
| mean, one score a query | query | Gaffke, or `gate.mean_method` | betting |
| repeats, no groups | query; its events are the elements | Korn-Graubard (ratio), scaled Gaffke (mean) | betting |
| groups, no repeats | group; its queries are the elements | the same | betting |
| groups and repeats | group; the means of its queries are the elements | the same | betting |
| weights that differ | as above; each element has its query's weight | the same, `+weights` | betting |
| `population: finite` | event | as one event a query, `+finite` | as one event a query |

The methods know only "a mean in [0, 1], higher is better"; `<=` objectives are mirrored on the way in and back on the way out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import partial
from operator import mul

from msgspec import Struct
from msgspec.structs import replace

from evalslo.model.objective import Objective
from evalslo.model.score import Missing
from evalslo.model.scorecard import Counts, Estimate, Observation, QuantileEstimate
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo.methods import bound_of, rate_bound
from evalslo.slo.observe import in_population
from evalslo.slo.orient import better_high, good_target, of_target, turned_bounds


class Elements(Struct, frozen=True, kw_only=True):
    """What a bound is computed from: `values` with the code of the independent unit of each, queries counted beside.

    `weights` has one a value; None where all are alike.
    """

    values: tuple[float, ...]
    units: tuple[int, ...]
    queries: int
    weights: tuple[float, ...] | None = None

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
    good = sum(one.value == 1.0 for one in events) if ratio else None
    return counts_of([one.missing for one in events], good=good)


def counts_of(missing: Sequence[Missing | None], *, good: int | None = None) -> Counts:
    """The counts of planned events, each with why it is missing (None: it was measured)."""
    reasons = Counter(why for why in missing if why is not None)
    n = len(missing) - reasons.total()
    return Counts(
        planned=len(missing),
        n=n,
        good=good,
        bad=None if good is None else n - good,
        unmeasured=sum(number for why, number in reasons.items() if why.applicable),
        not_applicable=sum(number for why, number in reasons.items() if not why.applicable),
        excluded_reasons={why.value: reasons[why] for why in sorted(reasons)},
    )


def elements_of(events: Sequence[Observation]) -> Elements:
    """The measured events as elements in independent units, by the table above."""
    measured = [one for one in events if one.value is not None]
    query_of: dict[str, str] = {}
    if all(query_of.setdefault(one.cluster, one.query_id) == one.query_id for one in measured):
        values = tuple(float(one.value) for one in measured if one.value is not None)
        return _elements(measured, values, queries=len(query_of))
    queries: dict[tuple[str, str], list[Observation]] = {}
    for one in measured:
        queries.setdefault((one.cluster, one.query_id), []).append(one)
    values = tuple(mean_of([one.value for one in found if one.value is not None]) for found in queries.values())
    return _elements([found[0] for found in queries.values()], values, queries=len(queries))


def _elements(firsts: Sequence[Observation], values: tuple[float, ...], *, queries: int) -> Elements:
    """Elements of these values, each with the unit and the weight of the first of its events."""
    weights = tuple(one.weight for one in firsts)
    return Elements(
        values=values,
        units=tuple(codes_of(one.cluster for one in firsts)),
        queries=queries,
        weights=weights if len(set(weights)) > 1 else None,
    )


def estimate(objective: Objective, elements: Elements, *, spec: SliSpec, rules: GateRules) -> Estimate:
    """The point and its bounds in the space of the objective's target. `elements` has at least one value."""
    if objective.shape == "mean" and spec.kind == "quantity":
        return _unbounded(elements)
    if objective.op == ">=":
        return _bound(objective, elements, good=elements.values, rules=rules)
    good = [better_high(objective, value) for value in elements.values]
    bound = _bound(objective, elements, good=good, rules=rules)
    lower, upper = turned_bounds(objective, bound.lower, bound.upper)
    point = mean_of([1.0 - value for value in good], elements.weights)
    return replace(bound, estimate=point, lower=lower, upper=upper)


def mean_of(values: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """The (weighted) mean, the same in any order."""
    if weights is None:
        return math.fsum(values) / len(values)
    return math.fsum(map(mul, values, weights)) / math.fsum(weights)


def _bound(objective: Objective, elements: Elements, *, good: Sequence[float], rules: GateRules) -> Estimate:
    """The bounds of "the mean of `good` is at least the share of good asked for"; the units are those of `elements`."""
    import numpy as np

    found = bound_of(
        np.asarray(good),
        np.asarray(elements.units, dtype=np.int64) if elements.clustered else None,
        weights=None if elements.weights is None else np.asarray(elements.weights),
        ratio=objective.shape == "event_ratio",
        target=good_target(objective),
        alpha=objective.alpha,
        rules=rules,
    )
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
        needed=queries_needed(found.needed_units, queries=elements.queries, clusters=elements.clusters),
    )


def queries_needed(units: int | None, *, queries: int, clusters: int) -> int | None:
    """Further independent units as further golden queries, as many a unit as there are now."""
    return None if units is None else math.ceil(units * queries / clusters)


def _unbounded(elements: Elements) -> Estimate:
    """A mean of a quantity: a point, and no method that could bound it."""
    return Estimate(
        estimate=mean_of(elements.values, elements.weights),
        lower=None,
        upper=None,
        p_pass=None,
        p_fail=None,
        method=None,
        clusters=elements.clusters,
    )


def quantile(objective: Objective, observations: Sequence[Observation], *, rules: GateRules) -> QuantileEstimate | None:
    """The quantile that the objective speaks of, by inverting the bound that gates; None where it speaks of none."""
    if objective.quantile is None or objective.event is None:
        return None
    at_most = objective.event.op == "<="  # "at least T" is "at most" of the negated values, and 1 - q
    invert = partial(
        _inverted,
        in_population(observations, population=rules.population),
        q=objective.quantile if at_most else 1 - objective.quantile,
        sign=1.0 if at_most else -1.0,
        alpha=objective.alpha,
        rules=rules,
    )
    point, lower, upper = invert()
    if rules.strict:
        lower, upper = invert(missing_as=-math.inf)[1], invert(missing_as=math.inf)[2]
    if not at_most:
        point, lower, upper = _negated(point), _negated(upper), _negated(lower)
    return QuantileEstimate(q=float(objective.quantile), estimate=point, lower=lower, upper=upper)


def _inverted(
    observations: Sequence[Observation],
    *,
    q: Fraction,
    sign: float,
    alpha: Fraction,
    rules: GateRules,
    missing_as: float | None = None,
) -> tuple[float | None, float | None, float | None]:
    """The `q` quantile of the values times `sign`, and its interval; what was not measured has the value `missing_as`."""
    from evalslo.stats.quantiles import quantile_interval

    seen, values = [], []
    for one in observations:
        if one.value is not None:
            seen.append(one)
            values.append(sign * one.value)
        elif missing_as is not None and one.missing is not None and one.missing.applicable:
            seen.append(one)
            values.append(missing_as)
    clusters, queries = codes_of(one.cluster for one in seen), codes_of(one.query_id for one in seen)
    return quantile_interval(
        values,
        clusters,
        q=q,
        alpha=alpha,
        icc_floor=rules.icc_floor,
        elements=queries if max(clusters, default=0) < max(queries, default=0) else None,
        weights=[one.weight for one in seen],
        method=rate_bound(rules),
        strict=rules.strict,
    )


def codes_of(names: Iterable[str]) -> list[int]:
    """0, 1, ... for each name in the order in which it first came."""
    known: dict[str, int] = {}
    return [known.setdefault(name, len(known)) for name in names]


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def whatever_is_missing(
    objective: Objective, events: Sequence[Observation], *, spec: SliSpec, rules: GateRules
) -> Estimate:
    """The estimate from the measured events, with bounds and p-values that hold whatever the unmeasured ones were.

    Each side takes the unmeasured events at what speaks against it, so that a scorer that fails where answers are bad can
    hide nothing. Both bounds and p-values are those of the measured events alone where none is missing.
    """
    found = estimate(objective, elements_of(events), spec=spec, rules=rules)
    worst, best = (
        estimate(objective, elements_of(filled(objective, events, as_good=good)), spec=spec, rules=rules)
        for good in (False, True)
    )
    low, high = (worst, best) if objective.op == ">=" else (best, worst)
    return replace(found, lower=low.lower, upper=high.upper, p_pass=worst.p_pass, p_fail=best.p_fail, needed=None)


def filled(objective: Objective, events: Sequence[Observation], *, as_good: bool) -> list[Observation]:
    """The events with every unmeasured one counted as good (or bad)."""
    value = better_high(objective, 1.0 if as_good else 0.0)
    return [
        one if one.missing is None or not one.missing.applicable else replace(one, value=value, missing=None)
        for one in events
    ]


def mean_with_missing(objective: Objective, events: Sequence[Observation], *, as_good: bool) -> float:
    """The mean of the events with every unmeasured one counted as good (or bad)."""
    elements = elements_of(filled(objective, events, as_good=as_good))
    return mean_of(elements.values, elements.weights)


def point_with_missing(objective: Objective, events: Sequence[Observation], *, as_good: bool) -> float:
    """The estimate with every unmeasured event counted as good (or bad), in the space of the target."""
    return of_target(objective, mean_with_missing(objective, events, as_good=as_good))
