"""`gate.rate_method` and `gate.mean_method`: other bounds of independent events and scores, and refused elsewhere."""

import math
from fractions import Fraction

import pytest
from msgspec.structs import replace

from evalslo.model.scorecard import Verdict
from evalslo.slo.gate import judge
from evalslo.slo.lint import impossible
from evalslo.stats.bootstrap import bca
from evalslo.stats.proportions import beta_prior, jeffreys, mid_p, wilson
from evalslo.stats.student import student_t
from tests.slo.conftest import (
    ALPHA,
    RULES,
    grouped,
    mean,
    quantile,
    queries,
    rate,
    rates,
    repeated,
    singles,
    spec_of,
    suite,
)

SCORES = [0.9, 1.0, 0.4, 0.8, 1.0, 0.7] * 10
RATE_METHODS = {"wilson": wilson, "jeffreys": jeffreys, "mid-p": mid_p, "beta-prior": beta_prior}


def row_of(objective, observations, **rules):
    return judge(objective, observations, spec=spec_of(objective), rules=replace(RULES, **rules), scorer=None)


@pytest.mark.parametrize("method", RATE_METHODS)
def test_a_rate_is_bounded_as_the_gate_says(method):
    found = row_of(rate(">=", "0.9", sli="contains"), singles([1] * 95 + [0] * 5), rate_method=method).estimate
    wanted = RATE_METHODS[method](95, 100, target=Fraction(9, 10), alpha=ALPHA)
    assert (found.method, found.lower, found.upper) == (method, wanted.lower, wanted.upper)
    assert (found.p_pass, found.p_fail, found.needed) == (wanted.p_pass, wanted.p_fail, wanted.needed_units)
    at_most = row_of(rate("<=", "0.1"), rates(5, 100), rate_method=method).estimate
    assert (at_most.p_pass, at_most.p_fail) == (found.p_pass, found.p_fail)
    assert at_most.upper == pytest.approx(1 - found.lower, abs=1e-12)


def test_a_mean_is_bounded_as_the_gate_says():
    objective = mean(">=", "0.7")
    for method, wanted in (
        ("t", student_t(SCORES, target=Fraction(7, 10), alpha=ALPHA)),
        ("bca", bca(SCORES, target=Fraction(7, 10), alpha=ALPHA, seed=1)),
    ):
        found = row_of(objective, singles(SCORES), mean_method=method).estimate
        assert (found.method, found.lower, found.upper, found.p_pass) == (
            method,
            wanted.lower,
            wanted.upper,
            wanted.p_pass,
        )
    found = row_of(objective, singles(SCORES), mean_method="percentile-bootstrap").estimate
    assert found.method == "percentile-bootstrap"
    assert found == row_of(objective, singles(SCORES[::-1]), mean_method="percentile-bootstrap").estimate


def test_each_method_keeps_to_its_own_kind():
    assert row_of(mean(">=", "0.7"), singles(SCORES), rate_method="wilson").estimate.method == "gaffke"
    assert row_of(rate("<=", "0.1"), rates(5, 100), mean_method="t").estimate.method == "clopper-pearson"


@pytest.mark.parametrize("method", ["t", "bca", "percentile-bootstrap"])
def test_scores_that_are_all_equal_are_bounded_by_no_spread(method):
    row = row_of(mean(">=", "0.7"), singles([0.5] * 40), mean_method=method)
    assert (row.verdict, row.estimate.lower, row.estimate.p_pass) == (Verdict.INCONCLUSIVE, None, None)
    assert [reason.code for reason in row.reasons] == ["no_spread"]
    assert f"all scores are equal, which {method} cannot bound" in row.reasons[0].text
    assert row_of(mean(">=", "0.7"), singles([0.5]), mean_method=method).reasons[0].code == "one_unit"
    assert row_of(mean(">=", "0.7"), singles([0.5] * 40)).verdict is Verdict.FAIL


@pytest.mark.parametrize("method", ["clopper-pearson", *RATE_METHODS])
def test_the_interval_of_a_quantile_agrees_with_the_method_that_gates(method):
    observations = singles([*(1.0 + number % 40 / 20 for number in range(120)), math.inf])
    shown = row_of(quantile("0.9", "<=", 2), observations, rate_method=method).quantile
    for threshold in sorted({one.value for one in observations} - {math.inf}):
        verdict = row_of(quantile("0.9", "<=", Fraction(threshold)), observations, rate_method=method).verdict
        assert (verdict is Verdict.PASS) == (shown.upper is not None and threshold >= shown.upper)
        assert (verdict is Verdict.FAIL) == (threshold < shown.lower)


# Before the first call.


def misfit(objective, golden, *, repeats=1, **rules):
    faults = impossible(suite([objective], repeats=repeats, gate=replace(RULES, **rules)), golden)
    return [f"{fault.where}: {fault.message}" for fault in faults if fault.where.startswith("gate.")]


def test_other_methods_are_refused_where_values_depend_or_weigh_unlike():
    wilson_on = {"rate_method": "wilson"}
    assert misfit(rate("<=", "0.05"), queries(60), **wilson_on) == []
    assert misfit(rate("<=", "0.05"), queries(600, group_size=5), **wilson_on) == [
        "gate.rate_method: wilson bounds independent events, and this golden set has groups; leave it at clopper-pearson"
    ]
    (line,) = misfit(rate("<=", "0.05"), queries(60), repeats=3, **wilson_on)
    assert "wilson bounds independent events, and this suite repeats each query; leave it at" in line
    unlike = [replace(query, weight=1.0 + number % 2) for number, query in enumerate(queries(200))]
    assert misfit(mean(">=", "0.9"), unlike, mean_method="bca") == [
        "gate.mean_method: bca bounds independent scores, and this golden set has weights; leave it at gaffke"
    ]


def test_methods_without_proof_are_refused_where_the_gate_is_strict():
    (line,) = misfit(mean(">=", "0.9"), queries(60), mean_method="t", strict=True)
    assert line.startswith("gate.mean_method: t bounds independent scores without proof, and gate.strict takes proved")
    assert line.endswith("leave it at gaffke")


def test_a_method_that_no_objective_uses_is_no_fault():
    assert misfit(mean(">=", "0.9"), queries(300, group_size=5), rate_method="wilson") == []
    soft = mean("<=", 2, sli="latency", critical=False)
    assert misfit(soft, queries(60), repeats=3, mean_method="t") == []


def test_in_a_finite_population_repeats_are_independent_events():
    assert misfit(rate("<=", "0.05"), queries(60), repeats=3, rate_method="wilson", population="finite") == []
    found = row_of(
        rate("<=", "0.1"), repeated([[0, 1], [0, 0]] * 30), rate_method="wilson", population="finite"
    ).estimate
    assert found.method == "wilson+finite"


def test_a_kept_run_in_groups_is_gated_by_the_method_of_groups():
    """A run may be gated with another suite than it was checked with: the method says itself what decided."""
    groups = grouped([[[1], [0]], [[1], [1]]])
    assert row_of(rate(">=", "0.9", sli="contains"), groups, rate_method="wilson").estimate.method == "korn-graubard"
