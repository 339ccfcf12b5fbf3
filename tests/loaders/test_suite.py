from fractions import Fraction

import pytest

from evalslo.errors import FileFaults, UsageError
from evalslo.model.objective import Place
from evalslo.model.suite import Concurrency, GateRules, GoldenSource, Limits, Price, Timeouts

SMALL = """\
suite: small
golden: {path: golden.jsonl}
endpoint: {kind: recorded, path: samples.jsonl}
objectives: [hallucination <= 5%]
"""

WHOLE = """\
suite: support-rag
service: support-assistant
golden:
  path: ${DATA:-.}/golden.jsonl
  columns: {query: question}
endpoint:
  kind: openai
  base_url: ${SUPPORT_URL:-http://127.0.0.1:8080/v1}
  model: support-v7
  api_key_env: SUPPORT_KEY
  headers_env: {X-Tenant: TENANT}
  stream: true
  params: {temperature: 0.2, seed: 7, stop: [no, yes]}
  price: {prompt_per_mtok: 0.5, completion_per_mtok: 2}
  contexts_from: golden
  prompt: "{{ query }}"
variants:
  base: {model: support-v6, params: {seed: null, top_p: 1}}
  app:
    kind: http
    url: https://example.org/ask
    body: {q: "{{ query }}"}
    read: {answer: text, contexts: {at: hits, id: id}, usage: {prompt_tokens: usage.in}}
repeats: 3
limits: {concurrency: 16, timeout: 1500ms, retries: 0}
slis:
  regex:cites: {pattern: '\\[\\d+\\]'}
  contains:please: {text: [please, thanks]}
objectives:
  - {id: faithful, objective: "faithfulness >= 0.8 for 95% of requests"}
  - hallucination <= 5%
  - objective: precision@5 >= 0.60
    alpha: 0.01
    on_inconclusive: warn
  - regex:cites >= 90%
  - {objective: throughput >= 5/s, critical: false}
gate: {alpha: 0.1, on_inconclusive: block, min_coverage: 0.9, uncalibrated: warn, icc_floor: 0.25}
"""


def told(suite_of, text, **keywords):
    with pytest.raises(FileFaults) as caught:
        suite_of(text, **keywords)
    return [f"{fault.line}: {fault.where}: {fault.message}" for fault in caught.value.faults]


def test_a_whole_suite_is_read(suite_of, tmp_path, slis):
    suite = suite_of(WHOLE)
    assert (suite.name, suite.service, suite.repeats) == ("support-rag", "support-assistant", 3)
    assert suite.golden == GoldenSource(path="${DATA:-.}/golden.jsonl", columns={"query": "question"})
    assert suite.endpoint.kind == "openai"
    assert suite.endpoint.price == Price(prompt_per_mtok=0.5, completion_per_mtok=2.0)
    assert suite.endpoint.contexts_from == "golden"
    assert suite.endpoint.options["base_url"] == "${SUPPORT_URL:-http://127.0.0.1:8080/v1}"
    assert suite.endpoint.options["params"] == {"temperature": 0.2, "seed": 7, "stop": ["no", "yes"]}
    assert suite.endpoint.options.keys().isdisjoint({"kind", "price", "contexts_from"})
    fixed = Concurrency(least=16, start=16, most=16)
    assert suite.limits == Limits(concurrency=fixed, timeouts=Timeouts(total_s=1.5), retries=0)
    assert suite.gate == GateRules(
        alpha=Fraction(1, 10),
        on_inconclusive="block",
        min_coverage=Fraction(9, 10),
        uncalibrated="warn",
        icc_floor=Fraction(1, 4),
    )
    assert suite.folder == tmp_path
    assert suite.text == WHOLE
    assert suite.slis == {
        name: slis[name] for name in ("faithfulness", "hallucination", "precision", "throughput", "regex")
    }


def test_objectives_know_their_id_place_and_rules(suite_of, tmp_path):
    faithful, hallucination, precision, regex, throughput = suite_of(WHOLE).objectives
    assert [o.id for o in (faithful, hallucination, precision, regex, throughput)] == [
        "faithful",
        "hallucination",
        "precision@5",
        "regex:cites",
        "throughput",
    ]
    line = WHOLE.splitlines().index("  - hallucination <= 5%") + 1
    assert faithful.place == Place(file=str(tmp_path / "suite.yaml"), line=line - 1)
    assert hallucination.place == Place(file=str(tmp_path / "suite.yaml"), line=line)
    assert (hallucination.alpha, hallucination.on_inconclusive) == (Fraction(1, 10), "block")
    assert (precision.alpha, precision.on_inconclusive) == (Fraction(1, 100), "warn")
    assert regex.sli.options == {"pattern": r"\[\d+\]"}
    assert (regex.critical, throughput.critical) == (True, False)


def test_a_small_suite_has_the_defaults_of_the_nouns(suite_of):
    suite = suite_of(SMALL)
    assert (suite.limits, suite.gate, suite.repeats, suite.service) == (Limits(), GateRules(), 1, None)
    assert suite.objectives[0].alpha == Fraction(1, 20)


def test_a_hub_data_set_is_named_whole(suite_of):
    suite = suite_of(SMALL.replace("{path: golden.jsonl}", "{hub: {name: a/b, split: test, revision: abc}}"))
    assert suite.golden == GoldenSource(hub={"name": "a/b", "split": "test", "revision": "abc"})


def test_a_variant_of_the_same_kind_is_merged_and_null_takes_a_key_away(suite_of):
    options = suite_of(WHOLE, variant="base").endpoint.options
    assert options["model"] == "support-v6"
    assert options["params"] == {"temperature": 0.2, "stop": ["no", "yes"], "top_p": 1}
    assert options["prompt"] == "{{ query }}"


def test_a_variant_of_another_kind_stands_alone(suite_of):
    endpoint = suite_of(WHOLE, variant="app").endpoint
    assert endpoint.kind == "http"
    assert endpoint.options.keys() == {"url", "body", "read"}
    assert (endpoint.price, endpoint.contexts_from) == (None, None)


def test_an_unknown_variant_is_answered_with_the_known_ones(suite_of):
    with pytest.raises(UsageError, match=r"unknown variant 'bas'; did you mean 'base'\? Known: app, base"):
        suite_of(WHOLE, variant="bas")


def test_every_variant_is_checked_whichever_is_named(suite_of):
    text = SMALL + "variants:\n  a: {pth: x}\n  b: {kind: python}\n  c: {path: fine}\n"
    first, second = told(suite_of, text, variant="c")
    assert first == "6: variants.a.pth: unknown key 'pth'; did you mean 'path'? Known: contexts_from, kind, path, price"
    assert second.startswith("7: variants.b.target: the key 'target' is missing; wanted: package.module:function")


def test_a_setting_finds_keys_with_dots_in_them(suite_of):
    text = SMALL + "variants: {qwen-0.5b: {path: a}}\n"
    suite = suite_of(text, variant="qwen-0.5b", settings=["variants.qwen-0.5b.path=b"])
    assert suite.endpoint.options == {"path": "b"}


@pytest.mark.parametrize("target", ["app:reply", "app.answers:Reply.now", "../a b/app.py:reply"])
def test_a_function_is_named_by_module_or_by_file(suite_of, target):
    text = SMALL.replace("{kind: recorded, path: samples.jsonl}", f"{{kind: python, target: '{target}'}}")
    assert suite_of(text).endpoint.options == {"target": target}


def test_settings_replace_values_and_add_keys(suite_of):
    suite = suite_of(
        WHOLE,
        variant="base",
        settings=["repeats=5", "endpoint.params.seed=no", "objectives.2.alpha=0.025", "limits.timeout=2m"],
    )
    assert suite.repeats == 5
    assert suite.endpoint.options["params"]["temperature"] == 0.2
    assert suite.objectives[2].alpha == Fraction(1, 40)
    assert suite.limits.timeouts.total_s == 120.0
    assert suite.settings[0] == "repeats=5"
    assert suite_of(SMALL, settings=["gate.alpha=0.01"]).gate.alpha == Fraction(1, 100)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("endpoint.pth=x", "--set endpoint.pth: endpoint.pth: unknown key 'pth'; did you mean 'path'"),
        ("gate.alfa.x=1", "--set gate.alfa.x: gate.alfa: unknown key 'alfa'; did you mean 'alpha'"),
        ("repeats=no", "--set repeats: repeats: found 'no'; wanted a whole number"),
        ("suite.name=x", "--set suite.name: suite is 'small'; it has no key 'name'"),
        ("objectives.1=x", "--set objectives.1: found '1'; objectives is a list: wanted 0 to 0"),
        ("objectives.0=hallucination >= 5%", "--set objectives.0: objectives[0]: 'hallucination >= 5%', at '>='"),
        ("repeats=[", "--set repeats: no YAML"),
        ("repeats", "wanted KEY=VALUE"),
        ("=3", "wanted KEY=VALUE"),
    ],
)
def test_a_setting_that_leads_nowhere_is_a_usage_error(suite_of, setting, says):
    with pytest.raises(UsageError) as caught:
        suite_of(SMALL, settings=[setting])
    assert says in str(caught.value)


def test_a_setting_does_not_hide_the_faults_of_the_file(suite_of):
    lines = told(suite_of, SMALL + "repeats: 0\n", settings=["endpoint.pth=x"])
    assert lines[0].startswith("None: endpoint.pth: unknown key")
    assert lines[1] == "5: repeats: found 0; wanted 1 or more"


def test_all_faults_of_a_file_come_at_once_and_in_order(suite_of):
    lines = told(
        suite_of,
        """\
suite: My Suite
golden: {pth: x}
endpoint:
  kind: openai
  modle: m
  base_url: localhost:8080
  stream: yes
repeats: 0
limits: {timeout: 60, retries: 1.5}
slis:
  regex:a: {patern: x}
  regex:b: {pattern: "("}
  regx:c: {pattern: x}
  contains:d: {text: 7}
objectives:
  - hallucination >= 5%
  - {objective: faithfulness >= 0.8, id: x, alpha: 2}
  - {objective: throughput >= 5/s, id: x}
  - regex:zz >= 90%
  - 7
  - {objectiv: errors <= 1%}
windows: 28d
gate: {alpha: "0.05"}
""",
    )
    wanted = [
        "1: suite: found 'My Suite'; wanted lower-case letters",
        "2: golden.pth: unknown key 'pth'; did you mean 'path'? Known: columns, hub, path",
        "3: endpoint.model: the key 'model' is missing",
        "5: endpoint.modle: unknown key 'modle'; did you mean 'model'?",
        "6: endpoint.base_url: found 'localhost:8080'; wanted http:// or https://",
        "7: endpoint.stream: found 'yes'; wanted true or false",
        "8: repeats: found 0; wanted 1 or more",
        "9: limits.timeout: found 60; wanted a time above zero with its unit",
        "9: limits.retries: found 1.5; wanted a whole number",
        "11: slis.regex:a: the key 'pattern' is missing",
        "11: slis.regex:a.patern: unknown option of regex 'patern'; did you mean 'pattern'?",
        "12: slis.regex:b.pattern: found '(', no regular expression",
        "13: slis.regx:c: unknown SLI 'regx'; did you mean 'regex'?",
        "14: slis.contains:d.text: found 7; wanted text or a list of texts",
        "16: objectives[0]: 'hallucination >= 5%', at '>=': lower is better",
        "17: objectives[1].alpha: found 2; wanted below 0.5",
        "18: objectives[2]: 'throughput >= 5/s': throughput is one figure of the whole run",
        "18: objectives[2]: the id 'x' is also that of 'faithfulness >= 0.8'; give one of them an id",
        "19: objectives[3]: unknown entry of slis 'regex:zz'",
        "20: objectives[4]: found 7; wanted text such as",
        "21: objectives[5].objective: the key 'objective' is missing",
        "21: objectives[5].objectiv: unknown key 'objectiv'; did you mean 'objective'?",
        "22: windows: unknown key 'windows'",
        "23: gate.alpha: found '0.05'; wanted a number",
    ]
    assert sorted(lines) == sorted(
        next((line for line in lines if line.startswith(start)), f"not told: {start}") for start in wanted
    )
    assert [int(line.partition(":")[0]) for line in lines] == sorted(int(line.partition(":")[0]) for line in lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "None: : found nothing; wanted a mapping"),
        ("[]", "1: : found a list; wanted a mapping"),
        (SMALL.replace("[hallucination <= 5%]", "[]"), "4: objectives: found a list; wanted at least one"),
        (
            SMALL.replace("hallucination <= 5%", "{objective: errors <= 1%, critical: false}"),
            "4: objectives: no objective is critical, so nothing could fail; take critical: false from at least one",
        ),
        (
            SMALL.replace("]", ", hallucination <= 4%]"),
            "4: objectives[1]: the id 'hallucination' is also that of 'hallucination <= 5%'; give one of them an id of its own",
        ),
        (
            SMALL.replace("path: golden.jsonl", "path: a, hub: {name: a, split: b, revision: c}"),
            "2: golden: wanted exactly one of path and hub",
        ),
        (SMALL.replace("{path: golden.jsonl}", "{}"), "2: golden: wanted exactly one of path and hub"),
        (SMALL.replace("golden.jsonl", "''"), "2: golden.path: found an empty text; wanted some text"),
        (
            SMALL.replace("kind: recorded", "kind: recordd"),
            "3: endpoint: unknown kind 'recordd'; did you mean 'recorded'? Known: http, openai, python, recorded",
        ),
        (
            SMALL.replace("kind: recorded, ", ""),
            "3: endpoint: the key 'kind' is missing; wanted openai, http, python or recorded",
        ),
        (SMALL + "gate: {on_inconclusive: pass}\n", "5: gate.on_inconclusive: found 'pass'; wanted 'block' or 'warn'"),
        (SMALL + "gate: {min_coverage: 1.5}\n", "5: gate.min_coverage: found 1.5; wanted 1 or less"),
        (SMALL + "service: 2024\n", "5: service: found 2024; wanted text; put it in quotes"),
        (
            SMALL + "slis: {regex: {pattern: x}}\n",
            "5: slis.regex: found 'regex'; wanted an SLI and a name of your own, for example 'regex:cites'",
        ),
        (
            SMALL + "variants: {My Base: {path: x}}\n",
            "5: variants.'My Base': found 'My Base'; wanted letters, digits and _ . -, 64 at most",
        ),
    ],
)
def test_single_faults(suite_of, text, line):
    assert told(suite_of, text) == [line]


@pytest.mark.parametrize(
    "endpoint",
    [
        "{kind: openai, base_url: 'http://h/v1', model: m, api_key_env: sk-hidden}",
        "{kind: openai, base_url: 'http://h/v1', model: m, api_key_env: hf_hidden}",
        "{kind: openai, base_url: 'http://h/v1', model: m, api_key: sk-hidden}",
        "{kind: openai, base_url: 'http://me:hidden@h/v1', model: m}",
        "{kind: openai, base_url: 'http://h/v1', model: m, headers_env: {Authorization: Bearer hidden}}",
        "{kind: openai, base_url: 'http://h/v1', model: m, headers: {Authorization: Bearer hidden}}",
    ],
)
def test_a_secret_in_a_suite_is_refused_and_never_repeated(suite_of, endpoint):
    (line,) = told(suite_of, SMALL.replace("{kind: recorded, path: samples.jsonl}", endpoint))
    assert "hidden" not in line
    assert line.startswith("3: endpoint.")


def test_a_flood_of_faults_is_cut_and_counted(suite_of):
    lines = told(suite_of, SMALL + "".join(f"k{number}: 1\n" for number in range(120)))
    assert len(lines) == 51
    assert lines[-1] == "None: : and 70 further faults"


def test_terminal_control_in_a_suite_never_reaches_a_message(suite_of):
    lines = told(suite_of, SMALL + '"\\e[2Jx": 1\nservice: "a"\nrepeats: "\\u202e1"\n')
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
