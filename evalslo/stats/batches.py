"""The bad share of events that came in batches: events of one batch were measured at one time, and go wrong together."""

from collections.abc import Sequence

import numpy as np
from scipy import special


def batched_bounds(bad: Sequence[int], n: Sequence[int], *, alpha: float) -> tuple[float, float] | None:
    """The two one-sided bounds, each at `alpha`, of the share of bad events; None without an event.

    Clopper-Pearson of as many independent events as the batches are worth: n over the design effect, which is the variance
    of the share between batches over that of independent events, and never below 1. With one batch, or where all events are
    alike, nothing shows a design effect, and it is 1.

    *Coverage:* of what would be measured at other times. The same golden queries asked again are not other queries, and no
    bound over time makes them so.

    *Source:* Rao and Scott 1992, doi:10.2307/2532311 (the effective sample size); Korn and Graubard 1998, Survey Methodology
    24(2), 193-201 (its use in Clopper-Pearson).

    >>> tuple(round(bound, 6) for bound in batched_bounds([5], [100], alpha=0.025))
    (0.016432, 0.112835)
    """
    counts, wrong = np.asarray(n, dtype=float), np.asarray(bad, dtype=float)
    total = counts.sum()
    if total <= 0:
        return None
    effective = total / design_effect(bad, n)
    share = wrong.sum() / total
    x = share * effective
    lower = 0.0 if x <= 0 else float(special.betaincinv(x, effective - x + 1, alpha))
    upper = 1.0 if x >= effective else float(special.betaincinv(x + 1, effective - x, 1 - alpha))
    return lower, upper


def design_effect(bad: Sequence[int], n: Sequence[int]) -> float:
    """How many times as much the share of bad events varies between batches as it would between independent events; >= 1."""
    counts, wrong = np.asarray(n, dtype=float), np.asarray(bad, dtype=float)
    counts, wrong = counts[counts > 0], wrong[counts > 0]
    batches, total = counts.size, counts.sum()
    share = wrong.sum() / total if total else 0.0
    if batches < 2 or share in (0.0, 1.0):
        return 1.0
    between = batches / (batches - 1) * np.square(wrong - share * counts).sum() / total**2
    return max(1.0, float(between / (share * (1 - share) / total)))
