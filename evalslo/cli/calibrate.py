"""`evalslo calibrate`: how good a scorer is beside people, and which answers they shall label."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.cli import door
from evalslo.cli.outputs import Output, on_stdout, read_outputs, write_json
from evalslo.errors import MeasurementError, UsageError

if TYPE_CHECKING:
    from evalslo.model.calibration import Sampled
    from evalslo.store.run_folder import RunFolder


class Stratify(StrEnum):
    """How answers are drawn."""

    VERDICT = "verdict"
    NONE = "none"


def calibrate(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run id, a run's folder, or latest, latest:SUITE for the newest one.")
    ],
    sample: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, metavar="N", help="Write N answers to -o FILE.jsonl for people to label."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hold the scorer against these labels: .jsonl or .csv, its column human."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A calibration.json: does the scorer still judge its answers the same?"),
    ] = None,
    sli: Annotated[
        str | None, typer.Option("--sli", metavar="SLI", help="The SLI. Default: the suite's only unproven one.")
    ] = None,
    stratify: Annotated[
        Stratify | None,
        typer.Option(
            help="Draw each verdict of the scorer by itself, or all answers alike. Default: by verdict, for a rate with one "
            "answer a query and no groups. With --labels: how they were drawn, where the file does not say.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="S", help="With --sample: draws other answers. Default: 0.")
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="With --sample: the .jsonl of rows to label. Else: also write the figures to FILE (.json, or json:-).",
        ),
    ] = None,
) -> None:
    """Say how good a kept run's scorer is beside people's labels, or write answers for them to label. Calls nothing."""
    with door.telling_errors():
        _require_one({"--sample": sample, "--labels": labels, "--against": against})
        _refuse_unused(sample=sample, against=against, stratify=stratify, seed=seed)
        folder = door.find_run(run)
        if sample is not None:
            _draw(folder, sample, sli=sli, stratify=stratify, seed=seed or 0, output=output or ())
        elif labels is not None:
            _measure(folder, labels, sli=sli, stratify=stratify, outputs=read_outputs(output))
        elif against is not None:
            _again(folder, against, sli=sli, outputs=read_outputs(output))


def _require_one(given: dict[str, object]) -> None:
    named = [option for option, value in given.items() if value is not None]
    if len(named) != 1:
        found = " and ".join(named) or "none of them"
        raise UsageError(f"{found} found; wanted one of {', '.join(given)}")


def _refuse_unused(*, sample: int | None, against: Path | None, stratify: Stratify | None, seed: int | None) -> None:
    if seed is not None and sample is None:
        raise UsageError("--seed draws answers to label; add --sample, or leave it out")
    if stratify is not None and against is not None:
        raise UsageError("--stratify says how answers are drawn; with --against leave it out")


def _draw(
    folder: "RunFolder", count: int, *, sli: str | None, stratify: Stratify | None, seed: int, output: Sequence[str]
) -> None:
    """Writes rows to label. A file that is there already is never replaced: there may be labels in it."""
    from evalslo.harness.label_rows import rows_to_label
    from evalslo.harness.rescore import score_again
    from evalslo.report.calibration_json import rows_to_jsonl

    if len(output) != 1 or Path(output[0]).suffix != ".jsonl":
        raise UsageError("--sample writes one file of rows to label; name it by -o FILE.jsonl")
    path = Path(output[0])
    if path.exists():
        raise UsageError(f"-o {path}: it is there already, and may have labels in it; name another file")
    found = score_again(folder, sli=sli)
    rows = list(rows_to_label(found, count=count, stratify=None if stratify is None else stratify.value, seed=seed))
    try:
        with path.open("xb") as file:
            file.writelines(rows_to_jsonl(rows))
    except OSError as fault:
        raise MeasurementError(f"-o {path}: cannot be written: {fault.strerror}; name another file") from fault
    how = "each verdict by itself" if rows[0].sampled == "verdict" else "all alike"
    where = (
        "the column human"
        if rows[0].claims is None
        else "the column human, or a verdict on each claim into claims_human"
    )
    door.tell(
        f"wrote {len(rows)} of {len(found.values)} scored answers, drawn {how}; write people's {found.sli} into {where}, "
        f"then: evalslo calibrate {found.run_id} --labels {path}"
    )


def _measure(
    folder: "RunFolder", labels: Path, *, sli: str | None, stratify: Stratify | None, outputs: Sequence[Output]
) -> None:
    from evalslo.harness.calibrate import calibrate as measure
    from evalslo.harness.calibrate import match, sli_of
    from evalslo.harness.rescore import score_again
    from evalslo.loaders.labels import read_labels
    from evalslo.report.calibration import render_calibration
    from evalslo.report.calibration_json import calibration_to_json

    rows = read_labels(labels)
    run = score_again(folder, sli=sli_of(rows, asked=sli))
    drawn: Sampled | None = None if stratify is None else "verdict" if stratify is Stratify.VERDICT else "random"
    found = measure(run, match(run, rows, file=str(labels), sampled=drawn))
    render_calibration(found, console=door.console(stderr=on_stdout(outputs)))
    write_json(outputs, [calibration_to_json(found)], exit_code=0)


def _again(folder: "RunFolder", against: Path, *, sli: str | None, outputs: Sequence[Output]) -> None:
    from evalslo.harness.drift import drift
    from evalslo.harness.rescore import score_again
    from evalslo.loaders.calibration import read_labelled
    from evalslo.report.calibration import render_drift
    from evalslo.report.calibration_json import drift_to_json

    frozen = read_labelled(against)
    found = drift(score_again(folder, sli=sli or frozen.sli), frozen)
    render_drift(found, console=door.console(stderr=on_stdout(outputs)))
    write_json(outputs, [drift_to_json(found)], exit_code=0)
