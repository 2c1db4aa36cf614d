"""`kyphometer reliability`: how far readings can be trusted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kyphometer.cli.output import add_format, print_csv, print_json, print_table


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "reliability",
        help="ICC, SEM, MDC95 and agreement of repeated readings, with a report",
        description="Reliability of repeated readings: of a study (all locked readings), of one "
        "locked session of it, or of any long CSV with the columns film, observer, replicate and "
        "value.",
    )
    parser.add_argument("source", help="a study (file or URL) or a CSV file")
    parser.add_argument("--session", metavar="CODE", help="only this locked session of the study")
    parser.add_argument(
        "--angle", action="append", metavar="CODE", help="measurement (default VKA and RKA)"
    )
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        choices=("visit", "observer", "instrumented"),
        help="also split by this; repeatable",
    )
    parser.add_argument("--truth", type=Path, metavar="FOLDER", help="true readings of phantoms")
    parser.add_argument("--tolerance", type=float, metavar="DEG", help="of the gauge study")
    parser.add_argument("--limit", type=float, metavar="DEG", help="largest acceptable SEM")
    parser.add_argument("--confidence", type=float, default=0.95, help="of intervals (0.95)")
    parser.add_argument("--bootstrap", type=int, default=2000, metavar="N", help="samples (2000)")
    out = parser.add_argument_group("report")
    out.add_argument("-o", "--html", type=Path, metavar="FILE", help="report as HTML")
    out.add_argument("--pdf", type=Path, metavar="FILE", help="as PDF")
    out.add_argument("--docx", type=Path, metavar="FILE", help="as Word document")
    out.add_argument("--xlsx", type=Path, metavar="FILE", help="all tables as a workbook")
    out.add_argument("--tables", type=Path, metavar="FOLDER", help="all tables as CSV")
    out.add_argument("--figures", type=Path, metavar="FOLDER", help="all figures as PNG and SVG")
    add_format(parser)


def run(args: Any) -> int:
    """Analyse, print, write."""
    from kyphometer.cli.report_files import write_report
    from kyphometer.reliability import evaluate

    collected, pictures = _collected(args)
    results = evaluate(
        collected,
        by=tuple(dict.fromkeys(args.by)),
        confidence=args.confidence,
        tolerance=args.tolerance,
        bootstrap_replicates=args.bootstrap,
    )
    if any((args.html, args.pdf, args.docx, args.xlsx, args.tables, args.figures)):
        from kyphometer.reports.reliability import reliability_document

        figures = pictures(results)
        facts = (("Source", Path(args.source).name), ("Software", results.facts.software))
        shown = tuple((name, value) for name, value in facts if value)
        document = reliability_document(
            results, facts=shown, adjudication=figures, limit_deg=args.limit
        )
        for path in write_report(document, args):
            print(f"written: {path}", file=sys.stderr)
    _print(results, args.format)
    return 0


def _collected(args: Any) -> tuple[Any, Any]:
    """The readings, and what draws disputed films once the results are known."""
    from kyphometer.reliability import CollectedReadings, StudyFacts, read_reading_table

    if args.source.lower().endswith((".csv", ".tsv", ".txt")):
        table = read_reading_table(Path(args.source))
        from kyphometer import __version__

        facts = StudyFacts(software=f"kyphometer {__version__}")
        return CollectedReadings(table=table, facts=facts), lambda _results: ()
    from kyphometer.store.study import Study
    from kyphometer.workflow.reliability import collect_readings, read_truths

    with Study.open(args.source) as study:
        truth = None if args.truth is None else read_truths(study, args.truth)
        codes = tuple(args.angle or ("VKA", "RKA"))
        collected = collect_readings(study, codes, session=args.session, truth=truth)

    return collected, lambda results: _disputed(args.source, results, collected.marked)


def _disputed(source: str, results: Any, marked: Any) -> tuple[Any, ...]:
    """Pictures of the films on which readings differ most."""
    from kyphometer.plots.export import figure_png
    from kyphometer.reports.document import Figure, slug
    from kyphometer.store.study import Study
    from kyphometer.workflow.adjudication import MOST, disputed_films, draw_disputed

    found = []
    with Study.open(source) as study:
        for code, film in disputed_films(results)[:MOST]:
            drawing = draw_disputed(study, marked, code, film)
            if drawing is not None:
                title = f"{film}: all readings together, {code}."
                name = slug(f"disputed {code} {film}").replace("-", "_")
                png = figure_png(drawing)
                found.append(Figure(key=name, title=title, png=png, alternative=title, width=0.7))
    return tuple(found)


def _rows(results: Any) -> list[dict[str, Any]]:
    return [
        {"measurement": group.label, **row}
        for group in results.analysis.groups
        for row in group.table_rows()
    ]


def _print(results: Any, shown_as: str) -> None:
    if shown_as == "json":
        print_json(results.to_dict())
        return
    rows = _rows(results)
    columns = ("measurement", "section", "name", "value", "low", "high", "confidence", "unit")
    if shown_as == "csv":
        print_csv(rows, (*columns, "method"))
        return
    wanted = (
        "components.icc", "components.precision", "one_observer", "icc.single", "accuracy",
    )  # fmt: skip
    cells = [
        [row["measurement"], row["name"], *map(_shown, (row["value"], row["low"], row["high"]))]
        for row in rows
        if row["section"].startswith(wanted)
    ]
    print_table(("measurement", "quantity", "value", "from", "to"), cells, right=(2, 3, 4))
    for group in results.analysis.groups:
        print()
        print(f"{group.label}:")
        for sentence in group.words:
            print(f"  {sentence}")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
