import pytest

from evalslo.model.golden import Message
from evalslo.model.sample import ErrorClass, Request, Usage
from evalslo.model.suite import Price
from tests.support.loopback import (
    DONE,
    ROLE,
    FaultServer,
    completion,
    delta,
    frame,
    reply,
    reply_json,
    reply_stream,
    usage_frame,
)

STOP = delta(finish_reason="stop")


async def test_a_stream_of_deltas_becomes_the_answer_with_its_usage_model_and_finish(ask):
    pieces = (ROLE, delta(content="An objective "), delta(content="for an SLI."), STOP, usage_frame(12, 5), DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url)
    assert response.error is None
    assert response.answer == "An objective for an SLI."
    assert (response.usage, response.model, response.finish_reason) == (
        Usage(prompt_tokens=12, completion_tokens=5),
        "served-model",
        "stop",
    )
    assert response.timing == "live"
    assert 0 < response.ttft_s <= response.latency_s
    assert len(response.gaps_s) == 1
    assert server.requests[0].json()["stream_options"] == {"include_usage": True}


async def test_the_role_frame_is_no_token(ask):
    async with FaultServer(reply_stream(ROLE, 0.1, delta(content="late"), STOP, DONE)) as server:
        response = await ask(server.url)
    assert response.answer == "late"
    assert 0.1 <= response.ttft_s <= response.latency_s


async def test_a_keep_alive_comment_and_an_empty_content_are_no_tokens(ask):
    pieces = (b": ping\n\n", delta(content=""), 0.05, delta(content="x"), STOP, DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url)
    assert response.ttft_s >= 0.05
    assert response.gaps_s == ()


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
async def test_reasoning_is_the_first_token_and_no_part_of_the_answer(ask, key):
    pieces = (delta(**{key: "hm"}), 0.08, delta(content="42"), STOP, DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url)
    assert response.answer == "42"
    assert len(response.gaps_s) == 1
    assert response.gaps_s[0] >= 0.07
    assert response.ttft_s < response.latency_s - 0.07


async def test_a_tool_call_without_text_is_an_answer_and_has_a_first_token(ask):
    call = [{"index": 0, "id": "c", "function": {"name": "search", "arguments": "{}"}}]
    pieces = (ROLE, delta(tool_calls=call), delta(finish_reason="tool_calls"), DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url)
    assert (response.answer, response.finish_reason, response.error) == ("", "tool_calls", None)
    assert response.ttft_s is not None


async def test_a_missing_done_is_fine_where_a_finish_reason_was_seen(ask):
    async with FaultServer(reply_stream(delta(content="yes"), STOP)) as server:
        response = await ask(server.url)
    assert (response.answer, response.finish_reason) == ("yes", "stop")


async def test_the_last_event_may_lack_its_empty_line(ask):
    async with FaultServer(reply_stream(delta(content="yes"), STOP.rstrip())) as server:
        response = await ask(server.url)
    assert (response.answer, response.finish_reason) == ("yes", "stop")


async def test_done_without_a_finish_reason_is_an_end(ask):
    async with FaultServer(reply_stream(delta(content="yes"), DONE)) as server:
        response = await ask(server.url)
    assert (response.answer, response.finish_reason) == ("yes", None)


async def test_a_completion_that_was_not_streamed_has_no_time_to_first_token(ask):
    async with FaultServer(reply_json(completion("whole"))) as server:
        response = await ask(server.url, stream=False)
    assert response.answer == "whole"
    assert response.usage == Usage(prompt_tokens=11, completion_tokens=7)
    assert (response.ttft_s, response.gaps_s) == (None, ())
    assert response.latency_s > 0
    assert "stream" not in server.requests[0].json()


async def test_a_server_that_does_not_stream_though_asked_to_is_read_all_the_same(ask):
    async with FaultServer(reply_json(completion("whole"))) as server:
        response = await ask(server.url, stream=True)
    assert (response.answer, response.ttft_s) == ("whole", None)


async def test_a_content_of_typed_parts_is_their_text(ask):
    parts = [{"type": "text", "text": "one "}, {"type": "image"}, {"type": "text", "text": "two"}]
    async with FaultServer(reply_json(completion(parts))) as server:
        response = await ask(server.url, stream=False)
    assert response.answer == "one two"


async def test_only_the_first_of_several_choices_is_read(ask):
    choices = [
        {"index": 1, "delta": {"content": "no"}},
        {"index": 0, "delta": {"content": "yes"}, "finish_reason": "stop"},
    ]
    async with FaultServer(reply_stream(frame({"choices": choices}), DONE)) as server:
        response = await ask(server.url)
    assert response.answer == "yes"


async def test_terminal_escapes_pass_through_as_data(ask):
    hostile = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>{{ 7*7 }}\r\n"
    async with FaultServer(reply_stream(delta(content=hostile), STOP, DONE)) as server:
        response = await ask(server.url)
    assert response.answer == hostile


async def test_a_character_cut_between_two_chunks_stays_whole(ask):
    raw = 'data: {"choices": [{"delta": {"content": "grün 🎯"}, "finish_reason": "stop"}]}\n\n'.encode()
    at = raw.index("🎯".encode()) + 2
    async with FaultServer(reply_stream(raw[:at], raw[at:], DONE)) as server:
        response = await ask(server.url)
    assert response.answer == "grün 🎯"


async def test_a_surrogate_pair_cut_between_two_deltas_is_joined_and_a_lone_half_replaced(ask):
    pieces = (delta(content="\ud83c"), delta(content="\udfaf and \ud83c"), STOP, DONE)
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url)
    assert response.answer == "🎯 and \ufffd"


async def test_the_cost_follows_from_usage_and_price(ask):
    async with FaultServer(reply_json(completion("x"))) as server:
        response = await ask(server.url, price=Price(prompt_per_mtok=2.0, completion_per_mtok=10.0))
    assert response.cost_usd == pytest.approx((11 * 2 + 7 * 10) / 1e6)


async def test_an_unknown_usage_costs_an_unknown_sum_and_not_nothing(ask):
    async with FaultServer(reply_stream(delta(content="x"), STOP, DONE)) as server:
        response = await ask(server.url, price=Price(prompt_per_mtok=2.0, completion_per_mtok=10.0))
    assert (response.usage, response.cost_usd) == (None, None)


async def test_the_seed_counts_on_with_the_repeat_and_params_are_merged(ask):
    async with FaultServer(reply_json(completion("x"))) as server:
        for repeat in (0, 2):
            request = Request(query_id="q", repeat=repeat, fields={"query": "?"})
            await ask(server.url, request=request, params={"seed": 7, "temperature": 0.2, "stream_options": None})
    bodies = [request.json() for request in server.requests]
    assert [body["seed"] for body in bodies] == [7, 9]
    assert bodies[0]["temperature"] == 0.2
    assert "stream_options" not in bodies[0]


@pytest.mark.parametrize(
    ("request_", "options", "messages"),
    [
        (Request(query_id="q", fields={"query": "a?"}), {}, [{"role": "user", "content": "a?"}]),
        (
            Request(query_id="q", fields={"query": "a?", "messages": [{"role": "user", "content": "b?"}]}),
            {},
            [{"role": "user", "content": "b?"}],
        ),
        (
            Request(query_id="q", fields={"query": "a?", "messages": (Message(role="user", content="c?"),)}),
            {"system": "Be {{ tone | default('brief') }}."},
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "c?"}],
        ),
        (
            Request(query_id="q", fields={"query": "a?", "contexts": ({"id": "d1", "text": "T"},)}),
            {"prompt": "{% for c in contexts %}[{{ c.id }}] {{ c.text }}{% endfor %} {{ query }}"},
            [{"role": "user", "content": "[d1] T a?"}],
        ),
    ],
)
async def test_messages_come_from_the_prompt_the_request_or_the_query(ask, request_, options, messages):
    async with FaultServer(reply_json(completion("x"))) as server:
        await ask(server.url, request=request_, **options)
    body = server.requests[0].json()
    assert body["messages"] == messages
    assert body["model"] == "m"
    assert server.requests[0].target == "/v1/chat/completions"


async def test_a_prompt_with_a_name_that_the_row_lacks_is_a_failed_call_that_says_so(ask):
    async with FaultServer(reply_json(completion("x"))) as server:
        response = await ask(server.url, prompt="{{ questoin }}")
    assert response.error.kind is ErrorClass.EXCEPTION
    assert not response.error.retryable
    assert "'questoin' is undefined" in response.error.message
    assert "query" in response.error.message
    assert server.requests == []


async def test_a_prompt_over_the_bound_is_a_failed_call(ask):
    template = "{% for _ in range(1000) %}{{ query }}{% endfor %}"
    response = await ask(
        "http://127.0.0.1:9", prompt=template, request=Request(query_id="q", fields={"query": "x" * 2000})
    )
    assert response.error.kind is ErrorClass.EXCEPTION
    assert "exceeds 1,000,000 characters" in response.error.message


async def test_a_prompt_cannot_reach_into_python(ask):
    response = await ask("http://127.0.0.1:9", prompt="{{ query.__class__.__mro__ }}")
    assert response.error.kind is ErrorClass.EXCEPTION
    assert "unsafe" in response.error.message


async def test_a_row_is_data_and_never_a_template(ask):
    request = Request(query_id="q", fields={"query": "{{ 7 * 7 }}"})
    async with FaultServer(reply_json(completion("x"))) as server:
        await ask(server.url, prompt="Q: {{ query }}", request=request)
    assert server.requests[0].json()["messages"][0]["content"] == "Q: {{ 7 * 7 }}"


async def test_a_request_with_nothing_to_ask_is_a_failed_call(ask):
    response = await ask("http://127.0.0.1:9", request=Request(query_id="q", fields={"question": "?"}))
    assert response.error.kind is ErrorClass.EXCEPTION
    assert "neither messages nor a query" in response.error.message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (completion(""), ErrorClass.EMPTY),
        (completion(" \n"), ErrorClass.EMPTY),
        (completion(None, finish_reason="length", reasoning="long"), ErrorClass.EMPTY),
        (completion("half an ans", finish_reason="content_filter"), ErrorClass.FILTERED),
        ({"choices": []}, ErrorClass.MALFORMED),
        ({"text": "x"}, ErrorClass.MALFORMED),
        ([1], ErrorClass.MALFORMED),
        (completion(5), ErrorClass.MALFORMED),
        ({"error": {"message": "overloaded", "type": "server_error"}}, ErrorClass.SERVER),
        ({"error": {"message": "slow down", "code": 429}}, ErrorClass.RATE_LIMIT),
        ({"error": {"message": "bad", "type": "invalid_request_error"}}, ErrorClass.CLIENT),
        ({"object": "error", "message": "too long", "code": 400}, ErrorClass.CLIENT),
        ({"error": "boom"}, ErrorClass.SERVER),
    ],
)
async def test_a_completion_without_a_usable_answer_is_an_error_of_its_class(ask, body, kind):
    async with FaultServer(reply_json(body)) as server:
        response = await ask(server.url, stream=False)
    assert response.answer is None
    assert response.error.kind is kind
    assert response.error.retryable is (kind in (ErrorClass.SERVER, ErrorClass.RATE_LIMIT))
    assert response.latency_s is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (completion(""), "the answer has no text, and its finish_reason is stop"),
        ({"choices": [{"message": {"content": ""}}]}, "the answer has no text, and no finish_reason"),
        (
            completion("", finish_reason="length"),
            "the answer has no text, and its finish_reason is length; max_tokens may have gone into reasoning",
        ),
        ({"error": {"code": "busy", "is": None}}, 'the server answered 200 with an error: {"code":"busy","is":null}'),
        ({"error": True}, "the server answered 200 with an error: true"),
    ],
)
async def test_what_is_wrong_with_a_completion_is_said_in_plain_words(ask, body, said):
    async with FaultServer(reply_json(body)) as server:
        response = await ask(server.url, stream=False)
    assert response.error.message == said


async def test_a_filtered_answer_still_says_what_it_used(ask):
    async with FaultServer(reply_json(completion("x", finish_reason="content_filter"))) as server:
        response = await ask(server.url, price=Price(prompt_per_mtok=1.0, completion_per_mtok=1.0))
    assert response.error.kind is ErrorClass.FILTERED
    assert response.cost_usd == pytest.approx(18e-6)


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((delta(content="half"),), ErrorClass.TRUNCATED),
        ((delta(content="half"), b'data: {"choices": [{"del'), ErrorClass.TRUNCATED),
        ((), ErrorClass.TRUNCATED),
        ((b": ping\n\n",), ErrorClass.TRUNCATED),
        ((b"<html>busy</html>\n\n",), ErrorClass.MALFORMED),
        ((b"data: {broken\n\n", STOP, DONE), ErrorClass.MALFORMED),
        ((b"data: 5\n\n", DONE), ErrorClass.MALFORMED),
        ((b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n', DONE), ErrorClass.MALFORMED),
        ((b"data: " + b"[" * 100_000 + b"\n\n", DONE), ErrorClass.MALFORMED),
        ((DONE,), ErrorClass.EMPTY),
        ((delta(content="x"), frame({"error": {"message": "CUDA", "code": 500}})), ErrorClass.SERVER),
        ((delta(content="x"), delta(finish_reason="content_filter"), DONE), ErrorClass.FILTERED),
    ],
)
async def test_a_stream_without_a_usable_answer_is_an_error_of_its_class(ask, pieces, kind):
    async with FaultServer(reply_stream(*pieces)) as server:
        response = await ask(server.url)
    assert response.answer is None
    assert response.error.kind is kind
    assert len(response.error.message) <= 300
    assert response.error.message.isprintable()


@pytest.mark.parametrize(
    "body", [b"<html>\x1b[31mdown</html>" + b"x" * 5000, b"", b'{"choices": NaN}', b"\xff\xfe\x00"]
)
async def test_what_is_not_json_is_malformed_with_a_bounded_printable_excerpt(ask, body):
    async with FaultServer(reply(body, headers={"Content-Type": "text/html"})) as server:
        response = await ask(server.url)
    assert response.error.kind is ErrorClass.MALFORMED
    assert "text/html" in response.error.message
    assert response.error.message.isprintable()
    assert len(response.error.message) <= 300
