"""The area under the ROC curve: against scikit-learn and DeLong's definition, and how often its interval holds the truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from evalslo.errors import StatisticsError
from evalslo.model.calibration import Figure
from evalslo.stats.auc import roc_auc

SCORES = st.lists(st.integers(0, 10).map(lambda tenth: tenth / 10), min_size=1, max_size=30)


@given(SCORES, SCORES)
@settings(max_examples=60, deadline=None)
def test_the_area_is_scikit_learn_s_ties_among_them(yes, no):
    found = roc_auc(yes, no)
    assert found.estimate == pytest.approx(roc_auc_score([1] * len(yes) + [0] * len(no), yes + no))
    assert 0.0 <= found.lower <= found.estimate <= found.upper <= 1.0


def test_the_interval_is_delong_s_by_his_definition_on_the_logit_scale():
    generator = np.random.default_rng(3)
    yes, no = generator.beta(4, 2, 40).round(2), generator.beta(2, 3, 60).round(2)
    above = (yes[:, None] > no[None, :]) + 0.5 * (yes[:, None] == no[None, :])
    area = above.mean()
    variance = above.mean(axis=1).var(ddof=1) / 40 + above.mean(axis=0).var(ddof=1) / 60
    reach = norm.ppf(0.975) * math.sqrt(variance) / (area * (1 - area))
    expected = [1 / (1 + math.exp(-(math.log(area / (1 - area)) + side * reach))) for side in (-1, 1)]
    found = roc_auc(yes, no)
    assert (found.lower, found.upper) == pytest.approx(expected)
    assert found.method == "delong-logit"


def test_perfect_order_has_an_interval_with_a_width_and_it_is_newcombe_s():
    found = roc_auc([0.8, 0.9, 1.0, 0.7], [0.1, 0.2, 0.3])
    assert (found.estimate, found.upper, found.method) == (1.0, 1.0, "newcombe-5")
    theta, half = found.lower, (4 + 3) / 2 - 1
    variance = theta * (1 - theta) * (1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)) / 12
    assert (1 - theta) / math.sqrt(variance) == pytest.approx(norm.ppf(0.975))


def test_reversed_order_is_perfect_order_the_other_way_round():
    good, bad = roc_auc([0.8, 0.9], [0.1, 0.2, 0.3]), roc_auc([0.1, 0.2, 0.3], [0.8, 0.9])
    assert (bad.lower, bad.upper) == pytest.approx((1 - good.upper, 1 - good.lower))


def test_scores_that_say_nothing_have_one_half_with_room_on_both_sides():
    found = roc_auc([0.5] * 10, [0.5] * 10)
    assert found.estimate == 0.5
    assert found.lower < 0.35 < 0.65 < found.upper


def test_with_one_side_empty_there_is_no_area():
    assert roc_auc([], [0.5]) == roc_auc([0.5], []) == Figure()


def test_dependent_labels_widen_the_interval():
    yes, no = [0.9, 0.8, 0.4, 0.7, 0.6], [0.3, 0.5, 0.2, 0.65]
    assert roc_auc(yes, no, deff=2.0).lower < roc_auc(yes, no).lower


def test_a_score_out_of_range_is_refused():
    with pytest.raises(StatisticsError, match="wanted a number in"):
        roc_auc([1.2], [0.1])


@pytest.mark.parametrize(("gap", "yes", "no"), [(0.5, 20, 20), (1.2, 30, 30), (2.0, 15, 60)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(gap, yes, no):
    """A binormal model: the area is Phi(gap / sqrt(2))."""
    generator, true, held = np.random.default_rng(5), norm.cdf(gap / math.sqrt(2)), 0
    for _ in range(400):
        found = roc_auc(norm.cdf(generator.normal(gap, 1, yes)), norm.cdf(generator.normal(0, 1, no)))
        held += found.lower <= true <= found.upper
    assert 0.92 <= held / 400 <= 0.99
