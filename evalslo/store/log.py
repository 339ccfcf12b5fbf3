"""Append-only logs: a record is whole or absent.

A record is one line, handed to the operating system by one call. A process that dies in the middle leaves a last line without
its newline; reading leaves that line out, and appending cuts it off first: `torn_bytes` and `AppendLog.cut` say that there was
one. A disk that takes half a record has it cut off at once.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from evalslo.errors import MeasurementError
from evalslo.store.telling import MAKE_ROOM, what_and_mend

Record = TypeVar("Record")


def read_log(path: Path, *, decode: Callable[[bytes], Record]) -> Iterator[Record]:
    """The whole records of a log, in order; none where there is no file. Raises `MeasurementError` with the line."""
    return (record for _, record in locate_records(path, decode=decode))


def locate_records(path: Path, *, decode: Callable[[bytes], Record]) -> Iterator[tuple[int, Record]]:
    """The whole records of a log as `read_log` has them, each with the offset in bytes that its line begins at."""
    offset = 0
    for number, line in enumerate(_whole_lines(path), start=1):
        if not line.isspace():
            try:
                yield offset, decode(line)
            except MeasurementError as fault:
                mend = "take the line out, and `evalslo run --resume` calls again what is missing then"
                raise MeasurementError(f"{path}:{number}: {fault}; {mend}") from fault
        offset += len(line)


def _whole_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield line
    except FileNotFoundError:
        return
    except OSError as fault:
        raise _unreadable(path, fault) from fault


def torn_bytes(path: Path) -> int:
    """How many bytes of half a record a log ends in; 0 where its last record is whole, and where there is no file."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            return end - _end_of_last_line(file, end)
    except FileNotFoundError:
        return 0
    except OSError as fault:
        raise _unreadable(path, fault) from fault


def _unreadable(path: Path, fault: OSError) -> MeasurementError:
    return MeasurementError(f"{path}: cannot be read: {fault.strerror}; make it a file that can be")


class AppendLog:
    """A log open for appending. `append` returns when the record has been handed to the operating system.

    `cut` is how many bytes of half a record the opening cut off.
    """

    def __init__(self, path: Path) -> None:
        self.cut = 0
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self.cut = _cut_torn_record(self._path)
            self._file = self._path.open("ab", buffering=0)
        except OSError as fault:
            raise MeasurementError(f"{self._path}: cannot be written: {what_and_mend(fault)}") from fault
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
            raise MeasurementError(f"{self._path}: cannot keep a record: {what_and_mend(fault)}") from fault
        if written != len(line):
            self._take_back(written)
            self._close()  # where it could not be taken back, another record would make a bad line of both
            raise MeasurementError(f"{self._path}: cannot keep a record: the disk took a part of it; {MAKE_ROOM}")

    def _take_back(self, written: int | None) -> None:
        """Cuts off the `written` bytes of a record that did not fit; where even that fails, the next opening does it."""
        if self._file is not None:
            with suppress(OSError):
                self._file.truncate(self._file.seek(0, os.SEEK_END) - (written or 0))

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()


def _cut_torn_record(path: Path) -> int:
    """How many bytes of half a record were cut off."""
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        keep = _end_of_last_line(file, end)
        if keep != end:
            file.truncate(keep)
    return end - keep


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
