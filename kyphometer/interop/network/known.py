"""What an archive has confirmed, as the journal of a destination tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kyphometer.interop.network.archive import Outgoing
from kyphometer.interop.network.journal import Journal


class Known:
    """What was confirmed and not said to be lost since.

    A recipe stands for the object that was made by it: it counts as long as that object does.

    Parameters
    ----------
    journal
        Of the destination; what is confirmed is written down in it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._had: set[tuple[str, str]] = set()
        self._recipes: dict[str, tuple[str, str]] = {}
        for line in journal.lines:
            self._take(line)

    def has(self, item: Outgoing) -> bool:
        """True if the archive has confirmed these bytes under this UID."""
        return (item.sop_instance_uid, item.sha256) in self._had

    def has_made(self, recipe: str) -> bool:
        """True if it has confirmed what this recipe makes."""
        return self._recipes.get(recipe) in self._had

    def confirm(self, item: Outgoing) -> None:
        """Write down that the archive has it."""
        self._add(item)

    def lose(self, item: Outgoing) -> None:
        """Write down that it does not promise to keep it."""
        self._add(item, lost=True)

    def _add(self, item: Outgoing, **more: bool) -> None:
        line: dict[str, Any] = {"sop": item.sop_instance_uid, "sha256": item.sha256, **more}
        if item.recipe:
            line["recipe"] = item.recipe
        self._journal.add(**line)
        self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        key = (str(line.get("sop")), str(line.get("sha256")))
        if line.get("lost"):
            self._had.discard(key)
            return
        self._had.add(key)
        if line.get("recipe"):
            self._recipes[str(line["recipe"])] = key
