"""Every error that a user can meet, as one tree.

    EvalsloError
    ├── UsageError             exit 2: the command or its options make no sense together
    │   └── UnsetVariableError an environment variable that a call needs is not set
    ├── FileFaults             exit 2: a file has faults; it carries all of them at once
    ├── MeasurementError       exit 4: it could not be measured (no home, a run in use, a log that cannot be read)
    └── StatisticsError        a number that no bound can be computed from (NaN, outside [0, 1])

A failed call of an endpoint is not here: it is data, `evalslo.model.CallError`, and counts as an observation.
"""

from typing import ClassVar

from msgspec import Struct


class EvalsloError(Exception):
    """The root: catching it catches everything evalslo raises on purpose."""

    exit_code: ClassVar[int] = 4


class UsageError(EvalsloError):
    """The command or its options make no sense together; nothing was called."""

    exit_code: ClassVar[int] = 2


class UnsetVariableError(UsageError):
    """An environment variable that a call needs is not set: no fault of the suite, as `check` sees it."""


class Fault(Struct, frozen=True):
    """One fault of a file: the place, what was found and wanted, how to mend it.

    `line` counts from 1; None where the file has no lines (a folder, a Parquet file). `where` is the path inside the
    file (`objectives[2]`), "" where the whole file is meant.
    """

    file: str
    line: int | None
    where: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class FileFaults(EvalsloError):
    """All the faults of one or more files, told at once."""

    exit_code: ClassVar[int] = 2

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class MeasurementError(EvalsloError):
    """It could not be measured: there is no verdict, and that is not the model's fault."""

    exit_code: ClassVar[int] = 4


class StatisticsError(EvalsloError):
    """A value that no bound can be computed from: NaN, infinite, or outside its range."""
