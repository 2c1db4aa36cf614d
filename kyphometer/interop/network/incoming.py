"""Films on their way in: a part file until they are whole, their own name only then."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from kyphometer.errors import (
    FolderFullError,
    PacsAnswerError,
    PacsDoubledError,
    PacsTooLargeError,
)
from kyphometer.interop.network.archive import is_uid
from kyphometer.interop.network.doubles import differences
from kyphometer.interop.network.headers import header_of
from kyphometer.store.folder.atomic import sync_folder

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
PART: Final = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A film that has arrived whole."""

    sop_instance_uid: str
    path: Path
    size: int


class PartFile:
    """The file that a film is written to; bounded."""

    def __init__(self, stream: BinaryIO, folder: Path, source: str, most_bytes: int) -> None:
        self._stream = stream
        self._folder = folder
        self._source = source
        self._most = most_bytes
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Add bytes.

        Raises
        ------
        PacsTooLargeError
            Beyond the bound on a film.
        FolderFullError
            If there is no room.
        """
        self.size += len(piece)
        if self.size > self._most:
            raise PacsTooLargeError(self._source, self._most)
        with room(self._folder):
            self._stream.write(piece)

    def finish(self) -> None:
        """Bring everything to the disk."""
        with room(self._folder):
            self._stream.flush()
            os.fsync(self._stream.fileno())


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Say in a sentence that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise FolderFullError(folder) from None
        raise


class Incoming:
    """A folder that films arrive in, as `STUDY UID/SOP UID.dcm`.

    Parameters
    ----------
    folder
        Made if it is not there.
    source
        Who sends, for sentences.
    most_bytes
        Bound on one film.
    on_kept
        Told of each film that is whole and has its name.
    """

    def __init__(
        self, folder: Path, source: str, most_bytes: int, on_kept: Callable[[Kept], None]
    ) -> None:
        self._folder = folder
        self._source = source
        self._most = most_bytes
        self._on_kept = on_kept
        with room(folder):
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def receive(self, sop_instance_uid: str) -> Iterator[PartFile]:
        """Take a film in; it gets its name if the block ends without an error and it is whole.

        Raises
        ------
        PacsAnswerError
            If what came is not the film that was asked for.
        PacsDoubledError
            If another film has its name.
        """
        temporary = self._temporary(sop_instance_uid)
        try:
            with room(self._folder), temporary.open("wb") as stream:
                part = PartFile(stream, self._folder, self._source, self._most)
                yield part
                part.finish()
            path = self._name(temporary, sop_instance_uid)
            if path.exists():
                self._require_same(path, temporary, sop_instance_uid)
            with room(self._folder):
                path.parent.mkdir(exist_ok=True)
                temporary.replace(path)
                sync_folder(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._on_kept(Kept(sop_instance_uid=sop_instance_uid, path=path, size=part.size))

    @contextmanager
    def compare(self, sop_instance_uid: str, here: Path) -> Iterator[PartFile]:
        """Take a film in that is here already, only to see that it is the same.

        Raises
        ------
        PacsDoubledError
            If it is another.
        """
        temporary = self._temporary(sop_instance_uid)
        try:
            with room(self._folder), temporary.open("wb") as stream:
                yield PartFile(stream, self._folder, self._source, self._most)
            self._require_same(here, temporary, sop_instance_uid)
        finally:
            temporary.unlink(missing_ok=True)

    def _temporary(self, sop_instance_uid: str) -> Path:
        if not is_uid(sop_instance_uid):
            raise PacsAnswerError("wrong_uid", source=self._source)
        return self._folder / f".{sop_instance_uid}.{os.getpid()}{PART}"

    def _require_same(self, here: Path, other: Path, uid: str) -> None:
        found = differences(here, other, self._source)
        if found:
            raise PacsDoubledError(self._source, uid, found)

    def _name(self, temporary: Path, sop_instance_uid: str) -> Path:
        elements = header_of(temporary, self._source)
        if elements.code("SOPInstanceUID") != sop_instance_uid:
            raise PacsAnswerError("another_film", source=self._source)
        study = elements.code("StudyInstanceUID")
        inner = study if is_uid(study) else "no-study"
        return self._folder / inner / f"{sop_instance_uid}.dcm"


def sweep(folder: Path) -> None:
    """Remove part files that a run which was ended hard has left."""
    for path in folder.glob(f".*{PART}"):
        path.unlink(missing_ok=True)
