"""How many further units would decide: the search behind `Bound.needed_units`."""

from collections.abc import Callable
from fractions import Fraction

from evalslo.stats.bound import fails, passes

_PATIENCE = 100  # looks no further than this many times the units there are


def needed_units(
    p_pass: Callable[[int], float],
    p_fail: Callable[[int], float],
    *,
    units: int,
    estimate: float,
    target: Fraction,
    alpha: Fraction,
) -> int | None:
    """The fewest units on top of `units` at which the sample, scaled up, decides on the estimate's side of the target.

    `p_pass` and `p_fail` give the p-values of the sample scaled to that many units. None where the estimate is the target,
    and where a hundred times the units would not decide.

    >>> needed_units(lambda n: 0.95**n, lambda n: 1.0, units=20, estimate=1.0, target=Fraction(19, 20), alpha=Fraction(1, 20))
    39
    """
    if estimate == float(target):
        return None

    def decides(further: int) -> bool:
        if estimate > float(target):
            return passes(p_pass(units + further), alpha=alpha)
        return fails(p_fail(units + further), alpha=alpha)

    low, high = 0, _PATIENCE * units
    if not decides(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high
