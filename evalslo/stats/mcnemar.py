"""Whether anything changed at all between two runs of the same golden queries: tests that know the margin 0 only.

On right or wrong the sign-flip test is McNemar's exact test.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.checks import FloatArray, IntArray, differences

_MOST_SUMS = 200_000  # so many sums of signed differences are enumerated; beyond that they are drawn
_DIGITS = 12  # differences that agree so far are one value


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """P-values against "no change", "no better" and "no worse"."""

    p_changed: float
    p_better: float
    p_worse: float


def mcnemar(better: int, worse: int, *, mid_p: bool = False) -> McNemar:
    """McNemar's exact test of pairs that differ: `better` for the candidate, `worse` for it.

    `mid_p` counts half of the probability of what was seen. Without a pair that differs every p-value is 1 (mid-P: 1 and
    1/2). Raises StatisticsError where a count is below 0.

    *Coverage:* exact: at most alpha, proved. Mid-P: approximate, a little above alpha at times.
    *Source:* McNemar (1947), Psychometrika 12:153, doi:10.1007/BF02295996; mid-P: Fagerland et al. (2013),
    BMC Medical Research Methodology 13:91, doi:10.1186/1471-2288-13-91, from which the numbers below are:

    >>> round(mcnemar(6, 16).p_changed, 6), round(mcnemar(6, 16, mid_p=True).p_changed, 6)
    (0.052479, 0.03469)
    """
    from scipy.special import bdtr, gammaln

    if min(better, worse) < 0:
        raise StatisticsError(f"{better} better and {worse} worse found; wanted counts of at least 0")
    n = better + worse
    log_seen = gammaln(n + 1) - gammaln(better + 1) - gammaln(worse + 1) - n * math.log(2.0)
    spared = float(np.exp(log_seen)) / 2.0 if mid_p else 0.0
    p_better, p_worse = float(bdtr(worse, n, 0.5)) - spared, float(bdtr(better, n, 0.5)) - spared
    return McNemar(p_changed=min(1.0, 2.0 * min(p_better, p_worse)), p_better=p_better, p_worse=p_worse)


def sign_flip(values: ArrayLike, *, seed: int, draws: int = 9_999) -> float:
    """The p-value against "no change" of independent differences in [-1, 1], by turning their signs round at random.

    Every pattern of signs is counted where at most 200,000 sums are possible, else `draws` are drawn from `seed`, and the
    data themselves count as one more. 1 where nothing differs. Raises StatisticsError where a value is not in [-1, 1], or
    draws < 1.

    *Coverage:* at most alpha, proved, where under "no change" each difference is as likely as its opposite.
    *Source:* Fisher (1935), "The Design of Experiments", section 21; the further draw: Phipson & Smyth (2010), Statistical
    Applications in Genetics and Molecular Biology 9:39, doi:10.2202/1544-6115.1585.

    >>> round(sign_flip([1.0] * 6 + [-1.0] * 16 + [0.0] * 139, seed=0), 6)
    0.052479
    """
    if draws < 1:
        raise StatisticsError(f"draws {draws} found; wanted at least 1")
    signed = np.round(differences(values), _DIGITS)
    signed = signed[signed != 0.0]
    if not signed.size:
        return 1.0
    sizes, counts = np.unique(np.abs(signed), return_counts=True)
    far = abs(math.fsum(signed)) - 10.0**-9
    if math.prod(int(count) + 1 for count in counts) <= _MOST_SUMS:
        return _share_beyond(sizes, counts, far=far)
    return _drawn_beyond(sizes, counts, far=far, seed=seed, draws=draws)


def _share_beyond(sizes: FloatArray, counts: IntArray, *, far: float) -> float:
    """The probability of a sum at least `far` from 0, over all patterns of signs."""
    from scipy.special import gammaln

    sums, logs = np.zeros(1), np.zeros(1)
    for size, count in zip(sizes, counts, strict=True):
        plus = np.arange(count + 1)
        log_chance = gammaln(count + 1) - gammaln(plus + 1) - gammaln(count - plus + 1) - count * math.log(2.0)
        sums = np.add.outer(sums, size * (2 * plus - count)).ravel()
        logs = np.add.outer(logs, log_chance).ravel()
    return min(1.0, math.fsum(np.exp(logs[np.abs(sums) >= far])))


def _drawn_beyond(sizes: FloatArray, counts: IntArray, *, far: float, seed: int, draws: int) -> float:
    """The same share among `draws` patterns of signs and the data's own."""
    generator = np.random.default_rng(seed)
    sums = np.zeros(draws)
    for size, count in zip(sizes, counts, strict=True):
        sums += size * (2 * generator.binomial(count, 0.5, size=draws) - count)
    return (1 + int(np.count_nonzero(np.abs(sums) >= far))) / (1 + draws)
