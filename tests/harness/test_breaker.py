"""A hopeless run ends early; a bad moment does not end a run."""

import pytest

from evalslo.model.sample import ErrorClass, RateHint
from tests.support.collecting import always, collected, planned
from tests.support.services import answer, failure, too_many

SERVICE = [
    failure(ErrorClass.DNS),
    failure(ErrorClass.REFUSED),
    failure(ErrorClass.TLS, retryable=False),
    failure(ErrorClass.PROXY),
    failure(ErrorClass.RESET),
    failure(ErrorClass.TIMEOUT),
    failure(ErrorClass.CONNECT_TIMEOUT),
    failure(ErrorClass.FIRST_TOKEN_TIMEOUT),
    failure(ErrorClass.IDLE_TIMEOUT),
    failure(ErrorClass.SERVER, status=500),
    failure(ErrorClass.EXCEPTION),
    too_many(),
    *(failure(ErrorClass.CLIENT, status=status) for status in (401, 402, 403, 404, 407)),
]
QUERY = [
    failure(ErrorClass.CLIENT, status=400),
    failure(ErrorClass.CLIENT, status=413),
    failure(ErrorClass.MALFORMED, retryable=False),
    failure(ErrorClass.TRUNCATED, retryable=False),
    failure(ErrorClass.TOO_LARGE, retryable=False),
]
WORKS = [failure(ErrorClass.EMPTY), failure(ErrorClass.FILTERED, retryable=False)]


def name(response):
    return f"{response.error.kind}-{response.error.status}"


def answered_first(response):
    """Ten answers, and then `response` for ever."""
    return lambda service, _: answer() if len(service.starts) <= 10 else response


@pytest.mark.parametrize("response", SERVICE, ids=name)
def test_a_service_that_is_gone_ends_the_run(response):
    run = collected(answered_first(response), planned(1000), give_up_after=50)
    assert run.stopped.code == "hopeless"
    assert 50 <= len(run.service.starts) - 10 < 60
    assert response.error.message in run.stopped.text
    assert "--resume" in run.stopped.text
    assert "stay failed" in run.stopped.text


@pytest.mark.parametrize("response", QUERY + WORKS, ids=name)
def test_what_speaks_of_the_query_ends_nothing(response):
    run = collected(answered_first(response), planned(300), give_up_after=50)
    assert run.stopped is None
    assert len(run.samples) == 300


@pytest.mark.parametrize("response", QUERY, ids=name)
def test_where_nothing_was_ever_answered_any_failure_is_the_service_s(response):
    assert collected(always(response), planned(300), give_up_after=50).stopped.code == "hopeless"


@pytest.mark.parametrize("response", [failure(ErrorClass.NOT_RECORDED, retryable=False), *WORKS], ids=name)
def test_a_hole_in_a_recording_and_an_answer_of_no_use_end_nothing(response):
    assert collected(always(response), planned(300), give_up_after=50).stopped is None


@pytest.mark.parametrize("response", [answer(), *WORKS], ids=["answer", "empty", "filtered"])
def test_a_service_that_answers_now_and_then_works(response):
    down = failure(ErrorClass.SERVER, status=500, retryable=False)
    run = collected(
        lambda service, _: response if len(service.starts) % 40 == 0 else down, planned(1000), give_up_after=50
    )
    assert run.stopped is None


def test_retries_that_the_pace_makes_too_late_do_not_hide_a_service_that_is_gone():
    down = failure(ErrorClass.SERVER, status=500)
    run = collected(always(down), planned(400), requests_per_minute=6, retry_for_s=5.0, give_up_after=20, concurrency=8)
    assert run.stopped.code == "hopeless"
    assert len(run.service.starts) == 20
    assert {sample.attempts for sample in run.samples} == {1}


def test_a_retry_that_was_to_be_made_and_came_too_late_is_the_last_of_its_call():
    """39 fail at once and wait to be made again; then a failure of another kind holds all back beyond their time."""
    calls = planned(41)
    first, last = calls[0].query.id, calls[40].query.id
    down = failure(ErrorClass.SERVER, status=500)
    hint = RateHint(requests_left=0, requests_reset_s=9.0)
    by_query = {first: answer(), last: failure(ErrorClass.CLIENT, status=400, hint=hint)}
    run = collected(
        lambda _, request: by_query.get(request.query_id, down),
        calls,
        concurrency=40,
        retry_for_s=10.0,
        give_up_after=39,
        takes_s=lambda request: 0.1 if request.query_id == first else 1.2,
    )
    assert run.stopped.code == "hopeless"
    assert run.stopped.text.startswith("39 attempts")
    assert len(run.service.starts) == 41
    assert run.ended_s < 2.0


def test_it_can_be_switched_off():
    run = collected(always(failure(ErrorClass.REFUSED)), planned(200), give_up_after=0, retries=0)
    assert (run.stopped, len(run.samples)) == (None, 200)


def test_a_small_golden_set_ends_by_itself():
    run = collected(always(failure(ErrorClass.REFUSED)), planned(9), retries=2)
    assert (run.stopped, len(run.samples)) == (None, 9)


def test_a_restart_that_the_retries_get_over_is_no_reason_to_give_up():
    """All 500 in flight break at once, and again at the first retry; the service is back after two seconds."""
    run = collected(
        lambda service, _: answer() if service.now_s > 2.0 or service.now_s < 0.05 else failure(ErrorClass.RESET),
        planned(2000),
        concurrency=500,
        give_up_after=50,
    )
    assert run.stopped is None
    assert all(sample.response.answer for sample in run.samples)


def test_calls_that_may_yet_succeed_are_left_for_resume():
    run = collected(answered_first(failure(ErrorClass.REFUSED)), planned(1000), concurrency=100, give_up_after=50)
    assert run.stopped.code == "hopeless"
    failed = [sample for sample in run.samples if sample.response.error is not None]
    assert 1 <= len(failed) < 50


def test_a_server_that_asks_again_for_more_patience_than_there_is_ends_the_run():
    run = collected(always(too_many(retry_after_s=3600.0)), planned(1000))
    assert run.stopped.code == "hopeless"
    assert 300 <= run.ended_s < 310
    assert len(run.samples) < 10
