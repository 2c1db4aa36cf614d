"""Names of readings that lie beside their films."""

from __future__ import annotations

import hashlib
from typing import Final

SUFFIX: Final = ".reading.json"
_LONGEST: Final = 150
"""Bytes of a film's name that leave room for an observer, an ending and a temporary file's mark in
the 255 that file systems allow (143 on encrypted ones)."""


def stem_beside(film_name: str) -> str:
    """What names of files that belong to a film begin with: its name, or a short form of it.

    >>> stem_beside("pre-op.dcm")
    'pre-op.dcm'
    """
    whole = film_name.encode("utf-8", "surrogateescape")
    if len(whole) <= _LONGEST:
        return film_name
    mark = hashlib.sha256(whole).hexdigest()[:16]
    return f"{whole[:80].decode('utf-8', 'ignore')}~{mark}"
