"""Transfer syntaxes and SOP classes that are offered."""

from __future__ import annotations

from typing import Final

from kyphometer.dicom.codecs import COMPRESSED
from kyphometer.dicom.parse import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT

UNCOMPRESSED: Final = (EXPLICIT, IMPLICIT, DEFLATED, BIG_ENDIAN)
SYNTAXES: Final = (*UNCOMPRESSED, *COMPRESSED)
"""Every syntax that a film can be read from; nothing is transcoded on the way."""

FILM_CLASSES: Final = (
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray, for processing
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.12.1",  # X-Ray Angiographic
    "1.2.840.10008.5.1.4.1.1.12.2",  # X-Ray Radiofluoroscopic
)
"""Kinds of films, asked for where an archive does not say what it holds."""
