"""The betting bound and the bet mixture for many samples at once: the library's own formula on whole arrays.

Every table that uses it holds a few of its samples against `evalslo.stats.betting` or `evalslo.stats.sequential`.
"""

from fractions import Fraction

import numpy as np

from benchmarks.coverage.cells import ALPHA, Verdict
from evalslo.stats.betting import BETS, betting
from evalslo.stats.bound import fails, passes
from evalslo.stats.checks import FloatArray, IntArray

Sides = tuple[FloatArray, FloatArray]  # evidence for PASS, evidence for FAIL


def log_gains(values: FloatArray, target: Fraction, *, sizes: FloatArray | float = 1.0) -> Sides:
    """What one unit of each value does to the logarithm of each bet's wealth: arrays of bets x values, for either side."""
    good = np.multiply.outer(BETS, sizes * (values / float(target) - 1.0))
    bad = np.multiply.outer(BETS, sizes * ((1.0 - values) / float(1 - target) - 1.0))
    return np.log1p(good), np.log1p(bad)


def log_mean(wealths: FloatArray, axis: int = 0) -> FloatArray:
    """The logarithm of the mean wealth of the bets along `axis`."""
    top = wealths.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(wealths - top).mean(axis=axis))


def decided(evidence: Sides) -> list[Verdict]:
    """PASS and FAIL of each sample by its final evidence."""
    good, bad = (np.exp(-np.maximum(side, 0.0)) for side in evidence)
    return [(passes(p, alpha=ALPHA), fails(q, alpha=ALPHA)) for p, q in zip(good, bad, strict=True)]


def of_counts(values: FloatArray, counts: IntArray, target: Fraction) -> list[Verdict]:
    """The verdicts of `betting` on samples given as a row of counts each; a few are held against it."""
    good, bad = log_gains(values, target)
    found = decided((log_mean(good @ counts.T), log_mean(bad @ counts.T)))
    for i in range(min(5, len(counts))):
        _check(betting(np.repeat(values, counts[i]), target=target, alpha=ALPHA), found[i])
    return found


def of_units(
    values: FloatArray, codes: IntArray, target: Fraction, *, checked: bool, weights: FloatArray | None = None
) -> Verdict:
    """The verdict of `betting` on units of unequal size; `checked`: held against it."""
    heavy = np.ones(values.size) if weights is None else weights
    sizes = np.bincount(codes, weights=heavy)
    means = np.clip(np.bincount(codes, weights=heavy * values) / sizes, 0.0, 1.0)
    good, bad = log_gains(means, target, sizes=sizes / sizes.max())
    found = decided((log_mean(good.sum(axis=1, keepdims=True)), log_mean(bad.sum(axis=1, keepdims=True))))[0]
    if checked:
        _check(betting(values, codes, target=target, alpha=ALPHA, weights=weights), found)
    return found


def _check(library, found: Verdict) -> None:
    shown = passes(library.p_pass, alpha=ALPHA), fails(library.p_fail, alpha=ALPHA)
    assert shown == found, (library, found)
