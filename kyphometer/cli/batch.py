"""`kyphometer batch`: every film of a folder, by patient and visit, with an overlay of each.

With `--out`, an archive: on all cores or a cluster, resumable, into a table.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.measure import CSV_COLUMNS, label
from kyphometer.cli.options import (
    WithAuto,
    WithFilm,
    WithFormat,
    WithGrey,
    WithMeasuring,
    add_auto_option,
    add_film_options,
    add_grey_option,
    add_measure_options,
    auto_options,
    measure_options,
)
from kyphometer.cli.output import add_format, print_csv, print_json, print_table, progress
from kyphometer.cli.words import in_words, marked, say, tell, warn, word
from kyphometer.messages import Word, decimal_mark

if TYPE_CHECKING:
    from kyphometer.workflow import MeasuredFilm


@dataclass(frozen=True, kw_only=True)
class BatchOptions(WithFilm, WithGrey, WithAuto, WithMeasuring, WithFormat):
    """Options of `kyphometer batch`."""

    folder: Path
    out: Path | None
    output: Path | None
    columns: str
    workers: int | None
    scheduler: str | None
    leave: bool
    again: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "batch",
        help="measure every film of a folder, by patient and visit, and draw overlays",
        description="Measure every film below a folder from the reading beside it, print the "
        "angles by patient and visit, and write an overlay picture of each film. With --out, "
        "measure an archive of any size into a table, on all cores; a run that was stopped goes on "
        "where it was.",
    )
    parser.add_argument("folder", type=Path, help="folder or zip with films and their readings")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--out",
        type=Path,
        metavar="TABLE",
        help="write all rows to this .csv or .parquet, in many processes; what is done is kept in "
        "TABLE.done and not done again",
    )
    kind.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="write overlay pictures here"
    )
    parser.add_argument(
        "--columns",
        default="VKA,RKA",
        metavar="CODES",
        help="angles of the printed table, separated by commas (default VKA,RKA)",
    )
    archive = parser.add_argument_group("with --out")
    archive.add_argument(
        "--workers", type=_count, metavar="N", help="processes (default: all cores)"
    )
    archive.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="measure on the Dask cluster of this scheduler, such as tcp://host:8786; its workers "
        "must see the films under the same paths",
    )
    archive.add_argument(
        "--leave",
        action="store_true",
        help="with --auto: what is proposed on a film waits beside it in FILM.proposal.json",
    )
    archive.add_argument("--again", action="store_true", help="measure what is done once more")
    add_auto_option(parser)
    add_film_options(parser)
    add_grey_option(parser)
    add_measure_options(parser)
    add_format(parser)


def _count(text: str) -> int:
    """Parse a number of processes."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 1000):
        message = f"'{text}' is no number of processes from 1 to 1000"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def run(given: argparse.Namespace) -> int:
    """Measure, print, draw; name every film that failed."""
    from kyphometer import workflow
    from kyphometer.dicom.archive import Unpacked

    args = BatchOptions.of(given)
    if not args.folder.exists():
        warn("no_folder", folder=args.folder)
        return 2
    if args.out is not None:
        return _archive(args, args.out)
    if args.workers or args.scheduler or args.again or args.leave:
        warn("needs_out")
        return 2
    with Unpacked(keep=False) as unpacked:
        files, passed = workflow.look_through([args.folder], unpacked)
        for item in passed:
            warn("passed_over", path=item.path, why=item.sentence)
        if not files:
            warn("no_film_in_folder", folder=args.folder)
            return 3
        return _measured(args, files)


def _archive(args: BatchOptions, out: Path) -> int:
    """Measure into a table; say what became of the films."""
    from kyphometer.workflow.batch import BatchPlan, run_batch

    auto = auto_options(args)
    if args.leave and (auto is None or not args.folder.is_dir()):
        warn("leave_needs")
        return 2
    plan = BatchPlan(
        root=args.folder,
        out=out,
        workers=args.workers,
        scheduler=args.scheduler,
        afresh=args.again,
        options={
            "spacing_mm": args.spacing,
            "grey": args.grey,
            "auto": auto and {**auto, **({"leave": True} if args.leave else {})},
            **measure_options(args),
        },
    )
    report = run_batch(plan, _Shown())
    if not report.films:
        warn("no_film_in_folder", folder=args.folder)
        return 3
    if args.format == "json":
        states = dict(report.states)
        print_json({"films": report.films, "before": report.before, "states": states})
    elif args.format == "csv":
        print_csv([{"state": s, "films": n} for s, n in report.states.items()], ("state", "films"))
    else:
        rows = [(in_words(state), films) for state, films in sorted(report.states.items())]
        print_table(("films", "number"), rows, right=(1,))
        print()
        key = "films_in_before" if report.before else "films_in"
        tell(key, films=report.films, out=out, before=report.before)
    return 1 if report.failed else 0


class _Shown:
    """Progress and the estimated end on standard error, every few seconds."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def __call__(self, done: int, own: int, films: int) -> None:
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - self._last < (0.5 if terminal else 10.0):
            return
        self._last = now
        left = (now - self._started) / own * (films - done)
        rest = word("hours", count=left / 3600) if left > 5400 else word("minutes", count=left / 60)
        text = say("films_left", done=done, films=films, rest=rest)
        print(text, end="  \r" if terminal else "\n", file=sys.stderr, flush=True)


def _measured(args: BatchOptions, files: list[Path]) -> int:
    from kyphometer import workflow

    if args.output is not None:
        args.output.mkdir(parents=True, exist_ok=True)
    done: list[MeasuredFilm] = []
    failed = []
    written = 0
    results = workflow.measure_folder(
        progress(files, "films_done"),
        with_pixels=args.output is not None,
        spacing_mm=args.spacing,
        grey=args.grey,
        auto=auto_options(args),
        **measure_options(args),
    )
    for result in results:
        if isinstance(result, workflow.Failure):
            failed.append(result)
            continue
        film, item = result
        done.append(item)
        if args.output is not None and film is not None:
            _write_overlay(film, item, args.output, args.folder)
            written += 1
    done.sort(key=_when)
    _print(done, args)
    for failure in failed:
        key = "passed_over" if failure.passed_over else "failed"
        warn(key, path=failure.path, why=failure.reason)
    if written and args.format == "table":
        print()
        tell("overlays_in", count=written, folder=args.output)
    return 1 if any(not failure.passed_over for failure in failed) else 0


def _write_overlay(film: Any, item: MeasuredFilm, output: Path, root: Path) -> None:
    from kyphometer.plots.overlay import save_figure
    from kyphometer.workflow.overlay import draw_overlay

    path = item.header.path or Path("film")
    relative = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    name = "_".join(relative.with_suffix("").parts) + ".png"
    save_figure(draw_overlay(film, item), output / name)


def _when(item: MeasuredFilm) -> tuple[str, str, str]:
    exposed = item.header.acquisition.exposed_at
    path = item.header.path
    return (item.patient, exposed.isoformat() if exposed else "", str(path))


def _print(items: list[MeasuredFilm], args: BatchOptions) -> None:
    if args.format == "json":
        print_json([item.to_dict() for item in items])
    elif args.format == "csv":
        print_csv([row for item in items for row in item.rows()], CSV_COLUMNS)
    else:
        _print_for_people(items, args.columns.split(","))


def _print_for_people(items: list[MeasuredFilm], codes: list[str]) -> None:
    rows = []
    for item in items:
        exposed = item.header.acquisition.exposed_at
        cells = [
            item.patient,
            in_words(item.visit),
            exposed.date().isoformat() if exposed else "",
            in_words(str(item.header.acquisition.position).replace("_", " ")),
            ", ".join(map(str, item.reading.fractured_levels)),
            item.reading.observer or "",
        ]
        cells += [_cell(item, code) for code in codes]
        rows.append(cells)
    known = ("patient", "visit", "date", "position", "fractured", "observer")
    headings: list[str | Word] = [*known, *(word("spread", code=code.strip()) for code in codes)]
    print_table(headings, rows, right=range(6, 6 + len(codes)))
    _print_remarks(items, codes)


def _cell(item: MeasuredFilm, code: str) -> str:
    from kyphometer.measure.printing import value_text

    found = item.measured.all(code.strip().upper()) or item.measured.all(code.strip())
    cells = []
    for number in found:
        interval = number.interval_95
        spread = "" if interval is None else f" ± {(interval[1] - interval[0]) / 2:.1f}"
        cells.append(marked(f"{value_text(number.value, number.unit)}{spread}"))
    return ("; " if decimal_mark() == "," else ", ").join(cells) or say("cell_not_given")


def _print_remarks(items: list[MeasuredFilm], codes: list[str]) -> None:
    pairs: dict[str, set[str]] = {}
    for item in items:
        for code in codes:
            for number in item.measured.all(code.strip().upper()):
                pairs.setdefault(number.code, set()).add(label(number))
    print()
    for labels in pairs.values():
        tell("measured_as", labels="; ".join(sorted(labels)))
    _warn_of(items, {code.strip().upper() for code in codes})


def _warn_of(items: list[MeasuredFilm], wanted: set[str]) -> None:
    """What could not be given and what to beware of, on standard error."""
    from kyphometer.messages.retold import retold

    for item in items:
        film = f"{item.patient} {in_words(item.visit)}"
        for refusal in item.measured.refused:
            if refusal.code in wanted:
                warn("film_not_given", film=film, why=refusal.reason)
        for warning in (*item.header.warnings, *item.measured.warnings):
            warn("film_warning", film=film, what=retold(warning))
