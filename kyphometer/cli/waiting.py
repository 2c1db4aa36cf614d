"""`kyphometer waiting`: proposals that wait in a folder, by their doubt."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFormat
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import warn

if TYPE_CHECKING:
    from kyphometer.workflow.waiting import WaitingFilm

ORDERS = ("doubt", "certain", "name")
PARTS = ("proposed", "doubtful", "refused")
COLUMNS = (
    "film", "first", "last", "bodies", "doubtful", "largest_doubt", "levels_sure", "other",
    "reason",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class WaitingOptions(WithFormat):
    """Options of `kyphometer waiting`."""

    folder: Path
    order: str
    only: str | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "waiting",
        help="films on which a proposal waits, the most doubtful first (experimental)",
        description="List what `kyphometer watch` or `batch --auto --leave` left beside the films "
        "of a folder and nobody has read yet: what is proposed, which bodies and whether the "
        "levels are doubtful, which films were refused and why.",
    )
    parser.add_argument("folder", type=Path, help="folder with films and their proposals")
    parser.add_argument(
        "--order",
        choices=ORDERS,
        default="doubt",
        help="most doubtful first (refused films, then by the largest doubt of a body: the "
        "probability that a corner is off by more than 3 mm), most certain first, or by name",
    )
    parser.add_argument(
        "--only",
        choices=PARTS,
        help="films with a proposal, with one that is in doubt, or on which nothing is proposed",
    )
    add_format(parser)


def run(given: argparse.Namespace) -> int:
    """List them."""
    from kyphometer.workflow.waiting import waiting_films

    args = WaitingOptions.of(given)
    if not args.folder.is_dir():
        warn("no_folder", folder=args.folder)
        return 2
    found = [item for item in waiting_films(args.folder) if item.doubt.is_in(args.only)]
    if args.order != "name":
        found.sort(key=lambda item: item.doubt.rank, reverse=args.order == "doubt")
    rows = [_row(item, args.folder) for item in found]
    if args.format == "json":
        print_json(rows)
    elif args.format == "csv":
        print_csv([row | {"doubtful": " ".join(row["doubtful"])} for row in rows], COLUMNS)
    else:
        told = zip(rows, found, strict=True)
        cells = [(row["film"], _percent(item), item.doubt) for row, item in told]
        print_table(("film", "largest_doubt", "proposal"), cells, right=(1,))
    return 0


def _percent(item: WaitingFilm) -> str:
    """The largest doubt; none where nothing is proposed."""
    return "" if item.doubt.refusal else f"{100 * item.doubt.largest:.0f} %"


def _row(item: WaitingFilm, root: Path) -> dict[str, Any]:
    doubt = item.doubt
    ends = (doubt.levels[0], doubt.levels[-1]) if doubt.levels else (None, None)
    return {
        "film": str(item.film.relative_to(root)),
        "first": ends[0],
        "last": ends[1],
        "bodies": len(doubt.levels),
        "doubtful": list(doubt.doubtful),
        "largest_doubt": round(doubt.largest, 4),
        "levels_sure": doubt.sure,
        "other": doubt.other is not None,
        "reason": doubt.reason,
    }
