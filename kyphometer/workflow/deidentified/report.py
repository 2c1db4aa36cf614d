"""What went, stayed and changed in a copy without identity; it names nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that is not in the copy, and why."""

    path: Path
    sentence: str
    refused: bool = False
    """True if it should have been there: a film that may name its patient in its pixels."""


@dataclass
class Tally:
    """Counts while a copy is made.

    Attributes
    ----------
    films, reports, readings, versions, drafts, tables
        What was written: images, structured reports, readings beside films, their earlier versions,
        unfinished ones, clinical tables.
    removed, changed, kept
        Attributes of headers by keyword, with how many objects had them.
    gaps
        Attributes that valid objects must have and that nobody can know.
    pixels
        What was taken out of pixel data.
    values
        What was done to values of documents, tables and the database.
    rows
        Rows of each table of each study.
    left_out
        What is not in the copy, and why.
    """

    films: int = 0
    reports: int = 0
    readings: int = 0
    versions: int = 0
    drafts: int = 0
    tables: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, path: Path, sentence: str, *, refused: bool = False) -> None:
        """Note something that is not in the copy."""
        self.left_out.append(LeftOut(path=path, sentence=sentence, refused=refused))

    def attributes(self, **found: Iterable[str]) -> None:
        """Count attributes of one object: `removed`, `changed`, `kept`, `gaps`, `pixels`."""
        for kind, names in found.items():
            getattr(self, kind).update(names)

    def to_dict(self) -> dict[str, Any]:
        """Counts as plain JSON; names of files that were left out are not among them."""
        counts = ("films", "reports", "readings", "versions", "drafts", "tables")
        words = ("removed", "changed", "kept", "gaps", "pixels", "values")
        return {
            "written": {name: getattr(self, name) for name in counts},
            "rows": self.rows,
            "attributes": {
                name: dict(sorted(getattr(self, name).items(), key=lambda item: item[0]))
                for name in words
            },
            "left_out": len(self.left_out),
        }
