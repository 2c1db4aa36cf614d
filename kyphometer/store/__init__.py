"""The study database, and readings beside their films.

Names are imported when first used, so that a record or the protocol costs no SQLAlchemy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "DraftRecord": "records",
    "FilmRecord": "records",
    "FolderStore": "folder.folder",
    "MarkingLog": "records",
    "MeasuredValue": "readings.measured_values",
    "PlannedItem": "sessions.plans",
    "ReadingRecord": "records",
    "ReadingState": "records",
    "ReadingStore": "protocol",
    "ScanFailure": "scan.report",
    "ScanOptions": "scan.report",
    "ScanReport": "scan.report",
    "SessionItemRecord": "sessions.plans",
    "SessionRecord": "sessions.plans",
    "Study": "study.study",
    "StudySettings": "study.settings",
    "WorkItem": "records",
}

__all__ = [
    "DraftRecord",
    "FilmRecord",
    "FolderStore",
    "MarkingLog",
    "MeasuredValue",
    "PlannedItem",
    "ReadingRecord",
    "ReadingState",
    "ReadingStore",
    "ScanFailure",
    "ScanOptions",
    "ScanReport",
    "SessionItemRecord",
    "SessionRecord",
    "Study",
    "StudySettings",
    "WorkItem",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
