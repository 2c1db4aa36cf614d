"""Two files under one SOP instance UID: whether they are one film."""

from __future__ import annotations

import filecmp
from pathlib import Path
from typing import Final

import numpy as np

from kyphometer.dicom import read_film
from kyphometer.errors import KyphometerError
from kyphometer.interop.network.headers import header_of

_IDENTITY: Final = (
    "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "PatientBirthDate",
    "StudyDate", "Rows", "Columns", "NumberOfFrames",
)  # fmt: skip


def differences(here: Path, other: Path, source: str) -> list[str]:
    """Attributes in which two files of one UID are different films; empty if they are one.

    The syntax in which a film is written, and texts that do not say whose or which film it is, make
    no other film of it.
    """
    if filecmp.cmp(here, other, shallow=False):
        return []
    ours, theirs = header_of(here, source), header_of(other, source)
    found = [name for name in _IDENTITY if ours.code(name) != theirs.code(name)]
    found += [name for name in ("PatientName",) if ours.text(name) != theirs.text(name)]
    return found if found or _same_pixels(here, other) else ["PixelData"]


def _same_pixels(here: Path, other: Path) -> bool:
    try:
        return np.array_equal(read_film(here).pixels, read_film(other).pixels)
    except KyphometerError:
        return False
