"""`kyphometer reliability`: how far readings can be trusted."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import WithFormat, WithReports
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import marked, tell, warn
from kyphometer.messages.retold import retold


@dataclass(frozen=True, kw_only=True)
class ReliabilityOptions(WithReports, WithFormat):
    """Options of `kyphometer reliability`."""

    source: str
    session: str | None
    angle: list[str] | None
    by: list[str]
    grades: bool
    order: str | None
    weights: str
    truth: Path | None
    tolerance: float | None
    limit: float | None
    confidence: float
    bootstrap: int
    tables: Path | None
    figures: Path | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "reliability",
        help="ICC, SEM, MDC95 and agreement of repeated readings, with a report",
        description="Reliability of repeated readings: of a study (all locked readings), of one "
        "locked session of it, or of any table (CSV, XLSX, ODS, SAV) with the columns film, "
        "observer, replicate and value, or with a row a film and a column an observer.",
    )
    parser.add_argument("source", help="a study (file or URL) or a table")
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
    _add_grades(parser)
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


def _add_grades(parser: Any) -> None:
    grades = parser.add_argument_group("grades or classes instead of measurements")
    grades.add_argument(
        "--grades",
        action="store_true",
        help="the table holds grades (film, observer, replicate, category): kappa and AC1",
    )
    grades.add_argument(
        "--order", metavar="A,B,C", help="all grades in their order, for weighted kappa"
    )
    grades.add_argument(
        "--weights",
        choices=("none", "linear", "quadratic"),
        default="none",
        help="how far-off grades count (default %(default)s)",
    )


def run(given: argparse.Namespace) -> int:
    """Analyse, print, write."""
    args = ReliabilityOptions.of(given)
    if args.grades:
        return _run_grades(args)
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
    if args.wants_report or args.tables or args.figures:
        from kyphometer.reports.reliability import reliability_document

        figures = pictures(results)
        facts = (
            ("Source", Path(args.source).name),
            ("Software", results.facts.software),
            ("MDC95 in the follow-up, single readings", _follow_up(args)),
        )
        shown = tuple((name, value) for name, value in facts if value)
        document = reliability_document(
            results, facts=shown, adjudication=figures, limit_deg=args.limit
        )
        for path in write_report(document, args, tables=args.tables, figures=args.figures):
            warn("written", paths=path)
    _print(results, args.format)
    return 0


def _run_grades(args: ReliabilityOptions) -> int:
    """Agreement of grades: of all observers, of each pair, of each observer's repeats."""
    from kyphometer.errors import UsageError
    from kyphometer.reliability import KappaWeights, analyse_categories, read_category_table

    order = tuple(part.strip() for part in args.order.split(",")) if args.order else None
    weights = KappaWeights(args.weights)
    if order is None and weights is not KappaWeights.NONE:
        raise UsageError("kappa_order")
    rows = read_category_table(Path(args.source), order)
    found = analyse_categories(rows, categories=order, weights=weights, confidence=args.confidence)
    if args.format == "json":
        print_json(found.to_dict())
        return 0
    records = [
        {
            "between": _between(row["section"]),
            "coefficient": _coefficient(row["name"], args.weights),
            **{name: row[name] for name in ("value", "low", "high")},
        }
        for row in found.table_rows()
    ]
    if args.format == "csv":
        print_csv(records, ("between", "coefficient", "value", "low", "high"))
        return 0
    cells = [
        [
            retold(row["between"]),
            retold(row["coefficient"]),
            *(_shown(row[n]) for n in ("value", "low", "high")),
        ]
        for row in records
    ]
    tell("films_observers", films=found.films, observers=found.observers)
    print_table(("between", "coefficient", "value", "from", "to"), cells, right=(2, 3, 4))
    for film, chosen in found.disputed:
        tell("differ_on", film=film, grades=[f"{who} {grade}" for who, grade in chosen])
    return 0


def _between(section: str) -> str:
    """Whose grades are compared, from the place of a coefficient in the result."""
    kind, _, rest = section.partition(".")
    return (
        "all observers"
        if kind == "together"
        else rest.rpartition(".kappa")[0].removesuffix(".kappa")
    )


def _coefficient(name: str, weights: str) -> str:
    return f"{name}, {weights} weights" if name == "kappa" and weights != "none" else name


def _collected(args: ReliabilityOptions) -> tuple[Any, Any]:
    """The readings, and what draws disputed films once the results are known."""
    if _is_table(args.source):
        from kyphometer import __version__
        from kyphometer.reliability import StudyFacts
        from kyphometer.reliability.collected import read_collected

        facts = StudyFacts(software=f"kyphometer {__version__}")
        return read_collected(Path(args.source), facts), lambda _results: ()
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.reliability import collect_readings, read_truths

    with Study.open(args.source) as study:
        truth = None if args.truth is None else read_truths(study, args.truth)
        codes = tuple(args.angle or ("VKA", "RKA"))
        collected = collect_readings(study, codes, session=args.session, truth=truth)

    return collected, lambda results: _disputed(args.source, results, collected.marked)


def _follow_up(args: ReliabilityOptions) -> str:
    """By what the study's report judges a change; empty for a table."""
    if _is_table(args.source):
        return ""
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.study_precision import study_precision

    with Study.open(args.source) as study:
        found, remarks = study_precision(study, args.angle or ("VKA", "RKA"))
    words = [f"{item.code}: {item.words}" for item in found]
    return "; ".join(words) or " ".join(remark.sentence for remark in remarks)


def _is_table(source: str) -> bool:
    from kyphometer.tables.read import SUFFIXES

    return source.lower().endswith(SUFFIXES)


def _disputed(source: str, results: Any, marked: Any) -> tuple[Any, ...]:
    """Pictures of the films on which readings differ most."""
    from kyphometer.plots.export import figure_png
    from kyphometer.reports.document import Figure, slug
    from kyphometer.store.study.study import Study
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
        [
            row["measurement"],
            retold(_quantity(row)),
            *map(_shown, (row["value"], row["low"], row["high"])),
            retold(row["method"]),
        ]
        for row in rows
        if row["section"].startswith(wanted)
    ]
    print_table(
        ("measurement", "quantity", "value", "from", "to", "interval"), cells, right=(2, 3, 4)
    )
    for group in results.analysis.groups:
        print()
        print(f"{group.label}:")
        for sentence in group.words:
            print(f"  {retold(sentence)}")


def _quantity(row: dict[str, Any]) -> str:
    """Name of a number, with the observer whose accuracy it is."""
    section, _, who = str(row["section"]).partition(".")
    return f"{row['name']}, {who.rpartition('.')[0]}" if section == "accuracy" else str(row["name"])


def _shown(value: float | None) -> str:
    from kyphometer.stats.formatting import format_number

    return marked(format_number(value, 3))
