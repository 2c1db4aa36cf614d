"""What a result is made from, as one digest: the same recipe makes the same result."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec

from kyphometer import __version__
from kyphometer.interop.objects.source import LAYOUT, document_hash
from kyphometer.interop.read_file import ReadFile
from kyphometer.messages import language

_MAKERS: Final = ("highdicom", "pydicom", "matplotlib", "pillow", "reportlab", "numpy")
"""Packages whose own changes change what is written."""


def recipe_of(item: ReadFile, part: str) -> str:
    """SHA-256 of everything that a part of a read film is made from.

    These are the film's file, the spacing and the frame that were chosen, the reading with the
    versions before it and why it was corrected, visit and options, and the software.
    """
    ingredients = {
        "part": part,
        "film": item.sha256,
        "frame": item.frame,
        "spacing": item.spacing_mm,
        "reading": document_hash(item.reading),
        "earlier": [document_hash(one) for one in item.earlier],
        "reason": item.reason,
        "visit": item.visit,
        "corner_sd_mm": item.corner_sd_mm,
        "language": language(),
        "software": (__version__, LAYOUT, *_versions()),
    }
    return hashlib.sha256(msgspec.json.encode(ingredients, order="sorted")).hexdigest()


@cache
def _versions() -> tuple[str, ...]:
    return tuple(map(_version, _MAKERS))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
