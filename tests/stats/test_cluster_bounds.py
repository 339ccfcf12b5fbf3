"""Means of clustered values: variance and degrees of freedom, the design effect with its floor, the cap, measured sizes."""

from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, t

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.clusters import clustered, intraclass_correlation, mean_variance, scaled_gaffke
from evalslo.stats.gaffke import gaffke
from evalslo.stats.tally import p_fail, p_pass

ALPHA, FLOOR, TARGET = Fraction(1, 20), Fraction(3, 10), Fraction(19, 20)
Y = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1.0])
G = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3])
GRID = st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.9, 1.0]), st.integers(0, 6)), min_size=3, max_size=40)


def bound(values, units, *, target=TARGET, alpha=ALPHA, icc_floor=FLOOR):
    return scaled_gaffke(values, units, target=target, alpha=alpha, icc_floor=icc_floor)


def by_matrices(y, g):
    """CR2 and Satterthwaite's degrees of freedom from their definition, with the hat matrix written out."""
    n, x = y.size, np.ones((y.size, 1))
    rest = np.eye(n) - x @ x.T / n
    meat, pulls = 0.0, []
    for code in np.unique(g):
        rows = np.flatnonzero(g == code)
        values, vectors = np.linalg.eigh(rest[np.ix_(rows, rows)])
        adjusted = vectors @ np.diag(values**-0.5) @ vectors.T @ np.ones(rows.size)
        meat += float(adjusted @ (y - y.mean())[rows]) ** 2
        pulls.append(rest[:, rows] @ adjusted)
    spectrum = np.linalg.eigvalsh(np.array(pulls) @ np.array(pulls).T)
    return meat / n**2, spectrum.sum() ** 2 / (spectrum**2).sum()


def test_the_worked_sample_has_the_published_variance_and_degrees_of_freedom():
    variance, df = mean_variance(Y, G)
    assert (variance**0.5, df) == pytest.approx((0.1352296, 2.8125), abs=6e-8)
    assert (variance, df) == pytest.approx(by_matrices(Y, G), rel=1e-12)


def test_the_variance_of_equal_units_is_that_of_statsmodels():
    rng = np.random.default_rng(5)
    y, g = rng.random(60), np.repeat(np.arange(12), 5)
    fit = sm.OLS(y, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": g})
    variance, df = mean_variance(y, g)
    assert variance == pytest.approx(fit.cov_params()[0, 0], rel=1e-9)  # CR1 and CR2 are one where units are equal
    assert df == pytest.approx(11.0, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(GRID.filter(lambda rows: len({g for _, g in rows}) > 1))
def test_the_closed_form_is_the_definition(rows):
    y, g = np.array([v for v, _ in rows]), np.unique([g for _, g in rows], return_inverse=True)[1]
    assert mean_variance(y, g) == pytest.approx(by_matrices(y, g), rel=1e-8, abs=1e-18)


@pytest.mark.parametrize("floor", [Fraction(0), FLOOR])
def test_korn_graubard_is_clopper_pearson_of_the_effective_counts(floor):
    rng = np.random.default_rng(8)
    sizes = rng.integers(1, 9, size=30)
    units = np.repeat(np.arange(30), sizes)
    y = (rng.random(units.size) < np.repeat(rng.beta(3, 1, size=30), sizes)).astype(float)
    n, m = y.size, y.mean()
    variance, df = mean_variance(y, units)
    measured = n * variance / (m * (1 - m)) * (t.ppf(0.95, df) / t.ppf(0.95, n - 1)) ** 2
    least = 1 + ((sizes**2).sum() / n - 1) * float(floor)
    deff = max(measured, least)
    found = bound(y, units, icc_floor=floor)
    assert (measured > least) == (floor == 0)  # one row for each side of the maximum
    assert (found.method, found.units) == ("korn-graubard", 30)
    assert found.deff == pytest.approx(deff, rel=1e-10)
    assert found.lower == pytest.approx(beta.ppf(0.05, y.sum() / deff, (n - y.sum()) / deff + 1), rel=1e-9)
    assert found.upper == pytest.approx(beta.ppf(0.95, y.sum() / deff + 1, (n - y.sum()) / deff), rel=1e-9)
    assert found.p_pass == pytest.approx(beta.cdf(0.95, y.sum() / deff, (n - y.sum()) / deff + 1), rel=1e-9)
    assert found.p_fail == pytest.approx(beta.sf(0.95, y.sum() / deff + 1, (n - y.sum()) / deff), rel=1e-9)


def test_where_nothing_varies_the_floor_is_the_design_effect():
    units = np.append(np.arange(100), np.full(100, 100))  # a giant among singles
    found = bound(np.ones(200), units)
    assert found.deff == pytest.approx(1 + (10100 / 200 - 1) * 0.3)
    assert found.p_pass == pytest.approx(0.95 ** (200 / found.deff), rel=1e-9)
    assert found.lower == pytest.approx(0.05 ** (found.deff / 200), rel=1e-9)


def test_scores_use_the_same_shrinkage():
    rng = np.random.default_rng(9)
    units = np.repeat(np.arange(30), 4)
    y = np.clip(np.repeat(rng.beta(8, 1, size=30), 4) + rng.normal(0, 0.05, size=120), 0, 1)
    found = bound(y, units, target=Fraction(4, 5))
    loose = gaffke(y, target=Fraction(4, 5), alpha=ALPHA)
    assert found.method == "scaled-gaffke"
    assert found.lower < loose.lower < found.estimate < loose.upper < found.upper
    assert found.deff > 3
    assert found.icc > 0.6


def test_one_value_a_unit_is_the_ungrouped_row():
    y = np.array([1.0, 1.0, 0.5, 0.0, 1.0])
    assert bound(y, [4, 9, 2, 7, 5]) == gaffke(y, target=TARGET, alpha=ALPHA)
    assert bound(np.ones(5), np.arange(5)).method == "clopper-pearson"


def test_one_unit_decides_nothing_and_keeps_its_method():
    for values, method in (([1.0, 0.0, 1.0], "korn-graubard"), ([0.5, 1.0, 1.0], "scaled-gaffke")):
        found = bound(values, [3, 3, 3])
        assert (found.method, found.units, found.estimate) == (method, 1, pytest.approx(np.mean(values)))
        assert {found.lower, found.upper, found.p_pass, found.p_fail, found.needed_units, found.icc, found.deff} == {
            None
        }


def test_copies_of_an_answer_certify_no_more_than_the_answer():
    for queries, passed in ((58, False), (59, True)):
        found = bound(np.ones(queries * 20), np.arange(queries * 20) % queries)
        assert passes(found.p_pass, alpha=ALPHA) is passed
        assert found.p_pass == pytest.approx(0.95**queries, rel=1e-9)
        assert found.lower == pytest.approx(0.05 ** (1 / queries), rel=1e-12)
        assert (found.icc, found.upper) == (None, 1.0)


@pytest.mark.parametrize(("queries", "repeats"), [(59, 3), (93, 2), (100, 5), (208, 3)])
def test_identical_repeats_keep_the_exact_size(queries, repeats):
    """At a correlation of 1 the number of bad queries is binomial, so the error can be summed up exactly."""
    pattern = np.arange(queries * repeats) % queries
    passed = [bad for bad in range(8) if passes(bound((pattern >= bad) * 1.0, pattern).p_pass, alpha=ALPHA)]
    assert passed == list(range(len(passed)))
    assert passed
    assert binom.pmf(passed, queries, 0.05).sum() <= 0.05


def test_groups_of_five_keep_the_measured_size():
    """Table C of the design: ICC .3, truth .80 at the target, 50 groups: .031 and .039 with the floor, .042 without."""
    rng = np.random.default_rng(2026)
    target, units = Fraction(4, 5), np.repeat(np.arange(50), 5)
    a = 0.8 * (1 / 0.3 - 1)
    floored = plain = failed = 0
    for _ in range(1000):
        y = (rng.random(250) < np.repeat(rng.beta(a, a / 4, size=50), 5)).astype(float)
        tally = clustered(y, units, alpha=ALPHA, icc_floor=FLOOR)
        floored += passes(p_pass(tally, target=target), alpha=ALPHA)
        failed += fails(p_fail(tally, target=target), alpha=ALPHA)
        plain += passes(p_pass(clustered(y, units, alpha=ALPHA, icc_floor=Fraction(0)), target=target), alpha=ALPHA)
    assert 0.015 <= floored / 1000 <= 0.047
    assert 0.020 <= failed / 1000 <= 0.058
    assert floored < plain <= 62


def test_perfect_groups_at_a_high_correlation_are_not_certified():
    """26 perfect groups of 5 would pass .95 by the floor alone: with ICC .9 that is every fifth time."""
    assert not passes(bound(np.ones(130), np.arange(130) // 5).p_pass, alpha=ALPHA)


@settings(max_examples=20, deadline=None)
@given(GRID, st.integers(1, 100), st.randoms(use_true_random=False))
def test_never_both_verdicts_and_order_changes_nothing(rows, percent, random):
    shuffled = random.sample(rows, len(rows))
    target = Fraction(percent, 100)
    one, other = (bound([v for v, _ in r], [g for _, g in r], target=target) for r in (rows, shuffled))
    assert not (passes(one.p_pass, alpha=ALPHA) and fails(one.p_fail, alpha=ALPHA))
    assert (one.method, one.units) == (other.method, other.units)
    if one.lower is not None:
        assert (one.lower, one.upper, one.p_pass, one.p_fail) == pytest.approx(
            (other.lower, other.upper, other.p_pass, other.p_fail), abs=1e-8
        )


def test_the_correlation_is_that_of_the_analysis_of_variance():
    assert intraclass_correlation(np.array([1.0, 1, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2, 2])) == pytest.approx(1.0)
    assert intraclass_correlation(np.array([1.0, 0, 1, 0]), np.array([0, 0, 1, 1])) == pytest.approx(-1.0)
    assert intraclass_correlation(np.ones(4), np.array([0, 0, 1, 1])) is None
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(4000), 3)
    values = np.repeat(rng.normal(0, 0.3**0.5, 4000), 3) + rng.normal(0, 0.7**0.5, 12000)
    assert intraclass_correlation(values, groups) == pytest.approx(0.3, abs=0.03)


def test_a_target_of_one_cannot_pass_and_fails_on_any_bad_event():
    units = np.arange(300) // 3
    assert bound(np.ones(300), units, target=Fraction(1)).p_pass == 1.0
    assert bound((np.arange(300) > 0) * 1.0, units, target=Fraction(1)).p_fail == 0.0
    assert bound(np.where(np.arange(300) > 0, 1.0, 0.99), units, target=Fraction(1)).p_fail == 0.0


def test_labels_must_match_and_the_floor_be_a_share():
    with pytest.raises(StatisticsError, match="units: 2 labels for 3 values"):
        bound([1.0, 0.0, 1.0], [0, 1])
    with pytest.raises(StatisticsError, match="icc_floor"):
        bound([1.0, 0.0, 1.0], [0, 1, 1], icc_floor=Fraction(3, 2))
    with pytest.raises(StatisticsError, match=r"values\[0\] is nan"):
        bound([float("nan"), 1.0], [0, 0])


@pytest.mark.parametrize("alpha", [Fraction(1, 100), Fraction(1, 1000), Fraction(1, 10**6), Fraction(1, 10**11)])
def test_two_groups_have_bounds_however_small_alpha_is(alpha):
    """So little is known that a bound is next to 0 or 1; its search once left the range of floats."""
    random_ = np.random.default_rng(3)
    for values in ([1.0] * 5 + [0.9] * 5, random_.random(10), random_.integers(0, 3, 10) / 2):
        found = scaled_gaffke(values, [0] * 5 + [1] * 5, target=Fraction(9, 10), alpha=alpha, icc_floor=Fraction(3, 10))
        assert 0.0 <= found.lower <= found.estimate <= found.upper <= 1.0
