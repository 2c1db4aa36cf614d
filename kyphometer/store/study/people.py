"""Observers, patients and clinical data of a study."""

from __future__ import annotations

from datetime import date
from typing import Any

from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.store.database.schema import patients as patients_table
from kyphometer.store.people import clinical, people
from kyphometer.store.study import visits
from kyphometer.store.study.readings import StudyReadings

_UNCHANGED: Any = object()


class StudyPeople(StudyReadings):
    """What a study knows of people."""

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
            if given.keys() & {"surgery_date", "injury_date"}:
                visits.refresh(connection, self._actor, patients_table.c.code == code)

    def set_clinical(
        self,
        table: ClinicalTable,
        *,
        accept_changes: bool = False,
        erase_empty: bool = False,
        add_patients: bool = False,
    ) -> tuple[str, ...]:
        """Take up a clinical table, whole or not at all; codes of those new or changed.

        Angles measured elsewhere may stand in it. What is new is added, and what the table has no
        column for stays as it is. Surgery and injury dates that the table gives go to the patients,
        and visits follow. What was known before stays as an earlier version, and `undo` brings it
        back.

        Parameters
        ----------
        accept_changes
            Take facts that differ from what the study knows.
        erase_empty
            Erase facts whose cell is empty; otherwise they stay.
        add_patients
            Add patients whom the study does not hold; otherwise the table is refused.

        Raises
        ------
        UnacceptedChangesError
            If facts differ and that is not accepted.
        StudyRefusedError
            If the table names a patient whom the study does not hold.
        """
        with self._database.write() as connection:
            return clinical.save(
                connection,
                self._actor,
                table.records,
                table.source,
                columns=table.columns,
                accept_changes=accept_changes,
                erase_empty=erase_empty,
                add_patients=add_patients,
            )

    def preview_clinical(
        self, table: ClinicalTable, *, add_patients: bool = False
    ) -> clinical.ClinicalMerge:
        """What `set_clinical` would do with a table: what is new, different, or empty."""
        with self._database.read() as connection:
            return clinical.preview(
                connection, table.records, table.columns, add_patients=add_patients
            )

    def clinical(self) -> ClinicalTable:
        """The latest clinical record of each patient who has one."""
        with self._database.read() as connection:
            return ClinicalTable(records=clinical.load(connection), source=self._database.where)
