import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from evalslo.loaders.suite import json_schema
from evalslo.loaders.yaml_marks import parse_yaml

jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked with jsonschema, which is not installed")

GOOD = """\
suite: support
golden: {hub: {name: a/b, split: test, revision: abc}, columns: {query: question}}
endpoint: {kind: openai, base_url: "${URL}", model: m, params: {temperature: 0.2}}
variants: {base: {model: n}, kept: {kind: recorded, path: samples.jsonl}}
repeats: 2
limits: {timeout: 60s, concurrency: 1-16-256, max_tokens: 9, requests_per_minute: 1.5}
slis: {"regex:cites": {pattern: x}, "contains:a": {text: [b, c]}}
objectives:
  - hallucination <= 5%
  - {objective: latency p95 <= 2s, id: fast, critical: false, alpha: 0.01}
gate: {alpha: 0.05, uncalibrated: warn}
"""

EXAMPLES = sorted((Path(__file__).parents[2] / "suites").glob("*.yaml"))


def errors(text):
    validator = jsonschema.Draft202012Validator(json_schema())
    return list(validator.iter_errors(parse_yaml(text, file="s").value))


def test_the_schema_is_a_schema_and_says_which():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "evalslo suite"


def test_a_sound_suite_is_accepted(suite_of):
    assert errors(GOOD) == []
    assert suite_of(GOOD).name == "support"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_suites_are_accepted(path):
    assert errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("suite: support", "suite: Sup port"),
        ("suite: support", "suit: support"),
        ("{hub:", "{path: x, hub:"),
        ("revision: abc", "revison: abc"),
        ("kind: openai", "kind: ''"),
        ("model: m,", ""),
        ("query: question", "quary: question"),
        ("60s", "60"),
        ("60s", "0s"),
        ("1-16-256", "0-16-256"),
        ("1-16-256", "1-16"),
        ("1-16-256", "1-16-2560"),
        ("1-16-256", "[1, 16]"),
        ("1-16-256", "1001"),
        ("max_tokens: 9", "max_tokens: 0"),
        ("requests_per_minute: 1.5", "requests_per_minute: 0"),
        ("model: m,", "model: m, tls: {key: '-----BEGIN KEY-----'},"),
        ("repeats: 2", "repeats: 0"),
        ("repeats: 2", "repeats: '2'"),
        ("regex:cites", "regex"),
        ("id: fast", "name: fast"),
        ("alpha: 0.01", "alpha: 0.7"),
        ("uncalibrated: warn", "uncalibrated: on"),
        ("gate:", "windows: 28d\ngate:"),
        ("gate:", "window: 1y\ngate:"),
        ("gate:", "alerts: loud\ngate:"),
        ("gate:", "policy: {exempt: [vanity]}\ngate:"),
        ("gate:", "policy: {steps: [{when: x}]}\ngate:"),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(suite_of, old, new):
    text = GOOD.replace(old, new, 1)
    assert errors(text)
    with pytest.raises(Exception, match=r"suite\.yaml"):
        suite_of(text)


def test_every_key_says_what_it_is():
    schema = json_schema()
    bare = [
        f"{name}.{key}"
        for name, model in {"suite": schema, **schema["$defs"]}.items()
        for key, said in model.get("properties", {}).items()
        if not said.get("description")
    ]
    assert bare == []


def test_pydantic_is_loaded_only_where_a_suite_is_read():
    heavy = {"pydantic", "datasets", "pyarrow"}
    code = f"import sys, evalslo.loaders.suite, evalslo.loaders.golden; print({heavy} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_schema_is_yaml_safe_data():
    assert yaml.safe_load(yaml.safe_dump(json_schema())) == json_schema()
