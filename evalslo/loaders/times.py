"""What a suite says of time: its window, how budgets are counted, alerts, and agreements."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from evalslo.errors import FileFaults
from evalslo.loaders.alert_windows import read_alert_windows
from evalslo.loaders.grammar import ParsedObjective
from evalslo.loaders.objectives import Complaint, Entry
from evalslo.loaders.policy import check_policy
from evalslo.loaders.telling import quoted, unknown
from evalslo.loaders.yaml_marks import Keys
from evalslo.model.alert import AlertRules
from evalslo.model.policy import Agreement
from evalslo.model.window import BudgetRules, CalendarUnit, Window

if TYPE_CHECKING:
    from evalslo.loaders.schema import AlertsKeys, BudgetingKeys, CalendarKeys, SuiteFile

UNIT_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CALENDARS: dict[str, CalendarUnit] = {
    "calendar-week": "week",
    "calendar-month": "month",
    "calendar-quarter": "quarter",
}


def read_window(said: "str | CalendarKeys") -> Window:
    """The window that a suite names; its time zone was found to be one before."""
    if not isinstance(said, str):
        return Window(text=f"calendar-{said.calendar}", calendar=said.calendar, timezone=said.timezone)
    if said in _CALENDARS:
        return Window(text=said, calendar=_CALENDARS[said])
    return Window(text=said, length_s=seconds(said))


def read_budgeting(said: "str | BudgetingKeys") -> BudgetRules:
    """How budgets are counted; slice and target fit the method, as was found before."""
    if isinstance(said, str):
        return BudgetRules()
    return BudgetRules(
        method=said.method,
        slice_s=None if said.slice is None else seconds(said.slice),
        slice_target=None if said.target is None else share(said.target),
    )


def read_alerts(said: "str | AlertsKeys", *, folder: Path) -> AlertRules | None:
    """The burn-rate alerts, with pairs only where they come from a file; None where the suite wants none."""
    if isinstance(said, str):
        return None
    pairs = () if said.windows is None else read_alert_windows(folder / said.windows)
    return AlertRules(
        preset=said.preset or "sre-workbook" if said.windows is None else said.windows,
        pairs=pairs,
        cadence_s=seconds(said.cadence),
        on_no_data=said.on_no_data,
    )


def read_agreements(model: "SuiteFile") -> tuple[Agreement, ...]:
    """The service level agreements, in the order of the file."""
    return tuple(
        Agreement(
            objective=name,
            target=share(said.target),
            window=read_window(model.window if said.window is None else said.window),
            remedy=said.remedy,
        )
        for name, said in model.sla.items()
    )


def check_times(model: "SuiteFile", entries: Sequence[Entry], *, folder: Path) -> Iterator[Complaint]:
    """What the schema cannot see: time zones, methods without their slice, agreements that owe more than the objective."""
    yield from _check_zone(model.window, keys=("window",))
    if not isinstance(model.budgeting, str):
        yield from _check_budgeting(model.budgeting)
    if not isinstance(model.alerts, str):
        yield from _check_alerts(model.alerts, folder=folder)
    yield from check_policy(model.policy)
    yield from _check_agreements(model, entries)


def _check_zone(said: "str | CalendarKeys | None", *, keys: Keys) -> Iterator[Complaint]:
    if said is not None and not isinstance(said, str) and not is_zone(said.timezone):
        yield (*keys, "timezone"), no_zone(said.timezone)


def is_zone(name: str) -> bool:
    """Whether the system knows a time zone of that name."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found, a folder, or a path that leads elsewhere
        return False
    return True


def no_zone(name: str) -> str:
    """What is said of a name that is no time zone."""
    return f"no time zone {quoted(name)} is known here; wanted an IANA name, for example Europe/Berlin or UTC"


def _check_budgeting(said: "BudgetingKeys") -> Iterator[Complaint]:
    keys: Keys = ("budgeting",)
    if said.method == "occurrences":
        for key in ("slice", "target"):
            if getattr(said, key) is not None:
                yield (
                    (*keys, key),
                    "occurrences counts events and has no slices; leave it out, or say method: timeslices",
                )
        return
    if said.slice is None:
        yield keys, f"{said.method} needs the length of a slice: slice: 5m"
    if said.method == "timeslices" and said.target is None:
        yield keys, "timeslices needs the share of good events that makes a slice good: target: 95%"
    if said.method == "ratio-timeslices" and said.target is not None:
        yield (
            (*keys, "target"),
            "ratio-timeslices takes the mean of the slices and has no target of its own; leave it out",
        )
    if said.target is not None and not 0 < share(said.target) <= 1:
        yield (*keys, "target"), f"{said.target} found; wanted more than 0 % and at most 100 %"


def _check_alerts(said: "AlertsKeys", *, folder: Path) -> Iterator[Complaint]:
    if said.windows is None:
        return
    if said.preset is not None:
        yield ("alerts",), "preset and windows both say which windows; leave one of them out"
    try:
        read_alert_windows(folder / said.windows)
    except FileFaults as faults:
        yield ("alerts", "windows"), "; ".join(map(str, faults.faults))


def _check_agreements(model: "SuiteFile", entries: Sequence[Entry]) -> Iterator[Complaint]:
    known = {entry.id: entry for entry in entries if entry.id is not None}
    for name, said in model.sla.items():
        keys: Keys = ("sla", name)
        yield from _check_zone(said.window, keys=(*keys, "window"))
        owed = share(said.target)
        if not 0 < owed < 1:
            yield (*keys, "target"), f"{said.target} found; wanted more than 0 % and less than 100 %"
        entry = known.get(name)
        if entry is None:
            yield keys, unknown(name, known, what="objective")
        elif entry.parsed is not None:
            yield from _check_looser(entry.text, entry.parsed, owed, keys=keys)


def _check_looser(text: str, parsed: ParsedObjective, owed: Fraction, *, keys: Keys) -> Iterator[Complaint]:
    if parsed.shape == "mean":
        yield (
            keys,
            f"{quoted(text)} is a mean and has no good and bad events to agree on; say it for NN% of requests",
        )
        return
    target = parsed.target if parsed.op == ">=" else 1 - parsed.target
    if owed >= target:
        said = f"{per_cent(owed)} are owed where the objective wants {per_cent(target)}"
        yield (
            (*keys, "target"),
            f"{said}; an agreement must be looser than its objective, so that one knows before it is broken",
        )


def seconds(said: str) -> int:
    """`28d` in seconds."""
    return int(said[:-1]) * UNIT_S[said[-1]]


def share(said: str) -> Fraction:
    """`99.5%` as an exact share."""
    return Fraction(said.removesuffix("%")) / 100


def per_cent(value: Fraction) -> str:
    """A share in per cent, as a suite says it."""
    return f"{float(value * 100):g}%"
