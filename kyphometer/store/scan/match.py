"""Whether a film that was found in a file is new, known, or moved; writing it down."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import Connection, select

from kyphometer.errors import KyphometerError, StudyRefusedError, UnacceptedChangesError
from kyphometer.store.database.audit import Deed
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.schema import film_files, study
from kyphometer.store.films import corrected
from kyphometer.store.films.films import absolute
from kyphometer.store.films.header_rows import film_row
from kyphometer.store.films.identity import contradiction, identity
from kyphometer.store.people.people import checked_code
from kyphometer.store.scan.copies import Copies, OpenFilm, Seen
from kyphometer.store.scan.known import FoundFilm, Known, KnownFilm


class Match(Enum):
    """What a found film is to the study."""

    ADDED = auto()
    KNOWN = auto()
    MOVED = auto()
    COPY = auto()
    """The pixels of a film that the study holds, under another UID."""


class Matcher:
    """Takes found films into the study, inside the caller's (writing) transaction.

    Attributes
    ----------
    deeds
        What the audit trail is to say about it.
    changed
        Numbers of films whose facts were changed.
    """

    def __init__(
        self,
        connection: Connection,
        found: Collection[FoundFilm],
        root: str,
        open_film: OpenFilm,
        *,
        import_name: str,
        accept_changes: bool = False,
    ) -> None:
        self._accept = accept_changes
        self._import = import_name
        self._key = str(connection.execute(select(study.c.uid)).scalar_one())
        self.changed: set[int] = set()
        self._connection = connection
        self._found = found
        self._known = Known(connection, found)
        self._root = root
        self._open = open_film
        codes = {film.patient for film in found if film.patient and film.look}
        self._copies = Copies(connection, codes, open_film, root)
        self.deeds: list[Deed] = []

    def take_all(self) -> Iterator[tuple[FoundFilm, Match | KyphometerError, list[str]]]:
        """Take every film of the batch: what it is to the study, or why it is refused; notes."""
        for film in self._found:
            self.notes: list[str] = []
            try:
                outcome: Match | KyphometerError = self._take(film)
            except KyphometerError as error:
                outcome = error
            yield film, outcome, self.notes
        self._known.finish()
        self._copies.finish()

    def _take(self, found: FoundFilm) -> Match:
        """Add the film, or note where it is now.

        Raises
        ------
        StudyRefusedError
            If it contradicts a film that the study holds.
        """
        known = self._known.film(found)
        if known is None:
            twin = self._known.twin(found)
            return self._add(found) if twin is None else self._place_copy(found, twin)
        self._require_same(found, known)
        self._merge_header(found, known)
        return self._place(found, int(known["id"]))

    def _require_same(self, found: FoundFilm, known: KnownFilm) -> None:
        """A film with a known UID must be that film, pixel by pixel."""
        reference = found.header.reference
        same = (known["rows"], known["columns"]) == (reference.rows, reference.columns)
        if same and known["sha256_pixels"] is not None:
            sha256 = found.sha256 or self._open(found.path, found.frame).sha256_pixels
            same = sha256 == known["sha256_pixels"]
        if not same:
            raise StudyRefusedError("uid_of_other_pixels", name=found.path.name, known=known["id"])

    def _merge_header(self, found: FoundFilm, known: KnownFilm) -> None:
        """Take up a header that was corrected, by the one rule of `merge`."""
        number = int(known["id"])
        row = {**film_row(found.header, found.frame, found.sha256, self._key)}
        row["patient"] = self._renamed(found, known)
        merge = corrected.compare(number, known, row)
        if merge.different and not self._accept:
            raise UnacceptedChangesError(found.path.name, merge.different)
        names = merge.added.keys() | {change.name for change in merge.different}
        if not names:
            return
        if "patient" in names:
            self._require_person(row["patient"], row["facts"], found.path.name)
        before = corrected.apply(self._connection, number, row, set(names))
        self._known.reread(number)
        changes = [change.to_list() for change in merge.different]
        details = {"before": before, "changes": changes, "added": merge.added}
        details["import"] = self._import
        self.deeds.append(
            Deed(
                action="film.header",
                subject=f"film {number}",
                details=details,
            )
        )
        self.changed.add(number)
        self.notes += [f"changed: {change}." for change in merge.different]

    def _renamed(self, found: FoundFilm, known: KnownFilm) -> str | None:
        """The patient's code that the file gives now; the known one if it gives the same as ever.

        A film whose patient was corrected in the study keeps it while its header stays.
        """
        code: str | None = known["patient"]
        before = json.loads(known["facts"]).get("identity", {}).get("patient_id")
        now = identity(found.header.acquisition, self._key).get("patient_id")
        if before is None or before == now or found.patient is None:
            return code
        return checked_code(found.patient, "patient")

    def _require_person(self, code: str, facts: str, name: str) -> None:
        """Another birth date, sex or name under one code is another person, or to be accepted."""
        own = json.loads(facts).get("identity", {})
        for number, others in self._known.people(code):
            what = contradiction(own, others)
            if not what:
                continue
            if not self._accept:
                raise StudyRefusedError(
                    "perhaps_another_person", name=name, code=code, what=what, number=number
                )
            self.notes.append(
                f"It has another {what} than film {number} of patient '{code}'; it was taken as "
                "the same person."
            )
            return

    def _place(self, found: FoundFilm, film_id: int) -> Match:
        """Note the file of a known film."""
        if self._known.see(found, film_id):
            return Match.KNOWN
        before = self._known.paths(film_id)
        self._known.put(found, film_id)
        if any(Path(absolute(path, self._root)).is_file() for path in before):
            return Match.KNOWN
        places = {"from": before, "to": found.stored}
        self.deeds.append(Deed(action="film.move", subject=f"film {film_id}", details=places))
        return Match.MOVED

    def _place_copy(self, found: FoundFilm, film_id: int) -> Match:
        """Note a file of the same pixels under another UID: one film, wherever it was sent."""
        self._place(found, film_id)
        details = {"uid": found.header.reference.sop_instance_uid, "file": found.stored}
        self.deeds.append(Deed(action="film.copy", subject=f"film {film_id}", details=details))
        self.notes.append(
            f"It shows the same pixels as film {film_id} under another UID: it is that film, and "
            "its readings are the same."
        )
        return Match.COPY

    def _add(self, found: FoundFilm) -> Match:
        row = film_row(found.header, found.frame, found.sha256, self._key)
        code = None
        if found.patient:
            code = checked_code(found.patient, "patient")
            self._require_person(code, row["facts"], found.path.name)
            self.notes += self._known.near_patients(code)
        film_id = self._known.add({**row, "added_at": now_text()}, code)
        self._known.put(found, film_id)
        details = {
            "uid": found.header.reference.sop_instance_uid,
            "frame": found.frame,
            "sha256": found.sha256,
            "file": found.stored,
            "patient": found.patient,
        }
        self.deeds.append(Deed(action="film.add", subject=f"film {film_id}", details=details))
        self._note_copy(found, film_id, code, row["facts"])
        return Match.ADDED

    def _note_copy(self, found: FoundFilm, film_id: int, code: str | None, facts: str) -> None:
        """Note the look of a new film; if it shows the exposure of another, one of them counts."""
        if not found.look:
            return
        new = Seen(
            film=film_id,
            look=found.look,
            uid=found.header.reference.sop_instance_uid,
            frame=found.frame,
            lossy=bool(json.loads(facts).get("lossy")),
            size=found.header.reference.rows * found.header.reference.columns,
            path=found.path,
        )
        noticed = self._copies.notice(new, code)
        if noticed is not None:
            self._copies.keep(noticed)
            self.deeds.append(noticed.deed())
            self.notes.append(noticed.sentence())


def seen_files(connection: Connection) -> dict[str, tuple[int, int]]:
    """Size and time of every file that was seen, by stored path."""
    query = select(film_files.c.path, film_files.c.size, film_files.c.mtime_ns)
    return {path: (size, mtime_ns) for path, size, mtime_ns in connection.execute(query)}


def missing_files(
    connection: Connection, root: str, folder: Path, present: set[str]
) -> tuple[Path, ...]:
    """Files below `folder` that were seen once, are gone, and whose films are nowhere else."""
    places: dict[int, list[str]] = {}
    for film_id, path in connection.execute(select(film_files.c.film_id, film_files.c.path)):
        places.setdefault(film_id, []).append(path)
    gone = []
    for paths in places.values():
        if any(path in present for path in paths):
            continue
        whole = [Path(absolute(path, root)) for path in paths]
        here = [path for path in whole if path.is_relative_to(folder)]
        if here and not any(path.is_file() for path in whole):
            gone.append(here[-1])
    return tuple(gone)
