"""`kyphometer report`: a study's results section with tables, figures and every patient's films."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithReports, positive, stated_sem
from kyphometer.cli.words import marked, warn
from kyphometer.messages.retold import retold

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from kyphometer.followup.cohort.study import StudyResults
    from kyphometer.reports.document import Document
    from kyphometer.store import Study
    from kyphometer.workflow.study import AnalysisChoices
    from kyphometer.workflow.study_check import Contradiction


@dataclass(frozen=True, kw_only=True)
class ReportOptions(WithReports):
    """Options of `kyphometer report`."""

    study: str
    json: Path | None
    tables: Path | None
    figures: Path | None
    angle: list[str] | None
    observer: str | None
    sem: list[tuple[str, float]]
    allow_unknown_position: bool
    allow_mixed_positions: bool
    spss: bool
    alpha: float
    although_tampered: bool
    journal: bool
    decimal: str
    author: str
    no_films: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "report",
        help="results of a study as a report, tables and figures",
        description="Analyse a study and write its report: patient flow, table 1, angles with p, "
        "corrections against measurement error, pain, disability, neurology, complications, each "
        "patient's films, methods, and every exclusion and warning.",
    )
    parser.add_argument("study", help="the study: its file, or a PostgreSQL URL")
    _add_outputs(parser)
    parser.add_argument(
        "--angle",
        action="append",
        metavar="CODE",
        help="analyse this angle (repeat for more; default VKA and RKA)",
    )
    parser.add_argument(
        "--observer", metavar="CODE", help="readings of this observer only (default: mean of all)"
    )
    parser.add_argument(
        "--sem",
        action="append",
        type=stated_sem,
        default=[],
        metavar="[CODE=]DEG",
        help="standard error of measurement of one reading, used where the study has too few "
        "repeat readings of its own; for all angles, or for one as VKA=1.5",
    )
    parser.add_argument(
        "--allow-unknown-position",
        action="store_true",
        help="state changes although a patient's position is unknown; each is flagged",
    )
    parser.add_argument(
        "--allow-mixed-positions",
        action="store_true",
        help="state changes between different positions; each is flagged",
    )
    parser.add_argument(
        "--spss", action="store_true", help="compute what there is a choice about as SPSS does"
    )
    parser.add_argument("--alpha", type=positive, default=0.05, help="significance level")
    parser.add_argument(
        "--although-tampered",
        action="store_true",
        help="write the report although the study was changed from outside; it says so",
    )
    parser.add_argument(
        "--journal",
        action="store_true",
        help="compact tables as in papers, figures of 600 dpi and results in words, for authors; "
        "with --language vi in Vietnamese",
    )
    parser.add_argument(
        "--decimal", choices=(".", ","), default=".", help="decimal mark of printed numbers"
    )
    parser.add_argument("--author", default="", help="for the properties of the files")
    parser.add_argument(
        "--no-films", action="store_true", help="leave the patients' films out (faster, smaller)"
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--html", "--output", type=Path, metavar="FILE", help="report as HTML"
    )
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="the same as PDF")
    parser.add_argument("--docx", type=Path, metavar="FILE", help="the same as DOCX")
    parser.add_argument("--xlsx", type=Path, metavar="FILE", help="all tables in one workbook")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="main results and all tables as JSON"
    )
    parser.add_argument("--tables", type=Path, metavar="DIR", help="each table as CSV")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="figures as PNG and SVG")


def run(given: argparse.Namespace) -> int:
    """Analyse, write what was asked for, and print the main results."""
    from dataclasses import replace

    from kyphometer.cli.report_files import write_report
    from kyphometer.errors import UsageError
    from kyphometer.reports.study_summary import summary_sentences
    from kyphometer.store import Study
    from kyphometer.workflow.study import analyse_study
    from kyphometer.workflow.study_check import study_contradictions

    args = ReportOptions.of(given)
    outputs = (args.html, args.pdf, args.docx, args.xlsx, args.json, args.tables, args.figures)
    if not any(outputs):
        raise UsageError("nothing_to_write")
    choices = _choices(args)
    with Study.open(args.study) as opened, opened.snapshot(choices.codes) as study:
        doubts = study_contradictions(study)
        verdict = _verdict(doubts, allowed=args.although_tampered)
        results = analyse_study(study, choices)
        results = replace(results, remarks=(*results.remarks, *(item.remark() for item in doubts)))
        pictures = {} if args.no_films or args.journal else _pictures(study, results)
    document, workbook = _documents(results, pictures, verdict, args)
    write_report(document, args, workbook, json=args.json, tables=args.tables, figures=args.figures)
    warn("written", paths=[str(path) for path in outputs if path])
    for sentence in summary_sentences(results):
        print(marked(retold(sentence)))
    return 0


def _documents(
    results: StudyResults, pictures: Any, verdict: str, args: ReportOptions
) -> tuple[Document, Document]:
    """The whole report, or what an author sends to a journal; and what the workbook holds."""
    from datetime import UTC, datetime

    from kyphometer.messages import language
    from kyphometer.plots.drawing import Drawing, drawn
    from kyphometer.reports.decimals import with_decimals
    from kyphometer.reports.journal import JournalStyle, journal_document
    from kyphometer.reports.journal_numbers import journal_workbook
    from kyphometer.reports.study import study_document

    now = datetime.now(UTC)
    if args.journal:
        style = JournalStyle(language=language(), decimal=args.decimal, author=args.author)
        workbook = journal_workbook(results, style, now)
        return journal_document(results, style, now), workbook
    with drawn(Drawing(decimal=args.decimal)):
        document = study_document(
            results, made_at=now, pictures=pictures, verdict=verdict, author=args.author
        )
    document = with_decimals(document, args.decimal)
    return document, document


def _verdict(doubts: Sequence[Contradiction], *, allowed: bool) -> str:
    """What the check of the study found, for the head of the report.

    Raises
    ------
    StudyRefusedError
        If it was changed from outside and that is not allowed.
    """
    from kyphometer.errors import StudyRefusedError

    tampered = [item.sentence for item in doubts if item.kind == "tampered"]
    if tampered and not allowed:
        raise StudyRefusedError("study_tampered", tampered=tampered[0].rstrip("."))
    if tampered:
        return f"CHANGED FROM OUTSIDE ({len(tampered)} findings, see warnings)"
    others = f"; {len(doubts)} contradictions, see warnings" if doubts else "; no contradictions"
    return f"not changed from outside, chain of hashes whole{others}"


def _choices(args: ReportOptions) -> AnalysisChoices:
    from dataclasses import replace

    from kyphometer.followup.positions import PositionPolicy
    from kyphometer.stats.options import DEFAULT_OPTIONS, SPSS_OPTIONS
    from kyphometer.workflow.study import STUDY_CODES, AnalysisChoices

    codes = tuple(code.upper() for code in args.angle or STUDY_CODES)
    stated = {code: value for key, value in args.sem for code in ([key] if key else codes)}
    options = SPSS_OPTIONS if args.spss else DEFAULT_OPTIONS
    allowed = args.allow_unknown_position or args.allow_mixed_positions
    return AnalysisChoices(
        codes=codes,
        observer=args.observer,
        options=replace(options, alpha=args.alpha),
        positions=PositionPolicy(
            allow_unknown=args.allow_unknown_position, allow_mixed=args.allow_mixed_positions
        )
        if allowed
        else None,
        stated_standard_error_deg=stated,
    )


def _pictures(study: Study, results: StudyResults) -> dict[str, list[tuple[str, Any]]]:
    """Drawings of each patient with their captions."""
    from kyphometer.cli.output import progress
    from kyphometer.workflow.study_pictures import patient_pictures

    patients = {v.patient for v in results.assignment.visits if v.film in results.readings}
    found = {}
    drawn = patient_pictures(study, results)
    for _ in progress(range(len(patients)), "patients_drawn"):
        item = next(drawn)
        notes = " ".join(item.notes)
        drawings = [
            (f"Films of the visits, endplates as marked. {notes}".strip(), item.side_by_side)
        ]
        if item.superimposed is not None:
            caption = (
                "Endplates of all visits on the first film, laid on the intact vertebra below."
            )
            drawings.append((caption, item.superimposed))
        found[item.patient] = drawings
    return found
