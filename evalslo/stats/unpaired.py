"""A candidate and a baseline that answered different golden queries: the bounds of the difference of two shares."""

from fractions import Fraction

from evalslo.stats.bound import Difference
from evalslo.stats.checks import require_count, require_margin
from evalslo.stats.mover import by_inversion, mover_limits, unbounded, with_further
from evalslo.stats.proportions import wilson_limits

Share = tuple[int, int]


def newcombe_unpaired(baseline: Share, candidate: Share, *, margin: Fraction, alpha: Fraction) -> Difference:
    """Candidate minus baseline of two independent shares, each (good, n), from Wilson's limits of each.

    P-values by inverting the interval, see `mover.by_inversion`. With one event in an arm there is the estimate only. Raises
    StatisticsError unless 0 <= good <= n and n >= 1 in each, and 0 <= margin < 1.

    *Coverage:* approximate, a little above alpha at times; measured in docs/measured/coverage.md, table D-unpaired.
    *Source:* Newcombe (1998), Statistics in Medicine 17:873, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; 5 of 56 less 0 of 29 there:

    >>> found = newcombe_unpaired((0, 29), (5, 56), margin=Fraction(0), alpha=Fraction(1, 40))
    >>> f"{found.lower:.4f} {found.upper:.4f}"
    '-0.0381 0.1926'
    """
    require_margin(margin=margin, alpha=alpha)
    for good, n in (baseline, candidate):
        require_count(good, n)
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


def _square_and_add(baseline: Share, candidate: Share, *, scale: float, level: float) -> tuple[float, float]:
    b, c = baseline[0] / baseline[1], candidate[0] / candidate[1]
    low_b, high_b = wilson_limits(b, baseline[1] * scale, level=level)
    low_c, high_c = wilson_limits(c, candidate[1] * scale, level=level)
    return mover_limits([c, -b], [low_c, -high_b], [high_c, -low_b])
