"""A run whose answers do not say what they cost: what it is told to do, it can do."""

from tests.support.suites import rows, write_suite

LIMITS = {"concurrency": 1}


def stopped_text(shell):
    (reason,) = [one for one in shell.scorecard()["reasons"] if one["code"] in ("cost_unknown", "usage_unknown")]
    return reason["text"]


def test_a_cap_that_cannot_be_kept_stops_the_run_and_without_it_the_run_goes_on(shell):
    suite = write_suite(shell.folder, golden=rows(30), limits=LIMITS | {"max_cost_usd": 5})
    assert shell.run("run", suite).exit_code == 4
    assert "there is no endpoint.price; set endpoint.price and start anew, or take the limit out" in stopped_text(shell)
    write_suite(shell.folder, golden=rows(30), limits=LIMITS)
    done = shell.run("run", suite, "--resume")
    assert "cannot go on" not in done.stderr
    assert shell.scorecard()["usage"]["calls"] == 30
    assert len(shell.runs()) == 1


def test_of_a_bound_on_the_minute_it_is_said_that_another_one_is_another_run(shell):
    suite = write_suite(shell.folder, golden=rows(30), limits=LIMITS | {"tokens_per_minute": 60000})
    assert shell.run("run", suite).exit_code == 4
    assert stopped_text(shell).endswith("make it report usage or take that out, and start anew")
    write_suite(shell.folder, golden=rows(30), limits=LIMITS)
    assert "without --resume to start anew" in shell.run("run", suite, "--resume").stderr.replace("\n", " ")
    assert shell.run("run", suite).exit_code != 2
    assert shell.scorecard()["usage"]["calls"] == 30
