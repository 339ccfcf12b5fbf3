"""A sample boiled down to distinct values and weights, and everything that is computed from that: all methods meet here."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evalslo.stats import dirichlet
from evalslo.stats.bound import Bound, fails, passes
from evalslo.stats.checks import FloatArray

_GRID = 500  # values with more distinct values than this are rounded to 1/500, away from the verdict
_PATIENCE = 100  # `needed_units` looks no further than this many times the units there are


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Distinct values in [0, 1], ascending, and how often each was seen.

    `weights` are real: occurrences over the design effect. `units` counts what is independent. Data of zeros and ones always
    have both values, one of them perhaps with weight 0.
    """

    values: FloatArray
    weights: FloatArray
    units: int

    @property
    def binary(self) -> bool:
        """Whether the values are 0 and 1."""
        return self.values.size == 2 and bool(self.values[0] == 0.0) and bool(self.values[1] == 1.0)


def of_counts(good: float, bad: float, *, units: int) -> Tally:
    """The tally of `good` ones and `bad` zeros."""
    return Tally(values=np.array([0.0, 1.0]), weights=np.array([float(bad), float(good)]), units=units)


def of_values(values: FloatArray) -> Tally:
    """The tally of values in [0, 1], each an independent unit."""
    good = int(np.count_nonzero(values == 1.0))
    bad = int(np.count_nonzero(values == 0.0))
    if good + bad == values.size:
        return of_counts(good, bad, units=values.size)
    distinct, counts = np.unique(values, return_counts=True)
    return Tally(values=distinct, weights=counts.astype(np.float64), units=values.size)


def scaled(tally: Tally, factor: float, *, units: int) -> Tally:
    """`tally` with every weight times `factor`, standing for `units` units."""
    return Tally(values=tally.values, weights=tally.weights * factor, units=units)


def mean(tally: Tally) -> float:
    """The weighted mean of the values."""
    return math.fsum(tally.values * tally.weights) / math.fsum(tally.weights)


def p_pass(tally: Tally, *, target: Fraction) -> float:
    """The p-value against "the mean is below `target`": P(W <= target), and never under that of as many perfect units."""
    if tally.binary:
        bad, good = tally.weights
        p = _beta_below(float(good), float(bad), target)
    else:
        t, coarse = float(target), _coarse(tally, rounding=np.floor)
        p = dirichlet.share_below(coarse.values - t, coarse.weights, anchor=-t)
    return max(p, math.pow(target, tally.units))


def p_fail(tally: Tally, *, target: Fraction) -> float:
    """The p-value against "the mean is above `target`": the same of the mirrored data, without the cap."""
    if tally.binary:
        bad, good = tally.weights
        return _beta_below(float(bad), float(good), 1 - target)
    t, coarse = float(target), _coarse(tally, rounding=np.ceil)
    return dirichlet.share_below(t - coarse.values, coarse.weights, anchor=float(target - 1))


def lower(tally: Tally, *, alpha: Fraction) -> float:
    """The one-sided lower bound: the `alpha` quantile of W, and no more than as many perfect units allow."""
    from scipy.special import betaincinv

    level = float(alpha)
    cap = math.pow(level, 1.0 / tally.units)
    if tally.binary:
        bad, good = tally.weights
        return min(cap, float(betaincinv(good, bad + 1.0, level))) if good else 0.0
    coarse = _coarse(tally, rounding=np.floor)
    return min(cap, dirichlet.quantile(coarse.values, coarse.weights, level=level))


def upper(tally: Tally, *, alpha: Fraction) -> float:
    """The one-sided upper bound: one minus the lower bound of the mirrored data, without the cap."""
    from scipy.special import betainccinv

    level = float(alpha)
    if tally.binary:
        bad, good = tally.weights
        return float(betainccinv(good + 1.0, bad, level)) if bad else 1.0
    coarse = _coarse(tally, rounding=np.ceil)
    return 1.0 - dirichlet.quantile(1.0 - coarse.values[::-1], coarse.weights[::-1], level=level)


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
    one = tally.units == 1
    passing = None if one else p_pass(tally, target=target)
    failing = None if one else p_fail(tally, target=target)
    decided = one or passes(passing, alpha=alpha) or fails(failing, alpha=alpha)
    return Bound(
        estimate=estimate,
        lower=None if one else lower(tally, alpha=alpha),
        upper=None if one else upper(tally, alpha=alpha),
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
    if estimate == float(target):
        return None

    def decides(further: int) -> bool:
        units = tally.units + further
        grown = scaled(tally, units / tally.units, units=units)
        if estimate > float(target):
            return passes(p_pass(grown, target=target), alpha=alpha)
        return fails(p_fail(grown, target=target), alpha=alpha)

    low, high = 0, _PATIENCE * tally.units
    if not decides(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def _beta_below(good: float, bad: float, t: Fraction) -> float:
    """P(Beta(good, bad + 1) <= t), of the smaller of t and 1 - t, so that neither loses digits."""
    from scipy.special import betainc, betaincc

    if good == 0.0 or t == 1:
        return 1.0
    if t == 0:
        return 0.0
    if t <= Fraction(1, 2):
        return float(betainc(good, bad + 1.0, float(t)))
    return float(betaincc(bad + 1.0, good, float(1 - t)))


def _coarse(tally: Tally, *, rounding: Callable[[FloatArray], FloatArray]) -> Tally:
    """`tally`, on the grid where it has too many values. A value that is on the grid but for rounding stays there."""
    if tally.values.size <= _GRID:
        return tally
    steps = tally.values * _GRID
    nearest = np.rint(steps)
    rounded = np.where(np.abs(steps - nearest) < 1e-9, nearest, rounding(steps))
    distinct, places = np.unique(rounded, return_inverse=True)
    weights = np.zeros(distinct.size)
    np.add.at(weights, places, tally.weights)
    return Tally(values=distinct / _GRID, weights=weights, units=tally.units)
