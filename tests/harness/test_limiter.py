"""One limiter for all calls of a quota, in time that passes at once."""

import asyncio
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.harness.limiter import Limiter, Limiters
from evalslo.model.sample import ErrorClass, RateHint
from evalslo.model.suite import Concurrency, Limits
from tests.support.clock import run_virtual
from tests.support.services import Service, answer, failure, too_many, used


def limits(concurrency=8, **more):
    three = concurrency if isinstance(concurrency, tuple) else (concurrency,) * 3
    return Limits(concurrency=Concurrency(**dict(zip(("least", "start", "most"), three, strict=True))), **more)


async def drive(service, bounds, *, calls, limiter=None):
    """Makes calls through a limiter, each once, with a worker for each that may be in flight."""
    limiter = limiter or Limiter()
    limiter.adopt(bounds)
    left = iter(range(calls))

    async def work():
        for number in left:
            permit = await limiter.begin()
            limiter.end(permit, await service.call(_Request(number)))

    async with asyncio.TaskGroup() as group:
        for _ in range(bounds.concurrency.most):
            group.create_task(work())
    assert limiter.in_flight == 0
    return limiter


class _Request:
    def __init__(self, number):
        self.query_id, self.repeat = f"q{number}", 0


def driven(service, bounds, *, calls):
    run_virtual(drive(service, bounds, calls=calls))
    return service


def some_time(seed):
    draw = random.Random(seed)
    return lambda _: draw.choice([0.01, 0.1, 0.5, 3.0])


@settings(max_examples=25)
@given(most=st.integers(1, 20), seed=st.integers(0, 99))
def test_never_more_in_flight_than_allowed_and_as_many_where_there_is_work(most, seed):
    service = driven(Service(lambda *_: answer(), takes_s=some_time(seed)), limits(most), calls=100)
    assert service.most == most
    assert len(service.starts) == 100


@settings(max_examples=25, deadline=None)
@given(per_minute=st.integers(1, 200), most=st.integers(1, 20), seed=st.integers(0, 99))
def test_no_minute_sees_more_calls_than_allowed(per_minute, most, seed):
    service = Service(lambda *_: answer(), takes_s=some_time(seed))
    starts = driven(service, limits(most, requests_per_minute=per_minute), calls=3 * per_minute).starts
    assert all(b - a >= 60 for a, b in zip(starts, starts[per_minute:], strict=False))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99))
def test_tokens_stay_within_the_minute_once_their_mean_is_known(seed):
    draw = random.Random(seed)
    sizes = {}

    def respond(_, request):
        sizes[request.query_id] = draw.randint(50, 150)
        return used(sizes[request.query_id])

    service = driven(Service(respond), limits(10, tokens_per_minute=6000), calls=300)
    taken = [sizes[query] for query, _ in service.asked]
    for first in range(300):
        window = [
            n for at, n in zip(service.starts[first:], taken[first:], strict=True) if at - service.starts[first] < 60
        ]
        assert sum(window) <= 6000 * 1.02
    assert sum(taken) / service.starts[-1] > 0.9 * 100


def test_before_a_call_has_said_what_it_takes_only_a_few_begin():
    service = driven(Service(lambda *_: used(10), takes_s=1.0), limits(100, tokens_per_minute=1e6), calls=200)
    assert sum(at < 1.0 for at in service.starts) == 4
    assert service.most == 100


def test_what_one_call_is_told_holds_back_all():
    def respond(service, _):
        return too_many(retry_after_s=20.0) if service.now_s == 0 and len(service.starts) == 3 else answer()

    service = driven(Service(respond), limits(5), calls=50)
    assert not [at for at in service.starts if 0.15 < at < 20.0]
    assert len(service.starts) == 50


def test_after_a_pause_calls_begin_one_by_one():
    def respond(service, _):
        return too_many(retry_after_s=10.0) if service.now_s == 0 else answer()

    service = driven(Service(respond, takes_s=5.0), limits(10), calls=30)
    resumed = [at for at in service.starts if at > 0][:10]
    assert resumed[0] == pytest.approx(15.0)
    assert all(0.09 < b - a < 0.11 for a, b in itertools.pairwise(resumed))


@pytest.mark.parametrize(
    "hint",
    [
        RateHint(requests_left=0, requests_reset_s=30.0),
        RateHint(tokens_left=0, tokens_reset_s=30.0, requests_left=5, requests_reset_s=99.0),
        RateHint(tokens_left=0, tokens_reset_s=-4.0, requests_left=0, requests_reset_s=30.0),
    ],
)
def test_a_server_that_says_it_has_nothing_left_is_left_alone_until_it_has(hint):
    def respond(service, _):
        return answer(hint=hint) if len(service.starts) == 1 else answer()

    starts = driven(Service(respond), limits(1), calls=3).starts
    assert starts[1] == pytest.approx(30.1)


@pytest.mark.parametrize("reset_s", [0.0, -7.0])
def test_a_reset_that_is_over_holds_nothing_back(reset_s):
    hint = RateHint(requests_left=0, requests_reset_s=reset_s)
    assert driven(Service(lambda *_: answer(hint=hint)), limits(1), calls=2).starts == [0.0, pytest.approx(0.1)]


def test_retry_after_is_more_direct_than_a_reset():
    def respond(service, _):
        hint = RateHint(requests_left=0, requests_reset_s=60.0)
        return too_many(retry_after_s=2.0, hint=hint) if len(service.starts) == 1 else answer()

    assert driven(Service(respond), limits(1), calls=2).starts[1] == pytest.approx(2.1)


def test_no_pause_is_longer_than_a_call_is_patient():
    def respond(service, _):
        return too_many(retry_after_s=3600.0) if len(service.starts) == 1 else answer()

    starts = driven(Service(respond), limits(2, retry_for_s=100.0), calls=5).starts
    assert 100 < starts[2] < 101


@pytest.mark.parametrize(("capacity", "least"), [(10, 1), (40, 1), (100, 1), (10, 30)])
def test_adaptive_concurrency_finds_what_a_server_bears(capacity, least):
    answered, refused, draw = [], [], random.Random(0)

    def respond(service, _):
        full = service.in_flight > capacity
        (refused if full else answered).append(service.now_s)
        return too_many() if full else answer()

    def takes_s(request):  # a refusal is quick
        return 0.02 if refused and refused[-1] == asyncio.get_running_loop().time() else draw.uniform(0.5, 1.5)

    driven(Service(respond, takes_s=takes_s), limits((least, max(least, 4), 256)), calls=4000)
    late = answered[len(answered) // 2 :]
    if least < capacity:
        assert len(late) / (late[-1] - late[0]) > 0.8 * capacity
        assert len(refused) < 0.05 * 4000
    else:
        assert len(refused) > 0.5 * 4000


def test_a_server_that_bears_all_gets_the_most_soon():
    service = driven(Service(lambda *_: answer(), takes_s=1.0), limits((1, 16, 256)), calls=3000)
    assert service.most == 256
    assert service.starts[600] < 6


@pytest.mark.parametrize(
    ("response", "cuts"),
    [
        (too_many(), True),
        (failure(ErrorClass.SERVER, status=503), True),
        (failure(ErrorClass.SERVER, status=529), True),
        (failure(ErrorClass.TIMEOUT), True),
        (failure(ErrorClass.FIRST_TOKEN_TIMEOUT), True),
        (failure(ErrorClass.CONNECT_TIMEOUT), True),
        (failure(ErrorClass.SERVER, status=500), False),
        (failure(ErrorClass.RESET), False),
        (failure(ErrorClass.CLIENT, status=400), False),
        (failure(ErrorClass.EMPTY), False),
    ],
)
def test_only_what_speaks_of_too_much_is_a_reason_for_fewer_calls(response, cuts):
    async def main():
        limiter = await drive(Service(lambda *_: response), limits((1, 10, 20)), calls=10)
        return limiter.allowed

    assert run_virtual(main()) == (7 if cuts else 10)


def test_the_next_suite_brings_its_numbers_and_finds_what_was_learned():
    async def main():
        limiter = Limiter()
        await drive(Service(lambda *_: answer()), limits((1, 8, 64)), calls=200, limiter=limiter)
        grown = limiter.allowed
        second = Service(lambda *_: answer())
        await drive(second, limits((1, 4, 20)), calls=100, limiter=limiter)
        return grown, second.starts, second.most

    grown, starts, most = run_virtual(main())
    assert grown == 64
    assert most == 20
    assert starts.count(starts[0]) == 20


def test_the_calls_of_the_last_minute_count_for_the_next_suite():
    async def main():
        limiter, bounds = Limiter(), limits(5, requests_per_minute=6)
        first, second = (Service(lambda *_: answer()) for _ in range(2))
        await drive(first, bounds, calls=6, limiter=limiter)
        await drive(second, bounds, calls=6, limiter=limiter)
        return first.starts + second.starts

    starts = run_virtual(main())
    assert all(b - a >= 60 for a, b in zip(starts, starts[6:], strict=False))


def test_the_calls_of_the_last_minute_count_though_there_was_no_bound_on_them():
    async def main():
        limiter, (first, second) = Limiter(), (Service(lambda *_: used(10)) for _ in range(2))
        await drive(first, limits(100), calls=1000, limiter=limiter)
        await drive(second, limits(5, requests_per_minute=60), calls=3, limiter=limiter)
        return first.starts[-1], second.starts

    last, starts = run_virtual(main())
    assert all(last + 60 <= at < last + 66 for at in starts)


def test_the_tokens_of_the_last_minute_count_though_there_was_no_bound_on_them():
    async def main():
        limiter, (first, second) = Limiter(), (Service(lambda *_: used(100)) for _ in range(2))
        await drive(first, limits(10), calls=30, limiter=limiter)
        await drive(second, limits(5, tokens_per_minute=3000), calls=2, limiter=limiter)
        return first.starts[-1], second.starts

    last, starts = run_virtual(main())
    assert all(at >= last + 2 for at in starts)


def test_a_permit_that_is_cancelled_counts_for_no_pace():
    async def main():
        limiter = Limiter()
        limiter.adopt(limits(5, requests_per_minute=60, tokens_per_minute=60))
        for _ in range(50):
            limiter.cancel(await limiter.begin())
        return asyncio.get_running_loop().time(), limiter.in_flight

    assert run_virtual(main()) == (0.0, 0)


def test_calls_that_are_made_again_are_let_in_as_they_came():
    async def main():
        limiter, order = Limiter(), []
        limiter.adopt(limits(1))
        held = await limiter.begin()

        async def wait(name):
            permit = await limiter.begin(again=True)
            order.append(name)
            await asyncio.sleep(1)
            limiter.end(permit, answer())

        async with asyncio.TaskGroup() as group:
            for name in range(4):
                group.create_task(wait(name))
                await asyncio.sleep(1)
            limiter.end(held, answer())
        return order

    assert run_virtual(main()) == [0, 1, 2, 3]


def test_a_call_that_is_made_again_goes_before_the_others():
    async def main():
        limiter, order = Limiter(), []
        limiter.adopt(limits(1))
        held = await limiter.begin()

        async def wait(name, *, again):
            permit = await limiter.begin(again=again)
            order.append(name)
            limiter.end(permit, answer())

        async with asyncio.TaskGroup() as group:
            group.create_task(wait("a", again=False))
            group.create_task(wait("b", again=False))
            await asyncio.sleep(0)
            group.create_task(wait("again", again=True))
            await asyncio.sleep(0)
            limiter.end(held, answer())
        return order

    assert run_virtual(main()) == ["again", "a", "b"]


def test_those_who_wait_are_sent_away_at_once():
    async def main():
        limiter = Limiter()
        limiter.adopt(limits(3))
        limiter.end(await limiter.begin(), too_many(retry_after_s=200.0))
        waiting = [asyncio.create_task(limiter.begin()) for _ in range(3)]
        await asyncio.sleep(1)
        assert limiter.waiting_s() == pytest.approx(199.0)
        limiter.wake()
        permits = await asyncio.gather(*waiting)
        return permits, asyncio.get_running_loop().time(), limiter.in_flight, limiter.waiting_s()

    assert run_virtual(main()) == ([None] * 3, 1.0, 0, None)


@pytest.mark.parametrize("let_in", [False, True])
def test_a_call_that_is_cancelled_while_it_waits_takes_no_room(let_in):
    async def main():
        limiter = Limiter()
        limiter.adopt(limits(1))
        held = await limiter.begin()
        waiting = asyncio.create_task(limiter.begin())
        await asyncio.sleep(0)
        if let_in:
            limiter.end(held, answer())
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        if not let_in:
            limiter.end(held, answer())
        assert limiter.in_flight == 0
        return await limiter.begin()

    assert run_virtual(main()) is not None


def test_one_limiter_a_quota():
    limiters = Limiters()
    assert limiters.of("a") is limiters.of("a")
    assert limiters.of("a") is not limiters.of("b")
