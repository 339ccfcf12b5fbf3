"""A score beside what people say, bin by bin."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from evalslo.errors import StatisticsError
from evalslo.stats.reliability import calibration_error, reliability

FLOOR = Fraction(3, 10)


def bins_of(judged, human, **more):
    return reliability(judged, human, units=more.pop("units", range(len(judged))), icc_floor=FLOOR, **more)


def test_the_bins_are_scikit_learn_s_reliability_curve():
    generator = np.random.default_rng(2)
    judged = generator.uniform(0, 1, 300)
    human = (generator.uniform(0, 1, 300) < judged**2).astype(float)
    people, scorer = calibration_curve(human, judged, n_bins=10)
    found = bins_of(judged, human)
    assert [one.judged for one in found] == pytest.approx(scorer)
    assert [one.human.estimate for one in found] == pytest.approx(people)
    expected = sum(one.n * abs(a - b) for one, a, b in zip(found, people, scorer, strict=True)) / 300
    assert calibration_error(found) == pytest.approx(expected)


def test_people_s_share_in_a_bin_has_clopper_pearson_s_interval():
    (one,) = bins_of([0.95] * 20, [1.0] * 17 + [0.0] * 3)
    assert (one.human.lower, one.human.upper) == pytest.approx(proportion_confint(17, 20, method="beta"))
    assert one.human.method == "clopper-pearson"


def test_people_s_scores_have_gaffke_s_interval_and_no_more_certainty_than_units():
    (one,) = bins_of([1.0] * 20, [0.9, 0.5] * 10)
    assert one.human.method == "gaffke"
    (together,) = bins_of([1.0] * 20, [0.9, 0.5] * 10, units=np.repeat(range(5), 4))
    assert together.human.upper - together.human.lower > one.human.upper - one.human.lower


def test_empty_bins_are_left_out_and_one_is_in_the_last_bin():
    found = bins_of([0.0, 0.04, 1.0, 1.0], [0, 0, 1, 1])
    assert [(one.low, one.high, one.n) for one in found] == [(0.0, 0.1, 2), (0.9, 1.0, 2)]
    assert calibration_error(found) == pytest.approx(0.01)


def test_one_answer_in_a_bin_has_no_interval():
    (one,) = bins_of([0.5], [1.0])
    assert (one.human.estimate, one.human.lower, one.human.upper) == (1.0, None, None)


def test_a_label_out_of_range_is_refused():
    with pytest.raises(StatisticsError, match="wanted a number in"):
        bins_of([0.5], [2.0])
