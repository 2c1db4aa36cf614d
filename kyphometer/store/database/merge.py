"""The one rule for everything that is imported again.

The same: nothing happens. New: it is added. Not there any more: what was known stays. Different: it
is listed old -> new, and taken only if that was asked for; the audit trail keeps both, and
`kyphometer.store.study.undo` takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_EMPTY: tuple[Any, ...] = (None, "", (), [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact that is known already and comes again with another value.

    Attributes
    ----------
    subject
        What the fact is of, for example `patient P1`.
    name
        Which fact.
    before, after
        The known and the new value; `after` None if it would be erased.
    """

    subject: str
    name: str
    before: Any
    after: Any

    def __str__(self) -> str:
        after = "empty" if self.after in _EMPTY else self.after
        return f"{self.subject}: {self.name.replace('_', ' ')}: {self.before} -> {after}"

    def to_list(self) -> list[Any]:
        """For the audit trail."""
        return [self.subject, self.name, self.before, self.after]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What comes of facts that are imported again.

    Attributes
    ----------
    added
        Facts that were not known.
    different
        Facts that differ.
    emptied
        Facts that are known and come again empty.
    """

    added: dict[str, Any] = field(default_factory=dict)
    different: tuple[Change, ...] = ()
    emptied: tuple[Change, ...] = ()


def merge(subject: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Merge:
    """Compare facts that come again with those that are known; names that lack change nothing."""
    added: dict[str, Any] = {}
    different: list[Change] = []
    emptied: list[Change] = []
    for name, value in after.items():
        known = before.get(name)
        if value == known or (value in _EMPTY and known in _EMPTY):
            continue
        if known in _EMPTY:
            added[name] = value
        else:
            kind = emptied if value in _EMPTY else different
            kind.append(Change(subject=subject, name=name, before=known, after=value))
    return Merge(added=added, different=tuple(different), emptied=tuple(emptied))


def all_changes(changes: Iterable[Change]) -> list[list[Any]]:
    """Changes for the audit trail."""
    return [change.to_list() for change in changes]
