"""`evalslo run` with a cache, and with what must be said aloud."""

import pytest

from tests.support.loopback import refused_url
from tests.support.suites import write_suite

COUNTING = """
def answer(query):
    with open("calls", "a") as file:
        file.write("x")
    return "Paris"
"""


def test_a_second_run_with_the_cache_calls_nothing_and_measures_no_time(shell):
    suite = write_suite(shell.folder, app=COUNTING, objectives=["contains >= 90%", "latency p90 <= 2s"])
    assert shell.run("run", suite, "--cache").exit_code == 0
    called = len((shell.folder / "calls").read_text())
    done = shell.run("run", suite, "--cache")
    assert len((shell.folder / "calls").read_text()) == called
    card = shell.scorecard()
    assert (card["usage"]["calls"], card["usage"]["cached"], card["timings"]) == (0, called, ["cached"])
    assert [row["verdict"] for row in card["objectives"]] == ["pass", "error"]
    assert done.exit_code == 4
    assert "answers from the cache have no latency" in done.stdout


def test_without_asking_nothing_is_taken_from_the_cache(shell):
    suite = write_suite(shell.folder, app=COUNTING)
    shell.run("run", suite, "--cache")
    called = len((shell.folder / "calls").read_text())
    assert shell.run("run", suite).exit_code == 0
    assert len((shell.folder / "calls").read_text()) == 2 * called
    assert shell.scorecard()["usage"]["cached"] == 0


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_certificates_that_nobody_verifies_are_loud(shell, quiet):
    address = refused_url().replace("http://", "https://")
    endpoint = {"kind": "openai", "base_url": address, "model": "m", "tls": {"verify": False}}
    suite = write_suite(shell.folder, app=None, endpoint=endpoint, limits={"retries": 0})
    done = shell.run("run", suite, *quiet)
    assert done.exit_code == 4
    assert "NOT verified" in done.stderr
    for page in (shell.run("run", suite), shell.run("gate")):
        assert page.stdout.count("TLS certificates are NOT verified (endpoint.tls.verify: false)") == 1


def test_check_warns_of_certificates_as_run_does_also_without_its_key(shell, monkeypatch):
    endpoint = {"kind": "openai", "base_url": "https://h/v1", "model": "m", "tls": {"verify": False}}
    suite = write_suite(shell.folder, app=None, endpoint=endpoint)
    done = shell.run("check", suite)
    assert done.exit_code == 0
    assert "TLS certificates of h are NOT verified (endpoint.tls.verify: false)" in " ".join(done.stderr.split())
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    suite = write_suite(shell.folder, app=None, endpoint=endpoint | {"api_key_env": "NO_SUCH_KEY"})
    done = shell.run("check", suite)
    assert done.exit_code == 0
    assert "TLS certificates are NOT verified (endpoint.tls.verify: false)" in " ".join(done.stderr.split())
