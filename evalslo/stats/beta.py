"""The incomplete beta function, which is the tail of a binomial, and binomial coefficients; neither loses digits."""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from evalslo.stats.checks import FloatArray


def beta_below(a: ArrayLike, b: ArrayLike, t: Fraction | float) -> FloatArray:
    """P(Beta(a, b) <= t) of parameters above 0, computed of the smaller of t and 1 - t.

    *Source:* NIST Digital Library of Mathematical Functions, 8.17, https://dlmf.nist.gov/8.17.
    """
    from scipy.special import betainc, betaincc

    if t <= Fraction(1, 2):
        return np.asarray(betainc(a, b, float(t)))
    return np.asarray(betaincc(b, a, float(1 - t)))


def at_most(bad: ArrayLike, n: ArrayLike, *, good: Fraction | float) -> FloatArray:
    """P(at most `bad` of `n` events are bad) where each is good with probability `good`; `bad` below `n`, both real.

    *Source:* as `beta_below`.

    >>> round(float(at_most(5, 208, good=Fraction(19, 20))), 4)
    0.0492
    """
    return beta_below(np.subtract(n, bad), np.add(bad, 1), good)


def log_choose(n: ArrayLike, k: ArrayLike) -> FloatArray:
    """The natural logarithm of "n choose k"."""
    from scipy.special import gammaln

    n, k = np.asarray(n, dtype=np.float64), np.asarray(k, dtype=np.float64)
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))
