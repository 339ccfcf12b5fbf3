"""Quantiles of latencies and the like: "p95 <= T" is "at least 95 % are within T", so its interval comes from that gate."""

from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from evalslo.stats.bound import fails, passes
from evalslo.stats.checks import FloatArray, IntArray, codes, quantities, require_levels, require_share
from evalslo.stats.clusters import clustered
from evalslo.stats.tally import Tally, mean, p_fail, p_pass

Interval = tuple[float | None, float | None, float | None]


def quantile_interval(
    values: ArrayLike,
    units: ArrayLike | None,
    *,
    q: Fraction,
    alpha: Fraction,
    icc_floor: Fraction,
    elements: ArrayLike | None = None,
) -> Interval:
    """(estimate, lower, upper) of the `q` quantile, each one of the observed `values`.

    "The q quantile is at most T" passes from T = upper on, and fails below lower. The estimate is the smallest value that at
    least a share q does not exceed. +inf is a time-out; what is infinite, or beyond the data, is None. For "at least T" negate
    the values, ask for 1 - q, and negate back.
    `units` labels what belongs together (None: nothing does). `elements` labels the values that the gate averages before it
    looks (repeats of a query inside a group); None: it averages none.

    *Coverage:* exact for independent values. With units as `scaled_gaffke`, whose p-values are not strictly monotone in T: a
    rare T beside a bound may be decided otherwise.
    *Source:* Conover (1999), Practical Nonparametric Statistics, 3rd ed., section 3.2; his example 1 there:

    >>> x = [189, 233, 195, 160, 212, 176, 231, 185, 199, 213, 202, 193, 174, 166, 248]
    >>> quantile_interval(x, None, q=Fraction(1, 2), alpha=Fraction(1, 40), icc_floor=Fraction(3, 10))
    (195.0, 176.0, 213.0)
    """
    require_levels(target=q, alpha=alpha)
    require_share(icc_floor, name="icc_floor")
    observed = quantities(values)
    steps = np.unique(observed)
    within = _shares(observed, units, elements, alpha=alpha, icc_floor=icc_floor)
    below_all = np.nan  # nothing is at most NaN, not even -inf

    def reaches(step: float) -> bool:
        return mean(within(step)) >= float(q) - 1e-12

    def passing(step: float) -> bool:
        return passes(p_pass(within(step), target=q), alpha=alpha)

    def holding(step: float) -> bool:
        return not fails(p_fail(within(step), target=q), alpha=alpha)

    estimate = _first(steps, reaches)
    if within(below_all).units == 1:
        return estimate, None, None
    return estimate, None if holding(below_all) else _first(steps, holding), _first(steps, passing)


def _first(steps: FloatArray, holds: Callable[[float], bool]) -> float | None:
    """The first of the ascending `steps` from which on `holds` is true; None where there is none, or it is infinite."""
    place = bisect_left(steps, x=True, key=holds)
    return float(steps[place]) if place < steps.size and np.isfinite(steps[place]) else None


def _shares(
    values: FloatArray, units: ArrayLike | None, elements: ArrayLike | None, *, alpha: Fraction, icc_floor: Fraction
) -> Callable[[float], Tally]:
    """A function from a threshold to the tally of "the value is at most that"."""
    each = np.arange(values.size)
    inside = each if elements is None else codes(elements, like=values, name="elements")
    groups = _groups(inside, inside if units is None else codes(units, like=values, name="units"))
    repeats = np.bincount(inside)

    def within(step: float) -> Tally:
        shares = np.bincount(inside, weights=values <= step) / repeats
        return clustered(shares, groups, alpha=alpha, icc_floor=icc_floor)

    return within


def _groups(inside: IntArray, groups: IntArray) -> IntArray:
    """The group of each element, in the elements' order."""
    return groups[np.unique(inside, return_index=True)[1]]
