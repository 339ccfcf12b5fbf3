"""Means of values that are not independent: repeats of a query, queries of a group."""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from evalslo.stats.bound import Bound
from evalslo.stats.checks import FloatArray, IntArray, codes, require_levels, require_share, scores
from evalslo.stats.gaffke import gaffke
from evalslo.stats.tally import Tally, bound, mean, of_values, scaled


def scaled_gaffke(
    values: ArrayLike, units: ArrayLike, *, target: Fraction, alpha: Fraction, icc_floor: Fraction
) -> Bound:
    """The bound of the pooled mean of `values` in [0, 1], of which those with the same label in `units` belong together.

    Gaffke's bound of the sample shrunk by its design effect; Korn-Graubard's where all values are 0 or 1. `icc_floor` is the
    least correlation inside a unit that the design effect assumes, since the data seldom show it where nearly all is good.
    No sample of G units certifies more than G independent perfect events would. Where each unit has one value this is
    `gaffke`. Raises StatisticsError as `gaffke` does.

    *Coverage:* approximate. Measured one-sided error at alpha .05 and a floor of .3: at most .058 for repeats; for groups at
    most .056 where the true correlation is at most .5, .065 at .7.
    *Source:* Korn & Graubard (1998), Survey Methodology 24:193; Parker et al. (2017), Vital and Health Statistics 2(175);
    see also `design_effect`.

    >>> twice = scaled_gaffke([1] * 116, [i // 2 for i in range(116)], target=Fraction(19, 20), alpha=Fraction(1, 20),
    ...                       icc_floor=Fraction(3, 10))
    >>> twice.method, twice.units, round(twice.lower, 4)  # no more than 58 perfect queries: .05 ** (1 / 58)
    ('korn-graubard', 58, 0.9497)
    """
    require_levels(target=target, alpha=alpha)
    require_share(icc_floor, name="icc_floor")
    checked = scores(values)
    groups = codes(units, like=checked, name="units")
    if _count(groups) == checked.size:
        return gaffke(checked, target=target, alpha=alpha)
    tally = of_values(checked)
    deff = design_effect(checked, groups, alpha=alpha, icc_floor=icc_floor)
    return bound(
        _shrunk(tally, deff, units=_count(groups)),
        estimate=mean(tally),
        method="korn-graubard" if tally.binary else "scaled-gaffke",
        target=target,
        alpha=alpha,
        icc=intraclass_correlation(checked, groups),
        deff=deff,
    )


def clustered(values: FloatArray, groups: IntArray, *, alpha: Fraction, icc_floor: Fraction) -> Tally:
    """The tally that the bound of `values` is computed from; `groups` are labels 0, 1, ... as `checks.codes` gives them."""
    tally = of_values(values)
    if _count(groups) == values.size:
        return tally
    return _shrunk(tally, design_effect(values, groups, alpha=alpha, icc_floor=icc_floor), units=_count(groups))


def design_effect(values: FloatArray, groups: IntArray, *, alpha: Fraction, icc_floor: Fraction) -> float | None:
    """How many dependent values carry as much as one independent value; None with one unit.

    The variance of the mean over units against that of as many independent values, with the degrees of freedom of each, and
    at least 1 + (n* - 1) icc_floor, n* = sum of n_g^2 / n.

    *Source:* Korn & Graubard (1998), Survey Methodology 24:193; the floor is measured, see docs/statistics.md.
    """
    from scipy.special import stdtrit

    n = values.size
    if _count(groups) == 1:
        return None
    floor = 1.0 + (float(np.sum(np.bincount(groups) ** 2)) / n - 1.0) * float(icc_floor)
    spread = float(np.var(values))
    variance, df = mean_variance(values, groups)
    if spread <= 0.0 or variance <= 0.0:
        return floor
    level = float(1 - alpha)
    return max(floor, n * variance / spread * float(stdtrit(df, level) / stdtrit(n - 1, level)) ** 2)


def mean_variance(values: FloatArray, groups: IntArray) -> tuple[float, float]:
    """The CR2 variance of the pooled mean, and its Satterthwaite degrees of freedom. At least two units.

    *Source:* Bell & McCaffrey (2002), Survey Methodology 28:169, in closed form for a mean.

    >>> y = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1.0])
    >>> variance, df = mean_variance(y, np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3]))
    >>> f"{variance ** 0.5:.7f} {df:.4f}"
    '0.1352296 2.8125'
    """
    sizes = np.bincount(groups)
    share = sizes / values.size
    residuals = np.bincount(groups, weights=values - values.mean())
    variance = float(np.sum(residuals**2 / (1.0 - share))) / values.size**2
    pull = share**2 / (1.0 - share)
    return variance, 1.0 / float(np.sum(share**2) + np.sum(pull) ** 2 - np.sum(pull**2))


def intraclass_correlation(values: FloatArray, groups: IntArray) -> float | None:
    """The correlation inside units by analysis of variance, in [-1, 1].

    None with one unit, where nothing varies, and where so few units have company that the estimate leaves that range.

    *Source:* Donner & Koval (1980), Biometrics 36:19, doi:10.2307/2530491.
    """
    n, count, sizes = values.size, _count(groups), np.bincount(groups)
    if count in (1, n):
        return None
    means = np.bincount(groups, weights=values) / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (count - 1)
    within = float(np.sum((values - means[groups]) ** 2)) / (n - count)
    typical = (n - float(np.sum(sizes**2)) / n) / (count - 1)
    total = between + (typical - 1.0) * within
    if total <= 0.0 or math.isclose(total, 0.0, abs_tol=1e-24):
        return None
    found = (between - within) / total
    return found if -1.0 <= found <= 1.0 else None


def _shrunk(tally: Tally, deff: float | None, *, units: int) -> Tally:
    return scaled(tally, 1.0 if deff is None else 1.0 / deff, units=units)


def _count(groups: IntArray) -> int:
    return int(groups.max()) + 1
