"""A sample boiled down to distinct values and weights, and everything that is computed from that: all methods meet here."""

import math
from fractions import Fraction

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from evalslo.stats import dirichlet
from evalslo.stats.beta import beta_below
from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.needed import needed_units

_GRID = 500  # more distinct values than this are rounded to 1/500, away from the verdict
_ON_LINE = 1e-9  # of a step: a value that is on the grid but for rounding stays there


class Tally(Struct, frozen=True, kw_only=True, eq=False):
    """Values in [0, 1], ascending, and how often each was seen.

    `weights` are real: occurrences over the design effect. `units` counts what is independent; no sample certifies more than
    `units` x `evenness` perfect ones would (below 1 where units weigh differently). Data of zeros and ones always have both
    values, one of them perhaps with weight 0. Where there are too many distinct values, those between the same two lines of a
    grid are one: `values` has their means, `lowered` and `raised` the lines below and above; None where nothing is rounded.
    """

    values: FloatArray
    weights: FloatArray
    units: int
    evenness: float = 1.0
    lowered: FloatArray | None = None
    raised: FloatArray | None = None

    @property
    def binary(self) -> bool:
        """Whether the values are 0 and 1."""
        return self.values.size == 2 and bool(self.values[0] == 0.0) and bool(self.values[1] == 1.0)


def of_counts(good: float, bad: float, *, units: int) -> Tally:
    """The tally of `good` ones and `bad` zeros."""
    return Tally(values=np.array([0.0, 1.0]), weights=np.array([float(bad), float(good)]), units=units)


def distinct(values: FloatArray) -> Tally:
    """The tally of values in [0, 1], each an independent unit, none rounded however many there are."""
    found, counts = np.unique(values, return_counts=True)
    return Tally(values=found, weights=counts.astype(np.float64), units=values.size)


def of_values(values: FloatArray, *, weights: FloatArray | None = None) -> Tally:
    """The tally of values in [0, 1], each an independent unit. `weights` have the mean 1; None: all alike."""
    good, bad = values == 1.0, values == 0.0
    count = int(np.count_nonzero(good)), int(np.count_nonzero(bad))
    if sum(count) < values.size:
        return _sorted_tally(values, weights)
    if weights is None:
        return of_counts(*count, units=values.size)
    return of_counts(order_free_sum(weights[good]), order_free_sum(weights[bad]), units=values.size)


def order_free_sum(terms: FloatArray) -> float:
    """The sum of `terms`, to the last bit the same in every order."""
    return float(np.sort(terms).sum())


def _sorted_tally(values: FloatArray, weights: FloatArray | None) -> Tally:
    if weights is None:
        ordered, weighed = np.sort(values), None
    else:
        order = np.lexsort((weights, values))
        ordered, weighed = values[order], weights[order]
    rises = ordered[1:] != ordered[:-1]
    if np.count_nonzero(rises) >= _GRID:
        return _on_grid(ordered, weighed)
    starts = np.append(0, np.flatnonzero(rises) + 1)
    return Tally(values=ordered[starts], weights=_counts(starts, ordered.size, weighed), units=ordered.size)


def _on_grid(ordered: FloatArray, weights: FloatArray | None) -> Tally:
    """The tally with one entry for each line of the grid and for each gap between two, where any value is."""
    places = np.arange(2 * _GRID + 1)  # even: on a line; odd: between two
    edges = (places // 2 + np.where(places % 2, _ON_LINE, -_ON_LINE)) / _GRID
    starts = np.searchsorted(ordered, edges)
    seen = np.diff(starts, append=ordered.size) > 0
    starts, places = starts[seen], places[seen]
    counts = _counts(starts, ordered.size, weights)
    sums = np.add.reduceat(ordered if weights is None else ordered * weights, starts)
    return Tally(
        values=sums / counts,
        weights=counts,
        units=ordered.size,
        lowered=places // 2 / _GRID,
        raised=(places + 1) // 2 / _GRID,
    )


def _counts(starts: IntArray, size: int, weights: FloatArray | None) -> FloatArray:
    """How much lies between each start and the next."""
    if weights is None:
        return np.diff(starts, append=size).astype(np.float64)
    return np.add.reduceat(weights, starts)


def scaled(tally: Tally, factor: float, *, units: int) -> Tally:
    """`tally` with every weight times `factor`, standing for `units` units."""
    return replace(tally, weights=tally.weights * factor, units=units)


def mean(tally: Tally) -> float:
    """The weighted mean of the values; never beyond the least or the largest of them, by rounding either."""
    found = math.fsum(tally.values * tally.weights) / math.fsum(tally.weights)
    return min(max(found, float(tally.values[0])), float(tally.values[-1]))


def p_pass(tally: Tally, *, target: Fraction) -> float:
    """The p-value against "the mean is below `target`": P(W <= target), and never under that of as many perfect units."""
    if tally.binary:
        bad, good = tally.weights
        p = float(beta_below(good, bad + 1.0, target)) if good else 1.0
    else:
        t = float(target)
        p = dirichlet.share_below(_low(tally) - t, tally.weights, anchor=-t)
    return max(p, math.pow(target, tally.units * tally.evenness))


def p_fail(tally: Tally, *, target: Fraction) -> float:
    """The p-value against "the mean is above `target`": the same of the mirrored data, without the cap."""
    if tally.binary:
        bad, good = tally.weights
        return float(beta_below(bad, good + 1.0, 1 - target)) if bad else 1.0
    return dirichlet.share_below(float(target) - _high(tally), tally.weights, anchor=float(target - 1))


def lower(tally: Tally, *, alpha: Fraction) -> float:
    """The one-sided lower bound: the `alpha` quantile of W, and no more than as many perfect units allow."""
    from scipy.special import betaincinv

    level = float(alpha)
    cap = math.pow(level, 1.0 / (tally.units * tally.evenness))
    if tally.binary:
        bad, good = tally.weights
        return min(cap, float(betaincinv(good, bad + 1.0, level))) if good else 0.0
    return min(cap, dirichlet.quantile(_low(tally), tally.weights, level=level))


def upper(tally: Tally, *, alpha: Fraction) -> float:
    """The one-sided upper bound: one minus the lower bound of the mirrored data, without the cap."""
    from scipy.special import betainccinv

    level = float(alpha)
    if tally.binary:
        bad, good = tally.weights
        return float(betainccinv(good + 1.0, bad, level)) if bad else 1.0
    return 1.0 - dirichlet.quantile(1.0 - _high(tally)[::-1], tally.weights[::-1], level=level)


def bound(
    tally: Tally,
    *,
    estimate: float,
    method: str,
    target: Fraction,
    alpha: Fraction,
    icc: float | None = None,
    deff: float | None = None,
) -> Bound:
    """Everything that `tally` says of the mean. With one unit: the estimate, and no bound."""
    if tally.units == 1:
        return estimate_only(estimate, method=method, units=1)
    passing, failing = p_pass(tally, target=target), p_fail(tally, target=target)
    decided = passes(passing, alpha=alpha) or fails(failing, alpha=alpha)
    return Bound(
        estimate=estimate,
        lower=lower(tally, alpha=alpha),
        upper=upper(tally, alpha=alpha),
        p_pass=passing,
        p_fail=failing,
        method=method,
        units=tally.units,
        icc=icc,
        deff=deff,
        needed_units=None if decided else _needed_units(tally, estimate=estimate, target=target, alpha=alpha),
    )


def _needed_units(tally: Tally, *, estimate: float, target: Fraction, alpha: Fraction) -> int | None:
    """The fewest further units at which the weights, scaled up, decide on the estimate's side of the target."""

    def grown(units: int) -> Tally:
        return scaled(tally, units / tally.units, units=units)

    return needed_units(
        lambda units: p_pass(grown(units), target=target),
        lambda units: p_fail(grown(units), target=target),
        units=tally.units,
        estimate=estimate,
        target=target,
        alpha=alpha,
    )


def _low(tally: Tally) -> FloatArray:
    return tally.values if tally.lowered is None else tally.lowered


def _high(tally: Tally) -> FloatArray:
    return tally.values if tally.raised is None else tally.raised
