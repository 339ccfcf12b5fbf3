"""An endpoint of another package: what must be right before a call, and what becomes of calls that go wrong."""

import asyncio
import math

import pytest

from evalslo.endpoints.open import open_endpoint
from evalslo.errors import MeasurementError, UnsetVariableError, UsageError
from evalslo.model.golden import Context
from evalslo.model.sample import CallError, ErrorClass, RateHint, Request, Response, Usage
from evalslo.model.suite import EndpointSpec, Price, Timeouts

GOOD = """
class Mine:
    quota = "mine"

    def __init__(self, options):
        self.options = options

    def fingerprint(self):
        return {"model": "m1"}

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def call(self, request):
        return await self.options["do"](request)


def it(options, *, environ, folder, timeouts):
    return Mine(options)
"""
REQUEST = Request(query_id="q", repeat=1, fields={"query": "Why?", "tags": {"a": "b"}})


@pytest.fixture
def opened(plugin_of, tmp_path):
    """The endpoint that a source gives for a suite's options."""

    def of(source=GOOD, *, environ=None, price=None, timeout_s=5.0, **options):
        plugin_of(source, group="endpoints")
        return open_endpoint(
            EndpointSpec(kind="mine", options=options, price=price),
            environ=environ or {},
            folder=tmp_path,
            timeouts=Timeouts(total_s=timeout_s),
            samples=lambda path: (),
        )

    return of


@pytest.fixture
def answered(opened):
    """What a call gives where the plugin gives `response`, or what the function `do` gives."""

    async def of(response=None, *, do=None, **how):
        async def give(request):
            return response

        async with opened(do=do or give, **how) as endpoint:
            return await endpoint.call(REQUEST)

    return of


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class Mine:", "import no_such_module\nclass Mine:", "importing my_package:it failed: ModuleNotFoundError"),
        ("def it(", "it = 7\ndef other(", "my_package:it is a number; wanted a function factory(options"),
        ("return Mine(options)", "raise KeyError('voice')", "opening it with these options failed: KeyError: 'voice'"),
        ("return Mine(options)", "raise SystemExit(0)", "opening it with these options failed: SystemExit: 0"),
        ("def it(options, *, environ,", "def it(options, *, environment,", "options failed: TypeError: it() got an"),
        (
            "return Mine(options)",
            "return None",
            "is no Endpoint: it has no fingerprint, no quota, no call, no __aenter__",
        ),
        ('quota = "mine"', "", "it has no quota"),
        ('quota = "mine"', "quota = 7", "its quota is a number; wanted a text"),
        ("async def call", "def call", "'await' outside async function"),
        ("return await self", "return self", None),
        ('{"model": "m1"}', "7", "its fingerprint or quota is of no use: TypeError"),
        ('{"model": "m1"}', "{'model': object()}", "of no use: TypeError: Object of type object is not JSON"),
        ('{"model": "m1"}', "{'model': float('nan')}", "of no use: ValueError: Out of range float"),
    ],
)
def test_a_plugin_that_lacks_something_is_refused_with_its_package(opened, old, new, said):
    assert old in GOOD
    source = GOOD.replace(old, new, 1)
    if said is None:
        source, said = source.replace("async def call", "def call"), "its call is not async; wanted async def call"
    with pytest.raises(UsageError) as raised:
        opened(source)
    assert str(raised.value).startswith("the plugin 'mine' of my-package 1.0 (evalslo.endpoints): ")
    assert said in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("kind", [UsageError, UnsetVariableError])
def test_what_a_plugin_says_of_its_options_is_said_as_it_is_but_without_secrets(opened, kind):
    source = GOOD.replace(
        "return Mine(options)",
        f"from evalslo.errors import {kind.__name__}\n    raise {kind.__name__}('endpoint.key: ' + environ['MY_KEY'])",
    )
    with pytest.raises(UsageError) as raised:
        opened(source, environ={"MY_KEY": "sk-0123456789"})
    assert type(raised.value) is kind
    assert str(raised.value) == "endpoint.key: ***"


async def test_a_factory_gets_the_options_expanded_the_folder_and_the_time_limits(opened, tmp_path):
    source = GOOD.replace("return Mine(options)", "seen.update(locals())\n    return Mine(options)")
    opened(
        source.replace("class Mine", "seen = {}\nclass Mine"), environ={"V": "1"}, voice="${V}", deep=[{"a": "${V}"}]
    )
    import my_package

    assert my_package.seen["options"] == {"voice": "1", "deep": [{"a": "1"}]}
    assert my_package.seen["folder"] == tmp_path
    assert my_package.seen["timeouts"].total_s == 5.0
    assert my_package.seen["environ"] == {"V": "1"}


def test_the_fingerprint_has_the_package_the_options_as_written_and_what_the_plugin_says(opened):
    environ = {"V": "1", "MY_TOKEN": "sk-0123456789abcdef", "OTHER": "x"}
    source = GOOD.replace('"m1"', 'self.options["key"]')
    recorded = opened(source, environ=environ, voice="${V}", key="${MY_TOKEN}").fingerprint()
    assert recorded["kind"] == "mine"
    assert recorded["options"] == {"voice": "${V}", "key": "${MY_TOKEN}"}
    assert recorded["package"] == "my-package 1.0"
    assert recorded["plugin"] == {"model": "***"}
    assert list(recorded["variables"]) == ["V"]
    assert "sk-0123456789abcdef" not in str(recorded)


@pytest.mark.parametrize(("environ", "same"), [({"V": "1", "K_KEY": "k"}, True), ({"V": "2", "K_KEY": "j"}, False)])
def test_another_value_of_a_variable_is_another_endpoint(opened, write, environ, same):
    options = {"voice": "${V:-0}", "key": "${K_KEY}"}
    first = opened(environ={"V": "1", "K_KEY": "j"}, **options)
    spec = EndpointSpec(kind="mine", options=options)
    again = open_endpoint(spec, environ=environ, folder=None, timeouts=Timeouts(), samples=lambda path: ())
    assert (first.fingerprint() == again.fingerprint()) is same
    assert first.quota == again.quota == "mine mine"


async def test_a_response_is_timed_and_priced_where_the_plugin_did_not(answered):
    usage, price = Usage(prompt_tokens=1_000_000, completion_tokens=0), Price(prompt_per_mtok=2, completion_per_mtok=9)
    bare = await answered(Response(answer="Yes.", usage=usage), price=price)
    assert bare.latency_s > 0
    assert bare.cost_usd == 2.0


async def test_what_the_plugin_measured_itself_stands(answered):
    given = Response(
        answer="Yes.",
        latency_s=0.25,
        ttft_s=0.1,
        gaps_s=(0.05, 0.1),
        cost_usd=0.5,
        usage=Usage(prompt_tokens=3, completion_tokens=1),
        contexts=(Context(id="c", text="t", score=1.5),),
        model="m",
        hint=RateHint(requests_left=3),
    )
    assert await answered(given, price=Price(prompt_per_mtok=2, completion_per_mtok=9)) == given


async def test_a_recorded_answer_gets_no_time_of_its_own(answered):
    assert (await answered(Response(answer="Yes.", timing="recorded"))).latency_s is None


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        ("Yes.", ErrorClass.MALFORMED, "the plugin gave a text, wanted a Response"),
        (None, ErrorClass.MALFORMED, "the plugin gave null, wanted a Response"),
        (Response(), ErrorClass.MALFORMED, "both or neither of an answer and an error"),
        (Response(answer=7), ErrorClass.MALFORMED, "wrong form: Expected `str | null`, got `int` - at `$.answer`"),
        (Response(answer=object()), ErrorClass.MALFORMED, "of the wrong form"),
        (Response(answer="a", latency_s=-1.0), ErrorClass.MALFORMED, "a time, a cost or a wait"),
        (Response(answer="a", gaps_s=(math.nan,)), ErrorClass.MALFORMED, "a time, a cost or a wait"),
        (Response(answer="a", cost_usd=math.inf), ErrorClass.MALFORMED, "a time, a cost or a wait"),
        (
            Response(answer="a", hint=RateHint(tokens_reset_s=math.nan)),
            ErrorClass.MALFORMED,
            "a time, a cost or a wait",
        ),
        (Response(answer="a", usage=Usage(prompt_tokens=-1)), ErrorClass.MALFORMED, "a count of tokens below 0"),
        (Response(answer="a", contexts=(Context(id="", text="t"),)), ErrorClass.MALFORMED, "contexts[0]: its id is"),
        (Response(answer="a", timing="soon"), ErrorClass.MALFORMED, "Invalid enum value 'soon'"),
        (Response(answer=" \n"), ErrorClass.EMPTY, "an empty answer"),
        (Response(answer="a" * 10_000_001), ErrorClass.TOO_LARGE, "larger than 10,000,000 bytes"),
    ],
)
async def test_a_response_that_cannot_be_kept_is_a_failed_call(answered, response, kind, said):
    failed = await answered(response)
    assert failed.answer is None
    assert failed.error.kind is kind
    assert said in failed.error.message


async def test_an_error_of_the_plugin_s_own_is_kept_without_secrets(answered):
    error = CallError(kind=ErrorClass.SERVER, message="no: sk-0123456789", retryable=True, retry_after_s=2.0)
    failed = await answered(Response(error=error), environ={"MY_KEY": "sk-0123456789"})
    assert failed.error.message == "no: ***"
    assert (failed.error.retryable, failed.error.retry_after_s) == (True, 2.0)
    assert failed.latency_s is None


@pytest.mark.parametrize("raised", [ValueError("no such voice"), SystemExit(0), TimeoutError("its own")])
async def test_what_a_call_raises_is_a_failed_call(answered, raised):
    async def do(request):
        raise raised

    failed = await answered(do=do)
    assert failed.error.kind is ErrorClass.EXCEPTION
    assert failed.error.message == f"{type(raised).__name__}: {raised}"


async def test_a_call_past_its_time_is_cancelled(answered):
    ends = []

    async def do(request):
        try:
            await asyncio.sleep(60)
        finally:
            ends.append("cleaned up")

    failed = await answered(do=do, timeout_s=0.05)
    assert (failed.error.kind, failed.error.retryable) == (ErrorClass.TIMEOUT, True)
    assert ends == ["cleaned up"]


async def test_a_plugin_cannot_change_a_golden_query(answered):
    async def do(request):
        request.fields["query"] = "What?"
        request.fields["tags"]["a"] = "c"
        return Response(answer=request.query_id)

    assert (await answered(do=do)).answer == "q"
    assert REQUEST.fields == {"query": "Why?", "tags": {"a": "b"}}


@pytest.mark.parametrize(("when", "said"), [("enter", "it could not be made ready"), ("exit", "every answer is kept")])
async def test_a_plugin_that_fails_around_its_calls_ends_the_run_unmeasured(opened, when, said):
    source = GOOD.replace(
        f"async def __a{when}__(self{', *_' if when == 'exit' else ''}):",
        f"async def __a{when}__(self, *_):\n        raise OSError('no route')",
    )
    endpoint = opened(source)
    with pytest.raises(MeasurementError, match=f"the plugin 'mine' of my-package 1.0 .*{said}.*: OSError: no route"):
        async with endpoint:
            pass
