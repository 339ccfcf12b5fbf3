"""The scheduler: every planned call is one sample, whatever the service does, and nothing is begun beyond the limits."""

import asyncio

import pytest
from msgspec.structs import replace

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import ErrorClass, Request
from tests.support.clock import run_virtual
from tests.support.collecting import LOOK, Run, always, collected, in_turn, planned
from tests.support.services import Service, answer, failure, too_many, used


def test_every_planned_call_becomes_one_sample():
    calls = planned(7, repeats=3)
    run = collected(always(answer()), calls)
    assert sorted((sample.query_id, sample.repeat) for sample in run.samples) == sorted(call.key for call in calls)
    assert run.service.asked == [call.key for call in calls]
    assert run.stopped is None
    assert (run.progress[-1].done, run.progress[-1].planned, run.progress[-1].in_flight) == (21, 21, 0)


def test_calls_are_in_flight_all_the_time():
    run = collected(always(answer()), planned(1000), concurrency=50)
    assert run.service.most == 50
    assert run.ended_s == pytest.approx(2.0)


def test_a_thousand_at_once_hold():
    run = collected(always(answer()), planned(3000), concurrency=1000)
    assert run.service.most == 1000
    assert len(run.samples) == 3000


def test_fewer_calls_than_workers_are_fine():
    assert len(collected(always(answer()), planned(2), concurrency=50).samples) == 2
    assert collected(always(answer()), planned(0)).stopped is None


def test_a_sample_says_when_its_attempt_began():
    run = collected(in_turn(failure(ErrorClass.SERVER, status=500), answer()), planned(1), takes_s=10.0)
    (sample,) = run.samples
    assert sample.started_at == f"1970-01-01T00:00:{run.service.starts[1]:.3f}+00:00"[:19] + sample.started_at[19:]
    assert sample.attempts == 2


def test_answers_that_are_at_hand_leave_the_loop_its_turns():
    async def main():
        run = Run(Service(always(answer())), planned(1000), concurrency=100)
        run.known = {f"q{i}": answer(timing="cached") for i in range(1000)}
        turns = 0

        async def other():
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        task = asyncio.create_task(other())
        await run.go()
        task.cancel()
        return run, turns

    run, turns = run_virtual(main())
    assert turns >= 6
    assert len(run.samples) == 1000


def test_a_known_answer_is_not_asked_for_and_an_error_is_not_learned():
    async def main():
        respond = {"q1": answer("new"), "q2": failure(ErrorClass.CLIENT, status=400)}
        run = Run(Service(lambda _, request: respond[request.query_id]), planned(3), requests_per_minute=1)
        run.known = {"q0": answer("old", timing="cached")}
        return await run.go()

    run = run_virtual(main())
    assert sorted(query for query, _ in run.service.asked) == ["q1", "q2"]
    assert [query for query, _ in run.learned] == ["q1"]
    assert {sample.response.answer for sample in run.samples} == {"old", "new", None}
    assert run.ended_s < 62


def test_the_sign_to_stop_ends_with_the_calls_in_flight():
    stop = asyncio.Event()
    run = collected(always(answer()), planned(50), stop=stop, concurrency=2, on_sample=lambda n: n >= 5 and stop.set())
    assert 5 <= len(run.samples) <= 7
    assert len(run.samples) == len(run.service.starts)
    assert run.stopped.code == "interrupted"
    assert "--resume" in run.stopped.text


def test_a_sign_that_was_given_before_lets_nothing_begin():
    stop = asyncio.Event()
    stop.set()
    run = collected(always(answer()), planned(50), stop=stop)
    assert (run.service.starts, run.samples, run.stopped.code) == ([], [], "interrupted")


def test_a_sign_that_came_with_the_last_answer_stopped_nothing():
    stop = asyncio.Event()
    run = collected(always(answer()), planned(5), stop=stop, on_sample=lambda n: n == 5 and stop.set())
    assert run.stopped is None


@pytest.mark.parametrize(
    "how",
    [
        {"respond": always(too_many(retry_after_s=100.0))},
        {"respond": always(failure(ErrorClass.SERVER, status=500)), "takes_s": 2.0},
        {"respond": always(answer()), "requests_per_minute": 1},
    ],
)
def test_the_sign_to_stop_wakes_whoever_waits(how):
    async def main():
        stop = asyncio.Event()
        respond, takes_s = how["respond"], how.get("takes_s", 0.1)
        limits = {key: value for key, value in how.items() if key not in ("respond", "takes_s")}
        run = Run(Service(respond, takes_s=takes_s), planned(9), concurrency=3, stop=stop, **limits)
        asyncio.get_running_loop().call_later(2.1, stop.set)
        return await run.go()

    run = run_virtual(main())
    assert run.ended_s == pytest.approx(2.1)
    assert all(sample.response.error is None for sample in run.samples)
    assert run.stopped.code == "interrupted"


def test_what_keeping_raises_ends_the_collection_at_once():
    def full_disk(number):
        raise OSError(28, "No space left on device")

    async def main():
        run = Run(Service(always(answer()), takes_s=lambda r: 0.1 if r.query_id == "q1" else 50.0), planned(5))
        run.on_sample = full_disk
        with pytest.raises(OSError, match="No space left"):
            await run.go()
        return asyncio.get_running_loop().time(), run.limiter.in_flight

    assert run_virtual(main()) == (pytest.approx(0.1), 0)


def test_what_a_listener_raises_comes_out_too():
    def listen(_):
        raise RuntimeError("no terminal")

    async def main():
        run = Run(Service(always(answer())), planned(5))
        run.progress = type("Broken", (), {"append": staticmethod(listen)})
        await run.go()

    with pytest.raises(RuntimeError, match="no terminal"):
        run_virtual(main())


def test_no_more_is_asked_once_enough_is_known():
    async def main():
        run = Run(Service(always(answer())), planned(50), concurrency=4)
        run.enough = lambda: len(run.samples) >= 10
        return await run.go()

    run = run_virtual(main())
    assert 10 <= len(run.samples) <= 13
    assert run.stopped is None


def test_progress_is_told_ten_times_a_second_however_many_samples_come():
    run = collected(always(answer()), planned(1000), concurrency=50, takes_s=0.01)
    assert len(run.progress) <= 0.2 / 0.1 + 3
    run = collected(always(answer()), planned(1000), concurrency=10, takes_s=0.1)
    assert len(run.progress) == pytest.approx(100, abs=3)


def test_progress_tells_rate_and_time_left():
    run = collected(always(answer(cost_usd=0.01)), planned(1000), concurrency=10)
    first, middle, last = run.progress[0], run.progress[50], run.progress[-1]
    assert (first.done, first.rate_per_s, first.left_s, first.cost_usd) == (0, None, None, None)
    assert middle.rate_per_s == pytest.approx(100, rel=0.05)
    assert middle.left_s == pytest.approx((1000 - middle.done) / middle.rate_per_s)
    assert last.cost_usd == pytest.approx(10.0)
    assert middle.allowed is None
    assert middle.provisional == LOOK


def test_the_rate_is_that_of_the_last_seconds():
    run = collected(
        always(answer()), planned(300), concurrency=1, takes_s=lambda r: 0.01 if len(r.query_id) < 4 else 1.0
    )
    assert run.progress[-2].rate_per_s < 50


def test_progress_tells_what_holds_calls_back_and_what_is_allowed():
    def respond(service, _):
        return too_many(retry_after_s=10.0) if service.now_s == 0 else answer()

    run = collected(respond, planned(200), concurrency=(1, 10, 20))
    waiting = [one.waiting_s for one in run.progress if one.waiting_s is not None]
    assert max(waiting) == pytest.approx(10.0, abs=0.2)
    assert {one.allowed for one in run.progress} >= {10, 7}


def test_progress_counts_errors_by_class():
    responses = [failure(ErrorClass.CLIENT, status=400), failure(ErrorClass.EMPTY), failure(ErrorClass.EMPTY), answer()]
    run = collected(in_turn(*responses), planned(9), retries=0)
    assert run.progress[-1].errors == 3
    assert run.progress[-1].by_class == {"client": 1, "empty": 2}


def test_what_can_be_loaded_meanwhile_is_loaded_once_calls_are_under_way():
    async def main(takes_s):
        service, seen = Service(always(answer()), takes_s=takes_s), []
        run = Run(service, planned(5), concurrency=3, under_way=lambda: seen.append(service.in_flight))
        await run.go()
        return seen

    assert run_virtual(main(1.0)) == [3]
    assert run_virtual(main(0.001)) == []


def test_calls_that_are_cancelled_from_outside_leave_no_room_taken():
    async def main():
        run = Run(Service(always(answer()), takes_s=10.0), planned(50))
        task = asyncio.create_task(run.go())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return run

    run = run_virtual(main())
    assert (run.limiter.in_flight, run.service.in_flight) == (0, 0)


def test_what_a_failed_call_said_is_kept_as_it_was():
    response = replace(failure(ErrorClass.TRUNCATED, retryable=False), cost_usd=0.5)
    run = collected(always(response), planned(1))
    assert run.samples[0].response == response


def test_the_request_is_that_of_the_plan():
    run = collected(always(used(3)), planned(1))
    assert isinstance(run.calls[0].query, GoldenQuery)
    assert run.service.asked == [("q0", 0)]
    assert Request(query_id="q0").repeat == 0
