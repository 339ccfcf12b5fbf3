"""Wald's test: NIST's numbers, the drawn lines against the ratio, exact risks and run lengths."""

import math
from fractions import Fraction

import numpy as np
import pytest

from evalslo.errors import StatisticsError
from evalslo.stats.sprt import Sprt, decide, lines, thresholds

PLAN = Sprt(passing=Fraction(49, 50), failing=Fraction(19, 20), alpha=Fraction(1, 20), beta=Fraction(1, 10))
NIST = Sprt(passing=Fraction(99, 100), failing=Fraction(9, 10), alpha=Fraction(1, 10), beta=Fraction(1, 20))


def outcomes(sprt, *, truth, horizon):
    """(P(PASS), P(FAIL), mean number of events) exactly, within `horizon`."""
    alive, passed, failed, length = np.array([1.0]), 0.0, 0.0, 0.0  # by the number of bad ones
    most_pass, fewest_fail = -1, 0  # both only rise with n
    for n in range(1, horizon + 1):
        length += alive.sum()
        alive = np.append(alive * truth, 0.0) + np.append(0.0, alive * (1 - truth))
        while most_pass < n and decide(sprt, good=n - most_pass - 1, bad=most_pass + 1) is True:
            most_pass += 1
        while fewest_fail <= n and decide(sprt, good=n - fewest_fail, bad=fewest_fail) is not False:
            fewest_fail += 1
        passed, failed = passed + alive[: most_pass + 1].sum(), failed + alive[fewest_fail:].sum()
        alive[: most_pass + 1] = 0.0
        alive[fewest_fail:] = 0.0
    return passed, failed, length


def test_nist_acceptance_lines():
    found = lines(NIST)
    assert (found.pass_gap, found.fail_gap, found.slope) == pytest.approx((0.939, 1.205, 0.0397), abs=5e-4)


def test_wald_thresholds():
    assert thresholds(PLAN) == pytest.approx((-2.2513, 2.8904), abs=5e-5)


@pytest.mark.parametrize("sprt", [PLAN, NIST])
def test_the_lines_are_the_test(sprt):
    found = lines(sprt)
    for n in range(0, 400, 7):
        for bad in range(min(n, 60) + 1):
            verdict = decide(sprt, good=n - bad, bad=bad)
            assert (verdict is True) == (bad <= found.slope * n - found.pass_gap)
            assert (verdict is False) == (bad >= found.slope * n + found.fail_gap)


def test_before_the_first_event_it_goes_on():
    assert decide(PLAN, good=0, bad=0) is None


def test_the_ratio_is_the_likelihood_ratio():
    """A pass is reached exactly where the data are 18 times as likely at the passing rate."""
    for good, bad in [(92, 0), (93, 0), (150, 1), (122, 1), (121, 1)]:
        ratio = PLAN.passing**good * (1 - PLAN.passing) ** bad / (PLAN.failing**good * (1 - PLAN.failing) ** bad)
        assert (decide(PLAN, good=good, bad=bad) is True) == (ratio >= 18)


def test_risks_are_as_stated():
    false_pass, _, _ = outcomes(PLAN, truth=0.95, horizon=1200)
    passed, false_fail, length = outcomes(PLAN, truth=0.98, horizon=1200)
    assert false_pass <= 0.05 / 0.9
    assert false_fail <= 0.10 / 0.95
    assert false_pass + false_fail <= 0.15
    assert passed == pytest.approx(0.92, abs=0.03)
    assert length == pytest.approx(205, rel=0.08)


def test_inside_the_indifference_zone_an_answer_is_forced():
    passed, failed, _ = outcomes(PLAN, truth=0.97, horizon=1000)
    assert (passed, failed) == pytest.approx((0.61, 0.38), abs=0.05)


@pytest.mark.parametrize(("truth", "length"), [(0.90, 42), (0.85, 23)])
def test_clearly_bad_models_end_soon(truth, length):
    passed, failed, mean = outcomes(PLAN, truth=truth, horizon=600)
    assert failed > 0.99 > passed
    assert mean == pytest.approx(length, rel=0.1)


def test_rates_close_together_keep_their_digits():
    near = Sprt(
        passing=Fraction(999_999_999, 10**9), failing=Fraction(999_999_998, 10**9), alpha=NIST.alpha, beta=NIST.beta
    )
    assert lines(near).slope == pytest.approx(1e-9 / math.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"passing": Fraction(19, 20)}, "wanted 0 < failing < passing < 1"),
        ({"passing": Fraction(1)}, "wanted 0 < failing < passing < 1"),
        ({"failing": Fraction(0)}, "wanted 0 < failing < passing < 1"),
        ({"alpha": Fraction(0)}, "alpha 0 found"),
        ({"beta": Fraction(1, 2)}, "beta 1/2 found"),
    ],
)
def test_hypotheses_without_meaning_are_refused(change, message):
    wrong = Sprt(**{**{name: getattr(PLAN, name) for name in ("passing", "failing", "alpha", "beta")}, **change})
    for verb in (lines, thresholds, lambda sprt: decide(sprt, good=1, bad=1)):
        with pytest.raises(StatisticsError, match=message):
            verb(wrong)


def test_counts_below_zero_are_refused():
    with pytest.raises(StatisticsError, match="counts of 0 or more"):
        decide(PLAN, good=-1, bad=0)
