"""Estimates: the method of each design, the two sides of an objective, and the quantile that agrees with its gate."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.model.score import Missing
from evalslo.model.scorecard import Verdict
from evalslo.slo.estimate import count, elements_of, estimate
from evalslo.slo.estimate import quantile as quantile_of
from evalslo.slo.gate import judge
from evalslo.slo.observe import events_of
from tests.slo.conftest import (
    RULES,
    events,
    grouped,
    mean,
    quantile,
    rate,
    rates,
    repeated,
    singles,
    spec_of,
)

LATENCIES = st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0, math.inf]), min_size=2, max_size=120)
SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.6, 1.0]), min_size=2, max_size=60)


def estimated(objective, observations, *, rules=RULES):
    elements = elements_of(events_of(objective, observations))
    return estimate(objective, elements, spec=spec_of(objective), rules=rules)


def bounds(found):
    return found.estimate, found.lower, found.upper


def complement(found):
    return 1 - found.estimate, 1 - found.upper, 1 - found.lower


RATIO, MEAN = rate(">=", "0.9"), mean(">=", "0.5")
DESIGNS = [
    pytest.param(RATIO, singles([1, 0, 1, 1]), "clopper-pearson", 4, 4, id="ratio, one event a query"),
    pytest.param(MEAN, singles([0.5, 0.2, 1, 1]), "gaffke", 4, 4, id="mean, one score a query"),
    pytest.param(RATIO, repeated([[1, 1], [0, 1], [1, 1]]), "korn-graubard", 3, 6, id="ratio, repeats"),
    pytest.param(RATIO, repeated([[1, 1], [0], [1, 1]]), "korn-graubard", 3, 5, id="ratio, unequal repeats"),
    pytest.param(MEAN, repeated([[0.5, 1], [0.2, 1], [1, 1]]), "scaled-gaffke", 3, 6, id="mean, repeats"),
    pytest.param(RATIO, grouped([[[1], [0]], [[1], [1]]]), "korn-graubard", 2, 4, id="ratio, groups"),
    pytest.param(MEAN, grouped([[[0.5], [1]], [[1], [0.3]]]), "scaled-gaffke", 2, 4, id="mean, groups"),
    pytest.param(
        RATIO, grouped([[[1, 0], [1, 1]], [[1, 1], [1, 0]]]), "scaled-gaffke", 2, 4, id="ratio, groups and repeats"
    ),
    pytest.param(
        MEAN, grouped([[[0.5, 0], [1, 1]], [[1, 1], [0.3, 0]]]), "scaled-gaffke", 2, 4, id="mean, groups and repeats"
    ),
    pytest.param(
        events("0.9", "<=", 2), repeated([[1, 9], [1, 1], [1, 1]]), "korn-graubard", 3, 6, id="requests, repeats"
    ),
    pytest.param(
        events("0.9", "<=", 2, of="queries"),
        repeated([[1, 9], [1, 1], [1, 1]]),
        "clopper-pearson",
        3,
        3,
        id="queries, repeats",
    ),
    pytest.param(quantile("0.95", "<=", 2), singles([1, 9, 1]), "clopper-pearson", 3, 3, id="quantile"),
]


@pytest.mark.parametrize(("objective", "observations", "method", "clusters", "size"), DESIGNS)
def test_each_design_has_its_method_and_its_independent_units(objective, observations, method, clusters, size):
    found = estimated(objective, observations)
    assert (found.method, found.clusters) == (method, clusters)
    assert len(elements_of(events_of(objective, observations)).values) == size
    assert (found.deff is None) == (method in ("clopper-pearson", "gaffke"))


def test_a_group_with_repeats_counts_each_query_once_by_its_mean():
    elements = elements_of(grouped([[[1, 0], [1, 1, 1]], [[0], [1, Missing.SCORER_ERROR]]]))
    assert sorted(elements.values) == [0.0, 0.5, 1.0, 1.0]
    assert (elements.queries, elements.clusters) == (4, 2)


def test_copies_at_temperature_zero_do_not_sharpen_a_grouped_bound():
    once = grouped([[[1], [0]], [[1], [1]], [[1], [1]]])
    thrice = grouped([[[1] * 3, [0] * 3], [[1] * 3, [1] * 3], [[1] * 3, [1] * 3]])
    assert estimated(RATIO, thrice) == estimated(RATIO, once)


@pytest.mark.parametrize("objective", [RATIO, MEAN])
def test_groups_of_one_query_are_the_ungrouped_row(objective):
    values = [1, 0, 1, 1, 0, 1]
    assert estimated(objective, grouped([[[value]] for value in values])) == estimated(objective, singles(values))
    pairs = [[1, 0], [1, 1], [0, 0]]
    assert estimated(objective, grouped([[pair] for pair in pairs])) == estimated(objective, repeated(pairs))


def test_a_unit_without_a_measured_event_is_no_unit():
    found = estimated(RATIO, repeated([[1, 1], [Missing.SCORER_ERROR] * 2, [0, 1]]))
    assert found == estimated(RATIO, repeated([[1, 1], [0, 1]]))


@given(values=SCORES, target=st.sampled_from(["0.05", "0.3", "0.5", "0.95"]))
@settings(max_examples=40, deadline=None)
def test_an_at_most_mean_is_the_at_least_mean_of_the_complement(values, target):
    low = estimated(mean("<=", target, sli="toxicity"), singles(values))
    high = estimated(mean(">=", 1 - Fraction(target)), singles([1.0 - value for value in values]))
    assert bounds(low) == pytest.approx(complement(high), abs=1e-12)
    assert (low.p_pass, low.p_fail, low.needed) == (high.p_pass, high.p_fail, high.needed)


@given(bad=st.integers(0, 40), more=st.integers(2, 200), target=st.sampled_from(["0.01", "0.05", "0.2"]))
@settings(max_examples=40, deadline=None)
def test_an_at_most_rate_is_the_at_least_rate_of_the_complement(bad, more, target):
    low = estimated(rate("<=", target), rates(bad, bad + more))
    high = estimated(rate(">=", 1 - Fraction(target)), singles([0.0] * bad + [1.0] * more))
    assert bounds(low) == pytest.approx(complement(high), abs=1e-12)
    assert (low.p_pass, low.p_fail, low.needed) == (high.p_pass, high.p_fail, high.needed)


@pytest.mark.parametrize("rows", [[[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]], [[1, 0], [0, 0], [0, 0]]])
def test_repeats_are_mirrored_too(rows):
    low = estimated(rate("<=", "0.1"), repeated(rows))
    high = estimated(rate(">=", "0.9"), repeated([[1 - value for value in row] for row in rows]))
    assert bounds(low) == pytest.approx(complement(high), abs=1e-12)
    assert (low.p_pass, low.p_fail, low.icc, low.deff) == (high.p_pass, high.p_fail, high.icc, high.deff)


def test_seven_bad_of_two_hundred_against_five_per_cent():
    found = estimated(rate("<=", "0.05"), rates(7, 200))
    assert [round(number, 4) for number in bounds(found)] == [0.035, 0.0165, 0.0647]
    assert (round(found.p_pass, 2), round(found.p_fail, 2)) == (0.21, 0.88)
    assert (found.method, found.clusters, found.needed) == ("clopper-pearson", 200, 401)


@pytest.mark.parametrize(
    ("good", "n", "lower"),
    [(95, 100, 0.8977466), (48, 50, 0.8793859), (980, 1000, 0.9710699), (20, 20, 0.860892)],
)
def test_lower_bounds_as_published(good, n, lower):
    found = estimated(rate(">=", "0.9"), singles([1.0] * good + [0.0] * (n - good)))
    assert found.lower == pytest.approx(lower, abs=1e-6)


def test_a_mean_of_scores_has_gaffkes_bound():
    found = estimated(mean(">=", "0.9"), singles([1.0] * 30 + [0.5] * 5 + [0.0] * 2))
    assert bounds(found) == pytest.approx((0.878378, 0.768221, 0.942691), abs=1e-6)


def test_needed_units_are_told_in_golden_queries():
    rows = [[[1]] * 5] * 8
    found = estimated(rate(">=", "0.9"), grouped(rows))
    assert (found.clusters, found.deff) == (8, pytest.approx(2.2))
    assert found.needed == 5 * (29 - 8)  # no fewer groups than perfect independent queries: .9 ** 29 <= .05


@pytest.mark.parametrize("bad", [0, 3])
def test_one_unit_has_an_estimate_and_no_bound(bad):
    found = estimated(rate("<=", "0.05"), grouped([[[1]] * bad + [[0]] * 5]))
    assert found.estimate == pytest.approx(bad / (bad + 5))
    assert (found.lower, found.upper, found.p_pass, found.p_fail, found.needed) == (None,) * 5


def test_a_mean_of_a_quantity_is_a_point_only():
    found = estimated(mean("<=", 2, sli="latency"), singles([1.0, 2.0, 6.0]))
    assert bounds(found) == (3.0, None, None)
    assert (found.method, found.clusters) == (None, 3)


def test_reasons_are_counted_by_name():
    observations = rates(1, 4, unmeasured=2, not_applicable=3)
    counts = count(events_of(rate("<=", "0.05"), observations), ratio=True)
    assert (counts.good, counts.bad, counts.n, counts.unmeasured, counts.not_applicable) == (3, 1, 4, 2, 3)
    assert dict(counts.excluded_reasons) == {"no_claim": 3, "scorer_error": 2}
    assert counts.coverage == pytest.approx(4 / 6)
    assert count(singles([0.5, 0.25]), ratio=False).good is None


# Quantiles: "p95 <= T" is "at least 95 % are within T".


@pytest.mark.parametrize(("slow", "n"), [(0, 58), (0, 59), (2, 124), (3, 124), (15, 100), (7, 100)])
def test_a_quantile_row_is_the_share_row(slow, n):
    observations = singles([1.0] * (n - slow) + [9.0] * slow)
    by_quantile, by_share = quantile("0.95", "<=", 2), events("0.95", "<=", 2)
    assert estimated(by_quantile, observations) == estimated(by_share, observations)
    assert quantile_of(by_share, observations, rules=RULES) is None


def verdict_at(objective, observations):
    return judge(objective, observations, spec=spec_of(objective), rules=RULES, scorer=None).verdict


def agrees(make, observations, thresholds):
    """That PASS is "the whole interval keeps the bound" and FAIL is "the whole interval misses it", at every threshold."""
    shown = quantile_of(make(1), observations, rules=RULES)
    sign = 1 if make(1).event.op == "<=" else -1
    best, worst = (shown.lower, shown.upper) if sign == 1 else (shown.upper, shown.lower)
    for threshold in thresholds:
        verdict = verdict_at(make(threshold), observations)
        assert (verdict is Verdict.PASS) == (worst is not None and sign * worst <= sign * threshold)
        if best is None:  # beyond the data, or infinite: then more than the quantile itself is a failed call
            assert verdict is not Verdict.FAIL or shown.estimate is None
        else:
            assert (verdict is Verdict.FAIL) == (sign * threshold < sign * best)
    return shown


@given(values=LATENCIES, q=st.sampled_from(["0.5", "0.9", "0.95"]))
@settings(max_examples=40, deadline=None)
def test_the_interval_of_a_latency_quantile_agrees_with_its_verdict(values, q):
    shown = agrees(lambda value: quantile(q, "<=", value), singles(values), [0.4, 0.5, 0.7, 1.0, 1.2, 1.5, 2.0])
    assert (shown.lower or 0) <= (shown.estimate or math.inf) <= (shown.upper or math.inf)


@given(
    values=st.lists(st.sampled_from([10.0, 20.0, 30.0, 40.0]), min_size=2, max_size=120),
    q=st.sampled_from(["0.1", "0.5"]),
)
@settings(max_examples=40, deadline=None)
def test_the_interval_of_an_at_least_quantile_agrees_with_its_verdict(values, q):
    shown = agrees(lambda value: quantile(q, ">=", value, sli="tokens"), singles(values), [5, 10, 15, 20, 30, 40, 45])
    assert (shown.lower or 0) <= shown.estimate <= (shown.upper or math.inf)


@pytest.mark.parametrize(
    "observations",
    [
        pytest.param(repeated([[n / 10, n / 10 + 0.01] for n in range(40)]), id="repeats"),
        pytest.param(grouped([[[g / 10], [g / 10 + 0.01], [g / 10 + 0.02]] for g in range(40)]), id="groups"),
        pytest.param(grouped([[[g / 10, 0.1], [g / 10, g / 9]] for g in range(40)]), id="groups and repeats"),
    ],
)
def test_the_interval_of_a_quantile_agrees_with_its_verdict_where_values_depend(observations):
    thresholds = sorted({one.value for one in observations})
    shown = agrees(lambda value: quantile("0.5", "<=", Fraction(value)), observations, thresholds)
    assert shown.lower < shown.estimate < shown.upper


def test_an_at_least_quantile_is_the_at_most_quantile_of_the_negated_values():
    values = [float(number) for number in range(1, 101)]
    shown = quantile_of(quantile("0.1", ">=", 5, sli="tokens"), singles(values), rules=RULES)
    assert (shown.q, shown.estimate) == (0.1, 11.0)  # 90 of 100 are at least 11
    # of 100 at most 4 may be short for a PASS at .90, and 16 are the fewest that show a miss
    assert (shown.lower, shown.upper) == (5.0, 16.0)


def test_a_quantile_beyond_the_failed_calls_has_no_upper_bound():
    shown = quantile_of(quantile("0.95", "<=", 2), singles([1.0] * 95 + [math.inf] * 5), rules=RULES)
    assert (shown.estimate, shown.upper) == (1.0, None)
