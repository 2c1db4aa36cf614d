"""Bounds on zipped documents, before anything in them is unpacked."""

from __future__ import annotations

import io
import zipfile
from typing import Final

from kyphometer.tables.problems import SheetError

LARGEST_BYTES: Final = 50_000_000
LARGEST_UNPACKED_BYTES: Final = 300_000_000


def require_small(data: bytes, file: str, kind: str) -> None:
    """Refuse a document that is no zip, or unpacks to more than a table can be.

    Raises
    ------
    SheetError
        If so.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        remedy = "save it again, or as CSV UTF-8"
        raise SheetError.at(file, f"it is no readable {kind}", remedy) from None
    if total > LARGEST_UNPACKED_BYTES:
        remedy = "export this table only"
        raise SheetError.at(file, f"it unpacks to {total / 1e6:.0f} MB", remedy)
