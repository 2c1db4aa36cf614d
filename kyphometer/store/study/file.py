"""Making, opening and closing a study, and its settings."""

from __future__ import annotations

import getpass
import os
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, insert, select, update

from kyphometer import __version__
from kyphometer.errors import StudyFileError
from kyphometer.store.database import audit, migrate
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.connection import Database
from kyphometer.store.database.integrity import problems, require_sound
from kyphometer.store.database.schema import study as study_table
from kyphometer.store.films.file_reader import DicomReader, FilmReader
from kyphometer.store.study import visits
from kyphometer.store.study.settings import StudySettings, settings_from_json, settings_to_json

_UNCHANGED: Any = object()


class StudyFile:
    """What every part of a study stands on: database, reader of films, and who is acting."""

    def __init__(self, database: Database, reader: FilmReader, actor: str) -> None:
        self._database = database
        self._reader = reader
        self._actor = actor
        self._root = "" if database.path is None else str(database.path.parent)

    @property
    def path(self) -> Path | None:
        """The study's file, or None if it is in a database server."""
        return self._database.path

    # ------------------------------------------------------------------ opening and closing

    @classmethod
    def create(
        cls,
        target: str | os.PathLike[str],
        name: str = "",
        *,
        settings: StudySettings | None = None,
        reader: FilmReader | None = None,
        actor: str | None = None,
    ) -> Self:
        """Make a new study and open it.

        Parameters
        ----------
        target
            Path of a new SQLite file, or `postgresql://user@host/database` (an empty one).
        name
            What the study is called; the file's name if empty.
        reader
            How film files are read; by `kyphometer.dicom` if not given.
        actor
            Who works with the study, for the audit trail; the system's user if not given.

        Raises
        ------
        StudyFileError
            If something is there already or nothing can be written there.
        """
        database = Database(target)
        made = cls(database, reader or DicomReader(), actor or system_user())
        database.claim_file()
        try:
            made._make(name or Path(database.where).stem, settings or StudySettings())
        except BaseException:
            made.close()
            database.give_up_file()
            raise
        return made

    @classmethod
    def open(
        cls,
        target: str | os.PathLike[str],
        *,
        reader: FilmReader | None = None,
        actor: str | None = None,
    ) -> Self:
        """Open a study; its format and integrity are checked first.

        Raises
        ------
        StudyFileError
            If it is not there, no study, damaged, or of another format.
        """
        database = Database(target)
        database.require_file()
        try:
            with database.read() as connection:
                migrate.require_current(connection, database.where)
                require_sound(connection, database.where)
        except BaseException:
            database.close()
            raise
        return cls(database, reader or DicomReader(), actor or system_user())

    @property
    def database(self) -> Database:
        """The database underneath, for what is not offered here."""
        return self._database

    def acting_as(self, actor: str) -> Self:
        """The same open study for another person; audit entries name that one."""
        return type(self)(self._database, self._reader, actor)

    def close(self) -> None:
        """Close the study; nothing confirmed is lost if this is never called."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _make(self, name: str, settings: StudySettings) -> None:
        with self._database.write() as connection:
            if migrate.revision_of(connection) is not None:
                raise StudyFileError("study_there_place", where=self._database.where)
            migrate.make_tables(connection)
            row = {
                "id": 1,
                "uid": str(uuid.uuid4()),
                "name": name,
                "settings": settings_to_json(settings),
                "created_at": now_text(),
                "software": f"kyphometer {__version__}",
            }
            connection.execute(insert(study_table).values(**row))
            audit.record(connection, self._actor, "study.create", "study", details=row)

    @property
    def name(self) -> str:
        """What the study is called."""
        with self._database.read() as connection:
            return str(connection.execute(select(study_table.c.name)).scalar_one())

    @property
    def uid(self) -> str:
        """What tells this study from every other, whatever it is called."""
        with self._database.read() as connection:
            return str(connection.execute(select(study_table.c.uid)).scalar_one())

    @property
    def settings(self) -> StudySettings:
        """The study's settings as they are now."""
        with self._database.read() as connection:
            return settings_in(connection)

    def change_settings(self, settings: StudySettings) -> None:
        """Replace the settings; the audit trail keeps what they were."""
        with self._database.write() as connection:
            before = connection.execute(select(study_table.c.settings)).scalar_one()
            after = settings_to_json(settings)
            connection.execute(update(study_table).values(settings=after))
            details = {"before": before, "after": after}
            audit.record(connection, self._actor, "study.settings", "study", details=details)
            visits.refresh(connection, self._actor)

    def check(self) -> tuple[str, ...]:
        """Everything that is wrong with the study, one sentence each; empty if it is sound.

        Looks at the file, the links between its tables, the audit trail's chain of hashes, and
        every reading against the hash under which it was confirmed.
        """
        with self._database.read() as connection:
            return problems(connection)


def settings_in(connection: Connection) -> StudySettings:
    """The study's settings as a transaction sees them."""
    return settings_from_json(connection.execute(select(study_table.c.settings)).scalar_one())


def system_user() -> str:
    """Login of who runs this program, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
