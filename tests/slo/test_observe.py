"""Observations: one for every planned event, with the reason where there is no value."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Missing, Score
from evalslo.model.sli import Sli, SliSpec
from evalslo.slo.applies import silent_on
from evalslo.slo.estimate import count
from evalslo.slo.observe import events_of, is_good, observe, worst_value
from tests.slo.conftest import (
    CONTAINS,
    ERRORS,
    HALLUCINATION,
    LATENCY,
    PRECISION,
    TOKEN_F1,
    TOKENS,
    TOXICITY,
    events,
    mean,
    one,
    quantile,
    queries,
    rate,
    repeated,
    singles,
)

ABSTENTION = SliSpec(name="abstention", what="it declines", kind="rate", better="higher", speaks_of="unanswerable")
OVER_ABSTENTION = SliSpec(
    name="over_abstention", what="it declines", kind="rate", better="lower", speaks_of="answerable"
)
MIXTURES = st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, math.inf, *Missing]), min_size=1, max_size=3), min_size=1)


def observed(spec, value, *, query=None, options=None):
    """The observation of one query of which a scorer said `value` (a number, a reason, or None: nothing at all)."""
    golden = query or GoldenQuery(id="q0", query="?")
    sli = Sli(name=spec.name, options=options or {})
    told = {"reason": value} if isinstance(value, Missing) else {"value": value}
    score = [] if value is None else [Score(query_id=golden.id, repeat=0, sli=spec.name, scorer="s/1", **told)]
    (found,) = observe([golden], score, repeats=1, slis={sli: spec})[spec.name]
    return found


def test_every_planned_event_has_one_observation_in_the_order_of_the_queries():
    scores = [
        Score(query_id="q1", repeat=0, sli="errors", scorer="s/1", value=1.0),
        Score(query_id="stranger", repeat=0, sli="errors", scorer="s/1", value=1.0),
        Score(query_id="q1", repeat=9, sli="errors", scorer="s/1", value=1.0),
        Score(query_id="q0", repeat=1, sli="unasked", scorer="s/1", value=1.0),
    ]
    found = observe(queries(2), scores, repeats=2, slis={Sli(name="errors"): ERRORS})
    assert list(found) == ["errors"]
    assert [(one.query_id, one.repeat, one.value, one.missing) for one in found["errors"]] == [
        ("q0", 0, None, Missing.NOT_COLLECTED),
        ("q0", 1, None, Missing.NOT_COLLECTED),
        ("q1", 0, 1.0, None),
        ("q1", 1, None, Missing.NOT_COLLECTED),
    ]


def test_two_slis_of_one_name_do_not_mix():
    at_one, at_five = Sli(name="hit", k=1), Sli(name="hit", k=5)
    scores = [
        Score(query_id="q0", repeat=0, sli="hit@1", scorer="s/1", value=0.0),
        Score(query_id="q0", repeat=0, sli="hit@5", scorer="s/1", value=1.0),
    ]
    found = observe(queries(1), scores, repeats=1, slis={at_one: TOKEN_F1, at_five: TOKEN_F1})
    assert {name: one.value for name, (one,) in found.items()} == {"hit@1": 0.0, "hit@5": 1.0}


def test_queries_of_a_group_share_its_cluster_and_others_have_their_own():
    golden = [GoldenQuery(id="a", query="?", group="g"), GoldenQuery(id="b", query="?", group="g")]
    golden.append(GoldenQuery(id="g", query="?"))
    found = observe(golden, [], repeats=1, slis={Sli(name="errors"): ERRORS})["errors"]
    assert [one.cluster for one in found] == ["group:g", "group:g", "query:g"]


@pytest.mark.parametrize("objective", [rate("<=", "0.05"), mean(">=", "0.9"), events("0.9", "<=", 2, of="queries")])
@given(mixture=MIXTURES)
def test_planned_events_are_measured_unmeasured_or_not_applicable(objective, mixture):
    counted = events_of(objective, repeated(mixture))
    counts = count(counted, ratio=objective.shape == "event_ratio")
    per_query = objective.event is not None
    assert counts.planned == (len(mixture) if per_query else sum(map(len, mixture)))
    assert counts.planned == counts.n + counts.unmeasured + counts.not_applicable
    assert counts.excluded == sum(counts.excluded_reasons.values())
    if objective.shape == "event_ratio":
        assert counts.n == counts.good + counts.bad


@pytest.mark.parametrize(
    ("spec", "worst"),
    [
        pytest.param(ERRORS, 1.0, id="rate, lower is better"),
        pytest.param(CONTAINS, 0.0, id="rate, higher is better"),
        pytest.param(TOKEN_F1, 0.0, id="score, higher is better"),
        pytest.param(TOXICITY, 1.0, id="score, lower is better"),
        pytest.param(LATENCY, math.inf, id="quantity, lower is better"),
    ],
)
def test_a_failed_call_is_worth_the_worst_value_where_the_sli_says_bad(spec, worst):
    asked = GoldenQuery(id="q0", query="?", reference=("yes",))
    assert spec.on_error == "bad"
    assert worst_value(spec) == worst
    assert observed(spec, Missing.CALL_ERROR, query=asked).value == worst


@pytest.mark.parametrize("spec", [HALLUCINATION, TOKENS])
def test_a_failed_call_is_unmeasured_where_the_sli_says_so(spec):
    found = observed(spec, Missing.CALL_ERROR)
    assert (found.value, found.missing) == (None, Missing.CALL_ERROR)


@pytest.mark.parametrize("spec", [ERRORS, TOKEN_F1, LATENCY])
@pytest.mark.parametrize("reason", [None, *(why for why in Missing if why is not Missing.CALL_ERROR)])
def test_only_a_failed_call_is_ever_given_a_value(spec, reason):
    found = observed(spec, reason)
    assert (found.value, found.missing) == (None, reason or Missing.NOT_COLLECTED)


SILENT = [
    pytest.param(CONTAINS, {}, {}, Missing.NO_REFERENCE, id="no reference"),
    pytest.param(CONTAINS, {"reference": ("x",)}, {}, None, id="a reference"),
    pytest.param(CONTAINS, {}, {"text": "x"}, None, id="the suite's own text needs no reference"),
    pytest.param(PRECISION, {}, {}, Missing.NO_RELEVANT, id="nothing said of relevance"),
    pytest.param(PRECISION, {"relevant": {"d": 0}}, {}, Missing.NO_RELEVANT, id="grade 0 is not relevant"),
    pytest.param(PRECISION, {"relevant": {"d": 0, "e": 1}}, {}, None, id="a relevant document"),
    pytest.param(ABSTENTION, {}, {}, Missing.NO_LABEL, id="abstention, no label"),
    pytest.param(ABSTENTION, {"answerable": True}, {}, Missing.ANSWERABLE, id="abstention, answerable"),
    pytest.param(ABSTENTION, {"answerable": False}, {}, None, id="abstention, unanswerable"),
    pytest.param(OVER_ABSTENTION, {}, {}, Missing.NO_LABEL, id="over-abstention, no label"),
    pytest.param(OVER_ABSTENTION, {"answerable": False}, {}, Missing.UNANSWERABLE, id="over-abstention, unanswerable"),
    pytest.param(OVER_ABSTENTION, {"answerable": True}, {}, None, id="over-abstention, answerable"),
    pytest.param(ERRORS, {}, {}, None, id="errors speak of every query"),
]


@pytest.mark.parametrize(("spec", "row", "options", "why"), SILENT)
def test_the_golden_set_tells_which_queries_an_sli_is_silent_on(spec, row, options, why):
    assert silent_on(GoldenQuery(id="q", query="?", **row), sli=Sli(name=spec.name, options=options), spec=spec) == why


@pytest.mark.parametrize("outcome", [Missing.CALL_ERROR, None], ids=["the call failed", "never called"])
@pytest.mark.parametrize(("spec", "row", "options", "why"), [one for one in SILENT if one.values[3] is not None])
def test_a_query_that_the_sli_is_silent_on_stays_not_applicable(spec, row, options, why, outcome):
    found = observed(spec, outcome, query=GoldenQuery(id="q", query="?", **row), options=options)
    assert (found.value, found.missing) == (None, why)
    assert not why.applicable


@pytest.mark.parametrize(
    ("values", "event"),
    [
        pytest.param([0.5, 1.0], 1.0, id="all good"),
        pytest.param([0.5, 9.0, 1.0], 0.0, id="a bad one"),
        pytest.param([9.0, Missing.NOT_COLLECTED], 0.0, id="a bad one decides though another is unmeasured"),
        pytest.param([0.5, Missing.SCORER_ERROR], Missing.SCORER_ERROR, id="an unmeasured one leaves it open"),
        pytest.param([0.5, Missing.NO_CLAIM], 1.0, id="a not applicable one says nothing"),
        pytest.param([Missing.NO_CLAIM, Missing.NO_TIMING], Missing.NO_TIMING, id="unmeasured before not applicable"),
        pytest.param([Missing.NO_CLAIM, Missing.NO_CLAIM], Missing.NO_CLAIM, id="none applicable"),
    ],
)
def test_of_queries_makes_one_event_of_all_repeats(values, event):
    found = events_of(events("0.95", "<=", 2, of="queries"), repeated([values, [0.5]]))
    assert len(found) == 2
    assert event == (found[0].missing if found[0].value is None else found[0].value)
    assert found[1].value == 1.0


@pytest.mark.parametrize(
    ("op", "bound", "value", "good"),
    [
        (">=", "0.7", 0.7, True),
        (">=", "0.7", math.nextafter(0.7, 0), False),
        ("<=", "0.7", 0.7, True),
        ("<=", "0.7", math.nextafter(0.7, 1), False),
        (">=", "0.3", 0.1 + 0.2, True),
        ("<=", "0.3", 0.1 + 0.2, False),
        ("<=", "2", 2.0, True),
        ("<=", "2", math.nextafter(2.0, 3), False),
        ("<=", "2", math.inf, False),
        (">=", "1/3", 1 / 3, True),
    ],
)
def test_a_value_on_the_bound_is_a_good_event(op, bound, value, good):
    assert is_good(events("0.9", op, Fraction(bound)), value) is good


@pytest.mark.parametrize(
    ("op", "value", "good"), [("<=", 1, False), ("<=", 0, True), (">=", 1, True), (">=", 0, False)]
)
def test_a_rate_is_good_in_the_sense_of_its_objective(op, value, good):
    assert is_good(rate(op, "0.5"), value) is good


@given(st.floats(min_value=0, max_value=100), st.sampled_from(["<=", ">="]))
def test_an_event_and_its_value_written_alike_agree(number, op):
    assert is_good(events("0.9", op, Fraction(number)), number)


def test_an_infinite_latency_is_a_bad_event_and_has_no_place_in_a_mean():
    failed = singles([1.0, math.inf])
    assert [one.value for one in events_of(quantile("0.95", "<=", 2), failed)] == [1.0, 0.0]
    averaged = events_of(mean("<=", 2, sli="latency"), failed)
    assert [(one.value, one.missing) for one in averaged] == [(1.0, None), (None, Missing.CALL_ERROR)]


def test_a_mean_keeps_its_values_and_reasons_as_they_are():
    given_ = [one(0.25, "a"), one(Missing.NO_REFERENCE, "b")]
    assert events_of(mean(">=", "0.5"), given_) == tuple(given_)
