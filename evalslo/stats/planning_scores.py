"""How many scores show what their mean is: the normal formula, and sizes for the bound that gates."""

import math
from bisect import bisect_left
from fractions import Fraction

from evalslo.errors import StatisticsError
from evalslo.stats.checks import require_levels, require_share
from evalslo.stats.planning import MOST, require_at_least, require_power


def mean_size(
    gap: Fraction | float,
    *,
    between: float,
    within: float = 0.0,
    repeats: int | None = 1,
    power: Fraction | float,
    alpha: Fraction,
) -> int:
    """How many queries show a mean that lies `gap` from its target with probability `power`.

    `between` is the variance between queries, `within` that between repeats of a query; for the difference of two runs the
    sum of both runs' own. `repeats` None: without end. Raises StatisticsError for a gap of 0, a variance below 0, repeats
    below 1, or a power not between 0 and 1.

    *Coverage:* approximate: the normal formula, for differences and for means that are not piled up; see `score_size`.
    *Source:* Miller (2024), "Adding Error Bars to Evals", section 5, doi:10.48550/arXiv.2411.00640, who rounds to 969:

    >>> mean_size(0.03, between=1 / 9, repeats=None, power=0.8, alpha=Fraction(1, 40))
    969
    """
    from scipy.special import ndtri

    require_levels(target=Fraction(1), alpha=alpha)
    require_power(power)
    size = abs(float(gap))
    if not (0.0 < size < math.inf and 0.0 <= between < math.inf and 0.0 <= within < math.inf):
        raise StatisticsError(
            f"gap {size}, variances {between} and {within} found; wanted a gap other than 0 and variances of 0 or more"
        )
    require_at_least(1 if repeats is None else repeats, 1, name="repeats")
    spread = between + (0.0 if repeats is None else within / repeats)
    z = float(ndtri(1 - float(alpha)) + ndtri(float(power)))
    return max(2, math.ceil(z * z * spread / size**2))


def score_size(
    target: Fraction, truth: Fraction | float, *, spread: float, power: Fraction | float, alpha: Fraction
) -> int | None:
    """How many independent scores in [0, 1] show a mean of `truth` with probability `power`; None beyond 10,000,000.

    `spread` is the standard deviation of one score. A truth below the target shows as a FAIL. Raises StatisticsError where the
    truth is the target, or for a spread outside [0, 1/2].

    *Coverage:* approximate, see `score_power`.
    """
    require_power(power)
    if truth == target:
        raise StatisticsError(f"truth {truth} found, which is the target: no number of scores shows either side of it")

    def enough(n: int) -> bool:
        return score_power(n, truth=truth, target=target, spread=spread, alpha=alpha) >= power

    high = mean_size(float(truth - target), between=spread * spread, power=power, alpha=alpha)
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    return bisect_left(range(high), x=True, key=enough)


def score_power(n: int, *, truth: Fraction | float, target: Fraction, spread: float, alpha: Fraction) -> float:
    """The probability that `n` independent scores with a mean of `truth` show on which side of the target it lies.

    *Coverage:* approximate. The mean of the sample is taken as normal, and Gaffke's bound as the quantile of the Beta
    distribution with the same two moments. Not in the benchmark; tests/stats/test_planning.py holds simulated power near a
    planned .80 for scores piled at 1 and others.
    *Source:* the moments of a Dirichlet mean, e.g. Cifarelli & Regazzini (1990), doi:10.1214/aos/1176347509.

    >>> f"{score_power(188, truth=0.95, target=Fraction(925, 1000), spread=0.097, alpha=Fraction(1, 20)):.2f}"
    '0.77'
    """
    from scipy.special import betaincinv, ndtr

    require_levels(target=target, alpha=alpha)
    require_share(truth, name="truth")
    if not 0.0 <= spread <= 0.5:
        raise StatisticsError(f"spread {spread} found; wanted in [0, 1/2]: no score in [0, 1] spreads wider")
    mean, aim = (float(truth), float(target)) if truth > target else (float(1 - truth), float(1 - target))
    if n < 2 or truth == target or mean == 0.0:
        return 0.0
    centre = n * mean / (n + 1)
    variance = (n * (spread * spread + mean * mean) / (n + 1) - centre * centre) / (n + 2)
    size = centre * (1.0 - centre) / variance - 1.0
    cap = float(alpha) ** (1.0 / n)
    bound = min(cap, float(betaincinv(centre * size, (1.0 - centre) * size, float(alpha))))
    if spread == 0.0:
        return 1.0 if bound >= aim else 0.0
    return 0.0 if cap < aim else float(ndtr((bound - aim) * math.sqrt(n) / spread))
