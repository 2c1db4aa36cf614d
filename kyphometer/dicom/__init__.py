"""DICOM films: read, show, write, and take the patient's name off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kyphometer.dicom.compress import Compression
from kyphometer.dicom.display import (
    Preset,
    apply_table,
    automatic_window,
    default_voi,
    grey_table,
    presets,
    to_grey,
    to_modality,
)
from kyphometer.dicom.facts_table import facts, told_facts
from kyphometer.dicom.read import looks_like_film, read_film, read_header

if TYPE_CHECKING:
    from kyphometer.dicom.write import write_dx

__all__ = [
    "Compression",
    "Preset",
    "apply_table",
    "automatic_window",
    "default_voi",
    "facts",
    "grey_table",
    "looks_like_film",
    "presets",
    "read_film",
    "read_header",
    "to_grey",
    "to_modality",
    "told_facts",
    "write_dx",
]


def __getattr__(name: str) -> Any:
    """Load the writer, and pydicom with it, only when it is asked for: reading needs neither."""
    if name == "write_dx":
        from kyphometer.dicom.write import write_dx

        return write_dx
    raise AttributeError(name)
