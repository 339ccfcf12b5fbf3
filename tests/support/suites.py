"""Small suites on disk: an application of a few lines, golden rows, objectives."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

PERFECT = "def answer(query):\n    return 'Paris'\n"
WRONG = "def answer(query):\n    return 'London'\n"


def rows(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"q{i:04}", "query": f"Question {i}?", "reference": ["Paris"], **more} for i in range(number)]


def write_golden(folder: Path, golden: Iterable[Mapping[str, Any]], *, name: str = "golden.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in golden), encoding="utf-8")
    return path


def write_suite(
    folder: Path,
    *,
    app: str | None = PERFECT,
    golden: Iterable[Mapping[str, Any]] | None = None,
    objectives: Sequence[Any] = ("contains >= 90%",),
    name: str = "small",
    **keys: Any,
) -> Path:
    """The path of a suite whose endpoint is `app`, a Python source with a function `answer`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_golden(folder, rows(40) if golden is None else golden, name=f"{name}.jsonl")
    suite: dict[str, Any] = {"suite": name, "golden": {"path": f"{name}.jsonl"}, "objectives": list(objectives)}
    if app is not None:
        (folder / f"{name}_app.py").write_text(app, encoding="utf-8")
        suite["endpoint"] = {"kind": "python", "target": f"{name}_app.py:answer"}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(suite | keys, sort_keys=False), encoding="utf-8")
    return path
