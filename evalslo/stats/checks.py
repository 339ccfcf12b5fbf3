"""What may enter: each check returns its input ready for use, or says by name what is wrong with it."""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalslo.errors import StatisticsError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def scores(values: ArrayLike) -> FloatArray:
    """`values` as a flat array. Raises StatisticsError where empty, or where one is not a number in [0, 1]."""
    array = _flat(values)
    if not (array.min() >= 0.0 and array.max() <= 1.0):  # so written because NaN compares false
        raise _misfit(array, ~((array >= 0.0) & (array <= 1.0)), "a number in [0, 1]")
    return array


def differences(values: ArrayLike) -> FloatArray:
    """`values` as a flat array. Raises StatisticsError where empty, or where one is not a number in [-1, 1]."""
    array = _flat(values)
    wrong = ~((array >= -1.0) & (array <= 1.0))
    if wrong.any():
        raise _misfit(array, wrong, "a number in [-1, 1]")
    return array


def quantities(values: ArrayLike) -> FloatArray:
    """`values` as a flat array; infinities may be. Raises StatisticsError where empty, or where one is NaN."""
    array = _flat(values)
    wrong = np.isnan(array)
    if wrong.any():
        raise _misfit(array, wrong, "a number, or an infinity for a time-out")
    return array


def codes(labels: ArrayLike, *, like: FloatArray, name: str) -> IntArray:
    """`labels` renumbered 0, 1, ... in the order of their size, one for each value of `like`."""
    array = np.asarray(labels)
    if array.shape != like.shape:
        raise StatisticsError(f"{name}: {array.size} labels for {like.size} values; wanted one label a value")
    return np.unique(array, return_inverse=True)[1].astype(np.int64, copy=False)


def uneven(weights: ArrayLike | None, *, like: FloatArray) -> FloatArray | None:
    """`weights` brought to the mean 1, one for each value of `like`; None where there are none, or all are alike.

    Raises StatisticsError unless each is finite and above 0.
    """
    if weights is None:
        return None
    array = _flat(weights, name="weights")
    if array.shape != like.shape:
        raise StatisticsError(f"weights: {array.size} found for {like.size} values; wanted one a value")
    if not (array.min() > 0.0 and array.max() < np.inf):
        wrong = ~((array > 0.0) & (array < np.inf))
        raise _misfit(array, wrong, "a finite number above 0", name="weights")
    return None if array.min() == array.max() else array * (array.size / np.sort(array).sum())


def require_levels(*, target: Fraction, alpha: Fraction) -> None:
    """Raises StatisticsError unless 0 < target <= 1 and 0 < alpha < 1/2."""
    require_target(target)
    require_alpha(alpha)


def require_target(target: Fraction) -> None:
    """Raises StatisticsError unless 0 < target <= 1."""
    if not 0 < target <= 1:
        raise StatisticsError(f"target {target} found; wanted above 0 (0 is met by anything) and at most 1")


def require_alpha(alpha: Fraction) -> None:
    """Raises StatisticsError unless 0 < alpha < 1/2."""
    if not 0 < alpha < Fraction(1, 2):
        raise StatisticsError(f"alpha {alpha} found; wanted above 0 and below 1/2, else PASS and FAIL could both hold")


def require_margin(*, margin: Fraction, alpha: Fraction) -> None:
    """Raises StatisticsError unless 0 <= margin < 1 and 0 < alpha < 1/2."""
    if not 0 <= margin < 1:
        raise StatisticsError(f"margin {margin} found; wanted at least 0 and below 1 (1 is met by anything)")
    require_alpha(alpha)


def require_count(number: int, n: int, *, name: str = "good") -> None:
    """Raises StatisticsError unless 0 <= number <= n and n >= 1."""
    if n < 1 or not 0 <= number <= n:
        raise StatisticsError(f"{number} {name} of {n} found; wanted 0 <= {name} <= n and n >= 1")


def require_share(share: Fraction | float, *, name: str) -> None:
    """Raises StatisticsError unless `share` lies in [0, 1]."""
    if not 0 <= share <= 1:
        raise StatisticsError(f"{name} {share} found; wanted a number in [0, 1]")


def _flat(values: ArrayLike, *, name: str = "values") -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise StatisticsError(f"{name} of shape {array.shape} found; wanted a flat array with at least one value")
    return array


def _misfit(array: FloatArray, wrong: NDArray[np.bool_], wanted: str, *, name: str = "values") -> StatisticsError:
    first = int(np.argmax(wrong))
    return StatisticsError(f"{name}[{first}] is {float(array[first])}; wanted {wanted}")
