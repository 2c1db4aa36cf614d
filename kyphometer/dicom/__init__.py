"""DICOM films: read, show, write, and take the patient's name off."""

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
from kyphometer.dicom.read import read_film, read_header

__all__ = [
    "Compression",
    "Preset",
    "apply_table",
    "automatic_window",
    "default_voi",
    "grey_table",
    "presets",
    "read_film",
    "read_header",
    "to_grey",
    "to_modality",
]
