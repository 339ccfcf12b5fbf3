"""Where variance comes from: golden queries, samples of a query, votes on a sample."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalslo.errors import StatisticsError
from evalslo.stats.checks import FloatArray, IntArray, codes, quantities


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """The variance of one value as a sum, in squared units of the value, no part below 0.

    `queries`: between golden queries; `samples`: between samples of one query; `votes`: between votes on one sample, None
    where each sample has one vote (then it is part of `samples`).
    """

    queries: float
    samples: float
    votes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """By how much the variance of the mean falls a further call, spent on a new golden query or on another repeat."""

    by_query: float
    by_repeat: float


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


def gains(split: Components, *, queries: int, repeats: int) -> Gains:
    """What a further call buys: one more golden query takes `repeats` calls, one more repeat of each takes `queries`.

    In small steps a call spent on a new query never buys less. Where nearly all variance lies inside queries the two are
    close, and a repeat needs no new golden query to be written.
    """
    now = mean_variance(split, queries=queries, repeats=repeats)
    return Gains(
        by_query=(now - mean_variance(split, queries=queries + 1, repeats=repeats)) / repeats,
        by_repeat=(now - mean_variance(split, queries=queries, repeats=repeats + 1)) / queries,
    )


def _two_levels(values: FloatArray, groups: IntArray) -> Components | None:
    n, sizes = values.size, np.bincount(groups)
    if sizes.size in (1, n):
        return None
    means = np.bincount(groups, weights=values) / sizes
    inside = math.fsum((values - means[groups]) ** 2) / (n - sizes.size)
    between = math.fsum(sizes * (means - values.mean()) ** 2) / (sizes.size - 1)
    typical = (n - math.fsum(sizes.astype(np.float64) ** 2) / n) / (sizes.size - 1)
    return Components(queries=max(0.0, (between - inside) / typical), samples=inside, votes=None)


def _three_levels(values: FloatArray, groups: IntArray, inner: IntArray) -> Components | None:
    """The three mean squares equal what the components make of them; solved from the innermost outwards."""
    n, sizes, counts = values.size, np.bincount(groups), np.bincount(inner)
    owner = groups[np.unique(inner, return_index=True)[1]]
    if sizes.size == 1 or counts.size == sizes.size:
        return None
    means, inner_means = np.bincount(groups, weights=values) / sizes, np.bincount(inner, weights=values) / counts
    votes = math.fsum((values - inner_means[inner]) ** 2) / (n - counts.size)
    between_samples = math.fsum(counts * (inner_means - means[owner]) ** 2) / (counts.size - sizes.size)
    between_queries = math.fsum(sizes * (means - values.mean()) ** 2) / (sizes.size - 1)
    squares = counts.astype(np.float64) ** 2
    shared = math.fsum(squares / sizes[owner])
    samples = max(0.0, (between_samples - votes) * (counts.size - sizes.size) / (n - shared))
    carried = (shared - math.fsum(squares) / n) / (sizes.size - 1)
    typical = (n - math.fsum(sizes.astype(np.float64) ** 2) / n) / (sizes.size - 1)
    queries = max(0.0, (between_queries - votes - carried * samples) / typical)
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
