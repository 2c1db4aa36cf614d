"""Films with readings that leave: as files that need not be decoded, and as films."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from kyphometer.film import Film
from kyphometer.measure import DEFAULT_CORNER_SD_MM
from kyphometer.reading import Reading


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaving:
    """A reading that leaves, with what is told of it.

    Attributes
    ----------
    name
        Name of its files, without suffix.
    earlier
        Earlier versions of the reading, oldest first.
    reason
        Why the version before was corrected.
    visit
        Name of the visit; None takes that of the film's header.
    corner_sd_mm
        SD of a hand-marked corner, behind the uncertainties.
    """

    reading: Reading
    name: str
    earlier: tuple[Reading, ...] = ()
    reason: str = ""
    visit: str | None = None
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadFilm(Leaving):
    """A film with the reading that leaves."""

    film: Film


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadFile(Leaving):
    """A film's file with the reading that leaves; the film is decoded when it is asked for.

    Attributes
    ----------
    path, frame, spacing_mm
        The film's file, and how it is read; see `kyphometer.dicom.read_film`.
    """

    path: Path
    frame: int | None = None
    spacing_mm: tuple[float, float] | None = None

    @cached_property
    def sha256(self) -> str:
        """Of the film's file."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def read(self) -> ReadFilm:
        """The film itself, with all else.

        Raises
        ------
        FilmError
            If it cannot be read.
        """
        from kyphometer.dicom import read_film

        film = read_film(self.path, frame=self.frame, spacing_mm=self.spacing_mm)
        told = {one.name: getattr(self, one.name) for one in fields(Leaving)}
        return ReadFilm(film=film, **told)
