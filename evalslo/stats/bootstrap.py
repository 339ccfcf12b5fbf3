"""Means of independent scores by resampling: the percentile bootstrap, and BCa, its correction for bias and skewness.

A resample is a multinomial draw of how often each distinct value comes: its cost grows with the distinct values and not
with the scores. Both bounds are ordered resampled means, at levels moved by BCa, and the p-values are those levels turned
round. A p-value is never below about 1 / draws.

*Source:* Efron & Tibshirani (1993), An Introduction to the Bootstrap, sections 13.3 and 14.3; Efron (1987), "Better
bootstrap confidence intervals", JASA 82:171, doi:10.1080/01621459.1987.10478410.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import FloatArray, require_levels, scores
from evalslo.stats.needed import needed_units
from evalslo.stats.tally import Tally, distinct, mean

_CELLS = 500  # more distinct values than this are merged into as many cells
_AT_ONCE = 2**20  # resampled counts held at a time
_TIE = 1e-12  # resampled means nearer than this differ by rounding alone


class _Skew(Struct, frozen=True, kw_only=True):
    """What BCa corrects for: the bias z0 of the resampled means' median, and the acceleration a. Both 0: percentiles."""

    bias: float
    acceleration: float

    def mirrored(self) -> "_Skew":
        return _Skew(bias=-self.bias, acceleration=-self.acceleration)

    def scaled(self, factor: float) -> "_Skew":
        """That of a sample `factor` times as large."""
        return _Skew(bias=self.bias / math.sqrt(factor), acceleration=self.acceleration / math.sqrt(factor))


def bca(values: ArrayLike, *, target: Fraction, alpha: Fraction, seed: int, draws: int = 10_000) -> Bound:
    """BCa bootstrap bounds of the mean of independent `values` in [0, 1].

    The same `seed` gives the same bounds, in whatever order the values come. Where all values are equal (a single one among
    these cases) resampling shows no spread: bounds, p-values and `needed_units` are None. More than 500 distinct values are
    merged into 500 cells of equal width, each at its mean. A bound that would lie beyond all resampled means is 0 or 1.
    `needed_units` is found by the saddlepoint approximation, without resampling. Raises StatisticsError where a value is
    not in [0, 1], where `draws` is below 1 / alpha and where `seed` is negative.

    *Coverage:* approximate: a false PASS is far likelier than alpha where few scores are piled at 1; measured in
    docs/measured/coverage.md, table B.
    *Source:* Efron (1987), JASA 82:171, doi:10.1080/01621459.1987.10478410.

    >>> interval = bca([1.0] * 30 + [0.5] * 5 + [0.0] * 2, target=Fraction(9, 10), alpha=Fraction(1, 20), seed=1)
    >>> f"{interval.lower:.2f} {interval.upper:.2f}"  # scipy.stats.bootstrap gives the same two digits
    '0.78 0.93'
    """
    return _bound(values, _skew, method="bca", target=target, alpha=alpha, seed=seed, draws=draws)


def percentile(values: ArrayLike, *, target: Fraction, alpha: Fraction, seed: int, draws: int = 10_000) -> Bound:
    """Percentile bootstrap bounds of the mean of independent `values` in [0, 1]; everything else as in `bca`.

    *Coverage:* approximate: a false PASS is likelier than alpha where scores are piled at 1, for longer than with `bca`;
    measured in docs/measured/coverage.md, table B.
    *Source:* Efron (1979), Annals of Statistics 7:1, doi:10.1214/aos/1176344552.
    """
    return _bound(values, _none, method="percentile-bootstrap", target=target, alpha=alpha, seed=seed, draws=draws)


def _bound(
    values: ArrayLike,
    skew_of: Callable[[Tally, FloatArray], _Skew],
    *,
    method: str,
    target: Fraction,
    alpha: Fraction,
    seed: int,
    draws: int,
) -> Bound:
    require_levels(target=target, alpha=alpha)
    _require_draws(draws, seed=seed, alpha=alpha)
    sample = _merged(distinct(scores(values)))
    estimate = mean(sample)
    if np.count_nonzero(sample.weights) == 1:
        return estimate_only(estimate, method=method, units=sample.units)
    means = _resampled(sample, seed=seed, draws=draws)
    skew = skew_of(sample, means)
    below = int(np.searchsorted(means, float(target) - _TIE))
    # PASS and the lower bound take a resampled mean at the target with them, FAIL and the upper bound do not
    p_pass, p_fail = _p(below, draws, skew=skew), _p(draws - below, draws, skew=skew.mirrored())
    decided = passes(p_pass, alpha=alpha) or fails(p_fail, alpha=alpha)
    return Bound(
        estimate=estimate,
        lower=_lower(means, alpha=alpha, skew=skew),
        upper=1.0 - _lower(1.0 - means[::-1], alpha=alpha, skew=skew.mirrored()),
        p_pass=p_pass,
        p_fail=p_fail,
        method=method,
        units=sample.units,
        needed_units=None if decided else _needed(sample, skew, estimate=estimate, target=target, alpha=alpha),
    )


def _require_draws(draws: int, *, seed: int, alpha: Fraction) -> None:
    if draws * alpha < 1:
        raise StatisticsError(f"draws {draws} found; wanted at least 1 / alpha = {math.ceil(1 / alpha)}")
    if seed < 0:
        raise StatisticsError(f"seed {seed} found; wanted 0 or more")


def _merged(sample: Tally) -> Tally:
    """`sample`, with too many distinct values in cells of equal width, each at its mean."""
    if sample.values.size <= _CELLS:
        return sample
    low, high = float(sample.values[0]), float(sample.values[-1])
    cells = np.minimum((sample.values - low) * (_CELLS / (high - low)), _CELLS - 1).astype(np.int64)
    weights, sums = np.zeros(_CELLS), np.zeros(_CELLS)
    np.add.at(weights, cells, sample.weights)
    np.add.at(sums, cells, sample.weights * sample.values)
    held = weights > 0.0
    return Tally(values=sums[held] / weights[held], weights=weights[held], units=sample.units)


def _resampled(sample: Tally, *, seed: int, draws: int) -> FloatArray:
    """The means of `draws` resamples, ascending."""
    generator = np.random.Generator(np.random.PCG64(seed))
    shares = sample.weights / sample.weights.sum()
    rows = max(1, _AT_ONCE // shares.size)
    means = np.empty(draws)
    for start in range(0, draws, rows):
        counts = generator.multinomial(sample.units, shares, size=min(rows, draws - start))
        means[start : start + rows] = counts @ sample.values
    means /= sample.units
    means.sort()
    return means


def _none(sample: Tally, means: FloatArray) -> _Skew:
    return _Skew(bias=0.0, acceleration=0.0)


def _skew(sample: Tally, means: FloatArray) -> _Skew:
    """The bias from the resampled means below the mean (ties half, and never none), the acceleration by the jackknife."""
    from scipy.special import ndtri

    centre = mean(sample)
    below, upto = np.searchsorted(means, [centre - _TIE, centre + _TIE])
    gaps = sample.values - centre
    cubes, squares = math.fsum(sample.weights * gaps**3), math.fsum(sample.weights * gaps**2)
    return _Skew(
        bias=float(ndtri(((below + upto) / 2 + 0.5) / (means.size + 1))),
        acceleration=cubes / (6.0 * squares**1.5),
    )


def _lower(means: FloatArray, *, alpha: Fraction, skew: _Skew) -> float:
    """The resampled mean at the level that stands for alpha; 0 where that lies below all of them."""
    from scipy.special import ndtr, ndtri

    reach = skew.bias + float(ndtri(float(alpha)))
    bend = 1.0 - skew.acceleration * reach
    level = float(ndtr(skew.bias + reach / bend if bend > 0.0 else math.copysign(math.inf, reach)))
    rank = min(math.floor(level * (means.size + 1) + 1e-9), means.size)
    return float(means[rank - 1]) if rank else 0.0


def _p(beyond: int, draws: int, *, skew: _Skew) -> float:
    """The alpha at which the lower bound reaches the target, below which lie `beyond` of the resampled means."""
    from scipy.special import ndtri

    return 1.0 if beyond == draws else _turned(float(ndtri((1 + beyond) / (draws + 1))), skew)


def _turned(z: float, skew: _Skew) -> float:
    """The alpha whose level has the normal quantile `z`: `_lower`'s formula turned round."""
    from scipy.special import ndtr

    reach = z - skew.bias
    bend = 1.0 + skew.acceleration * reach
    return float(ndtr(reach / bend - skew.bias if bend > 0.0 else math.copysign(math.inf, reach)))


def _needed(sample: Tally, skew: _Skew, *, estimate: float, target: Fraction, alpha: Fraction) -> int | None:
    n, t = sample.units, float(target)
    seen = sample.values[sample.weights > 0.0]
    if not seen[0] + _TIE < t < seen[-1] - _TIE:  # no resample of any size lies beyond such a target
        return None
    lead, stretch = _saddle(sample, t)

    def quantile(units: int) -> float:
        """The normal quantile of P(the mean of so many draws < target)."""
        size = math.sqrt(units)
        return size * lead + stretch / size

    return needed_units(
        lambda units: _turned(quantile(units), skew.scaled(units / n)),
        lambda units: _turned(-quantile(units), skew.scaled(units / n).mirrored()),
        units=n,
        estimate=estimate,
        target=target,
        alpha=alpha,
    )


def _saddle(sample: Tally, t: float) -> tuple[float, float]:
    """(w, log(u / w) / w), of which sqrt(n) w + log(u / w) / (w sqrt(n)) is the normal quantile of P(the mean of n draws < t).

    *Source:* Davison & Hinkley (1988), Biometrika 75:417, doi:10.1093/biomet/75.3.417; the form: Barndorff-Nielsen (1986),
    Biometrika 73:307, doi:10.1093/biomet/73.2.307.
    """
    seen = sample.weights > 0.0
    gaps, log_shares = sample.values[seen] - t, np.log(sample.weights[seen] / sample.units)
    s = _root(gaps, log_shares)
    tilted, height = _tilted(gaps, log_shares, s=s)
    w = math.copysign(math.sqrt(max(-2.0 * height, 0.0)), s)
    u = s * math.sqrt(float(tilted @ gaps**2))
    return w, math.log(u / w) / w if w else 0.0


def _root(gaps: FloatArray, log_shares: FloatArray) -> float:
    """The s that tilts the mean of `gaps` to 0; they have both signs."""

    def falls_short(s: float) -> bool:
        return float(_tilted(gaps, log_shares, s=s)[0] @ gaps) < 0.0

    low, high = -1.0, 1.0
    while not falls_short(low):
        low *= 2.0
    while falls_short(high):
        high *= 2.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if falls_short(middle) else (low, middle)
    return high


def _tilted(gaps: FloatArray, log_shares: FloatArray, *, s: float) -> tuple[FloatArray, float]:
    """The shares times e^(s gap), divided by their sum, and the logarithm of that sum."""
    exponents = log_shares + s * gaps
    top = float(exponents.max())
    parts = np.exp(exponents - top)
    total = float(parts.sum())
    return parts / total, top + math.log(total)
