"""What a database says, in words that help."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from kyphometer.errors import StudyError, StudyFileError, StudyFullError

_FULL = ("is on a full disk, so that nothing of this was saved", "free some space and save again")
_BUSY = ("is being written by somebody else for too long", "try again in a moment")
_DAMAGED = (
    "is damaged",
    "restore a backup ('kyphometer study backup' makes them) and keep this file for rescue",
)
_FORBIDDEN = ("may not be written or opened", "check the rights of the file and of its folder")
_FAILED = ("cannot be read or written (input or output error)", "check the disk, then save again")
_GONE = ("is on a server that does not answer", "check that PostgreSQL runs, and the address")
_REFUSED = ("is on a server that lets nobody in with this name", "check user, password, database")

_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_IOERR: _FAILED,
}
_POSTGRESQL = {"53": _BUSY, "55": _BUSY, "40": _BUSY, "08": _GONE, "57": _GONE, "28": _REFUSED}


def translate(error: DBAPIError, where: str) -> StudyError:
    """The study's own error for what SQLAlchemy raised."""
    return translate_driver(error.orig, where)


def translate_driver(cause: BaseException | None, where: str) -> StudyError:
    """The study's own error for what a driver raised."""
    if isinstance(cause, sqlite3.Error):
        known = _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    else:
        state = getattr(cause, "sqlstate", None)
        known = _FULL if state == "53100" else _POSTGRESQL.get(state[:2]) if state else _GONE
    if known is None:
        known = (f"refused: {str(cause).splitlines()[0]}", "report this if it comes again")
    return (StudyFullError if known is _FULL else StudyFileError)(where, *known)
