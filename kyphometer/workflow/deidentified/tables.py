"""Clinical tables that lie among the films, as one CSV each that `study import-clinical` takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from kyphometer.dicom.identifiers import Identifier
from kyphometer.errors import KyphometerError
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.clinical.writer import write_clinical_table
from kyphometer.store.deidentified.masks import Masks
from kyphometer.workflow.deidentified.report import Tally

_TABLES: Final = frozenset((".csv", ".xlsx", ".ods", ".sav"))
_HIDDEN: Final = "."


def copy_tables(
    roots: Iterable[Path], masks: Masks, tally: Tally, target: Path, *, deep: bool
) -> None:
    """Copy every clinical table below the roots; other tables and files are left out and named."""
    number = 0
    for root in roots:
        for path in sorted(root.rglob("*") if deep else root.glob("*")):
            hidden = any(part.startswith(_HIDDEN) for part in path.relative_to(root).parts)
            if hidden or not path.is_file() or path.suffix.lower() not in _TABLES:
                continue
            try:
                table = read_clinical_table(path)
            except KyphometerError as error:
                first = str(error).splitlines()[0]
                tally.leave_out(path, f"It was not taken for a clinical table: {first}")
                continue
            number += 1
            name = "clinical.csv" if number == 1 else f"clinical-{number}.csv"
            write_clinical_table(_masked(table, masks), target / name)
            tally.tables += 1


def _masked(table: ClinicalTable, masks: Masks) -> ClinicalTable:
    texts = {
        (name, value)
        for record in table.records
        for name, value in record.own.items()
        if isinstance(value, str) and name not in masks.keep
    }
    for name, value in sorted(texts):
        masks.ledger.label(name, value)
    records = []
    for record in table.records:
        masks.ledger.note([Identifier("number", record.patient)])
        document = masks.clinical(record.patient, record.to_dict())
        records.append(ClinicalRecord.from_dict(document))
    return replace(table, records=tuple(records), source="clinical.csv")
