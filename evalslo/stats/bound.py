"""What every method here returns, and the two comparisons that decide."""

from fractions import Fraction
from typing import Protocol

from msgspec import Struct

SLACK = Fraction(1, 10**12)  # rounding of a p-value must not turn a boundary case around


class Bound(Struct, frozen=True, kw_only=True):
    """A mean in [0, 1], its two one-sided bounds at `alpha`, and its p-values against the target.

    `p_pass` speaks against "the mean is below the target", `p_fail` against "the mean is above it". Bounds and p-values are
    None where one independent unit is all there is. `icc` (analysis of variance; below 0 where values differ more inside
    units than between them) and `deff` are None without clusters, and where nothing varies or one unit is all.
    `needed_units` counts the further units at which the data, scaled up at the present estimate, decide; None where they
    decide already, or not within a hundred times as many.
    """

    estimate: float
    lower: float | None
    upper: float | None
    p_pass: float | None
    p_fail: float | None
    method: str
    units: int
    icc: float | None = None
    deff: float | None = None
    needed_units: int | None = None


class Difference(Struct, frozen=True, kw_only=True):
    """Candidate minus baseline of a mean in [0, 1], higher better, its two one-sided bounds at `alpha`, and its p-values.

    The target is `-margin`: `p_pass` speaks against "worse by more than the margin" (non-inferiority), `p_fail` against
    "worse by less than the margin, or better", `p_superior` against "no better", `p_equivalent` against "different by the
    margin or more, either way" (two one-sided tests; None at margin 0, where it means nothing). Bounds and p-values are
    None where one independent unit is all there is. `units` counts independent pairs, or the independent units of both arms.
    `needed_units` as in `Bound`.
    """

    estimate: float
    lower: float | None
    upper: float | None
    p_pass: float | None
    p_fail: float | None
    p_superior: float | None
    p_equivalent: float | None
    method: str
    units: int
    needed_units: int | None = None


class RateBound(Protocol):
    """A bound of the share of good events among independent ones: `clopper_pearson`, or another of the same form."""

    def __call__(self, good: int, n: int, /, *, target: Fraction, alpha: Fraction) -> Bound:
        """The bound of `good` events among `n`."""


def estimate_only(estimate: float, *, method: str, units: int) -> Bound:
    """The estimate without bounds and p-values: where one unit is all there is, or nothing varies."""
    return Bound(estimate=estimate, lower=None, upper=None, p_pass=None, p_fail=None, method=method, units=units)


def passes(p_pass: float | None, *, alpha: Fraction) -> bool:
    """Whether `p_pass` shows the target met. None shows nothing."""
    return p_pass is not None and p_pass <= float(alpha + SLACK)


def fails(p_fail: float | None, *, alpha: Fraction) -> bool:
    """Whether `p_fail` shows the target missed. None shows nothing."""
    return p_fail is not None and p_fail < float(alpha - SLACK)
