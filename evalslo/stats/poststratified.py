"""Shares of good answers where people labelled a random sample of what a scorer judged, its yes and its no apart.

share = P(judged good) P(good | judged good) + P(judged bad) P(good | judged bad). Each of the three has a confidence
distribution, the Beta of Clopper-Pearson's bound, and the bound of the whole is the quantile of what they give together. It
is integrated and not drawn, so that equal counts have equal bounds.

Each stratum is labelled at random, and may be labelled more densely than the other.
"""

import math
from fractions import Fraction
from functools import cache

import numpy as np
from msgspec import Struct

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import FloatArray, require_count, require_levels
from evalslo.stats.needed import needed_units

Pair = tuple[float, float]

_NODES = 16  # of Gauss-Legendre, on each panel
_PANELS = 6
_TAIL = 1e-14  # of a Beta is left out at each end
_LEAST = 1e-300


class Table(Struct, frozen=True, kw_only=True):
    """What a scorer said of `n` answers, `judged` of them good, and people of some of those: (good, bad) in each stratum."""

    judged: int
    n: int
    among_good: Pair
    among_bad: Pair

    @property
    def labels(self) -> int:
        """How many answers people labelled."""
        return round(sum(self.among_good) + sum(self.among_bad))

    @property
    def estimate(self) -> float:
        """The share of good answers; a stratum without a label counts as the scorer says."""
        share = self.judged / self.n
        return share * _share(self.among_good, unknown=1.0) + (1.0 - share) * _share(self.among_bad, unknown=0.0)


def post_stratified(
    judged_good: int,
    n: int,
    *,
    among_good: tuple[int, int],
    among_bad: tuple[int, int],
    target: Fraction,
    alpha: Fraction,
) -> Bound:
    """The bound of the share that people would call good among `n` independent answers, `judged_good` of them judged good.

    `among_good` and `among_bad` are the labels of answers judged good and judged bad, people's (good, bad) each: a random
    sample of each stratum. A stratum without a label may be anything from 0 to 1, and stands as judged in the estimate.
    `needed_units` counts further labels, in the proportions there are. With n = 1 there is the estimate only. Raises
    StatisticsError where counts are negative, a stratum has more labels than answers, or nothing is labelled.

    *Coverage:* approximate; measured in docs/measured/coverage.md, table I. Wrong where the labels are of other answers
    (table I-shift): then `rogan_gladen`. Wrong, too, where answers hang together (table I-groups): then `rectified_mean`.
    *Source:* the three bounds: Clopper & Pearson (1934), Biometrika 26:404, doi:10.1093/biomet/26.4.404; their combination
    as confidence distributions: Xie & Singh (2013), International Statistical Review 81:3, doi:10.1111/insr.12000.

    >>> found = post_stratified(941, 1000, among_good=(95, 1), among_bad=(12, 12), target=Fraction(9, 10),
    ...                         alpha=Fraction(1, 20))
    >>> f"{found.estimate:.3f} [{found.lower:.3f}, {found.upper:.3f}] {found.method}"
    '0.961 [0.921, 0.978] post-stratified-cp'
    """
    require_levels(target=target, alpha=alpha)
    table = checked_table(judged_good, n, among_good=among_good, among_bad=among_bad)
    if n == 1:
        return estimate_only(table.estimate, method="post-stratified-cp", units=n)
    passing, failing = _p_pass(table, target), _p_pass(mirrored(table), 1 - target)
    decided = passes(passing, alpha=alpha) or fails(failing, alpha=alpha)
    return Bound(
        estimate=table.estimate,
        lower=_lower(table, float(alpha)),
        upper=1.0 - _lower(mirrored(table), float(alpha)),
        p_pass=passing,
        p_fail=failing,
        method="post-stratified-cp",
        units=n,
        needed_units=None if decided else _needed_labels(table, target=target, alpha=alpha),
    )


def _needed_labels(table: Table, *, target: Fraction, alpha: Fraction) -> int | None:
    """The fewest further labels that decide, no more than there are answers."""

    def grown(labels: int) -> Table:
        return with_labels(table, min(labels, table.n))

    return needed_units(
        lambda labels: _p_pass(grown(labels), target),
        lambda labels: _p_pass(mirrored(grown(labels)), 1 - target),
        units=table.labels,
        estimate=table.estimate,
        target=target,
        alpha=alpha,
    )


def post_stratified_p(
    judged_good: int, n: int, *, among_good: tuple[int, int], among_bad: tuple[int, int], target: Fraction
) -> tuple[float, float]:
    """(p_pass, p_fail) of `post_stratified`, which is most of what it costs less: for simulations."""
    table = checked_table(judged_good, n, among_good=among_good, among_bad=among_bad)
    return _p_pass(table, target), _p_pass(mirrored(table), 1 - target)


def checked_table(judged_good: int, n: int, *, among_good: tuple[int, int], among_bad: tuple[int, int]) -> Table:
    """The counts as a table. Raises StatisticsError as `post_stratified` does."""
    require_count(judged_good, n, name="judged good")
    for name, pair, most in (("good", among_good, judged_good), ("bad", among_bad, n - judged_good)):
        if min(pair) < 0 or sum(pair) > most:
            raise StatisticsError(
                f"labels {pair} among {most} judged {name} found; wanted counts, and no more than those"
            )
    table = Table(judged=judged_good, n=n, among_good=among_good, among_bad=among_bad)
    if not table.labels:
        raise StatisticsError("no label found; wanted at least one answer that a person labelled")
    return table


def mirrored(table: Table) -> Table:
    """The same table with good and bad swapped, as scorer and people see it."""
    return Table(
        judged=table.n - table.judged,
        n=table.n,
        among_good=(table.among_bad[1], table.among_bad[0]),
        among_bad=(table.among_good[1], table.among_good[0]),
    )


def with_labels(table: Table, labels: int) -> Table:
    """The table as it would be with so many labels in the same proportions."""
    (a, b), (c, d), factor = table.among_good, table.among_bad, labels / table.labels
    return Table(
        judged=table.judged, n=table.n, among_good=(a * factor, b * factor), among_bad=(c * factor, d * factor)
    )


def _share(pair: Pair, *, unknown: float) -> float:
    return pair[0] / (pair[0] + pair[1]) if pair[0] or pair[1] else unknown


def _p_pass(table: Table, target: Fraction) -> float:
    return _below(float(target), *_lower_parts(table)) if target < 1 else 1.0


def _lower_parts(table: Table) -> tuple[Pair, Pair, Pair]:
    """Beta parameters, from below: of the share judged good, of the good share among those, and among the others.

    A share judged good that hurts, since fewer of those are good than of the others, is taken from above. A parameter of 0
    is a point, at 0 if it is the first.
    """
    (a, b), (c, d) = table.among_good, table.among_bad
    good, bad = float(table.judged), float(table.n - table.judged)
    helps = _share(table.among_good, unknown=0.0) >= _share(table.among_bad, unknown=0.0)
    return (good, bad + 1.0) if helps else (good + 1.0, bad), (a, b + 1.0), (c, d + 1.0)


def _lower(table: Table, level: float) -> float:
    """The t with P(share <= t) = `level`; 0 where no label is good.

    A secant on the normal scale, where a distribution function is nearly straight, kept inside the bracket.
    """
    from scipy.special import ndtri

    parts = _lower_parts(table)
    if not table.among_good[0] and not table.among_bad[0]:
        return 0.0
    low, high, goal = 0.0, 1.0, float(ndtri(level))
    t, slope = _guess(parts, goal)
    last_t, last_z = np.nan, np.nan
    for _ in range(60):
        p = _below(t, *parts)
        z = float(ndtri(min(max(p, _LEAST), 1 - 1e-16))) - goal
        low, high = (t, high) if z < 0.0 else (low, t)
        if abs(z) < 1e-9 or high - low < 1e-13:
            break
        if t != last_t and z != last_z and not np.isnan(last_t):
            slope = (z - last_z) / (t - last_t)
        last_t, last_z = t, z
        step = t - z / slope
        t = step if low < step < high else (low + high) / 2
    return t


def _guess(parts: tuple[Pair, Pair, Pair], goal: float) -> tuple[float, float]:
    """A first t, and the slope of the normal scale there."""
    (share, u), (good, v), (others, w) = (_moments(part) for part in parts)
    middle = share * good + (1.0 - share) * others
    spread = math.sqrt((good - others) ** 2 * u + share**2 * v + (1.0 - share) ** 2 * w)
    return min(max(middle + goal * spread, 1e-6), 1.0 - 1e-6), 1.0 / max(spread, 1e-9)


def _moments(part: Pair) -> tuple[float, float]:
    """The mean and the variance of a Beta."""
    a, b = part
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1.0))


def _below(t: float, share: Pair, good: Pair, others: Pair) -> float:
    """P(P G + (1 - P) O <= t) of independent Betas: P the `share`, G and O the two parts, of which `good` or both may be 0.

    The part that matters less is integrated against the distribution function of the other, and P around both.
    """
    if good[0] == 0.0 and others[0] == 0.0:
        return 1.0
    heft, (_, v), (_, w) = _moments(share)[0], _moments(good), _moments(others)
    if heft**2 * v < (1.0 - heft) ** 2 * w:
        share, good, others = (share[1], share[0]), others, good
    if share[0] == 0.0 or share[1] == 0.0:
        return float(_given_share(t, np.array([0.0 if share[0] == 0.0 else 1.0]), good=good, others=others)[0])
    p, widths = _shares(t, share)
    found = float(widths @ _given_share(t, p, good=good, others=others))
    return min(max(found, 0.0), 1.0)


def _shares(t: float, share: Pair) -> tuple[FloatArray, FloatArray]:
    """Nodes of the share and their probabilities; in logits, since near 0 and 1 its effect turns on its own scale.

    What is integrated has a kink where either part alone, at its best, would reach `t`.
    """
    from scipy.special import betaln, expit, log_expit, logit

    first, last = (float(logit(end)) for end in _reach(share))
    kink = abs(float(logit(t)))
    cuts = [cut for cut in sorted({-kink, kink}) if first < cut < last]
    u, widths = _nodes(np.array([first, *cuts]), np.array([*cuts, last]))
    density = np.exp(share[0] * log_expit(u) + share[1] * log_expit(-u) - betaln(*share))
    return expit(u.ravel()), (widths * density).ravel()


def _given_share(t: float, p: FloatArray, *, good: Pair, others: Pair) -> FloatArray:
    """P(p G + (1 - p) O <= t) for each weight `p`; O is a point at 0 where its first parameter is 0, and G never is."""
    from scipy.special import betainc

    p, rest = np.maximum(p, _LEAST), np.maximum(1.0 - p, _LEAST)
    if others[0] == 0.0:
        return np.asarray(betainc(*good, np.minimum(t / p, 1.0)), dtype=np.float64)
    first, last = _reach(others)
    low = np.clip((t - p) / rest, first, last)  # below it even G = 1 is within t
    high = np.clip(t / rest, first, last)  # beyond it not even G = 0 is
    x, widths = _nodes(low, high)
    inner = betainc(*good, np.clip((t - rest[:, None] * x) / p[:, None], 0.0, 1.0))
    sure = np.where(low > first, betainc(*others, low), 0.0)
    return np.asarray(sure + np.sum(inner * widths * _density(x, others), axis=1), dtype=np.float64)


def _reach(part: Pair) -> tuple[float, float]:
    """From where to where a Beta is: inside (0, 1), though all but nothing of it may round to one of these."""
    from scipy.special import betainccinv, betaincinv

    return max(float(betaincinv(*part, _TAIL)), _LEAST), min(float(betainccinv(*part, _TAIL)), 1.0 - 1e-16)


def _density(x: FloatArray, part: Pair) -> FloatArray:
    """The density of a Beta."""
    from scipy.special import betaln, xlog1py, xlogy

    a, b = part
    return np.asarray(np.exp(xlogy(a - 1.0, x) + xlog1py(b - 1.0, -x) - betaln(a, b)), dtype=np.float64)


def _nodes(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Nodes and widths of a composite rule on each interval from `low` to `high`, a row each."""
    x, w = _legendre()
    length = (high - low)[:, None]
    return low[:, None] + length * x, length * w


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre on equal panels of [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(_NODES)
    starts = np.arange(_PANELS)[:, None]
    return ((starts + (1.0 + x) / 2) / _PANELS).ravel(), np.tile(w / (2 * _PANELS), _PANELS)
