"""Prediction-powered means: a scorer's values of many answers, corrected by people's of a few, with normal intervals.

Options for large samples, and never the gate's own choice: near 0 and 1, with fewer than some 500 labels, their error is far
beyond alpha. `post_stratified` and `rectified_mean` do the same work and hold it.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.bound import Bound, estimate_only
from evalslo.stats.checks import FloatArray, require_levels, scores


def ppi(unlabelled: ArrayLike, *, judged: ArrayLike, human: ArrayLike, target: Fraction, alpha: Fraction) -> Bound:
    """The prediction-powered bound of the mean that people would give.

    `unlabelled` are the scorer's values of answers without a label, `judged` and `human` both values of the labelled ones, a
    random sample of all; each in [0, 1], and independent. Estimate and bounds are cut to [0, 1]. With one value on either
    side there is the estimate only. Raises StatisticsError where a value is not in [0, 1], or labels are not one a value.

    *Coverage:* approximate, in the limit of many labels; with fewer either error may be far beyond alpha. Measured in
    docs/measured/coverage.md, tables I (verdicts), I-scores and I-groups.
    *Source:* Angelopoulos et al. (2023), Science 382:669, doi:10.1126/science.adi6000; numbers as of ppi-python 0.2.3:

    >>> found = ppi([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1], judged=[1, 0, 1, 1, 1, 1, 1, 1, 0, 0],
    ...             human=[1, 0, 1, 1, 0, 1, 1, 1, 0, 1], target=Fraction(1, 2), alpha=Fraction(1, 20))
    >>> f"{found.estimate:.3f} {found.lower:.4f}"
    '0.800 0.5248'
    """
    require_levels(target=target, alpha=alpha)
    others, by_scorer, by_people = _checked(unlabelled, judged, human)
    return _normal(others, by_scorer, by_people, weight=1.0, method="ppi", target=target, alpha=alpha)


def ppi_plus_plus(
    unlabelled: ArrayLike, *, judged: ArrayLike, human: ArrayLike, target: Fraction, alpha: Fraction
) -> Bound:
    """The same as `ppi`, with the scorer's values weighted by how much they tell: 0 where nothing, which is people alone.

    *Coverage:* approximate, in the limit of many labels; a false PASS is likelier than alpha in every design measured, in
    docs/measured/coverage.md, tables I (verdicts) and I-scores.
    *Source:* Angelopoulos, Duchi & Zrnic (2023), doi:10.48550/arXiv.2311.01453; numbers as of ppi-python 0.2.3:

    >>> found = ppi_plus_plus([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1],
    ...                       judged=[1, 0, 1, 1, 1, 1, 1, 1, 0, 0], human=[1, 0, 1, 1, 0, 1, 1, 1, 0, 1],
    ...                       target=Fraction(1, 2), alpha=Fraction(1, 20))
    >>> f"{found.estimate:.4f} ({found.lower:.4f}, {found.upper:.4f})"
    '0.7396 (0.5262, 0.9531)'
    """
    require_levels(target=target, alpha=alpha)
    others, by_scorer, by_people = _checked(unlabelled, judged, human)
    return _normal(
        others,
        by_scorer,
        by_people,
        weight=_weight(others, by_scorer, by_people),
        method="ppi++",
        target=target,
        alpha=alpha,
    )


def _checked(unlabelled: ArrayLike, judged: ArrayLike, human: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The three in ascending order, so that sums do not depend on the order they came in."""
    others, by_scorer, by_people = scores(unlabelled), scores(judged), scores(human)
    if by_scorer.shape != by_people.shape:
        raise StatisticsError(f"{by_people.size} labels beside {by_scorer.size} values found; wanted one a value")
    order = np.lexsort((by_people, by_scorer))
    return np.sort(others), by_scorer[order], by_people[order]


def _weight(others: FloatArray, judged: FloatArray, human: FloatArray) -> float:
    """cov(y, f) / ((1 + n / N) var(f)), with the degrees of freedom that ppi-python takes off; 0 where f is constant."""
    spread = float(np.var(np.concatenate([judged, others]), ddof=1))
    covariance = float(np.mean((human - human.mean()) * (judged - judged.mean())))
    return covariance / ((1.0 + judged.size / others.size) * spread) if spread > 0.0 else 0.0


def _normal(
    others: FloatArray,
    judged: FloatArray,
    human: FloatArray,
    *,
    weight: float,
    method: str,
    target: Fraction,
    alpha: Fraction,
) -> Bound:
    from scipy.special import ndtr, ndtri

    rest = human - weight * judged
    point = weight * float(others.mean()) + float(rest.mean())
    error = (weight**2 * float(np.var(others)) / others.size + float(np.var(rest)) / rest.size) ** 0.5
    estimate, units = min(max(point, 0.0), 1.0), others.size + rest.size
    if min(others.size, rest.size) == 1:
        return estimate_only(estimate, method=method, units=units)
    reach = float(ndtri(float(1 - alpha))) * error
    distance = _in_errors(point - float(target), error)
    return Bound(
        estimate=estimate,
        lower=min(max(point - reach, 0.0), 1.0),
        upper=min(max(point + reach, 0.0), 1.0),
        p_pass=float(ndtr(-distance)),
        p_fail=float(ndtr(distance)),
        method=method,
        units=units,
    )


def _in_errors(gap: float, error: float) -> float:
    """`gap` in standard errors; without any error it is infinite, and 0 stays 0."""
    if error > 0.0:
        return gap / error
    return float(np.sign(gap)) * np.inf if gap else 0.0
