"""When a draft or a reading may be written: the rule of every store.

A writer names the state that it has seen: the version that was confirmed and the draft on top of
it. Where that is not what is stored now, it is told what is; nothing is overwritten unseen.
"""

from __future__ import annotations

import json

from kyphometer.errors import StudyConflictError, StudyRefusedError
from kyphometer.store.records import Stored

_STAMPS = frozenset({"created", "software"})
"""Members that differ when the same marks are sent twice."""


def require_seen(stored: Stored, *, base_version: int, etag: str | None) -> None:
    """Refuse a writer who has not seen what is stored now.

    Raises
    ------
    StudyConflictError
        Carries the newer reading, or else the other draft.
    """
    if stored.version != base_version:
        raise StudyConflictError("newer_reading", current=stored.reading)
    require_draft(stored, etag)


def require_draft(stored: Stored, etag: str | None) -> None:
    """Refuse a writer who has not seen the draft.

    Raises
    ------
    StudyConflictError
        Carries the draft that is there.
    """
    if stored.etag != etag:
        raise StudyConflictError("draft_changed", current=stored.draft)


def require_reason(stored: Stored, reason: str) -> None:
    """Refuse a correction that does not say why.

    Raises
    ------
    StudyRefusedError
        If there is a confirmed reading and no reason.
    """
    if stored.version and not reason:
        raise StudyRefusedError("correction_without_reason")


def is_repeat(stored: Stored, document_json: str, base_version: int) -> bool:
    """True if this very reading is there already, because an answer got lost on its way."""
    kept = stored.reading
    if kept is None or kept.version != base_version + 1:
        return False
    return _marks(kept.document_json) == _marks(document_json)


def _marks(document_json: str) -> dict[str, object]:
    document = json.loads(document_json)
    return {name: value for name, value in document.items() if name not in _STAMPS}
