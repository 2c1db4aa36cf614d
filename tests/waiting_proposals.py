"""Proposal files as `kyphometer watch` leaves them, with the doubts that a test wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

READING: dict[str, Any] = {
    "format": "kyphometer-reading",
    "version": 1,
    "film": {"rows": 1800, "columns": 900},
    "vertebrae": {},
    "facing": "left",
}


def leave_proposal(film: Path, doubts: dict[str, float], *, sure: bool) -> Path:
    """A proposal of refined bodies with these doubts, for the film as it is now."""
    return _written(
        film,
        reading=READING,
        bodies=[
            {
                "level": level,
                "chance": 0.9,
                "doubt": doubt,
                "refined": True,
                "note": "",
            }
            for level, doubt in doubts.items()
        ],
        numbering={"sure": sure},
        fractures=[],
        notes=[],
    )


def leave_refusal(film: Path, *, bodies: int | None) -> Path:
    """What is left of a film on which nothing is proposed; without bodies, of one that is torn."""
    if bodies is None:
        return _written(film, reason="The file is torn.")
    refused = {"code": "no_lateral_spine", "bodies": bodies}
    return _written(film, reason="In the watcher's words.", refused=refused)


def _written(film: Path, **members: Any) -> Path:
    facts = film.stat()
    document = {
        "format": "kyphometer-proposal",
        "version": 1,
        "film": film.name,
        "film_stamp": [facts.st_size, facts.st_mtime_ns],
        **members,
    }
    path = film.with_name(f"{film.name}.proposal.json")
    path.write_text(json.dumps(document), "utf-8")
    return path
