"""Headers of files that came in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kyphometer.dicom.parse import DEFLATED, DicomFile, open_dicom
from kyphometer.dicom.source import open_source
from kyphometer.errors import FilmError, PacsAnswerError


def header_of(path: Path, source: str) -> Any:
    """Attributes of a file that came in.

    Raises
    ------
    PacsAnswerError
        If it is no DICOM file, or ends within its header.
    """
    try:
        with open_source(path) as stream:
            found = open_dicom(stream)
            if found.truncated or _is_cut(found, path.stat().st_size):
                raise PacsAnswerError("no_dicom", source=source)
            return found.elements
    except FilmError:
        raise PacsAnswerError("no_dicom", source=source) from None


def _is_cut(found: DicomFile, size: int) -> bool:
    """True for uncompressed pixels that end early; what else is cut the transfer itself tells."""
    pixels = found.pixels
    plain = pixels is not None and found.transfer_syntax_uid != DEFLATED
    return plain and pixels is not None and pixels.offset + (pixels.length or 0) > size
