"""What a study holds of a batch of found films: read at once, and kept up while they are taken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from kyphometer.film import FilmHeader
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.connection import insert_row
from kyphometer.store.database.schema import film_files, films, patients
from kyphometer.store.people.people import alike_sentence, plain_code

_WITH_PATIENT: Final = select(films, patients.c.code.label("patient")).outerjoin(patients)
_SEEN: Final = (
    update(film_files)
    .where(film_files.c.id == bindparam("file"))
    .values(size=bindparam("size"), mtime_ns=bindparam("mtime_ns"), seen_at=bindparam("seen_at"))
)

KnownFilm = Mapping[str, Any]
"""Columns of a film that the study holds, with `patient`, its patient's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFilm:
    """A film in a file.

    Attributes
    ----------
    stored
        The path as the study stores it.
    sha256
        Hash of the pixels, or None if they were not decoded.
    patient
        Code of the patient, or None if unknown.
    look
        See `kyphometer.dicom.look`; empty if the pixels were not decoded.
    """

    path: Path
    stored: str
    size: int
    mtime_ns: int
    header: FilmHeader
    frame: int
    sha256: str | None
    patient: str | None
    look: str = ""

    @property
    def file(self) -> dict[str, Any]:
        """What is kept of its file."""
        return {"size": self.size, "mtime_ns": self.mtime_ns, "seen_at": now_text()}


@dataclass(slots=True)
class _File:
    film_id: int
    frame: int
    path: str
    id: int | None = None
    """None until it is written."""


@dataclass(slots=True)
class _Files:
    """Files of the batch's films, and whatever lay at the batch's paths."""

    by_film: dict[int, list[_File]] = field(default_factory=dict)
    by_path: dict[str, list[_File]] = field(default_factory=dict)

    def add(self, file: _File) -> None:
        self.by_film.setdefault(file.film_id, []).append(file)
        self.by_path.setdefault(file.path, []).append(file)


class Known:
    """Films, files and patients that a batch of found films may meet, inside one transaction."""

    def __init__(self, connection: Connection, found: Iterable[FoundFilm]) -> None:
        self._connection = connection
        self._by_uid: dict[tuple[str, int], KnownFilm] = {}
        self._by_hash: dict[str, list[KnownFilm]] = {}
        self._codes: dict[str, int] | None = None
        self._people: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
        self._files = _Files()
        self._new_files: list[dict[str, Any]] = []
        batch = list(found)
        self._read_films(batch)
        self._read_files({film.stored for film in batch})

    def _read_films(self, batch: list[FoundFilm]) -> None:
        uids = {film.header.reference.sop_instance_uid for film in batch} - {None}
        hashes = {film.sha256 for film in batch} - {None}
        same = or_(films.c.sop_instance_uid.in_(uids), films.c.sha256_pixels.in_(hashes))
        rows = self._connection.execute(_WITH_PATIENT.where(same).order_by(films.c.id))
        for row in rows:
            self._hold(row._asdict())

    def _hold(self, row: KnownFilm) -> None:
        if row["sop_instance_uid"] is not None:
            self._by_uid.setdefault((row["sop_instance_uid"], row["frame"]), row)
        if row["sha256_pixels"] is not None:
            self._by_hash.setdefault(row["sha256_pixels"], []).append(row)

    def _read_files(self, paths: set[str]) -> None:
        held = {row["id"] for row in self._by_uid.values()}
        held |= {row["id"] for rows in self._by_hash.values() for row in rows}
        query = (
            select(film_files.c.id, film_files.c.film_id, film_files.c.path, films.c.frame)
            .join(films)
            .where(or_(film_files.c.film_id.in_(held), film_files.c.path.in_(paths)))
            .order_by(film_files.c.id)
        )
        for row in self._connection.execute(query):
            self._files.add(_File(**row._asdict()))

    def film(self, found: FoundFilm) -> KnownFilm | None:
        """The film of the same UID and frame; without UID that of the same pixels."""
        uid = found.header.reference.sop_instance_uid
        if uid is not None:
            return self._by_uid.get((uid, found.frame))
        alike = self._by_hash.get(found.sha256 or "", ())
        return next((film for film in alike if film["sop_instance_uid"] is None), None)

    def twin(self, found: FoundFilm) -> int | None:
        """The film of the same pixels and size under another UID, or None."""
        size = (found.header.reference.rows, found.header.reference.columns)
        alike = self._by_hash.get(found.sha256 or "", ())
        return next((int(f["id"]) for f in alike if (f["rows"], f["columns"]) == size), None)

    def add(self, row: Mapping[str, Any], code: str | None) -> int:
        """Write a new film of a patient; its number."""
        patient = None if code is None else self._patient(code)
        number = insert_row(self._connection, films, {**row, "patient_id": patient})
        self._hold({**row, "id": number, "patient": code})
        self._remember_person(code, number, row["facts"])
        return number

    def reread(self, film_id: int) -> None:
        """Take note of a film that was changed."""
        row = self._connection.execute(_WITH_PATIENT.where(films.c.id == film_id)).one()._asdict()
        self._by_uid = {key: row if f["id"] == film_id else f for key, f in self._by_uid.items()}
        for alike in self._by_hash.values():
            alike[:] = [row if film["id"] == film_id else film for film in alike]
        self._codes = None
        self._people.clear()

    # ------------------------------------------------------------------ patients

    def _patient(self, code: str) -> int:
        codes = self._patient_codes()
        if code not in codes:
            codes[code] = insert_row(self._connection, patients, {"code": code})
        return codes[code]

    def _patient_codes(self) -> dict[str, int]:
        if self._codes is None:
            rows = self._connection.execute(select(patients.c.code, patients.c.id))
            self._codes = {row.code: row.id for row in rows}
        return self._codes

    def near_patients(self, code: str) -> list[str]:
        """Sentences about patients whose codes a new one resembles."""
        codes = self._patient_codes()
        if code in codes:
            return []
        plain = plain_code(code)
        alike = [other for other in codes if plain_code(other) == plain]
        return [alike_sentence("patient", code, other) for other in alike]

    def people(self, code: str) -> list[tuple[int, Mapping[str, str]]]:
        """Films of a patient, each with the hashes of whom it says it is of."""
        if code not in self._people:
            query = select(films.c.id, films.c.facts).join(patients).where(patients.c.code == code)
            rows = self._connection.execute(query.order_by(films.c.id))
            self._people[code] = [(row.id, _identity(row.facts)) for row in rows]
        return self._people[code]

    def _remember_person(self, code: str | None, film_id: int, facts: str) -> None:
        if code in self._people:
            self._people[code].append((film_id, _identity(facts)))

    # ------------------------------------------------------------------ files

    def paths(self, film_id: int) -> list[str]:
        """Where a film was seen."""
        return [file.path for file in self._files.by_film.get(film_id, ())]

    def see(self, found: FoundFilm, film_id: int) -> bool:
        """Note that a film is where it was; False if it never was there."""
        for file in self._files.by_film.get(film_id, ()):
            if file.path == found.stored:
                if file.id is not None:
                    self._connection.execute(_SEEN, {"file": file.id, **found.file})
                return True
        return False

    def put(self, found: FoundFilm, film_id: int) -> None:
        """Note a new file; a path holds one film of a frame: what was there before is gone."""
        for file in list(self._files.by_path.get(found.stored, ())):
            if file.frame == found.frame and file.id is not None:
                self._connection.execute(delete(film_files).where(film_files.c.id == file.id))
                self._files.by_path[found.stored].remove(file)
                self._files.by_film[file.film_id].remove(file)
        self._files.add(_File(film_id=film_id, frame=found.frame, path=found.stored))
        self._new_files.append({"film_id": film_id, "path": found.stored, **found.file})

    def finish(self) -> None:
        """Write the files that were noted."""
        if self._new_files:
            self._connection.execute(insert(film_files), self._new_files)
            self._new_files = []


def _identity(facts: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(facts).get("identity") or {}
    return found
