"""Methods that evalslo does not have, measured beside its own to show why: the formulas that other tools decide by."""

import math
from fractions import Fraction

import numpy as np

from benchmarks.coverage.cells import ALPHA, Rng, Verdict
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.clusters import mean_variance

Z95 = 1.6448536269514722


def wald(good: FloatArray, n: int, *, target: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """(PASS, FAIL) for each count of good events, by estimate -+ 1.645 standard errors."""
    p = good / n
    reach = Z95 * np.sqrt(p * (1 - p) / n)
    return p - reach >= float(target), p + reach < float(target)


def cr2_t(values: FloatArray, groups: IntArray, *, target: Fraction) -> Verdict:
    """The t interval on the CR2 variance with Satterthwaite's degrees of freedom."""
    from scipy.special import stdtrit

    variance, df = mean_variance(values, groups)
    reach = float(stdtrit(df, float(1 - ALPHA))) * math.sqrt(variance)
    estimate = float(values.mean())
    return estimate - reach >= float(target), estimate + reach < float(target)


def cluster_bootstrap(
    values: FloatArray, groups: IntArray, rng: Rng, *, target: Fraction, resamples: int = 1000
) -> Verdict:
    """The percentile interval of the pooled mean, whole groups drawn with replacement."""
    each = np.bincount(groups)
    sums = np.bincount(groups, weights=values)
    drawn = rng.multinomial(each.size, np.full(each.size, 1 / each.size), size=resamples)
    low, high = np.quantile((drawn @ sums) / (drawn @ each), [float(ALPHA), float(1 - ALPHA)])
    return bool(low >= float(target)), bool(high < float(target))


def bootstrap_quantile(values: FloatArray, q: float, rng: Rng, *, resamples: int = 1000) -> tuple[float, float]:
    """The percentile interval of numpy's `q` quantile, which lies between two order statistics.

    A resample's two order statistics are values of the sample: their places are drawn, as order statistics of uniform numbers.
    """
    ordered, n = np.sort(values), values.size
    at = q * (n - 1)
    rank = int(at) + 1
    first = rng.beta(rank, n - rank + 1, size=resamples)
    second = first + (1 - first) * rng.beta(1, n - rank, size=resamples) if rank < n else first
    below, above = (ordered[np.minimum((place * n).astype(int), n - 1)] for place in (first, second))
    low, high = np.quantile(below + (at - int(at)) * (above - below), [float(ALPHA), float(1 - ALPHA)])
    return float(low), float(high)
