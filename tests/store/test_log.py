"""Append-only logs: a record is whole or absent, whatever ended the process that wrote it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalslo.errors import MeasurementError
from evalslo.store.codec import decode_sample, encode_sample
from evalslo.store.log import AppendLog, locate_records, read_log, torn_bytes
from evalslo.store.run_folder import half_record, open_samples, read_samples
from tests.store.conftest import sample

ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from pathlib import Path
from evalslo.model.sample import Response, Sample
from evalslo.store.run_folder import RunFolder, open_samples

folder, first = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
with open_samples(folder) as keep:
    print("writing", flush=True)
    for number in range(first, first + 1_000_000):
        answer = f"{number} " * 40
        keep(Sample(query_id=str(number), repeat=0, response=Response(answer=answer), attempts=1, started_at=""))
        if number == first + int(sys.argv[3]):
            print("held", flush=True)
            sys.stdin.read()
"""

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from evalslo.errors import MeasurementError
from evalslo.store.log import AppendLog

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25))
told = []
with AppendLog(Path(sys.argv[1])) as log:
    for number in range(4):
        try:
            log.append(b"0123456789\\n")
        except MeasurementError as fault:
            told.append(str(fault))
        if told:
            resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25))
print(len(told), told[0])
"""


def started(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process):
    """Takes down a process that this test started, and its pipes."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def lines(path):
    return list(read_log(path, decode=bytes.strip))


def test_records_come_back_in_the_order_they_were_kept(tmp_path):
    path = tmp_path / "log"
    for start in (0, 3):
        with AppendLog(path) as log:
            for number in range(start, start + 3):
                log.append(b"%d\n" % number)
    assert lines(path) == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_a_log_that_is_not_there_has_no_records(tmp_path):
    assert lines(tmp_path / "absent") == []
    assert torn_bytes(tmp_path / "absent") == 0


@pytest.mark.parametrize("torn", [b"c", b'{"query_id": "q', b"c" * 200_000])
@pytest.mark.parametrize("whole", [b"", b"a\nb\n"])
def test_a_torn_last_record_is_left_out_when_reading_and_cut_when_appending(tmp_path, whole, torn):
    path = tmp_path / "log"
    path.write_bytes(whole + torn)
    assert lines(path) == whole.split()
    assert path.read_bytes() == whole + torn
    assert torn_bytes(path) == len(torn)
    with AppendLog(path) as log:
        assert log.cut == len(torn)
        assert path.read_bytes() == whole
        log.append(b"d\n")
    assert path.read_bytes() == whole + b"d\n"
    assert torn_bytes(path) == 0
    with AppendLog(path) as log:
        assert log.cut == 0


def test_half_a_record_is_told_by_readers_and_once_by_the_writer_that_cuts_it_off(folder):
    told = []
    with open_samples(folder, tell=told.append) as keep:
        keep(sample("a"))
        keep(sample("b"))
    assert (told, half_record(folder)) == ([], None)
    size = folder.samples_file.stat().st_size
    os.truncate(folder.samples_file, size - 40)
    (first, second) = folder.samples_file.read_bytes().split(b"\n")
    assert half_record(folder) == f"{folder.samples_file} ended in half a record ({len(second)} bytes); left out"
    for _ in range(2):
        with open_samples(folder, tell=told.append):
            pass
    (line,) = told
    assert line.startswith(
        f"{folder.samples_file} ended in half a record ({len(second)} bytes); cut off, and its query is"
    )
    assert folder.samples_file.read_bytes() == first + b"\n"


@given(st.binary(max_size=300), st.sampled_from([b"", b"\n"]))
@settings(max_examples=30, deadline=None)
def test_appending_keeps_every_whole_record_whatever_stood_there(tmp_path_factory, data, end):
    path = tmp_path_factory.mktemp("log") / "log"
    path.write_bytes(data + end)
    before = [] if b"\n" not in data + end else (data + end).rsplit(b"\n", 1)[0].split(b"\n")
    with AppendLog(path) as log:
        log.append(b"last\n")
    assert path.read_bytes().split(b"\n") == [*before, b"last", b""]


def test_empty_lines_are_no_records(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"a\n\n  \nb\n")
    assert lines(path) == [b"a", b"b"]


def test_records_are_located_by_the_bytes_before_them(tmp_path):
    path = tmp_path / "log"
    path.write_bytes("ä\n\n  \nbc\nd\ntorn".encode())
    assert list(locate_records(path, decode=bytes.strip)) == [(0, "ä".encode()), (7, b"bc"), (10, b"d")]


def test_a_folder_in_place_of_a_log_is_told(tmp_path):
    with pytest.raises(MeasurementError, match=r"cannot be read: Is a directory; make it a file"):
        lines(tmp_path)
    with pytest.raises(MeasurementError, match=r"cannot be read: Is a directory; make it a file"):
        torn_bytes(tmp_path)


def test_a_bad_line_in_the_middle_is_told_with_file_and_line(tmp_path):
    path = tmp_path / "samples.jsonl"
    path.write_bytes(encode_sample(sample("q0")) + b'{"query_id": 1}\n' + encode_sample(sample("q2")))
    found = read_log(path, decode=decode_sample)
    assert next(found).query_id == "q0"
    with pytest.raises(MeasurementError) as caught:
        next(found)
    assert str(caught.value).startswith(f"{path}:2: not a sample: ")


def test_a_log_that_is_not_open_takes_no_record(tmp_path):
    log = AppendLog(tmp_path / "log")
    with pytest.raises(MeasurementError, match="not open"):
        log.append(b"a\n")
    with log:
        log.append(b"a\n")
    with pytest.raises(MeasurementError, match="not open"):
        log.append(b"b\n")


def test_a_log_whose_place_is_taken_is_told_with_a_mend(tmp_path):
    (tmp_path / "log").mkdir()
    with (
        pytest.raises(MeasurementError, match=r"log: cannot be written: .*; make it writable"),
        AppendLog(tmp_path / "log"),
    ):
        pytest.fail("it cannot be opened")


def test_after_half_a_record_on_a_full_disk_no_other_is_taken(tmp_path):
    path = tmp_path / "log"
    process = started(FULL_DISK, path)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(f"2 {path}: cannot keep a record: the disk took a part of it; make room, then")
    assert path.read_bytes() == b"0123456789\n0123456789\n"  # the half was taken back
    assert lines(path) == [b"0123456789"] * 2


def test_two_processes_cannot_write_to_one_run(folder):
    process = started(WRITER, folder.path, 0, 4)
    try:
        assert process.stdout.readline() == "writing\n"
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(MeasurementError, match="another process is writing to this run; wait"),
            open_samples(folder),
        ):
            pytest.fail("the other process holds the run")
        assert len(list(read_samples(folder.samples_file))) == 5  # reading is always possible
    finally:
        ended(process)
    with open_samples(folder) as keep:  # a lock dies with its process
        keep(sample("after"))
    assert [kept.query_id for kept in read_samples(folder.samples_file)] == ["0", "1", "2", "3", "4", "after"]


def test_a_run_is_free_again_after_an_error_inside(folder):
    def stopped():
        with open_samples(folder) as keep:
            keep(sample("a"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    with open_samples(folder) as keep:
        keep(sample("b"))
    assert [kept.query_id for kept in read_samples(folder.samples_file)] == ["a", "b"]


def test_a_killed_process_loses_at_most_the_record_it_was_writing(folder):
    for delay_s in (0.0, 0.003, 0.017):
        kept = list(read_samples(folder.samples_file))
        process = started(WRITER, folder.path, len(kept), -1)
        try:
            assert process.stdout.readline() == "writing\n"
            time.sleep(delay_s)
        finally:
            ended(process)
        after = list(read_samples(folder.samples_file))
        assert after[: len(kept)] == kept
        assert [one.query_id for one in after] == [str(number) for number in range(len(after))]
        assert all(one.response.answer == f"{one.query_id} " * 40 for one in after)
        assert folder.samples_file.read_bytes().count(b"\n") == len(after)
    assert len(after) > 0
