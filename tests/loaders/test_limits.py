"""The keys of `limits` and `tls`: what they become, and which of them could not do what they say."""

import pytest

from evalslo.errors import FileFaults, UsageError
from evalslo.model.suite import Concurrency, Limits, Timeouts

OPENAI = "kind: openai, base_url: 'https://h/v1', model: m"
HTTP = "kind: http, url: 'https://h/ask', body: {q: x}"
PRICE = "price: {prompt_per_mtok: 0.5, completion_per_mtok: 2}"


def suite(limits: str = "", endpoint: str = f"{OPENAI}, {PRICE}", more: str = "") -> str:
    return (
        "suite: small\ngolden: {path: golden.jsonl}\n"
        f"endpoint: {{{endpoint}}}\nlimits: {{{limits}}}\nobjectives: [hallucination <= 5%]\n{more}"
    )


def told(suite_of, text, **keywords):
    with pytest.raises(FileFaults) as caught:
        suite_of(text, **keywords)
    return [f"{fault.line}: {fault.where}: {fault.message}" for fault in caught.value.faults]


def test_every_limit_is_read(suite_of):
    text = suite(
        "concurrency: 1-16-256, timeout: 2m, connect_timeout: 3s, first_token_timeout: 1500ms, idle_timeout: 0.5s, "
        "retries: 2, retry_for: 10m, requests_per_minute: 600, tokens_per_minute: 1e5, give_up_after: 0, "
        "max_cost_usd: 2.5, max_tokens: 1000000"
    )
    assert suite_of(text).limits == Limits(
        concurrency=Concurrency(least=1, start=16, most=256),
        timeouts=Timeouts(total_s=120.0, connect_s=3.0, first_token_s=1.5, idle_s=0.5),
        retries=2,
        retry_for_s=600.0,
        requests_per_minute=600.0,
        tokens_per_minute=100_000.0,
        give_up_after=0,
        max_cost_usd=2.5,
        max_tokens=1_000_000,
    )


def test_limits_that_are_not_said_are_those_of_the_nouns(suite_of):
    assert suite_of(suite()).limits == Limits()


@pytest.mark.parametrize("written", ["1-16-256", "'1-16-256'", '"1-16-256"'])
def test_an_adaptive_concurrency_needs_no_quotes(suite_of, written):
    limits = suite_of(suite(f"concurrency: {written}")).limits
    assert limits.concurrency == Concurrency(least=1, start=16, most=256)


def test_concurrency_can_be_set_from_the_command_line(suite_of):
    read = suite_of(suite(), settings=["limits.concurrency=2-2-1000"])
    assert read.limits.concurrency == Concurrency(least=2, start=2, most=1000)


@pytest.mark.parametrize(
    ("concurrency", "says"),
    [
        ("16-1-256", "found '16-1-256'; wanted least-start-most in this order, as in 1-16-256"),
        ("9-10-2", "found '9-10-2'; wanted least-start-most in this order, as in 2-9-10"),
        ("0-1-2", "found '0-1-2'; wanted a whole number from 1 to 1000, or three of them as least-start-most"),
        ("1-2", "found '1-2'; wanted a whole number from 1 to 1000, or three of them"),
        ("1-2-1001", "found '1-2-1001'; wanted a whole number from 1 to 1000"),
        ("2000", "found 2000; wanted 1000 or less"),
        ("0", "found 0; wanted 1 or more"),
        ("1.5", "found 1.5; wanted a whole number from 1 to 1000"),
        ("true", "found true; wanted a whole number from 1 to 1000"),
        ("[1, 2]", "found a list; wanted a whole number from 1 to 1000"),
        ("'16'", "found '16'; wanted a whole number from 1 to 1000"),
    ],
)
def test_a_concurrency_that_is_none(suite_of, concurrency, says):
    (line,) = told(suite_of, suite(f"concurrency: {concurrency}"))
    assert line.startswith(f"4: limits.concurrency: {says}")


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("idle_timeout: 60", "limits.idle_timeout: found 60; wanted a time above zero with its unit"),
        ("retry_for: 0s", "limits.retry_for: found '0s'; wanted a time above zero with its unit"),
        ("requests_per_minute: 0", "limits.requests_per_minute: found 0; wanted above 0"),
        ("tokens_per_minute: -1", "limits.tokens_per_minute: found -1; wanted above 0"),
        ("give_up_after: -1", "limits.give_up_after: found -1; wanted 0 or more"),
        ("max_cost_usd: 0", "limits.max_cost_usd: found 0; wanted above 0"),
        ("max_cost_usd: 5 usd", "limits.max_cost_usd: found '5 usd'; wanted a number"),
        ("max_tokens: 0", "limits.max_tokens: found 0; wanted 1 or more"),
        ("max_tokens: 1.5", "limits.max_tokens: found 1.5; wanted a whole number"),
        ("rpm: 1", "limits.rpm: unknown key 'rpm'"),
    ],
)
def test_a_limit_out_of_its_range(suite_of, limit, says):
    (line,) = told(suite_of, suite(limit))
    assert line.startswith(f"4: {says}")


@pytest.mark.parametrize("key", ["connect_timeout", "first_token_timeout", "idle_timeout"])
def test_a_part_of_an_attempt_cannot_take_longer_than_the_whole(suite_of, key):
    (line,) = told(suite_of, suite(f"timeout: 5s, {key}: 5001ms"))
    wanted = "wanted 5s or less, as timeout says for the whole attempt, or a longer timeout"
    assert line == f"4: limits.{key}: found 5001ms, which can never act; {wanted}"
    assert suite_of(suite(f"timeout: 5s, {key}: 5000ms")).limits.timeouts.total_s == 5.0


def test_a_short_timeout_needs_no_word_about_connecting(suite_of):
    assert suite_of(suite("timeout: 1s")).limits.timeouts.total_s == 1.0


def test_a_part_is_not_compared_with_a_timeout_that_could_not_be_read(suite_of):
    (line,) = told(suite_of, suite("timeout: 90, idle_timeout: 80s"))
    assert line.startswith("4: limits.timeout: found 90")


def test_limits_that_contradict_are_told_with_all_other_faults(suite_of):
    lines = told(suite_of, suite("concurrency: 2-1-3, retries: x, idle_timeout: 2m") + "repeats: 0\n")
    assert [line.split(": ")[1] for line in lines] == [
        "limits.retries",
        "limits.concurrency",
        "limits.idle_timeout",
        "repeats",
    ]


@pytest.mark.parametrize(
    ("endpoint", "mend"),
    [
        (f"{OPENAI}, stream: false", "set endpoint.stream: true, or use timeout"),
        (f"{HTTP}, read: {{answer: a}}", "use timeout"),
        ("kind: recorded, path: x", "use timeout"),
    ],
)
def test_there_is_no_first_token_without_a_stream(suite_of, endpoint, mend):
    (line,) = told(suite_of, suite("first_token_timeout: 2s", endpoint))
    assert line == (f"4: limits.first_token_timeout: the endpoint does not stream, so there is no first token; {mend}")


@pytest.mark.parametrize("endpoint", [OPENAI, "kind: python, target: 'app:answer'"])
def test_a_first_token_may_be_waited_for_where_there_can_be_one(suite_of, endpoint):
    assert suite_of(suite("first_token_timeout: 2s", endpoint)).limits.timeouts.first_token_s == 2.0


def test_a_limit_that_acts_on_one_endpoint_of_the_file_is_no_fault_for_the_others(suite_of):
    text = suite("first_token_timeout: 2s, max_cost_usd: 5", more="variants: {kept: {kind: recorded, path: x}}\n")
    assert suite_of(text, variant="kept").limits.max_cost_usd == 5.0


@pytest.mark.parametrize(
    ("limits", "endpoint", "says"),
    [
        ("max_cost_usd: 5", OPENAI, "max_cost_usd: it needs endpoint.price"),
        ("max_cost_usd: 5", f"{HTTP}, read: {{answer: a, usage: u}}", "max_cost_usd: it needs endpoint.price"),
        ("max_cost_usd: 5", f"{HTTP}, {PRICE}, read: {{answer: a}}", "max_cost_usd: it needs endpoint.read.usage"),
        ("max_tokens: 5", f"{HTTP}, read: {{answer: a, usage: {{prompt_tokens: p}}}}", "max_tokens: it needs endpoint"),
        ("tokens_per_minute: 5", f"{HTTP}, read: {{answer: a}}", "tokens_per_minute: it needs endpoint.read.usage"),
        ("max_cost_usd: 5", "kind: recorded, path: x", "max_cost_usd: recorded answers cost nothing"),
    ],
)
def test_a_cap_needs_something_to_count(suite_of, limits, endpoint, says):
    (line,) = told(suite_of, suite(limits, endpoint))
    assert line.startswith(f"4: limits.{says}")


@pytest.mark.parametrize(
    ("limits", "endpoint"),
    [
        ("max_cost_usd: 5, max_tokens: 9", f"{OPENAI}, {PRICE}"),
        ("max_tokens: 9", OPENAI),
        ("max_cost_usd: 5, max_tokens: 9", f"{HTTP}, {PRICE}, read: {{answer: a, usage: u}}"),
        ("max_cost_usd: 5, max_tokens: 9", "kind: python, target: 'app:answer'"),
    ],
)
def test_a_cap_that_can_be_held_is_taken(suite_of, limits, endpoint):
    assert suite_of(suite(limits, endpoint)).limits != Limits()


def test_a_cap_is_held_against_the_variant_that_is_called(suite_of):
    text = suite("max_cost_usd: 5", more="variants: {free: {price: null}}\n")
    assert suite_of(text).limits.max_cost_usd == 5.0
    (line,) = told(suite_of, text, variant="free")
    assert line.startswith("4: limits.max_cost_usd: it needs endpoint.price")


def test_a_cap_from_the_command_line_is_a_fault_of_the_command_line(suite_of):
    with pytest.raises(UsageError, match=r"--set limits\.max_cost_usd: .* needs endpoint\.price"):
        suite_of(suite("", OPENAI), settings=["limits.max_cost_usd=5"])


@pytest.mark.parametrize("endpoint", [OPENAI, f"{HTTP}, read: {{answer: a}}"])
def test_certificates_are_options_of_what_is_called(suite_of, endpoint):
    text = suite("", f"{endpoint}, tls: {{ca: '${{CA}}/ca.pem', cert: our.pem, key: our.key}}")
    assert suite_of(text).endpoint.options["tls"] == {"ca": "${CA}/ca.pem", "cert": "our.pem", "key": "our.key"}


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        (f"{OPENAI}, tls: {{key: k}}", "endpoint.tls.key: a key without its certificate; name that in cert"),
        (f"{OPENAI}, tls: {{ca: c, verify: false}}", "endpoint.tls.verify: false trusts whoever answers"),
        (f"{OPENAI}, tls: {{verify: no}}", "endpoint.tls.verify: found 'no'; wanted true or false"),
        (f"{OPENAI}, tls: {{crt: c}}", "endpoint.tls.crt: unknown key 'crt'; did you mean 'cert'?"),
        (f"{OPENAI.replace('https', 'http')}, tls: {{ca: c}}", "endpoint.tls: an http:// address has no TLS"),
        ("kind: recorded, path: x, tls: {}", "endpoint.tls: unknown key 'tls'"),
    ],
)
def test_tls_that_cannot_be_meant(suite_of, endpoint, says):
    (line,) = told(suite_of, suite("", endpoint))
    assert line.startswith(f"3: {says}")


def test_an_address_that_a_variable_holds_may_be_either(suite_of):
    text = suite("", "kind: openai, base_url: '${URL}', model: m, tls: {verify: false}")
    assert suite_of(text).endpoint.options["tls"] == {"verify": False}


@pytest.mark.parametrize("key", ["-----BEGIN PRIVATE KEY----- MIIEhidden", '"-----BEGIN KEY-----\\nMIIEhidden"'])
def test_a_key_itself_is_refused_and_never_repeated(suite_of, key):
    (line,) = told(suite_of, suite("", f"{OPENAI}, tls: {{cert: c, key: {key}}}"))
    assert line.startswith("3: endpoint.tls.key: ")
    assert "the path of a PEM file" in line
    assert "hidden" not in line
