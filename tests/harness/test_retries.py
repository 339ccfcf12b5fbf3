"""Further attempts: bounded in number and in time, spread out, and never sooner than the server wishes."""

import itertools

import pytest

from evalslo.model.sample import ErrorClass
from tests.support.collecting import always, collected, in_turn, planned
from tests.support.services import Service, answer, failure, too_many

OVERLOADED = failure(ErrorClass.SERVER, status=500)


def test_a_passing_fault_is_tried_again_and_counted():
    run = collected(in_turn(OVERLOADED, OVERLOADED, answer("Paris")), planned(1))
    (sample,) = run.samples
    assert (sample.response.answer, sample.attempts) == ("Paris", 3)


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_attempts_are_bounded_in_number(retries):
    run = collected(always(OVERLOADED), planned(5), retries=retries, give_up_after=0)
    assert {sample.attempts for sample in run.samples} == {retries + 1}
    assert len(run.service.starts) == 5 * (retries + 1)
    assert run.stopped is None


@pytest.mark.parametrize("takes_s", [1.0, 30.0])
def test_attempts_are_bounded_in_time(takes_s):
    run = collected(always(OVERLOADED), planned(1), retries=50, retry_for_s=100.0, takes_s=takes_s)
    assert run.service.starts[-1] <= 100.0
    assert run.samples[0].attempts == len(run.service.starts) > 3


def test_a_lasting_fault_is_not_tried_again():
    run = collected(always(failure(ErrorClass.CLIENT, status=400)), planned(3))
    assert {(sample.response.error.kind, sample.attempts) for sample in run.samples} == {(ErrorClass.CLIENT, 1)}


def test_waits_double_and_differ_from_call_to_call_and_not_from_run_to_run():
    def waits():
        starts = collected(always(OVERLOADED), planned(1), takes_s=0.0, retries=5).service.starts
        return [b - a for a, b in itertools.pairwise(starts)]

    first = waits()
    assert first == waits()
    for attempt, wait in enumerate(first):
        assert 0.25 * 2**attempt <= wait <= 0.5 * 2**attempt
    two = collected(always(OVERLOADED), planned(2), takes_s=0.0, retries=1).service.starts
    assert two[2] != two[3]


def test_no_attempt_is_made_sooner_than_the_server_wishes():
    run = collected(in_turn(too_many(retry_after_s=20.0), answer()), planned(1))
    assert run.service.starts[1] == pytest.approx(20.1, abs=0.01)


def test_a_wish_of_no_time_at_all_is_no_reason_to_hurry():
    run = collected(always(too_many(retry_after_s=0.0)), planned(1))
    assert run.service.starts[-1] > 3.0


def test_a_wish_beyond_patience_ends_the_call_and_says_so():
    run = collected(always(too_many(retry_after_s=3600.0)), planned(1))
    (sample,) = run.samples
    assert (sample.response.error.kind, sample.attempts) == (ErrorClass.RATE_LIMIT, 1)
    assert sample.response.error.message == (
        "rate_limit happened; it asked for 3600 s of patience, and limits.retry_for allows 300 s"
    )


def test_a_call_that_waited_too_long_for_its_turn_keeps_its_error():
    """The second attempt is due after 10 s, but what another call was told holds all back until second 96."""

    def respond(service, request):
        if request.query_id == "q0" or service.now_s > 100:
            return too_many(retry_after_s=10.0 if service.now_s < 1 else None)
        return too_many(retry_after_s=90.0)

    def takes_s(request):
        return 6.0 if request.query_id == "q1" else 0.1

    run = collected(respond, planned(2), retry_for_s=95.0, takes_s=takes_s, retries=9, give_up_after=0)
    by_query = {sample.query_id: sample for sample in run.samples}
    assert by_query["q0"].attempts == 1
    assert run.service.starts == [0.0, 0.0]
    assert run.ended_s < 12.0  # nobody waits for a turn that comes too late


def test_a_retry_does_not_hold_back_the_calls_of_others():
    def respond(_, request):
        return OVERLOADED if request.query_id == "q0" else answer()

    run = collected(respond, planned(100), concurrency=2)
    assert run.samples[-1].query_id == "q0"
    assert isinstance(run.service, Service)
    assert len(run.samples) == 100
