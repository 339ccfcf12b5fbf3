"""Where runs are kept, and how one is found again."""

from collections.abc import Iterator
from pathlib import Path

from evalslo.errors import MeasurementError, UsageError
from evalslo.model.run import Manifest
from evalslo.store.run_folder import RunFolder, read_manifest


def find_home(start: Path, *, configured: str | None) -> Path:
    """The folder that runs are kept in: `configured` (EVALSLO_HOME), else `.evalslo` of the nearest parent that has it,

    else of the nearest parent with `.git`, else of `start` itself. It need not exist yet.
    """
    if configured:
        return Path(configured).expanduser().absolute()
    start = start.absolute()
    parents = (start, *start.parents)
    for sign in (".evalslo", ".git"):
        for folder in parents:
            if (folder / sign).exists():
                return folder / ".evalslo"
    return start / ".evalslo"


def find_run(name: str, *, home: Path) -> RunFolder:
    """The kept run that `name` means: a run id, a folder's path, `latest` or `latest:SUITE`.

    Raises `UsageError` naming what is there instead.
    """
    if name == "latest" or name.startswith("latest:"):
        return _latest(name, home=home)
    kept = home / "runs" / name
    for path in (kept, Path(name)):
        if name and _holds_run(path):
            return RunFolder(path)
    raise UsageError(f"no run {name!r}: neither in {home / 'runs'} nor a folder with a manifest.json; {_known(home)}")


def _holds_run(path: Path) -> bool:
    try:
        return (path / "manifest.json").is_file()
    except OSError:  # longer than any name, or behind a door that is closed
        return False


def _latest(name: str, *, home: Path) -> RunFolder:
    suite = name.partition(":")[2]
    found = [(m.started_at, m.run_id, folder) for folder, m in kept_runs(home) if suite in ("", m.suite)]
    if not found:
        raise UsageError(f"no run for {name!r}; {_known(home)}")
    return max(found, key=lambda run: run[:2])[2]


def find_history(home: Path, *, configured: str | None) -> str | Path:
    """Where the history is: the URL or the file that `configured` names, else `history.db` where runs are kept."""
    if not configured:
        return home / "history.db"
    return configured if "://" in configured else Path(configured)


def kept_runs(home: Path) -> Iterator[tuple[RunFolder, Manifest]]:
    """Every readable run with its manifest, in no order; a folder that holds none is left out.

    Raises `MeasurementError` where nobody may look into `home`.
    """
    for folder in _folders(home):
        try:
            yield folder, read_manifest(folder)
        except MeasurementError:
            continue


def _folders(home: Path) -> list[RunFolder]:
    runs = home / "runs"
    try:
        return [RunFolder(path) for path in runs.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as fault:
        raise MeasurementError(
            f"{runs}: cannot be read: {fault.strerror}; make it readable, or set EVALSLO_HOME"
        ) from fault


def lost_runs(home: Path, *, named: str, since: str) -> Iterator[tuple[RunFolder, MeasurementError]]:
    """Runs that began at `since` or later whose manifest cannot be read, with what is wrong, in no order.

    A run id is a stamp in UTC, `named` and a token: with no manifest, the folder's name is all that says whose run it was. A
    folder with neither manifest nor samples is no run: its process ended before it called anything.
    """
    for folder in _folders(home):
        stamp, _, rest = folder.path.name.partition("-")
        if rest.rpartition("-")[0] != named or stamp < since:
            continue
        fault = _lost(folder)
        if fault is not None:
            yield folder, fault


def passed_over(name: str, found: RunFolder, *, home: Path) -> Iterator[tuple[RunFolder, MeasurementError]]:
    """Newer runs than the one that `latest` or `latest:SUITE` found, whose manifest cannot be read, with what is wrong.

    None for a run that was named by itself.
    """
    if name != "latest" and not name.startswith("latest:"):
        return
    suite, stamp = name.partition(":")[2], found.path.name.partition("-")[0]
    for folder in _folders(home):
        began, _, rest = folder.path.name.partition("-")
        named = rest.rpartition("-")[0]
        if (
            began < stamp
            or folder.path == found.path
            or (suite and named != suite and not named.startswith(f"{suite}-"))
        ):
            continue
        fault = _lost(folder)
        if fault is not None:
            yield folder, fault


def _lost(folder: RunFolder) -> MeasurementError | None:
    """Why a folder that holds a run does not say which; None where it does, or holds none."""
    try:
        read_manifest(folder)
    except MeasurementError as fault:
        return None if _is_empty(folder) else fault
    return None


def _is_empty(folder: RunFolder) -> bool:
    try:
        return not folder.manifest_file.exists() and not folder.samples_file.exists()
    except OSError:  # behind a door that is closed
        return False


def _known(home: Path) -> str:
    known = sorted(manifest.run_id for _, manifest in kept_runs(home))
    if not known:
        return "no run is kept there yet"
    return f"the newest kept are {', '.join(known[-3:])}"
