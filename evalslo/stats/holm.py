"""Several objectives at once: which of their misses hold up together."""

from collections.abc import Sequence
from fractions import Fraction

from evalslo.stats.bound import fails
from evalslo.stats.checks import require_share


def survivors(p_values: Sequence[float], alphas: Sequence[Fraction]) -> tuple[bool, ...]:
    """Which of the hypotheses "this objective is met" fall after Holm's correction, in the order given.

    The ratios p / alpha are taken in ascending order, the j-th of m against 1 / (m - j + 1), until one holds. An objective
    without a p-value belongs to the family with p = 1. Raises StatisticsError where a p-value is not in [0, 1].

    *Coverage:* the chance of even one false miss is at most the largest alpha, proved, however the objectives depend.
    *Source:* Holm (1979), Scandinavian Journal of Statistics 6:65, https://www.jstor.org/stable/4615733.

    >>> survivors([0.01, 0.04, 0.03, 0.005], [Fraction(1, 20)] * 4)
    (True, False, False, True)
    """
    for p in p_values:
        require_share(p, name="p-value")
    family = list(zip(p_values, alphas, strict=True))
    order = sorted(range(len(family)), key=lambda i: family[i][0] / float(family[i][1]))
    fallen: set[int] = set()
    for rank, i in enumerate(order):
        p, alpha = family[i]
        if not fails(p, alpha=alpha / (len(family) - rank)):
            break
        fallen.add(i)
    return tuple(i in fallen for i in range(len(family)))
