"""Deeds of `kyphometer study` that copy studies; none of them overwrites anything."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from kyphometer.cli.study_output import StudyDeed, count_only, print_facts


@dataclass(frozen=True, kw_only=True)
class ExportOptions(StudyDeed):
    """Options of `kyphometer study export`."""

    target: Path
    accounts: bool
    analysis: bool
    redcap: bool
    angle: list[str] | None


@dataclass(frozen=True, kw_only=True)
class ImportOptions(StudyDeed):
    """Options of `kyphometer study import`."""

    source: Path


@dataclass(frozen=True, kw_only=True)
class BackupOptions(StudyDeed):
    """Options of `kyphometer study backup`."""

    target: Path


def export_study(given: argparse.Namespace) -> int:
    """Write everything as JSON lines and CSV, or one tidy file for programs of statistics."""
    from kyphometer.store.study.study import Study

    args = ExportOptions.of(given)
    with Study.open(args.study) as study:
        if args.analysis or args.redcap:
            from kyphometer.workflow.analysis_export import export_analysis
            from kyphometer.workflow.redcap import export_redcap
            from kyphometer.workflow.study import STUDY_CODES, AnalysisChoices

            codes = tuple(code.upper() for code in args.angle or STUDY_CODES)
            write = export_redcap if args.redcap else export_analysis
            size = write(study, args.target, AnalysisChoices(codes=codes))
            print_facts(args, {"written": str(args.target), **size})
            return 0
        counts = study.export(args.target, accounts=args.accounts)
    print_facts(args, {"written": str(args.target), "rows": counts})
    return 0


def import_study(given: argparse.Namespace) -> int:
    """Make a new study from an export."""
    from kyphometer.store.study.study import Study

    args = ImportOptions.of(given)
    with Study.import_export(args.source, args.study) as study:
        facts = {"study": args.study, "name": study.name, "films": len(study.films())}
    print_facts(args, facts)
    return 0


def backup_study(given: argparse.Namespace) -> int:
    """Copy the study."""
    from kyphometer.store.study.study import Study

    args = BackupOptions.of(given)
    with Study.open(args.study) as study:
        study.backup(args.target, count_only("pages"))
    print_facts(args, {"written": str(args.target)})
    return 0


def upgrade_study(given: argparse.Namespace) -> int:
    """Bring a study up to date."""
    from kyphometer.store.study.study import Study

    args = StudyDeed.of(given)
    copy = Study.upgrade(args.study)
    print_facts(args, {"study": args.study, "copy_of_earlier": None if copy is None else str(copy)})
    return 0
