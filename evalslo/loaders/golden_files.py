"""The rows of golden files and data sets, each with its line, one at a time and each of bounded size."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct, field

from evalslo.errors import Fault, FileFaults
from evalslo.loaders.telling import TOLD_FAULTS, first_faults, found, quoted

MAX_ROW_BYTES = 1_000_000
_TOO_LONG = f"a row longer than {MAX_ROW_BYTES:,} bytes; split it, or keep its text elsewhere"
_BATCH_ROWS = 1000

Row = tuple[int | None, dict[str, Any] | None]
"""A row's line (None where its file has no lines) and its content (None after a fault was told)."""


class Faults(Struct, kw_only=True):
    """The faults of one file: as many as will be told, and the count of all."""

    file: str
    told: list[Fault] = field(default_factory=list)
    total: int = 0

    @property
    def full(self) -> bool:
        """Whether further faults are counted only."""
        return len(self.told) > TOLD_FAULTS

    def tell(self, line: int | None, where: str, message: str) -> None:
        """Keeps a fault, or only its count."""
        self.total += 1
        if not self.full:
            self.told.append(Fault(self.file, line, where, message))

    def join(self, others: "Faults") -> None:
        """Takes over the faults of `others`."""
        self.told.extend(others.told)
        self.total += others.total

    def raise_if_any(self) -> None:
        """Raises FileFaults where anything was told."""
        if self.told:
            raise FileFaults(first_faults(self.told, total=self.total))


def jsonl_rows(path: Path, *, faults: Faults) -> Iterator[Row]:
    """The rows of a JSON Lines file. Raises OSError."""
    decode = msgspec.json.Decoder().decode
    for line, data in _lines(path, faults=faults):
        if data is None:
            yield line, None
        elif not data.isspace():
            yield line, _decoded(decode, data, line=line, faults=faults)


def csv_rows(path: Path, *, faults: Faults) -> Iterator[Row]:
    """The rows of a CSV file (RFC 4180, with a header), an empty cell as None; a row's line is its first. Raises OSError."""
    source = _CsvLines(path=path, faults=faults)
    with _long_cells():
        reader = csv.reader(iter(source), strict=True)
        try:
            header = _header(next(filter(None, reader), []), faults=faults)
            before = reader.line_num
            for cells in reader:
                line, before = before + 1, reader.line_num
                source.row_bytes = 0
                if header and cells:
                    yield line, _row(header, cells, line=line, faults=faults)
        except csv.Error as error:
            message = f"no CSV: {error}; check the quotes of this row (a quote inside a cell is doubled)"
            faults.tell(reader.line_num, "", message)


def parquet_rows(path: Path, *, faults: Faults) -> Iterator[Row]:
    """The rows of a Parquet file. Raises OSError."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield from table_rows(file.iter_batches(batch_size=_BATCH_ROWS), faults=faults)
    except (pyarrow.ArrowException, ValueError) as error:
        faults.tell(None, "", f"no Parquet that can be read: {quoted(str(error))}")


def hub_rows(hub: Mapping[str, str], *, cache_dir: Path | None, faults: Faults) -> Iterator[Row]:
    """The rows of a data set that `datasets` can load."""
    import datasets

    try:
        data = datasets.load_dataset(
            hub["name"],
            hub.get("config"),
            split=hub["split"],
            revision=hub["revision"],
            cache_dir=None if cache_dir is None else str(cache_dir),
        )
    except Exception as error:  # the layers under `datasets` raise what they like
        wanted = "wanted a data set with this config, split and revision, and a network or a cached copy of it"
        faults.tell(None, "", f"cannot be read ({type(error).__name__}: {quoted(str(error))}); {wanted}")
        return
    yield from table_rows(data.with_format("arrow").iter(_BATCH_ROWS), faults=faults)


def table_rows(batches: Iterable[Any], *, faults: Faults) -> Iterator[Row]:
    """The rows of Arrow tables, brought to what JSON can say: a date becomes text, a NaN null."""
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            data = msgspec.json.encode(row, enc_hook=str)
            if len(data) > MAX_ROW_BYTES:
                faults.tell(None, f"row {number}", _TOO_LONG)
            yield None, None if len(data) > MAX_ROW_BYTES else msgspec.json.decode(data)


def _lines(path: Path, *, faults: Faults) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers; one that is too long is told, skipped in pieces and given as None."""
    line = 0
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        while data := stream.readline(MAX_ROW_BYTES + 1):
            line += 1
            if len(data) > MAX_ROW_BYTES:
                faults.tell(line, "", _TOO_LONG)
                _skip_line(stream, data)
                yield line, None
            else:
                yield line, data


def _skip_line(stream: BinaryIO, data: bytes) -> None:
    while data and not data.endswith(b"\n"):
        data = stream.readline(MAX_ROW_BYTES)


def _decoded(decode: Any, data: bytes, *, line: int, faults: Faults) -> dict[str, Any] | None:  # noqa: ANN401 - a bound method
    try:
        row = decode(data)
    except UnicodeDecodeError:
        faults.tell(line, "", "a byte that is no UTF-8; save the file as UTF-8")
    except (msgspec.DecodeError, RecursionError) as error:
        faults.tell(line, "", f"no JSON: {error}; wanted one object a line")
    else:
        if isinstance(row, dict):
            return row
        faults.tell(line, "", f"found {found(row)}; wanted an object: {{...}}")
    return None


class _CsvLines(Struct, kw_only=True):
    """The lines of a CSV file as text. `row_bytes` counts those of the row being read: its quotes may hold many lines."""

    path: Path
    faults: Faults
    row_bytes: int = 0

    def __iter__(self) -> Iterator[str]:
        for line, data in _lines(self.path, faults=self.faults):
            if data is None:
                return  # within quotes or not, nobody can say where the next row begins
            self.row_bytes += len(data)
            if self.row_bytes > MAX_ROW_BYTES:
                self.faults.tell(line, "", f"{_TOO_LONG}; is a quote left open above?")
                return
            try:
                yield data.decode()
            except UnicodeDecodeError:
                self.faults.tell(line, "", "a byte that is no UTF-8; save the file as UTF-8")
                yield data.decode(errors="replace")


@contextmanager
def _long_cells() -> Iterator[None]:
    """The csv module's limit on a cell, 131,072 characters, is one for the whole process: raised here, and put back."""
    before = csv.field_size_limit(MAX_ROW_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _header(names: list[str], *, faults: Faults) -> list[str] | None:
    """The column names; None after a fault was told."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults.tell(1, "", f"the column {quoted(twice[0])} more than once; rename one of them")
    return None if twice else names


def _row(header: list[str], cells: list[str], *, line: int, faults: Faults) -> dict[str, Any] | None:
    if len(cells) != len(header):
        faults.tell(line, "", f"{len(cells)} cells; the header has {len(header)}: quote a cell that has a comma in it")
        return None
    return {name: cell or None for name, cell in zip(header, cells, strict=True)}
