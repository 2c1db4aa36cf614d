"""Deeds of `kyphometer study` that change what a study says, each with a trace."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kyphometer.cli.study_output import StudyDeed, print_facts
from kyphometer.errors import UnacceptedChangesError, UsageError


@dataclass(frozen=True, kw_only=True)
class WithSettings(StudyDeed):
    """Settings that are stated one by one."""

    position: str | None
    films_at: str | None
    sem: list[tuple[str, float]] | None
    reference_arm: str | None
    important_change: list[tuple[str, float]] | None
    loss_limit: float | None
    consensus: str | None
    adjust_for: str | None


@dataclass(frozen=True, kw_only=True)
class SettingsOptions(WithSettings):
    """Options of `kyphometer study settings`."""

    set: Path | None
    accept_changes: bool


@dataclass(frozen=True, kw_only=True)
class ObserverOptions(StudyDeed):
    """Options of `kyphometer study observer`."""

    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class UndoOptions(StudyDeed):
    """Options of `kyphometer study undo`."""

    entry: int
    only: bool


@dataclass(frozen=True, kw_only=True)
class PatientOptions(StudyDeed):
    """Options of `kyphometer study patient`."""

    code: str
    surgery_date: str | None
    injury_date: str | None
    clinical_code: str | None


@dataclass(frozen=True, kw_only=True)
class FilmOptions(StudyDeed):
    """Options of `kyphometer study film`."""

    film: int
    reason: str
    date: str | None
    position: str | None
    copy_of: str | None
    visit: str | None
    by_windows: bool
    patient: str | None
    spacing: tuple[float, float] | None


def settings(given: argparse.Namespace) -> int:
    """Print the settings, or change them."""
    import json

    from kyphometer.cli.output import print_json
    from kyphometer.store.study.settings import merged_settings, settings_to_json
    from kyphometer.store.study.study import Study

    args = SettingsOptions.of(given)
    with Study.open(args.study) as study:
        before = study.settings
        merged = before
        if args.set is not None:
            merged, different = merged_settings(before, args.set.read_text("utf-8"))
            if different and not args.accept_changes:
                raise UnacceptedChangesError(str(args.set), different)
        wanted = with_options(merged, args)
        if wanted != before:
            study.change_settings(wanted)
        print_json(json.loads(settings_to_json(study.settings)))
    return 0


def with_options(settings: Any, args: WithSettings) -> Any:
    """Settings with what the options say of them."""
    from dataclasses import replace

    from kyphometer.film import Position

    if args.position is not None:
        position = Position(args.position)
        known = None if position is Position.UNKNOWN else position
        settings = replace(settings, stated_position=known)
    if args.sem:
        nameless = [value for code, value in args.sem if not code]
        if nameless:
            raise UsageError("sem_without_angle", nameless=nameless[0])
        stated = {**settings.stated_standard_error_deg, **dict(args.sem)}
        settings = replace(settings, stated_standard_error_deg=stated)
    if args.films_at:
        from kyphometer.followup.clinical.headers import visit_of

        names = [name for name in args.films_at.split(",") if name.strip()]
        found = [visit_of(name, settings.visits) or name.strip() for name in names]
        settings = replace(settings, visits=settings.visits.with_films_at(found))
    return _with_arms(settings, args)


def _with_arms(settings: Any, args: WithSettings) -> Any:
    """Settings with what the options say of treatment groups."""
    from dataclasses import replace

    given: dict[str, Any] = {}
    if args.reference_arm is not None:
        given["reference_arm"] = args.reference_arm.strip()
    if args.important_change:
        nameless = [value for name, value in args.important_change if not name]
        if nameless:
            raise UsageError("change_without_score", nameless=nameless[0])
        given["important_change"] = {**settings.important_change, **dict(args.important_change)}
    if args.loss_limit is not None:
        given["loss_limit_deg"] = args.loss_limit
    if args.consensus is not None:
        given["use_consensus"] = args.consensus == "use"
    if args.adjust_for is not None:
        given["covariates"] = tuple(filter(None, map(str.strip, args.adjust_for.split(","))))
    return replace(settings, **given) if given else settings


def observer(given: argparse.Namespace) -> int:
    """Add an observer."""
    from kyphometer.store.study.study import Study

    args = ObserverOptions.of(given)
    with Study.open(args.study) as study:
        added = study.add_observer(args.code, args.name)
    print_facts(args, {"observer": args.code, "added": added})
    return 0


def undo(given: argparse.Namespace) -> int:
    """Take back an import or a change of settings."""
    from kyphometer.store.study.study import Study

    args = UndoOptions.of(given)
    with Study.open(args.study) as study:
        undone = study.undo(args.entry, only=args.only)
    print_facts(args, {"taken_back": undone.action, "entries": list(undone.entries)})
    return 0


def patient(given: argparse.Namespace) -> int:
    """Change facts of a patient; an empty text takes a fact away."""
    from kyphometer.store.study.study import Study

    args = PatientOptions.of(given)
    facts: dict[str, Any] = {}
    for name in ("surgery_date", "injury_date"):
        text = getattr(args, name)
        if text is not None:
            facts[name] = _day(text) if text else None
    if args.clinical_code is not None:
        facts["clinical_code"] = args.clinical_code or None
    with Study.open(args.study) as study:
        study.set_patient(args.code, **facts)
        found = next(item for item in study.patients() if item.code == args.code)
        visits = {name: v.film for name, v in study.visits().of(args.code).items()}
    shown = {
        "patient": found.code,
        "clinical_code": found.clinical_code,
        "injury_date": found.injury_date,
        "surgery_date": found.surgery_date,
        "films_at_visits": {str(name): film for name, film in visits.items()},
    }
    print_facts(args, shown)
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("no_date", text=text) from None


def _film_number(text: str) -> int | None:
    """The number of a film, or None for 'none'."""
    if text == "none":
        return None
    if not text.isdecimal():
        raise UsageError("no_film_number", text=text)
    return int(text)


def film(given: argparse.Namespace) -> int:
    """Correct a fact of a film."""
    from kyphometer.store.study.study import Study

    args = FilmOptions.of(given)
    exposure = args.date is not None or args.position is not None
    where = args.visit is not None or args.by_windows
    stated = (args.patient, args.spacing, args.copy_of)
    if not (exposure or where or any(value is not None for value in stated)):
        raise UsageError("nothing_to_correct")
    with Study.open(args.study) as study:
        if exposure:
            day = None if args.date is None else _day(args.date)
            study.state_exposure(args.film, day=day, position=args.position, reason=args.reason)
        if args.copy_of is not None:
            study.state_copy(args.film, _film_number(args.copy_of), reason=args.reason)
        if args.patient is not None:
            study.set_film_patient(args.film, args.patient, reason=args.reason)
        elif args.spacing is not None:
            study.state_spacing(args.film, *args.spacing, reason=args.reason)
        elif where:
            study.state_visit(args.film, args.visit, reason=args.reason)
        found = study.film(args.film)
    facts = {
        "film": found.id,
        "patient": found.patient,
        "visit": found.visit,
        "taken_on": found.taken_on,
        "position": found.position,
        "row_mm": found.row_mm,
        "column_mm": found.column_mm,
        "copy_of": found.copy_of,
    }
    print_facts(args, facts)
    return 0
