"""Comparisons: the method of each design, which direction is worse, failures, what was not measured, and the verdict."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import multinomial

from evalslo.errors import StatisticsError
from evalslo.model.score import Missing
from evalslo.model.scorecard import Verdict
from evalslo.model.suite import GateRules
from evalslo.slo.comparison import compare
from evalslo.stats.bound import fails
from evalslo.stats.paired import newcombe_paired, paired_scores, tango
from evalslo.stats.unpaired import newcombe_unpaired
from tests.slo.conftest import (
    ALPHA,
    FLOOR,
    RULES,
    events,
    grouped,
    mean,
    one,
    quantile,
    rate,
    repeated,
    singles,
    spec_of,
)

MARGIN = Fraction(1, 20)
RIGHT, SCORE, RUDE = rate(">=", "0.9", sli="contains"), mean(">=", "0.5"), mean("<=", "0.1", sli="toxicity")
LIES = rate("<=", "0.05", sli="hallucination")
IN_TIME = events("0.95", "<=", "2")


def compared(objective, baseline, candidate, *, margin=MARGIN, rules=RULES, unpaired=False):
    return compare(
        objective, baseline, candidate, margin=margin, spec=spec_of(objective), rules=rules, unpaired=unpaired
    )


def failed(values, *, worst=0.0):
    """One observation a query; None is a failed call, which counts as the worst."""
    return [
        replace(one(worst, number), failed=True) if value is None else one(value, number)
        for number, value in enumerate(values)
    ]


GAPS = GateRules(min_coverage=Fraction(1, 2))


def codes(row):
    return [reason.code for reason in row.reasons]


def pairs(better, worse, same, *, right=True):
    """Two runs of which the candidate alone is right `better` times, the baseline alone `worse` times."""
    baseline = [0] * better + [1] * worse + [int(right)] * same
    candidate = [1] * better + [0] * worse + [int(right)] * same
    return singles(baseline), singles(candidate)


DESIGNS = [
    pytest.param(RIGHT, singles([1, 0, 1, 1]), singles([1, 1, 1, 0]), "tango", 4, id="right or wrong"),
    pytest.param(SCORE, singles([0.5, 0.2, 1]), singles([0.6, 0.2, 1]), "gaffke", 3, id="scores"),
    pytest.param(SCORE, singles([0, 0, 1]), singles([1, 0, 1]), "gaffke", 3, id="scores that are zeros and ones"),
    pytest.param(RIGHT, repeated([[1, 1], [0, 1]]), repeated([[1, 0], [0, 0]]), "gaffke", 2, id="repeats"),
    pytest.param(RIGHT, grouped([[[1], [0]], [[1]]]), grouped([[[1], [1]], [[0]]]), "scaled-gaffke", 2, id="groups"),
    pytest.param(RIGHT, grouped([[[1]], [[0]]]), grouped([[[1]], [[1]]]), "tango", 2, id="groups of one query"),
    pytest.param(
        SCORE,
        grouped([[[0.1, 0.4], [1, 1]], [[0, 1]]]),
        grouped([[[0.1, 0.4], [1, 0]], [[0, 0]]]),
        "scaled-gaffke",
        2,
        id="groups and repeats",
    ),
    pytest.param(IN_TIME, singles([1, 3, math.inf]), singles([1, 1, 1]), "tango", 3, id="latency"),
    pytest.param(quantile("0.95", "<=", "2"), singles([1, 3, 1]), singles([1, 1, 3]), "tango", 3, id="quantile"),
    pytest.param(
        events("0.9", ">=", "0.7", sli="token_f1", of="queries", unit=None),
        repeated([[0.8, 0.9], [0.8, 0.1]]),
        repeated([[0.8, 0.9], [0.8, 0.9]]),
        "tango",
        2,
        id="all repeats of a query",
    ),
]


@pytest.mark.parametrize(("objective", "baseline", "candidate", "method", "units"), DESIGNS)
def test_each_design_has_its_method(objective, baseline, candidate, method, units):
    row = compared(objective, baseline, candidate)
    assert (row.method, row.clusters, row.paired) == (method, units, True)
    assert row.lower <= row.delta <= row.upper
    assert row.delta == pytest.approx(row.candidate - row.baseline)
    strict = compared(objective, baseline, candidate, rules=GateRules(strict=True))
    assert strict.method == "betting+strict"
    assert strict.delta == pytest.approx(row.delta)


UNPAIRED = [
    pytest.param(RIGHT, singles([1, 0, 1, 1]), singles([1, 1, 0]), "newcombe", 7, id="right or wrong"),
    pytest.param(SCORE, singles([0.5, 0.2, 1]), singles([0.6, 0.4, 1]), "mover-gaffke", 6, id="scores"),
    pytest.param(
        RIGHT, repeated([[1, 1], [0, 1], [1, 1]]), repeated([[1, 0], [1, 1]]), "mover-korn-graubard", 5, id="repeats"
    ),
    pytest.param(
        RUDE,
        grouped([[[0.1], [0]], [[0.3]]]),
        singles([0.2, 0, 0.1]),
        "mover-scaled-gaffke-gaffke",
        5,
        id="groups in one arm",
    ),
]


@pytest.mark.parametrize(("objective", "baseline", "candidate", "method", "units"), UNPAIRED)
def test_each_unpaired_design_has_its_method(objective, baseline, candidate, method, units):
    row = compared(objective, baseline, candidate, unpaired=True)
    assert (row.method, row.clusters, row.paired) == (method, units, False)
    assert row.counts.n == len(baseline) + len(candidate)
    assert (row.improved, row.regressed, row.unchanged) == ((), (), ())
    assert row.lower <= row.delta <= row.upper
    assert row.delta == pytest.approx(row.candidate - row.baseline)
    strict = compared(objective, baseline, candidate, unpaired=True, rules=GateRules(strict=True))
    assert strict.method.startswith("bonferroni-")
    assert strict.upper - strict.lower > row.upper - row.lower - 1e-12


@pytest.mark.parametrize(("n", "discordant", "margin"), [(100, 0.06, "0.05"), (200, 0.04, "0.03")])
def test_a_false_fail_keeps_its_rate_where_few_pairs_differ(n, discordant, margin):
    """Exactly at the margin, by enumeration. Tango's own bound would fail in .065 and .073 of comparisons."""
    margin = Fraction(margin)
    rates = {"better": (discordant - float(margin)) / 2, "worse": (discordant + float(margin)) / 2}
    same = 1 - sum(rates.values())
    total = tango_alone = 0.0
    for better in range(12):
        for worse in range(28):
            chance = multinomial.pmf([better, worse, n - better - worse], n=n, p=[*rates.values(), same])
            if chance < 1e-9 or not fails(tango(better, worse, n=n, margin=margin, alpha=ALPHA).p_fail, alpha=ALPHA):
                continue
            tango_alone += chance
            row = compared(RIGHT, *pairs(better, worse, n - better - worse), margin=margin)
            total += chance * (row.verdict is Verdict.FAIL)
    assert total <= 0.05 < tango_alone


def test_the_numbers_are_those_of_the_method():
    row, wanted = compared(RIGHT, *pairs(3, 7, 190)), tango(3, 7, n=200, margin=MARGIN, alpha=ALPHA)
    guard = newcombe_paired(3, 7, both=190, neither=0, margin=MARGIN, alpha=ALPHA)
    assert (row.delta, row.lower, row.p_noninferior) == (wanted.estimate, wanted.lower, wanted.p_pass)
    assert (row.upper, row.p_worse) == (max(wanted.upper, guard.upper), max(wanted.p_fail, guard.p_fail))
    assert (row.p_superior, row.p_equivalent) == (wanted.p_superior, wanted.p_equivalent)
    assert (row.id, row.margin, row.counts.n, row.counts.planned) == (RIGHT.id, MARGIN, 200, 200)
    assert (len(row.improved), len(row.regressed), len(row.unchanged)) == (3, 7, 190)
    two = compared(RIGHT, *pairs(3, 7, 190), unpaired=True)
    apart = newcombe_unpaired((197, 200), (193, 200), margin=MARGIN, alpha=ALPHA)
    assert (two.lower, two.upper, two.p_noninferior) == (apart.lower, apart.upper, apart.p_pass)


@pytest.mark.parametrize(
    ("better", "worse", "same", "verdict", "code"),
    [
        (2, 2, 196, Verdict.PASS, []),
        (0, 40, 160, Verdict.FAIL, ["missed"]),
        (2, 4, 44, Verdict.INCONCLUSIVE, ["underpowered"]),
    ],
)
def test_the_verdict_follows_from_the_p_values(better, worse, same, verdict, code):
    row = compared(RIGHT, *pairs(better, worse, same))
    assert (row.verdict, codes(row)) == (verdict, code)
    assert (row.needed is None) == (verdict is not Verdict.INCONCLUSIVE)


def test_an_open_row_says_how_many_more_queries_would_settle_it():
    row = compared(RIGHT, *pairs(2, 3, 45))
    assert f"about {row.needed} more queries" in row.reasons[0].text
    scale = (50 + row.needed) / 50
    assert tango(2 * scale, 3 * scale, n=50 * scale, margin=MARGIN, alpha=ALPHA).p_pass <= 0.05


def test_lower_is_better_is_the_mirror_image():
    good, bad = pairs(8, 1, 91, right=True)
    up = compared(RIGHT, good, bad)
    down = compared(LIES, *[[replace(one_, value=1 - one_.value) for one_ in run] for run in (good, bad)])
    assert (down.delta, down.lower, down.upper) == pytest.approx((-up.delta, -up.upper, -up.lower))
    assert (down.p_noninferior, down.improved) == (up.p_noninferior, up.improved)
    assert down.baseline == pytest.approx(1 - up.baseline)
    assert down.verdict is up.verdict


def test_a_mean_that_is_better_lower_fails_where_it_rises():
    rng = np.random.default_rng(5)
    calm, rude = rng.uniform(0, 0.1, 150), rng.uniform(0.3, 0.5, 150)
    row = compared(RUDE, singles(calm), singles(rude))
    assert (row.verdict, row.improved) == (Verdict.FAIL, ())
    assert row.delta == pytest.approx(rude.mean() - calm.mean())
    assert row.lower > 0.05
    assert compared(RUDE, singles(rude), singles(calm)).verdict is Verdict.PASS


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_swapping_the_runs_swaps_better_and_worse(quarters):
    first, second = (singles([pair[side] / 4 for pair in quarters]) for side in (0, 1))
    there, back = compared(SCORE, first, second), compared(SCORE, second, first)
    assert (there.delta, there.lower, there.upper) == pytest.approx((-back.delta, -back.upper, -back.lower), abs=1e-9)
    assert (there.improved, there.regressed, there.unchanged) == (back.regressed, back.improved, back.unchanged)


def test_repeats_count_as_one_difference_of_means_a_query():
    row = compared(RIGHT, repeated([[1, 1, 0], [1, 1, 1]]), repeated([[1, 0, 0], [1, 1, 1]]))
    wanted = paired_scores([-1 / 3, 0.0], margin=MARGIN, alpha=ALPHA, icc_floor=FLOOR)
    assert (row.delta, row.lower) == pytest.approx((wanted.estimate, wanted.lower))
    assert (row.regressed, row.unchanged, row.counts.n) == (("0",), ("1",), 6)


def test_the_order_of_the_observations_changes_nothing():
    baseline, candidate = pairs(3, 5, 60)
    row, turned = compared(RIGHT, baseline, candidate), compared(RIGHT, baseline[::-1], candidate)
    assert row == turned


def test_a_latency_quantile_compares_the_shares_in_time():
    slow, fast = singles([1.0] * 90 + [3.0] * 10), singles([1.9] * 100)
    row = compared(quantile("0.95", "<=", "2"), slow, fast)
    assert (row.baseline, row.candidate, row.delta) == pytest.approx((0.9, 1.0, 0.1))
    assert row.verdict is Verdict.PASS


# failures


def test_a_failure_of_the_baseline_alone_makes_no_difference():
    row = compared(RIGHT, failed([None, None, 1, 1]), failed([1, 1, 1, 1]), rules=GAPS)
    assert (row.delta, row.improved) == (0.0, ())
    assert (row.baseline, row.candidate) == (0.5, 1.0)
    assert (row.counts.n, row.counts.unmeasured, row.counts.excluded_reasons) == (2, 2, {"call_error": 2})


def test_a_failure_of_the_candidate_alone_is_the_worst_there_is():
    row = compared(SCORE, failed([0.3, 0.5]), failed([None, 0.5]))
    assert (row.delta, row.regressed) == (-0.5, ("0",))


def test_a_failure_of_both_makes_no_difference():
    assert compared(SCORE, failed([None, 0.5]), failed([None, 0.5]), rules=GAPS).delta == 0.0


LOST = [
    pytest.param(RIGHT, [None] * 100, [0] * 100, id="wrong where the baseline failed"),
    pytest.param(SCORE, [None] * 100, [0] * 100, id="scores of 0 where the baseline failed"),
    pytest.param(RIGHT, [None] * 40 + [1] * 160, [0] * 40 + [1] * 160, id="wrong where a part of the baseline failed"),
    pytest.param(RIGHT, [None] * 100, [None] * 100, id="both failed"),
    pytest.param(LIES, [None] * 40 + [0] * 160, [1] * 40 + [0] * 160, id="lies where a part of the baseline failed"),
]


@pytest.mark.parametrize("unpaired", [False, True])
@pytest.mark.parametrize(("objective", "baseline", "candidate"), LOST)
def test_no_pass_beside_a_baseline_whose_calls_failed(objective, baseline, candidate, unpaired):
    worst = float(objective is LIES)
    row = compared(objective, failed(baseline, worst=worst), failed(candidate, worst=worst), unpaired=unpaired)
    assert (row.verdict, codes(row), row.delta) == (Verdict.ERROR, ["coverage"], None)


@pytest.mark.parametrize(("objective", "answer"), [(RIGHT, 0), (RIGHT, None), (SCORE, 0), (SCORE, 0.5), (SCORE, None)])
def test_what_a_failed_baseline_could_have_answered_counts_against_a_pass(objective, answer):
    """At a floor of coverage that lets them through: 20 of 200 could be 0.1, or for half a score 0.05, worse."""
    baseline, candidate = failed([None] * 20 + [1] * 180), failed([answer] * 20 + [1] * 180)
    margin = Fraction(4, 100)
    row = compared(objective, baseline, candidate, rules=GAPS, margin=margin)
    assert row.p_noninferior <= 0.05
    assert (row.verdict, codes(row)) == (Verdict.INCONCLUSIVE, ["unmeasured"])


@pytest.mark.parametrize("rules", [RULES, GateRules(strict=True)])
@pytest.mark.parametrize("objective", [RIGHT, SCORE])
def test_a_good_candidate_passes_beside_a_baseline_that_failed_now_and_then(objective, rules):
    row = compared(objective, failed([None] * 2 + [1] * 198), singles([1] * 200), rules=rules)
    assert (row.verdict, row.counts.n, row.counts.unmeasured) == (Verdict.PASS, 198, 2)


def test_a_time_out_of_the_baseline_does_not_flatter_the_candidate():
    timed_out = failed([None] * 20 + [1.0] * 80, worst=math.inf)
    assert compared(IN_TIME, timed_out, singles([1.0] * 100), rules=GAPS).delta == 0.0
    assert compared(IN_TIME, singles([1.0] * 100), timed_out).delta == pytest.approx(-0.2)


def test_of_the_share_of_errors_a_failure_is_the_measurement():
    row = compared(rate("<=", "0.01"), failed([None, 0, 0, 0], worst=1.0), singles([0, 0, 0, 0]))
    assert row.delta == pytest.approx(-0.25)
    assert (row.counts.n, row.counts.unmeasured) == (4, 0)


def test_a_query_whose_answers_were_bad_anyway_did_not_only_fail():
    of_queries = events("0.9", ">=", "0.7", sli="token_f1", of="queries", unit=None)
    answer, failure = one(0.1, 0), replace(one(0, 0, repeat=1), failed=True)
    fine = [one(0.9, 0), one(0.9, 0, repeat=1)]
    rest = [one(0.9, 1), one(0.9, 1, repeat=1)]
    assert compared(of_queries, [answer, failure, *rest], [*fine, *rest]).improved == ("0",)
    failed_only = [one(0.9, 0), failure]
    assert compared(of_queries, [*failed_only, *rest], [*fine, *rest], rules=GAPS).improved == ()


def test_failures_alone_do_not_show_a_candidate_worse():
    """Where the baseline answered no better, the failed calls of the candidate are no proof that it is worse."""
    row = compared(RIGHT, singles([0] * 60 + [1] * 40), failed([None] * 60 + [1] * 40))
    assert row.delta == pytest.approx(-0.6)
    assert (row.verdict, codes(row)) == (Verdict.INCONCLUSIVE, ["unmeasured"])
    assert compared(RIGHT, singles([1] * 100), failed([None] * 60 + [1] * 40)).verdict is Verdict.FAIL


def test_unpaired_failures_of_the_baseline_are_set_aside():
    baseline = failed([None] * 2 + [1] * 90 + [0] * 8)
    row = compared(RIGHT, baseline, singles([1] * 100), unpaired=True)
    assert row.baseline == pytest.approx(90 / 98)
    assert (row.counts.n, row.counts.unmeasured) == (198, 2)
    flaky = compared(RIGHT, failed([None] * 10 + [1] * 90), singles([1] * 100), unpaired=True)
    assert (flaky.verdict, codes(flaky)) == (Verdict.ERROR, ["coverage"])
    assert flaky.reasons[0].text.startswith("baseline: measured 90 of 100")


# what was not measured


def test_pairs_that_were_not_measured_in_both_count_against_coverage():
    holes = singles([Missing.SCORER_ERROR] * 6 + [1] * 94)
    row = compared(RIGHT, singles([1] * 100), holes)
    assert (row.verdict, codes(row), row.delta) == (Verdict.ERROR, ["coverage"], None)
    assert (row.counts.planned, row.counts.n, row.counts.unmeasured) == (100, 94, 6)


def test_pairs_that_have_nothing_to_compare_do_not_count():
    silent = singles([Missing.NO_CLAIM] * 50 + [1] * 100)
    row = compared(RIGHT, singles([Missing.SCORER_ERROR] * 50 + [1] * 100), silent)
    assert (row.counts.n, row.counts.unmeasured, row.counts.not_applicable) == (100, 0, 50)
    assert row.verdict is Verdict.PASS


@pytest.mark.parametrize("unpaired", [False, True])
def test_no_pass_where_the_unmeasured_could_hide_the_margin(unpaired):
    full, holes = singles([1] * 600), singles([Missing.SCORER_ERROR] * 25 + [1] * 575)
    shown = compared(RIGHT, full, holes, unpaired=unpaired, margin=Fraction(4, 100))
    assert shown.p_noninferior <= 0.05
    assert (shown.verdict, codes(shown)) == (Verdict.INCONCLUSIVE, ["unmeasured"])
    assert compared(RIGHT, full, holes, unpaired=unpaired).verdict is Verdict.PASS


@pytest.mark.parametrize("unpaired", [False, True])
def test_no_fail_where_the_unmeasured_could_make_up_for_it(unpaired):
    holes = [Missing.SCORER_ERROR] * 30
    baseline, candidate = singles(holes + [1] * 570), singles(holes + [0] * 60 + [1] * 510)
    shown = compared(RIGHT, baseline, candidate, unpaired=unpaired, margin=Fraction(6, 100))
    assert shown.p_worse < 0.05
    assert (shown.verdict, codes(shown)) == (Verdict.INCONCLUSIVE, ["unmeasured"])
    assert compared(RIGHT, baseline, candidate, unpaired=unpaired, margin=Fraction(2, 100)).verdict is Verdict.FAIL


# strict: the bounds themselves hold whatever the unmeasured events were

LOST_SCORES = [Missing.SCORER_ERROR] * 49
RIGHT_THROUGHOUT, LOST_49, WRONG_49 = ([*start, *[1] * 951] for start in ([1] * 49, LOST_SCORES, [0] * 49))
STRICT = [
    pytest.param(singles(RIGHT_THROUGHOUT), singles(LOST_49), False, Verdict.PASS, id="the candidate's lost"),
    pytest.param(singles(RIGHT_THROUGHOUT), singles(LOST_49), True, Verdict.PASS, id="unpaired, the candidate's lost"),
    pytest.param(singles(LOST_49), singles(WRONG_49), False, Verdict.PASS, id="the baseline's lost"),
    pytest.param(failed([None] * 49 + [1] * 951), singles(WRONG_49), False, Verdict.PASS, id="the baseline's failed"),
    pytest.param(singles(LOST_49), singles([1] * 895 + [0] * 105), False, Verdict.FAIL, id="worse"),
    pytest.param(singles(LOST_49), singles([1] * 895 + [0] * 105), True, Verdict.FAIL, id="unpaired, worse"),
]


@pytest.mark.parametrize("objective", [RIGHT, SCORE])
@pytest.mark.parametrize(("baseline", "candidate", "unpaired", "tempting"), STRICT)
def test_strict_decides_nothing_that_the_unmeasured_could_undo(objective, baseline, candidate, unpaired, tempting):
    """With the unmeasured at their worst the point keeps to its side of the margin, by a hair: chance would do that too."""
    strict = GateRules(strict=True)
    row = compared(objective, baseline, candidate, unpaired=unpaired, rules=strict)
    assert (row.verdict, codes(row), row.needed) == (Verdict.INCONCLUSIVE, ["underpowered"], None)
    assert row.lower <= row.delta <= row.upper
    assert row.lower < -0.05 < row.upper
    assert min(row.p_noninferior, row.p_worse) > 0.05
    whole = [[one_ for one_ in run if one_.value is not None and not one_.failed] for run in (baseline, candidate)]
    alone = compared(objective, *whole, unpaired=unpaired, rules=strict)
    assert (alone.verdict, alone.delta) == (tempting, pytest.approx(row.delta))


def test_strict_passes_where_no_answer_to_the_unmeasured_would_change_that():
    strict, full, holes = GateRules(strict=True), singles(RIGHT_THROUGHOUT), singles(LOST_49)
    for unpaired in (False, True):
        row = compared(RIGHT, full, holes, unpaired=unpaired, margin=Fraction(1, 10), rules=strict)
        assert row.verdict is Verdict.PASS
        assert row.lower < -0.049
    assert compared(RIGHT, holes, full, rules=strict).verdict is Verdict.PASS  # no baseline is better than right


def test_strict_bounds_hold_the_point_where_the_worst_case_is_above_it():
    """The unmeasured pairs have a candidate that is known to be right: even their worst is better than the others."""
    baseline = singles([Missing.SCORER_ERROR] * 500 + [1] * 500)
    row = compared(
        SCORE, baseline, singles([1] * 500 + [0.1] * 500), rules=GateRules(strict=True, min_coverage=Fraction(1, 2))
    )
    assert row.delta == pytest.approx(-0.9)
    assert row.lower <= row.delta <= row.upper


def test_a_strict_comparison_rarely_passes_what_its_scorer_hides():
    """These candidates are worse by a little more than the margin, and the scorer fails on 49 bad answers of 1000."""
    rng = np.random.default_rng(3)
    passed = 0
    for _ in range(20):
        wrong = rng.random(1000) < 0.051
        hidden = np.flatnonzero(wrong)[:49]
        candidate = (1 - wrong).tolist()
        for place in hidden:
            candidate[place] = Missing.SCORER_ERROR
        row = compared(RIGHT, singles(RIGHT_THROUGHOUT), singles(candidate), rules=GateRules(strict=True))
        passed += row.verdict is Verdict.PASS
    assert passed <= 1


@pytest.mark.parametrize("unpaired", [False, True])
def test_nothing_to_compare_is_an_error(unpaired):
    row = compared(RIGHT, singles([1, 1]), singles([Missing.NO_CLAIM, Missing.NO_CLAIM]), unpaired=unpaired)
    assert (row.verdict, codes(row), row.delta) == (Verdict.ERROR, ["no_data"], None)
    assert compared(RIGHT, [], [], unpaired=unpaired).verdict is Verdict.ERROR


def test_events_of_one_run_only_are_counted_and_left_out():
    row = compared(RIGHT, [one(1, "a"), one(1, "b"), one(1, "c")], [one(1, "a"), one(0, "b"), one(0, "z")])
    assert (row.counts.planned, row.unmatched, row.regressed) == (2, 2, ("b",))
    none = compared(RIGHT, [one(1, "a")], [one(1, "z")])
    assert (none.verdict, codes(none), none.unmatched) == (Verdict.ERROR, ["no_data"], 2)


@pytest.mark.parametrize("unpaired", [False, True])
def test_one_independent_unit_decides_nothing(unpaired):
    together = grouped([[[1], [1], [0]]])
    row = compared(RIGHT, together, together, unpaired=unpaired)
    assert (row.verdict, codes(row)) == (Verdict.INCONCLUSIVE, ["one_unit"])
    assert (row.delta, row.lower, row.p_noninferior) == (0.0, None, None)


@pytest.mark.parametrize("unpaired", [False, True])
def test_the_mean_of_a_quantity_is_shown_and_not_decided(unpaired):
    slow = mean("<=", "2", sli="latency", unit="s")
    row = compared(slow, singles([1.0, 2.0]), singles([2.0, 4.0]), margin=Fraction(3), unpaired=unpaired)
    assert (row.verdict, codes(row), row.method, row.lower) == (Verdict.INCONCLUSIVE, ["no_bound"], None, None)
    assert (row.baseline, row.candidate, row.delta) == pytest.approx((1.5, 3.0, 1.5))


def test_weights_move_the_difference():
    baseline = [replace(one_, weight=1.0 + 4 * (n < 50)) for n, one_ in enumerate(singles([1] * 200))]
    candidate = [replace(one_, weight=1.0 + 4 * (n < 50)) for n, one_ in enumerate(singles([0] * 5 + [1] * 195))]
    row = compared(RIGHT, baseline, candidate)
    assert row.delta == pytest.approx(-25 / 400)
    assert row.method == "scaled-gaffke+weights"
    assert compared(RIGHT, baseline, candidate, rules=GateRules(strict=True)).method == "betting+strict+weights"
    apart = compared(RIGHT, baseline, candidate, unpaired=True)
    assert apart.delta == pytest.approx(-25 / 400)
    assert "+weights" in apart.method


def test_the_scorer_needs_no_calibration_to_be_compared_with_itself():
    assert spec_of(LIES).unproven
    assert compared(LIES, singles([0] * 100), singles([0] * 100)).verdict is Verdict.PASS


@pytest.mark.parametrize("margin", [Fraction(-1, 100), Fraction(1), Fraction(2)])
def test_a_margin_that_says_nothing_is_refused(margin):
    with pytest.raises(StatisticsError, match="margin"):
        compared(RIGHT, singles([1, 1]), singles([1, 1]), margin=margin)


@pytest.mark.parametrize("unpaired", [False, True])
def test_a_comparison_by_an_unproven_scorer_says_that_labels_do_not_correct_it(unpaired):
    said = compared(LIES, *pairs(2, 2, 196, right=False), unpaired=unpaired)
    assert said.verdict is not Verdict.ERROR
    assert codes(said)[-1] == "judge_uncorrected"
    assert "judge_uncorrected" not in codes(compared(RIGHT, *pairs(2, 2, 196), unpaired=unpaired))
