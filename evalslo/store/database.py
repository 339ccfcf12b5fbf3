"""SQLite and PostgreSQL behind one small face: statements with `?`, and transactions that are whole or absent."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from evalslo.errors import MeasurementError, UsageError
from evalslo.store.history_schema import MIGRATIONS, VERSION

BUSY_S = 30.0
TRIES = 8
_LOCK = 7_305_519_428  # of PostgreSQL's advisory locks: any number that nobody else takes
Result = TypeVar("Result")
Row = tuple[Any, ...]


class Database(Protocol):
    """What the history asks of its database."""

    place: str

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """What a statement gives."""
        ...

    def many(self, statement: str, values: Sequence[Sequence[object]]) -> None:
        """Nothing; runs a statement once for each of `values`."""
        ...

    def written(self, work: Callable[[], Result]) -> Result:
        """What `work` gives, in one transaction of writing: all of it is kept, or nothing."""
        ...

    def close(self) -> None:
        """Nothing; lets go of the database."""
        ...


def open_database(where: str | Path) -> Database:
    """The database at a path, or behind a PostgreSQL URL, with today's tables.

    Raises MeasurementError where it cannot be opened, UsageError for another kind of URL.
    """
    if isinstance(where, Path):
        database: Database = Sqlite(where)
    elif where.startswith(("postgresql://", "postgres://")):
        database = Postgres(where)
    else:
        raise UsageError(
            f"EVALSLO_HISTORY: no history of kind {urlsplit(where).scheme!r}; wanted a file, or postgresql://..."
        )
    try:
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _migrate(database: Database) -> None:
    """Nothing; brings the tables to today's version. Several processes may do so at once."""
    if _version(database) == VERSION:
        return

    def work() -> None:
        known = _version(database)
        if known > VERSION:
            raise MeasurementError(
                f"{database.place}: a newer evalslo has written this history (version {known}, this one knows {VERSION}); "
                "update evalslo"
            )
        for statements in MIGRATIONS[known:]:
            for statement in statements:
                database.rows(statement)
        database.rows("DELETE FROM evalslo_history")
        database.rows("INSERT INTO evalslo_history (version) VALUES (?)", (VERSION,))

    database.written(lambda: database.rows("CREATE TABLE IF NOT EXISTS evalslo_history (version INTEGER NOT NULL)"))
    database.written(work)


def _version(database: Database) -> int:
    try:
        found = database.rows("SELECT version FROM evalslo_history")
    except NoTableError:
        return 0
    return int(found[0][0]) if found else 0


class NoTableError(Exception):
    """The database has no tables of ours yet."""


class Sqlite:
    """A SQLite file in WAL mode. What was written is on the disk when `written` returns."""

    def __init__(self, path: Path) -> None:
        self.place = str(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
            with self._telling():
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
        except (OSError, sqlite3.OperationalError) as fault:
            raise MeasurementError(
                f"{path}: the history cannot be opened: {fault}; make its folder writable"
            ) from fault

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """What a statement gives."""
        with self._telling():
            return self._connection.execute(_for_sqlite(statement), values).fetchall()

    def many(self, statement: str, values: Sequence[Sequence[object]]) -> None:
        """Nothing; runs a statement once for each of `values`."""
        with self._telling():
            self._connection.executemany(statement, values)

    def written(self, work: Callable[[], Result]) -> Result:
        """What `work` gives, in one transaction."""
        self.rows("BEGIN IMMEDIATE")
        try:
            result = work()
            self.rows("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return result

    def close(self) -> None:
        """Nothing; lets go of the file."""
        self._connection.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as fault:
            if "no such table: evalslo_history" in str(fault):
                raise NoTableError from fault
            raise MeasurementError(f"{self.place}: the history cannot be used: {fault}") from fault
        except sqlite3.DatabaseError as fault:
            raise MeasurementError(
                f"{self.place}: {fault}; move the file away to begin a new history, or name another in EVALSLO_HISTORY"
            ) from fault


class Postgres:
    """A PostgreSQL database. Transactions that others got in the way of are tried again."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as fault:
            raise UsageError(
                "a history in PostgreSQL needs psycopg, which is not installed: pip install 'evalslo[postgres]'"
            ) from fault
        self._psycopg: Any = psycopg
        self.place = _without_secrets(url)
        try:
            self._connection: Any = psycopg.connect(url, autocommit=True, connect_timeout=int(BUSY_S))
        except psycopg.Error as fault:
            raise MeasurementError(
                f"{self.place}: no history there: {_first_line(fault, url)}; look at EVALSLO_HISTORY"
            ) from None

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """What a statement gives."""
        found = self._run(lambda: self._connection.execute(_for_postgres(statement), values))
        return found.fetchall() if found.description else []

    def many(self, statement: str, values: Sequence[Sequence[object]]) -> None:
        """Nothing; runs a statement once for each of `values`."""
        with self._connection.cursor() as cursor:
            self._run(lambda: cursor.executemany(_for_postgres(statement), values))

    def written(self, work: Callable[[], Result]) -> Result:
        """What `work` gives, in one transaction; writers come one after the other, as with SQLite."""
        for left in range(TRIES, 0, -1):
            try:
                with self._connection.transaction():
                    self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                    return work()
            except (self._psycopg.errors.SerializationFailure, self._psycopg.errors.DeadlockDetected):
                if left == 1:
                    raise
            except self._psycopg.Error as fault:
                raise MeasurementError(f"{self.place}: the history cannot be used: {_first_line(fault, '')}") from None
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Nothing; lets go of the connection."""
        self._connection.close()

    def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except self._psycopg.errors.UndefinedTable as fault:
            raise NoTableError from fault
        except (self._psycopg.errors.SerializationFailure, self._psycopg.errors.DeadlockDetected):
            raise
        except self._psycopg.Error as fault:
            raise MeasurementError(f"{self.place}: the history cannot be used: {_first_line(fault, '')}") from None


def _for_sqlite(statement: str) -> str:
    """Counts lie in the order of their key: a table of numbers has no use for a row number beside it."""
    return f"{statement} WITHOUT ROWID" if statement.startswith("CREATE TABLE counts ") else statement


def _for_postgres(statement: str) -> str:
    return statement.replace("INTEGER PRIMARY KEY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY").replace(
        "?", "%s"
    )


def _without_secrets(url: str) -> str:
    """The URL without its user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{'' if parts.port is None else f':{parts.port}'}{parts.path}"


def _first_line(fault: Exception, url: str) -> str:
    """What the database says, in one line, without the password that stands in the URL."""
    said = (str(fault).strip().splitlines() or [type(fault).__name__])[0]
    secret = urlsplit(url).password
    return said.replace(secret, "***") if secret else said
