"""`kyphometer qa`: acceptance, certification on simulated films, validation and watch of help."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import Options, WithFormat, WithReports
from kyphometer.cli.output import add_format, counted_words, print_csv, print_json, print_table
from kyphometer.cli.qa_acceptance import accept_installation, add_acceptance
from kyphometer.cli.words import in_words, marked, tell, warn
from kyphometer.messages.retold import retold
from kyphometer.sessions.options import SessionOptions, add_options, chosen


@dataclass(frozen=True, kw_only=True)
class KitOptions(Options):
    """Options of `kyphometer qa kit`."""

    output: Path
    observers: str
    films: int
    rounds: int
    washout_days: float
    duplicates: float
    assist: bool
    seed: int | None
    key: Path | None
    rows: int
    columns: int
    pixel: float


@dataclass(frozen=True, kw_only=True)
class CertificateOptions(WithReports, WithFormat):
    """Options of `kyphometer qa certificate`."""

    study: str
    key: Path
    session: str
    observer: str | None
    angle: list[str] | None
    max_bias: float
    max_sem: float


@dataclass(frozen=True, kw_only=True)
class ValidateOptions(WithReports, WithFormat):
    """Options of `kyphometer qa validate`."""

    study: str
    observers: str | None
    films: int
    seed: int | None
    max_bias: float
    max_error_sd: float
    max_shrinkage: float
    min_coverage: float


@dataclass(frozen=True, kw_only=True)
class MonitorOptions(WithFormat):
    """Options of `kyphometer qa monitor`."""

    study: str
    by: str | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "qa",
        help="certification on simulated films; validation of help from the image on one's own",
        description="Acceptance of an installation after an upgrade. "
        "Certification of observers or of an installation on simulated films whose "
        "truth is hidden: make a kit, read it, print the certificate. Validation of help from the "
        "image on the films of a study, and charts of it over months.",
    )
    deeds = parser.add_subparsers(dest="deed", metavar="DEED", required=True)
    _add_kit(deeds)
    _add_certificate(deeds)
    _add_validate(deeds)
    _add_monitor(deeds)
    add_acceptance(deeds)


def _add_kit(deeds: Any) -> None:
    kit = deeds.add_parser(
        "kit",
        help="make films with hidden truth, a session on them, and the key apart",
        description="Make simulated films, a study with a blinded session on them, and the key "
        "(the truth) in a folder of its own, which observers must not have.",
    )
    kit.add_argument("output", type=Path, help="new folder for films and study")
    kit.add_argument("--observers", required=True, metavar="A,B", help="codes, with commas")
    kit.add_argument("--films", type=int, default=40, help="how many (default 40)")
    add_options(kit, "rounds", "washout_days", "duplicates", "assist", rounds=1)
    kit.add_argument("--seed", type=int, help="seed of the kit; keep it secret (default: drawn)")
    kit.add_argument("--key", type=Path, help="folder for the key (default: OUTPUT-key)")
    kit.add_argument("--rows", type=int, default=1800, help="rows of a film (1800)")
    kit.add_argument("--columns", type=int, default=900, help="columns of a film (900)")
    kit.add_argument("--pixel", type=float, default=0.16, metavar="MM", help="pixel (0.16)")


def _add_certificate(deeds: Any) -> None:
    page = deeds.add_parser(
        "certificate",
        help="judge the locked session of a kit against stated limits",
        description="Judge readings of a kit against stated limits. Exit status 1 if a limit is "
        "not shown to be kept.",
    )
    page.add_argument("study", help="the kit's study file")
    page.add_argument("--key", type=Path, required=True, help="folder of the key")
    page.add_argument("--session", default="kit", metavar="CODE", help="(default %(default)s)")
    page.add_argument("--observer", metavar="CODE", help="whom (default: all, an installation)")
    page.add_argument("--angle", action="append", metavar="CODE", help="(default VKA and RKA)")
    page.add_argument("--max-bias", type=float, default=1.0, metavar="DEG", help="(default 1)")
    page.add_argument("--max-sem", type=float, default=2.0, metavar="DEG", help="(default 2)")
    page.add_argument("-o", "--html", type=Path, metavar="FILE", help="certificate as HTML")
    page.add_argument("--pdf", type=Path, metavar="FILE", help="as PDF")
    page.add_argument("--docx", type=Path, metavar="FILE", help="as Word document")
    page.add_argument("--xlsx", type=Path, metavar="FILE", help="its table as a workbook")
    add_format(page)


def _add_validate(deeds: Any) -> None:
    page = deeds.add_parser(
        "validate",
        help="whether help from the image is valid on this study's own films",
        description="Whether help from the image is valid on this study's own films: two observers "
        "or more read the same films without and with help. Call it again and again: it plans, "
        "then tells what is left to read, then judges by margins fixed beforehand. Exit status 1 "
        "if a margin is not shown to be kept.",
    )
    page.add_argument("study", help="study file with films")
    page.add_argument("--observers", metavar="A,B", help="codes, with commas (to begin)")
    page.add_argument("--films", type=int, default=30, help="how many (default 30; to begin)")
    page.add_argument("--seed", type=int, help="draws the films and orders (default: drawn)")
    for name, default, unit in MARGINS:
        page.add_argument(f"--{name}", type=float, default=default, metavar=unit,
                          help="(default %(default)s)")  # fmt: skip
    page.add_argument("-o", "--html", type=Path, metavar="FILE", help="report as HTML")
    page.add_argument("--pdf", type=Path, metavar="FILE", help="as PDF")
    page.add_argument("--docx", type=Path, metavar="FILE", help="as Word document")
    page.add_argument("--xlsx", type=Path, metavar="FILE", help="its table as a workbook")
    add_format(page)


def _add_monitor(deeds: Any) -> None:
    page = deeds.add_parser(
        "monitor",
        help="whether help from the image does month by month what it did before",
        description="Control charts over months: how many marks the image placed, how far it moved "
        "clicks, how far proposals that were taken were corrected, and what uncertainty it stated, "
        "from all readings outside of sessions; which part of the films the detector refused and "
        "how doubtful its proposals were, from what waits beside films and what the page noted. "
        "Exit status 1 if a chart gives an alarm.",
    )
    page.add_argument("study", help="study file")
    page.add_argument("--by", choices=("device", "observer"), help="charts for each of them")
    add_format(page)


MARGINS = (
    ("max-bias", 1.0, "DEG"),
    ("max-error-sd", 2.0, "DEG"),
    ("max-shrinkage", 0.10, "PART"),
    ("min-coverage", 0.80, "PART"),
)


def run(given: argparse.Namespace) -> int:
    """Do it."""
    deeds = {
        "kit": _kit,
        "certificate": _certificate,
        "validate": _validate,
        "monitor": _monitor,
        "acceptance": accept_installation,
    }
    return deeds[given.deed](given)


def _validate(given: argparse.Namespace) -> int:
    from kyphometer.errors import UsageError
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.validation import begin_validation, has_begun, validation_state

    args = ValidateOptions.of(given)
    with Study.open(args.study) as study:
        if has_begun(study):
            state = validation_state(study)
        elif args.observers is None:
            raise UsageError("validation_not_begun")
        else:
            names = [part.strip() for part in args.observers.split(",") if part.strip()]
            state = begin_validation(study, names, films=args.films, seed=args.seed)
        return _judge(study, args) if state.locked else _next_steps(args, state)


MONITOR_COLUMNS = (
    "group", "quantity", "unit", "month", "count", "mean", "lower", "centre", "upper", "note",
)  # fmt: skip


def _monitor(given: argparse.Namespace) -> int:
    from kyphometer.errors import TooFewDataError
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.monitoring import Grouping, monitor
    from kyphometer.workflow.monitoring_proposals import monitor_proposals

    args = MonitorOptions.of(given)
    with Study.open(args.study) as study:
        by = None if args.by is None else Grouping(args.by)
        found = (*monitor(study, by=by), *monitor_proposals(study, by=by))
    if not found:
        raise TooFewDataError("chart_no_readings")
    rows = [row for item in found for row in item.rows()]
    if args.format == "json":
        print_json(rows)
    elif args.format == "csv":
        print_csv(rows, MONITOR_COLUMNS)
    else:
        names = MONITOR_COLUMNS if args.by else MONITOR_COLUMNS[1:]
        cells = [[_cell(row.get(name), name) for name in names] for row in rows]
        print_table(names, cells, right=range(len(names) - 6, len(names) - 1))
    alarms = [item for item in found if item.chart is not None and not item.chart.in_control]
    for item in alarms:
        about = filter(None, (item.group, retold(item.quantity.name)))
        warn("alarm", about=" ".join(about))
    return 1 if alarms else 0


def _next_steps(args: ValidateOptions, state: Any) -> int:
    """What is left to do; values stay unseen."""
    if args.format == "json":
        print_json(state)
        return 0
    tell("readings_done", films=state.films, read=state.read, due=state.due)
    if state.read < state.due:
        tell("read_in_order")
        for observer, sessions in state.order.items():
            for code in sessions:
                words = f"{args.study} --session {code} --observer {observer}"
                print(f"  kyphometer annotate {words}")
        tell("call_again")
        return 0
    tell("lock_both")
    for code in ("help-without", "help-with"):
        print(f"  kyphometer session lock {args.study} {code}")
    return 0


def _judge(study: Any, args: ValidateOptions) -> int:
    from kyphometer import __version__
    from kyphometer.sessions.validation import ValidationMargins
    from kyphometer.workflow.validation import judge_validation

    margins = ValidationMargins(
        bias=args.max_bias,
        error_sd=args.max_error_sd,
        shrinkage=args.max_shrinkage,
        coverage=args.min_coverage,
    )
    found, facts, readings = judge_validation(study, margins, progress=_looked_at)
    told = [("Observers", ", ".join(facts.observers))]
    if facts.days_apart is not None:
        told.append(("Median days between both readings", f"{facts.days_apart:.1f}"))
    if facts.moved is not None:
        told.append(("Marks placed by the image", f"{100 * facts.moved:.0f} %"))
    told.append(("Readings set aside", str(facts.set_aside)))
    told.append(("Software", f"kyphometer {__version__}"))
    if args.wants_report:
        from kyphometer.cli.report_files import write_report
        from kyphometer.reports.validation import validation_document

        for path in write_report(validation_document(found, readings, facts=told), args):
            warn("written", paths=path)
    rows = [line.record() for line in found.lines]
    if args.format == "json":
        about = {"films": found.films, "verdict": str(found.verdict), "facts": dict(told)}
        print_json({**about, "lines": rows})
    elif args.format == "csv":
        print_csv(rows, VALIDATION_COLUMNS)
    else:
        cells = [[_cell(row[name], name) for name in VALIDATION_COLUMNS] for row in rows]
        print_table(VALIDATION_COLUMNS, cells, right=(2, 3, 4, 6))
        for name, text in told:
            shown = text if name == "Software" else marked(text)
            print(f"{retold(name)}: {shown}")
        print(retold(found.words))
    return 0 if str(found.verdict) == "shown" else 1


VALIDATION_COLUMNS = ("code", "quantity", "value", "low", "high", "unit", "limit", "verdict")


def _kit(given: argparse.Namespace) -> int:
    import secrets

    from kyphometer.errors import UsageError
    from kyphometer.phantom import FilmFormat
    from kyphometer.workflow.qa import make_kit

    args = KitOptions.of(given)
    if not 3 <= args.films <= 1000:
        raise UsageError("films_range", films=args.films)
    observers = tuple(part.strip() for part in args.observers.split(",") if part.strip())
    kit = make_kit(
        args.output,
        films=args.films,
        observers=observers,
        seed=secrets.randbelow(2**20) if args.seed is None else args.seed,
        key=args.key,
        options=SessionOptions(**chosen(args)),
        film_format=FilmFormat(rows=args.rows, columns=args.columns, pitch_mm=args.pixel),
        progress=_progress,
    )
    tell("kit_made", films=kit.films, study=kit.study)
    tell("kit_key", key=kit.key)
    for observer in observers:
        print(f"  kyphometer annotate {kit.study} --session kit --observer {observer}")
    return 0


def _progress(done: int, total: int) -> None:
    if done and done % 10 == 0:
        print(counted_words("films_simulated", done, total), file=sys.stderr)


def _looked_at(done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        print(counted_words("films_in_looks", done, total), file=sys.stderr)


COLUMNS = ("subject", "code", "quantity", "value", "low", "high", "limit", "verdict")


def _certificate(given: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from kyphometer.cli.report_files import write_report
    from kyphometer.sessions.certificate import CertificateLimits, certify
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.qa import certificate_facts
    from kyphometer.workflow.reliability import collect_readings, read_truths

    args = CertificateOptions.of(given)
    limits = CertificateLimits(bias=args.max_bias, standard_error_of_measurement=args.max_sem)
    codes = tuple(args.angle or ("VKA", "RKA"))
    with Study.open(args.study) as study:
        truth = read_truths(study, args.key)
        table = collect_readings(study, codes, session=args.session, truth=truth).table
        facts = certificate_facts(study, args.session, limits, datetime.now(UTC))
    found = certify(table, limits, observer=args.observer)
    if args.wants_report:
        from kyphometer.reports.certificate import certificate_document

        for path in write_report(certificate_document(found, table, facts=facts), args):
            warn("written", paths=path)
    _print(found, args.format, dict(facts))
    return 0 if found.passed else 1


def _print(found: Any, shown_as: str, facts: dict[str, str]) -> None:
    rows = [{"subject": found.subject, **line.record()} for line in found.lines]
    if shown_as == "json":
        about = {name.lower(): value for name, value in facts.items()}
        print_json(
            {"subject": found.subject, "verdict": str(found.verdict), "lines": rows, **about}
        )
    elif shown_as == "csv":
        print_csv(rows, COLUMNS)
    else:
        cells = [[_cell(row[name], name) for name in COLUMNS[1:]] for row in rows]
        print_table(COLUMNS[1:], cells, right=(2, 3, 4, 5))
        print(f"{retold(found.subject)}: {retold(found.words)}")


def _cell(value: Any, name: str) -> Any:
    if isinstance(value, float):
        return marked(f"{value:.2f}")
    if name == "verdict":
        return in_words(value)
    return retold(value) if name in ("quantity", "note") and value else value
