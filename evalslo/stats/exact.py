"""Shares of good events among independent ones: the exact bound, and what it takes to pass."""

import math
from bisect import bisect_left
from decimal import Decimal, localcontext
from fractions import Fraction

from evalslo.stats.beta import at_most
from evalslo.stats.bound import SLACK, Bound, passes
from evalslo.stats.checks import require_count, require_levels, require_share
from evalslo.stats.tally import bound, of_counts, p_pass


def clopper_pearson(good: int, n: int, *, target: Fraction, alpha: Fraction) -> Bound:
    """The Clopper-Pearson bound of `good` events among `n` independent ones.

    With n = 1 there is the estimate only. Raises StatisticsError unless 0 <= good <= n and n >= 1.

    *Coverage:* at least 1 - alpha on each side, proved, for every n and every truth.
    *Source:* Clopper & Pearson (1934), Biometrika 26:404, doi:10.1093/biomet/26.4.404. The numbers below: Newcombe (1998),
    Statistics in Medicine 17:857, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, 81 of 263.

    >>> interval = clopper_pearson(81, 263, target=Fraction(1, 2), alpha=Fraction(1, 40))
    >>> f"{interval.lower:.4f} {interval.upper:.4f}"
    '0.2527 0.3676'
    """
    require_levels(target=target, alpha=alpha)
    require_count(good, n)
    tally = of_counts(good, n - good, units=n)
    return bound(tally, estimate=good / n, method="clopper-pearson", target=target, alpha=alpha)


def fewest_for_pass(target: Fraction, alpha: Fraction) -> int | None:
    """The fewest independent events, all good, that pass: the smallest n with target^n <= alpha. None for a target of 1.

    At least 2, since one unit never decides.

    *Source:* the success-run theorem, e.g. MIL-HDBK-781A; 59 and 299 are its classic numbers.

    >>> [fewest_for_pass(Fraction(p, 100), Fraction(1, 20)) for p in (95, 98, 99)]
    [59, 149, 299]
    """
    require_levels(target=target, alpha=alpha)
    if target == 1:
        return None
    with localcontext() as context:
        context.prec = 60
        ratio = _log(alpha + SLACK) / _log(target)
        return max(2, math.ceil(ratio))


def most_bad(n: int, *, target: Fraction, alpha: Fraction) -> int | None:
    """The most bad events among `n` that still pass; None where even none would not.

    *Source:* an acceptance-sampling plan (n, c), as in Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404.

    >>> most_bad(208, target=Fraction(19, 20), alpha=Fraction(1, 20))
    5
    """
    require_levels(target=target, alpha=alpha)

    def too_many(bad: int) -> bool:
        return not passes(p_pass(of_counts(n - bad, bad, units=n), target=target), alpha=alpha)

    if n < 2 or too_many(0):
        return None
    return bisect_left(range(n), x=True, key=too_many) - 1


def pass_probability(n: int, *, truth: float, target: Fraction, alpha: Fraction) -> float:
    """The probability that `n` independent events pass where each is good with probability `truth`.

    *Source:* the binomial distribution at `most_bad`.

    >>> round(pass_probability(311, truth=0.98, target=Fraction(19, 20), alpha=Fraction(1, 20)), 2)
    0.9
    """
    require_share(truth, name="truth")
    bad = most_bad(n, target=target, alpha=alpha)
    return 0.0 if bad is None else float(at_most(bad, n, good=truth))


def _log(share: Fraction) -> Decimal:
    return (Decimal(share.numerator) / Decimal(share.denominator)).ln()
