"""Answers of a form: asked for where the server can, left out where it refuses, and refused once only."""

from evalslo.endpoints.structured import Structured
from evalslo.model.sample import ErrorClass, Request
from tests.support.loopback import FaultServer, completion, reply_json

SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
REFUSAL = {"error": {"message": "response_format is not supported"}}


def question(number=0):
    return Request(query_id=f"q{number}", fields={"query": "Is it so?"}, schema=SCHEMA)


def formats(server):
    return [request.json().get("response_format") for request in server.requests]


async def replies(opened, *behaviours, calls):
    async with FaultServer(*behaviours) as server:
        endpoint = Structured(opened("openai", base_url=f"{server.url}/v1", model="m", stream=False))
        async with endpoint:
            said = [await endpoint.call(question(number)) for number in range(calls)]
    return server, said


async def test_a_schema_is_sent_as_a_response_format(opened):
    server, (said,) = await replies(opened, reply_json(completion("yes")), calls=1)
    assert formats(server) == [
        {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA}}
    ]
    assert said.answer == "yes"


async def test_a_server_that_refuses_the_schema_is_asked_without_from_then_on(opened):
    server, said = await replies(opened, reply_json(REFUSAL, status=400), reply_json(completion("yes")), calls=3)
    assert [one.answer for one in said] == ["yes"] * 3
    assert [one is not None for one in formats(server)] == [True, False, False, False]


async def test_a_server_that_refuses_both_is_at_fault_for_another_reason(opened):
    server, said = await replies(opened, reply_json(REFUSAL, status=400), calls=2)
    assert [one.error.kind for one in said] == [ErrorClass.CLIENT, ErrorClass.CLIENT]
    assert [one is not None for one in formats(server)] == [True, False, True, False]


async def test_a_server_that_has_answered_to_a_schema_is_not_asked_without(opened):
    server, said = await replies(opened, reply_json(completion("yes")), reply_json(REFUSAL, status=400), calls=2)
    assert said[1].error is not None
    assert all(formats(server))
    assert len(server.requests) == 2


async def test_params_of_the_suite_win_over_the_schema(opened):
    async with FaultServer(reply_json(completion("yes"))) as server:
        params = {"response_format": {"type": "json_object"}}
        endpoint = opened("openai", base_url=f"{server.url}/v1", model="m", stream=False, params=params)
        async with endpoint:
            await endpoint.call(question())
    assert formats(server) == [{"type": "json_object"}]


async def test_an_endpoint_can_be_used_in_several_sittings(opened):
    """A judge is asked once more for what it could not be understood in, after all else was asked."""
    async with FaultServer(reply_json(completion("yes"))) as server:
        endpoint = Structured(opened("openai", base_url=f"{server.url}/v1", model="m", stream=False))
        for number in range(2):
            async with endpoint:
                assert (await endpoint.call(question(number))).answer == "yes"
