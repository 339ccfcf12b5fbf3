"""One cell of a table: a piece of work with a name. Its random numbers hang on that name alone, not on the order of the run."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from evalslo.stats.bound import fails, passes
from evalslo.stats.tally import Tally, p_fail, p_pass

ENTROPY = 20_250_601  # the one seed of the whole benchmark
ALPHA = Fraction(1, 20)
FLOOR = Fraction(3, 10)

Rng = np.random.Generator
Verdict = tuple[bool, bool]  # PASS shown, FAIL shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured number and its Monte Carlo standard error; None: exact."""

    value: float
    se: float | None


Figures = dict[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`work(rng, rounds, **settings)` gives the figures of the row `key`; `rounds` 0 means that nothing is drawn."""

    key: str
    work: Callable[..., Figures]
    rounds: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def spawn_key(self) -> tuple[int, ...]:
        digest = hashlib.sha256(self.key.encode()).digest()
        return tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4))

    def figures(self) -> Figures:
        rng = np.random.default_rng(np.random.SeedSequence(ENTROPY, spawn_key=self.spawn_key))
        return self.work(rng, self.rounds, **self.settings)


class Gate:
    """PASS and FAIL of tallies at one target by their p-values; a tally met before is not computed again."""

    def __init__(self, target: Fraction, *, alpha: Fraction = ALPHA) -> None:
        self.target = target
        self.alpha = alpha
        self._known: dict[tuple[bytes, bytes, float], Verdict] = {}

    def __call__(self, tally: Tally) -> Verdict:
        key = (tally.values.tobytes(), tally.weights.tobytes(), tally.units * tally.evenness)
        if key not in self._known:
            self._known[key] = self.decide(p_pass(tally, target=self.target), p_fail(tally, target=self.target))
        return self._known[key]

    def decide(self, passing: float | None, failing: float | None) -> Verdict:
        return passes(passing, alpha=self.alpha), fails(failing, alpha=self.alpha)


def exact(value: float) -> Figure:
    return Figure(value=float(value), se=None)


def share(hits: Sequence[bool] | np.ndarray) -> Figure:
    """How often; the standard error is that of (hits + 1) / (rounds + 2), so that none in R is no certainty."""
    array = np.asarray(hits, dtype=float)
    smooth = (float(array.sum()) + 1) / (array.size + 2)
    return Figure(value=float(array.mean()), se=math.sqrt(smooth * (1 - smooth) / array.size))


def average(values: Sequence[float] | np.ndarray) -> Figure:
    array = np.asarray(values, dtype=float)
    return Figure(value=float(array.mean()), se=float(array.std(ddof=1)) / math.sqrt(array.size))


def errors(name: str, verdicts: Sequence[Verdict]) -> Figures:
    """The shares of PASS and FAIL under the name of a method."""
    shown = np.asarray(verdicts, dtype=bool)
    return {f"{name}.pass": share(shown[:, 0]), f"{name}.fail": share(shown[:, 1])}


def binomial(n: int, p: Fraction | float) -> np.ndarray:
    """The probabilities of 0, 1, ..., n."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.arange(n + 1)
    chance = float(p)
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, chance) + xlog1py(n - k, -chance)
    return np.exp(logs)
