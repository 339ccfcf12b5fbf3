"""A part beside the rest: how surprising it would be that the part's scores are so much smaller, were they no smaller."""

import math

import numpy as np
from numpy.typing import ArrayLike

from evalslo.stats.beta import log_choose
from evalslo.stats.checks import FloatArray, IntArray, scores

_SYMMETRIC = 1e-3  # with less skewness than this the gamma distribution is the normal one to four digits


def rank_sum_below(part: ArrayLike, rest: ArrayLike) -> float:
    """The p-value of the rank-sum test against "the values of `part` are no smaller than those of `rest`".

    Both are flat arrays of numbers in [0, 1], an independent unit each; ties have their mean rank. 1 where all values are
    equal. Raises StatisticsError as `checks.scores` does.

    *Coverage:* approximate. The rank sum of a random part has a gamma distribution of the same mean, variance and skewness,
    corrected by half the smallest gap between ranks; a normal one errs far too often at small levels where most values are 1
    and the part is small. Not in the benchmark; tests/stats/test_rank_sum.py holds it near Fisher's exact test.
    *Source:* Mann & Whitney (1947), Annals of Mathematical Statistics 18:50, doi:10.1214/aoms/1177730491; the gamma
    distribution of a permutation statistic: Mielke & Berry (2007), Permutation Methods, doi:10.1007/978-0-387-69813-7.

    >>> round(rank_sum_below([0.1, 0.2, 0.3, 0.4, 0.5], [0.6, 0.7, 0.8, 0.9, 1.0]), 4)
    0.0061
    """
    few, many = scores(part), scores(rest)
    distinct, places, counts = np.unique(np.concatenate((few, many)), return_inverse=True, return_counts=True)
    if distinct.size == 1:
        return 1.0
    inside, outside = few.size, many.size
    ranks = np.cumsum(counts) - (counts - 1) / 2 - (inside + outside + 1) / 2
    spread, skewness = _moments(ranks, counts, inside=inside, outside=outside)
    # centred mean ranks are whole or half numbers: their sum is exact in any order
    statistic = float(ranks[places[:inside]].sum() + np.diff(ranks).min() / 2)
    fewest = float(log_choose(inside + outside, inside))
    return min(1.0, max(_gamma_below(statistic / spread, skewness), math.exp(-fewest)))


def _moments(ranks: FloatArray, counts: IntArray, *, inside: int, outside: int) -> tuple[float, float]:
    """The standard deviation and the skewness of the sum of `inside` ranks drawn without replacement, their mean 0."""
    both = inside + outside
    variance = inside * outside / (both * (both - 1)) * float((counts * ranks**2).sum())
    if inside == outside:
        return math.sqrt(variance), 0.0
    third = inside * outside * (outside - inside) / (both * (both - 1) * (both - 2)) * float((counts * ranks**3).sum())
    return math.sqrt(variance), third / variance**1.5


def _gamma_below(z: float, skewness: float) -> float:
    """P(Z <= z) of a gamma distribution that is shifted and scaled to mean 0, variance 1 and `skewness`."""
    from scipy.special import gammainc, gammaincc, ndtr

    if abs(skewness) < _SYMMETRIC:
        return float(ndtr(z))
    shape = 4 / skewness**2
    at = max(shape + 2 * z / skewness, 0.0)
    return float(gammainc(shape, at) if skewness > 0 else gammaincc(shape, at))
