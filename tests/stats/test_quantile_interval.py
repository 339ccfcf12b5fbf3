"""Intervals of quantiles: published, exact, and in step with the gate on exceedances."""

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, quantile_test

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.clusters import scaled_gaffke
from evalslo.stats.exact import clopper_pearson
from evalslo.stats.quantiles import quantile_interval

ALPHA, FLOOR = Fraction(1, 20), Fraction(3, 10)
CONOVER = [189, 233, 195, 160, 212, 176, 231, 185, 199, 213, 202, 193, 174, 166, 248]
LATENCIES = st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9, 1.4, 3.0, 7.5, inf]), min_size=2, max_size=120)


def interval(values, units=None, *, q=Fraction(1, 2), alpha=ALPHA, elements=None):
    return quantile_interval(values, units, q=q, alpha=alpha, icc_floor=FLOOR, elements=elements)


def test_conovers_median():
    assert interval(CONOVER, alpha=Fraction(1, 40)) == (195.0, 176.0, 213.0)


def test_the_interval_is_scipys():
    x = np.random.default_rng(2).lognormal(0, 0.8, size=400)
    for q in (Fraction(1, 2), Fraction(9, 10), Fraction(95, 100)):
        wanted = quantile_test(x, p=float(q)).confidence_interval(0.9)
        assert interval(x, q=q)[1:] == (wanted.low, wanted.high)


@settings(max_examples=30, deadline=None)
@given(LATENCIES, st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(95, 100)]))
def test_the_bounds_are_where_the_gate_changes_its_mind(values, q):
    estimate, lower, upper = interval(values, q=q)
    x = np.array(values)
    for limit in (0.05, 0.1, 0.15, 0.2, 0.5, 0.7, 0.9, 1.4, 2.0, 3.0, 7.5, 9.0):
        gate = clopper_pearson(int((x <= limit).sum()), x.size, target=q, alpha=ALPHA)
        assert passes(gate.p_pass, alpha=ALPHA) == (upper is not None and limit >= upper)
        if lower is not None:
            assert fails(gate.p_fail, alpha=ALPHA) == (limit < lower)
    if estimate is not None:  # counted, not averaged: a float mean of .95 is below 19/20
        assert Fraction(int((x <= estimate).sum()), x.size) >= q > Fraction(int((x < estimate).sum()), x.size)
    else:
        assert Fraction(int(np.isfinite(x).sum()), x.size) < q


@pytest.mark.parametrize("seed", range(4))
def test_with_groups_the_bounds_are_where_the_grouped_gate_changes_its_mind(seed):
    rng = np.random.default_rng(seed)
    units = np.repeat(np.arange(60), rng.integers(1, 8, size=60))
    x = np.round(rng.lognormal(0, 0.5, size=units.size) * rng.lognormal(0, 0.5, size=60)[units], 2)
    _, lower, upper = interval(x, units, q=Fraction(4, 5))

    def gate(limit):
        return scaled_gaffke((x <= limit) * 1.0, units, target=Fraction(4, 5), alpha=ALPHA, icc_floor=FLOOR)

    assert passes(gate(upper).p_pass, alpha=ALPHA)
    assert not passes(gate(np.nextafter(upper, 0)).p_pass, alpha=ALPHA)
    assert fails(gate(np.nextafter(lower, 0)).p_fail, alpha=ALPHA)
    assert not fails(gate(lower).p_fail, alpha=ALPHA)


def test_repeats_inside_groups_are_averaged_as_the_gate_does():
    rng = np.random.default_rng(6)
    queries = np.repeat(np.arange(120), 3)
    groups = queries // 4
    x = np.round(rng.lognormal(0, 0.6, size=360), 2)
    estimate, lower, upper = interval(x, groups, q=Fraction(4, 5), elements=queries)

    def gate(limit):
        shares = (x <= limit).reshape(120, 3).mean(axis=1)
        return scaled_gaffke(shares, np.arange(120) // 4, target=Fraction(4, 5), alpha=ALPHA, icc_floor=FLOOR)

    assert passes(gate(upper).p_pass, alpha=ALPHA)
    assert not passes(gate(np.nextafter(upper, 0)).p_pass, alpha=ALPHA)
    assert fails(gate(np.nextafter(lower, 0)).p_fail, alpha=ALPHA)
    assert not fails(gate(lower).p_fail, alpha=ALPHA)
    assert estimate == np.sort(x)[287]  # 288 of 360 is the first share of .8


def test_the_estimate_is_the_order_statistic_without_interpolation():
    assert interval(np.arange(1, 101), q=Fraction(95, 100))[0] == 95.0
    assert interval(np.arange(1, 8), q=Fraction(1, 2))[0] == 4.0
    assert interval(np.arange(1, 9), q=Fraction(1, 2))[0] == 4.0


def test_too_few_requests_have_no_upper_bound():
    for n, known in ((58, False), (59, True)):
        upper = interval(np.arange(1.0, n + 1), q=Fraction(95, 100))[2]
        assert upper == (59.0 if known else None)


def test_time_outs_are_beyond_every_bound():
    x = np.append(np.arange(1.0, 98.0), [inf, inf, inf])
    assert interval(x, q=Fraction(95, 100))[::2] == (95.0, None)
    assert interval(x, q=Fraction(99, 100))[0] is None
    assert interval([inf, inf]) == (None, None, None)


def test_a_bound_below_the_data_is_unknown():
    assert interval([1.0, 2.0, 3.0]) == (2.0, None, None)


def test_one_request_and_one_unit_have_an_estimate_only():
    assert interval([0.7]) == (0.7, None, None)
    assert interval([0.7, 0.2, 0.4], [5, 5, 5]) == (0.4, None, None)


def test_the_size_of_the_latency_gate_is_exact():
    """Table E of the design: .048/.027 at p95 and n = 59; the upper bound lies under the true quantile that often."""
    ranks = interval(np.arange(1.0, 201.0), q=Fraction(95, 100))
    below = binom.sf(ranks[2] - 1, 200, 0.95)  # at least `upper` of 200 within the true p95
    above = binom.cdf(ranks[1] - 1, 200, 0.95)
    assert (below, above) == pytest.approx((0.026, 0.044), abs=6e-4)


def test_negated_values_decide_at_least():
    """ "p10 >= T": at least 90 % of the requests reach T; PASS up to the bound, FAIL beyond the other."""
    x = np.append(np.random.default_rng(13).lognormal(0, 0.5, size=150), [inf, inf])
    negative = interval(-x, q=Fraction(9, 10))
    for limit in np.quantile(x, [0.01, 0.04, 0.06, 0.1, 0.14, 0.2]):
        gate = clopper_pearson(int((x >= limit).sum()), x.size, target=Fraction(9, 10), alpha=ALPHA)
        assert passes(gate.p_pass, alpha=ALPHA) == (limit <= -negative[2])
        assert fails(gate.p_fail, alpha=ALPHA) == (limit > -negative[1])
    assert negative[1:] == tuple(-bound for bound in interval(x, q=Fraction(1, 10))[:0:-1])
    assert interval([-inf, -inf, -inf]) == (None, None, None)


def test_what_is_no_number_is_refused_by_name():
    with pytest.raises(StatisticsError, match=r"values\[1\] is nan"):
        interval([1.0, float("nan")])
