"""Readings that lie beside films, their earlier versions and drafts, under the films' new names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from kyphometer.reading.beside import SUFFIX, stem_beside
from kyphometer.store.deidentified.masks import Masks
from kyphometer.store.folder.files import SIDECAR
from kyphometer.store.readings.documents import to_json
from kyphometer.workflow.deidentified.files import Files, Written
from kyphometer.workflow.deidentified.report import Tally

_FORMAT: Final = "kyphometer-reading"
_NO_READING: Final = "It is no reading that can be used; mend or remove it."
_NO_FILM: Final = "It is a reading of a film that is not in the copy."


def copy_sidecars(
    roots: Iterable[Path], files: Files, masks: Masks, tally: Tally, *, deep: bool
) -> None:
    """Copy every reading, version and draft below the roots.

    Parameters
    ----------
    deep
        Whether folders within the roots are gone through too.
    """
    copier = _Sidecars(files, masks, tally)
    for root in roots:
        for path in _found(root, f"*{SUFFIX}", deep=deep):
            copier.reading(path)
        for folder in _found(root, SIDECAR, deep=deep):
            for path in sorted(folder.glob("history/*/[0-9]*.json")):
                copier.version(folder.parent, path)
            for path in sorted(folder.glob("drafts/*.json")):
                copier.draft(folder.parent, path)


def _found(root: Path, pattern: str, *, deep: bool) -> Iterator[Path]:
    for path in sorted(root.rglob(pattern) if deep else root.glob(pattern)):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts[:-1])
        if not hidden and not path.is_symlink():
            yield path


class _Sidecars:
    def __init__(self, files: Files, masks: Masks, tally: Tally) -> None:
        self._files = files
        self._masks = masks
        self._tally = tally
        self._by_folder: dict[Path, list[Written]] = {}
        for path, film in files.written.items():
            self._by_folder.setdefault(path.parent, []).append(film)

    def reading(self, path: Path) -> None:
        """A reading: beside its film if it lay there, otherwise by patient."""
        document = _json(path)
        if document is None or document.get("format") != _FORMAT:
            self._tally.leave_out(path, _NO_READING, refused=True)
            return
        found = self._beside(path.parent, path.name.removesuffix(SUFFIX))
        if found is None:
            reference = document.get("film") or {}
            film = self._files.by_reference(
                reference.get("sop_instance_uid"), reference.get("sha256_pixels")
            )
            if film is None:
                self._tally.leave_out(path, _NO_FILM)
                return
            secret = self._masks.ledger.person(film.person)
            folder = film.path.parents[2] / "readings" / film.path.parent.name
            mark = secret.mark("reading", json.dumps(document, sort_keys=True))
            target = folder / f"{film.path.stem}-{mark}{SUFFIX}"
        else:
            film, stem = found
            target = film.path.with_name(f"{stem}{SUFFIX}")
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, self._masks.reading(document))
        self._tally.readings += 1

    def version(self, folder: Path, path: Path) -> None:
        """One version of the history of a reading."""
        found = self._beside(folder, path.parent.name)
        document = _json(path)
        if found is None or document is None or "reading" not in document:
            self._tally.leave_out(path, _NO_FILM if found is None else _NO_READING)
            return
        film, stem = found
        reading = self._masks.reading(document["reading"])
        copy = {
            "format": document.get("format"),
            "version": document.get("version"),
            "number": document.get("number"),
            "reason": "corrected" if document.get("reason") else "",
            "saved_at": self._masks.work_moment(document.get("saved_at")),
            "saved_by": self._masks.ledger.actor(str(document.get("saved_by") or "")),
            "sha256": hashlib.sha256(to_json(reading).encode()).hexdigest(),
            "reading": reading,
        }
        self._masks.drop("reasons of corrections", document.get("reason"))
        target = film.path.parent / SIDECAR / "history" / stem / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, copy)
        self._tally.versions += 1

    def draft(self, folder: Path, path: Path) -> None:
        """An unfinished reading."""
        found = self._beside(folder, path.stem)
        document = _json(path)
        if found is None or document is None or "document" not in document:
            self._tally.leave_out(path, _NO_FILM if found is None else _NO_READING)
            return
        film, stem = found
        kept = {n: document.get(n) for n in ("format", "version", "etag", "base_version")}
        copy = {
            **kept,
            "saved_at": self._masks.work_moment(document.get("saved_at")),
            "document": self._masks.reading(document["document"]),
        }
        target = film.path.parent / SIDECAR / "drafts" / f"{stem}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, copy)
        self._tally.drafts += 1

    def _beside(self, folder: Path, name: str) -> tuple[Written, str] | None:
        """The film from whose name a name was made, and that name made from its new one."""
        best: tuple[int, Written, str] | None = None
        for film in self._by_folder.get(folder, ()):
            for old, new in (
                (stem_beside(film.source.name), film.path.name),
                (stem_beside(film.source.stem), film.path.stem),
            ):
                rest = name.removeprefix(old)
                fits = name.startswith(old) and (not rest or rest.startswith("."))
                if fits and (best is None or len(old) > best[0]):
                    best = (len(old), film, new + self._rest(rest))
        return None if best is None else best[1:]

    def _rest(self, rest: str) -> str:
        """Frame and observer as names of files have them."""
        parts = [part for part in rest.split(".") if part]
        return "".join(
            f".{part}"
            if part.startswith("frame") and part[5:].isdigit()
            else f".{quote(self._masks.ledger.observer(unquote(part)), safe='')}"
            for part in parts
        )


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
