"""`kyphometer detect`: propose the vertebral bodies of a whole film without a click."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import (
    WithFilm,
    WithFormat,
    WithGrey,
    WithProposal,
    add_film_options,
    add_grey_option,
    add_proposal_options,
)
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import say, tell, warn, word

if TYPE_CHECKING:
    from kyphometer.detect import Proposal

CSV_COLUMNS = (
    "level", "chance", "expected_error_percent", "doubt", "refined", "likely", "metal_percent",
    "holds_metal", "note",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DetectOptions(WithFilm, WithGrey, WithProposal, WithFormat):
    """Options of `kyphometer detect`."""

    film: Path
    out: Path | None
    frame: int | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "detect",
        help="propose the vertebral bodies of a whole film without a click (experimental)",
        description="Propose the vertebral bodies of a lateral film, their corners and levels, "
        "each with its doubt. Experimental: a proposal is confirmed by nobody and must be looked "
        "at; docs/detect.md says how often it is wrong.",
    )
    parser.add_argument("film", type=Path, help="DICOM file, or PNG, JPEG or TIFF")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the proposed reading here")
    parser.add_argument("--frame", type=int, help="frame of a multi-frame film, from 1")
    add_proposal_options(parser)
    add_film_options(parser)
    add_grey_option(parser)
    add_format(parser)


def run(given: argparse.Namespace) -> int:
    """Propose, write, print; 1 if the levels are uncertain."""
    from kyphometer.reading.document import write_reading
    from kyphometer.workflow.proposals import body_rows, proposal_document, propose_file

    args = DetectOptions.of(given)
    _film, proposal = propose_file(
        args.film,
        spacing_mm=args.spacing,
        frame=args.frame,
        grey=args.grey,
        lowest=args.lowest,
        facing=args.facing,
        earlier=args.earlier,
    )
    if args.out is not None:
        write_reading(proposal.reading, args.out)
    if args.format == "json":
        print_json(proposal_document(proposal))
    elif args.format == "csv":
        print_csv(body_rows(proposal), CSV_COLUMNS)
    else:
        _print_for_people(proposal)
    return 0 if proposal.numbering.is_sure else 1


def _print_for_people(proposal: Proposal) -> None:
    from kyphometer.messages.retold import retold

    rows = [
        (
            str(body.level),
            f"{100 * body.chance:.0f} %",
            f"{100 * body.doubt:.0f} %",
            say("on_rims" if body.refined else "as_found"),
            retold(body.note),
        )
        for body in proposal.bodies
    ]
    print_table(("body", "seen", "off_over_3_mm", "corners", ""), rows, right=(1, 2))
    print()
    tell("anterior_at", side=word(f"side.{proposal.reading.facing}"))
    for fracture in proposal.fractures:
        tell("may_be_fractured", level=str(fracture.level), why=fracture.reason)
    for note in proposal.notes:
        warn("warning", what=note)
