"""`kyphometer study`: make, fill, look at, copy a study."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

from kyphometer.cli.options import add_table_options, positive, stated_sem

POSITIONS = ("standing", "sitting", "supine", "prone", "lateral_decubitus", "unknown")


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "study",
        help="make, fill and look at a study: films, patients, readings, clinical data",
        description=(
            "A study is one SQLite file, or an address such as postgresql://user@host/database. "
            "Nothing that was confirmed is ever changed or deleted; every deed is in its audit "
            "trail."
        ),
    )
    deeds = parser.add_subparsers(dest="deed", metavar="DEED", required=True)
    _add_making(deeds)
    _add_filling(deeds)
    _add_correcting(deeds)
    _add_looking(deeds)
    _add_copying(deeds)


def _deed(deeds: Any, name: str, summary: str) -> Any:
    from kyphometer.cli.output import add_format

    parser = deeds.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.add_argument("study", help="the study: a file, or postgresql://user@host/database")
    add_format(parser)
    return parser


def _add_making(deeds: Any) -> None:
    new = _deed(deeds, "new", "make a new study")
    new.add_argument("--name", default="", help="what it is called (default: the file's name)")
    new.add_argument("--settings", type=Path, metavar="JSON", help="its settings, see 'settings'")
    new.add_argument(
        "--table",
        type=Path,
        action="append",
        default=[],
        help="take this table up, as 'import-clinical' and 'import-angles' do; may be given again",
    )
    add_table_options(new)
    _add_settings(new)
    settings = _deed(deeds, "settings", "print the settings, or change them")
    settings.add_argument("--set", type=Path, metavar="JSON", help="take these settings from now")
    _add_accepting(settings)
    _add_settings(settings)


def _add_settings(deed: Any) -> None:
    deed.add_argument(
        "--position",
        choices=POSITIONS,
        help="how patients were held, by protocol, on films whose header does not say",
    )
    deed.add_argument(
        "--films-at",
        metavar="VISIT,VISIT",
        help="visits at which films are taken by protocol; at the others none is missed "
        "(default: all)",
    )
    deed.add_argument(
        "--sem",
        action="append",
        type=stated_sem,
        metavar="CODE=DEG",
        help="standard error of measurement of one reading, used where the study has too few "
        "repeat readings of its own (repeat for more angles)",
    )
    deed.add_argument(
        "--reference-arm", metavar="GROUP", help="treatment group that others are compared with"
    )
    deed.add_argument(
        "--important-change",
        action="append",
        type=stated_sem,
        metavar="SCORE=POINTS",
        help="improvement that matters to a patient (default VAS=1.5, ODI=10; repeat for more)",
    )
    deed.add_argument(
        "--loss-limit",
        type=positive,
        metavar="DEG",
        help="loss of correction that counts as an event (default 5)",
    )
    deed.add_argument(
        "--consensus",
        choices=("use", "ignore"),
        help="where a film has a consensus of several readings, use that alone (default), or not",
    )
    deed.add_argument(
        "--adjust-for",
        metavar="COLUMN,COLUMN",
        help="columns of the clinical table that treatment groups are adjusted for beside the "
        "value before surgery, as age_years,x_bmi",
    )


def _add_filling(deeds: Any) -> None:
    add = _deed(deeds, "add", "take up the films of folders; only what is new is read")
    add.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folder or film")
    add.add_argument(
        "--patients-from",
        choices=("header", "folder"),
        default="header",
        help="patients' codes: PatientID, or the first folder below FOLDER (default %(default)s)",
    )
    add.add_argument("--all-frames", action="store_true", help="take every frame as a film")
    add.add_argument(
        "--defer-hashes",
        action="store_true",
        help="do not decode pixels now, but before a reading is confirmed",
    )
    _add_accepting(add)
    readings = _deed(deeds, "import-readings", "take up readings from JSON files")
    readings.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="or one file")
    readings.add_argument("--observer", metavar="CODE", help="who made those that name nobody")
    readings.add_argument(
        "--reason", default="", help="why readings of the study are corrected by differing ones"
    )
    for name, summary in {
        "import-clinical": "take up a clinical table, whole or not at all",
        "import-angles": "take up a table of angles that were measured elsewhere",
    }.items():
        table = _deed(deeds, name, summary)
        table.add_argument("table", type=Path, help="CSV, XLSX, ODS or SAV; see docs/study.md")
        add_table_options(table)
        _add_accepting(table)
        table.add_argument(
            "--erase-empty",
            action="store_true",
            help="erase what the study knows where the table's cell is empty (default: keep it)",
        )
        table.add_argument(
            "--add-patients",
            action="store_true",
            help="add patients whom the study does not hold (default: only where it has no films)",
        )
    template = _deed(deeds, "clinical-template", "write a clinical table to fill in")
    template.add_argument("table", type=Path, help="new file that ends in .csv or .xlsx")
    observer = _deed(deeds, "observer", "add somebody who reads films")
    observer.add_argument("code", help="short code that readings carry")
    observer.add_argument("--name", default="", help="full name")


def _add_accepting(deed: Any) -> None:
    deed.add_argument(
        "--accept-changes",
        action="store_true",
        help="take facts that differ from what the study knows (default: list and refuse them)",
    )


def _add_correcting(deeds: Any) -> None:
    patient = _deed(deeds, "patient", "change facts of a patient")
    patient.add_argument("code", help="code of the patient")
    patient.add_argument("--surgery-date", metavar="YYYY-MM-DD", help="day 0 of the visits")
    patient.add_argument("--injury-date", metavar="YYYY-MM-DD", help="day of the injury")
    patient.add_argument("--clinical-code", metavar="CODE", help="code in the clinical table")
    consensus = _deed(deeds, "consensus", "list films to adjudicate, or keep a consensus of one")
    consensus.add_argument("--film", type=int, help="number of the film, see 'films'")
    consensus.add_argument("--by", metavar="CODE", help="the further reader whose reading it is")
    how = consensus.add_mutually_exclusive_group()
    how.add_argument("--mean", action="store_true", help="take the mean of the readings")
    how.add_argument("--choose", metavar="OBSERVER", help="take the reading of this observer")
    consensus.add_argument("--reason", default="", help="why that reader's own one is corrected")
    undo = _deed(deeds, "undo", "take back an import or a change of settings")
    undo.add_argument("entry", type=int, help="number of one of its entries, see 'audit'")
    undo.add_argument("--only", action="store_true", help="this entry alone, not its whole import")
    film = _deed(deeds, "film", "correct a fact of a film, with the reason")
    film.add_argument("film", type=int, help="number of the film, see 'films'")
    film.add_argument("--reason", default="", help="why")
    film.add_argument("--date", metavar="YYYY-MM-DD", help="the day when it was taken")
    film.add_argument("--position", choices=POSITIONS, help="how the patient was held")
    film.add_argument(
        "--copy-of",
        metavar="NUMBER",
        help="it shows the same exposure as this film; 'none': it does not",
    )
    what = film.add_mutually_exclusive_group()
    what.add_argument("--visit", help="put it to this visit by hand")
    what.add_argument("--by-windows", action="store_true", help="leave it to the visit windows")
    what.add_argument("--patient", metavar="CODE", help="whose film it is")
    what.add_argument(
        "--spacing", nargs=2, type=float, metavar=("ROW_MM", "COLUMN_MM"), help="its pixel spacing"
    )


def _add_looking(deeds: Any) -> None:
    status = _deed(deeds, "status", "how far the study is")
    status.add_argument(
        "--check", action="store_true", help="also check file, links, audit trail and readings"
    )
    check = "list everything that contradicts itself or cannot be, and whether it was tampered with"
    for name, summary in {
        "check": check,
        "films": "list the films with patient, visit and place",
        "visits": "list the films by visit, and those that are none with the reason",
        "patients": "list the patients",
    }.items():
        _deed(deeds, name, summary)
    measurements = _deed(deeds, "measurements", "list the numbers of the latest readings")
    measurements.add_argument("--codes", default="VKA,RKA", help="(default %(default)s)")
    measurements.add_argument("--patient", metavar="CODE", help="only of this patient")
    audit = _deed(deeds, "audit", "print the audit trail")
    audit.add_argument("--subject", help="only of this, for example 'film 12'")


def _add_copying(deeds: Any) -> None:
    export = _deed(deeds, "export", "write everything as JSON lines and CSV, or for analysis")
    export.add_argument("target", type=Path, help="new folder, or new file that ends in .zip")
    export.add_argument(
        "--accounts", action="store_true", help="also the accounts, with their password hashes"
    )
    export.add_argument(
        "--analysis",
        action="store_true",
        help="write one tidy file instead (CSV, XLSX, SAV), its codebook, and an R program that "
        "repeats the report's main results",
    )
    export.add_argument(
        "--redcap",
        action="store_true",
        help="write a longitudinal REDCap project instead: data dictionary, events, forms of "
        "events, records; what REDCap exports comes in again by import-angles",
    )
    export.add_argument(
        "--angle",
        action="append",
        metavar="CODE",
        help="with --analysis or --redcap: this angle (repeat for more; default VKA and RKA)",
    )
    restore = _deed(deeds, "import", "make a new study from an export")
    restore.add_argument("source", type=Path, help="folder or zip that 'export' wrote")
    backup = _deed(deeds, "backup", "copy the study while others go on working")
    backup.add_argument(
        "target", type=Path, help="new file (SQLite); new folder or .zip (PostgreSQL)"
    )
    _deed(deeds, "upgrade", "bring a study of an earlier version up to date; keeps a copy")


_HOMES = {
    "new": ("study_fill", "new"),
    "add": ("study_fill", "add"),
    "import-readings": ("study_fill", "take_readings"),
    "import-clinical": ("study_tables", "take_clinical"),
    "import-angles": ("study_tables", "take_angles"),
    "clinical-template": ("study_fill", "clinical_template"),
    "settings": ("study_correct", "settings"),
    "observer": ("study_correct", "observer"),
    "patient": ("study_correct", "patient"),
    "film": ("study_correct", "film"),
    "consensus": ("study_consensus", "consensus"),
    "undo": ("study_correct", "undo"),
    "check": ("study_look", "check"),
    "status": ("study_look", "status"),
    "films": ("study_look", "films"),
    "visits": ("study_look", "visits"),
    "patients": ("study_look", "patients"),
    "measurements": ("study_look", "measurements"),
    "audit": ("study_look", "audit"),
    "export": ("study_copy", "export_study"),
    "import": ("study_copy", "import_study"),
    "backup": ("study_copy", "backup_study"),
    "upgrade": ("study_copy", "upgrade_study"),
}
"""Module and function of each deed."""


def run(given: argparse.Namespace) -> int:
    """Do it."""
    module, function = _HOMES[given.deed]
    return int(getattr(importlib.import_module(f"kyphometer.cli.{module}"), function)(given))
