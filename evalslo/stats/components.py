"""Where variance comes from: golden queries, samples of a query, votes on a sample."""

import math

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.checks import FloatArray, IntArray, codes, quantities
from evalslo.stats.tally import order_free_sum


class Components(Struct, frozen=True, kw_only=True):
    """The variance of one value as a sum, in squared units of the value, no part below 0.

    `queries`: between golden queries; `samples`: between samples of one query; `votes`: between votes on one sample, None
    where each sample has one vote (then it is part of `samples`).
    """

    queries: float
    samples: float
    votes: float | None


class MeanSquares(Struct, frozen=True, kw_only=True):
    """What a one-way analysis of variance is made of; `typical` is how many values a group has, as it counts there."""

    between: float
    within: float
    typical: float


def variance_split(values: ArrayLike, queries: ArrayLike, samples: ArrayLike | None = None) -> Components | None:
    """The components of the variance of `values`, from nested analysis of variance; numbers may differ from query to query.

    `queries` labels the golden query of each value. `samples` labels its sample, where a sample has several votes; None: each
    value is a sample. None comes out where no query has two samples, or there is one query: nothing can be told apart.
    A part whose estimate is below 0 is 0, and the parts above it are estimated with that 0. Raises StatisticsError for values
    that are not finite numbers.

    *Coverage:* point estimates, unbiased before they are cut at 0. With few queries they are rough.
    *Source:* Searle, Casella & McCulloch (1992), Variance Components, sections 3.6 and 5.3 (Henderson's method I, nested),
    doi:10.1002/9780470316856; what it says of evaluations: Miller (2024), doi:10.48550/arXiv.2411.00640.

    >>> variance_split([1.0, 3.0, 5.0, 7.0], [0, 0, 1, 1])  # mean squares 2 within, 16 between
    Components(queries=7.0, samples=2.0, votes=None)
    """
    checked = _finite(values)
    groups = codes(queries, like=checked, name="queries")
    inner = None if samples is None else _nested(groups, codes(samples, like=checked, name="samples"))
    if inner is not None and int(inner.max()) + 1 == checked.size:
        inner = None
    order = np.lexsort((checked, groups) if inner is None else (checked, inner, groups))
    if inner is None:
        return _two_levels(checked[order], groups[order])
    return _three_levels(checked[order], groups[order], inner[order])


def mean_variance(split: Components, *, queries: float, repeats: float, votes: float = 1.0) -> float:
    """The variance of a mean over so many golden queries, repeats of each, and votes on each repeat.

    *Source:* Miller (2024), section 3, doi:10.48550/arXiv.2411.00640.

    >>> round(mean_variance(Components(queries=1 / 9, samples=1 / 6, votes=None), queries=100, repeats=2), 8)
    0.00194444
    """
    inside = split.samples / repeats + (split.votes or 0.0) / (repeats * votes)
    return (split.queries + inside) / queries


def between_share(split: Components, *, repeats: float, votes: float = 1.0) -> float | None:
    """The share of the variance of the mean that only more golden queries can lower; None where nothing varies."""
    total = mean_variance(split, queries=1, repeats=repeats, votes=votes)
    return split.queries / total if total > 0.0 else None


def mean_squares(values: FloatArray, groups: IntArray) -> MeanSquares | None:
    """The mean squares of `values` between and within `groups`, labels 0, 1, ... as `checks.codes` gives them.

    None where there is one group, or no two values share one.

    *Source:* Searle, Casella & McCulloch (1992), section 3.6, doi:10.1002/9780470316856.

    >>> mean_squares(np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 1]))
    MeanSquares(between=16.0, within=2.0, typical=2.0)
    """
    n, sizes = values.size, np.bincount(groups).astype(np.float64)
    if sizes.size in (1, n):
        return None
    means = np.bincount(groups, weights=values) / sizes
    return MeanSquares(
        between=order_free_sum(sizes * (means - values.mean()) ** 2) / (sizes.size - 1),
        within=order_free_sum((values - means[groups]) ** 2) / (n - sizes.size),
        typical=(n - order_free_sum(sizes**2) / n) / (sizes.size - 1),
    )


def _two_levels(values: FloatArray, groups: IntArray) -> Components | None:
    found = mean_squares(values, groups)
    if found is None:
        return None
    queries = max(0.0, (found.between - found.within) / found.typical)
    return Components(queries=queries, samples=found.within, votes=None)


def _three_levels(values: FloatArray, groups: IntArray, inner: IntArray) -> Components | None:
    """The three mean squares equal what the components make of them; solved from the innermost outwards."""
    n, sizes, counts = values.size, np.bincount(groups), np.bincount(inner)
    owner = groups[np.unique(inner, return_index=True)[1]]
    outer = mean_squares(values, groups)
    if outer is None or counts.size == sizes.size:
        return None
    means, inner_means = np.bincount(groups, weights=values) / sizes, np.bincount(inner, weights=values) / counts
    votes = math.fsum((values - inner_means[inner]) ** 2) / (n - counts.size)
    between_samples = math.fsum(counts * (inner_means - means[owner]) ** 2) / (counts.size - sizes.size)
    squares = counts.astype(np.float64) ** 2
    shared = math.fsum(squares / sizes[owner])
    samples = max(0.0, (between_samples - votes) * (counts.size - sizes.size) / (n - shared))
    carried = (shared - math.fsum(squares) / n) / (sizes.size - 1)
    queries = max(0.0, (outer.between - votes - carried * samples) / outer.typical)
    return Components(queries=queries, samples=samples, votes=votes)


def _nested(groups: IntArray, samples: IntArray) -> IntArray:
    """Codes of samples inside their queries: sample 0 of one query is not sample 0 of another."""
    apart = groups * (int(samples.max()) + 1) + samples
    return codes(apart, like=apart.astype(np.float64), name="samples")


def _finite(values: ArrayLike) -> FloatArray:
    array = quantities(values)
    wrong = ~np.isfinite(array)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise StatisticsError(f"values[{first}] is {float(array[first])}; wanted a finite number")
    return array
