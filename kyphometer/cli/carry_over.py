"""`kyphometer carry-over`: propose the marks of a read film on the same patient's next film."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFilm, WithFormat, WithGrey, add_film_options, add_grey_option
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import marked, say, tell, warn, word

if TYPE_CHECKING:
    from kyphometer.carry import AngleChange, CarryOver

CSV_COLUMNS = ("code", "upper", "lower", "before", "after", "change", "standard_uncertainty")


@dataclass(frozen=True, kw_only=True)
class CarryOverOptions(WithFilm, WithGrey, WithFormat):
    """Options of `kyphometer carry-over`."""

    previous: Path
    film: Path
    reading: Path | None
    out: Path | None
    anchor: list[str]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "carry-over",
        help="propose the marks of a read film on the same patient's next film",
        description="Find the vertebrae of a read film on the same patient's next film and propose "
        "the same corners there, with the change of VKA and RKA and its uncertainty. Proposals are "
        "for the reader to confirm.",
    )
    parser.add_argument("previous", type=Path, help="film that was read")
    parser.add_argument("film", type=Path, help="next film of the same patient")
    parser.add_argument("--reading", type=Path, help="reading of the previous film, as JSON")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the proposals here")
    parser.add_argument(
        "--anchor",
        action="append",
        default=[],
        metavar="LEVEL=X,Y",
        help="about where the middle of a body lies on the next film, in pixels (may be repeated)",
    )
    add_film_options(parser)
    add_grey_option(parser)
    add_format(parser)


def run(given: argparse.Namespace) -> int:
    """Carry over, write, print."""
    from kyphometer import workflow
    from kyphometer.carry import carry_over
    from kyphometer.dicom import read_film
    from kyphometer.reading.document import read_reading, reading_to_dict, write_reading

    args = CarryOverOptions.of(given)
    previous = read_film(args.previous, grey=args.grey)
    film = read_film(args.film, spacing_mm=args.spacing, grey=args.grey)
    reading = read_reading(args.reading or workflow.find_reading(args.previous))
    workflow.check_film(reading, previous.reference)
    carried = carry_over(previous, reading, film, anchors=_anchors(args.anchor))
    proposal = workflow.stamped(carried.reading)
    if args.out is not None:
        write_reading(proposal, args.out)
    rows = [_row(code, change) for code, change in _changes(carried)]
    if args.format == "json":
        refused = [{"level": str(r.level), "message": str(r.told)} for r in carried.refused]
        print_json(
            {
                "reading": reading_to_dict(proposal),
                "changes": rows,
                "refused": refused,
                "warnings": [str(warning) for warning in carried.warnings],
            }
        )
    elif args.format == "csv":
        print_csv(rows, CSV_COLUMNS)
    else:
        _print_for_people(carried, rows)
    return 1 if carried.refused else 0


def _anchors(texts: list[str]) -> dict[Any, Any]:
    """Levels with positions from `L1=412,801`."""
    from kyphometer.anatomy import Level
    from kyphometer.errors import UsageError
    from kyphometer.geometry import Point

    anchors = {}
    for text in texts:
        name, _, place = text.partition("=")
        try:
            x, y = (float(part) for part in place.split(","))
        except ValueError:
            raise UsageError("anchor_form", text=text) from None
        anchors[Level.parse(name)] = Point(x, y)
    return anchors


def _changes(carried: CarryOver) -> list[tuple[str, AngleChange]]:
    """VKA and RKA of every fractured level that both films show."""
    from kyphometer.anatomy import EndplateSide, neighbour
    from kyphometer.carry import change_with_uncertainty

    proposed = {vertebra.level for vertebra in carried.vertebrae}
    found = []
    for level in carried.reading.fractured_levels:
        pairs = {
            "VKA": (level, level),
            "RKA": (neighbour(level, -1, proposed), neighbour(level, 1, proposed)),
        }
        for code, (above, below) in pairs.items():
            if above in proposed and below in proposed and above and below:
                upper, lower = (above, EndplateSide.SUPERIOR), (below, EndplateSide.INFERIOR)
                found.append((code, change_with_uncertainty(carried, upper, lower)))
    return found


def _row(code: str, change: AngleChange) -> dict[str, Any]:
    return {
        "code": code,
        "upper": f"{change.upper[0]}.{change.upper[1]}",
        "lower": f"{change.lower[0]}.{change.lower[1]}",
        "before": change.before_deg,
        "after": change.after_deg,
        "change": change.change_deg,
        "standard_uncertainty": change.standard_uncertainty,
    }


def _print_for_people(carried: CarryOver, rows: list[dict[str, Any]]) -> None:
    from kyphometer.stats.formatting import format_number, format_signed

    levels = " ".join(str(vertebra.level) for vertebra in carried.vertebrae)
    tell("proposed", levels=levels)
    table = [
        (
            f"{row['code']} ({_line(row['upper'])} - {_line(row['lower'])})",
            marked(f"{format_number(row['before'])}°"),
            marked(f"{format_number(row['after'])}°"),
            marked(f"{format_signed(row['change'])}°"),
            marked(f"± {1.96 * row['standard_uncertainty']:.1f}°"),
        )
        for row in rows
    ]
    headings = ("angle", "before", "after", "change", "half_width_95")
    if table:
        print_table(headings, table, right=(1, 2, 3, 4))
    for warning in carried.warnings:
        warn("warning", what=warning)
    for refusal in carried.refused:
        warn("not_proposed", why=refusal.told)


def _line(name: str) -> str:
    level, _, side = name.partition(".")
    return say("line", level=level, side=word(f"side.{side}"))
