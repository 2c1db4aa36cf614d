"""How the store gets at film files; `kyphometer.dicom` unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kyphometer.film import Film, FilmHeader


class FilmReader(Protocol):
    """Reads film files; raises `FilmError` for what is no film."""

    def read_header(self, path: Path) -> FilmHeader:
        """Everything but the pixels."""
        ...

    def read_film(self, path: Path, frame: int) -> Film:
        """The film with its pixels."""
        ...


class DicomReader:
    """Reads films by `kyphometer.dicom`, which is imported when first needed."""

    def read_header(self, path: Path) -> FilmHeader:
        """Everything but the pixels."""
        from kyphometer.dicom import read_header

        return read_header(path)

    def read_film(self, path: Path, frame: int) -> Film:
        """The film with its pixels."""
        from kyphometer.dicom import read_film

        return read_film(path, frame=frame)
