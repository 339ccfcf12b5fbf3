"""Whether anything changed at all between two runs of the same golden queries, of differences in [-1, 1].

It knows the margin 0 only. On right or wrong it is McNemar's exact test.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.beta import log_choose
from evalslo.stats.checks import FloatArray, IntArray, differences

_MOST_SUMS = 200_000  # so many sums of signed differences are enumerated; beyond that they are drawn
_DIGITS = 12  # differences that agree so far are one value


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
    sums, logs = np.zeros(1), np.zeros(1)
    for size, count in zip(sizes, counts, strict=True):
        plus = np.arange(count + 1)
        log_chance = log_choose(count, plus) - count * math.log(2.0)
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
