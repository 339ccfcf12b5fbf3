"""Quantiles of latencies and the like: "p95 <= T" is "at least 95 % are within T", so its interval comes from that gate."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from evalslo.stats.betting import betting
from evalslo.stats.bound import RateBound, fails, passes
from evalslo.stats.checks import FloatArray, IntArray, codes, quantities, require_levels, require_share, uneven
from evalslo.stats.clusters import laid_out, layout_of
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.tally import mean, p_fail, p_pass

Interval = tuple[float | None, float | None, float | None]
Reading = tuple[float, float | None, float | None]
"""The share within a threshold, its p-value against "less than q are", and that against "more are"."""


def quantile_interval(
    values: ArrayLike,
    units: ArrayLike | None,
    *,
    q: Fraction,
    alpha: Fraction,
    icc_floor: Fraction,
    elements: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    method: RateBound = clopper_pearson,
    strict: bool = False,
) -> Interval:
    """(estimate, lower, upper) of the `q` quantile, each one of the observed `values`.

    "The q quantile is at most T" passes from T = upper on, and fails below lower. The estimate is the smallest value that at
    least a share q does not exceed. +inf is a time-out; what is infinite, or beyond the data, is None. For "at least T" negate
    the values, ask for 1 - q, and negate back.
    `units` labels what belongs together (None: nothing does). `elements` labels the values that the gate averages before it
    looks (repeats of a query inside a group); None: it averages none. `weights` as in `scaled_gaffke`, alike inside an
    element. The gate is that of `method` where values are independent and weigh alike, else `scaled_gaffke`, or `betting`
    where `strict`.

    *Coverage:* at least 1 - alpha on each side, proved, for independent values; sizes in docs/measured/coverage.md, table E.
    With units as `scaled_gaffke`, whose p-values are not strictly monotone in T: a
    rare T beside a bound may be decided otherwise.
    *Source:* Conover (1999), Practical Nonparametric Statistics, 3rd ed., section 3.2; his example 1 there:

    >>> x = [189, 233, 195, 160, 212, 176, 231, 185, 199, 213, 202, 193, 174, 166, 248]
    >>> quantile_interval(x, None, q=Fraction(1, 2), alpha=Fraction(1, 40), icc_floor=Fraction(3, 10))
    (195.0, 176.0, 213.0)
    """
    require_levels(target=q, alpha=alpha)
    require_share(icc_floor, name="icc_floor")
    observed = quantities(values)
    heavy = uneven(weights, like=observed)
    inside = None if elements is None else codes(elements, like=observed, name="elements")
    groups = inside if units is None else codes(units, like=observed, name="units")
    if heavy is None and (groups is None or int(groups.max()) + 1 == observed.size):
        return _by_rank(observed, q=q, alpha=alpha, method=method)
    groups = np.arange(observed.size) if groups is None else groups
    if inside is not None:
        first = np.unique(inside, return_index=True)[1]
        groups, heavy = groups[first], None if heavy is None else heavy[first]
    gate = _betting_gate if strict else _shrinking_gate
    read = gate(groups, heavy, q=q, alpha=alpha, icc_floor=icc_floor)
    shares = _shares(observed, inside)
    return _by_search(np.unique(observed), lambda step: read(shares(step)), q=q, alpha=alpha)


def _by_rank(values: FloatArray, *, q: Fraction, alpha: Fraction, method: RateBound) -> Interval:
    """The interval of independent values: the gate asks only how many lie within, so it names the ranks of the three."""
    n = values.size

    def passing(within: int) -> bool:
        return passes(method(within, n, target=q, alpha=alpha).p_pass, alpha=alpha)

    def holding(within: int) -> bool:
        return not fails(method(within, n, target=q, alpha=alpha).p_fail, alpha=alpha)

    fewest = [bisect_left(range(n + 1), x=True, key=holds) if n > 1 else 0 for holds in (holding, passing)]
    point, lower, upper = _order_statistics(values, [math.ceil(q * n), *fewest])
    return point, lower, upper


def _order_statistics(values: FloatArray, ranks: Sequence[int]) -> list[float | None]:
    """The values of `ranks`, which count from 1; None for a rank that there is not, and for an infinite value."""
    known = sorted({rank - 1 for rank in ranks if 1 <= rank <= values.size})
    ordered = np.partition(values, known)
    return [_finite(ordered[rank - 1]) if rank - 1 in known else None for rank in ranks]


def _by_search(steps: FloatArray, read: Callable[[float], Reading], *, q: Fraction, alpha: Fraction) -> Interval:
    """The interval of values that depend on one another: the gate is asked at some of the ascending `steps`."""
    at = cache(lambda place: read(float(steps[place])))
    below_all = read(math.nan)  # nothing is at most NaN, not even -inf

    def first(holds: Callable[[Reading], bool]) -> float | None:
        place = bisect_left(range(steps.size), x=True, key=lambda place: holds(at(place)))
        return _finite(steps[place]) if place < steps.size else None

    def holding(reading: Reading) -> bool:
        return not fails(reading[2], alpha=alpha)

    estimate = first(lambda reading: reading[0] >= float(q) - 1e-12)
    if below_all[1] is None:
        return estimate, None, None
    return (
        estimate,
        None if holding(below_all) else first(holding),
        first(lambda reading: passes(reading[1], alpha=alpha)),
    )


def _shrinking_gate(
    groups: IntArray, weights: FloatArray | None, *, q: Fraction, alpha: Fraction, icc_floor: Fraction
) -> Callable[[FloatArray], Reading]:
    """What `scaled_gaffke` says of the elements' shares."""
    layout = layout_of(groups, alpha=alpha, icc_floor=icc_floor, weights=weights)

    def read(shares: FloatArray) -> Reading:
        tally = laid_out(shares, layout)
        if layout.units == 1:
            return mean(tally), None, None
        return mean(tally), p_pass(tally, target=q), p_fail(tally, target=q)

    return read


def _betting_gate(
    groups: IntArray, weights: FloatArray | None, *, q: Fraction, alpha: Fraction, icc_floor: Fraction
) -> Callable[[FloatArray], Reading]:
    """What `betting` says of them; it assumes no correlation inside a unit, and needs no floor."""

    def read(shares: FloatArray) -> Reading:
        found = betting(shares, groups, target=q, alpha=alpha, weights=weights)
        return found.estimate, found.p_pass, found.p_fail

    return read


def _shares(values: FloatArray, inside: IntArray | None) -> Callable[[float], FloatArray]:
    """A function from a threshold to the share of each element that is at most that."""
    if inside is None:
        return lambda step: (values <= step).astype(np.float64)
    repeats = np.bincount(inside)
    return lambda step: np.bincount(inside, weights=values <= step) / repeats


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
