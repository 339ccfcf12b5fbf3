"""Intervals of sums and differences from the intervals of their independent parts, and p-values of intervals that have none.

An interval at every level is a test: its p-value against "below the target" is the smallest level at which the lower bound
reaches the target.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

from msgspec.structs import replace

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Bound, Difference, fails, passes
from evalslo.stats.checks import require_margin
from evalslo.stats.needed import needed_units

Arm = Callable[[Fraction], Bound]
Limits = Callable[[float], tuple[float, float]]

_FARTHEST = 7.0  # standard deviations: a p-value below 1.3e-12 is told as that
_ROUNDING = 1e-9  # of a bound that lies on its point
_NEAREST = 1e-6  # where a level is 1/2 but for rounding


def mover_limits(estimates: Sequence[float], lowers: Sequence[float], uppers: Sequence[float]) -> tuple[float, float]:
    """(lower, upper) of the sum of independent parts, from the point and the two bounds of each, all at one level.

    A part that is taken away goes in mirrored: -estimate, -upper as its lower bound, -lower as its upper bound. Not cut to
    any range. Raises StatisticsError where the three differ in length, or a bound is on the wrong side of its point.

    *Coverage:* approximate; as good as that of the parts where they are. Measured for Wilson's limits in
    docs/measured/coverage.md, table D-unpaired, and for people's labels in I-scores and I-groups.
    *Source:* Zou & Donner (2008), Statistics in Medicine 27:1693, doi:10.1002/sim.3095; "square and add" in Newcombe (1998),
    Statistics in Medicine 17:873, whose 5 of 56 less 0 of 29 has Wilson's limits as its parts:

    >>> low, high = mover_limits([5 / 56, 0.0], [0.03872, -0.11697], [0.19257, 0.0])
    >>> f"{low:.4f} {high:.4f}"
    '-0.0381 0.1926'
    """
    parts = list(zip(estimates, lowers, uppers, strict=True)) if len(lowers) == len(uppers) == len(estimates) else []
    if not parts or not all(low - _ROUNDING <= point <= high + _ROUNDING for point, low, high in parts):
        raise StatisticsError("parts found without two bounds around each point; wanted lower <= estimate <= upper")
    total = math.fsum(estimates)
    below = math.sqrt(math.fsum((point - low) ** 2 for point, low, _ in parts))
    above = math.sqrt(math.fsum((high - point) ** 2 for point, _, high in parts))
    return total - below, total + above


def mover_difference(baseline: Arm, candidate: Arm, *, margin: Fraction, alpha: Fraction) -> Difference:
    """Candidate minus baseline of two independent arms, each a function from a one-sided level to the bound of its mean.

    P-values as in `by_inversion`. No method says how many further units would decide. With one unit in an arm there is the
    estimate only. Raises StatisticsError unless 0 <= margin < 1.

    *Coverage:* approximate, as `mover_limits`. Not in the benchmark; tests/stats/test_mover.py holds the exact false PASS of
    two arms of 30 answers by Clopper-Pearson below alpha.
    *Source:* see `mover_limits`.
    """

    def limits(first: Bound, second: Bound) -> tuple[float, float]:
        (low_b, high_b), (low_c, high_c) = _sides(first), _sides(second)
        return mover_limits([second.estimate, -first.estimate], [low_c, -high_b], [high_c, -low_b])

    return _of_arms(baseline, candidate, limits, name="mover", share=1, margin=margin, alpha=alpha)


def bonferroni_difference(baseline: Arm, candidate: Arm, *, margin: Fraction, alpha: Fraction) -> Difference:
    """The same from the bounds of each arm at half the level: candidate's lower minus baseline's upper, and so on.

    *Coverage:* at least 1 - alpha on each side, proved, where that of each arm is; the price is width.
    *Source:* Bonferroni's inequality, e.g. Dunn (1961), Journal of the American Statistical Association 56:52,
    doi:10.1080/01621459.1961.10482090.
    """

    def limits(first: Bound, second: Bound) -> tuple[float, float]:
        (low_b, high_b), (low_c, high_c) = _sides(first), _sides(second)
        return low_c - high_b, high_c - low_b

    return _of_arms(baseline, candidate, limits, name="bonferroni", share=2, margin=margin, alpha=alpha)


def _of_arms(
    baseline: Arm,
    candidate: Arm,
    join: Callable[[Bound, Bound], tuple[float, float]],
    *,
    name: str,
    share: int,
    margin: Fraction,
    alpha: Fraction,
) -> Difference:
    """The difference by `join` of the bounds of both arms, each at the level over `share`."""
    require_margin(margin=margin, alpha=alpha)

    @cache
    def arms(level: float) -> tuple[Bound, Bound]:
        exact = (alpha if level == float(alpha) else Fraction(level)) / share
        return baseline(exact), candidate(exact)

    def limits(level: float) -> tuple[float, float]:
        low, high = join(*arms(level))
        return max(low, -1.0), min(high, 1.0)

    first, second = arms(float(alpha))
    estimate, units = second.estimate - first.estimate, first.units + second.units
    method = f"{name}-{first.method if first.method == second.method else f'{first.method}-{second.method}'}"
    if first.units == 1 or second.units == 1:
        return unbounded(estimate, method=method, units=units)
    return by_inversion(limits, estimate=estimate, margin=margin, alpha=alpha, method=method, units=units)


def _sides(arm: Bound) -> tuple[float, float]:
    if arm.lower is None or arm.upper is None:
        raise StatisticsError("an arm without bounds found; wanted two or more independent units in each")
    return arm.lower, arm.upper


def by_inversion(
    limits: Limits,
    *,
    estimate: float,
    margin: Fraction,
    alpha: Fraction,
    method: str,
    units: int,
) -> Difference:
    """The difference whose (lower, upper) bounds at each one-sided level are `limits`, with the p-values that they imply.

    A p-value is the smallest level that shows it, from 1.3e-12 to 1/2, and one minus that of the opposite beyond 1/2; so
    `p_pass` and `p_fail` add up to 1.
    """
    lower, upper = limits(float(alpha))

    def both_sides(target: float) -> tuple[float, float]:
        """The p-values against "below `target`" and against "above `target`"."""
        if estimate >= target:
            p = _smallest_level(lambda level: limits(level)[0] - target, alpha=float(alpha))
            return p, 1.0 - p
        p = _smallest_level(lambda level: target - limits(level)[1], alpha=float(alpha))
        return 1.0 - p, p

    p_pass, p_fail = both_sides(-float(margin))
    return Difference(
        estimate=estimate,
        lower=lower,
        upper=upper,
        p_pass=p_pass,
        p_fail=p_fail,
        p_superior=both_sides(0.0)[0] if margin else p_pass,
        p_equivalent=max(p_pass, both_sides(float(margin))[1]) if margin else None,
        method=method,
        units=units,
    )


def _smallest_level(gap: Callable[[float], float], *, alpha: float) -> float:
    """The smallest one-sided level whose `gap` (rising with the level) is not below 0; 1/2 where there is none.

    Searched in standard deviations, where bounds are nearly straight, and from `alpha` on, so that the p-value is on the
    side of `alpha` where the bound is of the target.
    """
    from scipy.special import ndtr, ndtri

    def at(z: float) -> float:
        return gap(alpha if z == start else float(ndtr(-z)))

    start = float(-ndtri(alpha))
    reached, missed = (start, _FARTHEST) if at(start) >= 0.0 else (_NEAREST, start)
    low, high = at(reached), at(missed)
    if low < 0.0:
        return 0.5
    if high >= 0.0:
        return float(ndtr(-missed))
    for turn in range(100):
        if missed - reached < 1e-11:
            break
        secant = reached + (missed - reached) * low / (low - high)
        middle = secant if turn % 3 else (reached + missed) / 2
        middle = min(max(middle, reached + 4e-12), missed - 4e-12)
        found = at(middle)
        if found >= 0.0:
            reached, low = middle, found
        else:
            missed, high = middle, found
    return alpha if reached == start else float(ndtr(-reached))


def unbounded(estimate: float, *, method: str, units: int) -> Difference:
    """The point alone: one independent unit bounds nothing."""
    return Difference(
        estimate=estimate,
        lower=None,
        upper=None,
        p_pass=None,
        p_fail=None,
        p_superior=None,
        p_equivalent=None,
        method=method,
        units=units,
    )


def with_further(found: Difference, limits: Limits, *, margin: Fraction, alpha: Fraction) -> Difference:
    """`found`; where it is open, with the fewest further units that decide at the present estimate.

    `limits` are (lower, upper) at `alpha` as a function of how many times the data there would be. None stays where a
    hundred times as many units would not decide.
    """
    if passes(found.p_pass, alpha=alpha) or fails(found.p_fail, alpha=alpha):
        return found
    target = -float(margin)
    further = needed_units(
        lambda units: float(limits(units / found.units)[0] < target),  # a p-value is 0 or 1 here
        lambda units: float(limits(units / found.units)[1] >= target),
        units=found.units,
        estimate=found.estimate,
        target=-margin,
        alpha=alpha,
    )
    return replace(found, needed_units=further)
