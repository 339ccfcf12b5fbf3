"""The coverage benchmark: `python -m benchmarks.coverage`."""

from types import ModuleType

from benchmarks.coverage import (
    clusters,
    designs,
    judge,
    means,
    paired,
    plans,
    proportions,
    quantiles,
    sequential,
    traps,
)

TABLES: dict[str, ModuleType] = {
    "A": proportions,
    "B": means,
    "C": clusters,
    "D": paired,
    "E": quantiles,
    "F": sequential,
    "G": plans,
    "I": judge,
    "T": traps,
    "W": designs,
}
