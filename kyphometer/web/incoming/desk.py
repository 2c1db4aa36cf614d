"""Takes films that are handed in: kept where the store's films lie, taken up by the store's rules.

A file arrives in parts, each within the bound on bodies, in a hidden folder; only a whole one gets
its name, and what holds no film is not kept. Nothing that is there is ever overwritten.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from kyphometer.dicom.archive import safe_name
from kyphometer.dicom.entries import may_be_film
from kyphometer.errors import RequestError, StudyRefusedError
from kyphometer.messages import Word
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.scan.report import ScanFailure
from kyphometer.web.incoming.answers import Incoming, Part, Sentence

STAGING = Path(".kyphometer") / "incoming"
FORGOTTEN_S = 3600.0
"""Parts that nobody went on with for so long are thrown away."""


class IncomingDesk:
    """Takes films for one store.

    Parameters
    ----------
    folder
        Where files are kept; made when the first one arrives.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def take(self, part: Part, data: bytes, store: ReadingStore) -> Incoming:
        """Keep a part; with the last one, the file's films are taken up.

        Raises
        ------
        RequestError
            If the part does not follow those before it.
        StudyRefusedError
            If nothing can be written.
        """
        name = safe_name(part.name)
        refusal = _refused(part, name)
        if refusal or name is None:
            return _told_no(part.name, refusal)
        try:
            with self._lock:
                staged = self._append(part, data)
            if part.at + len(data) < part.size:
                return Incoming(done=False)
            try:
                return self._settle(staged, Path(name), store)
            finally:
                staged.unlink(missing_ok=True)
        except PermissionError as error:
            raise StudyRefusedError(
                "incoming_unwritable", folder=self._folder, reason=error.strerror
            ) from None

    def _append(self, part: Part, data: bytes) -> Path:
        staged = self._folder / STAGING / part.upload
        if part.at == 0:
            staged.parent.mkdir(parents=True, exist_ok=True)
            _forget_old(staged.parent)
            staged.unlink(missing_ok=True)
        here = staged.stat().st_size if staged.is_file() else 0
        if here != part.at or part.at + len(data) > part.size or not (data or part.size == here):
            raise RequestError("incoming_part")
        with staged.open("ab") as out:
            out.write(data)
            if here + len(data) == part.size:
                out.flush()
                os.fsync(out.fileno())
        return staged

    def _settle(self, staged: Path, name: Path, store: ReadingStore) -> Incoming:
        """Give a whole file its name and take its films up; it goes again if there is none."""
        with self._lock:
            target, is_new = _free(self._folder / name, staged)
            if is_new:
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        report = store.add_films(target)
        if is_new and not (report.added or report.known or report.moved):
            target.unlink(missing_ok=True)
        refused = (*report.failed, *report.passed_over)
        return Incoming(
            done=True,
            added=len(report.added),
            known=report.known + len(report.moved),
            refused=self._sentences(refused),
            notes=self._sentences(report.notes),
        )

    def _sentences(self, found: Iterable[ScanFailure]) -> list[Sentence]:
        return [Sentence(name=one.path.name, sentence=one.sentence) for one in found]


def desk_for(store: ReadingStore, stated: Path | None = None) -> IncomingDesk | None:
    """Where films for a store are taken; None if it has no folder to keep them in.

    Parameters
    ----------
    stated
        Folder that goes before that of the store.
    """
    folder = stated or store.films_folder()
    return None if folder is None else IncomingDesk(folder)


def _refused(part: Part, name: PurePosixPath | None) -> str:
    if part.size == 0:
        return str(Word("error.incoming_empty"))
    if name is None:
        return str(Word("error.incoming_outside"))
    if any(piece.startswith(".") for piece in name.parts) or not may_be_film(name.name):
        return str(Word("error.incoming_no_film"))
    return ""


def _told_no(name: str, why: str) -> Incoming:
    shown = name.replace("\\", "/").rpartition("/")[2] or name
    return Incoming(done=True, refused=[Sentence(name=shown, sentence=why)])


def _free(wanted: Path, staged: Path) -> tuple[Path, bool]:
    """A name that is free, or that of the same bytes; and whether it is new."""
    if not wanted.exists():
        return wanted, True
    if wanted.is_file() and filecmp.cmp(wanted, staged, shallow=False):
        return wanted, False
    with staged.open("rb") as stream:
        mark = hashlib.file_digest(stream, "sha256").hexdigest()[:10]
    other = wanted.with_name(f"{wanted.stem}~{mark}{wanted.suffix}")
    return other, not other.exists()


def _forget_old(folder: Path) -> None:
    for staged in folder.iterdir():
        try:
            if time.time() - staged.stat().st_mtime > FORGOTTEN_S:
                staged.unlink()
        except OSError:
            continue
