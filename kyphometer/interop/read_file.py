"""Films with readings that leave: as files that need not be decoded, and as films."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kyphometer.film import Film
from kyphometer.measure import DEFAULT_CORNER_SD_MM
from kyphometer.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadFilm:
    """A film with the reading that leaves.

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

    film: Film
    reading: Reading
    name: str
    earlier: tuple[Reading, ...] = ()
    reason: str = ""
    visit: str | None = None
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadFile:
    """A film's file with the reading that leaves; the film is decoded when it is asked for.

    Attributes
    ----------
    path, frame, spacing_mm
        The film's file, and how it is read; see `kyphometer.dicom.read_film`.
    name, earlier, reason, visit, corner_sd_mm
        As of a `ReadFilm`.
    """

    path: Path
    reading: Reading
    name: str
    frame: int | None = None
    spacing_mm: tuple[float, float] | None = None
    earlier: tuple[Reading, ...] = ()
    reason: str = ""
    visit: str | None = None
    corner_sd_mm: float = DEFAULT_CORNER_SD_MM

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

        return ReadFilm(
            film=read_film(self.path, frame=self.frame, spacing_mm=self.spacing_mm),
            reading=self.reading,
            name=self.name,
            earlier=self.earlier,
            reason=self.reason,
            visit=self.visit,
            corner_sd_mm=self.corner_sd_mm,
        )
