"""What `kyphometer pacs` can be told: its parser, and a typed record for each deed."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kyphometer.cli.options import FreeOrder, WithFormat, positive
from kyphometer.cli.output import add_format


@dataclass(frozen=True, kw_only=True)
class ListOptions(WithFormat):
    """Options of `kyphometer pacs list`."""

    destinations: Path | None


@dataclass(frozen=True, kw_only=True)
class EchoOptions(ListOptions):
    """Options of `kyphometer pacs echo`."""

    destination: str


@dataclass(frozen=True, kw_only=True)
class SearchOptions(EchoOptions):
    """What is looked for in an archive."""

    patient_id: str
    patient_name: str
    accession: str
    study_uid: str
    since: date | None
    until: date | None
    modality: list[str] | None
    limit: int
    possible: bool
    all: bool


@dataclass(frozen=True, kw_only=True)
class FindOptions(SearchOptions):
    """Options of `kyphometer pacs find`."""

    links: bool


@dataclass(frozen=True, kw_only=True)
class FetchOptions(SearchOptions):
    """Options of `kyphometer pacs fetch`."""

    into: Path | None
    study: str | None
    compare: bool
    most_films: int
    most_mb: float
    film_mb: float
    most_minutes: float


@dataclass(frozen=True, kw_only=True)
class SendOptions(EchoOptions):
    """Options of `kyphometer pacs send`."""

    paths: list[Path]
    results: bool
    study: str | None
    observer: str | None
    again: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "pacs",
        help="find films in an archive, fetch them, send films and results there",
        description=(
            "Talk to archives over DICOMweb or DIMSE. They stand in one TOML file "
            "(docs/pacs.md); secrets stay in the keyring or the environment."
        ),
    )
    deeds = parser.add_subparsers(
        dest="deed", metavar="DEED", required=True, parser_class=FreeOrder
    )
    _deed(deeds, "list", "destinations that the file names", named=False)
    _deed(deeds, "echo", "see whether a destination answers and lets us in")
    find = _deed(deeds, "find", "lateral spine films, with what each was chosen by")
    _add_query(find)
    find.add_argument("--links", action="store_true", help="addresses for OHIF, Weasis, annotator")
    fetch = _deed(deeds, "fetch", "fetch films; run again, it goes on where it was cut")
    _add_query(fetch)
    _add_target(fetch)
    send = _deed(deeds, "send", "send films, results or any DICOM files; run again, it goes on")
    send.add_argument("paths", nargs="*", type=Path, help="DICOM files, or folders of them")
    what = send.add_mutually_exclusive_group()
    what.add_argument(
        "--results",
        action="store_true",
        help="instead of the files, what the destination asks for ('send' of its table) of the "
        "readings beside them: report, picture, page, ...",
    )
    what.add_argument("--study", metavar="STUDY", help="results of a study's latest readings")
    send.add_argument("--observer", help="of a study, only the readings of this observer")
    send.add_argument("--again", action="store_true", help="also what was confirmed before")


def _deed(deeds: Any, name: str, summary: str, *, named: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = deeds.add_parser(name, help=summary, description=summary)
    if named:
        parser.add_argument("destination", help="its name in the destinations file")
    parser.add_argument("--destinations", type=Path, metavar="TOML", help="the destinations file")
    add_format(parser)
    return parser


def _add_query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patient-id", default="", metavar="ID")
    parser.add_argument("--patient-name", default="", metavar="NAME", help="as DICOM has it; * ?")
    parser.add_argument("--accession", default="", metavar="NUMBER")
    parser.add_argument("--study-uid", default="", metavar="UID")
    parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="first day of the study")
    parser.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="last day of the study")
    parser.add_argument(
        "--modality", action="append", metavar="CODE", help="repeatable (default: radiographs)"
    )
    parser.add_argument(
        "--limit", type=_count, default=1000, help="instances at most (%(default)s)"
    )
    wider = parser.add_mutually_exclusive_group()
    wider.add_argument("--possible", action="store_true", help="also what may be one")
    wider.add_argument("--all", action="store_true", help="everything that was found")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where films come to lie")
    parser.add_argument(
        "--study",
        metavar="STUDY",
        help="take them up into this study (folder: 'STUDY films' beside it)",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="fetch also what is here, only to see that it is the same to the last pixel",
    )
    parser.add_argument("--most-films", type=_count, default=10_000, metavar="N")
    parser.add_argument("--most-mb", type=positive, default=50_000, metavar="MB", help="of one run")
    parser.add_argument("--film-mb", type=positive, default=512, metavar="MB", help="of one film")
    parser.add_argument("--most-minutes", type=positive, default=24 * 60.0, metavar="MIN")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"'{text}' is no day; write it as 2024-05-31"
        raise argparse.ArgumentTypeError(message) from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        message = f"'{text}' is no count"
        raise argparse.ArgumentTypeError(message)
    return int(text)
