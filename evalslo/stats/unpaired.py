"""A candidate and a baseline that answered different golden queries: the bounds of the difference of two shares."""

import math
from dataclasses import dataclass
from fractions import Fraction

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Difference
from evalslo.stats.checks import require_margin
from evalslo.stats.mover import by_inversion, mover_limits, unbounded, with_further

Share = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fisher:
    """The two one-sided p-values of Fisher's exact test: against "no better", and against "no worse"."""

    p_better: float
    p_worse: float


def newcombe_unpaired(baseline: Share, candidate: Share, *, margin: Fraction, alpha: Fraction) -> Difference:
    """Candidate minus baseline of two independent shares, each (good, n), from Wilson's limits of each.

    P-values by inverting the interval, see `mover.by_inversion`. With one event in an arm there is the estimate only. Raises
    StatisticsError unless 0 <= good <= n and n >= 1 in each, and 0 <= margin < 1.

    *Coverage:* approximate. Measured one-sided error at alpha .05 with the truth at the margin: at most .051.
    *Source:* Newcombe (1998), Statistics in Medicine 17:873, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; 5 of 56 less 0 of 29 there:

    >>> found = newcombe_unpaired((0, 29), (5, 56), margin=Fraction(0), alpha=Fraction(1, 40))
    >>> f"{found.lower:.4f} {found.upper:.4f}"
    '-0.0381 0.1926'
    """
    require_margin(margin=margin, alpha=alpha)
    for arm in (baseline, candidate):
        _require_share(arm)
    estimate = candidate[0] / candidate[1] - baseline[0] / baseline[1]
    units = baseline[1] + candidate[1]
    if min(baseline[1], candidate[1]) == 1:
        return unbounded(estimate, method="newcombe", units=units)

    def limits(level: float, scale: float = 1.0) -> tuple[float, float]:
        return _square_and_add(baseline, candidate, scale=scale, level=level)

    return with_further(
        by_inversion(limits, estimate=estimate, margin=margin, alpha=alpha, method="newcombe", units=units),
        lambda scale: limits(float(alpha), scale),
        margin=margin,
        alpha=alpha,
    )


def wilson_limits(share: float, n: float, *, level: float) -> tuple[float, float]:
    """(lower, upper) of Wilson's score interval of `share` among `n`, each side at the one-sided `level`. `n` may be real.

    *Source:* Wilson (1927), Journal of the American Statistical Association 22:209, doi:10.1080/01621459.1927.10502953.

    >>> low, high = wilson_limits(15 / 148, 148, level=0.025)
    >>> f"{low:.4f} {high:.4f}"
    '0.0624 0.1605'
    """
    from scipy.special import ndtri

    z = float(ndtri(level))
    middle = share + z * z / (2.0 * n)
    half = -z * math.sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n))
    low, high = (middle - half) / (1.0 + z * z / n), (middle + half) / (1.0 + z * z / n)
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def fisher(baseline: Share, candidate: Share) -> Fisher:
    """Fisher's exact test that two independent shares, each (good, n), are equal: it knows the margin 0 only.

    Raises StatisticsError unless 0 <= good <= n and n >= 1 in each.

    *Coverage:* at most alpha, proved, given both margins of the table.
    *Source:* Fisher (1935), "The Design of Experiments", section 11; his lady tasting tea, 3 of 4 against 1 of 4:

    >>> round(fisher((1, 4), (3, 4)).p_better, 4)
    0.2429
    """
    for arm in (baseline, candidate):
        _require_share(arm)
    return Fisher(p_better=_at_least(baseline, candidate), p_worse=_at_least(candidate, baseline))


def _at_least(other: Share, one: Share) -> float:
    """The probability of as many good in `one` or more, the margins being what they are."""
    from scipy.special import gammaln

    good, total = one[0] + other[0], one[1] + other[1]

    def log_choose(n: int, k: int) -> float:
        return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    whole = log_choose(total, good)
    most = min(good, one[1])
    terms = [math.exp(log_choose(one[1], k) + log_choose(other[1], good - k) - whole) for k in range(one[0], most + 1)]
    return min(1.0, math.fsum(terms))


def _square_and_add(baseline: Share, candidate: Share, *, scale: float, level: float) -> tuple[float, float]:
    b, c = baseline[0] / baseline[1], candidate[0] / candidate[1]
    low_b, high_b = wilson_limits(b, baseline[1] * scale, level=level)
    low_c, high_c = wilson_limits(c, candidate[1] * scale, level=level)
    return mover_limits([c, -b], [low_c, -high_b], [high_c, -low_b])


def _require_share(arm: Share) -> None:
    good, n = arm
    if n < 1 or not 0 <= good <= n:
        raise StatisticsError(f"{good} good of {n} found; wanted 0 <= good <= n and n >= 1")
