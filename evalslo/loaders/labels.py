"""Label files: what people said of answers, as JSON Lines or CSV, or all that is wrong with the file at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from evalslo.errors import Fault, FileFaults
from evalslo.loaders.golden_files import Faults, Row, csv_rows, jsonl_rows
from evalslo.loaders.telling import found, quoted
from evalslo.model.calibration import LabelRow, Sampled
from evalslo.model.score import ClaimVerdict

MOST_ROWS = 1_000_000
_FORMS: Mapping[str, Callable[..., Iterable[Row]]] = {".jsonl": jsonl_rows, ".ndjson": jsonl_rows, ".csv": csv_rows}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_SAMPLED: Mapping[str, Sampled] = {"random": "random", "verdict": "verdict"}
_VERDICTS: Mapping[str, ClaimVerdict] = {
    "supported": "supported",
    "unsupported": "unsupported",
    "contradicted": "contradicted",
    "not_a_claim": "not_a_claim",
}
_LABEL = "wanted 0 or 1, yes or no, true or false, a number in [0, 1], or nothing"

Found = TypeVar("Found")
Read = Callable[[object], Found]


class _NoValueError(Exception):
    """A cell that cannot be read; says what was wanted."""


def read_labels(path: Path) -> tuple[LabelRow, ...]:
    """The rows of a .jsonl, .ndjson or .csv file in order, rows without a label among them; other columns are not looked at.

    Raises FileFaults, with at most fifty faults and the count of further ones; a file without any label is a fault too.
    """
    faults = Faults(file=str(path))
    rows_of = _FORMS.get(path.suffix.lower())
    if rows_of is None:
        message = f"found the ending {quoted(path.suffix)}; wanted {', '.join(sorted(_FORMS))}"
        raise FileFaults((Fault(str(path), None, "", message),))
    try:
        rows = _rows(rows_of(path, faults=faults), faults=faults)
    except OSError as error:
        raise FileFaults((Fault(str(path), None, "", f"cannot be read: {error.strerror or error}"),)) from None
    if not faults.told and not any(row.human is not None or row.claims is not None for row in rows):
        faults.tell(None, "human", "no row has a label yet; write 0 or 1 into its column human, or claims_human")
    faults.raise_if_any()
    return tuple(rows)


def _rows(raw: Iterable[Row], *, faults: Faults) -> list[LabelRow]:
    rows: list[LabelRow] = []
    first: dict[tuple[str, int, str | None], int] = {}
    for place, (line, columns) in enumerate(raw, 1):
        if place > MOST_ROWS:
            faults.tell(line, "", f"more than {MOST_ROWS:,} rows; label fewer answers")
            break
        row = None if columns is None else _row(columns, line=line or place, faults=faults)
        if row is None:
            continue
        before = first.setdefault((row.query_id, row.repeat, row.sli), row.line)
        if before != row.line:
            message = f"the answer to {quoted(row.query_id)}, repeat {row.repeat}, is labelled on line {before} already"
            faults.tell(row.line, "query_id", f"{message}; keep one of the two rows, a second person's label is human2")
        rows.append(row)
    return rows


def _row(columns: Mapping[str, Any], *, line: int, faults: Faults) -> LabelRow | None:
    """The row; None where a cell of it was told."""
    before = faults.total

    def cell(name: str, read: Read[Found]) -> Found | None:
        value = columns.get(name)
        if value is None or value == "":
            return None
        try:
            return read(value)
        except _NoValueError as wanted:
            faults.tell(line, name, f"found {found(value)}; {wanted}")
            return None

    query_id, repeat = cell("query_id", _text), cell("repeat", _count)
    row = LabelRow(
        line=line,
        query_id=query_id or "",
        repeat=repeat or 0,
        sli=cell("sli", _text),
        human=cell("human", _label),
        human2=cell("human2", _label),
        claims=cell("claims_human", _claims),
        claims2=cell("claims_human2", _claims),
        answer=cell("answer", _text),
        sampled=cell("sampled", _sampled),
    )
    if query_id is None and faults.total == before:
        faults.tell(line, "query_id", "found nothing; wanted the id of the golden query that was answered")
    if faults.total == before:
        for column, message in _contradictions(row, columns.get("claims")):
            faults.tell(line, column, message)
    return row if faults.total == before else None


def _contradictions(row: LabelRow, claims: object) -> Iterator[tuple[str, str]]:
    """What the labels of a row cannot be together, each with its column. `claims`: what stands in the row's column."""
    alone = "a second label without a first one; write the only one into"
    if row.human is None and row.human2 is not None:
        yield "human2", f"{alone} human"
    if row.claims is None and row.claims2 is not None:
        yield "claims_human2", f"{alone} claims_human"
    if row.claims is not None and row.human is not None:
        yield "human", "a label of the answer beside labels of its claims, which it follows from; leave it out"
    for column, said in (("claims_human", row.claims), ("claims_human2", row.claims2)):
        if said is not None and isinstance(claims, list) and len(said) != len(claims):
            yield column, f"{len(said)} verdicts on {len(claims)} claims; wanted one for each, in their order"


def _text(value: object) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise _NoValueError("wanted a text")


def _count(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, int | str) and not isinstance(value, bool) and text.isascii() and text.isdigit():
        return int(text[:9])
    raise _NoValueError("wanted a whole number from 0")


def _label(value: object) -> float | None:
    if isinstance(value, str):
        word = value.strip().casefold()
        if not word:
            return None
        try:
            return _in_range(_WORDS[word] if word in _WORDS else float(word))
        except ValueError:
            raise _NoValueError(_LABEL) from None
    return _in_range(value)


def _claims(value: object) -> tuple[ClaimVerdict, ...]:
    if isinstance(value, list) and value and all(isinstance(one, str) and one in _VERDICTS for one in value):
        return tuple(_VERDICTS[one] for one in value)
    raise _NoValueError(f"wanted a list with one of {', '.join(_VERDICTS)} for each claim")


def _in_range(value: object) -> float:
    if isinstance(value, bool | int | float) and 0 <= value <= 1:  # NaN is not
        return float(value)
    raise _NoValueError(_LABEL)


def _sampled(value: object) -> Sampled:
    if isinstance(value, str) and value in _SAMPLED:
        return _SAMPLED[value]
    raise _NoValueError(f"wanted {' or '.join(_SAMPLED)}, as evalslo calibrate --sample wrote it")
