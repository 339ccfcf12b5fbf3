"""The scheduler against a real server on the loopback: every planned call is one sample, whatever the server does."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalslo.endpoints.open import open_endpoint
from evalslo.harness.collect import Watch, collect
from evalslo.harness.plan import plan_calls
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import Concurrency, EndpointSpec, Limits, Timeouts
from tests.support.loopback import FaultServer, completion, refused_url, reply, reply_json

OPTIONS = {"model": "m", "stream": False}


def planned(number, *, repeats=1):
    queries = [GoldenQuery(id=f"q{i}", query=f"Question {i}?") for i in range(number)]
    return plan_calls(queries, repeats=repeats, seed=0, limit=None)


async def collected(url, calls, *, stop=None, retries=4, concurrency=4, timeout_s=5.0, on_sample=None):
    spec = EndpointSpec(kind="openai", options=OPTIONS | {"base_url": url})
    endpoint = open_endpoint(spec, environ={}, folder=Path(), timeout_s=timeout_s, samples=lambda path: ())
    samples, progress = [], []

    def keep(sample):
        samples.append(sample)
        if on_sample is not None:
            on_sample(len(samples))

    came = await collect(
        endpoint,
        calls,
        suite="s",
        done=0,
        limits=Limits(
            concurrency=Concurrency(least=concurrency, start=concurrency, most=concurrency),
            timeouts=Timeouts(total_s=timeout_s),
            retries=retries,
        ),
        keep=keep,
        watch=Watch(clock=lambda: datetime.now(UTC), on_progress=progress.append, stop=stop or asyncio.Event()),
    )
    assert came == len(samples)
    return samples, progress


async def test_every_planned_call_becomes_one_sample():
    calls = planned(7, repeats=3)
    async with FaultServer(reply_json(completion("Paris"))) as server:
        samples, progress = await collected(server.url, calls)
    assert sorted((sample.query_id, sample.repeat) for sample in samples) == sorted(call.key for call in calls)
    assert (progress[-1].done, progress[-1].planned, progress[-1].in_flight) == (21, 21, 0)
    assert {sample.response.answer for sample in samples} == {"Paris"}


async def test_a_passing_fault_is_tried_again_and_counted():
    async with FaultServer(reply(status=503), reply(status=503), reply_json(completion("Paris"))) as server:
        (sample,), _ = await collected(server.url, planned(1))
    assert (sample.response.answer, sample.attempts) == ("Paris", 3)


async def test_the_server_s_own_wish_to_wait_is_honoured():
    again = reply(status=429, headers={"Retry-After": "0"})
    async with FaultServer(again, again, again, reply_json(completion("Paris"))) as server:
        (sample,), _ = await asyncio.wait_for(collected(server.url, planned(1)), timeout=20)
    assert sample.attempts == 4


async def test_a_wish_of_an_hour_is_not_waited_for():
    async with FaultServer(reply(status=429, headers={"Retry-After": "3600"})) as server:
        (sample,), _ = await asyncio.wait_for(collected(server.url, planned(1)), timeout=20)
    assert sample.response.error.kind is ErrorClass.RATE_LIMIT
    assert sample.attempts == 1


@pytest.mark.parametrize(("status", "kind"), [(400, ErrorClass.CLIENT), (401, ErrorClass.CLIENT)])
async def test_a_lasting_fault_is_not_tried_again(status, kind):
    async with FaultServer(reply(status=status)) as server:
        (sample,), _ = await collected(server.url, planned(1))
    assert (sample.response.error.kind, sample.attempts) == (kind, 1)


async def test_no_retries_where_none_are_wanted():
    async with FaultServer(reply(status=500)) as server:
        samples, progress = await collected(server.url, planned(5), retries=0)
    assert {sample.attempts for sample in samples} == {1}
    assert progress[-1].errors == 5


async def test_a_refused_connection_is_a_sample_too():
    samples, _ = await collected(refused_url(), planned(3), retries=0)
    assert {sample.response.error.kind for sample in samples} == {ErrorClass.REFUSED}
    assert len(samples) == 3


async def test_no_more_calls_are_in_flight_than_allowed():
    open_now, most = 0, 0

    async def count(exchange):
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.02)
        open_now -= 1
        await reply_json(completion("Paris"))(exchange)

    async with FaultServer(count) as server:
        await collected(server.url, planned(30), concurrency=5)
    assert most == 5


async def test_the_sign_to_stop_ends_with_the_calls_in_flight():
    stop = asyncio.Event()
    async with FaultServer(reply_json(completion("Paris"))) as server:
        samples, _ = await collected(
            server.url, planned(50), stop=stop, concurrency=2, on_sample=lambda n: n >= 5 and stop.set()
        )
    assert 5 <= len(samples) <= 7
    assert len({sample.query_id for sample in samples}) == len(samples)


async def test_a_call_that_waits_for_another_attempt_is_left_for_resume():
    stop = asyncio.Event()
    async with FaultServer(reply(status=503, headers={"Retry-After": "30"})) as server:
        running = asyncio.create_task(collected(server.url, planned(1), stop=stop))
        async with asyncio.timeout(20):
            while not server.requests:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        stop.set()
        samples, _ = await asyncio.wait_for(running, timeout=20)
    assert samples == []


async def test_what_keeping_raises_ends_the_collection():
    def full_disk(number):
        raise OSError(28, "No space left on device")

    async with FaultServer(reply_json(completion("Paris"))) as server:
        with pytest.raises(OSError, match="No space left"):
            await collected(server.url, planned(5), on_sample=full_disk)
