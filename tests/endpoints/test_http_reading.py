import pytest

from evalslo.errors import UsageError
from evalslo.model.golden import Context
from evalslo.model.sample import ErrorClass, Request, Usage
from evalslo.model.suite import Price
from tests.support.loopback import FaultServer, reply, reply_json

ANSWER = {
    "data": {"text": "Rome."},
    "sources": [{"doc": 7, "body": "Rome is …", "rank": {"score": 0.5}}, {"doc": "b", "body": "x", "rank": {}}],
    "usage": {"prompt_tokens": 30, "completion_tokens": 4},
}
CONTEXTS = {"at": "sources", "id": "doc", "text": "body", "score": "rank.score"}


@pytest.fixture
def ask_app(opened):
    async def once(url, *, fields=None, **options):
        options = {"body": {"q": "{{ query }}"}, "read": {"answer": "data.text"}} | options
        async with opened("http", url=url, **options) as endpoint:
            return await endpoint.call(Request(query_id="q1", fields=fields or {"query": "Capital?"}))

    return once


async def test_answer_contexts_and_usage_are_read_where_the_suite_says(ask_app):
    read = {"answer": "data.text", "contexts": CONTEXTS, "usage": "usage"}
    price = Price(prompt_per_mtok=1.0, completion_per_mtok=5.0)
    async with FaultServer(reply_json(ANSWER)) as server:
        response = await ask_app(server.url, read=read, price=price)
    assert response.error is None
    assert response.answer == "Rome."
    assert response.contexts == (Context(id="7", text="Rome is …", score=0.5), Context(id="b", text="x"))
    assert response.usage == Usage(prompt_tokens=30, completion_tokens=4)
    assert response.cost_usd == pytest.approx(50e-6)
    assert response.latency_s > 0
    assert response.ttft_s is None


async def test_usage_may_be_named_count_by_count(ask_app):
    read = {"answer": "data.text", "usage": {"completion_tokens": "length(sources)"}}
    async with FaultServer(reply_json(ANSWER)) as server:
        response = await ask_app(server.url, read=read)
    assert response.usage == Usage(prompt_tokens=None, completion_tokens=2)


async def test_an_answer_alone_has_no_contexts_and_no_usage(ask_app):
    async with FaultServer(reply_json(ANSWER)) as server:
        response = await ask_app(server.url)
    assert (response.answer, response.contexts, response.usage, response.cost_usd) == ("Rome.", None, None, None)


async def test_an_empty_list_of_contexts_is_an_empty_ranking_and_not_unknown(ask_app):
    async with FaultServer(reply_json({"data": {"text": "x"}, "sources": []})) as server:
        response = await ask_app(server.url, read={"answer": "data.text", "contexts": CONTEXTS})
    assert response.contexts == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"answer": "x"}, "endpoint.read.answer: data.text found nothing; the response has: answer"),
        ({"data": {"text": 5}}, "data.text found a number, wanted a text"),
        ({"data": {"text": "x"}}, "endpoint.read.contexts.at: sources found nothing"),
        ({"data": {"text": "x"}, "sources": {}}, "sources found a mapping, wanted a list"),
        ({"data": {"text": "x"}, "sources": [{"doc": "a"}, {"body": "t"}]}, "item 1 of sources: its id is null"),
        ({"data": {"text": "x"}, "sources": [{"doc": "a", "body": 5}]}, "item 0 of sources: its text is a number"),
        ({"data": {"text": "x"}, "sources": [{"doc": "a", "rank": {"score": "hi"}}]}, "its score is a text"),
        ({"data": {"text": "x"}, "sources": [{"doc": "a", "rank": {"score": 10**400}}]}, "its score is a number"),
        ({"data": {"text": "x"}, "sources": [{"doc": True}]}, "its id is true or false"),
        ([1], "JSON, but no object"),
    ],
)
async def test_a_response_of_another_shape_is_malformed_and_says_which_expression_failed(ask_app, body, said):
    async with FaultServer(reply_json(body)) as server:
        response = await ask_app(server.url, read={"answer": "data.text", "contexts": CONTEXTS})
    assert (response.answer, response.error.kind) == (None, ErrorClass.MALFORMED)
    assert said in response.error.message


async def test_an_expression_that_fails_on_this_response_is_malformed(ask_app):
    async with FaultServer(reply_json({"data": 5})) as server:
        response = await ask_app(server.url, read={"answer": "join(', ', data)"})
    assert response.error.kind is ErrorClass.MALFORMED
    assert "join(', ', data)" in response.error.message


async def test_an_empty_answer_is_empty_and_html_is_malformed(ask_app):
    pages = (reply_json({"data": {"text": " "}}), reply("<html>", headers={"Content-Type": "text/html"}))
    async with FaultServer(*pages) as server:
        empty, page = await ask_app(server.url), await ask_app(server.url)
    assert empty.error.kind is ErrorClass.EMPTY
    assert page.error.kind is ErrorClass.MALFORMED
    assert "text/html" in page.error.message


async def test_the_body_is_filled_at_any_depth_and_one_expression_alone_keeps_its_type(ask_app):
    body = {
        "question": "{{ query }}",
        "k": "{{ k }}",
        "history": "{{ messages }}",
        "nested": [{"hint": "lang={{ tags.lang }}"}],
        "stream": False,
    }
    fields = {"query": 'say "hi"\n', "k": 5, "messages": [{"role": "user", "content": "a"}], "tags": {"lang": "de"}}
    async with FaultServer(reply_json(ANSWER)) as server:
        await ask_app(server.url, body=body, fields=fields)
    assert server.requests[0].json() == {
        "question": 'say "hi"\n',
        "k": 5,
        "history": [{"role": "user", "content": "a"}],
        "nested": [{"hint": "lang=de"}],
        "stream": False,
    }
    assert (server.requests[0].method, server.requests[0].headers["content-type"]) == ("POST", "application/json")


@pytest.mark.parametrize("template", ["{{ nope }}", "ask {{ nope }}", "{{ query.nope.more }}", "{{ 1 / 0 }}"])
async def test_a_body_that_cannot_be_filled_is_a_failed_call_and_sends_nothing(ask_app, template):
    async with FaultServer(reply_json(ANSWER)) as server:
        response = await ask_app(server.url, body={"q": template})
    assert (response.error.kind, response.error.retryable) == (ErrorClass.EXCEPTION, False)
    assert response.error.message.startswith("endpoint.body.q: ")
    assert server.requests == []


async def test_one_expression_alone_has_the_bound_of_a_text(ask_app):
    response = await ask_app("http://127.0.0.1:9", body={"q": "{{ query * 1001 }}"}, fields={"query": "x" * 1000})
    assert response.error.kind is ErrorClass.EXCEPTION
    assert "endpoint.body.q: the text exceeds 1,000,000 characters" in response.error.message


async def test_with_get_the_body_is_the_query_of_the_address(ask_app):
    async with FaultServer(reply_json(ANSWER)) as server:
        response = await ask_app(server.url, method="GET", body={"q": "{{ query }}", "k": 3, "debug": True})
    assert response.answer == "Rome."
    assert server.requests[0].target == "/?q=Capital?&k=3&debug=true"
    assert (server.requests[0].method, server.requests[0].body) == ("GET", b"")


async def test_with_get_a_nested_body_is_a_failed_call(ask_app):
    response = await ask_app("http://127.0.0.1:9", method="GET", body={"q": ["a"]})
    assert response.error.kind is ErrorClass.EXCEPTION
    assert "endpoint.body.q: a list cannot be sent with GET" in response.error.message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"read": {}}, "endpoint.read: missing"),
        ({"read": {"usage": "u"}}, "endpoint.read.answer: missing"),
        ({"read": {"answer": "data.["}}, "endpoint.read.answer: 'data.[' is no JMESPath expression"),
        ({"read": {"answer": "a", "usage": "u["}}, "endpoint.read.usage.completion_tokens: '(u[).completion_tokens'"),
        ({"read": {"answer": "a", "contexts": {"at": "b"}}}, "endpoint.read.contexts.id: missing"),
        ({"body": None}, "endpoint.body: missing"),
        ({"body": {"q": "{{ query"}}, "endpoint.body.q, line 1: "),
        ({"url": "ftp://h/"}, "endpoint.url: not an address"),
        ({"url": "http://h:99999/"}, "endpoint.url: not an address"),
        ({"url": "/ask"}, "endpoint.url: not an address"),
        ({"headers": {"X Y": "1"}}, "endpoint.headers: 'X Y' is no name of an HTTP header"),
        ({"headers": {"X-Y": "ü"}}, "endpoint.headers.X-Y: it has characters that no HTTP header can carry"),
    ],
)
def test_a_fault_in_the_options_is_told_at_once_with_its_place(opened, options, said):
    good = {"url": "http://h/ask", "body": {"q": "{{ query }}"}, "read": {"answer": "a"}}
    with pytest.raises(UsageError) as raised:
        opened("http", **good | options)
    assert said in str(raised.value)
