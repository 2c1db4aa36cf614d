"""Deeds of `kyphometer study` that only look."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from kyphometer.cli.study_output import StudyDeed, count_only, print_facts, print_rows
from kyphometer.cli.words import in_words, say, warn
from kyphometer.messages.retold import retold
from kyphometer.workflow.study_check import Contradiction

_FILM = (
    "id", "patient", "visit", "taken_on", "position", "rows", "columns", "row_mm", "column_mm",
    "frame", "sop_instance_uid", "path",
)  # fmt: skip
_MEASUREMENT = (
    "film_id", "patient", "visit", "taken_on", "position", "observer", "session", "round",
    "version", "code", "label", "value", "unit", "standard_uncertainty", "note",
    "source",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class StatusOptions(StudyDeed):
    """Options of `kyphometer study status`."""

    check: bool


@dataclass(frozen=True, kw_only=True)
class MeasurementsOptions(StudyDeed):
    """Options of `kyphometer study measurements`."""

    codes: str
    patient: str | None


@dataclass(frozen=True, kw_only=True)
class AuditOptions(StudyDeed):
    """Options of `kyphometer study audit`."""

    subject: str | None


def status(given: argparse.Namespace) -> int:
    """How far the study is; with --check, what is wrong with it."""
    from kyphometer.store.study.study import Study

    args = StatusOptions.of(given)
    with Study.open(args.study) as study:
        facts = asdict(study.status())
        problems = study.check() if args.check else ()
    if args.check:
        facts["problems"] = list(problems)
    print_facts(args, facts)
    for problem in problems:
        warn("problem", what=problem)
    return 8 if problems else 0


def check(given: argparse.Namespace) -> int:
    """List every contradiction; status 8 if the study was changed from outside, 1 for others."""
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.study_check import study_contradictions

    args = StudyDeed.of(given)
    with Study.open(args.study) as study:
        found = study_contradictions(study)
    print_rows(args, [asdict(item) for item in found], ("kind", "patient", "film", "sentence"))
    tampered = any(item.kind == "tampered" for item in found)
    if not tampered:
        warn("untouched")
    return 8 if tampered else 1 if found else 0


def films(given: argparse.Namespace) -> int:
    """List the films."""
    from kyphometer.store.study.study import Study

    args = StudyDeed.of(given)
    with Study.open(args.study) as study:
        rows = [{**asdict(film), "path": film.path_text} for film in study.films()]
    columns = _FILM if args.format != "table" else (*_FILM[:5], "path")
    print_rows(args, rows, columns)
    return 0


def visits(given: argparse.Namespace) -> int:
    """List the films by visit."""
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.study_check import study_contradictions
    from kyphometer.workflow.study_sources import joined

    args = StudyDeed.of(given)
    with Study.open(args.study) as study:
        found = joined(study.visits(), study.visits_elsewhere())
        doubts = [
            item
            for item in study_contradictions(study)
            if item.kind not in ("tampered", "clinical")
        ]
    columns = ("patient", "visit", "film", "taken_on", "day", "within_tolerance", "reason")
    print_rows(args, found.rows(), columns)
    for remark in found.remarks:
        warn("remark", kind=in_words(remark.kind), what=retold(remark.sentence))
    for sentence in told_once(doubts):
        warn("warning", what=sentence)
    return 0


def told_once(found: Sequence[Contradiction]) -> list[str]:
    """Sentences, each once, with the films that it holds for."""
    films: dict[str, list[str]] = {}
    for item in found:
        about = item.patient if item.film is None else say("film_number", number=item.film)
        films.setdefault(retold(item.sentence), []).append(about)
    return [f"{_some(about)}{sentence}" for sentence, about in films.items()]


def _some(about: list[str]) -> str:
    named = [item for item in about if item]
    shown = ", ".join(named[:5])
    if len(named) > 5:
        shown = say("and_more", shown=shown, count=len(named) - 5)
    return f"{shown}: " if shown else ""


def patients(given: argparse.Namespace) -> int:
    """List the patients."""
    from kyphometer.store.study.study import Study

    args = StudyDeed.of(given)
    with Study.open(args.study) as study:
        rows = [asdict(patient) for patient in study.patients()]
    print_rows(args, rows, ("code", "clinical_code", "injury_date", "surgery_date"))
    return 0


def measurements(given: argparse.Namespace) -> int:
    """List the numbers of the latest readings."""
    from kyphometer.store.study.study import Study

    args = MeasurementsOptions.of(given)
    codes = [code.strip() for code in args.codes.split(",") if code.strip()]
    with Study.open(args.study) as study:
        values = (
            *study.measurements(codes, patient=args.patient, progress=count_only("measured")),
            *study.measured_elsewhere(codes, patient=args.patient),
        )
    columns: tuple[str, ...] = _MEASUREMENT
    if args.format == "table":
        columns = ("film_id", "patient", "visit", "observer", "session", *_MEASUREMENT[10:])
    print_rows(args, [asdict(value) for value in values], columns)
    return 0


def audit(given: argparse.Namespace) -> int:
    """Print the audit trail."""
    from kyphometer.store.study.study import Study

    args = AuditOptions.of(given)
    with Study.open(args.study) as study:
        rows = [asdict(entry) for entry in study.audit(args.subject)]
    columns = ("id", "at", "actor", "action", "subject", "from_version", "details")
    print_rows(args, rows, columns)
    return 0
