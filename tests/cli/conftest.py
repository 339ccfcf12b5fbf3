import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evalslo.cli.app import app


@dataclass(frozen=True)
class Shell:
    """A folder to stand in, and the command line."""

    folder: Path

    def run(self, *arguments: str | Path) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def scorecard(self, run: str = "latest") -> dict[str, Any]:
        done = self.run("report", run)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def runs(self) -> list[Path]:
        folder = self.folder / ".evalslo" / "runs"
        return sorted(folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path / ".evalslo"))
    monkeypatch.setenv("COLUMNS", "100")
    return Shell(tmp_path)
