"""Files of a folder that may be films."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_NO_FILMS = frozenset(
    {".json", ".csv", ".tsv", ".xlsx", ".ods", ".docx", ".pdf", ".html", ".txt", ".md", ".log"}
    | {".zip", ".py", ".ipynb", ".toml", ".yaml", ".sqlite", ".db"}
)
"""Endings of files that lie beside films and are passed over without a word."""


def walk(folder: Path) -> Iterator[os.DirEntry[str] | Path]:
    """Files that may be films, in the order of their names, or `folder` itself if it is a file.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    if folder.is_file():
        yield folder
        return
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if entry.name.startswith(".") or entry.name == "DICOMDIR":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry))
        elif entry.is_file() and Path(entry.name).suffix.lower() not in _NO_FILMS:
            yield entry
