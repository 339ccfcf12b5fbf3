"""Golden sets: files and hub data sets in, golden queries out, or all that is wrong with them at once."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from evalslo.errors import Fault, FileFaults
from evalslo.loaders.golden_files import Faults, Row, csv_rows, hub_rows, jsonl_rows, parquet_rows
from evalslo.loaders.golden_row import column_readers, digest_bytes, encode_row, read_row
from evalslo.loaders.telling import quoted
from evalslo.model.golden import GoldenQuery, GoldenSet

_ROWS = {".jsonl": jsonl_rows, ".ndjson": jsonl_rows, ".csv": csv_rows, ".parquet": parquet_rows}
_NO_WEIGHT = "no weight, while other rows have one; give every row its weight, or none"
_NO_COLUMNS: Mapping[str, str] = {}


def read_golden(path: Path, *, columns: Mapping[str, str] = _NO_COLUMNS) -> GoldenSet:
    """The golden set in a .jsonl, .ndjson, .csv or .parquet file; `columns` maps our names to the file's.

    A row without an id is called `row-N`, N counting the file's rows from 1. The digest is over content: equal rows have
    equal digests, whichever form they were read from. Raises FileFaults, with at most fifty faults and the count of further
    ones.
    """
    faults = Faults(file=str(path))
    rows = _ROWS.get(path.suffix.lower())
    if rows is None:
        wanted = ", ".join(sorted(_ROWS))
        raise FileFaults((Fault(str(path), None, "", f"found the ending {quoted(path.suffix)}; wanted {wanted}"),))
    try:
        return _golden(rows(path, faults=faults), columns=columns, faults=faults, tabular=rows is not jsonl_rows)
    except OSError as error:
        raise FileFaults((Fault(str(path), None, "", f"cannot be read: {error.strerror or error}"),)) from None


def read_hub(
    hub: Mapping[str, str], *, columns: Mapping[str, str] = _NO_COLUMNS, cache_dir: Path | None = None
) -> GoldenSet:
    """The golden set in a data set of the Hugging Face hub: `hub` has name, split, revision, and perhaps config.

    `cache_dir` None: where `datasets` keeps its copies. Raises FileFaults.
    """
    name = "/".join(hub[key] for key in ("name", "config", "split") if key in hub)
    faults = Faults(file=f"hub:{name}@{hub['revision']}")
    return _golden(hub_rows(hub, cache_dir=cache_dir, faults=faults), columns=columns, faults=faults, tabular=True)


def encode_golden(golden: GoldenSet) -> Iterator[bytes]:
    """The golden set as lines of JSON, which `read_golden` reads back with the same queries and the same digest."""
    return (encode_row(query) + b"\n" for query in golden.queries)


def _golden(rows: Iterable[Row], *, columns: Mapping[str, str], faults: Faults, tabular: bool) -> GoldenSet:
    readers = column_readers(columns, tabular=tabular)
    absent, unweighted = set(columns.values()), Faults(file=faults.file)
    queries: list[GoldenQuery] = []
    first: dict[str, int] = {}
    digest = hashlib.sha256()
    number = 0
    for number, (line, row) in enumerate(rows, 1):
        if row is None:
            continue
        if absent:
            absent.difference_update(row)
        tell = partial(_tell, faults, columns, line, number)
        query = read_row(row, number=number, readers=readers, tell=tell)
        if query is None:
            continue
        place = number if line is None else line
        if (before := first.setdefault(query.id, place)) != place:
            where = f"{'row' if line is None else 'line'} {before}"
            tell("id", f"the id {quoted(query.id)} is also that of {where}; give every query an id of its own")
        if query.weight is None and unweighted.full:
            unweighted.total += 1
        elif query.weight is None:
            _tell(unweighted, columns, line, number, "weight", _NO_WEIGHT)
        digest.update(digest_bytes(query))
        queries.append(query)
    if any(query.weight is not None for query in queries):
        faults.join(unweighted)
    _tell_whole(faults, absent=absent, rows=number)
    faults.raise_if_any()
    return GoldenSet(queries=tuple(queries), digest=f"sha256:{digest.hexdigest()}", source=faults.file)


def _tell(faults: Faults, columns: Mapping[str, str], line: int | None, number: int, ours: str, message: str) -> None:
    column = columns.get(ours, ours)
    faults.tell(line, column if line is not None else f"row {number}.{column}", message)


def _tell_whole(faults: Faults, *, absent: set[str], rows: int) -> None:
    """Tells what is wrong with the file as a whole: it explains the faults of its rows, and so stands first."""
    if not rows and not faults.told:
        faults.tell(None, "", "no golden query in it; wanted at least one row")
    for column in sorted(absent) if rows else ():
        message = f"no row has the column {quoted(column)}, which columns names; write the file's own name of it"
        faults.told.insert(0, Fault(faults.file, None, "columns", message))
        faults.total += 1
