"""Shares of good events among independent ones: the usual intervals beside the exact one (`exact.clopper_pearson`).

Each is shorter than Clopper-Pearson's, and pays for it: its one-sided error exceeds alpha at some n and truths. The worst
errors below are exact, at alpha .05 with the truth at the target, from .5 to .998, and n from 50 to 1,000: the last row of
table A in docs/measured/coverage.md, held by `test_worst_errors_are_those_that_the_docstrings_state`.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from msgspec import Struct

from evalslo.errors import StatisticsError
from evalslo.stats.beta import beta_below
from evalslo.stats.bound import Bound, estimate_only, fails, passes
from evalslo.stats.checks import require_count, require_levels
from evalslo.stats.needed import needed_units


class _Side(Struct, frozen=True, kw_only=True):
    """A method seen from the good events: its p-value against "below t", and the lower bound that inverts it.

    Both take the good and the bad events, real numbers, since `needed_units` scales them. Seen from the bad events it gives
    `p_fail` and the upper bound.
    """

    p: Callable[[float, float, Fraction], float]
    lower: Callable[[float, float, Fraction], float]


def wilson(good: int, n: int, *, target: Fraction, alpha: Fraction) -> Bound:
    """Wilson's bound of `good` events among `n` independent ones; its p-values are those of the score test.

    With n = 1 there is the estimate only. Raises StatisticsError unless 0 <= good <= n and n >= 1.

    *Coverage:* approximate. Worst error: false PASS .072, false FAIL .201.
    *Source:* Wilson (1927), JASA 22:209, doi:10.1080/01621459.1927.10502953. The numbers below: Newcombe (1998),
    Statistics in Medicine 17:857, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, 81 of 263.

    >>> interval = wilson(81, 263, target=Fraction(1, 2), alpha=Fraction(1, 40))
    >>> f"{interval.lower:.4f} {interval.upper:.4f}"
    '0.2553 0.3662'
    """
    side = _Side(p=_score_p, lower=_score_lower)
    return _bound(good, n, method="wilson", passing=side, failing=side, target=target, alpha=alpha)


def jeffreys(good: int, n: int, *, target: Fraction, alpha: Fraction) -> Bound:
    """Jeffreys' bound of `good` events among `n` independent ones: the posterior quantiles under a Beta(1/2, 1/2) prior.

    The lower bound is 0 without a good event, the upper bound 1 without a bad one. With n = 1 there is the estimate only.
    Raises StatisticsError unless 0 <= good <= n and n >= 1.

    *Coverage:* approximate. Worst error: false PASS .148, false FAIL .162.
    *Source:* Brown, Cai & DasGupta (2001), Statistical Science 16:101, doi:10.1214/ss/1009213286; one-sided: Cai (2005),
    J. Statistical Planning and Inference 131:63, doi:10.1016/j.jspi.2004.01.005.

    >>> interval = jeffreys(13, 16, target=Fraction(1, 2), alpha=Fraction(1, 40))
    >>> f"{interval.lower:.4f} {interval.upper:.4f}"
    '0.5792 0.9442'
    """
    side = _posterior(0.5, 0.5)
    return _bound(good, n, method="jeffreys", passing=side, failing=side, target=target, alpha=alpha)


def mid_p(good: int, n: int, *, target: Fraction, alpha: Fraction) -> Bound:
    """The mid-P bound of `good` events among `n` independent ones: Clopper-Pearson's with half the weight on what was seen.

    With n = 1 there is the estimate only. Raises StatisticsError unless 0 <= good <= n and n >= 1.

    *Coverage:* approximate, never above 2 alpha. Worst error: false PASS .100, false FAIL .095.
    *Source:* Lancaster (1961), JASA 56:223, doi:10.1080/01621459.1961.10482105; Berry & Armitage (1995), The Statistician
    44:417, doi:10.2307/2348891. The numbers below: Newcombe (1998), as in `wilson`.

    >>> interval = mid_p(81, 263, target=Fraction(1, 2), alpha=Fraction(1, 40))
    >>> f"{interval.lower:.4f} {interval.upper:.4f}"
    '0.2544 0.3658'
    """
    side = _Side(p=_mid_p, lower=_mid_lower)
    return _bound(good, n, method="mid-p", passing=side, failing=side, target=target, alpha=alpha)


def beta_prior(
    good: int, n: int, *, target: Fraction, alpha: Fraction, prior: tuple[float, float] = (1.0, 1.0)
) -> Bound:
    """The credible bounds of the share of good events under a Beta(`prior`) prior, after `good` among `n` independent ones.

    `prior` counts good and bad events seen before, both above 0; (1, 1) is uniform. As in `jeffreys` the lower bound is 0
    without a good event and the upper bound 1 without a bad one: no prior alone may fail a run without a miss. With n = 1
    there is the estimate only. Raises StatisticsError unless 0 <= good <= n and n >= 1.

    *Coverage:* right on average over the prior, not at each truth. Worst error of (1, 1): false PASS .064, false FAIL .298.
    *Source:* Bayes' theorem for the binomial, e.g. Gelman et al. (2013), Bayesian Data Analysis, section 2.4; as a default for
    evaluations: Bowyer, Aitchison & Ivanova (2025), doi:10.48550/arXiv.2503.01747.

    >>> interval = beta_prior(19, 20, target=Fraction(1, 2), alpha=Fraction(1, 20))
    >>> f"{interval.lower:.4f} {interval.upper:.4f}"
    '0.7933 0.9828'
    """
    before_good, before_bad = prior
    if not (0 < before_good < math.inf and 0 < before_bad < math.inf):
        raise StatisticsError(f"prior {prior} found; wanted two finite numbers above 0")
    passing, failing = _posterior(before_good, before_bad), _posterior(before_bad, before_good)
    return _bound(good, n, method="beta-prior", passing=passing, failing=failing, target=target, alpha=alpha)


def _bound(
    good: int, n: int, *, method: str, passing: _Side, failing: _Side, target: Fraction, alpha: Fraction
) -> Bound:
    require_levels(target=target, alpha=alpha)
    require_count(good, n)
    bad, estimate = n - good, good / n
    if n == 1:
        return estimate_only(estimate, method=method, units=n)

    def p_pass(units: int) -> float:
        return passing.p(good * (units / n), bad * (units / n), target)

    def p_fail(units: int) -> float:
        return failing.p(bad * (units / n), good * (units / n), 1 - target)

    decided = passes(p_pass(n), alpha=alpha) or fails(p_fail(n), alpha=alpha)
    return Bound(
        estimate=estimate,
        lower=passing.lower(good, bad, alpha),
        upper=1.0 - failing.lower(bad, good, alpha),
        p_pass=p_pass(n),
        p_fail=p_fail(n),
        method=method,
        units=n,
        needed_units=None
        if decided
        else needed_units(p_pass, p_fail, units=n, estimate=estimate, target=target, alpha=alpha),
    )


def _score_p(good: float, bad: float, t: Fraction) -> float:
    from scipy.special import ndtr

    miss = 1 - t
    lead, spread = good * float(miss) - bad * float(t), math.sqrt((good + bad) * float(t * miss))
    if spread == 0.0:  # t is 0 or 1: what it rules out was seen, or else the limit of the formula
        return 0.5 if lead == 0.0 else float(lead < 0.0)
    return float(ndtr(-lead / spread))


def wilson_limits(share: float, n: float, *, level: float) -> tuple[float, float]:
    """(lower, upper) of Wilson's score interval of `share` among `n`, each side at the one-sided `level`. `n` may be real.

    *Coverage:* see `wilson`.
    *Source:* Wilson (1927), as there; 15 of 148: Newcombe (1998), Statistics in Medicine 17:857.

    >>> low, high = wilson_limits(15 / 148, 148, level=0.025)
    >>> f"{low:.4f} {high:.4f}"
    '0.0624 0.1605'
    """
    good, bad = share * n, (1.0 - share) * n
    return _score_lower(good, bad, level), 1.0 - _score_lower(bad, good, level)


def _score_lower(good: float, bad: float, alpha: Fraction | float) -> float:
    """Wilson's formula with its difference of two near numbers multiplied out, so that rare good events keep their digits."""
    from scipy.special import ndtri

    n, z = good + bad, -float(ndtri(float(alpha)))
    return good**2 / n / (good + z * z / 2 + z * math.sqrt(good * bad / n + z * z / 4))


def _posterior(before_good: float, before_bad: float) -> _Side:
    def p(good: float, bad: float, t: Fraction) -> float:
        return float(beta_below(before_good + good, before_bad + bad, t)) if good else 1.0

    def lower(good: float, bad: float, alpha: Fraction) -> float:
        from scipy.special import betaincinv

        return float(betaincinv(before_good + good, before_bad + bad, float(alpha))) if good else 0.0

    return _Side(p=p, lower=lower)


def _mid_p(good: float, bad: float, t: Fraction) -> float:
    """The mean of P(as many good or more) and P(more good)."""
    as_many = float(beta_below(good, bad + 1.0, t)) if good else 1.0
    more = float(beta_below(good + 1.0, bad, t)) if bad else 0.0
    return (as_many + more) / 2


def _mid_lower(good: float, bad: float, alpha: Fraction) -> float:
    """By bisection between Clopper-Pearson's lower bounds of as many good events and of one more."""
    from scipy.special import betaincinv

    if not good:
        return 0.0
    level = float(alpha)
    low = float(betaincinv(good, bad + 1.0, level))
    high = float(betaincinv(good + 1.0, bad, level)) if bad else 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _mid_p(good, bad, Fraction(middle)) <= level else (low, middle)
    return low
