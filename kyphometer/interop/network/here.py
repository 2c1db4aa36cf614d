"""Films that are here already, and whether an archive means the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kyphometer.errors import PacsDoubledError
from kyphometer.interop.network.archive import Entry, is_uid
from kyphometer.interop.network.doubles import stated_differences
from kyphometer.interop.network.failure import Failure


class Here:
    """What a folder, its journal and a study hold.

    Parameters
    ----------
    folder, lines
        The folder, and its journal.
    source
        Name of the archive, for sentences.
    elsewhere
        SOP instances that are held elsewhere, with their files where these are known.
    is_wanted_again
        True if what was fetched once and is not here any more does not count.
    """

    def __init__(
        self,
        folder: Path,
        source: str,
        lines: Iterable[Mapping[str, Any]],
        elsewhere: Mapping[str, Path | None],
        *,
        is_wanted_again: bool,
    ) -> None:
        self._source = source
        self._studies: dict[str, str] = {}
        self._files: dict[str, Path | None] = dict(elsewhere)
        self._held = set(elsewhere)
        for line in lines:
            uid, place = str(line.get("sop")), str(line.get("file"))
            study, _, _ = place.rpartition("/")
            if is_uid(study):
                self._studies[uid] = study
            self._files.setdefault(uid, folder / place)
            if not is_wanted_again:
                self._held.add(uid)

    def holds(self, uid: str) -> bool:
        """True for a film that need not be fetched."""
        return uid in self._held

    def files(self) -> dict[str, Path]:
        """Files of films that need not be fetched."""
        return {uid: path for uid in self._held if (path := self._file(uid)) is not None}

    def each_once(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[Failure]]:
        """Entries without doubles; and other films under a UID that is here or was listed."""
        found: dict[str, Entry] = {}
        refused = []
        for one in entries:
            uid = one.sop_instance_uid
            what = self._other(one, found.get(uid))
            if what:
                error = PacsDoubledError(self._source, uid, what)
                refused.append(Failure(name=uid, error=error))
            else:
                found.setdefault(uid, one)
        return list(found.values()), refused

    def _other(self, entry: Entry, listed: Entry | None) -> list[str]:
        """Attributes in which a film is another than the one that is here or was listed before."""
        known = listed.study_instance_uid if listed else self._studies.get(entry.sop_instance_uid)
        if known not in (None, entry.study_instance_uid):
            return ["StudyInstanceUID"]
        path = self._file(entry.sop_instance_uid)
        return [] if path is None else stated_differences(path, entry, self._source)

    def _file(self, uid: str) -> Path | None:
        path = self._files.get(uid)
        return path if path is not None and path.is_file() else None
