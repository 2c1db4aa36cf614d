"""The files of one film and one observer in a folder: reading, earlier versions, draft.

The latest reading lies beside its film as `FILM.reading.json` (or `FILM.OBSERVER.reading.json`,
where the plain name is another observer's), so that every program finds it. Every version is also
kept in `.kyphometer/history`, and unfinished readings in `.kyphometer/drafts`.

A version is written to the history first and beside the film second. A reading file that is none
of the versions in the history was put there from outside: it counts as one more version.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from kyphometer.errors import KyphometerError
from kyphometer.reading.beside import stem_beside
from kyphometer.reading.document import read_reading, reading_to_dict
from kyphometer.store.database.clock import to_text
from kyphometer.store.folder.atomic import sync_folder, write_atomically
from kyphometer.store.readings.documents import to_json

SIDECAR = ".kyphometer"
SUFFIX = ".reading.json"
_FORMAT = "kyphometer-reading-version"
_OUTSIDE = "put beside the film from outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a reading in a folder."""

    number: int
    document_json: str
    reason: str
    saved_at: str
    saved_by: str


class ReadingFiles:
    """Files of one film and one observer."""

    def __init__(self, film: Path, observer: str, frame: int | None = None) -> None:
        self._film = film
        self._observer = observer
        self._frame = "" if frame is None else f".frame{frame}"
        sidecar = film.parent / SIDECAR
        name = f"{stem_beside(film.name)}{self._frame}.{_safe(observer)}"
        self._history = sidecar / "history" / name
        self._draft = sidecar / "drafts" / f"{name}.json"
        self.lock = sidecar / "lock"

    # ------------------------------------------------------------------------------ readings

    def versions(self) -> list[Version]:
        """Every version, oldest first, with one that came from outside last."""
        known = [_version_in(path) for path in self._files()]
        outside = self._outside()
        return known if outside is None else [*known, outside]

    def latest(self) -> Version | None:
        """The last of `versions`, or None."""
        return self._outside() or self._last()

    def add(self, version: Version) -> None:
        """Put a version down durably, into the history, then beside the film; or not at all."""
        outside = self._outside()
        target = self._target()
        self._history.mkdir(parents=True, exist_ok=True)
        sync_folder(self._history.parent)
        if outside is not None:
            self._keep(outside)
        kept = self._keep(version)
        try:
            self._show(target, version.document_json)
        except OSError:
            kept.unlink(missing_ok=True)
            raise

    def adopt(self) -> None:
        """Keep a reading that was put beside the film from outside, so that it stays known."""
        outside = self._outside()
        if outside is not None:
            self._history.mkdir(parents=True, exist_ok=True)
            sync_folder(self._history.parent)
            self._keep(outside)

    def settle(self) -> None:
        """Put the latest version beside the film, if the program was killed before it could."""
        last = self._last()
        target = self._target()
        if last and self._outside() is None and _read(target) != last.document_json:
            self._show(target, last.document_json)

    def _files(self) -> list[Path]:
        """Files of the history, oldest first."""
        return sorted(self._history.glob("[0-9]*.json"), key=lambda path: int(path.stem))

    def _last(self) -> Version | None:
        files = self._files()
        return _version_in(files[-1]) if files else None

    def _keep(self, version: Version) -> Path:
        document = {
            "format": _FORMAT,
            "version": 1,
            "number": version.number,
            "reason": version.reason,
            "saved_at": version.saved_at,
            "saved_by": version.saved_by,
            "sha256": _sha256(version.document_json),
            "reading": json.loads(version.document_json),
        }
        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        path = self._history / f"{version.number:04d}.json"
        write_atomically(path, text)
        return path

    def _show(self, target: Path, document_json: str) -> None:
        text = json.dumps(json.loads(document_json), indent=1, ensure_ascii=False) + "\n"
        write_atomically(target, text)

    def _outside(self) -> Version | None:
        """A reading beside the film that is none of the kept versions."""
        target = self._target()
        found = _read(target)
        files = self._files()
        if found is None or any(_version_in(path).document_json == found for path in files[::-1]):
            return None
        return Version(
            number=len(files) + 1,
            document_json=found,
            reason=_OUTSIDE if files else "",
            saved_at=_changed_at(target),
            saved_by=self._observer,
        )

    def _target(self) -> Path:
        """The file beside the film that is, or would be, this observer's."""
        stems = (stem_beside(self._film.name), stem_beside(self._film.stem))
        names = tuple(f"{stem}{self._frame}" for stem in stems)
        own = [self._film.with_name(f"{name}.{_safe(self._observer)}{SUFFIX}") for name in names]
        plain = [self._film.with_name(f"{name}{SUFFIX}") for name in names]
        for path in own:
            if path.exists():
                return path
        for path in plain:
            if path.exists() and _owner(path) in (None, self._observer):
                return path
        taken = any(path.exists() for path in plain)
        return own[0] if taken else plain[0]

    # -------------------------------------------------------------------------------- drafts

    def draft(self) -> dict[str, Any] | None:
        """The draft with its tag, or None; one that cannot be read is put aside, not lost."""
        try:
            found: dict[str, Any] = json.loads(self._draft.read_text("utf-8"))
            complete = {"etag", "base_version", "saved_at", "document"} <= found.keys()
        except FileNotFoundError:
            return None
        except (ValueError, AttributeError):
            complete = False
        return found if complete else None

    def write_draft(self, draft: dict[str, Any]) -> None:
        """Put a draft down durably."""
        self._draft.parent.mkdir(parents=True, exist_ok=True)
        if self._draft.exists() and self.draft() is None:
            self._draft.replace(self._draft.with_suffix(f".damaged-{secrets.token_hex(4)}"))
        write_atomically(self._draft, json.dumps(draft, ensure_ascii=False) + "\n")

    def drop_draft(self) -> None:
        """Take the draft away, if there is one."""
        self._draft.unlink(missing_ok=True)


class Listing:
    """Names of the reading files of a folder, and of the kept histories, in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._readings = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
        self._histories = sorted(path.name for path in folder.glob(f"{SIDECAR}/history/*/"))

    def readings(self, prefix: str) -> list[Path]:
        """Reading files that begin so."""
        return [self._folder / name for name in _beginning(self._readings, prefix)]

    def histories(self, prefix: str) -> list[str]:
        """What follows the prefix in the names of the histories that begin so."""
        return [name.removeprefix(prefix) for name in _beginning(self._histories, prefix)]


def _beginning(names: list[str], prefix: str) -> list[str]:
    """The names that begin so, of names in order."""
    start = bisect_left(names, prefix)
    return list(takewhile(lambda name: name.startswith(prefix), names[start:]))


def observers_of(film: Path, frame: int | None = None, listed: Listing | None = None) -> list[str]:
    """Observers who may have a reading of a film in its folder, each once, in order."""
    there = listed or Listing(film.parent)
    part = "" if frame is None else f".frame{frame}"
    prefixes = {f"{stem_beside(name)}{part}." for name in (film.name, film.stem)}
    kept = there.histories(f"{stem_beside(film.name)}{part}.")
    found = {unquote(rest) for rest in kept if "." not in rest}
    for path in {path for prefix in prefixes for path in there.readings(prefix)}:
        found.add(_owner_seen(path) or "")
    return sorted(found - {"", "?"})


def _safe(observer: str) -> str:
    """An observer's code as part of a file name."""
    return quote(observer, safe="").replace(".", "%2E")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _version_in(path: Path) -> Version:
    found = json.loads(path.read_text("utf-8"))
    return Version(
        number=int(found["number"]),
        document_json=to_json(found["reading"]),
        reason=str(found["reason"]),
        saved_at=str(found["saved_at"]),
        saved_by=str(found["saved_by"]),
    )


def _read(path: Path) -> str | None:
    """A reading file as compact JSON of its document, or None if there is none."""
    return to_json(reading_to_dict(read_reading(path))) if path.is_file() else None


def _owner(path: Path) -> str | None:
    try:
        return read_reading(path).observer
    except KyphometerError:
        return "?"


def _owner_seen(path: Path) -> str | None:
    """As `_owner`, read once for as long as the file stays the same."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return _owner_of(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=20_000)
def _owner_of(path: Path, _size: int, _changed: int) -> str | None:
    return _owner(path)


def _changed_at(path: Path) -> str:
    return to_text(datetime.fromtimestamp(path.stat().st_mtime, UTC))
