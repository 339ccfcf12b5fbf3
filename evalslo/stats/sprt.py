"""Wald's sequential probability ratio test: for whoever can state both the rate that should pass and the rate that must not."""

import math
from fractions import Fraction

from msgspec import Struct

from evalslo.errors import StatisticsError


class Sprt(Struct, frozen=True, kw_only=True):
    """What is to be told apart, `passing` from the lower rate `failing`, and at which risks.

    `alpha` is the risk of a PASS at `failing`, `beta` that of a FAIL at `passing`.
    """

    passing: Fraction
    failing: Fraction
    alpha: Fraction
    beta: Fraction


class Lines(Struct, frozen=True, kw_only=True):
    """The parallel lines of the number of bad events over n: PASS at or below `slope` n - `pass_gap`, FAIL from
    `slope` n + `fail_gap` on.
    """

    slope: float
    pass_gap: float
    fail_gap: float


def decide(sprt: Sprt, *, good: int, bad: int) -> bool | None:
    """True: PASS, `failing` is rejected. False: FAIL, `passing` is rejected. None: go on.

    Mind what is stated. Between the two rates the test is indifferent but still forces an answer: where .98 is to be told from
    .95 and the truth is .97, it passes many runs and fails many. And FAIL says no more than that `passing` is rejected; the
    truth may well be above `failing`. The first answer stands: do not ask again with more events. Raises StatisticsError
    unless 0 < failing < passing < 1, both risks lie above 0 and below 1/2, and the counts are 0 or more.

    *Coverage:* the risks are at most alpha / (1 - beta) and beta / (1 - alpha), and their sum at most alpha + beta, proved.
    Measured in docs/measured/coverage.md, table F-sprt.
    *Source:* Wald (1945), Annals of Mathematical Statistics 16:117, doi:10.1214/aoms/1177731118.

    >>> plan = Sprt(passing=Fraction(49, 50), failing=Fraction(19, 20), alpha=Fraction(1, 20), beta=Fraction(1, 10))
    >>> decide(plan, good=92, bad=0), decide(plan, good=93, bad=0), decide(plan, good=10, bad=3)
    (None, True, False)
    """
    _require(sprt)
    if good < 0 or bad < 0:
        raise StatisticsError(f"{good} good and {bad} bad found; wanted counts of 0 or more")
    per_good, per_bad = _steps(sprt)
    log_ratio = good * per_good + bad * per_bad
    fail_at, pass_at = thresholds(sprt)
    if log_ratio >= pass_at:
        return True
    return False if log_ratio <= fail_at else None


def thresholds(sprt: Sprt) -> tuple[float, float]:
    """The log likelihood ratios of `passing` to `failing` at which it fails, and at which it passes.

    *Source:* Wald (1945), doi:10.1214/aoms/1177731118.

    >>> plan = Sprt(passing=Fraction(49, 50), failing=Fraction(19, 20), alpha=Fraction(1, 20), beta=Fraction(1, 10))
    >>> ["%.4f" % threshold for threshold in thresholds(plan)]
    ['-2.2513', '2.8904']
    """
    _require(sprt)
    return math.log(sprt.beta / (1 - sprt.alpha)), math.log((1 - sprt.beta) / sprt.alpha)


def lines(sprt: Sprt) -> Lines:
    """The same test drawn: the lines that the count of bad events has to cross.

    *Source:* NIST/SEMATECH e-Handbook of Statistical Methods, section 6.2.6, doi:10.18434/M32189. There 1 % bad is to be
    accepted but for a risk of .05, and 10 % bad rejected but for a risk of .10:

    >>> found = lines(Sprt(passing=Fraction(99, 100), failing=Fraction(9, 10), alpha=Fraction(1, 10), beta=Fraction(1, 20)))
    >>> f"{found.pass_gap:.3f} {found.fail_gap:.3f} {found.slope:.4f}"
    '0.939 1.205 0.0397'
    """
    per_good, per_bad = _steps(sprt)
    fail_at, pass_at = thresholds(sprt)
    scale = per_good - per_bad
    return Lines(slope=per_good / scale, pass_gap=pass_at / scale, fail_gap=-fail_at / scale)


def _steps(sprt: Sprt) -> tuple[float, float]:
    """What one good and one bad event add to the log likelihood ratio; exact before the one logarithm."""
    _require(sprt)
    gap = sprt.passing - sprt.failing
    return math.log1p(gap / sprt.failing), math.log1p(-gap / (1 - sprt.failing))


def _require(sprt: Sprt) -> None:
    if not 0 < sprt.failing < sprt.passing < 1:
        raise StatisticsError(f"passing {sprt.passing}, failing {sprt.failing} found; wanted 0 < failing < passing < 1")
    for name, risk in (("alpha", sprt.alpha), ("beta", sprt.beta)):
        if not 0 < risk < Fraction(1, 2):
            raise StatisticsError(f"{name} {risk} found; wanted a risk above 0 and below 1/2")
