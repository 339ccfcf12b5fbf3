"""Where a scorecard goes beside the terminal: `-o FILE`, the form by the file's ending or a prefix."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.errors import UsageError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file to write a scorecard to; `path` None is standard output."""

    form: str
    path: Path | None


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
    return Output(form=form, path=None if path == "-" else Path(path))


def write_outputs(outputs: Sequence[Output], scorecards: "Sequence[Scorecard]", *, exit_code: int) -> None:
    """Writes the scorecards: one as it is, several as one summary."""
    from evalslo.report.scorecard_json import to_json

    if outputs:
        write_json(outputs, [to_json(scorecard) for scorecard in scorecards], exit_code=exit_code)


def write_json(outputs: Sequence[Output], documents: Sequence[bytes], *, exit_code: int) -> None:
    """Writes scorecards that are JSON already: one as it is, several as one summary."""
    from evalslo.report.summary_json import join_json

    data = documents[0] if len(documents) == 1 else join_json(documents, exit_code=exit_code)
    for output in outputs:
        _write(output, data)


def _write(output: Output, data: bytes) -> None:
    """Writes one file, or standard output. Raises `UsageError` where that cannot be."""
    if output.path is None:
        typer.echo(data.decode(), nl=False)
        return
    try:
        output.path.parent.mkdir(parents=True, exist_ok=True)
        output.path.write_bytes(data)
    except OSError as fault:
        raise UsageError(f"-o {output.path}: cannot be written: {fault.strerror}") from fault
