"""The documentation is true: every verb, option, key, SLI and code is in it; its examples are valid, its links lead on."""

import ast
import re
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from evalslo.cli.app import app
from evalslo.loaders.suite import json_schema, read_suite
from evalslo.plugins import sli_specs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/**/*.md"))}
PAGES |= {
    Path(name): (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
}
COMMANDS = typer.main.get_command(app).commands


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_verb_is_in_the_readme_and_every_option_in_the_docs(verb):
    assert f"`{verb}" in README
    everything = "\n".join(PAGES.values())
    for parameter in COMMANDS[verb].params:
        for option in parameter.opts:
            if option.startswith("--") and option not in ("--help", "--output"):
                assert option in everything, f"{verb} {option}"


def test_every_suite_key_is_in_the_docs():
    page = (ROOT / "docs" / "suite-file.md").read_text(encoding="utf-8")
    schema = json_schema()
    keys = set(schema["properties"])
    for definition in schema["$defs"].values():
        keys |= set(definition.get("properties", ()))
    assert len(keys) > 40
    missing = sorted(key for key in keys if not re.search(rf"`[^`\n]*\b{re.escape(key)}\b[^`\n]*`", page))
    assert not missing


@pytest.mark.parametrize("name", sorted(sli_specs()))
def test_every_sli_is_in_the_docs(name):
    page = (ROOT / "docs" / "slis.md").read_text(encoding="utf-8")
    assert re.search(rf"`{name}(@k)?`", page)


def reason_codes() -> set[str]:
    codes = set()
    for path in (ROOT / "evalslo").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name == "Reason":
                codes |= {k.value.value for k in node.keywords if k.arg == "code" and isinstance(k.value, ast.Constant)}
            elif name in ("reason_of", "_reason") and len(node.args) >= 2 and isinstance(node.args[1], ast.Constant):
                codes.add(node.args[1].value)
    return codes


def test_every_reason_code_is_in_the_docs():
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    codes = reason_codes()
    assert {"coverage", "uncalibrated", "fail_unconfirmed", "limited"} <= codes
    assert not sorted(code for code in codes if f"`{code}`" not in page)


def yaml_suites() -> list[tuple[str, str]]:
    blocks = [
        (str(page), block)
        for page, text in PAGES.items()
        for block in re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    ]
    return [(page, block) for page, block in blocks if re.match(r"(#.*\n)*suite:", block)]


def test_the_readme_has_a_suite_of_the_reader_s_own():
    assert "README.md" in {page for page, _ in yaml_suites()}


@pytest.mark.parametrize(("page", "block"), yaml_suites())
def test_every_suite_in_the_docs_is_valid(page, block, tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(block, encoding="utf-8")
    assert read_suite(path, slis=sli_specs()).objectives


@pytest.mark.parametrize("page", sorted(PAGES, key=str))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", PAGES[page]):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def text_blocks() -> list[str]:
    return re.findall(r"^```text\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


SMOLLM2 = ["--variant", "smollm2"]
STOPS = [*SMOLLM2, "--sequential", "--fail-fast", "--seed", "3"]
SHOWN = [
    ["run", "suites/handbook.yaml"],
    ["run", "suites/handbook.yaml", *SMOLLM2],
    ["run", "suites/handbook.yaml", "--variant", "qwen-0.5b", "--set", "objectives.1.objective=contains >= 45%"],
    ["run", "suites/handbook.yaml", *STOPS],
    ["plan", "--target", "95%", "--truth", "98%"],
]


@pytest.mark.parametrize(("number", "command"), list(enumerate(SHOWN)))
def test_the_pages_of_the_readme_are_what_comes_out(number, command, monkeypatch, tmp_path):
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(ROOT)
    out = [line.rstrip() for line in CliRunner().invoke(app, command).stdout.splitlines()]
    shown = [line for line in text_blocks()[number].splitlines() if " run 20" not in line and line != "…"]
    assert len(shown) > 10
    assert [line for line in shown if line not in out and "took" not in line] == []
