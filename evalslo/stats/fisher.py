"""Fisher's exact test of two independent shares: of a candidate and a baseline, and of a part beside the rest."""

import math

import numpy as np
from msgspec import Struct

from evalslo.stats.beta import log_choose
from evalslo.stats.checks import require_count

Share = tuple[int, int]


class Fisher(Struct, frozen=True, kw_only=True):
    """The two one-sided p-values of Fisher's exact test: against "no better", and against "no worse"."""

    p_better: float
    p_worse: float


def fisher(baseline: Share, candidate: Share) -> Fisher:
    """Fisher's exact test that two independent shares, each (good, n), are equal: it knows the margin 0 only.

    Raises StatisticsError unless 0 <= good <= n and n >= 1 in each.

    *Coverage:* at most alpha, proved, given both margins of the table.
    *Source:* Fisher (1935), "The Design of Experiments", section 11; his lady tasting tea, 3 of 4 against 1 of 4:

    >>> round(fisher((1, 4), (3, 4)).p_better, 4)
    0.2429
    """
    for good, n in (baseline, candidate):
        require_count(good, n)
    return Fisher(p_better=_at_least(candidate, baseline), p_worse=_at_least(baseline, candidate))


def fisher_excess(part: Share, rest: Share) -> float:
    """The p-value of Fisher's exact test against "the part has no larger share of bad events than the rest".

    Each side is (bad, n) of independent events. 1 where the part has no bad event. Raises StatisticsError unless
    0 <= bad <= n and n >= 1 in each.

    *Coverage:* at most alpha, proved, given both margins of the table.
    *Source:* as `fisher`.

    >>> round(fisher_excess((3, 4), (1, 4)), 4)
    0.2429
    """
    for bad, n in (part, rest):
        require_count(bad, n, name="bad")
    return _at_least(part, rest)


def _at_least(one: Share, other: Share) -> float:
    """The probability of as many events in `one` or more, the margins being what they are."""
    (seen, size), (elsewhere, other_size) = one, other
    if seen == 0:
        return 1.0
    both = seen + elsewhere
    as_many = np.arange(seen, min(both, size) + 1)
    logs = log_choose(size, as_many) + log_choose(other_size, both - as_many) - log_choose(size + other_size, both)
    return min(1.0, math.fsum(np.exp(logs)))
