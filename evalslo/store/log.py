"""Append-only logs: a record is whole or absent.

A record is one line, written by one call and flushed at once. A process that dies in the middle leaves a last line without
its newline; reading leaves that line out, and appending cuts it off first.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from evalslo.errors import MeasurementError

Record = TypeVar("Record")


def read_log(path: Path, *, decode: Callable[[bytes], Record]) -> Iterator[Record]:
    """The whole records of a log, in order; none where there is no file. Raises `MeasurementError` with the line."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            if line.isspace():
                continue
            try:
                yield decode(line)
            except MeasurementError as fault:
                raise MeasurementError(f"{path}:{number}: {fault}") from fault


class AppendLog:
    """A log open for appending. `append` returns when the record has been handed to the operating system."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            _cut_torn_record(self._path)
            self._file = self._path.open("ab", buffering=0)
        except OSError as fault:
            mend = "make it writable, or set EVALSLO_HOME"
            raise MeasurementError(f"{self._path}: cannot be written: {fault.strerror}; {mend}") from fault
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def append(self, line: bytes) -> None:
        """Keeps one record. Raises `MeasurementError` where the disk takes none, and takes none after that."""
        if self._file is None:
            raise MeasurementError(f"{self._path}: the log is not open")
        try:
            written = self._file.write(line)
        except OSError as fault:
            self._close()
            raise MeasurementError(f"{self._path}: cannot keep a record: {fault.strerror}") from fault
        if written != len(line):
            self._close()  # a record behind half a one would make a bad line of both
            raise MeasurementError(f"{self._path}: cannot keep a record: the disk is full")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _cut_torn_record(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        keep = _end_of_last_line(file, end)
        if keep != end:
            file.truncate(keep)


def _end_of_last_line(file: BinaryIO, end: int) -> int:
    """The offset just behind the last newline, found from the end; 0 where there is none."""
    block = 1 << 16
    while end > 0:
        start = max(0, end - block)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
