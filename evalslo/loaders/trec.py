"""Rankings and relevance judgements in TREC's file formats, in and out.

A run has lines `query Q0 document rank score tag`, qrels have `query 0 document grade`, split by white space. Read as trec_eval
10 reads them: the second column, the rank and whatever follows the tag are ignored, and so are empty lines and those that
begin with `#`.

Source: https://github.com/usnistgov/trec_eval (get_trec_results.c, get_qrels.c).
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from evalslo.errors import Fault, FileFaults, UsageError
from evalslo.loaders.golden_files import Faults
from evalslo.loaders.telling import quoted

MAX_LINE_BYTES = 10_000
HIGHEST_GRADE = 1_000_000
_RUN_FORM = "query Q0 document rank score tag"
_QRELS_FORM = "query 0 document grade"

Line = tuple[int, list[bytes]]
"""A line's number and its columns."""


class TrecRun(Struct, frozen=True, kw_only=True):
    """The scores of a run's documents by query, in file order, and the tag of its last line.

    `repeated` counts the lines that name a document of their query once more: it counts once, with its best score.
    """

    rankings: Mapping[str, Mapping[str, float]]
    tag: str
    repeated: int = 0


def read_run(path: Path) -> TrecRun:
    """The run in a file. Raises FileFaults, with at most fifty faults and the count of further ones."""
    faults = Faults(file=str(path))
    rankings: dict[str, dict[str, float]] = {}
    repeated, tag = 0, b""
    for line, columns in _lines(path, form=_RUN_FORM, faults=faults):
        score = _score(columns[4], line=line, faults=faults)
        ids = _texts(columns[0], columns[2], line=line, faults=faults)
        if score is None or ids is None:
            continue
        (query, document), tag = ids, columns[5]
        documents = rankings.setdefault(query, {})
        repeated += document in documents
        documents[document] = max(score, documents.get(document, score))
    _finish(faults, empty=not rankings, form=_RUN_FORM)
    return TrecRun(rankings=rankings, tag=tag.decode(errors="replace"), repeated=repeated)


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """The grades of a file's judged documents by query, in file order: what golden queries call `relevant`.

    A grade below 0 says that nobody judged the document: it is left out, and so is a query that has no other. Raises
    FileFaults, with at most fifty faults and the count of further ones.
    """
    faults = Faults(file=str(path))
    qrels: dict[str, dict[str, int]] = {}
    for line, columns in _lines(path, form=_QRELS_FORM, faults=faults):
        grade = _grade(columns[3], line=line, faults=faults)
        ids = _texts(columns[0], columns[2], line=line, faults=faults)
        if grade is None or ids is None or grade < 0:
            continue
        grades = qrels.setdefault(ids[0], {})
        if ids[1] in grades:
            faults.tell(line, "", f"the document {quoted(ids[1])} is judged twice for its query; keep one of the lines")
        grades[ids[1]] = grade
    _finish(faults, empty=not qrels, form=_QRELS_FORM)
    return qrels


def write_run(path: Path, rankings: Mapping[str, Mapping[str, float]], *, tag: str) -> None:
    """Writes a run that `read_run` reads back equal, each query's best document first, equal scores by id descending.

    Raises UsageError for an id or a tag that the format cannot hold, and for a score that is not finite; what was written
    before that stays.
    """
    named = _word(tag, what="tag")
    with path.open("wb") as stream:
        for query, documents in rankings.items():
            start = _word(query, what="query id")
            ranking = sorted(documents.items(), key=lambda item: (item[1], item[0]), reverse=True)
            for rank, (document, score) in enumerate(ranking, start=1):
                if not math.isfinite(score):
                    raise UsageError(f"document {quoted(document)}: found the score {score}; wanted a finite number")
                stream.write(b"%s Q0 %s %d %r %s\n" % (start, _word(document, what="document id"), rank, score, named))


def write_qrels(path: Path, qrels: Mapping[str, Mapping[str, int]]) -> None:
    """Writes qrels that `read_qrels` reads back equal. Raises UsageError for an id that the format cannot hold."""
    with path.open("wb") as stream:
        for query, grades in qrels.items():
            start = _word(query, what="query id")
            for document, grade in grades.items():
                stream.write(b"%s 0 %s %d\n" % (start, _word(document, what="document id"), grade))


def _lines(path: Path, *, form: str, faults: Faults) -> Iterator[Line]:
    """The lines that have as many columns as `form` at least. Raises FileFaults where the file cannot be read."""
    wanted = len(form.split())
    try:
        with path.open("rb") as stream:
            for line, data in _bounded(stream, faults=faults):
                columns = data.split()
                if len(columns) >= wanted:
                    if not columns[0].startswith(b"#"):
                        yield line, columns
                elif columns and not columns[0].startswith(b"#"):
                    faults.tell(line, "", f"found {len(columns)} columns; wanted {form}")
    except OSError as error:
        raise FileFaults((Fault(str(path), None, "", f"cannot be read: {error.strerror or error}"),)) from None


def _bounded(stream: BinaryIO, *, faults: Faults) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; one that is too long is told, and skipped in pieces."""
    if stream.read(3) != b"\xef\xbb\xbf":
        stream.seek(0)
    line = 0
    while data := stream.readline(MAX_LINE_BYTES):
        line += 1
        if len(data) < MAX_LINE_BYTES or data.endswith(b"\n"):
            yield line, data
            continue
        faults.tell(line, "", f"a line of {MAX_LINE_BYTES:,} bytes or more; is this a TREC file?")
        while data and not data.endswith(b"\n"):
            data = stream.readline(MAX_LINE_BYTES)


def _texts(*columns: bytes, line: int, faults: Faults) -> list[str] | None:
    try:
        return [column.decode() for column in columns]
    except UnicodeDecodeError:
        faults.tell(line, "", "a byte that is no UTF-8; save the file as UTF-8")
        return None


def _score(column: bytes, *, line: int, faults: Faults) -> float | None:
    try:
        score = float(column)
    except ValueError:
        score = math.nan
    if math.isfinite(score):
        return score
    faults.tell(line, "score", f"found {quoted(column.decode(errors='replace'))}; wanted a finite number")
    return None


def _grade(column: bytes, *, line: int, faults: Faults) -> int | None:
    try:
        grade = int(column)
    except ValueError:
        grade = HIGHEST_GRADE + 1
    if abs(grade) <= HIGHEST_GRADE:
        return grade
    wanted = f"wanted a whole number up to {HIGHEST_GRADE:,}"
    faults.tell(line, "grade", f"found {quoted(column.decode(errors='replace'))}; {wanted}")
    return None


def _finish(faults: Faults, *, empty: bool, form: str) -> None:
    if empty and not faults.told:
        faults.tell(None, "", f"nothing in it; wanted lines of the form {form}")
    faults.raise_if_any()


def _word(text: str, *, what: str) -> bytes:
    data = text.encode()
    if data.split() != [data] or data.startswith(b"#"):
        wanted = "wanted one without white space and without # before it, since a TREC file is split there"
        raise UsageError(f"{what} {quoted(text)}: cannot stand in a TREC file; {wanted}")
    return data
