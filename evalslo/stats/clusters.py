"""Means of values that are not independent, or do not weigh alike: repeats of a query, queries of a group, weights."""

from fractions import Fraction

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import ArrayLike

from evalslo.stats.bound import Bound
from evalslo.stats.checks import FloatArray, IntArray, codes, require_levels, require_share, scores, uneven
from evalslo.stats.components import mean_squares
from evalslo.stats.gaffke import gaffke
from evalslo.stats.tally import Tally, bound, mean, of_values, order_free_sum, scaled

_NO_SPREAD = 1e-24  # a variance below this is rounding: nothing varies


class Layout(Struct, frozen=True, kw_only=True, eq=False):
    """Which values belong together and what each weighs: all of a sample that its values cannot change.

    `groups` are labels 0, 1, ... as `checks.codes` gives them; `weights` have the mean 1, None: all alike. `shares` are what
    the units hold of the whole weight. `floor` is the least design effect, `caution` what few degrees of freedom multiply it
    by. `evenness` is the sum of the units' mean weights over as many of the largest.
    """

    groups: IntArray
    weights: FloatArray | None
    shares: FloatArray
    floor: float
    caution: float
    evenness: float

    @property
    def units(self) -> int:
        """How many independent units there are."""
        return self.shares.size

    @property
    def independent(self) -> bool:
        """Whether each value is a unit of its own, and all weigh alike."""
        return self.weights is None and self.units == self.groups.size


def scaled_gaffke(
    values: ArrayLike,
    units: ArrayLike,
    *,
    target: Fraction,
    alpha: Fraction,
    icc_floor: Fraction,
    weights: ArrayLike | None = None,
) -> Bound:
    """The bound of the pooled mean of `values` in [0, 1], of which those with the same label in `units` belong together.

    Gaffke's bound of the sample shrunk by its design effect; Korn-Graubard's where all values are 0 or 1. `icc_floor` is the
    least correlation inside a unit that the design effect assumes, since the data seldom show it where nearly all is good.
    `weights` say how much of the population each value stands for, relative to the others (None: all alike); the mean is the
    weighted one. No sample of G units certifies more than G independent perfect events would, and with weights no more than
    the sum of the units' mean weights over the largest of them. Where each unit has one value and all weigh alike this is
    `gaffke`. Raises StatisticsError as `gaffke` does, and where a weight is not finite and above 0.

    *Coverage:* approximate: at a floor of .3 a false PASS may be somewhat likelier than alpha in few large groups that are
    highly correlated. Measured in docs/measured/coverage.md: groups in tables C, C-shape, C-scores and C-trap, repeats in
    C-repeats, W-repeats and W-scores, weights in W-weights, the cap in T-cap.
    *Source:* Korn & Graubard (1998), Survey Methodology 24:193; Parker et al. (2017), Vital and Health Statistics 2(175);
    weights: Kish (1992), Journal of Official Statistics 8:183; see also `design_effect`.

    >>> twice = scaled_gaffke([1] * 116, [i // 2 for i in range(116)], target=Fraction(19, 20), alpha=Fraction(1, 20),
    ...                       icc_floor=Fraction(3, 10))
    >>> twice.method, twice.units, round(twice.lower, 4)  # no more than 58 perfect queries: .05 ** (1 / 58)
    ('korn-graubard', 58, 0.9497)
    """
    require_levels(target=target, alpha=alpha)
    require_share(icc_floor, name="icc_floor")
    checked = scores(values)
    weighed = uneven(weights, like=checked)
    groups = codes(units, like=checked, name="units")
    if weighed is None and _count(groups) == checked.size:
        return gaffke(checked, target=target, alpha=alpha)
    order = np.argsort(checked) if weighed is None else np.lexsort((weighed, checked))  # sums then never depend on it
    checked, groups = checked[order], groups[order]
    layout = layout_of(groups, alpha=alpha, icc_floor=icc_floor, weights=None if weighed is None else weighed[order])
    tally, deff = _with_deff(checked, layout)
    return bound(
        tally,
        estimate=mean(tally),
        method=("korn-graubard" if tally.binary else "scaled-gaffke") + ("" if weighed is None else "+weights"),
        target=target,
        alpha=alpha,
        icc=intraclass_correlation(checked, groups),
        deff=deff,
    )


def clustered(values: FloatArray, groups: IntArray, *, alpha: Fraction, icc_floor: Fraction) -> Tally:
    """The tally that the bound of `values` is computed from; `groups` are labels 0, 1, ... as `checks.codes` gives them."""
    return laid_out(values, layout_of(groups, alpha=alpha, icc_floor=icc_floor))


def layout_of(groups: IntArray, *, alpha: Fraction, icc_floor: Fraction, weights: FloatArray | None = None) -> Layout:
    """What `groups` and `weights` (mean 1; None: all alike) alone say of a sample.

    The floor under the design effect is n / W^2 times the sum over units of (1 - icc_floor) sum w^2 + icc_floor W_u^2:
    1 + (n* - 1) icc_floor without weights, n* = sum of n_u^2 / n, and Kish's where each unit has one value.
    """
    n, sizes, totals, f = groups.size, _unit_sums(groups), _unit_sums(groups, weights), float(icc_floor)
    squares = float(n) if weights is None else order_free_sum(weights**2)
    typical, shares = totals / sizes, totals / n
    return Layout(
        groups=groups,
        weights=weights,
        shares=shares,
        floor=((1.0 - f) * squares + f * order_free_sum(totals**2)) / n,
        caution=_caution(shares, n, level=float(1 - alpha)) if sizes.size > 1 else 1.0,
        evenness=order_free_sum(typical) / (sizes.size * float(typical.max())),
    )


def laid_out(values: FloatArray, layout: Layout) -> Tally:
    """The tally that the bound of `values` is computed from."""
    return of_values(values) if layout.independent else _with_deff(values, layout)[0]


def _with_deff(values: FloatArray, layout: Layout) -> tuple[Tally, float | None]:
    """The shrunk tally, and the design effect that it was shrunk by."""
    tally = of_values(values, weights=layout.weights)
    deff = design_effect(values, layout)
    shrunk = scaled(tally, 1.0 if deff is None else 1.0 / deff, units=layout.units)
    return replace(shrunk, evenness=layout.evenness), deff


def design_effect(values: FloatArray, layout: Layout) -> float | None:
    """How many of these values carry as much as one independent value would; None with one unit.

    The variance of the mean over units against that of as many independent values, with the degrees of freedom of each, and
    at least the layout's floor.

    *Source:* Korn & Graubard (1998), Survey Methodology 24:193; the floor: docs/measured/coverage.md, tables C and T-cap.
    """
    if layout.units == 1:
        return None
    variance, spread = _variances(values, layout.groups, weights=layout.weights, shares=layout.shares)
    if spread <= _NO_SPREAD:
        return layout.floor
    return max(layout.floor, values.size * variance / spread * layout.caution)


def mean_variance(values: FloatArray, groups: IntArray) -> tuple[float, float]:
    """The CR2 variance of the pooled mean, and its Satterthwaite degrees of freedom. At least two units.

    *Source:* Bell & McCaffrey (2002), Survey Methodology 28:169, in closed form for a mean.

    >>> y = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1.0])
    >>> variance, df = mean_variance(y, np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3]))
    >>> f"{variance ** 0.5:.7f} {df:.4f}"
    '0.1352296 2.8125'
    """
    shares = _unit_sums(groups) / values.size
    return _variances(values, groups, weights=None, shares=shares)[0], _degrees_of_freedom(shares)


def _variances(
    values: FloatArray, groups: IntArray, *, weights: FloatArray | None, shares: FloatArray
) -> tuple[float, float]:
    """The CR2 variance of the (weighted) mean, and the variance of the values."""
    weighed = values if weights is None else values * weights
    point = float(weighed.sum()) / values.size
    residuals = _unit_sums(groups, weighed) / values.size - point * shares
    squares = (values - point) ** 2 if weights is None else weights * (values - point) ** 2
    return order_free_sum(residuals**2 / (1.0 - shares)), float(squares.sum()) / values.size


def _unit_sums(groups: IntArray, values: FloatArray | None = None) -> FloatArray:
    """The sum of `values` in each unit; None: how many it has."""
    return np.bincount(groups, weights=values).astype(np.float64, copy=False)


def _degrees_of_freedom(shares: FloatArray) -> float:
    pull = shares**2 / (1.0 - shares)
    return 1.0 / (order_free_sum(shares**2) + order_free_sum(pull) ** 2 - order_free_sum(pull**2))


def _caution(shares: FloatArray, n: int, *, level: float) -> float:
    """The squared ratio of Student quantiles: with the units' degrees of freedom over with those of n values."""
    from scipy.special import stdtrit

    return float(stdtrit(_degrees_of_freedom(shares), level) / stdtrit(n - 1, level)) ** 2


def intraclass_correlation(values: FloatArray, groups: IntArray) -> float | None:
    """The correlation inside units by analysis of variance, in [-1, 1].

    None with one unit, where nothing varies, and where so few units have company that the estimate leaves that range.

    *Source:* Donner & Koval (1980), Biometrics 36:19, doi:10.2307/2530491.
    """
    squares = mean_squares(values, groups)
    if squares is None:
        return None
    total = squares.between + (squares.typical - 1.0) * squares.within
    if total <= _NO_SPREAD:
        return None
    found = (squares.between - squares.within) / total
    return found if -1.0 <= found <= 1.0 else None


def _count(groups: IntArray) -> int:
    return int(groups.max()) + 1
