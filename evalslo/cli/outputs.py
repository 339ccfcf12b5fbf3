"""Where a scorecard goes beside the terminal: `-o FILE`, the form by the file's ending or a prefix."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from evalslo.cli import door
from evalslo.errors import MeasurementError, UsageError

if TYPE_CHECKING:
    from evalslo.model.scorecard import Scorecard

FORMS = ("json",)
OutputOption = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Also write the scorecard to FILE (.json, or json:FILE; json:- is standard output). May be repeated.",
    ),
]


class Output(Struct, frozen=True, kw_only=True):
    """A file to write a scorecard to; `path` None is standard output."""

    form: str
    path: Path | None


def on_stdout(outputs: Sequence[Output]) -> bool:
    """Whether standard output belongs to a machine, so that what is for people goes to standard error."""
    return any(output.path is None for output in outputs)


def read_outputs(targets: Sequence[str] | None) -> tuple[Output, ...]:
    """The outputs that `-o` names. Raises `UsageError` for a form that is not known."""
    return tuple(_output(target) for target in targets or ())


def _output(target: str) -> Output:
    form, colon, path = target.partition(":")
    if not (colon and form.isalpha() and len(form) > 1):
        form, path = Path(target).suffix.removeprefix("."), target
    if form not in FORMS:
        wanted = ", ".join(f".{known} or {known}:FILE" for known in FORMS)
        raise UsageError(f"-o {target}: no form of that ending; wanted {wanted}")
    if not path:
        raise UsageError(f"-o {target}: wanted a file after the colon, or - for standard output")
    return Output(form=form, path=None if path == "-" else _writable(Path(path)))


def _writable(path: Path) -> Path:
    """`path`, whose folder is there now. Raises `UsageError` before anything is called, not after it was paid for."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"-o {path}: its folder cannot be made: {fault.strerror}") from fault
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"-o {path}: cannot be written; name another file")
    return path


def write_outputs(outputs: Sequence[Output], scorecards: "Sequence[Scorecard]", *, exit_code: int) -> None:
    """Writes the scorecards: one as it is, several as one summary."""
    from evalslo.report.scorecard_json import to_json

    if outputs and scorecards:
        write_json(outputs, [to_json(scorecard) for scorecard in scorecards], exit_code=exit_code)


def write_json(outputs: Sequence[Output], documents: Sequence[bytes], *, exit_code: int) -> None:
    """Writes scorecards that are JSON already: one as it is, several as one summary."""
    from evalslo.report.summary_json import join_json

    data = documents[0] if len(documents) == 1 else join_json(documents, exit_code=exit_code)
    for output in outputs:
        _write(output, data)


def _write(output: Output, data: bytes) -> None:
    if output.path is None:
        try:
            typer.echo(data.decode(), nl=False)
        except BrokenPipeError:
            door.reader_left()
        return
    try:
        output.path.write_bytes(data)
    except OSError as fault:
        raise MeasurementError(
            f"-o {output.path}: cannot be written: {fault.strerror}; the run itself is kept"
        ) from fault
