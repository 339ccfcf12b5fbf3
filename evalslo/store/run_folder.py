"""A run's folder: everything that is needed to gate the run again, in one place.

manifest.json   what was run, with the fingerprint of all that can change a number
suite.yaml      the suite file as read
golden.jsonl    the golden set as read
samples.jsonl   what the endpoint said, append-only
scores.jsonl    what each answer is worth
scorecard.json  what was decided
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
from msgspec import Struct

from evalslo.errors import MeasurementError
from evalslo.model.run import Manifest
from evalslo.model.sample import Sample
from evalslo.model.score import Score
from evalslo.store import codec
from evalslo.store.log import AppendLog, read_log, torn_bytes
from evalslo.store.telling import what_and_mend


class RunFolder(Struct, frozen=True):
    """The paths of one kept run."""

    path: Path

    @property
    def manifest_file(self) -> Path:
        """What was run."""
        return self.path / "manifest.json"

    @property
    def suite_file(self) -> Path:
        """The suite as it was read."""
        return self.path / "suite.yaml"

    @property
    def golden_file(self) -> Path:
        """The golden set as it was read, as JSONL."""
        return self.path / "golden.jsonl"

    @property
    def samples_file(self) -> Path:
        """What the endpoint said."""
        return self.path / "samples.jsonl"

    @property
    def scores_file(self) -> Path:
        """What each answer is worth."""
        return self.path / "scores.jsonl"

    @property
    def scorecard_file(self) -> Path:
        """What was decided."""
        return self.path / "scorecard.json"


def create_run(folder: RunFolder, manifest: Manifest, *, suite_text: str, golden_lines: Iterable[bytes]) -> None:
    """Makes the folder with its copies, or leaves none. Raises `MeasurementError` where it exists or cannot be written."""
    try:
        folder.path.mkdir(parents=True)
        keep_out_of_git(folder.path.parents[1])
    except FileExistsError as fault:
        raise MeasurementError(f"{folder.path}: there is a run of this name already") from fault
    except OSError as fault:
        raise MeasurementError(f"{folder.path}: cannot keep a run here: {what_and_mend(fault)}") from fault
    try:
        replace_file(folder.suite_file, suite_text.encode())
        _replace(folder.golden_file, golden_lines)
        write_manifest(folder, manifest)  # last: a folder without one is no run
    except MeasurementError:
        shutil.rmtree(folder.path, ignore_errors=True)  # nothing was called yet; what is there would only take room
        raise


def keep_out_of_git(home: Path) -> None:
    """Runs hold answers, which may be private: the home is ignored by git unless somebody wants it otherwise."""
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def write_manifest(folder: RunFolder, manifest: Manifest) -> None:
    """Replaces the manifest in one step: a reader sees the old one or the new one."""
    replace_file(folder.manifest_file, codec.encode_manifest(manifest))


def read_manifest(folder: RunFolder) -> Manifest:
    """What was run. Raises `MeasurementError` where the folder holds no run."""
    try:
        return codec.decode_manifest(folder.manifest_file.read_bytes())
    except OSError as fault:
        raise MeasurementError(
            f"{folder.manifest_file}: no run is kept here: {fault.strerror}; name another run, or put the file back"
        ) from fault
    except MeasurementError as fault:
        raise MeasurementError(f"{folder.manifest_file}: {fault}") from fault


def read_scorecard(folder: RunFolder) -> bytes:
    """The scorecard as it was kept. Raises `MeasurementError` where the run has none yet."""
    try:
        return folder.scorecard_file.read_bytes()
    except OSError as fault:
        raise MeasurementError(
            f"{folder.path}: no scorecard is kept: {fault.strerror}; `evalslo run --resume` finishes a run"
        ) from fault


def read_samples(path: Path) -> Iterator[Sample]:
    """The samples of a `samples.jsonl`, in the order they came. Raises `MeasurementError` with the line of a bad one."""
    return read_log(path, decode=codec.decode_sample)


def write_scores(folder: RunFolder, scores: Iterable[Score]) -> None:
    """Replaces the run's scores in one step, when the last of `scores` has come; none of them is held.

    Raises `MeasurementError` where another process writes to this run.
    """
    with hold_run(folder):
        _replace(folder.scores_file, map(codec.encode_score, scores))


@contextmanager
def hold_run(folder: RunFolder) -> Iterator[None]:
    """No other process writes to the run meanwhile. Raises `MeasurementError` where one does, or nobody can.

    The system itself lets go for a process that dies: a lock file that is left behind holds nothing.
    """
    lock = filelock.FileLock(folder.path / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as fault:
        raise MeasurementError(f"{folder.path}: another process is writing to this run; wait for it to end") from fault
    except NotImplementedError as fault:
        raise MeasurementError(f"{folder.path}: this file system cannot lock a file; set EVALSLO_HOME") from fault
    except OSError as fault:
        raise MeasurementError(f"{folder.path}: cannot keep a run here: {what_and_mend(fault)}") from fault
    try:
        yield
    finally:
        lock.release()


def _say_nothing(_: str) -> None:
    """Nobody listens."""


@contextmanager
def open_samples(
    folder: RunFolder, *, tell: Callable[[str], None] = _say_nothing
) -> Iterator[Callable[[Sample], None]]:
    """A function that keeps one sample; `tell` is told of half a record that is cut off first.

    Raises `MeasurementError` where another process writes to this run, or none can.
    """
    with hold_run(folder), AppendLog(folder.samples_file) as log:
        if log.cut:
            tell(f"{_torn(folder, log.cut)}; cut off, and its query is asked again where it is still needed")
        yield lambda sample: log.append(codec.encode_sample(sample))


def half_record(folder: RunFolder) -> str | None:
    """A sentence where the run's samples end in half a record, which readers leave out; None where all are whole."""
    torn = torn_bytes(folder.samples_file)
    return f"{_torn(folder, torn)}; left out" if torn else None


def _torn(folder: RunFolder, size: int) -> str:
    return f"{folder.samples_file} ended in half a record ({size:,} bytes)"


def replace_file(path: Path, data: bytes) -> None:
    """Puts `data` at `path` in one step. Raises `MeasurementError` where it cannot be written; what was there stays."""
    _replace(path, (data,))


def _replace(path: Path, parts: Iterable[bytes]) -> None:
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("wb") as file:
            file.writelines(parts)
        beside.replace(path)
    except BaseException as fault:
        with suppress(OSError):
            beside.unlink()  # half a file takes room that the next try needs
        if isinstance(fault, OSError):
            raise MeasurementError(f"{path}: cannot be written: {what_and_mend(fault)}") from fault
        raise
