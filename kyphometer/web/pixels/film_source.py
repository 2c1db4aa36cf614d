"""Where the pixels of a film are found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSource:
    """Where the pixels of a film are found.

    Attributes
    ----------
    path, frame
        File, and frame number from 1.
    stamp
        Changes when the file changes: size and time of modification.
    syntax
        Transfer syntax, or None for files that are no DICOM.
    mirrored
        True if the reader is shown the mirror image.
    alias
        Name under which a blinded reader knows it, or empty; all that an error may say. The same
        film under two codes is decoded twice and has two ETags: neither a tag nor the time that an
        answer takes tells that it is the same.
    normalised
        True if nothing of the values may tell the device (see `normalised`).
    """

    path: Path
    frame: int
    stamp: tuple[int, int]
    syntax: str | None = None
    mirrored: bool = False
    alias: str = ""
    normalised: bool = False
