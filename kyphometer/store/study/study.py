"""A study: films, patients, readings and everything else, in one database."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from kyphometer.errors import StudyFileError
from kyphometer.store.database import audit, migrate
from kyphometer.store.database.connection import Database
from kyphometer.store.films.file_reader import DicomReader, FilmReader
from kyphometer.store.folder.folder import FolderStore
from kyphometer.store.people.accounts import StudyAccounts
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.sessions.sessions import Sessions
from kyphometer.store.study.data import StudyData
from kyphometer.store.study.file import system_user
from kyphometer.store.study.status import StudyStatus, status
from kyphometer.store.transfer.backup import copy_sqlite
from kyphometer.store.transfer.export import write_export
from kyphometer.store.transfer.restore import restore
from kyphometer.store.transfer.target import export_source, export_target


class Study(StudyData, StudyAccounts):
    """An open study; use it in a `with` block, from any thread.

    Everything that writes is one transaction: when the call returns it is on disk; if it raises
    nothing of it was saved. `Study` offers what `ReadingStore` describes, and more.
    """

    @property
    def sessions(self) -> Sessions:
        """Blinded reading sessions."""
        return Sessions(self._database, self._actor)

    def audit(self, subject: str | None = None) -> tuple[audit.AuditEntry, ...]:
        """The audit trail, oldest first; of one subject such as `film 12`, or whole."""
        with self._database.read() as connection:
            return audit.entries(connection, subject)

    def status(self) -> StudyStatus:
        """How far the study is, in numbers."""
        with self._database.read() as connection:
            return status(connection, self._database.where)

    # ------------------------------------------------------------------ copies

    def export(self, target: str | os.PathLike[str], *, accounts: bool = False) -> dict[str, int]:
        """Write the whole study as JSON lines and CSV; rows by table.

        Parameters
        ----------
        target
            A new folder, or a new file that ends in `.zip`.
        accounts
            Also write the accounts with their password hashes.
        """
        values = (*self.measurements(), *self.measured_elsewhere())
        with (
            self._database.read() as connection,
            export_target(Path(target)) as open_text,
        ):
            return write_export(
                connection, open_text, root=self._root, accounts=accounts, values=values
            )

    def backup(
        self,
        target: str | os.PathLike[str],
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Copy the study while others go on working with it.

        SQLite: a file that `Study.open` opens. PostgreSQL: an export (with accounts) that
        `Study.import_export` takes; name a folder or a zip file.
        """
        if self._database.path is not None:
            copy_sqlite(self._database.path, Path(target), progress)
        else:
            self.export(target, accounts=True)

    @classmethod
    def import_export(
        cls,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        reader: FilmReader | None = None,
        actor: str | None = None,
    ) -> Self:
        """Make a study from an export, the same to the last entry of the audit trail, and open it.

        Raises
        ------
        StudyRefusedError
            If the export is damaged.
        StudyFileError
            If there is a study at `target` already.
        """
        database = Database(target)
        who = actor or system_user()
        with export_source(Path(source)) as open_text:
            database.claim_file()
            try:
                with database.write() as connection:
                    if migrate.revision_of(connection) is not None:
                        raise StudyFileError("study_there", where=database.where)
                    restore(connection, open_text, who)
            except BaseException:
                database.close()
                database.give_up_file()
                raise
        return cls(database, reader or DicomReader(), who)

    @classmethod
    def upgrade(cls, target: str | os.PathLike[str], *, backup: Path | None = None) -> Path | None:
        """Bring a study of an earlier version up to date; where the copy of it is.

        Parameters
        ----------
        backup
            Where to copy a SQLite study to beforehand; beside it if not given. A PostgreSQL study
            is not copied: back it up with `pg_dump` first.
        """
        database = Database(target)
        database.require_file()
        try:
            copy = None
            if database.path is not None:
                copy = backup or migrate.copy_name(database)
                copy_sqlite(database.path, copy)
            migrate.upgrade(database)
        finally:
            database.close()
        return copy


def _offered(study: Study, folder: FolderStore) -> tuple[ReadingStore, ...]:
    """Both keep the promises of `ReadingStore`, as far as types can tell."""
    return (study, folder)
