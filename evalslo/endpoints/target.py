"""A function that the suite names, imported: `package.module:function` or `path/to/file.py:function`."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from evalslo.errors import UsageError

WANTED = "package.module:function or path/to/file.py:function, relative to the suite"


def import_target(target: str, *, folder: Path, place: str) -> Callable[..., Any]:
    """The function that `target` names; raises UsageError where it cannot be had.

    `folder`, the suite's, is put last on the import path: modules beside the suite are found and hide nothing.
    """
    source, _, name = target.rpartition(":")
    if not source or not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{place}: found {target!r}, wanted {WANTED}")
    module = _import_source(source, folder=folder, place=f"{place}: {target!r}")
    try:
        function = attrgetter(name)(module)
    except AttributeError as error:
        defined = ", ".join(sorted(key for key, item in vars(module).items() if key[0] != "_" and callable(item)))
        raise UsageError(f"{place}: {source} has no {name!r}; it has: {defined or 'no function'}") from error
    if not callable(function):
        raise UsageError(f"{place}: {target!r} is a {type(function).__name__}, wanted a function of one query")
    checked: Callable[..., Any] = function
    return checked


def source_digest(function: Callable[..., Any]) -> str | None:
    """`sha256:...` of the file that the function stands in; None where it has no readable file."""
    try:
        file = inspect.getsourcefile(_written(function))
    except (TypeError, ValueError):
        return None
    if file is None or not Path(file).is_file():
        return None
    return f"sha256:{hashlib.sha256(Path(file).read_bytes()).hexdigest()}"


def _written(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - a function or a class
    """What stands in a file: what a partial calls, and the class of an object that can be called."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    return function if inspect.isroutine(function) or inspect.isclass(function) else type(function)


def _import_source(source: str, *, folder: Path, place: str) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    file = folder / source
    if source.endswith(".py") and not file.is_file():
        raise UsageError(f"{place}: there is no file {source} beside the suite; wanted {WANTED}")
    try:
        return _import_file(file) if source.endswith(".py") else importlib.import_module(source)
    except (Exception, SystemExit) as error:  # a stranger's module may fail with anything
        reason = " ".join(str(error).split())[:300]
        raise UsageError(
            f"{place}: importing it failed: {type(error).__name__}: {reason}; mend it, or install it"
        ) from error


def _import_file(file: Path) -> ModuleType:
    """The module in `file`, executed once for each content that the file has had."""
    digest = hashlib.sha256(str(file.resolve()).encode() + b"\0" + file.read_bytes()).hexdigest()[:16]
    name = f"evalslo_target_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
