"""Caps on what a run spends: no call is begun that could go over them, and unknown is never 0."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.harness.spending import Spending, tokens_used
from evalslo.model.sample import ErrorClass, Response, Usage
from evalslo.model.suite import Limits
from tests.support.collecting import always, collected, in_turn, planned
from tests.support.services import Service, answer, failure, used


def spent(limits, *responses):
    spending = Spending(limits)
    for response in responses:
        spending.count(response)
    return spending


@settings(max_examples=30, deadline=None)
@given(calls_worth=st.integers(1, 60), concurrency=st.integers(1, 20))
def test_a_cap_on_cost_is_reached_and_never_passed(calls_worth, concurrency):
    run = collected(
        always(answer(cost_usd=0.25)), planned(100), concurrency=concurrency, max_cost_usd=calls_worth * 0.25
    )
    made = len(run.service.starts)
    assert made <= max(calls_worth, min(4, concurrency))
    assert made >= min(calls_worth, 1)
    assert made > calls_worth - concurrency
    assert run.stopped.code == "cost_cap"
    assert len(run.samples) == made


def test_a_cap_is_used_to_the_last_cent():
    run = collected(always(answer(cost_usd=0.01)), planned(300), concurrency=4, max_cost_usd=2.0)
    assert len(run.samples) == 200


def test_the_text_says_what_was_spent_and_how_to_go_on():
    run = collected(always(answer(cost_usd=0.5)), planned(9), concurrency=1, max_cost_usd=2.0)
    assert run.stopped.text == (
        "limits.max_cost_usd: 2 of 2 USD are spent, and the next call could go over it; "
        "raise it and run again with --resume"
    )


def test_a_cap_on_tokens_counts_prompt_and_completion():
    run = collected(always(used(100)), planned(100), concurrency=5, max_tokens=1050)
    assert len(run.service.starts) == 10
    assert run.stopped.code == "token_cap"
    assert "1,000 of 1,050" in run.stopped.text


def test_a_cap_that_is_not_reached_ends_nothing():
    run = collected(always(used(100, cost_usd=0.1)), planned(10), concurrency=5, max_tokens=1000, max_cost_usd=1.01)
    assert run.stopped is None


def test_only_a_few_calls_begin_before_one_has_said_what_it_costs():
    run = collected(always(answer(cost_usd=0.01)), planned(100), concurrency=50, max_cost_usd=90.0, takes_s=1.0)
    assert sum(at < 0.9 for at in run.service.starts) == 4
    assert run.service.most == 50
    assert len(run.samples) == 100


@pytest.mark.parametrize(
    ("limits", "response", "code"),
    [
        ({"max_cost_usd": 5.0}, used(10), "cost_unknown"),
        ({"max_tokens": 500}, answer(cost_usd=0.1), "usage_unknown"),
        ({"max_tokens": 500}, answer(usage=Usage(prompt_tokens=5)), "usage_unknown"),
        ({"tokens_per_minute": 500.0}, answer(), "usage_unknown"),
    ],
)
def test_an_answer_of_unknown_cost_ends_a_run_that_has_a_cap(limits, response, code):
    run = collected(always(response), planned(100), concurrency=3, **limits)
    assert run.stopped.code == code
    assert 4 <= len(run.samples) <= 6
    assert next(iter(limits)) in run.stopped.text


@pytest.mark.parametrize(
    ("limits", "response", "priced", "text"),
    [
        (
            {"max_cost_usd": 5.0},
            used(10),
            False,
            (
                "limits.max_cost_usd: what answers cost is unknown, as there is no endpoint.price; set endpoint.price and "
                "start anew, or take the limit out and go on with --resume"
            ),
        ),
        (
            {"max_cost_usd": 5.0},
            answer(),
            True,
            (
                "limits.max_cost_usd: what answers cost is unknown, as the endpoint reported no usage; make it report usage "
                "and start anew, or take the limit out and go on with --resume"
            ),
        ),
        (
            {"max_tokens": 500},
            answer(),
            True,
            (
                "limits.max_tokens: the endpoint reported no usage; make it report usage and start anew, or take the limit "
                "out and go on with --resume"
            ),
        ),
        (
            {"max_tokens": 500, "tokens_per_minute": 500.0},
            answer(),
            True,
            (
                "limits.max_tokens and limits.tokens_per_minute: the endpoint reported no usage; make it report usage or "
                "take that out, and start anew"
            ),
        ),
    ],
)
def test_the_text_tells_a_missing_price_from_missing_usage_and_what_can_be_gone_on_with(limits, response, priced, text):
    spending = Spending(Limits(**limits), priced=priced)
    for _ in range(4):
        assert spending.refusal(in_flight=0) is None
        spending.count(response)
    assert spending.refusal(in_flight=0).text == text


def test_one_answer_of_a_thousand_that_tells_nothing_stops_nothing():
    told = used(15, cost_usd=1e-6)
    run = collected(
        lambda service, _: answer() if len(service.starts) == 500 else told,
        planned(1000),
        max_cost_usd=5.0,
        max_tokens=10**6,
    )
    assert (run.stopped, len(run.samples)) == (None, 1000)
    assert run.spending.cost_usd is None


def test_an_answer_that_tells_nothing_is_charged_as_the_largest_that_did():
    responses = [answer(), answer(cost_usd=0.1), answer(cost_usd=1.0), answer(), answer(cost_usd=0.1)]
    run = collected(in_turn(*responses), planned(50), concurrency=1, max_cost_usd=5.0)
    assert run.stopped.code == "cost_cap"
    assert len(run.samples) == 21  # 1.2 and twice 1.0, and sixteen of 0.1: 4.8, and the mean of them is 0.23
    assert "USD are spent (with the largest known for each of 2 unknown), and" in run.stopped.text


def test_what_was_known_in_earlier_sittings_keeps_a_cap_and_not_a_bound_on_the_minute():
    for limits, code in (
        ({"max_tokens": 500}, None),
        ({"max_tokens": 500, "tokens_per_minute": 50.0}, "usage_unknown"),
    ):
        spending = Spending(Limits(**limits))
        spending.count(used(10), earlier=True)
        for _ in range(4):
            spending.count(answer())
        refusal = spending.refusal(in_flight=0)
        assert (refusal and refusal.code) == code


def test_a_bound_on_the_minute_takes_the_mean_for_one_unknown_answer():
    run = collected(in_turn(used(10), answer(), used(10)), planned(20), concurrency=1, tokens_per_minute=6e3)
    assert run.stopped is None


def test_nobody_knows_that_a_failed_call_cost_anything():
    responses = [failure(ErrorClass.SERVER, status=500), answer(cost_usd=0.1)]
    run = collected(in_turn(*responses), planned(3), concurrency=1, max_cost_usd=5.0)
    assert run.stopped is None
    assert run.spending.cost_usd == pytest.approx(0.3)


def test_a_failed_call_that_says_what_it_cost_is_counted():
    paid = failure(ErrorClass.EMPTY, cost_usd=1.0)
    run = collected(always(paid), planned(9), concurrency=1, max_cost_usd=3.0)
    assert len(run.service.starts) == 3


def test_attempts_before_the_last_are_paid_for_too():
    paid = failure(ErrorClass.TRUNCATED, cost_usd=1.0)
    run = collected(always(paid), planned(1), retries=2)
    assert run.spending.cost_usd == 3.0


@pytest.mark.parametrize("timing", ["cached", "recorded"])
def test_answers_that_were_not_called_for_cost_nothing(timing):
    spending = spent(Limits(max_cost_usd=1.0), *[answer(cost_usd=5.0, timing=timing), answer(timing=timing)] * 3)
    assert (spending.cost_usd, spending.live, spending.refusal(in_flight=3)) == (None, 0, None)


def test_what_earlier_sittings_spent_counts():
    limits = Limits(max_cost_usd=1.0)
    assert spent(limits, answer(cost_usd=0.4)).refusal(in_flight=0) is None
    assert spent(limits, answer(cost_usd=0.4)).refusal(in_flight=1).code == "cost_cap"
    assert spent(limits, *[answer(cost_usd=0.4)] * 2).refusal(in_flight=0).code == "cost_cap"
    assert not spent(limits, answer(cost_usd=0.4)).unseen


def test_the_cost_so_far_is_unknown_with_one_answer_of_unknown_cost():
    assert spent(Limits(), answer(cost_usd=0.4), answer(cost_usd=0.2)).cost_usd == pytest.approx(0.6)
    assert spent(Limits(), answer(cost_usd=0.4), answer()).cost_usd is None
    assert spent(Limits()).cost_usd is None


def test_what_is_free_is_never_too_much():
    assert spent(Limits(max_cost_usd=1.0), *[answer(cost_usd=0.0)] * 99).refusal(in_flight=50) is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, None),
        (Usage(), None),
        (Usage(prompt_tokens=3), None),
        (Usage(completion_tokens=3), None),
        (Usage(prompt_tokens=3, completion_tokens=0), 3),
    ],
)
def test_tokens_are_known_where_both_kinds_are(usage, tokens):
    assert tokens_used(Response(answer="a", usage=usage)) == tokens


def test_calls_in_flight_finish_when_a_cap_is_reached():
    run = collected(
        always(answer(cost_usd=1.0)), planned(50), concurrency=4, max_cost_usd=10.0, takes_s=lambda r: len(r.query_id)
    )
    assert isinstance(run.service, Service)
    assert len(run.samples) == len(run.service.starts) <= 10
