"""Two raters: the figures against statsmodels, scikit-learn and irrCAC, their intervals by counting how often they hold."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from evalslo.errors import StatisticsError
from evalslo.model.calibration import Confusion, Figure
from evalslo.stats.agreement import Stratum, agreement, dependence, share

COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 0)
FLOOR = Fraction(3, 10)
NAMES = ("sensitivity", "specificity", "balanced_accuracy", "observed", "kappa", "ac1")


def table(cells):
    return Confusion(**dict(zip(("yes_yes", "yes_no", "no_yes", "no_no"), map(int, cells), strict=True)))


def whole(cells, *, size=1000, seed=0, deff=1.0):
    return agreement([Stratum(size=size, confusion=table(cells))], seed=seed, deff=deff)


def by_verdict(yes, no, *, sizes, seed=0):
    parts = [
        Stratum(size=sizes[0], confusion=table((*yes, 0, 0)), first="yes"),
        Stratum(size=sizes[1], confusion=table((0, 0, *no)), first="no"),
    ]
    return agreement(parts, seed=seed)


def raters(cells):
    pairs = [(1, 1)] * cells[0] + [(1, 0)] * cells[1] + [(0, 1)] * cells[2] + [(0, 0)] * cells[3]
    return [one for one, _ in pairs], [other for _, other in pairs]


@pytest.mark.parametrize("cells", [(75, 5, 5, 15), (118, 5, 2, 1), (10, 30, 20, 40), (3, 0, 1, 96)])
def test_the_figures_are_those_of_statsmodels_and_scikit_learn(cells):
    found = whole(cells)
    first, second = raters(cells)
    oracle = cohens_kappa(np.array(cells).reshape(2, 2))
    assert found.kappa.estimate == pytest.approx(oracle.kappa)
    assert found.kappa.estimate == pytest.approx(cohen_kappa_score(first, second))
    assert found.balanced_accuracy.estimate == pytest.approx(balanced_accuracy_score(second, first))
    expected = proportion_confint(cells[0], cells[0] + cells[2], alpha=0.05, method="beta")
    assert (found.sensitivity.lower, found.sensitivity.upper) == pytest.approx(expected)
    expected = proportion_confint(cells[0] + cells[3], sum(cells), alpha=0.05, method="beta")
    assert (found.observed.lower, found.observed.upper) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cells", "ac1", "kappa"),
    [((75, 5, 5, 15), 0.85294, 0.68750), ((118, 5, 2, 0), 0.94078, -0.02339)],  # irrCAC 0.4.4
)
def test_ac1_is_irrcac_s_and_is_not_fooled_where_nearly_all_is_yes(cells, ac1, kappa):
    found = whole(cells)
    assert found.ac1.estimate == pytest.approx(ac1, abs=1e-5)
    assert found.kappa.estimate == pytest.approx(kappa, abs=1e-5)


def test_with_many_labels_the_interval_of_kappa_is_the_asymptotic_one():
    cells = (1500, 250, 350, 1900)
    found, oracle = whole(cells, size=10_000).kappa, cohens_kappa(np.array(cells).reshape(2, 2))
    assert (found.lower, found.upper) == pytest.approx((oracle.kappa_low, oracle.kappa_upp), abs=0.002)


def test_perfect_agreement_has_an_interval_with_a_width():
    found = whole((15, 0, 0, 15))
    for name in NAMES:
        figure = getattr(found, name)
        assert figure.estimate == figure.upper == 1.0
        assert 0.5 < figure.lower < 0.95


def truth(prevalence, sensitivity, specificity):
    return np.array(
        [
            prevalence * sensitivity,
            (1 - prevalence) * (1 - specificity),
            prevalence * (1 - sensitivity),
            (1 - prevalence) * specificity,
        ]
    )


def figures_of(shares):
    yy, yn, ny, nn = shares
    first, second = yy + yn, yy + ny
    chance = first * second + (1 - first) * (1 - second)
    either = (first + second) / 2
    return {
        "balanced_accuracy": (yy / (yy + ny) + nn / (yn + nn)) / 2,
        "sensitivity": yy / (yy + ny),
        "kappa": (yy + nn - chance) / (1 - chance),
        "ac1": (yy + nn - 2 * either * (1 - either)) / (1 - 2 * either * (1 - either)),
    }


def held(found, true):
    return {
        name: figure.lower <= value <= figure.upper
        for name, value in true.items()
        if (figure := getattr(found, name)).lower is not None
    }


@pytest.mark.parametrize("design", [(0.2, 0.95, 0.97, 50), (0.5, 0.8, 0.8, 50), (0.1, 0.5, 0.9, 200)])
def test_intervals_of_a_random_sample_hold_the_truth_as_often_as_they_say(design):
    *skill, n = design
    shares = truth(*skill)
    true, generator = figures_of(shares), np.random.default_rng(7)
    kept = [held(whole(generator.multinomial(n, shares), seed=seed), true) for seed in range(100)]
    for name in ("balanced_accuracy", "kappa", "ac1"):
        assert np.mean([one[name] for one in kept if name in one]) > 0.9, name


def test_the_asymptotic_interval_of_kappa_would_not_hold_it():
    """Why it is not used: 50 labels, a rare yes, a good scorer."""
    shares, generator, held_by_it = truth(0.05, 0.8, 0.95), np.random.default_rng(9), []
    for _ in range(300):
        cells = generator.multinomial(50, shares)
        if cells[:3].sum():  # somebody says yes, so that kappa is defined
            with np.errstate(
                invalid="ignore"
            ):  # its variance is 0 or a little below where one of the two never says yes
                oracle = cohens_kappa(cells.reshape(2, 2))
                held_by_it.append(oracle.kappa_low <= figures_of(shares)["kappa"] <= oracle.kappa_upp)
    assert np.mean(held_by_it) < 0.87


def test_intervals_of_a_sample_by_verdict_hold_the_truth_of_all_answers():
    shares = truth(0.1, 0.8, 0.95)
    true, generator = figures_of(shares), np.random.default_rng(8)
    kept = []
    for seed in range(100):
        cells = generator.multinomial(1000, shares)
        yes, no = cells[:2], cells[2:]
        drawn = [generator.multivariate_hypergeometric(part, 60) for part in (yes, no)]
        kept.append(held(by_verdict(*drawn, sizes=(yes.sum(), no.sum()), seed=seed), true))
    for name in true:
        assert np.mean([one[name] for one in kept]) > 0.9, name


def test_a_sample_by_verdict_is_reweighted_to_all_answers():
    found = by_verdict((45, 5), (10, 40), sizes=(900, 100))
    assert found.sensitivity.estimate == pytest.approx(810 / 830)
    assert found.specificity.estimate == pytest.approx(80 / 170)
    assert found.observed.estimate == pytest.approx(0.89)
    assert found.confusion == table((45, 5, 10, 40))


def test_a_part_that_nobody_labelled_leaves_the_figures_unknown():
    found = by_verdict((45, 5), (0, 0), sizes=(900, 100))
    assert found.sensitivity == found.kappa == Figure()


def test_a_part_without_answers_is_no_part():
    assert by_verdict((45, 5), (0, 0), sizes=(900, 0)).observed.estimate == pytest.approx(0.9)


def test_without_a_yes_of_people_there_is_no_sensitivity_and_no_number_in_its_place():
    found = whole((0, 3, 0, 40))
    assert found.sensitivity == found.balanced_accuracy == Figure()
    assert found.specificity.estimate == pytest.approx(40 / 43)


@given(COUNTS)
@settings(max_examples=25, deadline=None)
def test_every_interval_holds_its_estimate_and_says_how_it_was_made(cells):
    found = whole(cells)
    for name in NAMES:
        figure = getattr(found, name)
        if figure.estimate is not None:
            assert figure.lower <= figure.estimate <= figure.upper
            assert figure.method in ("clopper-pearson", "jeffreys-posterior")


def test_the_same_seed_gives_the_same_interval_and_dependent_labels_a_wider_one():
    assert whole((20, 5, 4, 30)) == whole((20, 5, 4, 30))
    alone, together = whole((20, 5, 4, 30)), whole((20, 5, 4, 30), deff=3.0)
    for name in NAMES:
        narrow, wide = getattr(alone, name), getattr(together, name)
        assert wide.estimate == narrow.estimate
        assert wide.upper - wide.lower > 1.3 * (narrow.upper - narrow.lower)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: whole((0, 0, 0, 0)), "no labels"),
        (lambda: whole((5, 5, 0, 0), size=4), "10 labels of 4 answers"),
        (lambda: whole((5, 5, 0, 0), deff=0.5), "deff"),
        (lambda: share(4, 3), "4 yes of 3"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, says):
    with pytest.raises(StatisticsError, match=says):
        call()


def test_labels_of_one_unit_count_for_fewer():
    assert dependence([1, 0, 1, 1], [1, 2, 3, 4], icc_floor=FLOOR) == 1.0
    assert dependence([1] * 40, np.repeat(range(10), 4), icc_floor=FLOOR) == pytest.approx(1.9)
    assert dependence([1] * 8, [1] * 8, icc_floor=FLOOR) == 8.0
