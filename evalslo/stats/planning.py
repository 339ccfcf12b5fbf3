"""How many events show what is true: sample sizes for a target, a truth and a power.

The exact power of n events is saw-toothed: where one more bad event becomes allowed it jumps up, and from there it falls
with every further event. So "n for 80 % power" has two answers, the first n that has it and the n from which on it is never
lost again, and both are here.
"""

import math
from bisect import bisect_left
from fractions import Fraction

import numpy as np
from msgspec import Struct

from evalslo.errors import StatisticsError
from evalslo.stats.beta import at_most
from evalslo.stats.bound import SLACK, fails
from evalslo.stats.checks import FloatArray, IntArray, require_levels, require_share
from evalslo.stats.exact import most_bad, pass_probability
from evalslo.stats.tally import of_counts, p_fail

MOST = 10_000_000  # no plan is larger
Counts = FloatArray | IntArray


class SampleSize(Struct, frozen=True, kw_only=True):
    """The first number `n` of independent events that shows the truth with the power asked for, and its exact `power`.

    For a truth above the target at most `most_bad` of them may be bad for a PASS; for one below it, `least_bad` or more make
    it a FAIL; the other one is None. From `n_from_on` events on the power is never below the one asked for again.
    """

    n: int
    n_from_on: int
    power: float
    most_bad: int | None
    least_bad: int | None


def sample_size(
    target: Fraction, truth: Fraction | float, *, power: Fraction | float, alpha: Fraction
) -> SampleSize | None:
    """How many independent events pass (or fail, where the truth is below the target) with probability `power`.

    `target` and `truth` are shares of good events. None where more than 10,000,000 would be needed. Raises StatisticsError
    where the truth is the target, or the power is not between 0 and 1.

    *Coverage:* exact: the power is the binomial probability of the verdict that Clopper-Pearson gives.
    *Source:* an acceptance-sampling plan (n, c), as in Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404; the saw-tooth:
    Chernick & Liu (2002), The American Statistician 56:149, doi:10.1198/000313002317572835.

    >>> found = sample_size(Fraction(19, 20), Fraction(49, 50), power=Fraction(9, 10), alpha=Fraction(1, 20))
    >>> found.n, found.most_bad
    (311, 9)
    """
    require_levels(target=target, alpha=alpha)
    require_share(truth, name="truth")
    require_power(power)
    if truth == target:
        raise StatisticsError(f"truth {truth} found, which is the target: no number of events shows either side of it")
    if truth < target:
        return _to_fail(target, truth, power=power, alpha=alpha)
    found = _search(target, truth, power=power, level=alpha + SLACK)
    if found is None:
        return None
    return SampleSize(
        n=found[0],
        n_from_on=found[1],
        power=show_probability(found[0], truth=truth, target=target, alpha=alpha),
        most_bad=most_bad(found[0], target=target, alpha=alpha),
        least_bad=None,
    )


def _to_fail(
    target: Fraction, truth: Fraction | float, *, power: Fraction | float, alpha: Fraction
) -> SampleSize | None:
    """A FAIL is a PASS of the mirrored events: it shows that more than 1 - target of them are bad."""
    found = (
        _one_bad(float(truth), power=float(power))
        if target == 1
        else _search(1 - target, 1 - truth, power=power, level=alpha - SLACK)
    )
    if found is None:
        return None
    return SampleSize(
        n=found[0],
        n_from_on=found[1],
        power=show_probability(found[0], truth=truth, target=target, alpha=alpha),
        most_bad=None,
        least_bad=least_bad(found[0], target=target, alpha=alpha),
    )


def show_probability(n: int, *, truth: Fraction | float, target: Fraction, alpha: Fraction) -> float:
    """The probability that `n` independent events show on which side of the target the truth lies; 0 where it is the target.

    *Source:* the binomial distribution at `most_bad` for a truth above the target, at `least_bad` for one below it.

    >>> round(show_probability(233, truth=0.9, target=Fraction(19, 20), alpha=Fraction(1, 20)), 4)
    0.9011
    """
    if truth > target:
        return pass_probability(n, truth=float(truth), target=target, alpha=alpha)
    require_share(truth, name="truth")
    least = least_bad(n, target=target, alpha=alpha) if truth < target else None
    return 0.0 if least is None else float(at_most(n - least, n, good=1 - truth))


def least_bad(n: int, *, target: Fraction, alpha: Fraction) -> int | None:
    """The fewest bad events among `n` that fail; None where not even n of them do.

    >>> least_bad(233, target=Fraction(19, 20), alpha=Fraction(1, 20))
    18
    """
    require_levels(target=target, alpha=alpha)

    def enough(bad: int) -> bool:
        return fails(p_fail(of_counts(n - bad, bad, units=n), target=target), alpha=alpha)

    return bisect_left(range(n), x=True, key=enough) if n >= 2 and enough(n) else None


def _one_bad(truth: float, *, power: float) -> tuple[int, int] | None:
    """Where everything must be good, one bad event is a FAIL."""
    n = 2 if truth <= 0.0 else max(2, math.ceil(math.log1p(-power) / math.log(truth)))
    return None if n > MOST else (n, n)


def _search(
    target: Fraction, truth: Fraction | float, *, power: Fraction | float, level: Fraction
) -> tuple[int, int] | None:
    """(first n, n from which on): see `SampleSize`.

    With c bad events allowed, n runs from start(c) to just before start(c + 1), and power falls along the way. Were n a real
    number, the power at each start would rise with c, and so would that at each end: so the whole saw between "no start has
    it" and "every end has it" is looked at, and no more.
    """
    top = int(MOST * (1 - target)) + 2
    goal = float(power)

    def start_has_it(c: int) -> bool:
        return float(at_most(c, _start(np.array([c]), target, level=level), good=truth)[0]) >= goal

    def end_has_it(c: int) -> bool:
        return float(at_most(c, _start(np.array([c + 1]), target, level=level), good=truth)[0]) >= goal

    low = bisect_left(range(top), x=True, key=start_has_it)
    high = bisect_left(range(low, top), x=True, key=end_has_it) + low
    if high >= top:
        return None
    allowed = np.arange(max(low - 1, 0), high + 2)
    starts = _whole_starts(allowed, target, level=level)
    at_start = at_most(allowed, starts, good=truth) >= goal
    at_end = at_most(allowed[:-1], starts[1:] - 1.0, good=truth) >= goal
    short = np.flatnonzero(~at_end)
    lasting = starts[short[-1] + 1] if short.size else starts[0]
    return int(starts[np.argmax(at_start)]), int(lasting)


def _start(bad: Counts, target: Fraction, *, level: Fraction) -> FloatArray:
    """The real n at which so many `bad` events first pass: P(at most that many bad of n | target) = level."""
    share = float(1 - target)
    rare = math.log(1 / float(level))
    low = bad.astype(np.float64)
    high = (low + rare + np.sqrt(rare * rare + 2.0 * rare * low)) / share  # Chernoff's bound: there it passes
    for _ in range(70):
        middle = (low + high) / 2.0
        passing = at_most(bad, middle, good=target) <= float(level)
        low, high = np.where(passing, low, middle), np.where(passing, middle, high)
        if float(np.max(high - low)) < 1e-9:
            break
    return high


def _whole_starts(bad: Counts, target: Fraction, *, level: Fraction) -> FloatArray:
    """The first whole n that passes with so many `bad`; at least 2, since one unit never decides."""
    before = np.ceil(_start(bad, target, level=level)) - 1.0
    passing = (before > bad) & (at_most(bad, np.maximum(before, bad + 1.0), good=target) <= float(level))
    return np.maximum(np.where(passing, before, before + 1.0), 2.0)


def planned_effect(size: float, *, icc: Fraction | float | None, icc_floor: Fraction) -> float:
    """The design effect of units of `size` events each, at a correlation of `icc`, and never under the gate's floor.

    `icc` None: the floor. Raises StatisticsError where it is not in [0, 1], or for a size below 1.

    *Source:* Kish (1965), Survey Sampling, section 5.4: 1 + (size - 1) icc.

    >>> planned_effect(5, icc=None, icc_floor=Fraction(3, 10))
    2.2
    """
    require_share(icc_floor, name="icc_floor")
    if icc is not None:
        require_share(icc, name="icc")
    require_at_least(size, 1, name="size")
    return 1.0 + (size - 1.0) * float(max(icc or 0, icc_floor))


def units_for(events: int, *, size: float, effect: float, fewest: int) -> int:
    """How many independent units of `size` events give what `events` independent ones would, at a design effect.

    Never under `fewest`, what a PASS takes of perfect units: no sample of G units is worth more there than G events.

    *Coverage:* approximate, and the power is often less than planned: the gate estimates its design effect, and takes the
    larger of that and the floor. Not in the benchmark.
    """
    return max(fewest, math.ceil(events * effect / size))


def power_for_each(power: Fraction, *, objectives: int) -> Fraction:
    """The power that each of so many `objectives` needs, so that all pass together with at least `power`.

    *Coverage:* proved, however they depend on each other.
    *Source:* Bonferroni's inequality.

    >>> power_for_each(Fraction(9, 10), objectives=4)
    Fraction(39, 40)
    """
    require_power(power)
    require_at_least(objectives, 1, name="objectives")
    return 1 - (1 - power) / objectives


def require_power(power: Fraction | float) -> None:
    """Raises StatisticsError unless 0 < power < 1."""
    if not 0 < power < 1:
        raise StatisticsError(f"power {power} found; wanted between 0 and 1")


def require_at_least(number: float, least: int, *, name: str) -> None:
    """Raises StatisticsError where `number` is below `least`, or NaN."""
    if not number >= least:
        raise StatisticsError(f"{name} {number} found; wanted at least {least}")
