"""What of a folder, an archive or a disc may be a film: one rule for every command.

A bad entry never stops the others: what cannot be looked at is passed over with a sentence.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kyphometer.dicom.text import printable
from kyphometer.errors import FilmError, NoPixelsError, NotAFilmError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kyphometer.dicom.archive import Unpacked

FILM_SUFFIXES: Final = frozenset(
    {".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff"}
)
"""Endings of names that claim to be films."""
_NO_FILMS: Final = frozenset(
    {".json", ".csv", ".tsv", ".xlsx", ".ods", ".sav", ".docx", ".pdf", ".html", ".txt", ".md"}
    | {".py", ".ipynb", ".toml", ".yaml", ".sqlite", ".db", ".log"}
)
"""Endings of files that lie beside films and are passed over without a word."""
ARCHIVE: Final = ".zip"
DIRECTORY: Final = "DICOMDIR"
_DEEPEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """An entry that was not looked at, or is no film, and why."""

    path: Path
    sentence: str


def may_be_film(name: str) -> bool:
    """True if a file of that name is worth looking at."""
    hidden = name.startswith(".") or name == DIRECTORY
    return not hidden and Path(name).suffix.lower() not in _NO_FILMS


def is_no_film(path: Path, error: FilmError) -> bool:
    """True if a refusal means that the file is something else, not that a film is damaged.

    A file whose name claims to be a film but holds none is damaged.
    """
    if isinstance(error, NoPixelsError):
        return True
    return isinstance(error, NotAFilmError) and path.suffix.lower() not in FILM_SUFFIXES


class Entries:
    """Files of a folder, of a zip archive or of a DICOMDIR that may be films, by name.

    Hidden entries are left out, links to folders are not followed, zip archives are opened one
    deep and within bounds.

    Parameters
    ----------
    root
        A folder, an archive, a DICOMDIR, or one film.
    unpacked
        Where archives are unpacked to; None passes them over.

    Attributes
    ----------
    passed
        What was passed over, complete once the entries were gone through.
    """

    def __init__(self, root: Path, unpacked: Unpacked | None = None) -> None:
        self._root = root
        self._unpacked = unpacked
        self.passed: list[PassedOver] = []

    def __iter__(self) -> Iterator[os.DirEntry[str] | Path]:
        self.passed = []
        if self._root.is_dir():
            yield from self._folder(self._root)
        elif self._root.name.upper() == DIRECTORY:
            yield from self._directory()
        elif self._root.suffix.lower() == ARCHIVE:
            yield from self._archive(self._root)
        else:
            yield self._root

    def _pass(self, path: Path | str, sentence: str) -> None:
        self.passed.append(PassedOver(path=Path(shown_path(path)), sentence=sentence))

    def _folder(self, folder: Path) -> Iterator[os.DirEntry[str] | Path]:
        """Everything below a folder, in the order of names; no recursion, however deep."""
        waiting: list[Iterator[os.DirEntry[str]]] = [self._listed(folder)]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
                continue
            kind = self._kind(entry)
            if kind == "folder":
                if len(waiting) >= _DEEPEST:
                    self._pass(entry.path, "The folder lies too deep; move it further up.")
                else:
                    waiting.append(self._listed(Path(entry.path)))
            elif kind == "archive":
                yield from self._archive(Path(entry.path))
            elif kind == "file":
                yield entry

    def _listed(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return iter(sorted(entries, key=lambda entry: entry.name))
        except OSError as error:
            reason = error.strerror or "unreadable"
            self._pass(folder, f"The folder cannot be read ({reason}); check its rights.")
            return iter(())

    def _kind(self, entry: os.DirEntry[str]) -> str:
        """`folder`, `archive`, `file`, or empty if it is none of these or was passed over."""
        if entry.name.startswith("."):
            return ""
        try:
            entry.name.encode("utf-8")
        except UnicodeEncodeError:
            self._pass(entry.path, "Its name is not UTF-8; rename it.")
            return ""
        try:
            if entry.is_dir(follow_symlinks=False):
                return "folder"
            if not may_be_film(entry.name):
                return ""
            mode = entry.stat().st_mode
        except OSError as error:
            self._pass(entry.path, f"It cannot be looked at ({error.strerror}); mend or remove it.")
            return ""
        if stat.S_ISDIR(mode):
            self._pass(entry.path, "It is a link to a folder; add that folder itself.")
            return ""
        if not stat.S_ISREG(mode):
            self._pass(entry.path, "It is no ordinary file.")
            return ""
        return "archive" if entry.name.lower().endswith(ARCHIVE) else "file"

    def _archive(self, path: Path) -> Iterator[Path]:
        if self._unpacked is None:
            self._pass(path, "It is an archive; unpack it.")
            return
        for item in self._unpacked.contents(path):
            if isinstance(item, PassedOver):
                self.passed.append(item)
            else:
                yield item

    def _directory(self) -> Iterator[Path]:
        """The files that a DICOMDIR names and that are there."""
        from kyphometer.dicom.media import referenced_files

        for path in referenced_files(self._root):
            if path.is_file():
                yield path
            else:
                self._pass(path, "The DICOMDIR names it, but it is not there.")


def shown_path(path: Path | str) -> str:
    """A path as it can be printed, whatever bytes its name is made of."""
    return printable(os.fsencode(path).decode("utf-8", "backslashreplace"))
