"""A study's tables copied row by row through the masks; the copy is a sound study of its own."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from kyphometer import __version__
from kyphometer.dicom.identifiers import Identifier
from kyphometer.errors import StudyRefusedError
from kyphometer.film import FilmHeader
from kyphometer.store.database import audit as audit_trail
from kyphometer.store.database import migrate, schema
from kyphometer.store.database.connection import Database
from kyphometer.store.database.integrity import problems
from kyphometer.store.deidentified.ledger import Ledger
from kyphometer.store.deidentified.masks import Masks
from kyphometer.store.films.header_rows import film_row
from kyphometer.store.readings.documents import to_json
from kyphometer.store.study.settings import settings_from_json
from kyphometer.store.transfer.export import column_names, exported_tables

_ACTOR = "kyphometer"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFile:
    """A file that was written in place of a film's: its path in the copy, and its header."""

    path: str
    header: FilmHeader
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPlace:
    """A film of a study: whose it is in the key's words, its code, and where its files are."""

    person: str
    patient: str | None
    files: tuple[str, ...]


@dataclass
class StudyCopy:
    """Copies one study.

    Parameters
    ----------
    source
        The study's database.
    masks
        What becomes of values.
    """

    source: Database
    masks: Masks
    films: dict[int, FilmPlace] = field(default_factory=dict)
    _persons: dict[int, str] = field(default_factory=dict)

    @property
    def _ledger(self) -> Ledger:
        return self.masks.ledger

    def prepare(self) -> None:
        """Give codes in the study's own order, and note what must not be found."""
        with self.source.read() as connection:
            self._note_people(connection)
            self._note_films(connection)
            name, text = connection.execute(
                select(schema.study.c.name, schema.study.c.settings)
            ).one()
            self.masks.visits = frozenset(map(str, settings_from_json(text).visits.visits))
            for (code,) in connection.execute(
                select(schema.reading_sessions.c.code).order_by(schema.reading_sessions.c.id)
            ):
                self._ledger.session(code)
            self._label_texts(connection)
        self._ledger.note([Identifier("place", name)])

    def _note_people(self, connection: Connection) -> None:
        columns = (schema.patients.c.id, schema.patients.c.code, schema.patients.c.clinical_code)
        for number, code, clinical in connection.execute(
            select(*columns).order_by(schema.patients.c.code)
        ):
            self._ledger.patient(code)
            self._persons[number] = code
            self._ledger.note([Identifier("number", code)])
            if clinical:
                self._ledger.alias(clinical, code)
                self._ledger.note([Identifier("number", clinical)])
        for code, name in connection.execute(
            select(schema.observers.c.code, schema.observers.c.name).order_by(
                schema.observers.c.code
            )
        ):
            self._ledger.observer(code)
            self._ledger.note([Identifier("reader", code), Identifier("name", name or code)])
        for (login,) in connection.execute(select(schema.users.c.login)):
            self._ledger.note([Identifier("reader", login)])

    def _note_films(self, connection: Connection) -> None:
        files: dict[int, list[str]] = {}
        query = select(schema.film_files.c.film_id, schema.film_files.c.path)
        for number, path in connection.execute(query.order_by(schema.film_files.c.id)):
            files.setdefault(number, []).append(path)
        columns = (
            schema.films.c.id, schema.films.c.patient_id, schema.films.c.sop_instance_uid,
            schema.films.c.facts,
        )  # fmt: skip
        for number, patient, uid, facts in connection.execute(select(*columns)):
            person = self._persons.get(patient) if patient else None
            self.films[number] = FilmPlace(
                person=person or f"film {uid or number}",
                patient=person,
                files=tuple(files.get(number, ())),
            )
            known = json.loads(facts)
            self._ledger.note(
                Identifier(kind, str(known[name]))
                for kind, name in (
                    ("uid", "study_instance_uid"), ("uid", "series_instance_uid"),
                    ("number", "accession_number"),
                )
                if known.get(name)
            )  # fmt: skip
            if uid:
                self._ledger.note([Identifier("uid", uid)])

    def _label_texts(self, connection: Connection) -> None:
        """Labels of texts in the order of the texts, so that groups keep their order."""
        texts: set[tuple[str, str]] = set()
        for (data,) in connection.execute(select(schema.clinical_rows.c.data)):
            texts |= {
                (name, value)
                for name, value in (json.loads(data).get("own") or {}).items()
                if isinstance(value, str)
            }
        for name, value in sorted(texts):
            if name not in self.masks.keep:
                self._ledger.label(name, value)

    def write(self, path: Path, written: Mapping[int, tuple[FilmFile, ...]]) -> dict[str, int]:
        """Write the copy; rows by table.

        Parameters
        ----------
        path
            Where: a new SQLite file.
        written
            Files of the films that were written, by number of the film.

        Raises
        ------
        StudyRefusedError
            If the copy does not hold together.
        """
        target = Database(path)
        target.claim_file()
        try:
            with self.source.read() as old, target.write() as new:
                counts = self._fill(old, new, written)
                found = problems(new)
                if found:
                    raise StudyRefusedError("copy_inconsistent", found=found[0])
        finally:
            target.close()
        with closing(sqlite3.connect(path)) as opened:  # one file, as a backup is
            opened.execute("PRAGMA journal_mode = DELETE")
        return counts

    def _fill(
        self, old: Connection, new: Connection, written: Mapping[int, tuple[FilmFile, ...]]
    ) -> dict[str, int]:
        migrate.make_tables(new)
        uid = str(uuid.UUID(bytes=hashlib.sha256(self._ledger.work.code().encode()).digest()[:16]))
        self._files = written
        self._uid = uid
        counts = {}
        tables = exported_tables(accounts=False)
        for table in sorted(tables, key=lambda table: table is schema.audit):  # it names hashes
            rows = list(self._rows(old, table))
            if table is schema.audit:
                rows = list(_chained(rows))
            if rows:
                new.execute(insert(table), rows)
            counts[table.name] = len(rows)
        details = {"software": f"kyphometer {__version__}"}
        audit_trail.record(new, _ACTOR, "study.deidentify", "study", details=details)
        return counts

    def _rows(self, old: Connection, table: Table) -> Iterator[dict[str, Any]]:
        if table is schema.film_files:
            yield from self._film_files()
            return
        names = column_names(table)
        query = select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)
        change = getattr(self, f"_{table.name}", None)
        if change is None:
            raise StudyRefusedError("table_without_rule", name=table.name)
        for found in old.execute(query):
            row: dict[str, Any] = dict(zip(names, found, strict=True))
            changed: dict[str, Any] = change(row)
            yield row | changed

    # ------------------------------------------------------------------------- table by table

    def _study(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "uid": self._uid,
            "name": "De-identified study",
            "settings": self.masks.settings(row["settings"]),
            "created_at": self.masks.work_moment(row["created_at"]),
        }

    def _patients(self, row: dict[str, Any]) -> dict[str, Any]:
        person = row["code"]
        return {
            "code": self._ledger.patient(person),
            "clinical_code": None,
            "injury_date": self.masks.day(person, row["injury_date"]),
            "surgery_date": self.masks.day(person, row["surgery_date"]),
        }

    def _films(self, row: dict[str, Any]) -> dict[str, Any]:
        person = self.films[row["id"]].person
        secret = self._ledger.person(person)
        files = self._files.get(row["id"], ())
        at = row["taken_at"]
        facts = (
            film_row(files[0].header, row["frame"], None, self._uid)["facts"]
            if files
            else self.masks.facts(row["facts"], secret)
        )
        return {
            "sop_instance_uid": self.masks.uid(row["sop_instance_uid"]),
            "sha256_pixels": self.masks.hash(row["sha256_pixels"]),
            "taken_on": self.masks.day(person, row["taken_on"]),
            "taken_at": at and secret.clock(time.fromisoformat(at)).isoformat(),
            "facts": facts,
            "added_at": self.masks.work_moment(row["added_at"]),
        }

    def _film_files(self) -> Iterator[dict[str, Any]]:
        number = 0
        for film_id, files in self._files.items():
            for path in dict.fromkeys(file.path for file in files):
                number += 1
                file = next(file for file in files if file.path == path)
                yield {
                    "id": number,
                    "film_id": film_id,
                    "path": path,
                    "size": file.size,
                    "mtime_ns": file.mtime_ns,
                    "seen_at": self.masks.work_moment("2000-01-01T00:00:00.000000Z"),
                }

    def _looks(self, _row: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _copies(self, _row: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _visits(self, row: dict[str, Any]) -> dict[str, Any]:
        self.masks.drop("reasons of visits", row["reason"])
        return {
            "reason": "by hand" if row["explicit"] else "",
            "assigned_at": self.masks.work_moment(row["assigned_at"]),
            "assigned_by": self._ledger.actor(row["assigned_by"]),
        }

    def _observers(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"code": self._ledger.observer(row["code"]), "name": ""}

    def _reading_sessions(self, row: dict[str, Any]) -> dict[str, Any]:
        settings = self.masks.details(json.loads(row["settings"]))
        return {
            "code": self._ledger.session(row["code"]),
            "title": self.masks.drop("titles of sessions", row["title"]),
            "settings": json.dumps(settings, sort_keys=True, ensure_ascii=False),
            "created_at": self.masks.work_moment(row["created_at"]),
            "created_by": self._ledger.actor(row["created_by"]),
        }

    def _session_items(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            name: self.masks.work_moment(row[name])
            for name in ("opens_at", "first_opened_at", "locked_at")
        }

    def _readings(self, row: dict[str, Any]) -> dict[str, Any]:
        document = to_json(self.masks.reading(json.loads(row["document"])))
        sha256 = hashlib.sha256(document.encode()).hexdigest()
        self.masks.hashes[row["sha256"]] = sha256
        self.masks.drop("reasons of corrections", row["reason"])
        return {
            "document": document,
            "sha256": sha256,
            "reason": "corrected" if row["reason"] else "",
            "saved_at": self.masks.work_moment(row["saved_at"]),
            "saved_by": self._ledger.actor(row["saved_by"]),
        }

    def _drafts(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "document": to_json(self.masks.reading(json.loads(row["document"]))),
            "saved_at": self.masks.work_moment(row["saved_at"]),
        }

    def _reading_logs(self, row: dict[str, Any]) -> dict[str, Any]:
        details = self.masks.details(json.loads(row["details"])) if row["details"] else None
        return {"details": row["details"] and json.dumps(details, ensure_ascii=False)}

    def _clinical_rows(self, row: dict[str, Any]) -> dict[str, Any]:
        document = self.masks.clinical(self._persons[row["patient_id"]], json.loads(row["data"]))
        return {
            "data": json.dumps(document, ensure_ascii=False, sort_keys=True),
            "source": "clinical table",
            "saved_at": self.masks.work_moment(row["saved_at"]),
            "saved_by": self._ledger.actor(row["saved_by"]),
        }

    def _audit(self, row: dict[str, Any]) -> dict[str, Any]:
        kind, _, rest = row["subject"].partition(" ")
        person = rest if kind == "patient" else None
        if kind == "film":
            place = self.films.get(int(rest.split(" ")[0]))
            person = None if place is None else place.person
        if row["action"] in ("study.create", "reading.confirm", "reading.correct", "film.add"):
            person = None
        details = self.masks.details(json.loads(row["details"]), person)
        return {
            "at": self.masks.work_moment(row["at"]),
            "actor": self._ledger.actor(row["actor"]),
            "subject": self.masks.subject(row["subject"]),
            "details": json.dumps(details, sort_keys=True, ensure_ascii=False),
        }


def _chained(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The audit trail with hashes of its new content."""
    previous = ""
    for row in rows:
        row["previous_hash"] = previous
        previous = row["hash"] = audit_trail.entry_hash(row)
        yield row
