"""Rows corrected by people's labels: which method, what gates, what is refused and never left out in silence."""

from fractions import Fraction

import numpy as np
import pytest
from msgspec.structs import replace

from evalslo.errors import UsageError
from evalslo.model.labels import LabelledAnswer, Labels
from evalslo.model.score import Missing
from evalslo.model.scorecard import Verdict
from evalslo.slo.gate import judge, judge_corrected
from evalslo.stats.poststratified import post_stratified
from evalslo.stats.rectified import rectified_mean
from evalslo.stats.rogan_gladen import rogan_gladen
from tests.slo.conftest import (
    CONTAINS,
    FLOOR,
    RULES,
    events,
    grouped,
    mean,
    quantile,
    rate,
    repeated,
    singles,
    spec_of,
)

PASS, FAIL, INCONCLUSIVE, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR
SCORER, RUN = "overlap/1", "run-1"
HALLUCINATION = rate("<=", "0.05", sli="hallucination")


def labels_of(observations, human, *, sli="hallucination", scorer=SCORER, run_id=RUN):
    """Labels beside the first observations; `human` None: as the scorer says."""
    answers = tuple(
        LabelledAnswer(query_id=one.query_id, repeat=one.repeat, judged=one.value, human=float(said))
        for one, said in zip(observations, human, strict=False)
    )
    return Labels(sli=sli, scorer=scorer, run_id=run_id, answers=answers)


def judged(objective, observations, labels, *, scorer=SCORER, run_id=RUN, **rules):
    spec, rules = spec_of(objective), replace(RULES, **rules)
    if labels is None:
        return judge(objective, observations, spec=spec, rules=rules, scorer=scorer)
    return judge_corrected(objective, observations, spec=spec, rules=rules, scorer=scorer, labels=labels, run_id=run_id)


def codes(row):
    return [reason.code for reason in row.reasons]


def mixed(bad, n, *, missing=0):
    """Verdicts of a rate that is better lower, the bad ones spread evenly, so that the first ones are a sample."""
    every = n // bad if bad else n + 1
    values = [1.0 if bad and i % every == 0 and i // every < bad else 0.0 for i in range(n)]
    return singles([*values, *[Missing.SCORER_ERROR] * missing])


def test_a_rate_labelled_in_this_run_is_post_stratified():
    run = mixed(20, 1000)  # 2 % judged hallucinated
    human = [one.value for one in run[:200]]
    human[7] = 1.0  # one that the scorer missed
    row = judged(HALLUCINATION, run, labels_of(run, human))
    bound = post_stratified(
        980, 1000, among_good=(195, 1), among_bad=(0, 4), target=Fraction(19, 20), alpha=HALLUCINATION.alpha
    )
    assert row.estimate.method == row.correction.method == "post-stratified-cp"
    assert row.estimate.estimate == pytest.approx(1 - bound.estimate)
    assert (row.estimate.lower, row.estimate.upper) == pytest.approx((1 - bound.upper, 1 - bound.lower))
    assert (row.estimate.p_pass, row.estimate.p_fail) == (bound.p_pass, bound.p_fail)
    assert (row.correction.labels, row.correction.raw_estimate) == (200, pytest.approx(0.02))
    assert row.estimate.needed is None


def test_the_corrected_bound_gates_and_labels_lift_the_block_on_an_unproven_scorer():
    run = mixed(10, 1000)
    blocked = judged(HALLUCINATION, run, None)
    assert (blocked.verdict, codes(blocked)) == (INCONCLUSIVE, ["uncalibrated"])
    row = judged(HALLUCINATION, run, labels_of(run, [one.value for one in run[:300]]))
    assert (row.verdict, codes(row)) == (PASS, [])


def test_labels_turn_a_flattering_scorers_pass_into_a_miss():
    run = mixed(10, 1000)
    human = [1.0 if i % 5 == 0 else 0.0 for i in range(300)]  # people find a fifth hallucinated
    row = judged(HALLUCINATION, run, labels_of(run, human))
    assert (row.verdict, codes(row)) == (FAIL, ["missed"])
    assert row.estimate.estimate == pytest.approx(0.2, abs=0.02)
    assert row.correction.raw_estimate == pytest.approx(0.01)


def test_a_rate_that_is_better_higher_is_not_mirrored():
    run = singles([0.0 if i % 50 == 0 else 1.0 for i in range(500)])
    objective = rate(">=", "0.9", sli=CONTAINS.name)
    labels = labels_of(run, [one.value for one in run[:100]], sli=CONTAINS.name)
    row = judged(objective, run, labels)
    assert row.verdict is PASS
    assert row.estimate.estimate == pytest.approx(0.98)
    assert row.estimate.lower < 0.98 < row.estimate.upper


def test_the_two_senses_of_one_rate_agree():
    """`hallucination <= 5 %` and its mirror image decide alike, with the bounds mirrored."""
    run = mixed(30, 600)
    human = [1.0 - one.value if i % 40 == 3 else one.value for i, one in enumerate(run[:160])]
    low = judged(HALLUCINATION, run, labels_of(run, human))
    high_run = singles([1.0 - one.value for one in run])
    high_labels = labels_of(high_run, [1.0 - said for said in human], sli=CONTAINS.name)
    high = judged(rate(">=", "0.95", sli=CONTAINS.name), high_run, high_labels)
    assert (low.estimate.p_pass, low.estimate.p_fail) == (high.estimate.p_pass, high.estimate.p_fail)
    assert (low.estimate.lower, low.estimate.upper) == pytest.approx((1 - high.estimate.upper, 1 - high.estimate.lower))


def test_one_stratum_may_be_labelled_more_densely_than_the_other():
    run = mixed(50, 1000)
    chosen = [one for one in run if one.value == 1.0] + [one for one in run if one.value == 0.0][:60]
    row = judged(HALLUCINATION, run, labels_of(chosen, [one.value for one in chosen]))
    bound = post_stratified(
        950, 1000, among_good=(60, 0), among_bad=(0, 50), target=Fraction(19, 20), alpha=HALLUCINATION.alpha
    )
    assert row.estimate.p_pass == bound.p_pass


def test_labels_of_other_answers_use_rogan_gladen_and_warn():
    run = mixed(10, 1000)
    other = mixed(60, 300)
    labels = labels_of(other, [one.value for one in other], run_id="run-0")
    row = judged(HALLUCINATION, run, labels)
    bound = rogan_gladen(
        990, 1000, among_good=(240, 0), among_bad=(0, 60), target=Fraction(19, 20), alpha=HALLUCINATION.alpha
    )
    assert (row.verdict, codes(row)) == (PASS, ["labels_elsewhere"])
    assert row.estimate.p_pass == bound.p_pass
    assert (row.correction.method, row.correction.labels) == ("rogan-gladen", 300)


@pytest.mark.parametrize("labelled", [None, "run-2"])
def test_labels_without_a_run_or_of_another_are_of_other_answers(labelled):
    run = mixed(10, 1000)
    other = mixed(60, 300)
    row = judged(HALLUCINATION, run, labels_of(other, [one.value for one in other], run_id=labelled))
    assert codes(row) == ["labels_elsewhere"]


def test_a_score_is_rectified():
    rng = np.random.default_rng(2)
    run = singles(rng.choice([0.5, 0.75, 1.0], p=[0.05, 0.1, 0.85], size=400))
    human = [max(one.value - 0.25, 0.0) if i % 10 == 0 else one.value for i, one in enumerate(run[:100])]
    row = judged(mean(">=", "0.8"), run, labels_of(run, human, sli="token_f1"))
    values = [one.value for one in run]
    bound = rectified_mean(
        values,
        labelled_judged=values[:100],
        labelled_human=human,
        target=Fraction(4, 5),
        alpha=Fraction(1, 20),
        icc_floor=FLOOR,
    )
    assert (row.estimate.method, row.estimate.lower) == ("mover-gaffke", bound.lower)
    assert row.verdict is PASS


def test_a_score_that_is_better_lower_is_rectified_mirrored():
    run = singles([0.0, 0.25, 0.0, 0.5] * 50)
    human = [0.25 if i % 5 == 0 else one.value for i, one in enumerate(run[:80])]
    row = judged(mean("<=", "0.4", sli="toxicity"), run, labels_of(run, human, sli="toxicity"))
    difference = np.mean([said - one.value for said, one in zip(human, run, strict=False)])
    assert row.estimate.estimate == pytest.approx(0.1875 + difference)
    assert row.estimate.lower < row.estimate.estimate < row.estimate.upper < 0.4
    assert row.verdict is PASS


def test_a_score_as_a_rate_of_good_events_is_post_stratified():
    run = singles([0.9 if i % 20 else 0.5 for i in range(400)])
    objective = events("0.9", ">=", "0.8", sli="token_f1", unit=None)
    human = [0.81 if one.value == 0.9 else 0.79 for one in run[:100]]  # other values, the same side of 0.8
    row = judged(objective, run, labels_of(run, human, sli="token_f1"))
    assert (row.correction.method, row.estimate.estimate) == ("post-stratified-cp", pytest.approx(0.95))


def test_repeats_are_rectified_by_query():
    run = repeated([[0.0, 0.0, 1.0 if i % 25 == 0 else 0.0] for i in range(200)])
    row = judged(HALLUCINATION, run, labels_of(run, [one.value for one in run[:180]]))
    assert (row.estimate.method, row.estimate.clusters) == ("mover-scaled-gaffke", 200)
    assert row.estimate.estimate == pytest.approx(1 / 75)
    assert row.correction.labels == 180


def test_groups_are_rectified_by_group():
    run = grouped([[[0.0]] * 4 + [[1.0 if i % 10 == 0 else 0.0]] for i in range(60)])
    row = judged(HALLUCINATION, run, labels_of(run, [one.value for one in run[:150]]))
    good, units = [1.0 - one.value for one in run], [i // 5 for i in range(300)]
    bound = rectified_mean(
        good,
        units=units,
        labelled_judged=good[:150],
        labelled_human=good[:150],
        labelled_units=units[:150],
        target=Fraction(19, 20),
        alpha=Fraction(1, 20),
        icc_floor=FLOOR,
    )
    assert (row.estimate.method, row.estimate.p_pass) == ("mover-scaled-gaffke", bound.p_pass)
    assert row.estimate.deff == bound.deff


def test_queries_count_as_events_only_with_every_repeat_labelled():
    run = repeated([[0.9, 0.9] for _ in range(100)])
    objective = events("0.5", ">=", "0.8", sli="token_f1", of="queries", unit=None)
    row = judged(objective, run, labels_of(run, [one.value for one in run[:41]], sli="token_f1"))
    assert (row.correction.labels, row.correction.method) == (20, "post-stratified-cp")


def test_labels_of_another_scorer_are_an_error_that_names_both():
    run = mixed(10, 1000)
    row = judged(HALLUCINATION, run, labels_of(run, [0.0] * 50, scorer="overlap/0"))
    assert (row.verdict, codes(row), row.estimate) == (ERROR, ["fingerprint"], None)
    assert "overlap/0" in row.reasons[0].text
    assert SCORER in row.reasons[0].text


@pytest.mark.parametrize(
    "rules", [{"population": "finite"}, {"strict": True}], ids=["finite population", "proved methods only"]
)
def test_designs_without_a_method_are_refused_by_name(rules):
    run = mixed(10, 1000)
    row = judged(HALLUCINATION, run, labels_of(run, [one.value for one in run[:50]]), **rules)
    assert (row.verdict, codes(row)) == (ERROR, ["uncorrectable"])


def test_unequal_weights_are_refused_by_name():
    run = mixed(10, 200)
    labels = labels_of(run, [one.value for one in run[:50]])
    weighted = judged(HALLUCINATION, [replace(run[0], weight=2.0), *run[1:]], labels)
    assert "unequal weight" in weighted.reasons[0].text
    assert codes(weighted) == ["uncorrectable"]


@pytest.mark.parametrize(
    "run",
    [repeated([[0.0, 0.0]] * 100), grouped([[[0.0]] * 3] * 40)],
    ids=["repeats", "groups"],
)
def test_labels_of_other_answers_do_not_correct_repeats_or_groups(run):
    other = mixed(60, 300)
    row = judged(HALLUCINATION, run, labels_of(other, [one.value for one in other], run_id=None))
    assert (row.verdict, codes(row)) == (ERROR, ["uncorrectable"])


def test_labels_of_other_answers_do_not_correct_a_score():
    run = singles([0.5, 1.0] * 50)
    row = judged(mean(">=", "0.7"), run, labels_of(run, [1.0] * 50, sli="token_f1", run_id=None))
    assert (row.verdict, codes(row)) == (ERROR, ["uncorrectable"])


def test_a_scorer_no_better_than_a_coin_is_refused():
    run = mixed(100, 1000)
    other = mixed(150, 300)
    row = judged(HALLUCINATION, run, labels_of(other, [float(i % 4 < 2) for i in range(300)], run_id=None))
    assert (row.verdict, codes(row)) == (ERROR, ["uncorrectable"])
    assert "sensitivity plus specificity" in row.reasons[0].text


def test_a_measured_quantity_has_no_labels():
    with pytest.raises(UsageError, match="measured quantity"):
        judged(quantile("0.95", "<=", "2"), singles([1.0] * 100), labels_of([], [], sli="latency"))


def test_labels_of_another_sli_are_a_usage_error():
    with pytest.raises(UsageError, match="labels of contains found"):
        judged(HALLUCINATION, mixed(1, 100), labels_of([], [], sli="contains"))


def test_labels_that_stand_beside_nothing_are_an_error():
    run = mixed(10, 1000)
    elsewhere = [replace(one, query_id=f"x{one.query_id}") for one in run[:50]]
    row = judged(HALLUCINATION, run, labels_of(elsewhere, [0.0] * 50))
    assert (row.verdict, codes(row)) == (ERROR, ["labels"])
    assert "none of its 50 labels" in row.reasons[0].text


def test_a_scorer_that_says_something_else_by_now_is_an_error():
    run = mixed(10, 1000)
    labels = labels_of([replace(run[1], value=1.0)], [1.0])
    row = judged(HALLUCINATION, run, labels)
    assert (row.verdict, codes(row)) == (ERROR, ["labels"])
    assert "query 1, repeat 0, stands beside a value of 1 where this run's scorer gave 0" in row.reasons[0].text


@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, float("nan"), float("inf")])
def test_what_is_no_verdict_is_no_label(value):
    run = mixed(10, 1000)
    row = judged(HALLUCINATION, run, labels_of(run, [0.0, value]))
    assert (row.verdict, codes(row)) == (ERROR, ["labels"])
    assert "wanted 0 or 1" in row.reasons[0].text


def test_an_answer_has_one_label():
    run = mixed(10, 1000)
    row = judged(HALLUCINATION, run, labels_of([run[3], run[3]], [0.0, 1.0]))
    assert (row.verdict, codes(row)) == (ERROR, ["labels"])


def test_labels_in_one_unit_only_are_an_error():
    run = grouped([[[0.0]] * 5] * 40)
    row = judged(HALLUCINATION, run, labels_of(run, [0.0] * 5))
    assert (row.verdict, codes(row)) == (ERROR, ["labels"])


def test_labels_of_unmeasured_answers_do_not_count():
    run = mixed(0, 96, missing=4)
    asked = [replace(one, value=0.0, missing=None) for one in run]
    row = judged(HALLUCINATION, run, labels_of(asked, [0.0] * 100))
    assert row.correction.labels == 96


def test_unmeasured_events_are_weighed_against_the_corrected_point():
    """Corrected to 3 %, 2.9 % unmeasured of 1,030: all of them bad would miss 5 %, though the scorer alone saw nothing bad."""
    run = mixed(0, 1000, missing=30)
    human = [1.0 if i % 100 < 3 else 0.0 for i in range(1000)]
    row = judged(rate("<=", "0.05", sli="hallucination"), run, labels_of(run, human))
    assert row.estimate.estimate == pytest.approx(0.03)
    assert row.worst_case == pytest.approx((30 + 30) / 1030)
    assert (row.verdict, codes(row)) == (INCONCLUSIVE, ["unmeasured"])


def test_open_rows_say_how_many_more_labels_would_decide():
    run = mixed(0, 1000)
    row = judged(HALLUCINATION, run, labels_of(run, [0.0] * 50))
    assert (row.verdict, codes(row)) == (INCONCLUSIVE, ["underpowered"])
    assert row.correction.needed_labels == 10
    more = judged(HALLUCINATION, run, labels_of(run, [0.0] * 60))
    assert (more.verdict, more.correction.needed_labels) == (PASS, None)


def test_without_labels_a_row_has_no_correction():
    assert judged(HALLUCINATION, mixed(10, 1000), None).correction is None


def test_failed_calls_are_not_forgiven_by_labels_of_answers():
    """Eighty of a thousand calls failed: at most 92 % can be good, whatever people say of the answers."""
    run = [
        *mixed(30, 920),
        *(replace(one, query_id=f"x{one.query_id}", cluster=f"x{one.cluster}") for one in singles([1.0] * 80)),
    ]
    failed = [replace(one, failed=number >= 920) for number, one in enumerate(run)]
    labels = labels_of(run[:400], [0.0] * 400)
    row = judged(HALLUCINATION, failed, labels)
    assert (row.verdict, codes(row)) == (ERROR, ["uncorrectable"])
    assert "80 failed calls" in row.reasons[0].text
