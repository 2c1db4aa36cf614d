"""Reads which files a DICOMDIR names (PS3.10 section 8, PS3.3 annex F)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kyphometer.dicom.parse import open_dicom
from kyphometer.dicom.source import open_source

_MOST_RECORDS: Final = 200_000


def referenced_files(directory: Path) -> list[Path]:
    """Files that a DICOMDIR names, each once, in its order; none of them need be there.

    Names that would lead out of the disc are left out.

    Raises
    ------
    FilmError
        If it is no DICOM file.
    """
    root = directory.parent
    with open_source(directory) as source:
        records = open_dicom(source).elements.items("DirectoryRecordSequence")
    found: dict[Path, None] = {}
    for record in records[:_MOST_RECORDS]:
        parts = record.texts("ReferencedFileID")
        if parts and all(part and part not in (".", "..") and "/" not in part for part in parts):
            found.setdefault(_as_written(root, parts))
    return list(found)


def _as_written(root: Path, parts: tuple[str, ...]) -> Path:
    """The file, also if the disc was copied to a system that turned its names to small letters."""
    path = root.joinpath(*parts)
    lower = root.joinpath(*(part.lower() for part in parts))
    return lower if not path.exists() and lower.exists() else path
