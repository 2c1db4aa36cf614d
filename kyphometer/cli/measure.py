"""`kyphometer measure`: the numbers of one film from its reading."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import in_words, marked, say, tell, warn, word
from kyphometer.errors import UsageError

if TYPE_CHECKING:
    from kyphometer.film import Film
    from kyphometer.workflow import MeasuredFilm

CSV_COLUMNS = (
    "film", "patient", "visit", "observer", "session", "code", "label", "value", "unit",
    "standard_uncertainty", "levels", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MeasureOptions(WithFilm, WithGrey, WithAuto, WithMeasuring, WithFormat):
    """Options of `kyphometer measure`."""

    film: Path
    reading: Path | None
    frame: int | None
    overlay: Path | None
    page: Path | None
    no_pixels: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "measure",
        help="measure one film from its reading",
        description="Measure one film from the reading beside it (FILM.reading.json), or from the "
        "one named. Kyphosis is positive, lordosis negative.",
    )
    parser.add_argument("film", type=Path, help="DICOM file, or PNG, JPEG or TIFF")
    parser.add_argument("reading", type=Path, nargs="?", help="reading, as JSON")
    add_auto_option(parser)
    parser.add_argument("--frame", type=int, help="frame of a multi-frame film, from 1")
    parser.add_argument("--overlay", type=Path, metavar="PNG", help="write an overlay picture here")
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE",
        help="write a page for paper here: film, marks, numbers (.pdf, or .png for a picture)",
    )
    parser.add_argument(
        "--no-pixels",
        action="store_true",
        help="do not decode the film (faster; its pixel hash is then not compared)",
    )
    add_film_options(parser)
    add_grey_option(parser)
    add_measure_options(parser)
    add_format(parser)


def run(given: argparse.Namespace) -> int:
    """Measure, print, and draw if asked to."""
    from kyphometer import workflow

    args = MeasureOptions.of(given)
    page = None if args.page is None else (args.page, _page_kind(args.page))
    film, item = workflow.measure_file(
        args.film,
        reading_path=args.reading,
        spacing_mm=args.spacing,
        grey=args.grey,
        frame=args.frame,
        with_pixels=not args.no_pixels or args.overlay is not None or page is not None,
        auto=auto_options(args),
        **measure_options(args),
    )
    if args.overlay is not None and film is not None:
        from kyphometer.plots.overlay import save_figure
        from kyphometer.workflow.overlay import draw_overlay

        save_figure(draw_overlay(film, item), args.overlay)
    if page is not None and film is not None:
        _write_page(film, item, *page)
    if args.format == "json":
        print_json(item.to_dict())
    elif args.format == "csv":
        print_csv(item.rows(), CSV_COLUMNS)
    else:
        _print_for_people(item)
    refused = bool(item.measured.refused) and args.angle is not None
    if args.angle is not None and not item.measured.measurements:
        return 5
    return 1 if refused else 0


def _page_kind(path: Path) -> Literal["pdf", "png"]:
    kinds: dict[str, Literal["pdf", "png"]] = {".pdf": "pdf", ".png": "png"}
    if path.suffix.lower() not in kinds:
        raise UsageError("page_suffix", name=path.name)
    return kinds[path.suffix.lower()]


def _write_page(film: Film, item: MeasuredFilm, path: Path, kind: Literal["pdf", "png"]) -> None:
    from datetime import datetime

    from kyphometer.dicom import to_grey
    from kyphometer.reports.film_page import FilmPage, page_file
    from kyphometer.reports.film_page_words import film_line, made_line, read_line, visit_words
    from kyphometer.workflow.films import SOFTWARE

    acquisition, reading = item.header.acquisition, item.reading
    taken = acquisition.exposed_at.date() if acquisition.exposed_at else None
    name = film.header.path.name if film.header.path else ""
    page = FilmPage(
        title=" · ".join(filter(None, (item.patient, visit_words(item.visit)))),
        film=film_line(name, taken, acquisition.position, film.geometry.source),
        read=read_line(reading.observer, reading.created.date() if reading.created else None),
        made=made_line(SOFTWARE, datetime.now().astimezone()),
        confirmed=item.reading_path is not None,
        grey=to_grey(film),
        aspect=film.geometry.aspect,
        reading=reading,
        measured=item.measured,
    )
    path.write_bytes(page_file(page, kind))


def _print_for_people(item: MeasuredFilm) -> None:
    from kyphometer.measure.printing import half_width_text, value_text
    from kyphometer.messages.retold import retold

    reading, measured = item.reading, item.measured
    print(f"{item.patient}  {in_words(item.visit)}")
    tell(
        "measured_head",
        fractured=list(map(str, reading.fractured_levels)) or word("none_named"),
        side=word(f"side.{measured.facing}"),
        observer=reading.observer or word("not_named"),
        position=in_words(item.header.acquisition.position),
    )
    print()
    rows = [
        (
            label(number),
            marked(value_text(number.value, number.unit)),
            marked(half_width_text(number.interval_95, number.unit)),
            _remark(number),
        )
        for number in measured.measurements
    ]
    print_table(("measurement", "value", "interval_95", ""), rows, right=(1, 2))
    for refusal in measured.refused:
        warn("not_given", why=refusal.reason)
    for warning in (*item.header.warnings, *measured.warnings):
        warn("warning", what=retold(warning))


def label(number: Any) -> str:
    """The label of a measurement for people; in English the one that programs get."""
    from kyphometer.measure.words import measured_label
    from kyphometer.messages import LANGUAGES, language

    return number.label if language() == LANGUAGES[0] else measured_label(number)


def _remark(number: Any) -> str:
    from kyphometer.messages.retold import retold

    details, note = dict(number.details), retold(str(number.note))
    if number.code == "GENANT_QM":
        chances = ", ".join(
            f"{grade}: {details[f'p_grade_{grade}']:.0%}"
            for grade in range(4)
            if details[f"p_grade_{grade}"] >= 0.005
        )
        loss = say("genant", loss=details["loss_percent"], chances=chances)
        return "; ".join(filter(None, (loss, note)))
    return note
