"""Ctrl-C before the first call: said in words, with one exit code, wherever it comes, and nothing is called."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.suites import PERFECT, write_suite

ROOT = Path(__file__).parents[2]
SAID = "\nevalslo: stopped before anything was called\n"
BEGIN = "from evalslo.__main__ import main; main()"
AT_IMPORT = """
import importlib.abc, os, signal, sys

class Interrupt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            {interrupt}

sys.meta_path.insert(0, Interrupt())
sys.argv = ["evalslo", "run", "small.yaml"]
"""
PRESS = "os.kill(os.getpid(), signal.SIGINT)"
SWALLOWED = f"""try:
                {PRESS}
            except KeyboardInterrupt:
                pass"""
ANOTHER = f"""try:
                {PRESS}
            except KeyboardInterrupt:
                raise SystemError("returned a result with an exception set") from None"""
EXECUTED = f"exec({PRESS!r})"
AGAIN = f"""try:
                {PRESS}
            finally:
                {PRESS}"""


def started(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"EVALSLO_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("name", ["typer", "evalslo.cli.app", "evalslo.loaders.suite", "yaml", "asyncio"])
def test_ctrl_c_while_something_is_imported_is_said_without_a_traceback(tmp_path, name):
    write_suite(tmp_path)
    done = started(tmp_path, AT_IMPORT.format(name=name, interrupt=PRESS) + BEGIN)
    assert (done.returncode, done.stderr, done.stdout) == (130, SAID, "")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("interrupt", [SWALLOWED, ANOTHER, EXECUTED, AGAIN])
def test_whatever_an_interrupted_library_says_it_is_a_stop_and_no_fault(tmp_path, interrupt):
    write_suite(tmp_path)
    done = started(tmp_path, AT_IMPORT.format(name="evalslo.loaders.suite", interrupt=interrupt) + BEGIN)
    assert (done.returncode, done.stderr, done.stdout) == (130, SAID, "")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("verb", ["run", "check"])
def test_ctrl_c_while_the_application_is_loaded_is_said(tmp_path, verb):
    write_suite(tmp_path, app=f"import os, signal\n{PRESS}\n{PERFECT}")
    done = started(tmp_path, f"import sys; sys.argv = ['evalslo', '{verb}', 'small.yaml']\n{BEGIN}")
    assert (done.returncode, done.stderr) == (130, SAID)
    assert not (tmp_path / "home").exists()


def test_what_is_to_be_ignored_is_ignored(tmp_path):
    write_suite(tmp_path, app=f"import os, signal\n{PRESS}\n{PERFECT}")
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.argv = ['evalslo', 'run', 'small.yaml']\n"
    done = started(tmp_path, code + BEGIN)
    assert (done.returncode, SAID in done.stderr) == (0, False)


def test_after_the_calls_it_is_not_said_that_nothing_was_called(tmp_path):
    write_suite(tmp_path)
    code = AT_IMPORT.format(name="evalslo.report.summary", interrupt=PRESS).replace(
        'small.yaml"]', 'small.yaml", "-q"]'
    )
    done = started(tmp_path, code + BEGIN)
    assert done.returncode in (130, -signal.SIGINT)
    assert "nothing" not in done.stderr
    assert SAID not in done.stderr
    assert "run it again with --resume to go on" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
