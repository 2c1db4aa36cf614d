"""Deeds of `kyphometer study` that take up tables: clinical data, and angles measured elsewhere."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import WithTable
from kyphometer.cli.study_output import StudyDeed, print_facts
from kyphometer.cli.words import warn
from kyphometer.messages.retold import retold


@dataclass(frozen=True, kw_only=True)
class TakeOptions(StudyDeed, WithTable):
    """Options of `kyphometer study import-clinical` and `import-angles`."""

    table: Path
    accept_changes: bool
    erase_empty: bool
    add_patients: bool


def take_clinical(given: argparse.Namespace) -> int:
    """Take up a table into a study."""
    from kyphometer.store.study.study import Study

    args = TakeOptions.of(given)
    with Study.open(args.study) as study:
        adding = args.add_patients or not study.films()
        known = None if adding else _codes(study)
        table = read_table(args.table, args, study.settings.visits, known)
        print_facts(args, _taken(study, table, args, adding=adding))
    return 0


def take_angles(given: argparse.Namespace) -> int:
    """Take up a table of angles, with the clinical data that stand in it."""
    from kyphometer.errors import ClinicalTableError
    from kyphometer.store.study.study import Study
    from kyphometer.tables import TableProblem

    args = TakeOptions.of(given)
    with Study.open(args.study) as study:
        adding = args.add_patients or not study.films()
        known = None if adding else _codes(study)
        table = read_table(args.table, args, study.settings.visits, known)
        if not any(record.angles for record in table.records):
            problem = TableProblem(
                file=args.table.name, row=1, column=None, problem="no column holds angles",
                remedy="name them as VKA_VISIT, or VKA beside a column visit, date or days",
            )  # fmt: skip
            raise ClinicalTableError(args.table.name, (problem,))
        print_facts(args, _taken(study, table, args, adding=adding))
    return 0


def _taken(study: Any, table: Any, args: TakeOptions, *, adding: bool) -> dict[str, object]:
    accept, erase = args.accept_changes, args.erase_empty
    return take(study, table, adding=adding, accept=accept, erase=erase)


def _codes(study: Any) -> set[str]:
    patients = study.patients()
    codes = {patient.code for patient in patients}
    return codes | {patient.clinical_code for patient in patients if patient.clinical_code}


def read_table(path: Path, args: WithTable, windows: Any, known: set[str] | None) -> Any:
    """The table, with notes on how it was read."""
    from kyphometer.followup.clinical.reader import TableOptions, read_clinical_table
    from kyphometer.tables.missing import missing_words

    options = TableOptions(
        windows=windows,
        known_patients=known,
        encoding=args.encoding,
        decimal=args.decimal,
        dates=args.dates,
        missing=missing_words(args.missing),
    )
    table = read_clinical_table(path, options)
    for sentence in table.remarks:
        warn("note", what=sentence)
    return table


def take(
    study: Any, table: Any, *, adding: bool, accept: bool = False, erase: bool = False
) -> dict[str, object]:
    """Save a table by the merge rule, say what came of it; the counts."""
    merge = study.preview_clinical(table, add_patients=adding)
    changed = study.set_clinical(
        table, accept_changes=accept, erase_empty=erase, add_patients=adding
    )
    for sentence in merge.alike:
        warn("warning", what=sentence)
    for change in merge.different:
        warn("changed", what=retold(str(change)))
    for change in merge.emptied:
        key = "fact_erased" if erase else "fact_kept"
        warn(key, subject=retold(change.subject), name=change.name, before=change.before)
    angles = [angle for record in table.records for angle in record.angles]
    return {
        "patients": len(table.records),
        "patients_added": len(merge.patients_added),
        "angles": sum(angle.value_deg is not None for angle in angles),
        "new_or_changed": len(changed),
        "facts_changed": len(merge.different),
        "facts_erased": len(merge.emptied) if erase else 0,
        "facts_kept": 0 if erase else len(merge.emptied),
    }
