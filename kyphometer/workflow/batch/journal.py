"""What a batch has done, a line a film, so that it goes on where it was stopped.

A line is written whole with one call and flushed, so that it outlives the program, however that
ends; the torn last line of a machine that lost its power is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from kyphometer.errors import BatchFileError, BatchRunningError

Row = dict[str, Any]


class Journal:
    """The journal beside a batch's results; use as a context manager.

    Parameters
    ----------
    path
        Its file; made if it is not there.
    afresh
        Forget what was done before.

    Raises
    ------
    BatchRunningError
        If another program is writing to it.
    BatchFileError
        If it cannot be written.
    """

    def __init__(self, path: Path, *, afresh: bool = False) -> None:
        self._path = path
        self._places: dict[str, tuple[str, int]] = {}
        try:
            self._file = path.open("a+b")
        except OSError as error:
            raise BatchFileError(str(path), error.strerror or "unreadable") from error
        try:
            _lock(self._file.fileno(), path)
        except BatchRunningError:
            self._file.close()
            raise
        if afresh:
            self._file.truncate(0)
        self._read()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _read(self) -> None:
        self._file.seek(0)
        place = 0
        for line in self._file:
            entry = _entry(line)
            if entry is not None:
                self._places[entry["film"]] = (entry["mark"], place)
            elif not line.endswith(b"\n"):
                self._file.truncate(place)
                break
            place += len(line)

    def is_done(self, name: str, mark: str) -> bool:
        """Whether a film is done as it now is."""
        return self._places.get(name, ("", 0))[0] == mark

    def add(self, name: str, mark: str, rows: Sequence[Row]) -> None:
        """A film is done."""
        entry = {"film": name, "mark": mark, "rows": rows}
        line = (json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n").encode()
        place = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise BatchFileError(str(self._path), error.strerror or "unwritable") from error
        self._places[name] = (mark, place)

    def rows(self, name: str) -> list[Row]:
        """The rows of a film that is done."""
        self._file.seek(self._places[name][1])
        rows: list[Row] = json.loads(self._file.readline())["rows"]
        return rows


def _entry(line: bytes) -> dict[str, Any] | None:
    """A line, or None if it is torn or no line of a journal."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(entry, dict) and {"film", "mark", "rows"} <= entry.keys()
    return entry if whole else None


def _lock(handle: int, path: Path) -> None:
    """Hold the file for this process alone, where the system knows how."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover (Windows)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BatchRunningError(str(path)) from error
    except OSError:
        return  # a share that cannot lock
