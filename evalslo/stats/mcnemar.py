"""Whether anything changed at all between two runs of the same golden queries, of answers right or wrong: margin 0 only."""

import math

from msgspec import Struct

from evalslo.errors import StatisticsError
from evalslo.stats.beta import log_choose


class McNemar(Struct, frozen=True, kw_only=True):
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
    from scipy.special import bdtr

    if min(better, worse) < 0:
        raise StatisticsError(f"{better} better and {worse} worse found; wanted counts of at least 0")
    n = better + worse
    spared = math.exp(float(log_choose(n, better)) - n * math.log(2.0)) / 2.0 if mid_p else 0.0
    p_better, p_worse = float(bdtr(worse, n, 0.5)) - spared, float(bdtr(better, n, 0.5)) - spared
    return McNemar(p_changed=min(1.0, 2.0 * min(p_better, p_worse)), p_better=p_better, p_worse=p_worse)
