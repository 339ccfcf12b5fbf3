"""Evidence that may be looked at after every unit: two one-sided e-processes, and the intervals that agree with them.

An e-process starts at 1 and cannot be expected to grow while its hypothesis holds. So the chance that it ever reaches
1 / alpha is at most alpha, however often one looks and whatever makes one stop (Ville's inequality). One process runs against
"the target is missed", its mirror image against "the target is met".

What this rests on: units come in shuffled order, they are taken in that order and not in the order of arrival, a unit is
everything that belongs together (the repeats of a query, the queries of a group), and the target stays as it was.

*Coverage:* proved (Ville's inequality), at every horizon. Measured in docs/measured/coverage.md: zeros and ones in table F, by
enumeration, scores and differences in F-bounded, groups in F-groups.
*Source:* Ville (1939), Etude critique de la notion de collectif; Robbins (1970), Annals of Mathematical Statistics 41:1397,
doi:10.1214/aoms/1177696786; Howard et al. (2021), Annals of Statistics 49:1055, doi:10.1214/20-AOS1991; Waudby-Smith &
Ramdas (2024), Journal of the Royal Statistical Society B 86:1, doi:10.1093/jrsssb/qkad009.
"""

import math
from fractions import Fraction

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.betting import BETS, last_excluded, log_mean_wealth, lowest, mirrored, of_pairs
from evalslo.stats.checks import FloatArray, require_alpha, require_target, scores

_SMALLEST = 1e-280  # below this a tail is summed by its series, long before it underflows


class BetaMixture(Struct, frozen=True, kw_only=True):
    """The evidence of zeros and ones so far: they are sufficient, so the counts are all there is to keep."""

    target: Fraction
    good: int = 0
    bad: int = 0


class BetMixture(Struct, frozen=True, kw_only=True, eq=False):
    """The evidence of values in [0, 1] so far: the logarithm of each bet's wealth, one row a side, one column a bet.

    The first row bets against "the target is missed".
    """

    target: Fraction
    log_wealth: FloatArray


Process = BetaMixture | BetMixture


class Evidence(Struct, frozen=True, kw_only=True):
    """Natural logarithms of the e-processes against "the target is missed" (for PASS) and "the target is met" (for FAIL)."""

    against_missed: float
    against_met: float


def start_beta(target: Fraction) -> BetaMixture:
    """The process for zeros and ones, before the first. Raises StatisticsError unless 0 < target <= 1."""
    require_target(target)
    return BetaMixture(target=target)


def start_bets(target: Fraction) -> BetMixture:
    """The process for values in [0, 1], before the first. Raises StatisticsError unless 0 < target <= 1."""
    require_target(target)
    return BetMixture(target=target, log_wealth=np.zeros((2, BETS.size)))


def update(process: Process, value: float, *, size: float = 1.0) -> Process:
    """`process` after one more unit of mean `value` in [0, 1]; the cost does not depend on how many came before.

    `size` is the unit's weight beside the largest that is planned, in (0, 1]: so padded, units of unequal size speak of the
    pooled mean. A beta mixture takes zeros and ones of size 1 only. Raises StatisticsError for anything else.
    """
    if not 0.0 <= value <= 1.0:
        raise StatisticsError(f"value {value} found; wanted a number in [0, 1]")
    if not 0.0 < size <= 1.0:
        raise StatisticsError(f"size {size} found; wanted above 0 and at most 1, the largest planned unit being 1")
    if isinstance(process, BetaMixture):
        return _counted(process, value, size=size)
    level, rest = _levels(process.target)
    gains = np.array([[_gain(value, level, size=size)], [_gain(1.0 - value, rest, size=size)]])
    return BetMixture(target=process.target, log_wealth=process.log_wealth + np.log1p(BETS * gains))


def log_evidence(process: Process) -> Evidence:
    """The evidence of both sides so far, 0 and 0 before the first unit; +inf where the target is impossible.

    *Source:* zeros and ones: the likelihood ratio averaged over a uniform prior on the rates beyond the target, Robbins
    (1970), doi:10.1214/aoms/1177696786; values in [0, 1]: `evalslo.stats.betting`.

    >>> round(log_evidence(BetaMixture(target=Fraction(1, 2), good=8, bad=2)).against_missed, 7)
    1.3867993
    """
    if isinstance(process, BetMixture):
        missed, met = process.log_wealth
        return Evidence(against_missed=log_mean_wealth(missed), against_met=log_mean_wealth(met))
    level, rest = _levels(process.target)
    return Evidence(
        against_missed=_log_mixture(process.good, process.bad, level, rest),
        against_met=_log_mixture(process.bad, process.good, rest, level),
    )


def anytime_p(highest_log_e: float) -> float:
    """The p-value that holds whenever one looks, from the highest evidence up to now: min(1, 1 / E).

    The first time that it `bound.passes`, the verdict stands for good.
    """
    return math.exp(-max(0.0, highest_log_e))


def beta_interval(good: int, bad: int, *, alpha: Fraction) -> tuple[float, float]:
    """(lower, upper) of the confidence sequence of a rate: the targets that `good` and `bad` events do not cross at `alpha`.

    Each side is one-sided at alpha and holds at all times together; (0, 1) before the first event.

    *Coverage:* proved (Ville's inequality).
    *Source:* as `log_evidence`, by inversion, as Howard et al. (2021), doi:10.1214/20-AOS1991.

    >>> lower, upper = beta_interval(88, 0, alpha=Fraction(1, 20))  # the first all-good run that shows 95 %
    >>> f"{lower:.4f} {upper:.4f}"
    '0.9502 1.0000'
    """
    require_alpha(alpha)
    if good < 0 or bad < 0:
        raise StatisticsError(f"{good} good and {bad} bad found; wanted counts of 0 or more")
    return _rate_above(good, bad, alpha=alpha), 1.0 - _rate_above(bad, good, alpha=alpha)


def bet_interval(values: ArrayLike, sizes: ArrayLike | None = None, *, alpha: Fraction) -> tuple[float, float]:
    """(lower, upper) of the confidence sequence of a mean: the targets that the units so far do not cross at `alpha`.

    `values` are the units' means in [0, 1], `sizes` as in `update` (None: all 1). Each side is one-sided at alpha and holds at
    all times together. Raises StatisticsError where there is no value, one is out of range, or the numbers differ.

    *Coverage:* proved (Ville's inequality).
    *Source:* Waudby-Smith & Ramdas (2024), doi:10.1093/jrsssb/qkad009.
    """
    require_alpha(alpha)
    means = scores(values)
    stakes = of_pairs(means, None if sizes is None else _sizes(sizes, like=means))
    return lowest(stakes, alpha=alpha), 1.0 - lowest(mirrored(stakes), alpha=alpha)


def _sizes(sizes: ArrayLike, *, like: FloatArray) -> FloatArray:
    array = scores(sizes)
    if array.shape != like.shape or not array.all():
        raise StatisticsError(f"sizes: {array.size} for {like.size} values; wanted one above 0 for each value")
    return array


def _levels(target: Fraction) -> tuple[float, float]:
    """The target and what it leaves to 1, each rounded once."""
    whole = target.denominator
    return target.numerator / whole, (whole - target.numerator) / whole


def _gain(value: float, level: float, *, size: float) -> float:
    if level == 0.0:
        return math.inf if value > 0.0 else -size
    return size * (value / level - 1.0)


def _counted(process: BetaMixture, value: float, *, size: float) -> BetaMixture:
    if value not in (0.0, 1.0) or size != 1.0:
        raise StatisticsError(f"value {value} of size {size} found; a beta mixture takes 0 and 1 of size 1 only")
    good = int(value)
    return BetaMixture(target=process.target, good=process.good + good, bad=process.bad + 1 - good)


def _log_mixture(good: int, bad: int, level: float, rest: float) -> float:
    """The log of the integral over v in (0, 1) of (1 + v rest / level)^good (1 - v)^bad: it falls as `level` grows.

    That is the likelihood ratio of level + v rest and level, averaged. `rest` is 1 - level without its rounding.
    """
    from scipy.special import betainc, betaincc, betaln

    if rest == 0.0:
        return -math.log1p(bad)
    if level == 0.0:
        return math.inf if good else -math.log1p(bad)
    above = betainc(bad + 1.0, good + 1.0, rest) if rest <= level else betaincc(good + 1.0, bad + 1.0, level)
    if above < _SMALLEST:
        return _log_series(good, bad, level, rest)
    log_level, log_rest = _log(level, rest), _log(rest, level)
    return float(betaln(good + 1.0, bad + 1.0)) + math.log(above) - good * log_level - (bad + 1.0) * log_rest


def _log_series(good: int, bad: int, level: float, rest: float) -> float:
    """`_log_mixture` where the rate lies far below the level, as a hypergeometric series of falling terms.

    *Source:* NIST Digital Library of Mathematical Functions, 8.17.8, https://dlmf.nist.gov/8.17.E8.
    """
    total = good + bad + 2.0
    first = total * rest / (bad + 2.0)
    k = np.arange(math.ceil(-40.0 / math.log(first)))  # ratios fall from `first` on, so e^-40 is beyond the last digit
    terms = np.cumprod((total + k) * rest / (bad + 2.0 + k))
    return math.log(level) - math.log(bad + 1.0) + math.log1p(float(terms.sum()))


def _log(share: float, other: float) -> float:
    """log(share), from 1 - share where that is the smaller one and has more digits."""
    return math.log(share) if share <= other else math.log1p(-other)


def _rate_above(good: int, bad: int, *, alpha: Fraction) -> float:
    """The largest rate that the evidence against "no higher" excludes together with all below."""
    if good == 0:
        return 0.0
    goal = -math.log(alpha)
    return last_excluded(lambda rate: _log_mixture(good, bad, rate, 1.0 - rate) >= goal, high=good / (good + bad))
