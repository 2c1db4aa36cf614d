"""A copy of a SQLite study while others go on working with it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kyphometer.errors import StudyFileError, StudyRefusedError
from kyphometer.store.database.errors import translate_driver
from kyphometer.store.folder.atomic import sync_folder, told

_PAGES = 2000


def copy_sqlite(
    source: Path, target: Path, progress: Callable[[int, int], None] | None = None
) -> None:
    """Copy a study's file through SQLite's backup, check the copy, and put it in place.

    Raises
    ------
    StudyRefusedError
        If something is at `target` already.
    StudyFileError
        If the study cannot be read, the copy not be written, or the copy is not sound.
    """
    target = Path(os.path.realpath(target.expanduser()))
    if target.exists():
        raise StudyRefusedError("something_there", path=target)
    with told(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            _copy(source, temporary, progress)
            _synchronise(temporary)
            temporary.replace(target)
            sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _copy(source: Path, target: Path, progress: Callable[[int, int], None] | None) -> None:
    def tell(_status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new, pages=_PAGES, progress=tell, sleep=0.01)
            new.execute("PRAGMA journal_mode = DELETE")
            found = new.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise translate_driver(error, source.name) from error
    if found != "ok":
        raise StudyFileError("backup_damaged", where=source.name, found=found)


def _synchronise(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
