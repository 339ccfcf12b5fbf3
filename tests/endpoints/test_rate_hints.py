"""What servers say of their own limits, and that nonsense says nothing."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.endpoints.rate_hint import aged, read_hint
from evalslo.model.sample import RateHint
from tests.support.loopback import DAY, DONE, FaultServer, delta, reply, reply_stream

NAMES = [
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "date",
]


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        (
            {
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            RateHint(requests_left=59, requests_reset_s=1.0, tokens_left=149_984, tokens_reset_s=360.0),
        ),
        ({"x-ratelimit-reset-requests": "20ms"}, RateHint(requests_reset_s=0.02)),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, RateHint(tokens_reset_s=3723.5)),
        ({"x-ratelimit-reset-tokens": "1d"}, RateHint(tokens_reset_s=86_400.0)),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-01-06T10:00:30Z",
                "anthropic-ratelimit-tokens-remaining": "7000",
                "anthropic-ratelimit-tokens-reset": "2026-01-06T11:00:10+01:00",
                "date": DAY,
            },
            RateHint(requests_left=0, requests_reset_s=30.0, tokens_left=7000, tokens_reset_s=10.0),
        ),
        ({"anthropic-ratelimit-requests-reset": "2026-01-06T09:00:00Z", "date": DAY}, RateHint(requests_reset_s=0.0)),
        ({"anthropic-ratelimit-requests-reset": "2026-01-06T10:00:30Z"}, None),
        ({"ratelimit": '"default";r=50;t=30'}, RateHint(requests_left=50, requests_reset_s=30.0)),
        ({"ratelimit": "limit=100, remaining=50, reset=30"}, RateHint(requests_left=50, requests_reset_s=30.0)),
        (
            {"ratelimit-limit": "100", "ratelimit-remaining": "3", "ratelimit-reset": "12"},
            RateHint(requests_left=3, requests_reset_s=12.0),
        ),
        (
            {"x-ratelimit-remaining": "4", "x-ratelimit-reset": "1767693630", "date": DAY},
            RateHint(requests_left=4, requests_reset_s=30.0),
        ),
        ({"x-ratelimit-remaining-requests": "-1"}, None),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "soon"}, None),
        ({"x-ratelimit-reset-requests": "9" * 400}, None),
        ({"x-ratelimit-reset-requests": "999999d"}, None),
        ({"x-ratelimit-reset-requests": "1767693630"}, None),
        ({"ratelimit-policy": "100;w=60"}, None),
        ({"content-type": "text/plain", "date": DAY}, None),
        ({}, None),
    ],
)
def test_headers_of_all_dialects_are_read_and_garbage_is_not(headers, hint):
    assert read_hint(headers) == hint


@settings(deadline=None)  # the first date imports its reader
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60) | st.from_regex(r"[0-9.]{1,30}(ms|s|d|Z)?")))
def test_whatever_a_server_writes_the_hint_has_no_number_below_0_or_without_end(headers):
    hint = read_hint(headers) or RateHint()
    numbers = (hint.requests_left, hint.requests_reset_s, hint.tokens_left, hint.tokens_reset_s)
    assert all(number is None or 0 <= number < 1e16 for number in numbers)


async def test_the_hint_comes_with_an_answer_and_with_an_error(ask):
    headers = {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "2s"}

    async def answer(exchange):
        await reply(b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}', headers=headers)(exchange)

    pages = (answer, reply(b"slow", status=429, headers=headers), reply(b"no json", headers=headers))
    async with FaultServer(*pages) as server:
        responses = [await ask(server.url) for _ in pages]
    assert [response.error is None for response in responses] == [True, False, False]
    assert [response.hint.requests_left for response in responses] == [0] * 3
    assert all(0 < response.hint.requests_reset_s <= 2.0 for response in responses)


@pytest.mark.parametrize(
    ("said", "age_s", "later"),
    [
        ({"requests_left": 5, "requests_reset_s": 30.0}, 20.0, {"requests_left": 5, "requests_reset_s": 10.0}),
        ({"requests_left": 0, "requests_reset_s": 20.0}, 20.0, {}),
        ({"requests_left": 0, "requests_reset_s": 0.0}, 0.0, {}),
        ({"requests_left": 0}, 20.0, {"requests_left": 0}),
        (
            {"requests_left": 0, "requests_reset_s": 1.0, "tokens_left": 7, "tokens_reset_s": 60.0},
            20.0,
            {"tokens_left": 7, "tokens_reset_s": 40.0},
        ),
        ({"requests_left": 3, "tokens_left": 0, "tokens_reset_s": 1.0}, 20.0, {"requests_left": 3}),
    ],
)
def test_a_hint_ages_and_what_a_reset_has_passed_is_no_more_said(said, age_s, later):
    assert aged(RateHint(**said), age_s=age_s) == (RateHint(**later) if later else None)


@pytest.mark.parametrize(("reset", "holds"), [("100ms", False), ("60s", True)])
async def test_a_reset_counts_from_the_head_that_said_it_and_not_from_the_end_of_the_stream(ask, reset, holds):
    async def slow(exchange):
        headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        limits = {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": reset}
        await exchange.send_head(headers=headers | limits)
        await asyncio.sleep(0.3)
        await exchange.send_chunk(delta(content="x") + DONE)
        await exchange.send_chunk(b"")

    async with FaultServer(slow) as server:
        response = await ask(server.url)
    assert response.answer == "x"
    assert (response.hint is not None) == holds
    assert response.hint is None or response.hint.requests_reset_s <= 59.8


async def test_a_server_that_says_nothing_of_limits_gives_no_hint(ask):
    async with FaultServer(reply_stream(delta(content="x"), DONE)) as server:
        response = await ask(server.url)
    assert response.hint is None
