"""`kyphometer refine`: move rough marks onto the rim corners that the film shows."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFilm, WithFormat, WithGrey, add_film_options, add_grey_option
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import marked, say, warn, word

if TYPE_CHECKING:
    from kyphometer.endplates import RefinedReading, RefinedVertebra

CSV_COLUMNS = (
    "level", "endplate", "state", "moved_px", "line_sd_deg", "off_chance", "note", "method",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RefineOptions(WithFilm, WithGrey, WithFormat):
    """Options of `kyphometer refine`."""

    film: Path
    reading: Path | None
    out: Path | None
    levels: list[str] | None
    refiner: str


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "refine",
        help="move rough marks onto the rim corners that the film shows",
        description="Move rough marks of a reading onto the rim corners that the film shows, each "
        "with its uncertainty. Marks that cannot be moved safely are kept, and the reason is "
        "printed. The original click of every moved mark stays in the reading.",
    )
    parser.add_argument("film", type=Path, help="DICOM file, or PNG, JPEG or TIFF")
    parser.add_argument("reading", type=Path, nargs="?", help="reading, as JSON")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the refined reading here")
    parser.add_argument(
        "--levels", nargs="+", metavar="LEVEL", help="only these levels, for example T12 L1 L2"
    )
    parser.add_argument(
        "--refiner",
        choices=("learned", "classical"),
        default="learned",
        help="the trained network, cross-checked (default), or edges and paths alone",
    )
    add_film_options(parser)
    add_grey_option(parser)
    add_format(parser)


def run(given: argparse.Namespace) -> int:
    """Refine, write, print."""
    from kyphometer import workflow
    from kyphometer.anatomy import Level
    from kyphometer.dicom import read_film
    from kyphometer.endplates import Refiner, refine_reading
    from kyphometer.reading.document import read_reading, reading_to_dict, write_reading

    args = RefineOptions.of(given)
    film = read_film(args.film, spacing_mm=args.spacing, grey=args.grey)
    reading = read_reading(args.reading or workflow.find_reading(args.film))
    workflow.check_film(reading, film.reference)
    levels = None if args.levels is None else {Level.parse(name) for name in args.levels}
    done = refine_reading(film, reading, levels=levels, refiner=Refiner(args.refiner))
    stamped = workflow.stamped(done.reading)
    if args.out is not None:
        write_reading(stamped, args.out)
    if args.format == "json":
        document = {"reading": reading_to_dict(stamped), "endplates": _refined_rows(done)}
        print_json(document)
    elif args.format == "csv":
        print_csv(_refined_rows(done), CSV_COLUMNS)
    else:
        _print_for_people(done)
    return 1 if done.refusals else 0


def _refined_rows(done: RefinedReading) -> list[dict[str, Any]]:
    """One row an endplate that was tried."""
    return [row for vertebra in done.vertebrae for row in _rows(vertebra)]


def _rows(refined: RefinedVertebra) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "level": str(refined.level),
            "endplate": str(side),
            "state": "uncertain" if side in refined.uncertain else "moved",
            "moved_px": max(refined.moved_px[side]),
            "line_sd_deg": sd,
            "off_chance": refined.off_chance.get(side),
            "note": "; ".join(sorted(_notes(refined, side))),
            "method": refined.method,
        }
        for side, sd in refined.line_sd_deg.items()
    ]
    rows += [
        {
            "level": str(refusal.level),
            "endplate": "" if refusal.endplate is None else str(refusal.endplate),
            "state": str(refusal.reason),
            "moved_px": None,
            "line_sd_deg": None,
            "off_chance": None,
            "note": refusal.message,
            "method": refined.method,
        }
        for refusal in refined.refusals
    ]
    return rows


def _notes(refined: RefinedVertebra, side: Any) -> set[str]:
    plate = refined.vertebra.endplate(side)
    return set() if plate is None else {m.note for m in plate.landmarks.values() if m.note}


def _print_for_people(done: RefinedReading) -> None:
    from kyphometer.messages.retold import retold

    rows = [
        (
            _plate(row),
            "" if row["moved_px"] is None else say("moved_px", px=row["moved_px"]),
            "" if row["line_sd_deg"] is None else marked(f"± {1.96 * row['line_sd_deg']:.1f}°"),
            retold(row["note"]) if row["state"] in {"moved", "uncertain"} else say("kept"),
        )
        for row in _refined_rows(done)
    ]
    print_table(("endplate", "moved_by", "line_95", ""), rows, right=(1, 2))
    for refusal in done.refusals:
        warn("kept_why", why=retold(refusal.message))


def _plate(row: dict[str, Any]) -> str:
    side = word(f"side.{row['endplate']}") if row["endplate"] else ""
    return say("plate", level=row["level"], side=side)
