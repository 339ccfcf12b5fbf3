"""The distribution of a mean with Dirichlet weights, against the Beta distribution and against simulation."""

import numpy as np
import pytest
from scipy.special import betainc

from evalslo.stats.dirichlet import quantile, share_below


def below(values, weights, t):
    return share_below(np.asarray(values) - t, np.asarray(weights, dtype=float), anchor=-t)


@pytest.mark.parametrize("n", [0.05, 1, 2, 10, 200, 1e4, 1e8])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.98])
def test_zeros_and_ones_give_the_beta_distribution_to_the_far_tails(n, share):
    for t in (0.001, 0.05, 0.5, 0.95, 0.999):
        wanted = betainc(n * share, n * (1 - share) + 1, t)
        found = below([0.0, 1.0], [n * (1 - share), n * share], t)
        assert found == pytest.approx(wanted, abs=1e-11)
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-250) or wanted > 0.5


def test_a_mixed_sample_agrees_with_simulation():
    rng = np.random.default_rng(7)
    values, weights = np.array([0.0, 0.25, 0.5, 0.9, 1.0]), np.array([1.5, 0.7, 3.0, 2.0, 6.0])
    drawn = rng.dirichlet(np.append(weights, 1.0), size=200_000) @ np.append(values, 0.0)
    for t in (0.3, 0.5, 0.6, 0.75):
        assert below(values, weights, t) == pytest.approx(np.mean(drawn <= t), abs=0.005)


def test_the_ends_are_certain():
    assert below([0.2, 0.7], [3, 4], 0.7) == 1.0
    assert below([0.7], [3], 0.7) == 1.0
    assert below([0.0], [3], 0.0) == 1.0
    assert below([0.0, 0.4], [3, 1], 0.0) == 0.0


def test_equal_values_leave_the_anchor_alone():
    assert below([0.5], [12], 0.4) == pytest.approx(0.8**12, rel=1e-12)


@pytest.mark.parametrize("level", [1e-9, 0.001, 0.05, 0.3, 0.49])
def test_the_quantile_inverts_the_distribution(level):
    values, weights = np.array([0.0, 0.1, 0.5, 0.98, 1.0]), np.array([0.4, 2.0, 0.1, 7.0, 30.0])
    assert below(values, weights, quantile(values, weights, level=level)) == pytest.approx(level, rel=1e-6)
