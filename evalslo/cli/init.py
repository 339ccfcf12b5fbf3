"""`evalslo init`: files to start from."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from evalslo.cli import door
from evalslo.errors import UsageError

START = (
    ("suite.yaml", "suites/first.yaml"),
    ("golden.jsonl", "fixtures/first/golden.jsonl"),
    ("workflow.yaml", ".github/workflows/evalslo.yaml"),
)
EXAMPLE = ("suites/handbook.yaml", "suites/handbook-slis.yaml", "suites/handbook-judged.yaml", "fixtures/handbook")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to write; it is made where it is absent.")
    ] = Path(),
    example: Annotated[
        bool, typer.Option("--example", help="Write the handbook example: a suite that runs offline as it is.")
    ] = False,
) -> None:
    """Write a small suite, a golden set with worked rows and a CI workflow; or the handbook example."""
    with door.telling_errors():
        written = dict(_example_files() if example else _start_files())
        _refuse_overwriting(folder, list(written))
        for name, source in written.items():
            _write(folder / name, source)
        suite = EXAMPLE[0] if example else START[0][1]
        typer.echo(f"wrote {len(written)} files; next: evalslo check {folder / suite} && evalslo run {folder / suite}")


def _start_files() -> Iterator[tuple[str, Traversable]]:
    templates = files("evalslo") / "_start"
    return ((name, templates / source) for source, name in START)


def _example_files() -> Iterator[tuple[str, Traversable]]:
    """The example: beside the package in a wheel, at the top of a checkout."""
    package = files("evalslo")
    root = package / "_example"
    if not root.is_dir():
        root = Path(str(package)).parent
    for name in EXAMPLE:
        yield from _below(root, name)


def _below(root: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    found = root.joinpath(*name.split("/"))
    if not found.is_dir():
        yield name, found
        return
    for child in found.iterdir():
        if child.name != "__pycache__":
            yield from _below(root, f"{name}/{child.name}")


def _refuse_overwriting(folder: Path, names: list[str]) -> None:
    there = [name for name in names if (folder / name).exists()]
    if there:
        raise UsageError(f"{folder}: {', '.join(there[:3])} already there; nothing was written. Name another folder")


def _write(path: Path, source: Traversable) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written: {fault.strerror}") from fault
