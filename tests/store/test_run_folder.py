"""A run's folder: whole, written in one step, and refused with a word where it cannot be."""

import threading

import pytest

from evalslo.errors import MeasurementError
from evalslo.model.score import Score
from evalslo.store.run_folder import (
    RunFolder,
    create_run,
    hold_run,
    open_samples,
    read_manifest,
    read_samples,
    read_scorecard,
    replace_file,
    write_manifest,
    write_scores,
)
from tests.store.conftest import MANIFEST, keep_run, manifest, sample


def test_a_new_run_has_copies_of_its_suite_and_golden_set(folder):
    assert {path.name for path in folder.path.iterdir()} == {"manifest.json", "suite.yaml", "golden.jsonl"}
    assert folder.suite_file.read_text(encoding="utf-8") == "suite: rag\n"
    assert folder.golden_file.read_bytes() == b'{"id": "q0", "query": "?"}\n'
    assert read_manifest(folder) == MANIFEST
    assert list(read_samples(folder.samples_file)) == []


def test_a_run_of_this_name_is_not_overwritten(home, folder):
    with pytest.raises(MeasurementError, match="there is a run of this name already"):
        keep_run(home, suite="other")
    assert read_manifest(folder) == MANIFEST


@pytest.mark.parametrize("blocked", ["home", "runs"])
def test_a_home_that_cannot_be_written_is_told_with_a_mend(home, blocked):
    place = home if blocked == "home" else home / "runs"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file where the folder should be")
    with pytest.raises(MeasurementError) as caught:
        keep_run(home)
    assert str(home / "runs" / MANIFEST.run_id) in str(caught.value)
    assert "set EVALSLO_HOME" in str(caught.value)


def nothing(folder):
    with open_samples(folder):
        pytest.fail("nothing can be kept there")


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(nothing, id="samples"),
        pytest.param(lambda folder: write_scores(folder, []), id="scores"),
        pytest.param(lambda folder: write_manifest(folder, MANIFEST), id="manifest"),
    ],
)
def test_a_file_where_the_run_should_be_takes_nothing_and_says_what_to_do(tmp_path, write):
    place = tmp_path / "run"
    place.write_text("mine")
    with pytest.raises(MeasurementError, match="set EVALSLO_HOME") as caught:
        write(RunFolder(place))
    assert str(place) in str(caught.value)
    assert place.read_text() == "mine"


def test_a_folder_in_place_of_the_lock_or_the_samples_is_told(folder):
    folder.samples_file.mkdir()
    with pytest.raises(MeasurementError, match=r"samples\.jsonl: cannot be written"):
        nothing(folder)
    folder.samples_file.rmdir()
    with open_samples(folder) as keep:  # the failure before left the run free
        keep(sample())


def test_a_reader_sees_the_old_manifest_or_the_new_one_and_never_half(folder):
    wanted = {"collecting", "finished"}
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            seen.add(read_manifest(folder).state)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        state = "finished" if number % 2 else "collecting"
        write_manifest(folder, manifest(state=state, settings=(state * 500,)))
    stop.set()
    reader.join()
    assert seen <= wanted
    assert seen
    assert read_manifest(folder).state == "finished"
    assert not list(folder.path.glob("*.new"))


def test_a_write_that_fails_leaves_what_was_there(folder):
    (folder.path / "manifest.json.new").mkdir()
    with pytest.raises(MeasurementError, match=r"manifest\.json: cannot be written"):
        write_manifest(folder, manifest(state="finished"))
    assert read_manifest(folder) == MANIFEST


def test_scores_are_replaced_and_not_added_to(folder):
    score = Score(query_id="q0", repeat=0, sli="errors", scorer="service/1", value=0.0)
    write_scores(folder, [score, score])
    write_scores(folder, [score])
    assert folder.scores_file.read_bytes().count(b"\n") == 1


def test_scores_that_fail_in_the_middle_leave_those_that_were_there(folder):
    score = Score(query_id="q0", repeat=0, sli="errors", scorer="service/1", value=0.0)
    write_scores(folder, [score])

    def stopped():
        yield score
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scores(folder, stopped())
    assert folder.scores_file.read_bytes().count(b"\n") == 1
    assert not list(folder.path.glob("*.new"))


def test_a_run_that_is_held_takes_neither_samples_nor_scores(folder):
    with hold_run(folder):
        with pytest.raises(MeasurementError, match="another process is writing to this run"):
            nothing(folder)
        with pytest.raises(MeasurementError, match="another process is writing to this run"):
            write_scores(folder, [])
    assert not folder.scores_file.exists()
    write_scores(folder, [])
    assert folder.scores_file.exists()


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(MeasurementError, match="no run is kept here"):
        read_manifest(RunFolder(tmp_path))
    with pytest.raises(MeasurementError, match=r"no scorecard is kept: .*--resume"):
        read_scorecard(RunFolder(tmp_path))


def test_a_manifest_of_another_schema_is_refused(folder):
    replace_file(folder.manifest_file, b'{"schema": "evalslo.run/9"}')
    with pytest.raises(MeasurementError, match=r"'evalslo.run/9' is not 'evalslo.run/1'"):
        read_manifest(folder)


def test_a_scorecard_is_read_as_it_was_kept(folder):
    replace_file(folder.scorecard_file, b'{"verdict": "pass"}\n')
    assert read_scorecard(folder) == b'{"verdict": "pass"}\n'


def test_a_run_without_a_folder_is_not_created_by_a_golden_set_that_fails(home):
    def broken():
        yield b"{}\n"
        raise OSError(28, "No space left on device")

    run = RunFolder(home / "runs" / "x")
    with pytest.raises(MeasurementError, match="No space left on device; make room"):
        create_run(run, MANIFEST, suite_text="", golden_lines=broken())
    assert not run.path.exists()
