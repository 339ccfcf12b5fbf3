"""Means of independent scores in [0, 1]."""

from fractions import Fraction

from numpy.typing import ArrayLike

from evalslo.stats.bound import Bound
from evalslo.stats.checks import require_levels, scores
from evalslo.stats.tally import bound, mean, of_values


def gaffke(values: ArrayLike, *, target: Fraction, alpha: Fraction) -> Bound:
    """Gaffke's bound of the mean of independent `values` in [0, 1]; Clopper-Pearson's where all are 0 or 1.

    More than 500 distinct values are rounded to the grid of 1/500: down for the lower bound and `p_pass`, up for the upper
    bound and `p_fail`. With one value there is the estimate only. Raises StatisticsError where a value is not in [0, 1].

    *Coverage:* 1 - alpha on each side; proved in special cases (zeros and ones among them), and no counterexample is known.
    Measured on scores piled at 1 in docs/measured/coverage.md, table B.
    *Source:* Gaffke (2005), "Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative
    variable", Math. Methods of Statistics 14:451; Learned-Miller & Thomas (2019), doi:10.48550/arXiv.1905.06208.

    >>> interval = gaffke([1.0] * 30 + [0.5] * 5 + [0.0] * 2, target=Fraction(9, 10), alpha=Fraction(1, 20))
    >>> f"{interval.estimate:.6f} {interval.lower:.6f} {interval.upper:.6f}"
    '0.878378 0.768221 0.942691'
    """
    require_levels(target=target, alpha=alpha)
    tally = of_values(scores(values))
    method = "clopper-pearson" if tally.binary else "gaffke"
    return bound(tally, estimate=mean(tally), method=method, target=target, alpha=alpha)
