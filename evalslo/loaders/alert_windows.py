"""Burn-rate windows from an AlertWindows file, in the form that Sloth reads (`sloth.slok.dev/v1`).

It has the share of the budget and the windows, and no factors: those follow from the objective's window. `sloPeriod` is what
Sloth computes its factors for; here each objective has its own.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from evalslo.errors import FileFaults
from evalslo.loaders.telling import first_faults, found
from evalslo.loaders.yaml_marks import Document, Keys, Value, read_yaml
from evalslo.model.alert import BurnPair, Severity

KIND, VERSION = "AlertWindows", "sloth.slok.dev/v1"
_NAMES: tuple[Literal["quick"], Literal["slow"]] = ("quick", "slow")
_PART = re.compile(r"([0-9]{1,6})(w|d|h|m|s)")
_DURATION = re.compile(r"([0-9]{1,6}(w|d|h|m|s))+")
_UNIT_S = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def read_alert_windows(path: Path) -> tuple[BurnPair, ...]:
    """The pairs of windows, pages before tickets. Raises FileFaults with all that is wrong in the file."""
    document = read_yaml(path)
    faults = [document.fault(keys, message) for keys, message in _complaints(document)]
    if faults:
        raise FileFaults(first_faults(sorted(faults, key=lambda fault: fault.line or 0)))
    return tuple(
        BurnPair(
            severity=severity,
            name=name,
            budget=Fraction(str(_at(document.value, ("spec", severity, name, "errorBudgetPercent")))) / 100,
            long_s=_seconds(str(_at(document.value, ("spec", severity, name, "longWindow")))),
            short_s=_seconds(str(_at(document.value, ("spec", severity, name, "shortWindow")))),
        )
        for severity in get_args(Severity)
        for name in _NAMES
    )


def _complaints(document: Document) -> Iterator[tuple[Keys, str]]:
    for key, wanted in (("apiVersion", VERSION), ("kind", KIND)):
        if (said := _at(document.value, (key,))) != wanted:
            yield (key,), f"{found(said)}; wanted {wanted}"
    for severity in get_args(Severity):
        for name in _NAMES:
            yield from _pair_complaints(document, ("spec", severity, name))


def _pair_complaints(document: Document, keys: Keys) -> Iterator[tuple[Keys, str]]:
    budget = _at(document.value, (*keys, "errorBudgetPercent"))
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 < budget <= 100:
        yield (*keys, "errorBudgetPercent"), f"{found(budget)}; wanted per cent of the budget, above 0 and at most 100"
    lengths = {key: _at(document.value, (*keys, key)) for key in ("shortWindow", "longWindow")}
    for key, said in lengths.items():
        if not isinstance(said, str) or not _DURATION.fullmatch(said) or _seconds(said) < 60 or _seconds(said) % 60:
            yield (*keys, key), f"{found(said)}; wanted whole minutes, for example 5m, 1h or 3d"
            return
    if _seconds(str(lengths["shortWindow"])) > _seconds(str(lengths["longWindow"])):
        yield (*keys, "shortWindow"), "it is longer than longWindow; wanted a twelfth of it or so"


def _at(value: Value, keys: Keys) -> Value:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) and isinstance(key, str) else None
    return value


def _seconds(said: str) -> int:
    return sum(int(number) * _UNIT_S[unit] for number, unit in _PART.findall(said))
