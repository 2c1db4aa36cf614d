"""Films and structured reports of a source, one after the other, into the copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kyphometer.dicom import read_header
from kyphometer.dicom.clean_pixels import Region
from kyphometer.dicom.deidentify import deidentify, person_of
from kyphometer.dicom.deidentify_report import deidentify_report, report_facts
from kyphometer.dicom.entries import is_no_film
from kyphometer.dicom.identifiers import Identifier
from kyphometer.errors import BurnedInTextError, FilmError, NoPixelsError, PixelsToCheckError
from kyphometer.film import FilmHeader
from kyphometer.store.database.schema import metadata
from kyphometer.store.deidentified.copy import FilmFile
from kyphometer.store.deidentified.masks import Masks
from kyphometer.workflow.deidentified.report import Tally

if TYPE_CHECKING:
    from kyphometer.workflow.deidentified.copy import Choices

FILMS: Final = "films"
REPORTS: Final = "reports"
Claim = tuple[int, int, str]
"""A study's number, a film's number in it, and the path as it stores it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of the copy.

    Attributes
    ----------
    source, path
        Where it was and where it is.
    header
        Of the copy.
    person
        Whose film it is, in the key's words.
    uid, sha256
        UID and hash of pixels of the original, for readings that name them.
    """

    source: Path
    path: Path
    header: FilmHeader
    person: str
    uid: str | None
    sha256: str


class Files:
    """Takes files into the copy.

    Attributes
    ----------
    written
        Films of the copy by where they were.
    """

    def __init__(self, masks: Masks, choices: Choices, tally: Tally, folder: Path) -> None:
        self._masks = masks
        self._ledger = masks.ledger
        self._choices = choices
        self._tally = tally
        self._folder = folder
        self._claims: dict[Path, list[Claim]] = {}
        self._persons: dict[Path, str] = {}
        self._person_of_study: dict[str, str] = {}
        self._known: set[Path] = set()
        self.written: dict[Path, Written] = {}

    # ---------------------------------------------------------------- of whom each file is

    def claim(self, path: Path, person: str, claim: Claim) -> None:
        """Say that a file is that of a study's film, and of which patient."""
        self._claims.setdefault(path, []).append(claim)
        self._persons[path] = person

    def claimed(self) -> Iterator[tuple[Path, list[Claim]]]:
        """Files of studies."""
        yield from self._claims.items()

    def survey(self, paths: list[Path]) -> None:
        """Give codes to patients in the order of their IDs, and note names of files."""
        found: dict[Path, str] = {}
        for path in paths:
            for part in (path.stem, *(parent.name for parent in path.parents[:2])):
                self._note_path(part)
            try:
                header = read_header(path)
            except (FilmError, OSError):
                continue
            person = self._persons.get(path)
            own = person_of(header)
            if person is None:
                found[path] = own
            elif header.acquisition.patient_id:
                self._ledger.alias(own, person)
            study = header.acquisition.study_instance_uid
            if study:
                self._person_of_study.setdefault(study, person or own)
        for person in sorted(set(found.values())):
            self._ledger.patient(person)
        self._persons.update(found)

    def _note_path(self, name: str) -> None:
        """A name of a file that is more than a visit or a number may name somebody."""
        plain = name.casefold()
        if (
            len(plain) >= 6
            and plain not in _HARMLESS
            and plain not in metadata.tables
            and plain not in {visit.casefold() for visit in self._masks.visits}
        ):
            self._ledger.note([Identifier("path", name)])

    # ---------------------------------------------------------------- one file

    def take(self, path: Path) -> None:
        """Copy a film or a structured report; what is neither is left out with a sentence."""
        try:
            self._take_film(path)
        except NoPixelsError as error:
            if not self._take_report(path):
                self._tally.leave_out(path, str(error))
        except FilmError as error:
            refused = isinstance(error, BurnedInTextError | PixelsToCheckError)
            self._tally.leave_out(path, str(error), refused=refused or not is_no_film(path, error))
        except OSError as error:
            self._tally.leave_out(
                path, f"The file cannot be read ({error.strerror}); check its rights.", refused=True
            )

    def _take_film(self, path: Path) -> None:
        person = self._persons.get(path)
        header = read_header(path)
        if person is None:
            person = person_of(header)
        code = self._ledger.patient(person)
        target = self._place(FILMS, code, header, person)
        regions = self._regions(path)
        done = deidentify(
            path,
            target,
            key=self._ledger.secret,
            patient_code=code,
            person=self._ledger.name(person),
            text_in_pixels_checked=self._checked(path),
            blank=regions,
            keep_device=self._choices.keep_device,
        )
        self._ledger.note(done.identifiers)
        after = read_header(target)
        self._note_days(after)
        if regions:
            self._masks.done["films with blanked regions"] += 1
        self._masks.hashes[done.sha256_before] = done.sha256_pixels
        self._tally.films += 1
        self._tally.attributes(
            removed=done.removed, changed=done.changed, kept=done.kept, gaps=done.gaps,
            pixels=done.pixels,
        )  # fmt: skip
        self.written[path] = Written(
            source=path,
            path=target,
            header=after,
            person=person,
            uid=header.reference.sop_instance_uid,
            sha256=done.sha256_before,
        )

    def _take_report(self, path: Path) -> bool:
        """True if it was a structured report, and is in the copy."""
        facts = report_facts(path)
        if facts is None:
            return False
        person = self._person_of_study.get(facts.study_instance_uid) or facts.person
        code = self._ledger.patient(person)
        folder = self._folder / REPORTS / code
        folder.mkdir(parents=True, exist_ok=True)
        secret = self._ledger.person(person)
        target = folder / f"{secret.mark('report', facts.sop_instance_uid)}.dcm"
        done = deidentify_report(
            path, target, secret=secret, patient_code=code, observer=self._ledger.observer
        )
        self._ledger.note(done.identifiers)
        self._ledger.days.update(done.days)
        self._tally.reports += 1
        self._tally.attributes(removed=done.removed, changed=done.changed, kept=done.kept, gaps=())
        return True

    def _place(self, kind: str, code: str, header: FilmHeader, person: str) -> Path:
        """Where a film goes: by patient, shifted day, and a mark of its own."""
        secret = self._ledger.person(person)
        exposed = header.acquisition.exposed_at or header.acquisition.study_date
        day = "undated"
        if exposed is not None:
            day = f"{exposed - secret.shift:%Y%m%d}"
        folder = self._folder / kind / code
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{day}-{secret.mark('film', header.reference.sop_instance_uid or '')}"
        target = folder / f"{name}.dcm"
        number = 1
        while target.exists():
            number += 1
            target = folder / f"{name}-{number}.dcm"
        return target

    def _note_days(self, header: FilmHeader) -> None:
        facts = header.acquisition
        for day in (facts.exposed_at, facts.study_date):
            if day is not None:
                self._ledger.days.add(f"{day:%Y%m%d}")

    def _checked(self, path: Path) -> bool:
        return bool({"*", path.name, str(path)} & self._choices.pixels_checked)

    def _regions(self, path: Path) -> list[Region]:
        names = ("*", path.name, str(path))
        return [region for name, region in self._choices.blank if name in names]

    # ---------------------------------------------------------------- for studies and readings

    def paths_of(self, study: int) -> dict[str, str]:
        """New paths of a study's films by old ones, as the study stores them."""
        return {
            stored: self._stored(self.written[path].path) if path in self.written else ""
            for path, claims in self._claims.items()
            for number, _, stored in claims
            if number == study
        }

    def films_of(self, study: int) -> dict[int, tuple[FilmFile, ...]]:
        """Files of a study's films that are in the copy, by number of the film."""
        found: dict[int, list[FilmFile]] = {}
        for path, claims in self._claims.items():
            done = self.written.get(path)
            for number, film_id, _ in claims:
                if number == study and done is not None:
                    facts = done.path.stat()
                    found.setdefault(film_id, []).append(
                        FilmFile(
                            path=self._stored(done.path),
                            header=done.header,
                            size=facts.st_size,
                            mtime_ns=facts.st_mtime_ns,
                        )
                    )
        return {film_id: tuple(files) for film_id, files in found.items()}

    def _stored(self, path: Path) -> str:
        return f"./{path.relative_to(self._folder).as_posix()}"

    def by_reference(self, uid: str | None, sha256: str | None) -> Written | None:
        """The film that a reading names."""
        for film in self.written.values():
            if (uid and film.uid == uid) or (sha256 and film.sha256 == sha256):
                return film
        return None


_HARMLESS: Final = frozenset(
    (
        "pre-op", "discharge", "1-month", "6-months", "12-months", "6 months", "12 months",
        "1 month", "3-months", "2-years", "readings", "radiographs", "x-rays", "lateral", "images",
        "sample", "samples", "reports", "kyphometer", "patients", "clinical", "dicomdir",
        "tables", "drafts", "versions", "history", "values", "pixels", "removed", "changed",
    )
)  # fmt: skip
"""Names of files and folders that name nobody and that the copy may hold of itself.

So do those of the database's tables, which an export of a study has as files.
"""
