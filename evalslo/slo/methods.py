"""Methods: the bound that the gate's rules name for a sample, by whether its values are independent and weigh alike."""

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from evalslo.model.suite import GateRules

if TYPE_CHECKING:
    from evalslo.stats.bound import Bound, RateBound
    from evalslo.stats.checks import FloatArray, IntArray

DRAWS_SEED = 1  # of the bootstraps: the same scores give the same bounds


class MeanBound(Protocol):
    """A bound of the mean of independent scores."""

    def __call__(self, values: "FloatArray", /, *, target: Fraction, alpha: Fraction) -> "Bound":
        """The bound of the mean of `values` in [0, 1]."""


def bound_of(
    values: "FloatArray",
    units: "IntArray | None",
    *,
    weights: "FloatArray | None",
    ratio: bool,
    target: Fraction,
    alpha: Fraction,
    rules: GateRules,
) -> "Bound":
    """The bound of "the (weighted) mean of `values` is at least `target`"; `ratio`: they are the zeros and ones of events.

    `units` None: each value is independent; `weights` None: all weigh alike.
    """
    if units is None and weights is None and ratio:
        found = rate_bound(rules)(int(values.sum()), values.size, target=target, alpha=alpha)
    elif units is None and weights is None and not rules.strict:
        found = mean_bound(rules)(values, target=target, alpha=alpha)
    elif rules.strict:
        found = _strict(values, units, weights=weights, target=target, alpha=alpha)
    else:
        found = _shrunk(values, units, weights=weights, target=target, alpha=alpha, icc_floor=rules.icc_floor)
    if rules.population == "finite":  # the golden set is given: there are no further queries to ask
        return replace(found, method=f"{found.method}+finite", needed_units=None)
    return found


def rate_bound(rules: GateRules) -> "RateBound":
    """What bounds the share of good events among independent ones."""
    from evalslo.stats import exact, proportions

    known: dict[str, RateBound] = {
        "clopper-pearson": exact.clopper_pearson,
        "wilson": proportions.wilson,
        "jeffreys": proportions.jeffreys,
        "mid-p": proportions.mid_p,
        "beta-prior": proportions.beta_prior,
    }
    return known["clopper-pearson" if rules.strict else rules.rate_method]


def mean_bound(rules: GateRules) -> MeanBound:
    """What bounds the mean of independent scores, where the rules are not strict."""
    from evalslo.stats import bootstrap, gaffke, student

    known: dict[str, MeanBound] = {
        "gaffke": gaffke.gaffke,
        "t": student.student_t,
        "bca": partial(bootstrap.bca, seed=DRAWS_SEED),
        "percentile-bootstrap": partial(bootstrap.percentile, seed=DRAWS_SEED),
    }
    return known[rules.mean_method]


def _strict(
    values: "FloatArray", units: "IntArray | None", *, weights: "FloatArray | None", target: Fraction, alpha: Fraction
) -> "Bound":
    from evalslo.stats.betting import betting

    found = betting(values, units, target=target, alpha=alpha, weights=weights)
    return replace(found, method=f"{found.method}+strict" + ("" if weights is None else "+weights"))


def _shrunk(
    values: "FloatArray",
    units: "IntArray | None",
    *,
    weights: "FloatArray | None",
    target: Fraction,
    alpha: Fraction,
    icc_floor: Fraction,
) -> "Bound":
    import numpy as np

    from evalslo.stats.clusters import scaled_gaffke

    labels = np.arange(values.size) if units is None else units
    return scaled_gaffke(values, labels, target=target, alpha=alpha, icc_floor=icc_floor, weights=weights)
