"""A candidate beside a baseline on the same golden queries: the bounds of the mean difference.

| what a pair gives | units | method |
|---|---|---|
| right or wrong, once each | independent | `tango` (the gate's), `newcombe_paired` |
| a difference in [-1, 1] | independent | Gaffke on (d + 1) / 2, `paired_scores` |
| a difference in [-1, 1] | groups, or weighted | scaled Gaffke on (d + 1) / 2, `paired_scores` |
| a difference in [-1, 1] | any | betting on (d + 1) / 2, `paired_betting`: proved |

Whether anything changed at all is for `mcnemar` and `sign_flip`.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.betting import betting
from evalslo.stats.bound import Bound, Difference, fails, passes
from evalslo.stats.checks import codes, differences, require_margin, require_share, uneven
from evalslo.stats.clusters import laid_out, layout_of
from evalslo.stats.mover import by_inversion, unbounded, with_further
from evalslo.stats.proportions import wilson_limits
from evalslo.stats.tally import Tally, bound, mean, p_fail, p_pass

_HALVINGS = 60  # of [-1, 1]: to the last digit of a float


def tango(better: int, worse: int, *, n: int, margin: Fraction, alpha: Fraction) -> Difference:
    """Candidate minus baseline of a share right, by Tango's score test and the interval that it inverts to.

    `better` of `n` pairs have the candidate right and the baseline wrong, `worse` the other way round. Raises
    StatisticsError unless they are counts of at most n in all, and 0 <= margin < 1.

    *Coverage:* approximate: PASS keeps alpha in every design measured, FAIL exceeds it where few pairs differ. Exact sizes
    in docs/measured/coverage.md, table D.
    *Source:* Tango (1998), Statistics in Medicine 17:891,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B; his crossover trial, 9 better and 3 worse of 32:

    >>> found = tango(9, 3, n=32, margin=Fraction(0), alpha=Fraction(1, 40))
    >>> f"{found.lower:.3f} {found.upper:.3f}"
    '-0.027 0.390'
    """
    from scipy.special import ndtr, ndtri

    require_margin(margin=margin, alpha=alpha)
    _require_pairs(better=better, worse=worse, n=n)
    if n == 1:
        return unbounded(float(better - worse), method="tango", units=n)
    far = float(-ndtri(float(alpha)))
    z, z_other = _z(better, worse, n=n, delta=-float(margin)), _z(better, worse, n=n, delta=float(margin))
    p_pass, p_fail = float(ndtr(-z)), float(ndtr(z))
    return Difference(
        estimate=(better - worse) / n,
        lower=_lower(better, worse, n=n, far=far),
        upper=-_lower(worse, better, n=n, far=far),
        p_pass=p_pass,
        p_fail=p_fail,
        p_superior=float(ndtr(-_z(better, worse, n=n, delta=0.0))),
        p_equivalent=max(p_pass, float(ndtr(z_other))) if margin else None,
        method="tango",
        units=n,
        needed_units=None if passes(p_pass, alpha=alpha) or fails(p_fail, alpha=alpha) else _needed(z, far, n=n),
    )


def _z(better: float, worse: float, *, n: float, delta: float) -> float:
    """The score statistic of "the difference is `delta`"; 0 where nothing speaks either way. Falls as `delta` rises."""
    if delta > 0.0:  # the mirror image, where the root below loses no digits
        return -_z(worse, better, n=n, delta=-delta)
    apart = better - worse - n * delta
    b = (2 * n - better + worse) * delta - better - worse
    c = -worse * delta * (1.0 - delta)
    root = (math.sqrt(max(b * b - 8.0 * n * c, 0.0)) - b) / (4.0 * n)
    variance = n * (2.0 * root + delta * (1.0 - delta))
    if apart == 0.0:
        return 0.0
    return apart / math.sqrt(variance) if variance > 0.0 else math.copysign(math.inf, apart)


def _lower(better: float, worse: float, *, n: float, far: float) -> float:
    """The difference whose score statistic is `far`: the lower bound."""
    low, high = -1.0, (better - worse) / n
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _z(better, worse, n=n, delta=middle) >= far else (low, middle)
    return low if low > -1.0 + 1e-15 else -1.0


def _needed(z: float, far: float, *, n: int) -> int | None:
    """Further pairs at which the statistic, which grows with their square root, is far enough."""
    if z == 0.0 or (far / z) ** 2 > 101.0:
        return None
    return max(1, math.ceil(n * ((far / z) ** 2 - 1.0)))


def newcombe_paired(
    better: int, worse: int, *, both: int, neither: int, margin: Fraction, alpha: Fraction
) -> Difference:
    """Candidate minus baseline of a share right, from Wilson's limits of the two shares and their correlation.

    Pairs with the candidate alone right, the baseline alone right, `both` right and `neither`. P-values by inverting the
    interval, see `mover.by_inversion`. Raises StatisticsError as `tango` does.

    *Coverage:* approximate; measured in docs/measured/coverage.md, table D.
    *Source:* Newcombe (1998), Statistics in Medicine 17:2635, method 10,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C; Cavo et al. (2012) as in contingencytables:

    >>> found = newcombe_paired(6, 16, both=59, neither=80, margin=Fraction(0), alpha=Fraction(1, 40))
    >>> f"{found.lower:.4f} {found.upper:.4f}"
    '-0.1186 -0.0046'
    """
    require_margin(margin=margin, alpha=alpha)
    n = better + worse + both + neither
    _require_pairs(better=better, worse=worse, n=n, both=both, neither=neither)
    estimate = (better - worse) / n
    if n == 1:
        return unbounded(estimate, method="newcombe-paired", units=n)

    def limits(level: float, scale: float = 1.0) -> tuple[float, float]:
        counts = [scale * count for count in (better, worse, both, neither)]
        return _square_and_add(*counts, level=level)

    return with_further(
        by_inversion(limits, estimate=estimate, margin=margin, alpha=alpha, method="newcombe-paired", units=n),
        lambda scale: limits(float(alpha), scale),
        margin=margin,
        alpha=alpha,
    )


def _square_and_add(better: float, worse: float, both: float, neither: float, *, level: float) -> tuple[float, float]:
    n = better + worse + both + neither
    c, b = (both + better) / n, (both + worse) / n
    low_c, high_c = wilson_limits(c, n, level=level)
    low_b, high_b = wilson_limits(b, n, level=level)
    phi = _correlation(better, worse, both, neither)
    below = _third_side(c - low_c, high_b - b, phi)
    above = _third_side(high_c - c, b - low_b, phi)
    return c - b - below, c - b + above


def _correlation(better: float, worse: float, both: float, neither: float) -> float:
    """Newcombe's phi: that of the table, corrected for continuity where it is above 0; 0 where a margin is empty."""
    n = better + worse + both + neither
    margins = (both + better) * (worse + neither) * (both + worse) * (better + neither)
    product = both * neither - better * worse
    corrected = product if product < 0.0 else max(product - n / 2.0, 0.0)
    return corrected / math.sqrt(margins) if margins > 0.0 else 0.0


def _third_side(a: float, b: float, cosine: float) -> float:
    return math.sqrt(max(a * a - 2.0 * cosine * a * b + b * b, 0.0))


def paired_scores(
    values: ArrayLike,
    units: ArrayLike | None = None,
    *,
    margin: Fraction,
    alpha: Fraction,
    icc_floor: Fraction,
    weights: ArrayLike | None = None,
) -> Difference:
    """The mean of the differences `values` in [-1, 1], candidate minus baseline, one for each golden query.

    Gaffke's bound of (d + 1) / 2 against (1 - margin) / 2. `units` labels what belongs together (None: nothing does) and
    `weights` say what each stands for (None: all alike); with either the sample is shrunk by the design effect of the
    differences themselves, as in `clusters.scaled_gaffke`. That takes their own variance: Korn-Graubard's m (1 - m) of the
    mean of (d + 1) / 2 is 1/4 near no difference, however little they vary. With one unit there is the estimate only. Raises
    StatisticsError where a value is not in [-1, 1], unless 0 <= margin < 1, and as `scaled_gaffke` does.

    *Coverage:* as `gaffke` and `scaled_gaffke`. Independent differences are measured in docs/measured/coverage.md, tables D
    and D-scores; groups and weights of differences are not in the benchmark.
    *Source:* see `gaffke` and `clusters.design_effect`. Where no difference is 0 it is the exact sign test:

    >>> found = paired_scores([1.0] * 16 + [-1.0] * 6, margin=Fraction(0), alpha=Fraction(1, 20), icc_floor=Fraction(0))
    >>> round(2 * found.p_pass, 6)  # Cavo et al. (2012), as in contingencytables
    0.052479
    """
    require_margin(margin=margin, alpha=alpha)
    require_share(icc_floor, name="icc_floor")
    checked = differences(values)
    weighed = uneven(weights, like=checked)
    groups = np.arange(checked.size) if units is None else codes(units, like=checked, name="units")
    order = np.argsort(checked) if weighed is None else np.lexsort((weighed, checked))  # sums then never depend on it
    layout = layout_of(
        groups[order], alpha=alpha, icc_floor=icc_floor, weights=None if weighed is None else weighed[order]
    )
    method = ("gaffke" if layout.independent else "scaled-gaffke") + ("" if weighed is None else "+weights")
    return _of_shares(laid_out((checked[order] + 1.0) / 2.0, layout), method=method, margin=margin, alpha=alpha)


def _of_shares(tally: Tally, *, method: str, margin: Fraction, alpha: Fraction) -> Difference:
    """The difference d of which `tally` holds (d + 1) / 2."""
    return _of_bound(
        bound(tally, estimate=mean(tally), method=method, target=(1 - margin) / 2, alpha=alpha),
        superior=p_pass(tally, target=Fraction(1, 2)),
        below=p_fail(tally, target=(1 + margin) / 2),
        margin=margin,
    )


def _of_bound(found: Bound, *, superior: float | None, below: float | None, margin: Fraction) -> Difference:
    """The difference d whose (d + 1) / 2 is bounded by `found`; `below` is the p-value against "better by the margin"."""
    estimate = 2.0 * found.estimate - 1.0
    if found.lower is None or found.upper is None or found.p_pass is None or below is None:
        return unbounded(estimate, method=found.method, units=found.units)
    return Difference(
        estimate=estimate,
        lower=2.0 * found.lower - 1.0,
        upper=2.0 * found.upper - 1.0,
        p_pass=found.p_pass,
        p_fail=found.p_fail,
        p_superior=superior,
        p_equivalent=max(found.p_pass, below) if margin else None,
        method=found.method,
        units=found.units,
        needed_units=found.needed_units,
    )


def paired_betting(
    values: ArrayLike,
    units: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
    margin: Fraction,
    alpha: Fraction,
) -> Difference:
    """The mean of the differences `values` in [-1, 1], candidate minus baseline, by betting on (d + 1) / 2.

    `units` and `weights` as in `betting.betting`: the mean is weighted, and a unit counts by its weight. With one unit there is
    the estimate only. Raises StatisticsError where a value is not in [-1, 1], unless 0 <= margin < 1, and as `betting` does.

    *Coverage:* proved, see `betting.betting`. *Source:* as there.
    """
    require_margin(margin=margin, alpha=alpha)
    shares = (differences(values) + 1.0) / 2.0

    def against(target: Fraction) -> Bound:
        return betting(shares, units, target=target, alpha=alpha, weights=weights)

    found = against((1 - margin) / 2)
    return _of_bound(
        found, superior=against(Fraction(1, 2)).p_pass, below=against((1 + margin) / 2).p_fail, margin=margin
    )


def _require_pairs(*, better: int, worse: int, n: int, both: int = 0, neither: int = 0) -> None:
    if n < 1 or min(better, worse, both, neither) < 0 or better + worse > n:
        raise StatisticsError(
            f"{better} better and {worse} worse of {n} pairs found; wanted counts of at most n in all"
        )
