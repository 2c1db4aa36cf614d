"""Connections and transactions: SQLite file or PostgreSQL, durable, one writer at a time.

A transaction from `write` is committed durably when its block ends, or leaves no trace. Writers
wait for each other (SQLite: `BEGIN IMMEDIATE`; PostgreSQL: an advisory lock on the study), so that
what a writer has read is still true when it writes; in PostgreSQL those of different drafts need
not. Readers wait for nobody.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, insert, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, NoSuchModuleError

from kyphometer.errors import StudyError, StudyFileError, StudyRefusedError
from kyphometer.store.database.errors import translate, translate_driver
from kyphometer.store.database.schema import APPLICATION_ID

BUSY_SECONDS = 30
KEPT = 16
"""Connections to PostgreSQL that are kept: one costs it a process and ten times a question."""
MOST = 40
"""Connections at once: as many as a web server has threads that ask."""
UNASKED_S = 1.0
"""A connection that lay idle longer is asked whether it still stands before it is used."""
_BEGIN = "kyphometer_begin"
_STUDY = "hashtext('kyphometer:' || current_schema)"
_LOCK_ALL = text(f"SELECT pg_advisory_xact_lock({_STUDY}), CAST(:place AS text)")
_LOCK_PLACE = text(
    f"SELECT pg_advisory_xact_lock_shared({_STUDY}),"
    " pg_advisory_xact_lock(hashtext(current_schema), hashtext(:place))"
)


class Database:
    """A study's database.

    Attributes
    ----------
    where
        Path or address (without password), for messages.
    path
        The SQLite file, or None.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        url = _url(target)
        self.path = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
        self.where = self.path.name if self.path else url.render_as_string(hide_password=True)
        self._engine = _sqlite_engine(url) if self.path else _postgresql_engine(url)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """True for a SQLite file, False for PostgreSQL."""
        return self.path is not None

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one consistent state and writes nothing."""
        level = None if self.is_sqlite else "REPEATABLE READ"
        options: dict[str, Any] = {} if level is None else {"isolation_level": level}
        with self._translated(), self._engine.execution_options(**options).begin() as connection:
            yield connection

    @contextmanager
    def write(self, place: str | None = None) -> Iterator[Connection]:
        """A transaction that no other writer disturbs; durable when the block ends.

        Parameters
        ----------
        place
            Name of the one place that is written to, if nothing else is: writers to other places
            then need not wait, where the database can do that (PostgreSQL).
        """
        writer = self._engine.execution_options(**{_BEGIN: "IMMEDIATE"})
        with self._translated(), writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(_LOCK_ALL if place is None else _LOCK_PLACE, {"place": place})
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise translate(error, self.where) from error

    def claim_file(self) -> None:
        """Make a new, empty SQLite file in write-ahead mode.

        Raises
        ------
        StudyFileError
            If something is there already, or nothing may be written there.
        """
        if self.path is None:
            return
        try:
            self.path.touch(exist_ok=False)
        except FileExistsError:
            raise StudyFileError("study_there_open", where=self.path) from None
        except OSError as error:
            raise StudyFileError("study_not_made", where=self.path, reason=error.strerror) from None
        try:
            with closing(sqlite3.connect(self.path)) as connection:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            self.give_up_file()
            raise _unsafe_drive(error, self.path) from error

    def give_up_file(self) -> None:
        """Take away a SQLite file that `claim_file` made and nothing was put into."""
        if self.path is not None:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def require_file(self) -> None:
        """Refuse a file that is not there or is no study.

        Raises
        ------
        StudyFileError
            Says what the file is instead.
        """
        if self.path is None:
            return
        if self.path.is_dir():
            raise StudyFileError("study_is_folder", where=self.path)
        if not self.path.is_file():
            raise StudyFileError("study_not_there", where=self.path)
        if not is_study(self.path):
            raise StudyFileError("no_study", where=self.path)
        _write_ahead(self.path)


class Snapshot(Database):
    """A study's database as one read transaction sees it; for one thread, and never written to."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.path, self.where = database.path, database.where
        self._engine = database.engine
        self._connection = connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """The one transaction."""
        yield self._connection

    @contextmanager
    def write(self, place: str | None = None) -> Iterator[Connection]:  # noqa: ARG002
        """Refused.

        Raises
        ------
        StudyRefusedError
            Always.
        """
        raise StudyRefusedError("snapshot_read_only")
        yield  # a context manager must be a generator

    def close(self) -> None:
        """Nothing: the study itself is closed where it was opened."""


def _unsafe_drive(error: sqlite3.Error, path: Path) -> StudyError:
    """What to say where a new file cannot even be begun: most often the drive is not fit for it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR):
        return translate_driver(error, path.name)
    return StudyFileError("study_unsafe_drive", where=path.name)


def is_study(path: Path) -> bool:
    """True if a file is SQLite's and marked as a study.

    Asked through SQLite alone: to open and close the file otherwise would let go of the locks that
    this process holds on it.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            return False
        raise translate_driver(error, path.name) from error


def _write_ahead(path: Path) -> None:
    """Put a study that is a backup's copy, one file, into write-ahead mode again.

    Without it whoever reads makes writers wait. Where it cannot be (nothing may be written there,
    somebody is at work) it stays as it is.
    """
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=1)) as opened:
        opened.execute("PRAGMA journal_mode = WAL")


def insert_row(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    """Insert one row; its number."""
    key = connection.execute(insert(table), row).inserted_primary_key
    if key is None:  # pragma: no cover - every table here has a primary key
        raise StudyFileError("study_no_number", where=table.name)
    return int(key[0])


def _url(target: str | os.PathLike[str]) -> URL:
    name = str(target)
    if "://" not in name:
        return URL.create("sqlite", database=os.path.realpath(Path(name).expanduser()))
    try:
        url = make_url(name)
    except (ArgumentError, ValueError):
        raise StudyFileError("study_address") from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return URL.create("sqlite", database=os.path.realpath(Path(url.database).expanduser()))
    where = url.render_as_string(hide_password=True)
    raise StudyFileError("study_other_database", where=where)


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Make each connection safe; transactions are begun by `_begin_sqlite`, not by the driver."""
    connection.isolation_level = None
    for pragma in (
        "foreign_keys = ON",
        "synchronous = FULL",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _postgresql_engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=KEPT,
            max_overflow=MOST - KEPT,
            pool_use_lifo=True,
            connect_args={"connect_timeout": 10},
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StudyFileError(
            "study_no_driver", where=url.render_as_string(hide_password=True)
        ) from None
    event.listen(engine, "connect", _configure_postgresql)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", lambda *found: _require_alive(engine, *found))
    return engine


def _configure_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET lock_timeout = '{BUSY_SECONDS}s'; SET synchronous_commit = on;"
            " SET timezone = 'UTC'"
        )
    connection.commit()


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _require_alive(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """What `pool_pre_ping` does, for connections that lay idle: a question less for the others."""
    used = record.info.get("used")
    if used is None or time.monotonic() - used < UNASKED_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error
