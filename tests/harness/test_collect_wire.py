"""The scheduler and a real client against a real server on the loopback."""

import asyncio
from pathlib import Path

from evalslo.endpoints.open import open_endpoint
from evalslo.model.sample import ErrorClass
from evalslo.model.suite import EndpointSpec, Timeouts
from tests.support.collecting import Run, planned
from tests.support.loopback import FaultServer, completion, refused_url, reply, reply_json


async def asked(url, calls, **how):
    spec = EndpointSpec(kind="openai", options={"model": "m", "stream": False, "base_url": url})
    endpoint = open_endpoint(spec, environ={}, folder=Path(), timeouts=Timeouts(total_s=5.0), samples=lambda path: ())
    async with asyncio.timeout(20):
        return await Run(endpoint, calls, **how).go()


async def test_every_planned_call_becomes_one_sample():
    calls = planned(7, repeats=3)
    async with FaultServer(reply_json(completion("Paris"))) as server:
        run = await asked(server.url, calls)
    assert sorted((sample.query_id, sample.repeat) for sample in run.samples) == sorted(call.key for call in calls)
    assert {sample.response.answer for sample in run.samples} == {"Paris"}


async def test_a_passing_fault_is_tried_again_and_the_server_s_wish_is_honoured():
    again = reply(status=429, headers={"Retry-After": "1"})
    async with FaultServer(reply(status=503), again, reply_json(completion("Paris"))) as server:
        (sample,) = (await asked(server.url, planned(1))).samples
    assert (sample.response.answer, sample.attempts) == ("Paris", 3)


async def test_a_wish_of_an_hour_is_not_waited_for():
    async with FaultServer(reply(status=429, headers={"Retry-After": "3600"})) as server:
        (sample,) = (await asked(server.url, planned(1))).samples
    assert (sample.response.error.kind, sample.attempts) == (ErrorClass.RATE_LIMIT, 1)
    assert "3600 s of patience" in sample.response.error.message


async def test_a_refused_connection_is_a_sample_too():
    run = await asked(refused_url(), planned(3), retries=0)
    assert [sample.response.error.kind for sample in run.samples] == [ErrorClass.REFUSED] * 3


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
        await asked(server.url, planned(30), concurrency=5)
    assert most == 5
