"""Where runs are kept, and how one is found again."""

from pathlib import Path

import pytest

from evalslo.errors import UsageError
from evalslo.store.home import find_home, find_run, kept_runs, lost_runs, passed_over
from evalslo.store.run_folder import replace_file
from tests.store.conftest import keep_run


@pytest.mark.parametrize(
    ("marks", "home"),
    [
        pytest.param([".evalslo", "a/b/.evalslo"], "a/b/.evalslo", id="its own"),
        pytest.param([".evalslo", "a/.evalslo"], "a/.evalslo", id="the nearest parent's"),
        pytest.param(["a/b/.git", ".evalslo"], ".evalslo", id="a parent's before a nearer repository"),
        pytest.param([".git", "a/.git"], "a/.evalslo", id="the nearest repository's"),
    ],
)
def test_home_is_the_nearest_that_is_there_else_the_repositorys(tmp_path, marks, home):
    start = tmp_path / "a" / "b" / "c"
    start.mkdir(parents=True)
    for mark in marks:
        (tmp_path / mark).mkdir(parents=True)
    assert find_home(start, configured=None) == tmp_path / home


def test_a_worktree_whose_git_is_a_file_counts_as_a_repository(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    assert find_home(tmp_path / "a", configured=None) == tmp_path / ".evalslo"


def test_home_is_beside_the_start_where_no_parent_says_otherwise(tmp_path):
    parents = [tmp_path, *tmp_path.parents]
    if any((folder / sign).exists() for folder in parents for sign in (".git", ".evalslo")):
        pytest.skip("a parent of the temporary folder has a repository or runs of its own")
    assert find_home(tmp_path / "a", configured=None) == tmp_path / "a" / ".evalslo"


def test_the_configured_home_wins(tmp_path, monkeypatch):
    (tmp_path / ".evalslo").mkdir()
    assert find_home(tmp_path, configured=str(tmp_path / "else")) == tmp_path / "else"
    assert find_home(tmp_path, configured="") == tmp_path / ".evalslo"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home(tmp_path, configured="~/runs") == tmp_path / "runs"
    monkeypatch.chdir(tmp_path)
    assert find_home(tmp_path, configured="here") == tmp_path / "here"


@pytest.fixture
def three(home):
    """Runs in another order than their names: c is the oldest."""
    keep_run(home, run_id="c", suite="rag", started_at="2025-01-01T00:00:00.000+00:00")
    keep_run(home, run_id="a", suite="rag", started_at="2025-01-02T00:00:00.000+00:00")
    keep_run(home, run_id="b", suite="chat", started_at="2025-01-03T00:00:00.000+00:00")
    return home


@pytest.mark.parametrize(
    ("name", "run"),
    [("a", "a"), ("c", "c"), ("latest", "b"), ("latest:rag", "a"), ("latest:chat", "b"), ("latest:", "b")],
)
def test_a_run_is_found_by_its_id_or_as_the_latest(three, name, run):
    assert find_run(name, home=three).path == three / "runs" / run


def test_a_run_is_found_by_its_path_wherever_home_is(three, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    run = three / "runs" / "a"
    assert find_run(str(run), home=elsewhere).path == run
    monkeypatch.chdir(run)
    assert find_run(".", home=elsewhere).path.resolve() == run
    monkeypatch.chdir(three)
    assert find_run("runs/a", home=elsewhere).path == Path("runs/a")


def test_runs_of_the_same_instant_are_told_apart_by_their_ids(home):
    for run_id in ("x1", "x3", "x2"):
        keep_run(home, run_id=run_id)
    assert find_run("latest", home=home).path.name == "x3"


@pytest.mark.parametrize("name", ["d", "", "latest:other", "../a", "manifest.json"])
def test_an_unknown_run_is_told_with_those_that_are_there(three, name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        find_run(name, home=three)
    assert repr(name) in str(caught.value)
    assert "a, b, c" in str(caught.value)


@pytest.mark.parametrize("name", ["d", "latest", "latest:rag"])
def test_an_empty_home_says_that_nothing_is_kept_yet(home, name):
    with pytest.raises(UsageError, match="no run is kept there yet"):
        find_run(name, home=home)


def test_a_folder_that_holds_no_run_is_passed_over(three):
    (three / "runs" / "empty").mkdir()
    (three / "runs" / "file").write_text("")
    replace_file(keep_run(three, run_id="later").manifest_file, b'{"schema": "evalslo.run/9"}')
    assert sorted(kept.run_id for _, kept in kept_runs(three)) == ["a", "b", "c"]
    assert find_run("latest", home=three).path.name == "b"


def test_a_name_that_no_folder_can_have_is_told_as_unknown(three):
    with pytest.raises(UsageError, match="no run 'xxx"):
        find_run("x" * 5000, home=three)


@pytest.fixture
def lost(home):
    """Runs whose manifests were cut, and what is told of them."""
    for run_id in ("20250101T000000-rag-aaaa", "20250102T000000-rag-bbbb", "20250103T000000-rag-base-cccc"):
        replace_file(keep_run(home, run_id=run_id).manifest_file, b'{"schema": ')
    return home


@pytest.mark.parametrize(
    ("named", "since", "tokens"),
    [
        ("rag", "", {"aaaa", "bbbb"}),
        ("rag", "20250102T000000", {"bbbb"}),
        ("rag", "20250102T000001", set()),
        ("rag-base", "", {"cccc"}),
        ("base", "", set()),
        ("r*g", "", set()),
    ],
)
def test_lost_runs_are_found_by_the_name_and_the_stamp_of_their_ids(lost, named, since, tokens):
    found = {folder.path.name[-4:]: str(fault) for folder, fault in lost_runs(lost, named=named, since=since)}
    assert set(found) == tokens
    assert all("manifest.json: not a manifest" in fault for fault in found.values())


def test_a_run_without_its_manifest_is_lost_and_one_that_asked_nothing_is_not(home):
    keep_run(home, run_id="20250101T000000-rag-aaaa")
    begun = keep_run(home, run_id="20250102T000000-rag-bbbb")
    begun.manifest_file.unlink()
    assert list(lost_runs(home, named="rag", since="")) == []
    begun.samples_file.write_bytes(b"")
    ((folder, fault),) = lost_runs(home, named="rag", since="")
    assert folder == begun
    assert "put the file back" in str(fault)


def test_where_nothing_is_kept_nothing_is_lost(home):
    assert list(lost_runs(home, named="rag", since="")) == []


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("latest", {"bbbb", "cccc"}),
        ("latest:rag", {"bbbb", "cccc"}),
        ("latest:chat", set()),
        ("20250101T120000-rag-dddd", set()),
    ],
)
def test_newer_runs_that_cannot_be_read_are_passed_over_by_latest_alone(lost, name, tokens):
    found = keep_run(lost, run_id="20250101T120000-rag-dddd")
    assert {folder.path.name[-4:] for folder, _ in passed_over(name, found, home=lost)} == tokens
