"""What the history keeps: series of counted events, runs, and overrides."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from evalslo.model.policy import FixKind
from evalslo.model.scorecard import Verdict


class Tally(Struct, frozen=True, kw_only=True):
    """Events by what became of them. An event that is unmeasured or not applicable is neither good nor bad."""

    good: int = 0
    bad: int = 0
    unmeasured: int = 0
    not_applicable: int = 0


class Series(Struct, frozen=True, kw_only=True):
    """Whose events these are. Two series are never added up: not other sources, environments, or slices of one objective.

    `objective` is its id, `tag` the slice of the golden set that it speaks of (`language=de`); None: all of it.
    """

    service: str
    suite: str
    environment: str | None
    objective: str
    sli: str
    source: str
    tag: str | None = None


class TimeSlice(Struct, frozen=True, kw_only=True):
    """The events of one series in the `width_s` seconds from `start` (seconds since 1970 UTC, a multiple of `width_s`)."""

    start: int
    width_s: int
    tally: Tally


class Feed(Struct, frozen=True, kw_only=True):
    """Events to be added at once or not at all. A second one with the same `source` and `id` adds nothing.

    The slices are minutes: `width_s` 60.
    """

    id: str
    source: str
    slices: Mapping[Series, tuple[TimeSlice, ...]]


class KeptRow(Struct, frozen=True, kw_only=True):
    """One objective of a kept run, in the space of its target. Numbers are None where it could not be measured."""

    id: str
    text: str
    critical: bool
    verdict: Verdict
    target: float
    estimate: float | None
    lower: float | None
    upper: float | None
    n: int
    good: int | None
    bad: int | None


class RunRecord(Struct, frozen=True, kw_only=True):
    """A run as the history knows it, with or without its folder. Times are ISO 8601 in UTC.

    `verdict` is a run's (`pass`, `fail`, `inconclusive`, `error`, `frozen`). `source` None: it fed no window. `commit` and
    `actor` are those of the machine that ran it; None: unknown.
    """

    run_id: str
    suite: str
    service: str
    environment: str | None
    release: str | None
    variant: str | None
    source: str | None
    verdict: str
    exit_code: int
    started_at: str
    finished_at: str | None
    version: str
    fingerprint: Mapping[str, Any]
    objectives: tuple[KeptRow, ...]
    commit: str | None = None
    actor: str | None = None


class Override(Struct, frozen=True, kw_only=True):
    """Leave to release in spite of the policy: for one release, until `expires_at`, with who and why.

    `kind` is what kind of fix it is, where the policy exempts some; None: an exception of its own. Times are ISO 8601 in UTC.
    """

    id: str
    service: str
    environment: str | None
    release: str
    reason: str
    kind: FixKind | None
    actor: str | None
    commit: str | None
    created_at: str
    expires_at: str


class Recorded(Struct, frozen=True, kw_only=True):
    """What became of adding a run: `fed` False with a `source`: its feed was there already, and nothing was counted twice."""

    fed: bool
    events: int = 0


class Span(Struct, frozen=True, kw_only=True):
    """What a history holds of one series: from the start of its first slice to the end of its last one."""

    series: Series
    first: int
    last: int
