"""`population: finite`: the golden set itself is the target, and an event is a unit."""

from fractions import Fraction

import numpy as np
import pytest
from msgspec.structs import replace
from scipy.stats import binom

from evalslo.model.score import Missing
from evalslo.model.scorecard import Verdict
from evalslo.slo.allowance import can_pass
from evalslo.slo.design import design_of
from evalslo.slo.gate import judge
from evalslo.slo.lint import impossible
from evalslo.stats.bound import fails, passes
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.gaffke import gaffke
from tests.slo.conftest import (
    ALPHA,
    RULES,
    events,
    grouped,
    mean,
    quantile,
    queries,
    rate,
    repeated,
    singles,
    spec_of,
    suite,
)

FINITE = replace(RULES, population="finite")
STRICT = replace(FINITE, strict=True)
RATIO, MEAN = rate(">=", "0.9", sli="contains"), mean(">=", "0.5")


def row_of(objective, observations, *, rules=FINITE):
    return judge(objective, observations, spec=spec_of(objective), rules=rules, scorer=None)


def test_events_are_pooled_and_groups_ignored():
    wanted = clopper_pearson(17, 18, target=Fraction(9, 10), alpha=ALPHA)
    rows = [[1, 1, 1], [0, 1, 1]] + [[1, 1, 1]] * 4
    for observations in (repeated(rows), grouped([rows[:3], rows[3:]])):
        found = row_of(RATIO, observations).estimate
        assert (found.estimate, found.lower, found.upper) == (wanted.estimate, wanted.lower, wanted.upper)
        assert (found.method, found.clusters, found.deff) == ("clopper-pearson+finite", 18, None)


def test_scores_are_pooled_too():
    rows = [[0.5, 1.0], [0.2, 0.9], [1.0, 1.0]]
    wanted = gaffke([value for row in rows for value in row], target=Fraction(1, 2), alpha=ALPHA)
    found = row_of(MEAN, grouped([rows])).estimate
    assert (found.lower, found.upper, found.p_pass) == (wanted.lower, wanted.upper, wanted.p_pass)
    assert found.method == "gaffke+finite"
    assert row_of(MEAN, grouped([rows]), rules=STRICT).estimate.method == "betting+strict+finite"


def test_no_further_queries_are_asked_for():
    row = row_of(rate("<=", "0.05"), singles([0.0] * 193 + [1.0] * 7))
    assert (row.verdict, row.estimate.needed) == (Verdict.INCONCLUSIVE, None)
    assert [reason.code for reason in row.reasons] == ["underpowered"]
    assert "queries" not in row.reasons[0].text


def test_repeats_sharpen_it_as_no_super_population_would():
    rows = [[1, 1, 1]] * 40
    finite, wide = (
        row_of(rate(">=", "0.95", sli="contains"), repeated(rows), rules=rules) for rules in (FINITE, RULES)
    )
    assert (finite.verdict, wide.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)


def test_the_variance_is_still_split_by_query():
    assert row_of(MEAN, repeated([[0.1, 0.2], [0.9, 1.0], [0.5, 0.4]])).variance is not None


def test_unmeasured_events_are_worst_in_the_same_pool():
    rows = [[1, 1, 1]] * 39 + [[1, 1, Missing.SCORER_ERROR]]
    row = row_of(rate(">=", "0.95", sli="contains"), repeated(rows))
    assert row.worst_case == pytest.approx(119 / 120)
    uneven = grouped([[[1, 1, 1]] * 39 + [[1, Missing.SCORER_ERROR]]])
    assert row_of(rate(">=", "0.95", sli="contains"), uneven).worst_case == pytest.approx(118 / 119)


def test_of_queries_counts_queries():
    found = row_of(events("0.9", "<=", 2, of="queries"), repeated([[1, 9], [1, 1], [1, 1]])).estimate
    assert (found.estimate, found.clusters) == (pytest.approx(2 / 3), 3)


def test_a_quantile_is_that_of_all_requests():
    rng = np.random.default_rng(2)
    rows = [list(np.round(rng.lognormal(0, 0.5, size=3), 2)) for _ in range(50)]
    pooled = row_of(quantile("0.9", "<=", 2), singles([value for row in rows for value in row]))
    found = row_of(quantile("0.9", "<=", 2), grouped([rows[:20], rows[20:]]))
    assert found.quantile == pooled.quantile
    assert found.estimate == pooled.estimate


def test_chances_that_differ_err_less_than_equal_ones():
    """Hoeffding (1956): of all golden sets with a mean chance of .9, the one where every chance is .9 errs most."""
    n, half = 60, 30
    rules = [clopper_pearson(good, n, target=Fraction(9, 10), alpha=ALPHA) for good in range(n + 1)]
    passed = np.array([passes(found.p_pass, alpha=ALPHA) for found in rules])
    failed = np.array([fails(found.p_fail, alpha=ALPHA) for found in rules])
    equal = binom.pmf(np.arange(n + 1), n, 0.9)
    for low in (0.8, 0.85, 0.88):
        mixed = np.convolve(binom.pmf(np.arange(half + 1), half, low), binom.pmf(np.arange(half + 1), half, 1.8 - low))
        assert mixed[passed].sum() <= equal[passed].sum() <= 0.05
        assert mixed[failed].sum() <= equal[failed].sum() <= 0.05


# Before the first call.


@pytest.mark.parametrize(
    ("number", "repeats", "possible"), [(19, 3, False), (20, 3, True), (58, 1, False), (59, 1, True)]
)
@pytest.mark.parametrize("group_size", [None, 5])
def test_what_can_pass_counts_events(number, repeats, possible, group_size):
    objective = rate("<=", "0.05")
    golden = queries(number, group_size=group_size)
    design = design_of(objective, golden, spec=spec_of(objective), repeats=repeats, rules=FINITE)
    assert (design.elements, design.clusters, design.effective) == (
        number * repeats,
        number * repeats,
        number * repeats,
    )
    assert can_pass(objective, design) is possible
    assert (row_of(objective, repeated([[0.0] * repeats] * number)).verdict is Verdict.PASS) is possible


def test_too_few_events_are_told_with_how_many_there_are():
    (fault,) = impossible(suite([rate("<=", "0.05")], repeats=3, gate=FINITE), queries(19))
    assert "19 golden queries are too few with 57 answers" in fault.message


def test_weights_have_no_place_in_a_finite_population():
    golden = [replace(query, weight=1.0 + number % 2) for number, query in enumerate(queries(80))]
    (fault,) = impossible(suite([rate("<=", "0.05")], gate=FINITE), golden)
    assert (fault.file, fault.where) == ("suite.yaml", "gate.population")
    assert "this golden set has weights" in fault.message
    assert impossible(suite([rate("<=", "0.05")], gate=FINITE), [replace(one, weight=2.0) for one in golden]) == ()
