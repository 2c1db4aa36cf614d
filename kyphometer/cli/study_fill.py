"""Deeds of `kyphometer study` that make a study and take things up into it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kyphometer.cli.options import WithTable
from kyphometer.cli.study_correct import WithSettings
from kyphometer.cli.study_output import StudyDeed, counter, print_facts, print_failures
from kyphometer.cli.words import warn
from kyphometer.errors import UsageError

if TYPE_CHECKING:
    from kyphometer.store.scan.report import ScanReport


@dataclass(frozen=True, kw_only=True)
class NewOptions(WithSettings, WithTable):
    """Options of `kyphometer study new`."""

    name: str
    settings: Path | None
    table: list[Path]


@dataclass(frozen=True, kw_only=True)
class AddOptions(StudyDeed):
    """Options of `kyphometer study add`."""

    folders: list[Path]
    patients_from: Literal["header", "folder"]
    all_frames: bool
    defer_hashes: bool
    accept_changes: bool


@dataclass(frozen=True, kw_only=True)
class ReadingsOptions(StudyDeed):
    """Options of `kyphometer study import-readings`."""

    folders: list[Path]
    observer: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class TemplateOptions(StudyDeed):
    """Options of `kyphometer study clinical-template`."""

    table: Path


def new(given: argparse.Namespace) -> int:
    """Make a study, from tables if there are any."""
    from kyphometer.cli.study_correct import with_options
    from kyphometer.cli.study_tables import read_table, take
    from kyphometer.store.study.settings import StudySettings, settings_from_json
    from kyphometer.store.study.study import Study

    args = NewOptions.of(given)
    settings = args.settings and settings_from_json(args.settings.read_text("utf-8"))
    settings = with_options(settings or StudySettings(), args)
    tables = [read_table(path, args, settings.visits, None) for path in args.table]
    facts: dict[str, object] = {"study": args.study}
    with Study.create(args.study, args.name, settings=settings) as study:
        facts["name"] = study.name
        for path, table in zip(args.table, tables, strict=True):
            taken = take(study, table, adding=True)
            facts |= {f"{path.name}: {name.replace('_', ' ')}": n for name, n in taken.items() if n}
    print_facts(args, facts)
    return 0


def add(given: argparse.Namespace) -> int:
    """Take up films."""
    from kyphometer.cli.study_look import told_once
    from kyphometer.store.scan.report import ScanOptions, ScanReport
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.study_check import film_warnings

    args = AddOptions.of(given)
    options = ScanOptions(
        patients_from=args.patients_from,
        all_frames=args.all_frames,
        defer_hashes=args.defer_hashes,
        accept_changes=args.accept_changes,
    )
    total = ScanReport()
    with Study.open(args.study) as study:
        for folder in args.folders:
            report = study.add_films(folder, options=options, progress=counter("films"))
            total = _sum(total, report)
        new = {str(path) for path in total.added}
        taken = [film for film in study.films() if film.path_text in new]
    facts = {
        "added": len(total.added),
        "known": total.known,
        "moved": len(total.moved),
        "changed": total.changed,
        "failed": len(total.failed),
        "passed_over": len(total.passed_over),
        "missing": [str(path) for path in total.missing],
    }
    if args.format == "json":
        for name in ("failed", "passed_over", "notes"):
            found = getattr(total, name)
            facts[name] = [{"path": str(f.path), "reason": f.sentence} for f in found]
    print_facts(args, facts)
    print_failures(total.failed)
    print_failures(total.passed_over, "passed_over")
    print_failures(total.notes, "note_of")
    for sentence in told_once(list(film_warnings(taken))):
        warn("warning", what=sentence)
    return 1 if total.failed else 0


def _sum(one: ScanReport, two: ScanReport) -> ScanReport:
    return replace(
        one,
        added=one.added + two.added,
        known=one.known + two.known,
        moved=one.moved + two.moved,
        failed=one.failed + two.failed,
        passed_over=one.passed_over + two.passed_over,
        notes=one.notes + two.notes,
        changed=one.changed + two.changed,
        missing=one.missing + two.missing,
    )


def take_readings(given: argparse.Namespace) -> int:
    """Take up readings."""
    from kyphometer.store.study.study import Study

    args = ReadingsOptions.of(given)
    imported, known = 0, 0
    failed: list[Any] = []
    notes: list[Any] = []
    with Study.open(args.study) as study:
        for folder in args.folders:
            report = study.import_readings(
                folder, observer=args.observer, reason=args.reason, progress=counter("readings")
            )
            imported += len(report.imported)
            known += report.known
            failed += report.failed
            notes += report.notes
    facts: dict[str, Any] = {"imported": imported, "known": known, "failed": len(failed)}
    if args.format == "json":
        facts["notes"] = [{"path": str(f.path), "reason": f.sentence} for f in notes]
    print_facts(args, facts)
    print_failures(failed)
    print_failures(notes, "note_of")
    return 1 if failed else 0


def clinical_template(given: argparse.Namespace) -> int:
    """Write an empty clinical table with the study's patients and visits."""
    from kyphometer.followup.clinical.template import write_template
    from kyphometer.store.study.study import Study

    args = TemplateOptions.of(given)
    if args.table.exists():
        raise UsageError("table_there", table=args.table)
    with Study.open(args.study) as study:
        codes = [patient.clinical_code or patient.code for patient in study.patients()]
        write_template(args.table, study.settings.visits, codes)
    print_facts(args, {"written": str(args.table), "patients": len(codes)})
    return 0
