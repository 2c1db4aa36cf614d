"""What an answer to STOW-RS says of the instances that were sent (PS3.18, 10.5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kyphometer.interop.network.stored import OUT_OF_RESOURCES

_FAILED: Final = "00081198"
_STORED: Final = "00081199"
_REASON: Final = "00081197"
_INSTANCE: Final = "00081155"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An answer to STOW-RS.

    Attributes
    ----------
    stored
        SOP instance UIDs that it names as stored.
    failed
        True if it names any as failed.
    reason
        Its reason for the first of them, None if it gives none.
    """

    stored: frozenset[str]
    failed: bool
    reason: int | None

    @classmethod
    def of(cls, said: Any) -> Stored:
        """The answer as decoded JSON, whatever it holds."""
        table = said[0] if isinstance(said, list) and said else said
        failed = _items(table, _FAILED)
        reasons = [value for one in failed for value in _values(one, _REASON)]
        reason = next((value for value in reasons if isinstance(value, int)), None)
        named = [uid for one in _items(table, _STORED) for uid in _values(one, _INSTANCE)]
        return cls(stored=frozenset(map(str, named)), failed=bool(failed), reason=reason)

    @property
    def is_full(self) -> bool:
        """True if the reason is that there is no room."""
        return self.reason is not None and self.reason & 0xFF00 == OUT_OF_RESOURCES


def _values(table: Any, tag: str) -> list[Any]:
    member = table.get(tag) if isinstance(table, dict) else None
    values = member.get("Value") if isinstance(member, dict) else None
    return values if isinstance(values, list) else []


def _items(table: Any, tag: str) -> list[dict[str, Any]]:
    return [one for one in _values(table, tag) if isinstance(one, dict)]
