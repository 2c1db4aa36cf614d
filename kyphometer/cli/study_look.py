"""Deeds of `kyphometer study` that only look."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from kyphometer.cli.study_output import count_only, print_facts, print_rows

_FILM = (
    "id", "patient", "visit", "taken_on", "position", "rows", "columns", "row_mm", "column_mm",
    "frame", "sop_instance_uid", "path",
)  # fmt: skip
_MEASUREMENT = (
    "film_id", "patient", "visit", "taken_on", "position", "observer", "session", "round",
    "version", "code", "label", "value", "unit", "standard_uncertainty", "note",
)  # fmt: skip


def status(args: Any) -> int:
    """How far the study is; with --check, what is wrong with it."""
    from kyphometer.store.study.study import Study

    with Study.open(args.study) as study:
        facts = asdict(study.status())
        problems = study.check() if args.check else ()
    if args.check:
        facts["problems"] = list(problems)
    print_facts(args, facts)
    for problem in problems:
        print(f"kyphometer: {problem}", file=sys.stderr)
    return 8 if problems else 0


def films(args: Any) -> int:
    """List the films."""
    from kyphometer.store.study.study import Study

    with Study.open(args.study) as study:
        rows = [{**asdict(film), "path": film.path_text} for film in study.films()]
    columns = _FILM if args.format != "table" else (*_FILM[:5], "path")
    print_rows(args, rows, columns)
    return 0


def visits(args: Any) -> int:
    """List the films by visit."""
    from kyphometer.store.study.study import Study

    with Study.open(args.study) as study:
        found = study.visits()
    columns = ("patient", "visit", "film", "taken_on", "day", "within_tolerance", "reason")
    print_rows(args, found.rows(), columns)
    for remark in found.remarks:
        print(f"{remark.kind}: {remark.sentence}", file=sys.stderr)
    return 0


def patients(args: Any) -> int:
    """List the patients."""
    from kyphometer.store.study.study import Study

    with Study.open(args.study) as study:
        rows = [asdict(patient) for patient in study.patients()]
    print_rows(args, rows, ("code", "clinical_code", "injury_date", "surgery_date"))
    return 0


def measurements(args: Any) -> int:
    """List the numbers of the latest readings."""
    from kyphometer.store.study.study import Study

    codes = [code.strip() for code in args.codes.split(",") if code.strip()]
    with Study.open(args.study) as study:
        values = study.measurements(codes, patient=args.patient, progress=count_only("measured"))
    columns: tuple[str, ...] = _MEASUREMENT
    if args.format == "table":
        columns = ("film_id", "patient", "visit", "observer", "session", *_MEASUREMENT[10:])
    print_rows(args, [asdict(value) for value in values], columns)
    return 0


def audit(args: Any) -> int:
    """Print the audit trail."""
    from kyphometer.store.study.study import Study

    with Study.open(args.study) as study:
        rows = [asdict(entry) for entry in study.audit(args.subject)]
    columns = ("id", "at", "actor", "action", "subject", "from_version", "details")
    print_rows(args, rows, columns)
    return 0
