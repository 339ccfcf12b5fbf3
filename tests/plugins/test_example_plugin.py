"""The example package, installed as any package is, and what a user of it sees."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.plugins.conftest import write_package

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "evalslo-example-plugin"
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
INSTALL = ["install", "--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example's folder with a folder beside it that the package was installed into."""
    pytest.importorskip("hatchling", reason="hatchling builds the example package, and is not here")
    pytest.importorskip("pip", reason="pip installs the example package, and is not here")
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, folder / "example")
    target = ["--target", str(folder / "site"), str(folder / "example")]
    done = subprocess.run([sys.executable, "-m", "pip", *INSTALL, *target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def evalslo(example, tmp_path):
    """The command line in the example's folder, with the installed package and more folders to import from."""

    def run(*arguments, also=()):
        paths = [str(ROOT), str(example / "site"), *map(str, also)]
        environ = {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHON": sys.executable,
            "EVALSLO_HOME": str(tmp_path / "home"),
        }
        command = [sys.executable, "-m", "evalslo", *map(str, arguments)]
        folder = example / "example"
        environ = os.environ | environ
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environ, check=False)

    return run


def changed_suite(folder, *, name="changed", **keys):
    """The example's suite with other keys in it, beside its golden set."""
    suite = yaml.safe_load((EXAMPLE / "suite.yaml").read_text(encoding="utf-8")) | keys
    shutil.copy(EXAMPLE / "golden.jsonl", folder)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False), encoding="utf-8")
    return path


def test_a_suite_runs_with_the_installed_package_and_can_be_gated_again(evalslo):
    done = evalslo("run", "suite.yaml", "-o", "json:-")
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    avoids, short_words, errors = card["objectives"]
    assert (avoids["verdict"], avoids["n"], avoids["estimate"]) == ("pass", 16, 1.0)
    assert avoids["scorer"] == "wording/1 (evalslo-example-plugin 0.1.0)"
    assert (short_words["shape"], short_words["estimate"], errors["bad"]) == ("mean", 1.0, 0)
    assert card["fingerprint"]["scorers"]["avoids"] == "wording/1 (evalslo-example-plugin 0.1.0)"
    endpoint = card["fingerprint"]["endpoint"]
    assert (endpoint["kind"], endpoint["package"]) == ("command", "evalslo-example-plugin 0.1.0")
    again = evalslo("gate", "latest", "-o", "json:-")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["objectives"] == card["objectives"]


def test_a_program_that_fails_is_a_failed_call(evalslo, tmp_path):
    suite = changed_suite(tmp_path, endpoint={"kind": "command", "command": [sys.executable, "-c", "exit(3)"]})
    card = json.loads(evalslo("run", suite, "-o", "json:-").stdout)
    assert card["objectives"][2]["bad"] == 16


SUITE_FAULTS = [
    ({"slis": {"avoids:promises": {"words": "a"}}}, "unknown option of avoids 'words'; known: terms"),
    ({"slis": {"avoids:promises": {}}}, "the key 'terms' is missing; avoids needs it"),
    ({"objectives": ["short_wrods >= 0.5"]}, "unknown SLI 'short_wrods'; did you mean 'short_words'"),
    ({"objectives": ["short_words <= 0.5"]}, "higher is better: write '>='"),
    ({"endpoint": {"kind": "comand"}}, "endpoint: unknown kind 'comand'; did you mean 'command'"),
    ({"endpoint": {"kind": "<plugin>"}}, "endpoint: unknown kind '<plugin>'; known: command, http, openai"),
    ({"endpoint": {"kind": ["command"]}}, "endpoint: unknown kind"),
    ({"endpoint": {"kind": "command", "price": 3}}, "endpoint.price: found 3; wanted a mapping"),
    (
        {"endpoint": {"kind": "command", "api": {"token": "sk-1"}}},
        "endpoint.api.token: a secret must not stand in a suite",
    ),
    ({"variants": {"b": {"kind": "comand"}}}, "variants.b: unknown kind 'comand'"),
]
PLUGIN_FAULTS = [
    ({"slis": {"avoids:promises": {"terms": "..."}}}, "avoids:promises: terms: found one without a letter"),
    ({"endpoint": {"kind": "command"}}, "endpoint: endpoint.command: wanted a list of texts"),
    ({"endpoint": {"kind": "command", "command": ["a"], "shell": True}}, "endpoint.shell: unknown key; known: command"),
]


@pytest.mark.parametrize("faults", [SUITE_FAULTS, PLUGIN_FAULTS], ids=["of the suite", "told by the plugin"])
def test_what_is_wrong_with_a_suite_is_told_before_anything_is_called(evalslo, tmp_path, faults):
    suites = [changed_suite(tmp_path, name=f"s{number}", **keys) for number, (keys, _) in enumerate(faults)]
    done = evalslo("check", *suites)
    assert done.returncode == 2, done.stdout
    told = "".join(done.stderr.split())  # a long folder breaks lines where it likes
    lines = re.split(rf"(?={re.escape(str(tmp_path))}/s\d\.yaml)", told)
    for number, (_, said) in enumerate(faults):
        wanted = "".join(said.split())
        assert [line for line in lines if f"s{number}.yaml" in line and wanted in line], (said, done.stderr)
    assert "Traceback" not in done.stderr


def test_a_broken_package_is_told_where_a_suite_may_need_it_and_nowhere_else(evalslo, tmp_path):
    site = tmp_path / "broken"
    site.mkdir()
    write_package(site, name="broken-package", source="import no_such_module", scorers={"broken": "it"})
    done = evalslo("run", "suite.yaml", also=[site])
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "'avoids' is not built in, and the plugin 'broken' of broken-package 1.0 (evalslo.scorers)" in said
    assert "ModuleNotFoundError: No module named 'no_such_module'; mend it, or uninstall the package" in said
    assert "Traceback" not in done.stderr
    plain = changed_suite(tmp_path, objectives=["errors <= 20%"], slis={})
    assert evalslo("check", plain, also=[site]).returncode == 0


@pytest.mark.parametrize("language", ["toml", "python", "yaml"])
def test_the_code_in_the_docs_is_the_example_s(language):
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(EXAMPLE.rglob("*"))
        if path.suffix in (".toml", ".py", ".yaml")
    )
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    parts = [part for block in blocks for part in block.strip("\n").split("\n\n")]
    assert parts
    assert [part for part in parts if part not in sources] == []
