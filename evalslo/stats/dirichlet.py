"""The distribution of a mean with Dirichlet weights, which every bound here inverts.

W = sum of D_j v_j, where (D_0, D_1, ...) is Dirichlet(1, w_1, w_2, ...) and v_0 = 0 is the anchor, the worst value. On data of
zeros and ones W is Beta(good, bad + 1), and the bound is Clopper-Pearson's.

P(W <= t) = P(Q <= 0) with Q = sum of Gamma(w_j) (v_j - t), a sum of scaled gamma variables, whose moment generating function
M(z) = prod (1 - z a_j)^(-w_j) is known. The inversion integral of M(z) / z runs along the vertical line through the saddle
point and not along the imaginary axis: there it does not oscillate, so that far tails keep their digits too.

*Source:* Gil-Pelaez (1951), Biometrika 38:481, doi:10.1093/biomet/38.3-4.481; the line through the saddle point:
Daniels (1954), Annals of Mathematical Statistics 25:631, doi:10.1214/aoms/1177728652.
"""

import math
from functools import cache

import numpy as np

from evalslo.stats.checks import FloatArray

_PANELS = 24
_NODES = 16
_SMALLEST = 1e-12  # a bound below this is none; far below it the numbers of the integral leave the range of floats
_NEGLIGIBLE = 34.0  # e^-34 = 2e-15 of the integrand's height


def share_below(gaps: FloatArray, weights: FloatArray, *, anchor: float) -> float:
    """P(sum of Gamma(weight) gap + Gamma(1) anchor <= 0); 1 where no gap is above 0. `gaps` are values minus the threshold."""
    gaps, weights = np.append(gaps, anchor), np.append(weights, 1.0)
    counts = (gaps != 0.0) & (weights > 0.0)
    gaps, weights = gaps[counts], weights[counts]
    if gaps.size == 0 or gaps.max() < 0.0:
        return 1.0
    if gaps.min() > 0.0:
        return 0.0
    if float(gaps @ weights) >= 0.0:
        return _left_tail(gaps, weights)
    return 1.0 - _left_tail(-gaps, weights)


def quantile(values: FloatArray, weights: FloatArray, *, level: float) -> float:
    """The t with P(W <= t) = `level`; 0 where every value is 0, and below 10^-12. `level` below 1/2, values ascending."""
    from scipy.special import ndtri

    low, high = _SMALLEST, float(values[-1])
    if high <= low or share_below(values - low, weights, anchor=-low) >= level:
        return 0.0
    t, spread = _guess(values, weights, level=level)
    t, slope, goal = min(max(t, low), high * (1 - 1e-9)), 1.0 / spread, float(ndtri(level))
    last_t, last_z = math.nan, math.nan
    for _ in range(100):  # a secant on the normal scale, where a distribution function is nearly straight
        p = share_below(values - t, weights, anchor=-t)
        z = float(ndtri(min(max(p, 1e-300), 1 - 1e-16))) - goal
        low, high = (t, high) if z < 0.0 else (low, t)
        if abs(z) < 1e-10 or high - low < 1e-13:
            break
        if t != last_t and z != last_z and not math.isnan(last_t):
            slope = (z - last_z) / (t - last_t)
        last_t, last_z = t, z
        step = t - z / slope
        t = step if low < step < high else (low + high) / 2
    return t


def _guess(values: FloatArray, weights: FloatArray, *, level: float) -> tuple[float, float]:
    """The quantile and the standard deviation of the Beta with W's mean and variance."""
    from scipy.special import betaincinv

    total = float(weights.sum()) + 1.0
    mean = float(values @ weights) / total
    variance = (float(values**2 @ weights) / total - mean**2) / (total + 1.0)
    size = mean * (1.0 - mean) / variance - 1.0
    return float(betaincinv(mean * size, (1.0 - mean) * size, level)), math.sqrt(variance)


def _left_tail(gaps: FloatArray, weights: FloatArray) -> float:
    """P(Q <= 0) where the mean of Q is at least 0 and both signs occur."""
    shift = _saddle(gaps, weights)
    tilted = gaps / (1.0 + shift * gaps)
    y, widths = _nodes(tilted, weights, shift=shift)
    turns = np.outer(y, tilted)
    size = np.exp(-0.5 * (np.log1p(turns * turns) @ weights))
    angle = np.arctan(turns) @ weights
    heights = size * (shift * np.cos(angle) - y * np.sin(angle)) / (shift * shift + y * y)
    log_height = -float(np.log1p(shift * gaps) @ weights)
    return min(max(math.exp(log_height) * float(heights @ widths) / math.pi, 0.0), 1.0)


def _saddle(gaps: FloatArray, weights: FloatArray) -> float:
    """-z where M(z) / z is smallest on the negative axis. Every line gives the same integral: a rough root is enough."""
    edge = -1.0 / float(gaps.min())
    low, high = -45.0, 35.0  # in logits of the way from 0 to the edge
    for _ in range(26):
        middle = (low + high) / 2
        shift = edge / (1.0 + math.exp(-middle))
        rising = float((gaps / (1.0 + shift * gaps)) @ weights) + 1.0 / shift > 0.0
        low, high = (middle, high) if rising else (low, middle)
    return edge / (1.0 + math.exp(-low))


def _nodes(tilted: FloatArray, weights: FloatArray, *, shift: float) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and widths on one panel from 0 and on panels of equal length in log y after it."""
    x, w = _legendre()
    curvature = float(tilted**2 @ weights) + 1.0 / shift**2
    first = 0.5 * min(1.0 / math.sqrt(curvature), 1.0 / float(np.abs(tilted).max()))
    edges = np.linspace(math.log(first), _log_end(tilted, weights, start=math.log(first)), _PANELS)
    half = (edges[1] - edges[0]) / 2
    y = np.exp((edges[:-1, None] + half * (1.0 + x)).ravel())
    widths = y * np.tile(half * w, _PANELS - 1)
    return np.append(first * (1.0 + x) / 2, y), np.append(first * w / 2, widths)


def _log_end(tilted: FloatArray, weights: FloatArray, *, start: float) -> float:
    """The log of a y beyond which the integrand is negligible."""
    low, high = start, start + 1.0
    while _decay(tilted, weights, log_y=high) < _NEGLIGIBLE:
        low, high = high, start + 2.0 * (high - start)
    for _ in range(6):
        middle = (low + high) / 2
        low, high = (middle, high) if _decay(tilted, weights, log_y=middle) < _NEGLIGIBLE else (low, middle)
    return high


def _decay(tilted: FloatArray, weights: FloatArray, *, log_y: float) -> float:
    return 0.5 * float(np.log1p((math.exp(log_y) * tilted) ** 2) @ weights)


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    x, w = np.polynomial.legendre.leggauss(_NODES)
    return x, w
