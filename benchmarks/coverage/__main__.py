"""Every figure of docs/statistics.md, by simulation and enumeration. From the repository's root:

    python -m benchmarks.coverage                 measures everything, writes docs/measured/coverage.{json,md} and docs/figures/
    python -m benchmarks.coverage --quick         the same code with few rounds, in less than a minute; writes nothing
    python -m benchmarks.coverage --tables A,F    these alone; the other figures stay as they were written
    python -m benchmarks.coverage --write-docs    no measuring: the tables into the marked places of docs/statistics.md
    python -m benchmarks.coverage --plots         no measuring: the pictures
    python -m benchmarks.coverage --compare       no measuring: against the figures the methods were chosen by

Each row draws from a seed of its own (SHA-256 of its name), so rows hang on neither order nor number of processes.
"""

import argparse
import importlib.metadata
import json
import platform
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.coverage import TABLES
from benchmarks.coverage.cells import ENTROPY, Cell, Figure, Figures
from benchmarks.coverage.compare import differences
from benchmarks.coverage.document import Measured, write_blocks

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "docs" / "measured" / "coverage.json"
PAGE = ROOT / "docs" / "statistics.md"


def main() -> int:
    options = _parser().parse_args()
    if options.write_docs:
        print(", ".join(write_blocks(PAGE, blocks(read(OUTPUT)))) or f"{PAGE}: no marker found")
        return 0
    if options.plots:
        return _plot()
    if options.compare:
        return _compare(read(OUTPUT))
    wanted = set(options.tables.split(",")) if options.tables else set(TABLES)
    if unknown := wanted - set(TABLES):
        print(f"no such table: {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
        return 2
    cells = [cell for name in TABLES if name in wanted for cell in TABLES[name].cells(quick=options.quick)]
    found = dict(measure(cells, jobs=options.jobs))
    rounds = {cell.key: cell.rounds for cell in cells}
    if options.quick:
        measured = Measured(found, rounds)
        for name in TABLES:
            if name in wanted:
                _show(TABLES[name].tables(measured))
        return 0
    kept = read(OUTPUT) if OUTPUT.exists() else Measured({}, {})
    of_these = tuple(f"{name}/" for name in wanted) + tuple(f"{name}-" for name in wanted)
    figures = {key: value for key, value in kept.figures.items() if not key.startswith(of_these)} | found
    rounds = {key: value for key, value in kept.rounds.items() if not key.startswith(of_these)} | rounds
    write(Measured(figures, rounds))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coverage", description="The figures of docs/statistics.md."
    )
    parser.add_argument("--quick", action="store_true", help="few rounds; print, write nothing")
    parser.add_argument("--tables", default="", help=f"comma-separated, of {', '.join(TABLES)}; default: all")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/statistics.md")
    parser.add_argument("--plots", action="store_true", help="draw docs/figures/*.svg")
    parser.add_argument("--compare", action="store_true", help="hold the figures against those of the design study")
    return parser


def measure(cells: list[Cell], *, jobs: int) -> Iterable[tuple[str, Figures]]:
    started = time.perf_counter()
    if jobs == 1:
        for done, cell in enumerate(cells, start=1):
            before = time.process_time()
            yield cell.key, cell.figures()
            _tell(cell.key, done, len(cells), started, f"{time.process_time() - before:6.1f} CPU s")
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting = {pool.submit(cell.figures): cell for cell in cells}
        for done, future in enumerate(as_completed(waiting), start=1):
            yield waiting[future].key, future.result()
            _tell(waiting[future].key, done, len(cells), started, "")


def _tell(key: str, done: int, total: int, started: float, more: str) -> None:
    print(f"{time.perf_counter() - started:7.0f} s  {done:4d}/{total}  {more}  {key}", file=sys.stderr, flush=True)


def write(measured: Measured) -> None:
    OUTPUT.parent.mkdir(exist_ok=True)
    cells = {
        key: {
            "rounds": measured.rounds[key],
            "figures": {name: [_short(one.value), _short(one.se)] for name, one in sorted(figures.items())},
        }
        for key, figures in sorted(measured.figures.items())
    }
    about = {"entropy": ENTROPY, "figure": ["value", "standard error; null: exact"], "versions": versions()}
    OUTPUT.write_text(json.dumps({"about": about, "cells": cells}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    page = "".join(f"## {name}\n\n{text}\n\n" for name, text in blocks(measured).items())
    head = "# Measured\n\nBy `python -m benchmarks.coverage`; false PASS / false FAIL, with the truth exactly at the target.\n"
    OUTPUT.with_suffix(".md").write_text(f"{head}\n{page.rstrip()}\n", encoding="utf-8")


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def versions() -> dict[str, str]:
    names = ("numpy", "scipy")
    return {name: importlib.metadata.version(name) for name in names} | {"python": platform.python_version()}


def read(path: Path) -> Measured:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    figures = {
        key: {name: Figure(value=value, se=se) for name, (value, se) in cell["figures"].items()}
        for key, cell in cells.items()
    }
    return Measured(figures, {key: cell["rounds"] for key, cell in cells.items()})


def blocks(measured: Measured) -> dict[str, str]:
    """The Markdown tables by name; a family of tables that was not measured is left out."""
    found: dict[str, str] = {}
    for module in TABLES.values():
        if all(measured.has(cell.key) for cell in module.cells(quick=False)):
            found |= module.tables(measured)
    return found


def _show(tables: dict[str, str]) -> None:
    for name, text in tables.items():
        print(f"## {name}\n\n{text}\n")


def _compare(measured: Measured) -> int:
    lines, off = differences(measured)
    print("\n".join(lines))
    return 1 if off else 0


def _plot() -> int:
    from benchmarks.coverage.plots import draw  # matplotlib is in the extra `bench`

    for path in draw(read(OUTPUT), ROOT / "docs" / "figures"):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
