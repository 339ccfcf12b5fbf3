"""`run --feed`, `budget` and `history`, as a release engineer meets them."""

import json

import pytest

from tests.support.suites import rows, write_suite

FREEZES = {"freeze_when": "remaining <= 0%", "exempt": ["security"]}
NIGHTLY = ("--feed", "nightly")


def app(bad: int) -> str:
    return f"def answer(query):\n    return 'London' if int(query['id'][1:]) < {bad} else 'Paris'\n"


@pytest.fixture
def suite(shell):
    def write(bad: int, **keys):
        given = {"service": "shop", "policy": FREEZES} | keys
        objectives = [{"id": "right", "objective": "contains >= 90%"}]
        return write_suite(shell.folder, app=app(bad), golden=rows(200), objectives=objectives, **given)

    return write


def budgets(shell, *arguments: str) -> dict:
    done = shell.run("budget", *arguments, "-o", "json:-")
    assert done.exit_code in (0, 5), done.stderr
    return json.loads(done.stdout)


def only(document: dict) -> dict:
    (report,) = document["budgets"]
    (objective,) = report["objectives"]
    return objective["budget"]


def test_a_fed_run_spends_the_budget_of_its_window(shell, suite):
    assert shell.run("run", suite(5), "-q", *NIGHTLY).exit_code == 0
    found = only(budgets(shell))
    assert (found["good"], found["bad"], found["allowed"], found["remaining"]) == (195, 5, 20, 0.75)
    done = shell.run("budget", "shop")
    assert done.exit_code == 0
    assert "RELEASE ALLOWED" in done.stdout
    assert "75.0 % left" in done.stdout


def test_a_run_without_feed_is_history_and_spends_nothing(shell, suite):
    assert shell.run("run", suite(5), "-q").exit_code == 0
    done = shell.run("budget")
    assert "no data" in done.stdout
    assert "FROZEN" in done.stdout  # nobody knows, and the policy says what that means
    assert done.exit_code == 5
    assert "small" in shell.run("history").stdout


def test_feeding_the_same_run_again_counts_nothing_twice(shell, suite):
    path = suite(5)
    shell.run("run", path, "-q", *NIGHTLY)
    again = shell.run("run", path, "-q", "--resume", *NIGHTLY)
    assert "nothing was counted twice" in again.stderr
    assert only(budgets(shell))["measured"] == 200


def test_a_job_that_is_tried_again_under_its_id_counts_once(shell, suite):
    path = suite(5)
    for _ in range(2):
        assert shell.run("run", path, "-q", *NIGHTLY, "--feed-id", "build-7").exit_code == 0
    assert only(budgets(shell))["measured"] == 200
    shell.run("run", path, "-q", *NIGHTLY, "--feed-id", "build-8")
    assert only(budgets(shell))["measured"] == 400


def test_sources_and_environments_never_pool(shell, suite):
    path = suite(5)
    for more in (("--feed", "a"), ("--feed", "b"), ("--feed", "a", "--environment", "staging")):
        shell.run("run", path, "-q", *more)
    found = [(one["environment"], one["source"]) for one in budgets(shell)["budgets"]]
    assert found == [(None, "a"), (None, "b"), ("staging", "a")]
    assert only(budgets(shell, "--source", "b"))["measured"] == 200


def test_a_spent_budget_freezes_a_release_that_passes(shell, suite):
    for bad in (100, 100, 0):
        last = shell.run("run", suite(bad), *NIGHTLY, "--release", "v2", "-o", "card.json")
    assert last.exit_code == 5
    assert "FROZEN" in last.stdout
    assert "overspent" in last.stdout
    card = json.loads((shell.folder / "card.json").read_text())
    assert (card["verdict"], card["exit_code"], card["release"]) == ("frozen", 5, "v2")
    assert card["freeze"]["outcome"] == "freeze"
    assert card["reasons"][0]["code"] == "policy_step"
    assert "FROZEN" in shell.run("history").stdout
    assert shell.run("budget").exit_code == 5


def test_a_miss_stays_a_miss_though_the_policy_freezes(shell, suite):
    assert shell.run("run", suite(100), "-q", *NIGHTLY, "--release", "v2").exit_code == 1


def test_an_override_lets_one_release_out_and_is_recorded(shell, suite):
    path = suite(0)
    override = ("--release", "v2", "--override", "CVE-2026-1", "--expires", "24h", "--fix", "security")
    assert shell.run("run", path, "-q", "--release", "v2").exit_code == 5  # no data
    let_out = shell.run("run", path, "-o", "card.json", *override)
    assert let_out.exit_code == 0
    card = json.loads((shell.folder / "card.json").read_text())
    assert card["freeze"]["lifted_by"] is not None
    assert shell.run("run", path, "-q", "--release", "v3").exit_code == 5
    listed = shell.run("history", "--overrides", "-o", "json:-")
    (one,) = json.loads(listed.stdout)["overrides"]
    assert (one["release"], one["reason"], one["kind"]) == ("v2", "CVE-2026-1", "security")
    assert one["actor"] is not None
    assert "CVE-2026-1" in shell.run("history", "--overrides").stdout


def test_budget_records_an_override_too(shell, suite):
    shell.run("run", suite(100), "-q", *NIGHTLY)
    asked = ("shop", "--release", "v2", "--override", "the board wants it", "--expires", "2d")
    assert shell.run("budget", *asked).exit_code == 0
    assert shell.run("budget", "shop", "--release", "v3").exit_code == 5
    assert shell.run("budget", *asked[1:]).exit_code == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--feed", "nightly", "--limit", "5"), "no fair sample"),
        (("--feed", "nightly", "--cache"), "--cache"),
        (("--feed", "a b"), "letters"),
        (("--feed-id", "x"), "--feed SOURCE"),
        (("--override", "because", "--expires", "1h"), "--release"),
        (("--release", "v1", "--override", "because"), "--expires 24h"),
        (("--release", "v1", "--override", "because", "--expires", "soon"), "24h"),
        (("--release", "v1", "--expires", "1h"), "--override"),
        (("--release", "v1", "--fix", "vanity", "--override", "x", "--expires", "1h"), "vanity"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(shell, suite, options, told):
    done = shell.run("run", suite(0), "-q", *options)
    assert done.exit_code == 2
    assert told in done.stderr
    assert shell.runs() == []


def test_an_unreachable_history_costs_no_verdict_unless_it_was_asked(shell, suite, monkeypatch):
    monkeypatch.setenv("EVALSLO_HISTORY", str(shell.folder / "small_app.py"))
    path = suite(0)
    plain = shell.run("run", path, "-q")
    assert plain.exit_code == 0
    assert "not in the history" in plain.stderr
    assert shell.run("run", path, "-q", *NIGHTLY).exit_code == 4
    assert shell.run("run", suite(200), "-q", *NIGHTLY).exit_code == 1
    assert shell.run("budget").exit_code == 4


def test_a_history_that_was_away_is_fed_later(shell, suite, monkeypatch):
    path = suite(5)
    monkeypatch.setenv("EVALSLO_HISTORY", str(path))
    assert shell.run("run", path, "-q", *NIGHTLY).exit_code == 4
    monkeypatch.delenv("EVALSLO_HISTORY")
    assert shell.run("run", path, "-q", "--resume", *NIGHTLY).exit_code == 0
    assert only(budgets(shell))["measured"] == 200
    assert len(shell.runs()) == 1


def test_budgets_of_nothing_say_what_to_do(shell):
    done = shell.run("budget", "shop")
    assert done.exit_code == 4
    assert "--feed SOURCE" in done.stderr
    assert "evalslo run SUITE" in shell.run("history").stdout


def test_means_have_no_budget_and_say_what_would(shell):
    path = write_suite(
        shell.folder, objectives=["contains >= 50%", {"objective": "token_f1 >= 0.1", "critical": False}]
    )
    shell.run("run", path, "-q", *NIGHTLY)
    document = budgets(shell)
    assert only(document)["bad"] == 0
    (one,) = document["budgets"][0]["unbudgeted"]
    assert "for 95% of requests" in one["why"]


def test_history_marks_what_changed_and_sets_two_runs_side_by_side(shell, suite):
    path = suite(5)
    shell.run("run", path, "-q")
    (shell.folder / "small.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows(190)), encoding="utf-8")
    shell.run("run", path, "-q")
    newer, older = json.loads(shell.run("history", "small", "-o", "json:-").stdout)["runs"]
    assert any(change.startswith("golden: sha256:") for change in newer["changes"])
    assert older["changes"] == []
    assert "changed golden" in shell.run("history").stdout
    done = shell.run("history", "--diff", older["run_id"], newer["run_id"])
    assert done.exit_code == 0
    assert "97.5 %" in done.stdout
    assert "no test" in done.stdout
    assert shell.run("history", "--diff", older["run_id"], "nowhere").exit_code == 2
    assert len(json.loads(shell.run("history", "--limit", "1", "-o", "json:-").stdout)["runs"]) == 1


def test_a_strangers_words_are_no_terminal_control(shell, suite):
    path = suite(0)
    reason = "sorry \x1b[2J\x1b]0;owned\x07 \u202eevil"
    done = shell.run("run", path, "--release", "v2", "--override", reason, "--expires", "1h")
    listed = shell.run("history", "--overrides")
    for page in (done.stdout, listed.stdout, shell.run("budget").stdout):
        assert "\x1b" not in page
        assert "\u202e" not in page


@pytest.mark.parametrize("columns", ["40", "60", "100"])
def test_pages_keep_to_the_terminal(shell, suite, monkeypatch, columns):
    shell.run("run", suite(5), "-q", *NIGHTLY)
    monkeypatch.setenv("COLUMNS", columns)
    for verb in ("budget", "history"):
        lines = shell.run(verb).stdout.splitlines()
        assert lines
        assert max(map(len, lines)) <= int(columns)


def test_old_minutes_can_be_dropped_but_none_that_a_window_needs(shell, suite):
    shell.run("run", suite(5), "-q", *NIGHTLY)
    assert "dropped 0 minutes" in shell.run("history", "--compact", "90d").stdout
    refused = shell.run("history", "--compact", "1d")
    assert refused.exit_code == 2
    assert "28d" in refused.stderr
    assert shell.run("history", "--compact", "old").exit_code == 2
    assert only(budgets(shell))["measured"] == 200
