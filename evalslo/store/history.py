"""What is kept over time: runs, events by minute and hour, the suites' terms, and overrides.

One file of SQLite by default, a PostgreSQL database where many write at once. Nothing that was recorded is taken back: old
minutes may be compacted away, and then their hours still hold their events.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from evalslo.model.ledger import Feed, Override, Recorded, RunRecord, Series, Span, Tally, TimeSlice
from evalslo.model.terms import Terms
from evalslo.model.window import Period
from evalslo.store.database import Database, Row, open_database
from evalslo.store.history_codec import Noun, decode, encode

MINUTE_S, HOUR_S = 60, 3600
_COLUMNS = ("service", "suite", "environment", "objective", "sli", "source", "tag")
_ADD = """INSERT INTO counts (series, width_s, start, good, bad, unmeasured, not_applicable) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (series, width_s, start) DO UPDATE SET good = counts.good + excluded.good, bad = counts.bad + excluded.bad,
    unmeasured = counts.unmeasured + excluded.unmeasured,
    not_applicable = counts.not_applicable + excluded.not_applicable"""
_READ = "SELECT start, width_s, good, bad, unmeasured, not_applicable FROM counts"


class KeptTerms(Struct, frozen=True, kw_only=True):
    """The newest terms of a suite in an environment."""

    terms: Terms
    environment: str | None


def open_history(where: str | Path) -> "History":
    """The history in a SQLite file, which is made where it is absent, or behind a `postgresql://` URL; close it after use.

    Raises MeasurementError where it cannot be opened or is of a newer version, UsageError where psycopg is missing.
    """
    return History(open_database(where))


class History:
    """An open history. Each method that writes does so whole or not at all, whoever else writes, and whenever it is killed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, record: RunRecord, *, terms: Terms | None, feed: Feed | None) -> Recorded:
        """Keeps a run, the terms of its suite, and its events. The same run again replaces what is said of it.

        A feed whose source and id were there before adds nothing (`fed` False).
        """

        def work() -> Recorded:
            self._keep_run(record)
            if terms is not None:
                self._keep_terms(terms, environment=record.environment, at=record.finished_at or record.started_at)
            return Recorded(fed=False) if feed is None else self._take(feed)

        return self._database.written(work)

    def add_feed(self, feed: Feed) -> Recorded:
        """Keeps events that are of no run, as a batch of traces; `fed` False where they were there before."""
        return self._database.written(lambda: self._take(feed))

    def add_override(self, override: Override) -> None:
        """Keeps an override; the same id again changes nothing."""
        values = (override.id, override.service, override.created_at, encode(override))
        statement = (
            "INSERT INTO overrides (id, service, created_at, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
        )
        self._database.written(lambda: self._database.rows(statement, values))

    def services(self) -> tuple[str, ...]:
        """The services that have a run, by name."""
        return tuple(row[0] for row in self._database.rows("SELECT DISTINCT service FROM runs ORDER BY service"))

    def terms(self, *, service: str | None = None) -> tuple[KeptTerms, ...]:
        """The newest terms of each suite and environment, by name; of one service, or (None) of all."""
        where, values = _where(service=service)
        found = self._database.rows(
            f"SELECT environment, body FROM terms{where} ORDER BY service, suite, environment", values
        )
        return tuple(KeptTerms(terms=self._read(body, Terms), environment=env or None) for env, body in found)

    def spans(
        self, *, service: str, suite: str, environment: str | None, source: str | None = None
    ) -> tuple[Span, ...]:
        """The series of a suite in an environment, and from when to when they have events."""
        where, values = _where(service=service, suite=suite, environment=environment or "", source=source)
        found = self._database.rows(
            f"""SELECT {", ".join(_COLUMNS)}, MIN(start), MAX(start) + {HOUR_S} FROM series
            JOIN counts ON counts.series = series.id AND width_s = {HOUR_S}{where}
            GROUP BY {", ".join(_COLUMNS)} ORDER BY {", ".join(_COLUMNS)}""",
            values,
        )
        return tuple(Span(series=_series(row[:-2]), first=row[-2], last=row[-1]) for row in found)

    def slices(self, series: Series, *, period: Period, minutes: bool) -> tuple[TimeSlice, ...]:
        """The slices of a series in a period that have events, oldest first.

        `minutes`: all of them minutes. Else hours where they lie in the period whole, and minutes at its edges; an edge whose
        minutes were compacted away is left out.
        """
        number = self._number(series)
        if number is None:
            return ()
        if minutes:
            return tuple(self._counts(number, MINUTE_S, period.start, period.end))
        first, last = -(-period.start // HOUR_S) * HOUR_S, period.end // HOUR_S * HOUR_S
        if first >= last:
            return tuple(self._counts(number, MINUTE_S, period.start, period.end))
        return (
            *self._counts(number, MINUTE_S, period.start, first),
            *self._counts(number, HOUR_S, first, last),
            *self._counts(number, MINUTE_S, last, period.end),
        )

    def runs(
        self, *, suite: str | None = None, environment: str | None = None, limit: int | None = None
    ) -> tuple[RunRecord, ...]:
        """Kept runs, newest first; of one suite or environment, or (None) of all."""
        where, values = _where(suite=suite, environment=environment)
        few = "" if limit is None else f" LIMIT {int(limit)}"
        found = self._database.rows(f"SELECT body FROM runs{where} ORDER BY started_at DESC, run_id DESC{few}", values)
        return tuple(self._read(body, RunRecord) for (body,) in found)

    def run(self, run_id: str) -> RunRecord | None:
        """The run of that id; None where it is not in the history."""
        found = self._database.rows("SELECT body FROM runs WHERE run_id = ?", (run_id,))
        return self._read(found[0][0], RunRecord) if found else None

    def overrides(self, *, service: str | None = None) -> tuple[Override, ...]:
        """The overrides, newest first; of one service, or (None) of all."""
        where, values = _where(service=service)
        found = self._database.rows(f"SELECT body FROM overrides{where} ORDER BY created_at DESC, id DESC", values)
        return tuple(self._read(body, Override) for (body,) in found)

    def compact(self, *, before: int) -> int:
        """How many minutes were dropped: those that began before a time in seconds since 1970. Their hours stay."""

        def work() -> int:
            values = (MINUTE_S, before)
            (count,) = self._database.rows("SELECT COUNT(*) FROM counts WHERE width_s = ? AND start < ?", values)[0]
            self._database.rows("DELETE FROM counts WHERE width_s = ? AND start < ?", values)
            return int(count)

        return self._database.written(work)

    def _keep_run(self, record: RunRecord) -> None:
        values = (
            record.run_id,
            record.suite,
            record.service,
            record.environment or "",
            record.started_at,
            encode(record),
        )
        self._database.rows(
            """INSERT INTO runs (run_id, suite, service, environment, started_at, body) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_id) DO UPDATE SET body = excluded.body, environment = excluded.environment""",
            values,
        )

    def _keep_terms(self, terms: Terms, *, environment: str | None, at: str) -> None:
        self._database.rows(
            """INSERT INTO terms (service, suite, environment, at, body) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (service, suite, environment) DO UPDATE SET at = excluded.at, body = excluded.body
            WHERE excluded.at >= terms.at""",
            (terms.service, terms.suite, environment or "", at, encode(terms)),
        )

    def _take(self, feed: Feed) -> Recorded:
        claimed = self._database.rows(
            "INSERT INTO feeds (source, id) VALUES (?, ?) ON CONFLICT (source, id) DO NOTHING RETURNING id",
            (feed.source, feed.id),
        )
        if not claimed:
            return Recorded(fed=False)
        events = 0
        for series, slices in feed.slices.items():
            number = self._number(series) or self._begun(series)
            for width in (MINUTE_S, HOUR_S):
                sums = _summed(slices, width=width)
                self._database.many(_ADD, [(number, width, start, *counts) for start, counts in sorted(sums.items())])
            events += sum(one.tally.good + one.tally.bad for one in slices)
        return Recorded(fed=True, events=events)

    def _number(self, series: Series) -> int | None:
        test = " AND ".join(f"{column} = ?" for column in _COLUMNS)
        found = self._database.rows(f"SELECT id FROM series WHERE {test}", _values(series))
        return int(found[0][0]) if found else None

    def _begun(self, series: Series) -> int:
        marks = ", ".join("?" for _ in _COLUMNS)
        found = self._database.rows(
            f"INSERT INTO series ({', '.join(_COLUMNS)}) VALUES ({marks}) RETURNING id", _values(series)
        )
        return int(found[0][0])

    def _counts(self, number: int, width: int, start: int, end: int) -> Iterator[TimeSlice]:
        found = self._database.rows(
            f"{_READ} WHERE series = ? AND width_s = ? AND start >= ? AND start < ? ORDER BY start",
            (number, width, start, end),
        )
        for at, width_s, good, bad, unmeasured, not_applicable in found:
            tally = Tally(good=good, bad=bad, unmeasured=unmeasured, not_applicable=not_applicable)
            yield TimeSlice(start=at, width_s=width_s, tally=tally)

    def _read(self, body: str, kind: type[Noun]) -> Noun:
        return decode(body, kind, place=self._database.place)


def _where(**wanted: str | None) -> tuple[str, tuple[str, ...]]:
    """A condition on the columns that are wanted of something, and its values; None of a column: all."""
    tests = {column: value for column, value in wanted.items() if value is not None}
    text = " AND ".join(f"{column} = ?" for column in tests)
    return (f" WHERE {text}" if tests else ""), tuple(tests.values())


def _summed(slices: Sequence[TimeSlice], *, width: int) -> Mapping[int, tuple[int, int, int, int]]:
    sums: dict[int, tuple[int, int, int, int]] = {}
    for one in slices:
        at, tally = one.start // width * width, one.tally
        good, bad, unmeasured, not_applicable = sums.get(at, (0, 0, 0, 0))
        sums[at] = (
            good + tally.good,
            bad + tally.bad,
            unmeasured + tally.unmeasured,
            not_applicable + tally.not_applicable,
        )
    return sums


def _values(series: Series) -> tuple[str, ...]:
    return tuple(getattr(series, column) or "" for column in _COLUMNS)


def _series(row: Row) -> Series:
    named = dict(zip(_COLUMNS, row, strict=True))
    return Series(**named | {"environment": named["environment"] or None, "tag": named["tag"] or None})
