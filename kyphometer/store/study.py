"""A study: films, patients, readings and everything else, in one database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.store import audit, people
from kyphometer.store.accounts import StudyAccounts
from kyphometer.store.scan import Scanner
from kyphometer.store.scan_report import ScanOptions
from kyphometer.store.study_readings import StudyReadings

if TYPE_CHECKING:
    import os
    from datetime import date

    from kyphometer.store.scan_report import Progress, ScanReport

_UNCHANGED: Any = object()


class Study(StudyReadings, StudyAccounts):
    """An open study; use it in a `with` block, from any thread.

    Everything that writes is one transaction: when the call returns it is on disk; if it raises
    nothing of it was saved. `Study` offers what `ReadingStore` describes, and more.
    """

    def add_observer(self, code: str, name: str = "") -> bool:
        """Add somebody who reads films; False if the code is known already."""
        with self._database.write() as connection:
            return people.add_observer(connection, self._actor, code, name)

    def observers(self) -> tuple[people.ObserverRecord, ...]:
        """Everybody who reads films, by code."""
        with self._database.read() as connection:
            return people.list_observers(connection)

    def patients(self) -> tuple[people.PatientRecord, ...]:
        """All patients, by code."""
        with self._database.read() as connection:
            return people.list_patients(connection)

    def set_patient(
        self,
        code: str,
        *,
        surgery_date: date | None = _UNCHANGED,
        injury_date: date | None = _UNCHANGED,
        clinical_code: str | None = _UNCHANGED,
    ) -> None:
        """Change facts of a patient; what is not given stays as it is."""
        facts = {
            "surgery_date": surgery_date,
            "injury_date": injury_date,
            "clinical_code": clinical_code,
        }
        given = {name: value for name, value in facts.items() if value is not _UNCHANGED}
        with self._database.write() as connection:
            people.set_patient(connection, self._actor, code, given)

    def add_films(
        self,
        folder: str | os.PathLike[str],
        *,
        options: ScanOptions | None = None,
        progress: Progress | None = None,
    ) -> ScanReport:
        """Take up the films of a folder and all folders below it, or of one file.

        Parameters
        ----------
        progress
            Called with the files done, the files in all, and the next file.

        Returns
        -------
        report
            What was new, known, moved, refused (with the reason) and missing.
        """
        scanner = Scanner(self._database, self._reader, self._actor, options or ScanOptions())
        return scanner.run(Path(folder), progress)

    def audit(self, subject: str | None = None) -> tuple[audit.AuditEntry, ...]:
        """The audit trail, oldest first; of one subject such as `film 12`, or whole."""
        with self._database.read() as connection:
            return audit.entries(connection, subject)
