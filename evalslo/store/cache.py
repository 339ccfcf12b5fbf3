"""Answers that were paid for once, found again by what was asked: for development, and never silently on.

One SQLite file under the home, shared by every suite and process that asks for it. An answer is found by what was asked of
whom, so what changes either finds nothing; deleting the file costs nothing but the calls.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from evalslo.errors import MeasurementError
from evalslo.model.golden import Context
from evalslo.model.sample import Request, Response, Usage
from evalslo.store.run_folder import keep_out_of_git

if TYPE_CHECKING:
    import sqlite3

KEY_SCHEMA = "evalslo.cache/1"
FILE_SCHEMA = 1
APPLICATION_ID = 0x65736C6F  # "eslo": what tells this file from another program's
OPENING_WAIT_S = 5.0
BUSY_WAIT_MS = 50  # a process that waits for another one is late for every call in flight
PAGES_BETWEEN_CHECKPOINTS = 250  # 1 MB: written back in well under a millisecond
_DELETE = "delete it; it holds nothing but answers that can be asked for again"
_encoder = msgspec.json.Encoder(order="deterministic")


class _Kept(msgspec.Struct, omit_defaults=True):
    """An answer without its times: they were another run's."""

    answer: str
    contexts: tuple[Context, ...] | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    finish_reason: str | None = None


_decoder = msgspec.json.Decoder(_Kept)


def cache_file(home: Path) -> Path:
    """Where the answers lie. It may be deleted at any time that no run uses it, with the files beside it."""
    return home / "cache" / "responses.sqlite"


def response_key(fingerprint: Mapping[str, Any], request: Request) -> bytes:
    """What an answer is found by: a digest of the endpoint's fingerprint and of all that it is asked, the repeat included.

    The query's id is part of it: golden rows of the same words are samples of their own. No key of an API is in it, as none
    is in a fingerprint.
    """
    asked = [KEY_SCHEMA, dict(fingerprint), request.query_id, request.repeat, request.fields]
    return hashlib.sha256(_canonical(asked)).digest()


def _canonical(value: object) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:  # half a surrogate, which UTF-8 cannot hold and JSON's own escapes can
        return json.dumps(msgspec.to_builtins(value, order="deterministic")).encode()


class ResponseCache:
    """The kept answers of one home, open. What goes wrong with it after it was opened costs answers, and never a run.

    `fault` says what went wrong first, for whoever tells the user; None: nothing did.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._file = cache_file(home)
        self._database: sqlite3.Connection | None = None
        self.fault: str | None = None

    def __enter__(self) -> Self:
        """Raises `MeasurementError` where there can be no cache, or what lies there is none."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            keep_out_of_git(self._home)
        except OSError as fault:
            raise MeasurementError(
                f"{self._file}: cannot keep answers here: {fault.strerror}; set EVALSLO_HOME, or run without --cache"
            ) from fault
        self._database = _open(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import sqlite3

        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()

    def get(self, key: bytes) -> Response | None:
        """The answer kept for `key`, with no times of its own; None where there is none that can be read."""
        import sqlite3

        if self._database is None:
            return None
        try:
            row = self._database.execute("SELECT response FROM responses WHERE key = ?", (key,)).fetchone()
            return None if row is None else _decoded(row[0])
        except sqlite3.Error as fault:
            self._note(fault)
            return None

    def put(self, key: bytes, response: Response) -> None:
        """Keeps a live answer; an error, a recorded answer and one that came from here are left out."""
        import sqlite3

        if self._database is None or response.answer is None or response.error or response.timing != "live":
            return
        try:
            kept = _encoded(response, response.answer)
            self._database.execute("INSERT OR REPLACE INTO responses VALUES (?, ?)", (key, kept))
        except UnicodeEncodeError:  # an answer with half a surrogate cannot be kept as it is
            return
        except sqlite3.Error as fault:
            self._note(fault)

    def _note(self, fault: "sqlite3.Error") -> None:
        self.fault = self.fault or f"{self._file}: {fault}; the answers that it could not keep are called again"


def _encoded(response: Response, answer: str) -> bytes:
    return _encoder.encode(
        _Kept(
            answer=answer,
            contexts=response.contexts,
            usage=response.usage,
            cost_usd=response.cost_usd,
            model=response.model,
            finish_reason=response.finish_reason,
        )
    )


def _decoded(data: object) -> Response | None:
    """The answer in one row; None where the row is no answer."""
    try:
        kept = _decoder.decode(data)  # type: ignore[arg-type] # a stranger's row may hold anything; that raises TypeError
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None
    return Response(
        answer=kept.answer,
        contexts=kept.contexts,
        usage=kept.usage,
        cost_usd=kept.cost_usd,
        model=kept.model,
        finish_reason=kept.finish_reason,
        timing="cached",
    )


def _open(file: Path) -> "sqlite3.Connection":
    import sqlite3

    database = None
    try:
        database = sqlite3.connect(file, timeout=OPENING_WAIT_S, isolation_level=None)
        _prepare(database, file)
    except sqlite3.OperationalError as fault:  # locked, read-only, no space: the file itself may be sound
        _close(database)
        raise MeasurementError(f"{file}: cannot be used: {fault}; make it writable, or run without --cache") from fault
    except sqlite3.DatabaseError as fault:
        _close(database)
        raise MeasurementError(f"{file}: not a cache that can be read: {fault}; {_DELETE}") from fault
    except MeasurementError:
        _close(database)
        raise
    return database


def _close(database: "sqlite3.Connection | None") -> None:
    if database is not None:
        database.close()


def _prepare(database: "sqlite3.Connection", file: Path) -> None:
    """Makes the file ready, or says what it is instead. Every put is a transaction of its own: a kill loses none."""
    _refuse_foreign(database, file)
    # no waiting for the disk: a process that dies loses nothing, a machine that dies may cost the file
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}")
    database.execute("BEGIN IMMEDIATE")
    database.execute("CREATE TABLE IF NOT EXISTS responses (key BLOB PRIMARY KEY, response BLOB NOT NULL)")
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {FILE_SCHEMA}")
    database.execute("COMMIT")
    database.execute(f"PRAGMA busy_timeout = {BUSY_WAIT_MS}")


def _refuse_foreign(database: "sqlite3.Connection", file: Path) -> None:
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (schema,) = database.execute("PRAGMA user_version").fetchone()
    if tables and application != APPLICATION_ID:
        raise MeasurementError(f"{file}: the database of another program; move it away, or set EVALSLO_HOME")
    if tables and schema != FILE_SCHEMA:
        raise MeasurementError(f"{file}: kept by another version of evalslo (schema {schema}); {_DELETE}")
