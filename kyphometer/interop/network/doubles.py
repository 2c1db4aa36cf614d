"""Two files under one SOP instance UID: whether they are one film."""

from __future__ import annotations

import filecmp
from pathlib import Path
from typing import Any, Final

import numpy as np

from kyphometer.dicom import read_film
from kyphometer.errors import KyphometerError
from kyphometer.interop.network.archive import Entry
from kyphometer.interop.network.headers import header_of

_IDENTITY: Final = (
    "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "PatientBirthDate",
    "StudyDate", "Rows", "Columns", "NumberOfFrames", "PatientName",
)  # fmt: skip
_STATED: Final = {
    "SOPClassUID": "sop_class_uid", "StudyInstanceUID": "study_instance_uid",
    "SeriesInstanceUID": "series_instance_uid", "PatientID": "patient_id",
    "StudyDate": "study_date", "Rows": "rows", "Columns": "columns",
}  # fmt: skip


def differences(here: Path, other: Path, source: str) -> list[str]:
    """Attributes in which two files of one UID are different films; empty if they are one.

    The syntax in which a film is written, and texts that do not say whose or which film it is, make
    no other film of it.
    """
    if filecmp.cmp(here, other, shallow=False):
        return []
    ours, theirs = header_of(here, source), header_of(other, source)
    found = [name for name in _IDENTITY if _value(ours, name) != _value(theirs, name)]
    return found if found or _same_pixels(here, other) else ["PixelData"]


def stated_differences(here: Path, entry: Entry, source: str) -> list[str]:
    """Attributes of which an archive states something else than the file here holds.

    What the archive or the file does not state says nothing.
    """
    try:
        ours = header_of(here, source)
    except (KyphometerError, OSError):
        return []
    pairs = [(name, _value(ours, name), getattr(entry, at)) for name, at in _STATED.items()]
    return [name for name, our, their in pairs if our and their and our != str(their)]


def _value(elements: Any, name: str) -> str:
    """A value as it reads in every byte order and character set, empty where there is none."""
    if name in ("Rows", "Columns"):
        return str(elements.integer(name) or "")
    if name in ("PatientID", "PatientName"):
        return (elements.text(name) or "").strip()
    return str(elements.code(name))


def _same_pixels(here: Path, other: Path) -> bool:
    try:
        return np.array_equal(read_film(here).pixels, read_film(other).pixels)
    except KyphometerError:
        return False
