"""The keys of `gate` that choose what a verdict speaks of, and by which method."""

import pytest

from evalslo.errors import FileFaults
from evalslo.loaders.suite import json_schema
from evalslo.model.suite import GateRules

SUITE = """\
suite: s
golden: {path: golden.jsonl}
endpoint: {kind: python, target: "app:answer"}
objectives: [errors <= 5%]
"""


def test_a_suite_that_says_nothing_has_the_defaults(suite_of):
    rules = suite_of(SUITE).gate
    assert rules == GateRules()
    assert (rules.population, rules.strict, rules.rate_method, rules.mean_method) == (
        "queries",
        False,
        "clopper-pearson",
        "gaffke",
    )


def test_population_strictness_and_methods_are_read(suite_of):
    keys = "gate: {population: finite, strict: true, rate_method: mid-p, mean_method: percentile-bootstrap}"
    assert suite_of(SUITE + keys).gate == GateRules(
        population="finite", strict=True, rate_method="mid-p", mean_method="percentile-bootstrap"
    )


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("population: all", "gate.population: found 'all'; wanted 'queries' or 'finite'"),
        ("strict: 1", "gate.strict: found 1; wanted true or false"),
        (
            "rate_method: wald",
            "gate.rate_method: found 'wald'; wanted 'clopper-pearson', 'wilson', 'jeffreys', 'mid-p' or",
        ),
        ("mean_method: clt", "gate.mean_method: found 'clt'; wanted 'gaffke', 't', 'bca' or 'percentile-bootstrap'"),
        ("rate_methods: wilson", "unknown key 'rate_methods'; did you mean 'rate_method'?"),
    ],
)
def test_other_values_are_faults(suite_of, key, says):
    with pytest.raises(FileFaults) as caught:
        suite_of(f"{SUITE}gate: {{{key}}}\n")
    (fault,) = caught.value.faults
    assert says in f"{fault.where}: {fault.message}"
    assert fault.line == 5


def test_the_published_schema_names_them():
    keys = json_schema()["$defs"]["GateKeys"]["properties"]
    assert keys["population"]["enum"] == ["queries", "finite"]
    assert keys["rate_method"]["enum"] == ["clopper-pearson", "wilson", "jeffreys", "mid-p", "beta-prior"]
    assert keys["mean_method"]["default"] == "gaffke"
    assert keys["strict"] == {
        "default": False,
        "title": "Strict",
        "type": "boolean",
        "description": keys["strict"]["description"],
    }
