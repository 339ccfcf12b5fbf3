import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evalslo.installed import Plugin, installed

Write = Callable[..., Path]


def write_package(folder: Path, *, name: str, source: str, version: str = "1.0", **groups: dict[str, str]) -> Path:
    """What an installer leaves of a package with one module of its name: the module, and what it says of itself."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    about = folder / f"{module}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[evalslo.{group}]", *(f"{entry} = {module}:{target}" for entry, target in entries.items()))
    ]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def write(tmp_path, monkeypatch) -> Write:
    """Writes a package into a folder where Python looks for installed ones; its modules are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(folder))

    def into_folder(**package) -> Path:
        return write_package(folder, **package)

    yield into_folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def plugin_of(write) -> Callable[..., Plugin]:
    """The plugin that one source registers as `mine`; by default its object `it`, as a scorer."""

    def of(source: str, *, group: str = "scorers", target: str = "it", name: str = "mine") -> Plugin:
        write(name="my-package", source=source, **{group: {name: target}})
        return installed(f"evalslo.{group}", builtin=())[name]

    return of
