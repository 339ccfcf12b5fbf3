"""`evalslo check` says what a run will cost, and asks nobody for it."""

from tests.support.suites import rows, write_suite

OPENAI = {
    "kind": "openai",
    "base_url": "http://127.0.0.1:1/v1",
    "model": "m",
    "params": {"max_tokens": 100},
    "price": {"prompt_per_mtok": 1.0, "completion_per_mtok": 10.0},
}
COUNTING = """\
def answer(query):
    return {"answer": "Paris", "usage": {"prompt_tokens": 100, "completion_tokens": 20}, "cost_usd": 0.01}
"""


def told(done):
    assert done.exit_code == 0, done.stderr
    return " ".join(done.stdout.split())


def test_check_estimates_and_compares_with_the_cap(shell):
    endpoint = OPENAI | {"api_key_env": "UNSET_KEY"}
    suite = write_suite(shell.folder, app=None, endpoint=endpoint, repeats=2, limits={"max_cost_usd": 0.05})
    page = told(shell.run("check", suite))
    assert "80 calls" in page
    assert "at most 8,000 completion tokens" in page
    assert "at most 0.0800 usd for completions; retries come on top" in page
    assert "limits.max_cost_usd 0.05 may stop it, after 49 of 80 calls at the earliest" in page
    assert not shell.runs()


def test_check_names_the_run_that_it_knows_from(shell):
    suite = write_suite(shell.folder, app=COUNTING, golden=rows(40))
    assert "what they take is unknown until a run is kept" in told(shell.run("check", suite))
    assert shell.run("run", suite).exit_code == 0
    (run,) = shell.runs()
    page = told(shell.run("check", suite, "--set", "repeats=5", "--set", "limits.max_cost_usd=1"))
    assert "200 calls" in page
    assert f"as in run {run.name}: about 20,000 prompt and 4,000 completion tokens, about 2.00 usd" in page
    assert "limits.max_cost_usd 1 would stop it after about 100 of 200 calls" in page


def test_check_of_a_cap_without_a_price_is_a_fault(shell):
    endpoint = {key: said for key, said in OPENAI.items() if key != "price"}
    suite = write_suite(shell.folder, app=None, endpoint=endpoint, limits={"max_cost_usd": 5})
    done = shell.run("check", suite)
    assert done.exit_code == 2
    assert "limits.max_cost_usd: it needs endpoint.price" in " ".join(done.stderr.split())


def test_a_raised_cap_is_no_other_suite_to_resume(shell):
    suite = write_suite(shell.folder, app=COUNTING)
    assert shell.run("run", suite).exit_code == 0
    again = shell.run("run", suite, "--resume", "--set", "limits.max_cost_usd=100")
    assert again.exit_code == 0, again.stderr
    suite.write_text("# another word\n" + suite.read_text(encoding="utf-8"), encoding="utf-8")
    assert shell.run("run", suite, "--resume").exit_code == 0
    assert len(shell.runs()) == 1
    assert "the suite changed" in shell.run("run", suite, "--resume", "--set", "limits.concurrency=1").stderr
