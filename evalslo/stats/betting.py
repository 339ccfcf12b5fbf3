"""Means of scores in [0, 1] by betting: the bound whose coverage is proved whatever the scores look like.

Somebody bets against "the mean is at most m". A unit of mean x multiplies the wealth of bet c by 1 + c w (x / m - 1), where
w is the unit's size beside the largest one. No bet can be expected to gain while the hypothesis holds, so the mean wealth E
of several bets is seldom large: P(E >= 1 / alpha) <= alpha (Markov). E falls as m grows, and does not ask in which order the
units came; so the lower bound is the m where E = 1 / alpha. The upper bound is that of the mirrored scores.

*Source:* Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables by betting", Journal of the Royal
Statistical Society B 86:1, doi:10.1093/jrsssb/qkad009.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import FloatArray, IntArray, codes, require_levels, scores, uneven
from evalslo.stats.needed import needed_units

BETS = np.concatenate([np.geomspace(0.005, 0.5, 12), np.linspace(0.55, 0.97, 12)])  # shares of what a bet may risk
_MOST = 5000  # more distinct (value, size) pairs than this are put on a grid
_VALUE_STEPS = 500
_SIZE_STEPS = 100


class Stakes(Struct, frozen=True, kw_only=True, eq=False):
    """Distinct pairs of a unit's mean in [0, 1] and its size in (0, 1], and how often each was seen; `units` counts them."""

    values: FloatArray
    sizes: FloatArray
    counts: FloatArray
    units: int


def betting(
    values: ArrayLike,
    units: ArrayLike | None = None,
    *,
    target: Fraction,
    alpha: Fraction,
    weights: ArrayLike | None = None,
) -> Bound:
    """The bound by betting of the mean of `values` in [0, 1].

    `units` labels values that belong together (None: each stands alone); `weights` has one number above 0 a value (None: all
    the same). The bound is that of the pooled mean, sum of weight x value over sum of weight: a unit counts by its size, and
    what happens inside it is free. With one unit there is the estimate only. Raises StatisticsError where a value is not in
    [0, 1], a weight is not a finite number above 0, or the lengths differ.

    *Coverage:* at least 1 - alpha on each side, proved, for independent units of given sizes and weights, however their
    scores are distributed and however they hang together inside a unit. Where sizes come about by chance together with the
    scores, the largest is known from the data only, and the proof does not reach. Measured in docs/measured/coverage.md,
    tables B, C, C-trap (chance sizes) and W-weights; the price is width, and since the smallest bet is fixed, a bound stays a
    little away from the mean however many the scores.
    *Source:* Waudby-Smith & Ramdas (2024), doi:10.1093/jrsssb/qkad009, with constant bets.

    >>> found = betting([1.0] * 59, target=Fraction(19, 20), alpha=Fraction(1, 20))
    >>> f"{found.lower:.4f}"  # Clopper-Pearson: 0.9505
    '0.9263'
    """
    require_levels(target=target, alpha=alpha)
    stakes = _stakes(scores(values), units, weights)
    if stakes.units == 1:
        return estimate_only(_mean(stakes), method="betting", units=1)
    missed = log_wealths(stakes, level=float(target))
    met = log_wealths(mirrored(stakes), level=float(1 - target))
    p_pass, p_fail = _p(missed), _p(met)
    decided = passes(p_pass, alpha=alpha) or fails(p_fail, alpha=alpha)
    return Bound(
        estimate=_mean(stakes),
        lower=lowest(stakes, alpha=alpha),
        upper=1.0 - lowest(mirrored(stakes), alpha=alpha),
        p_pass=p_pass,
        p_fail=p_fail,
        method="betting",
        units=stakes.units,
        needed_units=None if decided else _needed_units(stakes, missed, met, target=target, alpha=alpha),
    )


def perfect_units_worth(sizes: ArrayLike, counts: ArrayLike = 1, *, target: Fraction) -> float:
    """How many independent good events prove as much against `target` as perfect units of these `sizes` do by `betting`.

    `counts`: how many units there are of each size. 0 at a target of 1, and without units.

    *Source:* as `betting`; n good events have the p-value target^n of Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404.

    >>> round(perfect_units_worth([1.0], [59], target=Fraction(19, 20)), 1)
    35.8
    """
    heights = np.asarray(sizes, dtype=np.float64)
    if target == 1 or heights.size == 0:
        return 0.0
    seen = np.broadcast_to(np.asarray(counts, dtype=np.float64), heights.shape)
    stakes = Stakes(
        values=np.ones_like(heights), sizes=heights / float(heights.max()), counts=seen, units=int(seen.sum())
    )
    return max(0.0, log_mean_wealth(log_wealths(stakes, level=float(target)))) / -math.log(target)


def of_pairs(values: FloatArray, sizes: FloatArray | None) -> Stakes:
    """The stakes of units with means `values` and sizes in (0, 1] (None: all 1); the largest size need not be among them.

    Very many distinct pairs are split between the points of a grid around them, in the proportion that keeps the mean. A
    bet's log gain is concave in the value and in the size, so this can only lower the evidence, on both sides.
    """
    if sizes is None:
        distinct, counts = np.unique(values, return_counts=True)
        heights = np.ones(distinct.size)
    else:
        pairs, counts = np.unique(values + 1j * sizes, return_counts=True)
        distinct, heights = pairs.real, pairs.imag
    stakes = Stakes(values=distinct, sizes=heights, counts=counts.astype(np.float64), units=values.size)
    return _on_grid(stakes) if distinct.size > _MOST else stakes


def mirrored(stakes: Stakes) -> Stakes:
    """The stakes with every value x as 1 - x."""
    return Stakes(values=1.0 - stakes.values, sizes=stakes.sizes, counts=stakes.counts, units=stakes.units)


def log_wealths(stakes: Stakes, *, level: float) -> FloatArray:
    """The natural logarithm of each bet's wealth against "the mean is at most `level`"; +inf where level 0 is exceeded."""
    gains = stakes.sizes * (_ratios(stakes.values, level) - 1.0)
    growth: FloatArray = np.log1p(np.multiply.outer(BETS, gains)) @ stakes.counts
    return growth


def log_mean_wealth(wealths: FloatArray) -> float:
    """The natural logarithm of the mean wealth, from the logarithms of each bet's."""
    top = float(wealths.max())
    return top if math.isinf(top) else top + math.log(float(np.exp(wealths - top).sum()) / wealths.size)


def lowest(stakes: Stakes, *, alpha: Fraction) -> float:
    """The largest m that the evidence at 1 / `alpha` excludes together with all below; 0 where every value is 0."""
    goal = -math.log(alpha)

    def excluded(level: float) -> bool:
        return log_mean_wealth(log_wealths(stakes, level=level)) >= goal

    return last_excluded(excluded, high=_mean(stakes))  # at the mean itself no bet has gained


def last_excluded(excluded: Callable[[float], bool], *, high: float) -> float:
    """The largest level in [0, `high`] that is `excluded` together with all below; 0 where none is."""
    low = 0.0
    while high - low > 1e-13:
        middle = (low + high) / 2
        low, high = (middle, high) if excluded(middle) else (low, middle)
    return low


def _ratios(values: FloatArray, level: float) -> FloatArray:
    """Each value over `level`; 0 / 0 is 0, since a value of 0 gains against no level."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(values, level, out=np.zeros_like(values), where=values > 0.0)


def _stakes(values: FloatArray, units: ArrayLike | None, weights: ArrayLike | None) -> Stakes:
    heavy = uneven(weights, like=values)
    if units is None:
        return of_pairs(values, None if heavy is None else heavy / float(heavy.max()))
    means, sizes = _by_unit(values, codes(units, like=values, name="units"), heavy)
    return of_pairs(means, sizes / float(sizes.max()))


def _by_unit(values: FloatArray, groups: IntArray, weights: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """The mean and the size of each unit, summed in an order that the data's own order does not change."""
    order = np.lexsort((values, groups) if weights is None else (weights, values, groups))
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    heavy = np.ones(values.size) if weights is None else weights[order]
    sizes = np.add.reduceat(heavy, starts)
    return np.add.reduceat(values[order] * heavy, starts) / sizes, sizes


def _on_grid(stakes: Stakes) -> Stakes:
    wide, tall = _VALUE_STEPS + 1, _SIZE_STEPS + 1
    cells = np.zeros(wide * tall)
    for column, along in _ends(stakes.values, steps=_VALUE_STEPS):
        for row, across in _ends(stakes.sizes, steps=_SIZE_STEPS):
            cells += np.bincount(column * tall + row, weights=along * across * stakes.counts, minlength=cells.size)
    held = np.flatnonzero(cells)
    return Stakes(
        values=held // tall / _VALUE_STEPS, sizes=held % tall / _SIZE_STEPS, counts=cells[held], units=stakes.units
    )


def _ends(points: FloatArray, *, steps: int) -> tuple[tuple[IntArray, FloatArray], tuple[IntArray, FloatArray]]:
    """The points of the grid on both sides of each of `points`, with the share of it that goes to each."""
    below = np.minimum(np.floor(points * steps), steps - 1.0)
    share = points * steps - below
    place = below.astype(np.int64)
    return (place, 1.0 - share), (place + 1, share)


def _mean(stakes: Stakes) -> float:
    heavy = stakes.sizes * stakes.counts
    return math.fsum(stakes.values * heavy) / math.fsum(heavy)


def _p(wealths: FloatArray) -> float:
    return math.exp(-max(0.0, log_mean_wealth(wealths)))


def _needed_units(
    stakes: Stakes, missed: FloatArray, met: FloatArray, *, target: Fraction, alpha: Fraction
) -> int | None:
    """The fewest further units at which the wealths against "missed" and "met", growing as before, decide."""
    return needed_units(
        lambda units: _p(missed * (units / stakes.units)),
        lambda units: _p(met * (units / stakes.units)),
        units=stakes.units,
        estimate=_mean(stakes),
        target=target,
        alpha=alpha,
    )
