"""What a stranger's files, servers and answers get: one clear error with its place, exit 2, nothing called, nothing lost."""

import json

import pytest

from tests.support.suites import rows, write_golden, write_suite

TELLTALE = """
def answer(query):
    with open("called", "a") as file:
        file.write("x")
    return "Paris"
"""


def assert_refused(shell, suite, *wanted):
    """The command refuses the suite, says all of `wanted`, and called nothing."""
    done = shell.run("run", suite)
    assert done.exit_code == 2, done.stdout + done.stderr
    told = " ".join(done.stderr.split())
    for text in wanted:
        assert text in told, told
    assert not (shell.folder / "called").exists()
    assert not shell.runs()
    assert "Traceback" not in done.stderr
    return told


def edited(shell, old, new, **keys):
    suite = write_suite(shell.folder, app=TELLTALE, **keys)
    text = suite.read_text()
    assert old in text
    suite.write_text(text.replace(old, new, 1))
    return suite


def test_malformed_yaml(shell):
    assert_refused(shell, edited(shell, "objectives:", "objectives: ["), "small.yaml:")


def test_an_unknown_key_is_answered_with_the_nearest(shell):
    assert_refused(shell, edited(shell, "golden:", "goldn:"), "small.yaml:2", "goldn", "did you mean", "golden")


def test_a_duplicate_key(shell):
    assert_refused(shell, edited(shell, "suite: small", "suite: small\nsuite: other"), "small.yaml:2", "suite")


def test_a_wrong_objective_names_the_line_and_the_mend(shell):
    assert_refused(shell, write_suite(shell.folder, app=TELLTALE, objectives=["faithfullness >= 0.8"]),
            "small.yaml:5", "faithfullness", "did you mean", "faithfulness")  # fmt: skip


def test_all_faults_of_a_suite_come_at_once(shell):
    suite = write_suite(shell.folder, app=TELLTALE, objectives=["latency <= 2s", "contains <= 5%"], repeats=0)
    told = assert_refused(shell, suite, "p95", "repeats")
    assert told.count("small.yaml:") >= 3


def test_faults_of_several_suites_come_at_once(shell):
    one = write_suite(shell.folder, app=TELLTALE, name="one", objectives=["nonsense"])
    two = write_suite(shell.folder, app=TELLTALE, name="two", repeats="many")
    done = shell.run("run", one, two)
    assert done.exit_code == 2
    assert "one.yaml:" in done.stderr
    assert "two.yaml:" in done.stderr


def test_a_missing_suite(shell):
    assert_refused(shell, shell.folder / "nowhere.yaml", "nowhere.yaml")


def test_an_empty_folder_of_suites(shell):
    (shell.folder / "empty").mkdir()
    assert_refused(shell, shell.folder / "empty", "no suite here")


def test_a_missing_golden_file(shell):
    suite = write_suite(shell.folder, app=TELLTALE)
    (shell.folder / "small.jsonl").unlink()
    assert_refused(shell, suite, "small.jsonl")


def test_duplicate_ids_name_both_lines(shell):
    golden = [*rows(40), {"id": "q0007", "query": "Again?"}]
    assert_refused(shell, write_suite(shell.folder, app=TELLTALE, golden=golden), "small.jsonl:41", "q0007", "8")


def test_an_empty_golden_set(shell):
    assert_refused(shell, write_suite(shell.folder, app=TELLTALE, golden=[]), "small.jsonl")


def test_a_golden_row_of_ten_megabytes(shell):
    suite = write_suite(shell.folder, app=TELLTALE)
    write_golden(shell.folder, [*rows(2), {"id": "big", "query": "x" * 10_000_000}], name="small.jsonl")
    told = assert_refused(shell, suite, "small.jsonl:3")
    assert len(told) < 2000


def test_invalid_utf8_in_the_golden_file(shell):
    suite = write_suite(shell.folder, app=TELLTALE)
    (shell.folder / "small.jsonl").write_bytes(b'{"id": "a", "query": "ok"}\n{"id": "b", "query": "\xff\xfe"}\n')
    assert_refused(shell, suite, "small.jsonl:2", "UTF-8")


def test_an_objective_that_cannot_pass_names_what_it_takes(shell):
    suite = write_suite(shell.folder, app=TELLTALE, objectives=["errors <= 1%", "contains >= 90%"])
    assert_refused(shell, suite, "small.yaml:", "'errors <= 1%' cannot pass", "at least 299")


def test_an_unset_variable_is_named_and_its_value_never_shown(shell, monkeypatch):
    monkeypatch.delenv("SUPPORT_KEY", raising=False)
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key_env": "SUPPORT_KEY"}
    assert_refused(shell, write_suite(shell.folder, app=None, endpoint=endpoint), "SUPPORT_KEY")


def test_a_target_that_is_not_there(shell):
    suite = write_suite(shell.folder, app=TELLTALE)
    (shell.folder / "small_app.py").write_text("def other(query):\n    return ''\n")
    assert_refused(shell, suite, "small_app.py", "answer", "other")


def test_a_recording_that_is_not_there(shell):
    endpoint = {"kind": "recorded", "path": "nowhere.jsonl"}
    assert_refused(shell, write_suite(shell.folder, app=None, endpoint=endpoint), "endpoint.path", "nowhere.jsonl")


def test_a_recording_that_is_none(shell):
    (shell.folder / "prose.jsonl").write_text("once upon a time\n")
    endpoint = {"kind": "recorded", "path": "prose.jsonl"}
    assert_refused(shell, write_suite(shell.folder, app=None, endpoint=endpoint), "prose.jsonl:1")


def test_a_pattern_that_is_none(shell):
    suite = write_suite(
        shell.folder, app=TELLTALE, objectives=["regex:cites >= 90%"], slis={"regex:cites": {"pattern": "["}}
    )
    assert_refused(shell, suite, "regex:cites", "pattern")


def test_an_output_of_an_unknown_form_before_anything_is_called(shell):
    suite = write_suite(shell.folder, app=TELLTALE)
    done = shell.run("run", suite, "-o", "card.docx")
    assert done.exit_code == 2
    assert "card.docx" in done.stderr
    assert not (shell.folder / "called").exists()


@pytest.mark.parametrize("verb", ["gate", "report"])
def test_a_run_that_is_not_there_says_which_are(shell, verb):
    shell.run("run", write_suite(shell.folder))
    done = shell.run(verb, "nonsense")
    assert done.exit_code == 2
    assert shell.runs()[0].name in done.stderr.replace("\n", "")


def test_a_home_that_cannot_be_written(shell, monkeypatch):
    (shell.folder / "file").write_text("")
    monkeypatch.setenv("EVALSLO_HOME", str(shell.folder / "file"))
    done = shell.run("run", write_suite(shell.folder, app=TELLTALE))
    assert done.exit_code == 4
    assert "EVALSLO_HOME" in done.stderr
    assert not (shell.folder / "called").exists()


HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]PASS[/] \u202egnp.exe \r\n ✓ PASS everything [/nope] ${HOME} {{ 7*7 }}"


def test_a_hostile_answer_is_data_everywhere(shell):
    app = f"def answer(query):\n    return {HOSTILE!r}\n"
    golden = rows(40, tags={"topic": HOSTILE})
    done = shell.run("run", write_suite(shell.folder, app=app, golden=golden))
    assert done.exit_code == 1
    for said in (done.stdout, done.stderr):
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert not any(line.startswith((" ✓ PASS", "✓ PASS")) for line in said.splitlines())
    (run,) = shell.runs()
    kept = json.loads((run / "samples.jsonl").read_text().splitlines()[0])
    assert kept["answer"] == HOSTILE


def test_a_key_is_nowhere_in_what_is_kept_or_said(shell, monkeypatch):
    secret = "sk-very-secret-0123456789"
    monkeypatch.setenv("TEST_KEY", secret)
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key_env": "TEST_KEY"}
    done = shell.run("run", write_suite(shell.folder, app=None, endpoint=endpoint, limits={"retries": 0}))
    assert done.exit_code == 4
    (run,) = shell.runs()
    for path in run.iterdir():
        assert secret.encode() not in path.read_bytes(), path.name
    assert secret not in done.stdout + done.stderr
    assert "refused" in done.stdout
