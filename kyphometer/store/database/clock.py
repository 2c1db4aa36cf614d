"""Times as the store writes them: UTC, ISO 8601, microseconds, sortable as text."""

from __future__ import annotations

from datetime import UTC, datetime


def now_text() -> str:
    """The present moment, for example `2026-11-22T10:00:00.000000Z`."""
    return to_text(datetime.now(UTC))


def to_text(moment: datetime) -> str:
    """A moment (aware of its time zone) as text in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Inverse of `to_text`."""
    return datetime.fromisoformat(text)
