"""E-processes: published numbers, quadrature, mean 1 under the null, the anytime error by enumeration."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import binom

from evalslo.errors import StatisticsError
from evalslo.stats.betting import BETS
from evalslo.stats.bound import passes
from evalslo.stats.sequential import (
    BetaMixture,
    BetMixture,
    anytime_p,
    log_evidence,
    start_beta,
    start_bets,
    update,
)

ALPHA = Fraction(1, 20)
HALF = Fraction(1, 2)
NINETY_FIVE = Fraction(19, 20)
STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 1 / 3, 0.8, 1.0]), st.sampled_from([0.2, 0.5, 1.0])), min_size=1, max_size=60
)


def after(process, values, sizes=None):
    for value, size in zip(values, sizes or [1.0] * len(values), strict=True):
        process = update(process, value, size=size)
    return process


def counted(good, bad, target):
    return log_evidence(BetaMixture(target=target, good=good, bad=bad))


def bets_after(good, bad, target):
    """The bet mixture of zeros and ones: on these its wealth is linear in the counts."""
    one, zero = (update(start_bets(target), x).log_wealth for x in (1.0, 0.0))
    return log_evidence(BetMixture(target=target, log_wealth=good * one + bad * zero))


def by_quadrature(good, bad, level, rest):
    """log of the integral of (1 + v rest / level)^good (1 - v)^bad over v in (0, 1), scaled by its largest value."""

    def log_height(v):
        return good * math.log1p(v * rest / level) + (bad * math.log1p(-v) if bad else 0.0)

    peak = min(max((good * rest / level - bad) / ((good + bad) * rest / level), 0.0), 1.0) if good + bad else 0.0
    n = good + bad + 2
    slope = abs(good * rest / level - bad) / (1 + peak * rest / level)
    narrow = min(40 / max(slope if peak == 0 else 0.0, math.sqrt(n) / 4), 1.0)
    low, high = max(peak - narrow, 0.0), min(peak + narrow, 1.0)
    top = log_height(min(peak, 1 - 1e-15))
    area, _ = quad(lambda v: math.exp(log_height(v) - top), low, high, points=[peak], limit=500, epsabs=0, epsrel=1e-11)
    return top + math.log(area)


def test_published_evidence():
    assert counted(8, 2, HALF).against_missed == pytest.approx(1.3867993, abs=5e-8)
    bets = log_evidence(after(start_bets(HALF), [1, 1, 0, 1, 1, 1, 1, 0, 1, 1]))
    assert bets.against_missed == pytest.approx(1.19676, abs=5e-6)


@pytest.mark.parametrize(("start", "first"), [(start_beta, 88), (start_bets, 89)])
def test_published_first_pass_without_a_miss(start, first):
    process = after(start(NINETY_FIVE), [1.0] * (first - 1))
    assert not passes(anytime_p(log_evidence(process).against_missed), alpha=ALPHA)
    assert passes(anytime_p(log_evidence(update(process, 1.0)).against_missed), alpha=ALPHA)


@pytest.mark.parametrize("start", [start_beta, start_bets])
def test_before_the_first_unit_there_is_no_evidence(start):
    found = log_evidence(start(NINETY_FIVE))
    assert (found.against_missed, found.against_met) == pytest.approx((0.0, 0.0), abs=1e-15)


@pytest.mark.parametrize("target", [Fraction(1, 20), HALF, Fraction(4, 5), NINETY_FIVE, Fraction(999, 1000)])
@pytest.mark.parametrize(("good", "bad"), [(0, 0), (1, 0), (0, 1), (8, 2), (95, 5), (40, 60), (990, 10), (3, 700)])
def test_counts_agree_with_quadrature(good, bad, target):
    found, level, rest = counted(good, bad, target), float(target), float(1 - target)
    assert found.against_missed == pytest.approx(by_quadrature(good, bad, level, rest), abs=1e-8)
    assert found.against_met == pytest.approx(by_quadrature(bad, good, rest, level), abs=1e-8)


@pytest.mark.parametrize("good", [900_000, 945_000, 949_900, 950_000, 950_100, 960_000, 1_000_000])
def test_a_million_events_agree_with_quadrature(good):
    """The tail of the beta distribution underflows at the first two, and at the last two on the other side."""
    bad = 1_000_000 - good
    found = counted(good, bad, NINETY_FIVE)
    assert found.against_missed == pytest.approx(by_quadrature(good, bad, 0.95, 0.05), abs=1e-6)
    assert found.against_met == pytest.approx(by_quadrature(bad, good, 0.05, 0.95), abs=1e-6)


def test_evidence_runs_smoothly_through_the_underflow_of_the_tail():
    logs = np.array([counted(good, 100_000 - good, NINETY_FIVE).against_missed for good in range(92_000, 94_000, 5)])
    assert (np.diff(logs) > 0).all()
    assert np.abs(np.diff(logs, n=3)).max() < 1e-5


@pytest.mark.parametrize("n", [1, 7, 200])
@pytest.mark.parametrize("target", [Fraction(1, 10), HALF, NINETY_FIVE, Fraction(999, 1000)])
@pytest.mark.parametrize("process", [counted, bets_after])
def test_mean_evidence_at_the_target_is_one(process, n, target):
    found = [process(good, n - good, target) for good in range(n + 1)]
    chances = binom.logpmf(np.arange(n + 1), n, float(target))
    gaps = binom.logpmf(np.arange(n + 1), n, float(1 - target))[::-1]
    passing, failing = ([getattr(e, side) for e in found] for side in ("against_missed", "against_met"))
    assert math.fsum(np.exp(chances + passing)) == pytest.approx(1, abs=1e-9)
    assert math.fsum(np.exp(gaps + failing)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("process", [counted, bets_after])
def test_mean_evidence_below_the_target_is_under_one(process):
    n, target = 60, Fraction(4, 5)
    logs = [process(good, n - good, target).against_missed for good in range(n + 1)]
    means = [math.fsum(np.exp(binom.logpmf(np.arange(n + 1), n, truth) + logs)) for truth in (0.3, 0.6, 0.75, 0.79)]
    assert means == sorted(means)
    assert 0.0 < means[0] < means[-1] < 1.0


def test_mean_evidence_of_a_million_events_is_one():
    n, target, fewest = 1_000_000, Fraction(9999, 10000), 999_750
    logs = [counted(good, n - good, target).against_missed for good in range(fewest, n + 1)]
    chances = binom.logpmf(np.arange(n - fewest + 1), n, float(1 - target))[::-1]  # of so many bad ones
    assert math.fsum(np.exp(chances + logs)) == pytest.approx(1, abs=1e-7)


def test_bets_on_scores_are_fair_and_seldom_grow_by_enumeration():
    """All sequences of five scores of three values in units of unequal size; the truth at the target."""
    target, kinds, chances, sizes = Fraction(4, 5), (0.0, 0.5, 1.0), (0.1, 0.2, 0.7), (1.0, 0.5, 1.0, 0.25, 1.0)
    mean_e, ever_pass, ever_fail = 0.0, 0.0, 0.0
    level = Fraction(49, 100)
    for draw in itertools.product(range(3), repeat=5):
        chance, process, highest = math.prod(chances[i] for i in draw), start_bets(target), [0.0, 0.0]
        for i, size in zip(draw, sizes, strict=True):
            process = update(process, kinds[i], size=size)
            now = log_evidence(process)
            highest = [max(highest[0], now.against_missed), max(highest[1], now.against_met)]
        mean_e += chance * math.exp(log_evidence(process).against_missed)
        ever_pass += chance * passes(anytime_p(highest[0]), alpha=level)
        ever_fail += chance * passes(anytime_p(highest[1]), alpha=level)
    assert mean_e == pytest.approx(1, abs=1e-12)
    assert ever_pass <= 0.49
    assert 0.0 < ever_fail <= 0.49


def ever_crossed(process, target, *, horizon, truth):
    """(P(PASS first), P(FAIL first)) within `horizon` events, exactly: the counts as a chain that stops at a crossing."""
    alive, ended = np.array([1.0]), [0.0, 0.0]
    fewest_pass, most_fail = 0, -1  # of good ones: both limits only rise with n
    for n in range(1, horizon + 1):
        alive = np.append(alive * (1 - truth), 0.0) + np.append(0.0, alive * truth)
        while fewest_pass <= n and process(fewest_pass, n - fewest_pass, target).against_missed < math.log(20):
            fewest_pass += 1
        while most_fail < n and process(most_fail + 1, n - most_fail - 1, target).against_met >= math.log(20):
            most_fail += 1
        ended[0] += alive[fewest_pass:].sum()
        ended[1] += alive[: most_fail + 1].sum()
        alive[fewest_pass:] = 0.0
        alive[: most_fail + 1] = 0.0
    return ended


@pytest.mark.parametrize(
    ("process", "target", "exact", "simulated"),
    [
        (counted, NINETY_FIVE, (0.0342, 0.0189), (0.034, 0.018)),
        (bets_after, NINETY_FIVE, (0.0281, 0.0187), (0.029, 0.015)),
        (counted, Fraction(9, 10), (0.0375, 0.0287), (0.045, 0.029)),
        (bets_after, Fraction(9, 10), (0.0294, 0.0231), (0.033, 0.028)),
    ],
)
def test_anytime_error_is_below_alpha(process, target, exact, simulated):
    """With a look after each of 1,000 events. `simulated` is of 800 runs that other code made: three standard errors."""
    found = ever_crossed(process, target, horizon=1000, truth=float(target))
    assert max(found) <= 0.05
    assert found == pytest.approx(exact, abs=6e-5)
    assert found == pytest.approx(simulated, abs=3 * math.sqrt(0.05 * 0.95 / 800))


def test_a_good_model_passes_early():
    passed, failed = ever_crossed(counted, NINETY_FIVE, horizon=1000, truth=0.98)
    assert passed == pytest.approx(0.995, abs=0.008)
    assert failed < 0.005


def test_anytime_error_of_scores_piled_at_one():
    """400 runs of 600 scores, the truth at the target. The runs are computed side by side; one of them also by `update`."""
    rng, target = np.random.default_rng(17), Fraction(39, 40)
    x = rng.choice([0.0, 0.25, 0.5, 0.75, 1.0], p=[0.01, 0.01, 0.01, 0.01, 0.96], size=(400, 600))
    crossed = []
    for values, level in ((x, 0.975), (1 - x, 0.025)):
        kinds, places = np.unique(values, return_inverse=True)
        steps = np.log1p(np.multiply.outer(kinds / level - 1, BETS))
        paths = np.cumsum(steps[places.reshape(values.shape)], axis=1)
        logs = np.log(np.exp(paths).mean(axis=2))
        side = "against_missed" if level > 0.5 else "against_met"
        assert getattr(log_evidence(after(start_bets(target), x[0])), side) == pytest.approx(logs[0, -1], abs=1e-9)
        crossed.append(np.mean(logs.max(axis=1) >= math.log(20)))
    limit = 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert max(crossed) <= limit
    assert max(crossed) > 0.0


@settings(max_examples=25, deadline=None)
@given(STEPS, st.randoms(use_true_random=False), st.integers(1, 99))
def test_order_does_not_change_the_evidence_of_bets(steps, random, percent):
    shuffled = steps.copy()
    random.shuffle(shuffled)
    one, other = (
        log_evidence(after(start_bets(Fraction(percent, 100)), *zip(*rows, strict=True))) for rows in (steps, shuffled)
    )
    assert one.against_missed == pytest.approx(other.against_missed, abs=1e-9)
    assert one.against_met == pytest.approx(other.against_met, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 99))
def test_mirrored_counts_swap_the_sides(good, bad, percent):
    target = Fraction(percent, 100)
    one, other = counted(good, bad, target), counted(bad, good, 1 - target)
    assert (one.against_missed, one.against_met) == pytest.approx((other.against_met, other.against_missed), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_evidence_falls_as_the_target_rises(good, bad):
    found = [counted(good, bad, Fraction(percent, 100)) for percent in range(5, 101, 5)]
    assert np.all(np.diff([e.against_missed for e in found]) <= 1e-9)
    assert np.all(np.diff([e.against_met for e in found[:-1]]) >= -1e-9)


@pytest.mark.parametrize("start", [start_beta, start_bets])
def test_a_target_of_one_never_passes_and_fails_on_any_miss(start):
    clean = after(start(Fraction(1)), [1.0] * 500)
    assert log_evidence(clean).against_missed <= 0.0
    assert log_evidence(clean).against_met <= 0.0
    missed = log_evidence(after(clean, [0.0, 1.0]))
    assert missed.against_met == math.inf
    assert missed.against_missed <= 0.0
    assert passes(anytime_p(missed.against_met), alpha=ALPHA)
    assert anytime_p(missed.against_met) == 0.0


def test_an_update_leaves_the_former_state_alone():
    before = start_bets(HALF)
    update(before, 1.0)
    assert not before.log_wealth.any()
    assert update(start_beta(HALF), 1.0) == BetaMixture(target=HALF, good=1)
    assert update(start_beta(HALF), 0.0) == BetaMixture(target=HALF, bad=1)


@pytest.mark.parametrize(
    ("highest", "p"), [(-math.inf, 1.0), (-1e4, 1.0), (0.0, 1.0), (math.log(20), 0.05), (1e4, 0.0), (math.inf, 0.0)]
)
def test_anytime_p(highest, p):
    assert anytime_p(highest) == pytest.approx(p)


def test_evidence_of_exactly_one_over_alpha_crosses():
    assert passes(anytime_p(math.log(20)), alpha=ALPHA)
    assert not passes(anytime_p(math.log(20) - 1e-9), alpha=ALPHA)


@pytest.mark.parametrize(
    ("process", "value", "size", "message"),
    [
        (start_bets(HALF), float("nan"), 1.0, "value nan found"),
        (start_bets(HALF), 1.5, 1.0, "value 1.5 found"),
        (start_bets(HALF), float("inf"), 1.0, "value inf found"),
        (start_bets(HALF), 0.5, 0.0, "size 0.0 found"),
        (start_bets(HALF), 0.5, 1.01, "size 1.01 found"),
        (start_bets(HALF), 0.5, float("nan"), "size nan found"),
        (start_beta(HALF), 0.5, 1.0, "takes 0 and 1 of size 1 only"),
        (start_beta(HALF), 1.0, 0.5, "takes 0 and 1 of size 1 only"),
        (start_beta(HALF), -0.1, 1.0, "value -0.1 found"),
    ],
)
def test_what_is_no_unit_is_refused_by_name(process, value, size, message):
    with pytest.raises(StatisticsError, match=message):
        update(process, value, size=size)


@pytest.mark.parametrize("start", [start_beta, start_bets])
@pytest.mark.parametrize("target", [Fraction(0), Fraction(11, 10)])
def test_targets_without_meaning_are_refused(start, target):
    with pytest.raises(StatisticsError, match="target"):
        start(target)
