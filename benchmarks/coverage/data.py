"""Where the simulated answers come from: every truth here is known exactly."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from benchmarks.coverage.cells import Rng
from evalslo.stats.checks import FloatArray, IntArray
from evalslo.stats.tally import Tally, of_counts


@dataclass(frozen=True)
class Shape:
    """A distribution on a few values in [0, 1]; its mean is exact."""

    name: str
    values: tuple[Fraction, ...]
    shares: tuple[Fraction, ...]

    @property
    def mean(self) -> Fraction:
        return sum((v * p for v, p in zip(self.values, self.shares, strict=True)), Fraction(0))

    @property
    def floats(self) -> FloatArray:
        return np.array([float(v) for v in self.values])

    @property
    def chances(self) -> FloatArray:
        return np.array([float(p) for p in self.shares])

    def counts(self, rng: Rng, n: int, rounds: int) -> IntArray:
        """`rounds` samples of `n`, each as how often every value occurs."""
        return rng.multinomial(n, self.chances / self.chances.sum(), size=rounds)

    def sample(self, counts: IntArray) -> FloatArray:
        return np.repeat(self.floats, counts)


def piled(name: str, *, perfect: Fraction, zero: Fraction) -> Shape:
    """Faithfulness as judges give it: `perfect` at 1, `zero` at 0, the rest fractions with mean 2/3 and deviation .28."""
    fractions = {Fraction(1, 5): 2, Fraction(1, 3): 1, Fraction(1, 2): 1, Fraction(4, 5): 2, Fraction(9, 10): 5}
    rest = (1 - perfect - zero) / sum(fractions.values())
    middle = tuple(rest * weight for weight in fractions.values())
    return Shape(name, (Fraction(0), *fractions, Fraction(1)), (zero, *middle, perfect))


def precision_at_5(name: str, *, a: Fraction, b: Fraction) -> Shape:
    """Beta-binomial of 5 with parameters a and b, over 5."""

    def rising(x: Fraction, k: int) -> Fraction:
        return math.prod((x + i for i in range(k)), start=Fraction(1))

    shares = (math.comb(5, k) * rising(a, k) * rising(b, 5 - k) / rising(a + b, 5) for k in range(6))
    return Shape(name, tuple(Fraction(k, 5) for k in range(6)), tuple(shares))


FAITH85 = piled("faith85", perfect=Fraction(85, 100), zero=Fraction(3, 100))
FAITH96 = piled("faith96", perfect=Fraction(96, 100), zero=Fraction(1, 100))
P5_80 = precision_at_5("P@5 .80", a=Fraction(4), b=Fraction(1))
P5_95 = precision_at_5("P@5 .95", a=Fraction(19, 2), b=Fraction(1, 2))
SHAPES = {shape.name: shape for shape in (FAITH85, FAITH96, P5_80, P5_95)}


def tally_of(values: FloatArray, counts: IntArray) -> Tally:
    """The tally of a sample given as counts of ascending values, each event independent."""
    seen, n = counts > 0, int(counts.sum())
    middle = seen.copy()
    middle[[0, -1]] &= (values[0] != 0.0, values[-1] != 1.0)
    if not middle.any():
        return of_counts(int(counts[-1]), int(counts[0]), units=n)
    return Tally(values=values[seen], weights=counts[seen].astype(float), units=n)


def sizes(kind: str, groups: int, rng: Rng) -> IntArray:
    """How many queries each group has."""
    match kind:
        case "5 each":
            return np.full(groups, 5)
        case "15 each":
            return np.full(groups, 15)
        case "3 repeats":
            return np.full(groups, 3)
        case "2 repeats":
            return np.full(groups, 2)
        case "1 + Poisson(4)":
            return 1 + rng.poisson(4, groups)
        case "geometric, mean 6.7":
            return rng.geometric(0.15, groups)
        case "one in ten of 30, else 2":
            return np.where(rng.random(groups) < 0.1, 30, 2)
    raise ValueError(kind)


def rates(kind: str, p: float, icc: float, groups: int, rng: Rng) -> FloatArray:
    """Each group's own share of good answers; the mean is `p`, and the correlation inside a group `icc`."""
    match kind:
        case "beta":
            return rng.beta(p * (1 - icc) / icc, (1 - p) * (1 - icc) / icc, groups) if icc else np.full(groups, p)
        case "all or nothing":  # a share icc of the groups answers as one
            return np.where(rng.random(groups) < icc, (rng.random(groups) < p).astype(float), p)
        case "logit-normal":
            middle, spread = _logit_normal(p, icc)
            return _expit(middle + spread * rng.standard_normal(groups))
        case "few broken":  # most groups perfect, the others equally bad
            broken = (1 - p) / (p * icc + 1 - p)
            return np.where(rng.random(groups) < broken, p * (1 - icc), 1.0)
    raise ValueError(kind)


@cache
def _logit_normal(p: float, icc: float) -> tuple[float, float]:
    """Location and scale of the normal whose logistic has mean `p` and variance `icc` p (1 - p)."""
    from scipy.optimize import brentq

    x = np.linspace(-8, 8, 8001)
    w = np.exp(-(x**2) / 2)
    w /= w.sum()

    def location(spread: float) -> float:
        far = 10 + 10 * spread
        return float(brentq(lambda m: float(w @ _expit(m + spread * x)) - p, -far, far))

    def excess(spread: float) -> float:
        return float(w @ (_expit(location(spread) + spread * x) - p) ** 2) - icc * p * (1 - p)

    spread = float(brentq(excess, 1e-3, 300))
    return location(spread), spread


def _expit(x: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(expit(x))


def clustered_events(
    rng: Rng, *, p: float, kind: str, icc: float, layout: str, groups: int
) -> tuple[FloatArray, IntArray]:
    """Zeros and ones with the code of the group of each."""
    each = sizes(layout, groups, rng)
    codes = np.repeat(np.arange(groups), each)
    own = rates(kind, p, icc, groups, rng)
    return (rng.random(codes.size) < own[codes]).astype(float), codes


def clustered_scores(rng: Rng, *, shape: Shape, icc: float, layout: str, groups: int) -> tuple[FloatArray, IntArray]:
    """Scores of `shape` with the code of the group of each: every group has its own shares, Dirichlet around the shape's."""
    each = sizes(layout, groups, rng)
    codes = np.repeat(np.arange(groups), each)
    if icc == 0:
        return rng.choice(shape.floats, size=codes.size, p=shape.chances), codes
    own = rng.standard_gamma(shape.chances * (1 - icc) / icc, size=(groups, shape.floats.size))
    own = np.where(own.sum(axis=1, keepdims=True) > 0, own, np.eye(shape.floats.size)[-1])
    edges = np.cumsum(own / own.sum(axis=1, keepdims=True), axis=1)
    places = (rng.random(codes.size)[:, None] > edges[codes]).sum(axis=1)
    return shape.floats[np.minimum(places, shape.floats.size - 1)], codes
