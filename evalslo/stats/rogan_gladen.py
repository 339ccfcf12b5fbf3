"""Shares of good answers from a scorer whose mistakes are known from other answers, by its sensitivity and specificity."""

from fractions import Fraction

import numpy as np

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import FloatArray, require_count, require_levels
from evalslo.stats.mover import by_inversion
from evalslo.stats.needed import needed_units
from evalslo.stats.poststratified import Table, with_labels

LEAST_SKILL = Fraction(6, 5)  # of sensitivity plus specificity; at 1 the scorer says nothing, near it next to nothing
_STEP = 1 / 64  # in standard deviations


def rogan_gladen(
    judged_good: int,
    n: int,
    *,
    among_good: tuple[int, int],
    among_bad: tuple[int, int],
    target: Fraction,
    alpha: Fraction,
) -> Bound:
    """The bound of the share that people would call good among `n` independent answers, `judged_good` of them judged good.

    `among_good` and `among_bad` are labels of other answers, which the same scorer judged good and judged bad: people's
    (good, bad) each. How often it recognises a good answer and a bad one is taken over; how many are good is not.
    The estimate is cut to [0, 1], and need not lie inside the interval. `needed_units` counts further labels, in the
    proportions there are. With n = 1 there is the estimate only. Raises StatisticsError where counts are negative, people
    called no answer good or none bad, or sensitivity plus specificity (with one more label on each side, too) is below 1.2.

    *Coverage:* approximate; measured in docs/measured/coverage.md, tables I and I-shift. Nothing helps where the scorer itself
    has changed since it was labelled: then neither verdict holds.
    *Source:* Rogan & Gladen (1978), American Journal of Epidemiology 107:71, doi:10.1093/oxfordjournals.aje.a112510; the
    interval: Lee et al. (2025), doi:10.48550/arXiv.2511.21140, whose example it is (90 % of good and 70 % of bad answers
    recognised, of 200 each):

    >>> found = rogan_gladen(400, 1000, among_good=(180, 60), among_bad=(20, 140), target=Fraction(1, 2), alpha=Fraction(1, 40))
    >>> f"{found.estimate:.4f} ({found.lower:.4f}, {found.upper:.4f})"
    '0.1667 (0.0564, 0.2627)'
    """
    require_levels(target=target, alpha=alpha)
    require_count(judged_good, n, name="judged good")
    if min(*among_good, *among_bad) < 0:
        raise StatisticsError(f"labels {among_good} and {among_bad} found; wanted counts")
    table = Table(judged=judged_good, n=n, among_good=among_good, among_bad=among_bad)
    estimate = min(max(_estimate(table), 0.0), 1.0)
    if n == 1:
        return estimate_only(estimate, method="rogan-gladen", units=n)
    lower, upper = _limits(table, float(alpha))
    p_pass, p_fail = _p_values(table, target=target, alpha=alpha)
    decided = passes(p_pass, alpha=alpha) or fails(p_fail, alpha=alpha)
    return Bound(
        estimate=estimate,
        lower=lower,
        upper=upper,
        p_pass=p_pass,
        p_fail=p_fail,
        method="rogan-gladen",
        units=n,
        needed_units=None if decided else _needed_labels(table, estimate=estimate, target=target, alpha=alpha),
    )


def _p_values(table: Table, *, target: Fraction, alpha: Fraction) -> tuple[float | None, float | None]:
    """(p_pass, p_fail). The limits close in on the shrunk point, which need not be the estimate."""
    goal, point = float(target), float(_shrunk(table, np.zeros(1))[0][0])

    def beyond(level: float) -> tuple[float, float]:
        lower, upper = _limits(table, level)
        return lower - goal, upper - goal

    found = by_inversion(
        beyond, estimate=point - goal, margin=Fraction(0), alpha=alpha, method="rogan-gladen", units=table.n
    )
    return (1.0, found.p_fail) if target == 1 else (found.p_pass, found.p_fail)


def _estimate(table: Table) -> float:
    """The share of good answers, not cut. Raises StatisticsError where the labels leave the scorer's skill open."""
    (a, b), (c, d) = table.among_good, table.among_bad
    if not a + c or not b + d:
        raise StatisticsError(
            f"labels found of {a + c:g} good and {b + d:g} bad answers; wanted both, to see how often each is recognised"
        )
    skill = Fraction(a) / Fraction(a + c) + Fraction(d) / Fraction(b + d)
    shrunk = Fraction(a + 1) / Fraction(a + c + 2) + Fraction(d + 1) / Fraction(b + d + 2)
    if min(skill, shrunk) < LEAST_SKILL:
        raise StatisticsError(
            f"sensitivity plus specificity {float(min(skill, shrunk)):.3g} found; wanted {float(LEAST_SKILL)} or more: "
            "a scorer that tells good from bad hardly better than a coin cannot be corrected"
        )
    return (table.judged / table.n + d / (b + d) - 1.0) / (float(skill) - 1.0)


def _limits(table: Table, level: float) -> tuple[float, float]:
    """(lower, upper) at a one-sided `level`, cut to [0, 1].

    The published limits, which turn back on themselves where labels are few and the level small; the farthest point they
    came to on the way is kept, so that a smaller level never has a narrower interval.
    """
    from scipy.special import ndtri

    last = -float(ndtri(level))
    z = np.append(np.arange(0.0, last, _STEP), last)
    middle, spread = _shrunk(table, z)
    return max(float(np.min(middle - spread)), 0.0), min(float(np.max(middle + spread)), 1.0)


def _shrunk(table: Table, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The interval's middle and half its width at `z` standard deviations, from shares shrunk towards one half."""
    (a, b), (c, d) = table.among_good, table.among_bad
    p, n = (table.judged + z**2 / 2) / (table.n + z**2), table.n + z**2
    seen, good = (a + 1.0) / (a + c + 2.0), a + c + 2.0
    found, bad = (d + 1.0) / (b + d + 2.0), b + d + 2.0
    share = (p + found - 1.0) / (seen + found - 1.0)
    noise_good, noise_bad = seen * (1.0 - seen) / good, found * (1.0 - found) / bad
    shift = 2.0 * z**2 * (share * noise_good - (1.0 - share) * noise_bad)
    variance = p * (1.0 - p) / n + share**2 * noise_good + (1.0 - share) ** 2 * noise_bad
    return share + shift, z * np.sqrt(variance) / (seen + found - 1.0)


def _needed_labels(table: Table, *, estimate: float, target: Fraction, alpha: Fraction) -> int | None:
    """The fewest further labels that decide; a p-value is 0 or 1 here, as the bound is beyond the target or not."""

    def limits(labels: int) -> tuple[float, float]:
        return _limits(with_labels(table, labels), float(alpha))

    return needed_units(
        lambda labels: float(target == 1 or limits(labels)[0] < float(target)),
        lambda labels: float(limits(labels)[1] >= float(target)),
        units=table.labels,
        estimate=estimate,
        target=target,
        alpha=alpha,
    )
