"""Files that are either the old or the new ones, never half; and one writer at a time."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kyphometer.errors import StudyFileError, StudyFullError

_ABSENT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
"""What drives answer that lack locks or synchronisation altogether: some network and cloud drives,
memory sticks under some systems. Saving goes on without; only a power failure could lose what was
saved in the last seconds."""
_HERE = threading.RLock()
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that it is on disk, whole, when this returns, or as it was before.

    Where the drive cannot promise that (see `_ABSENT`), whole, or as it was before.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:32]}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            _sync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder durable, where the system lets folders be synchronised."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    """Wait until everything is on disk, where the drive knows how; a failing disk is told."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _ABSENT:
            raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; waits while another thread or process holds it.

    The system lets go of the lock if the holder dies. On a drive without locks only the threads of
    this process wait for each other.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _HERE, path.open("ab") as stream:
        _lock(stream.fileno())
        yield


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _ABSENT:
                raise


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Say what the system refused in words that help."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StudyFullError("folder_disk_full", where=folder) from None
        raise StudyFileError(
            "folder_unusable", where=folder, reason=error.strerror or error
        ) from None
