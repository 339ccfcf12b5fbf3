"""The suites that a command line names."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalslo.errors import Fault, FileFaults, UsageError

if TYPE_CHECKING:
    from evalslo.harness.prepare import Prepared
    from evalslo.model.suite import Suite

VariantOption = Annotated[
    str | None, typer.Option("--variant", metavar="NAME", help="Run this variant of the suite's endpoint.")
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the suite, as in limits.concurrency=4. Repeatable."),
]


def read_suites(paths: Sequence[Path], *, variant: str | None, settings: Sequence[str] | None) -> "tuple[Suite, ...]":
    """Every suite of the files and folders, all read before anything is called; all their faults at once."""
    from evalslo.loaders.suite import read_suite
    from evalslo.plugins import sli_specs

    suites: list[Suite] = []
    faults: list[Fault] = []
    for file in _files(paths):
        try:
            suites.append(read_suite(file, slis=sli_specs(), variant=variant, settings=settings or ()))
        except FileFaults as found:
            faults.extend(found.faults)
    if faults:
        raise FileFaults(tuple(faults))
    return tuple(suites)


def read_one_suite(path: Path, *, variant: str | None, settings: Sequence[str] | None, option: str = "") -> "Suite":
    """The suite of a file, or of a folder that holds one only; `option` is the one that named it, with a space behind."""
    suites = read_suites([path], variant=variant, settings=settings)
    if len(suites) > 1:
        raise UsageError(f"{option}{path}: {len(suites)} suites in it; name one file")
    return suites[0]


def _files(paths: Sequence[Path]) -> list[Path]:
    found = [file for path in paths for file in (_suite_files(path) if path.is_dir() else [path])]
    return list(dict.fromkeys(found))


def _suite_files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml") and file.is_file())
    if not files:
        raise UsageError(f"{folder}: no suite here: no file that ends in .yaml or .yml")
    return files


def prepare_all(suites: "Sequence[Suite]", *, sequential: bool = False) -> "tuple[Prepared, ...]":
    """Every suite ready to be called, before any is; all their faults at once."""
    from evalslo.harness.prepare import prepare

    prepared: list[Prepared] = []
    faults: list[Fault] = []
    for suite in suites:
        try:
            prepared.append(prepare(suite, environ=os.environ, sequential=sequential))
        except FileFaults as found:
            faults.extend(found.faults)
    if faults:
        raise FileFaults(tuple(faults))
    return tuple(prepared)
