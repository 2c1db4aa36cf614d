"""Whether a study is sound: quickly whenever it is opened, thoroughly when asked."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, select

from kyphometer.errors import StudyFileError
from kyphometer.store.database import audit
from kyphometer.store.database.schema import readings

_RESTORE = "restore a backup, and keep this file for rescue"


def require_sound(connection: Connection, where: str) -> None:
    """Refuse a damaged SQLite file; PostgreSQL looks after its own files.

    Raises
    ------
    StudyFileError
        Says what is damaged.
    """
    if connection.dialect.name != "sqlite":
        return
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if found != "ok":
        raise StudyFileError("study_damaged", where=where, found=found)


def problems(connection: Connection) -> tuple[str, ...]:
    """Everything that is wrong with a study, one sentence each; empty if it is sound.

    Checks the file, all links between tables, the audit trail's chain of hashes, and every reading
    against the hash under which it was confirmed.
    """
    found = [*_file_problems(connection)]
    broken = audit.first_broken(connection)
    if broken is not None:
        found.append(f"The audit trail was changed from outside, first at entry {broken}.")
    columns = (readings.c.id, readings.c.document, readings.c.sha256)
    for id_, document, sha256 in connection.execute(select(*columns)):
        if hashlib.sha256(document.encode()).hexdigest() != sha256:
            found.append(f"Reading {id_} was changed from outside after it was confirmed.")
    return tuple(found)


def _file_problems(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    lines = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
    links = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    found = [f"The file is damaged: {line}." for line in lines if line != "ok"]
    found += [f"Row {row[1]} of {row[0]} names a row of {row[2]} that is missing." for row in links]
    return found
