"""Opens zip archives of films like folders: unpacked within bounds, once, and never outside."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Final

from kyphometer.dicom.entries import ARCHIVE, PassedOver, may_be_film

MOST_ENTRIES: Final = 20_000
LARGEST_ENTRY: Final = 1 << 30
LARGEST_WHOLE: Final = 8 << 30
MOST_PACKED: Final = 1_000
"""How many times larger than packed an entry may be: deflate reaches 1,032."""
_LONGEST_NAME: Final = 100
_READINGS: Final = ".reading.json"
_SIDECAR: Final = ".kyphometer"


class Unpacked:
    """Where archives are unpacked to.

    Parameters
    ----------
    keep
        True to unpack into a hidden folder beside the archive, where films and readings stay;
        False for a folder that is gone when this is closed.
    """

    def __init__(self, *, keep: bool) -> None:
        self._temporary = None if keep else tempfile.TemporaryDirectory(prefix="kyphometer-")

    def __enter__(self) -> Unpacked:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()

    def contents(self, archive: Path) -> Iterator[Path | PassedOver]:
        """Films of an archive, unpacked, and what was passed over."""
        try:
            facts = archive.stat()
            stamp = hashlib.sha256(f"{facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:8]
            folder = self._place(archive) / f"{archive.name[:_LONGEST_NAME]}-{stamp}"
            with zipfile.ZipFile(archive) as packed:
                yield from _each(archive, packed, folder)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error).rstrip(".") or "damaged"
            sentence = f"The archive cannot be opened ({reason}); unpack it, then add the folder."
            yield PassedOver(path=archive, sentence=sentence)

    def within(self, path: Path) -> Path | None:
        """A file's name in its archive, led by the archive's own; None if it was not unpacked here.

        The same for the same archive at every run of a program.
        """
        if self._temporary is None or not path.is_relative_to(self._temporary.name):
            return None
        return path.relative_to(self._temporary.name)

    def _place(self, archive: Path) -> Path:
        if self._temporary is None:
            return archive.parent / _SIDECAR / "unpacked"
        where = hashlib.sha256(os.path.realpath(archive).encode()).hexdigest()[:8]
        return Path(self._temporary.name) / where


def _each(archive: Path, packed: zipfile.ZipFile, folder: Path) -> Iterator[Path | PassedOver]:
    entries = [entry for entry in packed.infolist() if not entry.is_dir()]
    if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > LARGEST_WHOLE:
        sentence = "The archive is too large to be opened; unpack it, then add the folder."
        yield PassedOver(path=archive, sentence=sentence)
        return
    for entry in sorted(entries, key=lambda item: item.filename):
        name = safe_name(entry.filename)
        if name is None:
            yield _passed(archive, entry, "Its name leads out of the archive.")
        elif name.name.lower().endswith(ARCHIVE):
            yield _passed(archive, entry, "It is an archive in an archive; unpack it.")
        elif name.name.endswith(_READINGS) or may_be_film(name.name):
            problem = _unpack(packed, entry, folder / name)
            if problem is not None:
                yield _passed(archive, entry, problem)
            elif may_be_film(name.name):
                yield folder / name


def _passed(archive: Path, entry: zipfile.ZipInfo, sentence: str) -> PassedOver:
    shown = entry.filename.encode("utf-8", "backslashreplace").decode()[:200]
    return PassedOver(path=archive / shown.lstrip("/"), sentence=sentence)


def safe_name(written: str) -> PurePosixPath | None:
    """A name that stays below the folder; hidden parts make it hidden, long ones are shortened."""
    parts = PurePosixPath(written.replace("\\", "/")).parts
    if not parts or any(part in ("..", "/") or ":" in part or "\0" in part for part in parts):
        return None
    return PurePosixPath(*(_short(part) for part in parts))


def _short(part: str) -> str:
    if len(part.encode("utf-8", "replace")) <= _LONGEST_NAME:
        return part
    mark = hashlib.sha256(part.encode("utf-8", "replace")).hexdigest()[:8]
    stem, dot, suffix = part.rpartition(".")
    ending = f".{suffix}" if dot and len(suffix) < 16 else ""
    return f"{(stem if ending else part)[:24]}~{mark}{ending}"


def _unpack(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> str | None:
    """Write an entry to its place unless it is there already; what is wrong with it, or None."""
    if entry.flag_bits & 1:
        return "It is locked with a password; unpack it."
    if entry.file_size > LARGEST_ENTRY or entry.file_size > MOST_PACKED * (
        entry.compress_size + 1_000
    ):
        return "It would unpack to more than a film can be."
    if target.is_file() and target.stat().st_size == entry.file_size:
        return None
    partial = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(entry) as source, partial.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        partial.replace(target)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        partial.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or "it is damaged"
        return f"It cannot be unpacked ({reason})."
    return None
