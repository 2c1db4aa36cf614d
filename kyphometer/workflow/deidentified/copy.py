"""A folder or a study copied without identity, whole or not at all; the originals are only read."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kyphometer import __version__
from kyphometer.dicom.archive import Unpacked
from kyphometer.dicom.clean_pixels import Region
from kyphometer.dicom.entries import Entries
from kyphometer.dicom.identifiers import Identifier
from kyphometer.errors import StudyRefusedError
from kyphometer.store.database.connection import Database, is_study
from kyphometer.store.database.integrity import require_sound
from kyphometer.store.database.migrate import require_current
from kyphometer.store.deidentified.copy import StudyCopy
from kyphometer.store.deidentified.ledger import Ledger
from kyphometer.store.deidentified.masks import Masks
from kyphometer.store.films.films import absolute
from kyphometer.store.folder.atomic import sync_folder, told
from kyphometer.workflow.deidentified.files import Files
from kyphometer.workflow.deidentified.leftovers import Leftover, find_leftovers
from kyphometer.workflow.deidentified.report import Tally
from kyphometer.workflow.deidentified.sidecars import copy_sidecars
from kyphometer.workflow.deidentified.tables import copy_tables

REPORT: Final = "deidentified.json"
_SQLITE: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How a copy is made.

    Attributes
    ----------
    pixels_checked
        Names of films (or `*` for all) at whose pixels somebody has looked: they name nobody.
    blank
        Regions to write black, by name of the film, or `*` for all.
    keep_device
        Keep what names the device.
    keep_columns
        Clinical columns of the user's own whose texts stay as they are.
    names
        Further values that must not be found in the copy.
    accept_leftovers
        Keep the copy although values that must not be there were found in it.
    """

    pixels_checked: frozenset[str] = frozenset()
    blank: Sequence[tuple[str, Region]] = ()
    keep_device: bool = False
    keep_columns: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    accept_leftovers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    out
        The copy; None if it was only tried.
    key
        The file of the key; None if it was only tried with a new one.
    tally
        What went, stayed and changed.
    leftovers
        Identifiers that were found in the copy.
    too_short
        How many identifiers are too short to be looked for.
    """

    out: Path | None
    key: Path | None
    tally: Tally
    leftovers: tuple[Leftover, ...]
    too_short: int


def deidentify_source(
    source: Path | str,
    out: Path,
    *,
    key: Path | None = None,
    dry_run: bool = False,
    choices: Choices = Choices(),
    progress: Callable[[int, int, Path], None] | None = None,
) -> Outcome:
    """Copy a folder, or a study with its films, without identity.

    Everything is written to a temporary folder beside `out`, searched for leftovers, and renamed
    when it is whole: a copy that was cut off is never at `out`.

    Parameters
    ----------
    source
        A folder, a study's file, or the address of one in PostgreSQL.
    out
        A new folder, or an empty one.
    key
        The file of the key; a new one is made beside `out` if none is given.
    dry_run
        Do everything, tell what would be, and keep nothing.

    Raises
    ------
    StudyRefusedError
        If `out` is not empty, the key would lie within it, something is nested, or identifiers were
        found in the copy.
    """
    place = None if "://" in str(source) else Path(os.path.realpath(Path(source).expanduser()))
    out = Path(os.path.realpath(out.expanduser()))
    path, ledger = _ledger(place, out, key)
    _require_apart(place, out, path)
    ledger.note(Identifier("given", name) for name in choices.names)
    masks = Masks(ledger, keep=choices.keep_columns)
    tally = Tally()
    with told(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            inner = temporary / out.name
            inner.mkdir()
            _Run(masks, choices, tally, inner, progress).all_of(str(source), place)
            tally.values.update(masks.done)
            _write_report(inner, tally)
            found, short = find_leftovers(inner, ledger.identifiers, ledger.days)
            if not dry_run:
                if found and not choices.accept_leftovers:
                    raise _left(found)
                ledger.write(path)  # before the copy: a copy without its key cannot be followed
                if out.exists():
                    out.rmdir()
                inner.replace(out)
                sync_folder(out.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Outcome(
        out=None if dry_run else out,
        key=None if dry_run and key is None else path,
        tally=tally,
        leftovers=tuple(found),
        too_short=len(short),
    )


def _ledger(place: Path | None, out: Path, key: Path | None) -> tuple[Path, Ledger]:
    if key is not None:
        path = Path(os.path.realpath(key.expanduser()))
        return path, Ledger.read(path) if path.exists() else Ledger.new()
    path = out.with_name(f"{out.name}.key.json")
    if path.exists():
        raise StudyRefusedError("key_there", path=path)
    if place is not None and path.is_relative_to(place):
        return place.with_name(f"{place.name}.key.json"), Ledger.new()
    return path, Ledger.new()


def _require_apart(place: Path | None, out: Path, key: Path) -> None:
    if key == out or key.is_relative_to(out):
        raise StudyRefusedError("key_within_copy")
    if place is not None and not place.exists():
        raise StudyRefusedError("nothing_there", place=place)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyRefusedError("something_at_out", out=out)
    if place is not None and (
        out == place or out.is_relative_to(place) or place.is_relative_to(out)
    ):
        raise StudyRefusedError("copy_within_source")


def _left(found: Sequence[Leftover]) -> StudyRefusedError:
    shown = [f"{item.kind} '{item.value}': {item.place}" for item in found]
    return StudyRefusedError("copy_with_leftovers", values=shown)


def _write_report(folder: Path, tally: Tally) -> None:
    document = {
        "format": "kyphometer-deidentified",
        "version": 1,
        "software": f"kyphometer {__version__}",
        **tally.to_dict(),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (folder / REPORT).write_text(text, "utf-8")


class _Run:
    """One copy being made."""

    def __init__(
        self,
        masks: Masks,
        choices: Choices,
        tally: Tally,
        folder: Path,
        progress: Callable[[int, int, Path], None] | None,
    ) -> None:
        self._masks = masks
        self._choices = choices
        self._tally = tally
        self._folder = folder
        self._progress = progress

    def all_of(self, source: str, place: Path | None) -> None:
        """Copy everything of a source."""
        with Unpacked(keep=False) as unpacked:
            studies, paths = self._look(source, place, unpacked)
            files = Files(self._masks, self._choices, self._tally, self._folder)
            for study in studies:
                study.prepare()
            self._claim(studies, files)
            known = {path for path, _ in files.claimed()}
            every = sorted({*paths, *known})
            files.survey(every)
            for number, path in enumerate(every):
                if self._progress is not None:
                    self._progress(number, len(every), path)
                files.take(path)
            self._write_studies(studies, files)
            places = sorted({path.parent for path in files.written})
            deep = place is not None and place.is_dir()
            roots = [place] if place is not None and deep else places
            copy_sidecars(roots, files, self._masks, self._tally, deep=deep)
            copy_tables(roots, self._masks, self._tally, self._folder, deep=deep)

    def _look(
        self, source: str, place: Path | None, unpacked: Unpacked
    ) -> tuple[list[StudyCopy], list[Path]]:
        """Studies and files of a source; of a study alone, the files beside its films."""
        if place is None or place.is_file():
            study = self._open(source)
            return [study], []
        entries = Entries(place, unpacked)
        paths = [Path(entry) for entry in entries]
        studies = [
            self._open(str(path))
            for path in sorted(place.rglob("*"))
            if path.is_file() and not path.is_symlink() and _is_sqlite(path)
        ]
        for item in entries.passed:
            self._tally.leave_out(item.path, item.sentence)
        databases = {study.source.path for study in studies}
        return studies, [path for path in paths if path not in databases]

    def _open(self, source: str) -> StudyCopy:
        database = Database(source)
        database.require_file()
        with database.read() as connection:
            require_current(connection, database.where)
            require_sound(connection, database.where)
        return StudyCopy(database, self._masks)

    def _claim(self, studies: list[StudyCopy], files: Files) -> None:
        """Say of which patient each file of a study's films is."""
        for number, study in enumerate(studies):
            root = "" if study.source.path is None else str(study.source.path.parent)
            for film_id, film in study.films.items():
                for stored in film.files:
                    path = Path(absolute(stored, root))
                    if path.is_file():
                        files.claim(path, film.person, (number, film_id, stored))
                    else:
                        self._tally.leave_out(path, "The file of a film is not there any more.")

    def _write_studies(self, studies: list[StudyCopy], files: Files) -> None:
        for number, study in enumerate(studies):
            name = "study.kyphometer" if number == 0 else f"study-{number + 1}.kyphometer"
            self._masks.paths = files.paths_of(number)
            written = files.films_of(number)
            try:
                self._tally.rows[name] = study.write(self._folder / name, written)
            finally:
                study.source.close()


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            if stream.read(16) != _SQLITE:
                return False
    except OSError:
        return False
    return is_study(path)
