"""How often a score ranks a yes above a no: the area under the ROC curve."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from evalslo.model.calibration import Figure
from evalslo.stats.agreement import ALPHA
from evalslo.stats.checks import FloatArray, scores

_STEPS = 60  # of halving: more than a float has digits


def roc_auc(of_yes: ArrayLike, of_no: ArrayLike, *, deff: float = 1.0) -> Figure:
    """The chance that a score `of_yes` is above one `of_no`, ties half, with a two-sided 95 % interval.

    DeLong's variance on the logit scale; where that variance is 0 (perfect order, or all scores tied) Newcombe's method 5,
    which has no zero. Variances are multiplied by `deff`, the design effect of labels that belong together. No figure where
    one of the two is empty. Raises StatisticsError where a score is not in [0, 1].

    *Coverage:* approximate; 92 to 99 % is held in tests/stats/test_auc.py.
    *Source:* DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, doi:10.2307/2531595; logit: Qin & Hotilovac (2008),
    Stat. Methods in Medical Research 17:207, doi:10.1177/0962280207087173; Newcombe (2006), Statistics in Medicine 25:559,
    doi:10.1002/sim.2324.

    >>> found = roc_auc([0.9, 0.8, 0.4], [0.3, 0.5])
    >>> f"{found.estimate:.4f}"
    '0.8333'
    """
    if not np.size(of_yes) or not np.size(of_no):
        return Figure()
    above, below = _placements(scores(of_yes), scores(of_no))
    area = float(above.mean())
    variance = deff * (_variance(above) + _variance(below))
    if not 0.0 < area < 1.0 or not variance > 0.0:
        return _newcombe(area, m=above.size / deff, n=below.size / deff)
    middle, reach = math.log(area / (1.0 - area)), _z() * math.sqrt(variance) / (area * (1.0 - area))
    return Figure(estimate=area, lower=_expit(middle - reach), upper=_expit(middle + reach), method="delong-logit")


def _placements(of_yes: FloatArray, of_no: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each yes the share of noes below it, for each no the share of yeses above it, ties half."""
    yes, no = np.sort(of_yes), np.sort(of_no)
    above = (np.searchsorted(no, of_yes, "left") + np.searchsorted(no, of_yes, "right")) / (2.0 * no.size)
    below = 1.0 - (np.searchsorted(yes, of_no, "left") + np.searchsorted(yes, of_no, "right")) / (2.0 * yes.size)
    return above, below


def _variance(placements: FloatArray) -> float:
    """The variance of their mean; one alone has none, and counts as it would from 0 to 1 at worst: 1/4."""
    return float(placements.var(ddof=1)) / placements.size if placements.size > 1 else 0.25


def _newcombe(area: float, *, m: float, n: float) -> Figure:
    """Where the distance from `area` is z of the standard errors that an area there would have."""
    extra = (m + n) / 2.0 - 1.0

    def inside(theta: float) -> bool:
        spread = 1.0 + extra * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        return (area - theta) ** 2 <= _z() ** 2 * theta * (1.0 - theta) * spread / (m * n)

    return Figure(
        estimate=area,
        lower=_edge(area, 0.0, inside) if area > 0.0 else 0.0,
        upper=_edge(area, 1.0, inside) if area < 1.0 else 1.0,
        method="newcombe-5",
    )


def _edge(inner: float, outer: float, inside: Callable[[float], bool]) -> float:
    for _ in range(_STEPS):
        middle = (inner + outer) / 2.0
        inner, outer = (middle, outer) if inside(middle) else (inner, middle)
    return inner


def _z() -> float:
    from scipy.special import ndtri

    return -float(ndtri(float(ALPHA)))


def _expit(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))
