"""A disk that is full, read-only or closed: told with place and mend, exit 4, and `--resume` goes on when it is mended."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.suites import rows, write_suite

ROOT = Path(__file__).parents[2]
APP = """
def answer(query):
    with open("asked", "a") as file:
        file.write(query["id"] + "\\n")
    return "Paris " + "x" * 1500
"""
PLANNED = 60
RUN, RESUME = "evalslo run small.yaml -q", "evalslo run small.yaml -q --resume"
ENDS_WHOLE = "tail -c 1 home/runs/*/samples.jsonl | cmp - newline && echo whole"
# the steps of a test, one a line: those of evalslo in processes that begin at once, the others by the shell
STEPS = """
import os, subprocess, sys
from evalslo.__main__ import main
import evalslo.api, evalslo.cli.run, evalslo.endpoints.python, evalslo.loaders.schema, scipy.special

for step in filter(None, map(str.strip, sys.argv[1].splitlines())):
    print("$", step, flush=True)
    if not step.startswith("evalslo "):
        subprocess.run(["bash", "-c", step], check=True)
        continue
    pid = os.fork()
    if pid == 0:
        sys.argv = step.split()
        main()
    print("exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""

# a file system of its own, in a namespace of its own: nothing is left of either when the process ends
OWN_DISK = ("unshare", "--mount", "--map-root-user")
# root as somebody who may not look everywhere
NO_MORE_THAN_OTHERS = ("setpriv", "--inh-caps=-dac_override,-dac_read_search")
NO_MORE_THAN_OTHERS += ("--bounding-set=-dac_override,-dac_read_search",) if os.getuid() == 0 else ()


def may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*OWN_DISK, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


needs_disk = pytest.mark.skipif(not may_mount(), reason="this machine lets nobody mount a small disk")


@dataclass(frozen=True)
class Done:
    """What the steps of a test came to: the exit codes of evalslo, and all that was said."""

    exits: list[int]
    out: str
    err: str


def follow(folder: Path, steps: str, *, within: tuple[str, ...] = ()) -> Done:
    """Takes steps beside a suite of 60 calls whose run log is 100 kB; `home` is where runs are kept."""
    write_suite(folder, app=APP, golden=rows(PLANNED), limits={"concurrency": 2})
    (folder / "home").mkdir()
    (folder / "newline").write_text("\n")
    environ = os.environ | {"EVALSLO_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    command = [*within, sys.executable, "-c", STEPS, steps]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr, done.stderr
    exits = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("exit ")]
    return Done(exits=exits, out=done.stdout, err=done.stderr)


def asked(folder: Path) -> int:
    path = folder / "asked"
    return len(path.read_text().split()) if path.exists() else 0


def check_collected(runs: Path) -> None:
    """The one run has every sample once, scores and a verdict, and nothing half-written beside them."""
    (run,) = runs.iterdir()
    lines = (run / "samples.jsonl").read_bytes().splitlines()
    assert Counter(json.loads(line)["query_id"] for line in lines) == Counter(f"q{n:04}" for n in range(PLANNED))
    assert len((run / "scores.jsonl").read_bytes().splitlines()) == PLANNED
    assert json.loads((run / "scorecard.json").read_bytes())["verdict"] == "pass"
    assert not list(run.glob("*.new"))


@needs_disk
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(tmp_path):
    steps = f"""
    mount -t tmpfs -o size=80k none home
    {RUN}
    {ENDS_WHOLE}
    mount -o remount,size=4m home
    {RESUME}
    cp -r home/runs kept
    """
    done = follow(tmp_path, steps, within=OWN_DISK)
    assert done.exits == [4, 0], done
    assert "whole" in done.out.split()
    assert "samples.jsonl: cannot keep a record: " in done.err
    assert "make room, then `evalslo run --resume` goes on" in done.err
    check_collected(tmp_path / "kept")
    assert asked(tmp_path) <= PLANNED + 2  # those in flight when it was full


@needs_disk
def test_a_disk_that_is_full_when_the_run_ends_costs_no_sample(tmp_path):
    """There is room for all that a run keeps while it collects, and for one page more."""
    steps = f"""
    mount -t tmpfs -o size=4m none home
    {RUN}
    du -s -B1 --exclude=scores.jsonl --exclude=scorecard.json home | cut -f1 > used
    rm -r home/runs asked
    mount -o remount,size=$(($(cat used) + 4096)) home
    {RUN}
    cp asked before
    mount -o remount,size=4m home
    {RESUME}
    cmp asked before
    cp -r home/runs kept
    """
    done = follow(tmp_path, steps, within=OWN_DISK)
    assert done.exits == [0, 4, 0], done
    assert "cannot be written: No space left on device; make room" in done.err
    check_collected(tmp_path / "kept")
    assert asked(tmp_path) == PLANNED


@needs_disk
def test_a_disk_without_room_for_a_new_run_is_told_before_anything_is_asked(tmp_path):
    done = follow(tmp_path, f"mount -t tmpfs -o size=8k none home\n{RUN}\nls home/runs", within=OWN_DISK)
    assert done.exits == [4]
    assert "cannot be written: No space left on device; make room" in done.err
    assert done.out.endswith("$ ls home/runs\n"), "what could be written of it is taken away again"
    assert asked(tmp_path) == 0


@needs_disk
def test_a_home_on_a_read_only_disk_is_told_before_anything_is_asked(tmp_path):
    done = follow(tmp_path, f"mount -t tmpfs -o size=4m,ro none home\n{RUN}", within=OWN_DISK)
    assert done.exits == [4]
    assert "Read-only file system; make it writable, or set EVALSLO_HOME" in done.err
    assert str(tmp_path / "home") in done.err
    assert asked(tmp_path) == 0


@needs_disk
def test_a_kept_run_on_a_read_only_disk_can_be_read_and_not_gone_on_with(tmp_path):
    steps = f"""
    mount -t tmpfs -o size=4m none home
    {RUN}
    mount -o remount,ro home
    evalslo gate latest
    {RESUME}
    """
    done = follow(tmp_path, steps, within=OWN_DISK)
    assert done.exits == [0, 0, 4], done
    assert "Read-only file system; make it writable, or set EVALSLO_HOME" in done.err
    assert asked(tmp_path) == PLANNED


def test_a_log_that_may_grow_no_further_is_told_and_goes_on_when_it_may(tmp_path):
    steps = f"""
    prlimit --pid $PPID --fsize=40000:unlimited
    {RUN}
    {ENDS_WHOLE}
    prlimit --pid $PPID --fsize=unlimited
    {RESUME}
    """
    if shutil.which("prlimit") is None:
        pytest.skip("there is no prlimit here")
    done = follow(tmp_path, steps)
    assert done.exits == [4, 0], done
    assert "whole" in done.out.split()
    assert "samples.jsonl: cannot keep a record: " in done.err
    assert "make room, then `evalslo run --resume` goes on" in done.err
    check_collected(tmp_path / "home" / "runs")
    assert asked(tmp_path) <= PLANNED + 2


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv here")
def test_a_home_that_one_may_not_look_into_is_told_and_changes_nothing(tmp_path):
    """The folders of a kept run closed, one after the other."""
    steps = f"""
    {RUN}
    chmod 555 home/runs
    {RUN}
    chmod 000 home/runs
    {RESUME}
    evalslo gate latest
    chmod 755 home/runs; chmod 000 home/runs/*/samples.jsonl
    {RESUME}
    evalslo gate latest
    chmod 644 home/runs/*/samples.jsonl
    {RESUME}
    """
    done = follow(tmp_path, steps, within=NO_MORE_THAN_OTHERS)
    assert done.exits == [0, 4, 4, 4, 4, 4, 0], done
    assert done.err.count("Permission denied; make it") == 5, done
    check_collected(tmp_path / "home" / "runs")
    assert asked(tmp_path) == PLANNED


def test_a_home_that_is_a_file_is_told_before_anything_is_asked(tmp_path):
    done = follow(tmp_path, f"rmdir home; echo mine > home\n{RUN}\ncat home")
    assert done.exits == [4]
    assert "Not a directory; make it writable, or set EVALSLO_HOME" in done.err
    assert done.out.endswith("mine\n")
    assert asked(tmp_path) == 0


def test_a_log_that_was_cut_in_mid_record_goes_on(tmp_path):
    steps = f"{RUN}\ntruncate -s -100 home/runs/*/samples.jsonl\nevalslo gate latest -q\n{RESUME}\n{RESUME}"
    done = follow(tmp_path, steps)
    assert done.exits == [0, 0, 0, 0]
    told = [line.rpartition("samples.jsonl ended in ")[2] for line in done.err.splitlines() if "half a record" in line]
    assert [line.partition("; ")[2] for line in told] == [
        "left out",
        "cut off, and its query is asked again where it is still needed",
    ], done.err
    check_collected(tmp_path / "home" / "runs")
    assert asked(tmp_path) == PLANNED + 1


def test_a_bad_line_in_the_middle_is_told_and_the_run_goes_on_without_it(tmp_path):
    steps = f"""
    {RUN}
    sed -i '7s/.*/what is this/' home/runs/*/samples.jsonl
    {RESUME}
    evalslo gate latest
    sed -i 7d home/runs/*/samples.jsonl
    {RESUME}
    """
    done = follow(tmp_path, steps)
    assert done.exits == [0, 4, 4, 0], done
    assert done.err.count("samples.jsonl:7: not a sample: ") == 2
    assert done.err.count("take the line out, and `evalslo run --resume` calls again what is missing then") == 2
    check_collected(tmp_path / "home" / "runs")
    assert asked(tmp_path) == PLANNED + 1


def test_a_manifest_that_was_cut_is_told_with_its_place(tmp_path):
    done = follow(
        tmp_path,
        f"{RUN}\nmv home/runs/* home/runs/only\ntruncate -s 100 home/runs/only/manifest.json\nevalslo gate only",
    )
    assert done.exits == [0, 4]
    assert f"{tmp_path}/home/runs/only/manifest.json: not a manifest: " in done.err
