"""What a database says, in words that help."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from kyphometer.errors import StudyError, StudyFileError, StudyFullError

_FULL = "study_disk_full"
_BUSY = "study_busy"
_DAMAGED = "study_file_damaged"
_FORBIDDEN = "study_forbidden"
_FAILED = "study_disk_failed"
_GONE = "study_server_gone"
_REFUSED = "study_server_refused"

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
        return StudyFileError("study_refused", where=where, reason=str(cause).splitlines()[0])
    return (StudyFullError if known is _FULL else StudyFileError)(known, where=where)
