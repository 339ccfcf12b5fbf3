"""Means of values that do not weigh alike: what weights cost, what they can certify, and that equal ones are none."""

from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import t

from evalslo.errors import StatisticsError
from evalslo.stats.bound import fails, passes
from evalslo.stats.clusters import laid_out, layout_of, scaled_gaffke
from evalslo.stats.gaffke import gaffke
from evalslo.stats.quantiles import quantile_interval
from evalslo.stats.tally import p_fail, p_pass

ALPHA, FLOOR, TARGET = Fraction(1, 20), Fraction(3, 10), Fraction(19, 20)
ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 0.9, 1.0]), st.integers(0, 6), st.sampled_from([0.1, 0.3, 1.0, 7.5])),
    min_size=3,
    max_size=40,
)


def bound(values, units, weights, *, target=TARGET, icc_floor=FLOOR):
    return scaled_gaffke(values, units, target=target, alpha=ALPHA, icc_floor=icc_floor, weights=weights)


@pytest.mark.parametrize("weight", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("units", [np.arange(60), np.arange(60) // 3])
@pytest.mark.parametrize("values", [np.arange(60) % 7 > 0, np.arange(60) % 7 / 6])
def test_equal_weights_are_no_weights_to_the_last_bit(weight, units, values):
    plain = scaled_gaffke(values, units, target=TARGET, alpha=ALPHA, icc_floor=FLOOR)
    assert bound(values, units, np.full(60, weight)) == plain
    x = np.arange(60.0) ** 1.5
    shown = [
        quantile_interval(x, units, q=Fraction(1, 2), alpha=ALPHA, icc_floor=FLOOR, weights=weights)
        for weights in (None, np.full(60, weight))
    ]
    assert shown[0] == shown[1]


def test_a_nearly_equal_weight_changes_next_to_nothing():
    values, units = np.arange(60) % 7 / 6, np.arange(60) // 3
    weights = np.append(np.ones(59), 1.0 + 1e-9)
    near, plain = (
        bound(values, units, weights),
        scaled_gaffke(values, units, target=TARGET, alpha=ALPHA, icc_floor=FLOOR),
    )
    assert near.method == "scaled-gaffke+weights"
    for name in ("estimate", "lower", "upper", "p_pass", "p_fail", "deff"):
        assert getattr(near, name) == pytest.approx(getattr(plain, name), rel=1e-7)


def test_a_heavy_query_counts_by_its_weight():
    found = bound([1, 1, 1, 0], range(4), [1, 1, 1, 7])
    assert (found.estimate, found.method, found.units) == (pytest.approx(0.3), "korn-graubard+weights", 4)
    assert bound([0.5, 1, 1, 0.2], range(4), [1, 1, 1, 2]).estimate == pytest.approx(2.9 / 5)


def test_the_variance_is_that_of_the_weighted_mean():
    """CR2 over units with their shares of the weight; without its adjustment it is the clustered variance of statsmodels."""
    rng = np.random.default_rng(3)
    units = np.repeat(np.arange(12), rng.integers(1, 7, size=12))
    x, w = rng.random(12)[units] * 0.8 + rng.random(units.size) * 0.2, rng.choice([1.0, 2.0, 5.0], units.size)
    n, whole, point = x.size, w.sum(), np.average(x, weights=w)
    shares = np.array([w[units == u].sum() for u in range(12)]) / whole
    residuals = np.array([(w * (x - point))[units == u].sum() for u in range(12)])
    cr0 = sm.WLS(x, np.ones(n), weights=w).fit(cov_type="cluster", cov_kwds={"groups": units, "use_correction": False})
    assert (residuals**2).sum() / whole**2 == pytest.approx(cr0.cov_params()[0, 0], rel=1e-9)
    variance = (residuals**2 / (1 - shares)).sum() / whole**2
    pull = shares**2 / (1 - shares)
    df = 1 / ((shares**2).sum() + pull.sum() ** 2 - (pull**2).sum())
    spread = np.average((x - point) ** 2, weights=w)
    deff = n * variance / spread * (t.ppf(0.95, df) / t.ppf(0.95, n - 1)) ** 2
    found = bound(x, units, w, target=Fraction(1, 2), icc_floor=Fraction(0))
    assert deff > n * (w**2).sum() / whole**2
    assert found.deff == pytest.approx(deff, rel=1e-9)


def test_the_floor_is_kishs_and_the_cap_counts_the_heaviest():
    weights = np.repeat([10.0, 1.0], 100)
    found = bound(np.ones(200), np.arange(200), weights)
    assert found.deff == pytest.approx(200 * 10100 / 1100**2)  # 200 over Kish's 119.8
    assert found.lower == pytest.approx(0.05 ** (1 / 110), rel=1e-12)  # no more than 1100 / 10 perfect queries
    assert found.p_pass == pytest.approx(0.95**110, rel=1e-9)
    assert (found.upper, found.p_fail) == (1.0, 1.0)


def test_the_floor_holds_weights_and_groups_at_once():
    units, weights = np.arange(60) // 3, np.tile([1.0, 1.0, 4.0], 20)
    found = bound(np.ones(60), units, weights)
    assert found.deff == pytest.approx(60 * (0.7 * 20 * 18 + 0.3 * 20 * 36) / 120**2)
    assert found.p_pass == pytest.approx(0.95**20, rel=1e-9)  # groups of the same mean weight: 20 perfect units
    lopsided = bound(np.ones(60), units, np.repeat([4.0, 1.0], 30))
    assert lopsided.p_pass == pytest.approx(0.95**12.5, rel=1e-9)  # ten of weight 4 and ten of 1


@given(ROWS, st.randoms(use_true_random=False), st.sampled_from([0.01, 1.0, 320.0]))
@settings(max_examples=20, deadline=None)
def test_neither_order_nor_scale_nor_names_change_anything(rows, random, scale):
    shuffled = random.sample(rows, len(rows))
    one = bound([v for v, _, _ in rows], [g for _, g, _ in rows], [w for _, _, w in rows])
    other = bound([v for v, _, _ in shuffled], [-g for _, g, _ in shuffled], [w for _, _, w in shuffled])
    assert one == other
    scaled = bound([v for v, _, _ in rows], [g for _, g, _ in rows], [w * scale for _, _, w in rows])
    assert (scaled.method, scaled.units) == (one.method, one.units)
    assert scaled.estimate == pytest.approx(one.estimate, abs=1e-12)
    if one.lower is not None:
        assert (scaled.lower, scaled.p_fail) == pytest.approx((one.lower, one.p_fail), abs=1e-8)


@given(ROWS, st.integers(1, 100))
@settings(max_examples=20, deadline=None)
def test_never_both_verdicts_and_the_interval_holds_the_point(rows, percent):
    found = bound(*([row[i] for row in rows] for i in range(3)), target=Fraction(percent, 100))
    assert not (passes(found.p_pass, alpha=ALPHA) and fails(found.p_fail, alpha=ALPHA))
    if found.lower is not None:
        assert found.lower <= found.estimate + 1e-9
        assert found.upper >= found.estimate - 1e-9
        assert found.lower <= 0.05 ** (1 / found.units) + 1e-12  # weights never certify more than the units could


def sizes(heavy, *, floor=True):
    """How often 200 queries at the target pass and fail it falsely, so many of them with ten times the others' weight."""
    rng = np.random.default_rng(12)
    weights = np.append(np.full(heavy, 10.0), np.ones(200 - heavy))
    layout = layout_of(np.arange(200), alpha=ALPHA, icc_floor=FLOOR, weights=weights / weights.mean())
    layout = layout if floor else replace(layout, floor=1.0, evenness=1.0)
    tallies = [laid_out((rng.random(200) < 0.95).astype(float), layout) for _ in range(600)]
    return (
        np.mean([passes(p_pass(tally, target=TARGET), alpha=ALPHA) for tally in tallies]),
        np.mean([fails(p_fail(tally, target=TARGET), alpha=ALPHA) for tally in tallies]),
    )


def test_weights_of_ten_to_one_keep_their_size():
    """Measured with 1,500 samples each: .027 and .031 where half are heavy; .000 and .020 where a tenth is."""
    passed, failed = sizes(100)
    assert 0.005 <= passed <= 0.05
    assert 0.01 <= failed <= 0.055
    passed, failed = sizes(20)
    assert passed == 0.0  # perfect ones could not pass either: 380 / 10 are fewer than 59
    assert failed <= 0.045
    assert sizes(20, floor=False)[0] > 0.1  # the data do not show what the heavy ones that were perfect hide


def test_the_interval_of_a_quantile_is_where_the_weighted_gate_changes_its_mind():
    rng = np.random.default_rng(7)
    x, w = np.round(rng.lognormal(0, 0.6, size=240), 2), rng.choice([1.0, 4.0], 240)
    estimate, lower, upper = quantile_interval(x, None, q=Fraction(4, 5), alpha=ALPHA, icc_floor=FLOOR, weights=w)

    def gate(limit):
        return bound(x <= limit, np.arange(240), w, target=Fraction(4, 5))

    assert passes(gate(upper).p_pass, alpha=ALPHA)
    assert not passes(gate(np.nextafter(upper, 0)).p_pass, alpha=ALPHA)
    assert fails(gate(np.nextafter(lower, 0)).p_fail, alpha=ALPHA)
    assert not fails(gate(lower).p_fail, alpha=ALPHA)
    assert w[x <= estimate].sum() / w.sum() >= 0.8 > w[x < estimate].sum() / w.sum()


def test_queries_inside_groups_keep_their_weights_in_a_quantile():
    queries = np.repeat(np.arange(120), 3)
    groups, weights = queries // 4, np.where(queries % 4, 1.0, 5.0)
    x = np.round(np.random.default_rng(8).lognormal(0, 0.6, size=360), 2)
    _, _, upper = quantile_interval(
        x, groups, q=Fraction(4, 5), alpha=ALPHA, icc_floor=FLOOR, elements=queries, weights=weights
    )

    def gate(limit):
        shares = (x <= limit).reshape(120, 3).mean(axis=1)
        return bound(shares, np.arange(120) // 4, weights[::3], target=Fraction(4, 5))

    assert passes(gate(upper).p_pass, alpha=ALPHA)
    assert not passes(gate(np.nextafter(upper, 0)).p_pass, alpha=ALPHA)


def test_one_weighted_unit_decides_nothing():
    found = bound([1.0, 0.5], [3, 3], [1, 2])
    assert (found.units, found.estimate, found.lower, found.p_pass, found.deff) == (
        1,
        pytest.approx(2 / 3),
        None,
        None,
        None,
    )


def test_scores_that_are_all_equal_follow_the_floor():
    """Rounding of a mean is no variance: 0.1 has no exact float."""
    weights, units = np.tile([1.0, 3.0], 30), np.arange(60) // 2
    assert bound(np.full(60, 0.1), units, weights).deff == bound(np.full(60, 1.0), units, weights).deff
    plain = scaled_gaffke(np.full(60, 0.1), units, target=TARGET, alpha=ALPHA, icc_floor=FLOOR)
    assert plain.deff == pytest.approx(1.3)
    assert plain.estimate == 0.1
    assert gaffke(np.full(7, 0.1), target=TARGET, alpha=ALPHA).estimate == 0.1


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, 0.0, 1.0], r"weights\[1\] is 0.0; wanted a finite number above 0"),
        ([1.0, 1.0, -2.0], r"weights\[2\] is -2.0"),
        ([float("nan"), 1.0, 1.0], r"weights\[0\] is nan"),
        ([1.0, float("inf"), 1.0], r"weights\[1\] is inf"),
        ([1.0, 1.0], "weights: 2 found for 3 values"),
    ],
)
def test_what_is_no_weight_is_refused_by_name(weights, message):
    with pytest.raises(StatisticsError, match=message):
        bound([1.0, 0.0, 1.0], [0, 1, 2], weights)
