"""Means of independent scores by normal theory."""

import math
from fractions import Fraction

from numpy.typing import ArrayLike

from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import require_levels, scores
from evalslo.stats.needed import needed_units
from evalslo.stats.tally import distinct, mean


def student_t(values: ArrayLike, *, target: Fraction, alpha: Fraction) -> Bound:
    """Student's t bounds of the mean of independent `values` in [0, 1], cut off at 0 and 1.

    Where all values are equal (a single one among these cases) their spread is unknown, and an interval of no width would
    be a lie: bounds, p-values and `needed_units` are None. Raises StatisticsError where a value is not in [0, 1].

    *Coverage:* approximate: a false PASS is far likelier than alpha where scores are piled at 1; measured in
    docs/measured/coverage.md, table B.
    *Source:* Student (1908), Biometrika 6:1, doi:10.1093/biomet/6.1.1. Below, his ten patients' additional hours of sleep, in
    tens of hours; R's `t.test(extra ~ group, sleep, paired = TRUE)` gives .7001142 to 2.4598858 hours.

    >>> sleep = [0.12, 0.24, 0.13, 0.13, 0.0, 0.1, 0.18, 0.08, 0.46, 0.14]
    >>> interval = student_t(sleep, target=Fraction(1, 10), alpha=Fraction(1, 40))
    >>> f"{10 * interval.lower:.7f} {10 * interval.upper:.7f}"
    '0.7001142 2.4598858'
    """
    require_levels(target=target, alpha=alpha)
    sample = distinct(scores(values))
    n, estimate = sample.units, mean(sample)
    squares = math.fsum(sample.weights * (sample.values - estimate) ** 2)
    if not squares > 0.0:
        return estimate_only(estimate, method="t", units=n)

    def p_fail(units: int) -> float:
        return _below((estimate - float(target)) / _error(squares * (units / n), units), units)

    def p_pass(units: int) -> float:
        return _below((float(target) - estimate) / _error(squares * (units / n), units), units)

    margin = _margin(squares, n, alpha=alpha)
    decided = passes(p_pass(n), alpha=alpha) or fails(p_fail(n), alpha=alpha)
    return Bound(
        estimate=estimate,
        lower=max(0.0, estimate - margin),
        upper=min(1.0, estimate + margin),
        p_pass=p_pass(n),
        p_fail=p_fail(n),
        method="t",
        units=n,
        needed_units=None
        if decided
        else needed_units(p_pass, p_fail, units=n, estimate=estimate, target=target, alpha=alpha),
    )


def _error(squares: float, units: int) -> float:
    """The standard error of the mean of `units` values from the sum of their squared deviations."""
    return math.sqrt(squares / (units - 1) / units)


def _margin(squares: float, units: int, *, alpha: Fraction) -> float:
    from scipy.special import stdtrit

    return -float(stdtrit(units - 1, float(alpha))) * _error(squares, units)


def _below(t: float, units: int) -> float:
    from scipy.special import stdtr

    return float(stdtr(units - 1, t))
