"""Prediction-powered means: published vectors, identities, degenerate input."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.ppi import ppi, ppi_plus_plus

ALPHA, HALF = Fraction(1, 20), Fraction(1, 2)
Y, F, UNLABELLED = ([int(c) for c in digits] for digits in ("1011011101", "1011111100", "11101110110111111011"))
VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=6, max_size=6)


def found(method, unlabelled=UNLABELLED, judged=F, human=Y, *, target=HALF):
    return method(unlabelled, judged=judged, human=human, target=target, alpha=ALPHA)


def test_published_vector():
    """ppi-python 0.2.3 gives .800 (.5248, 1.0752); what is above 1 is cut."""
    bound = found(ppi)
    assert (bound.estimate, bound.lower, bound.upper) == pytest.approx((0.8, 0.5248, 1.0), abs=5e-5)
    assert (bound.method, bound.units) == ("ppi", 30)


def test_published_tuned_vector():
    """ppi-python 0.2.3 gives .7396 (.5262, .9531)."""
    bound = found(ppi_plus_plus)
    assert (bound.estimate, bound.lower, bound.upper) == pytest.approx((0.7396, 0.5262, 0.9531), abs=5e-5)
    assert bound.method == "ppi++"


def test_a_constant_bias_of_the_scorer_is_taken_off():
    human = np.array([0.1, 0.5, 0.3, 0.2])
    bound = found(ppi, [0.9] * 10, human + 0.5, human)
    assert bound.estimate == pytest.approx(0.4)


def test_a_scorer_that_tells_nothing_leaves_people_alone():
    bound = found(ppi_plus_plus, [1.0] * 20, [1.0] * 10, Y)
    error = np.std(Y) / 10**0.5
    assert bound.estimate == pytest.approx(np.mean(Y))
    assert bound.lower == pytest.approx(np.mean(Y) - 1.6448536 * error, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES, VALUES, st.integers(1, 99), st.sampled_from([ppi, ppi_plus_plus]))
def test_p_values_decide_as_the_bounds_do(unlabelled, judged, human, percent, method):
    target = Fraction(percent, 100)
    bound = found(method, unlabelled, judged, human, target=target)
    passed, failed = passes(bound.p_pass, alpha=ALPHA), fails(bound.p_fail, alpha=ALPHA)
    assert not (passed and failed)
    assert bound.lower <= bound.estimate <= bound.upper
    assert passed == (bound.lower >= target) or bound.lower == pytest.approx(float(target), abs=1e-9)
    assert failed == (bound.upper < target) or bound.upper == pytest.approx(float(target), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(VALUES, VALUES, VALUES, st.randoms(use_true_random=False), st.sampled_from([ppi, ppi_plus_plus]))
def test_order_changes_nothing(unlabelled, judged, human, random, method):
    pairs, shuffled = list(zip(judged, human, strict=True)), unlabelled.copy()
    random.shuffle(pairs)
    random.shuffle(shuffled)
    other = found(method, shuffled, [f for f, _ in pairs], [y for _, y in pairs])
    assert other == found(method, unlabelled, judged, human)


def test_no_spread_at_all_is_no_error():
    """The known fault of a normal interval: perfect data pass anything. It never decides a gate."""
    perfect = found(ppi, [1.0] * 5, [1.0] * 3, [1.0] * 3, target=Fraction(99, 100))
    assert (perfect.lower, perfect.p_pass, perfect.p_fail) == (1.0, 0.0, 1.0)


def test_one_label_decides_nothing():
    one = found(ppi, [1.0, 0.0], [1.0], [1.0])
    assert (one.lower, one.upper, one.p_pass, one.p_fail) == (None,) * 4


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([0.5, 1.2], [0.5], [0.5]), r"values\[1\] is 1.2"),
        (([0.5], [0.5, 1.0], [0.5]), "1 labels beside 2 values"),
        (([0.5], [], []), "at least one value"),
        (([float("nan")], [0.5], [0.5]), r"values\[0\] is nan"),
    ],
)
def test_what_is_no_sample_is_refused_by_name(parts, message):
    for method in (ppi, ppi_plus_plus):
        with pytest.raises(StatisticsError, match=message):
            found(method, *parts)


@pytest.mark.parametrize(("method", "tuning"), [(ppi, 1), (ppi_plus_plus, None)])
def test_it_agrees_with_the_authors_own_library(method, tuning):
    ppi_py = pytest.importorskip("ppi_py", reason="the extra `oracles` is not installed")
    random_ = np.random.default_rng(7)
    for _ in range(20):
        truth = random_.random(400)
        judged = np.clip(truth + random_.normal(0.02, 0.15, 400), 0.0, 1.0)
        low, high = ppi_py.ppi_mean_ci(truth[:120], judged[:120], judged[120:], alpha=0.1, lam=tuning)
        bound = found(method, judged[120:], judged[:120], truth[:120])
        assert (bound.lower, bound.upper) == pytest.approx((float(low[0]), float(high[0])), abs=1e-9)
