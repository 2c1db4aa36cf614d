"""`kyphometer import-marks`: marks of other programs as readings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFilm, add_film_options
from kyphometer.cli.output import print_json, print_table
from kyphometer.cli.words import marked, say

if TYPE_CHECKING:
    from kyphometer.interop.objects.read_report import TakenIn


@dataclass(frozen=True, kw_only=True)
class ImportMarksOptions(WithFilm):
    """Options of `kyphometer import-marks`."""

    marks: Path
    film: Path | None
    out: Path | None
    facing: str | None
    observer: str | None
    frame: int | None
    json: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "import-marks",
        help="take in marks from a DICOM SR, COCO keypoints, a CVAT or a 3D Slicer file",
        description="Take in marks of other programs as a reading. A report of Kyphometer gives "
        "the reading that was sent; other reports (OHIF, TID 1500) give the endplates of their "
        "angles. Every stored angle is compared with that of its points.",
    )
    parser.add_argument("marks", type=Path, help="DICOM SR, COCO JSON, CVAT XML, Slicer .mrk.json")
    parser.add_argument("film", type=Path, nargs="?", help="the film that is meant")
    parser.add_argument(
        "--out",
        type=Path,
        help="reading to write, or a folder (which must be there) if there are several; without it "
        "nothing is written. Nothing is overwritten.",
    )
    parser.add_argument("--facing", choices=("left", "right"), help="image side of anterior")
    parser.add_argument("--observer", help="who marked, if the file does not say")
    parser.add_argument("--frame", type=int, help="frame of a multi-frame film, from 1")
    parser.add_argument("--json", action="store_true", help="print readings and angles as JSON")
    add_film_options(parser)


def run(given: argparse.Namespace) -> int:
    """Take in, compare, write."""
    from dataclasses import replace

    from kyphometer.dicom import read_header
    from kyphometer.geometry import Facing
    from kyphometer.interop.take_in import take_in

    args = ImportMarksOptions.of(given)
    film = None
    if args.film is not None:
        film = read_header(args.film, frame=args.frame, spacing_mm=args.spacing)
    facing = None if args.facing is None else Facing(args.facing)
    found = take_in(args.marks, film, facing=facing)
    if args.observer is not None:
        found = [
            replace(item, reading=replace(item.reading, observer=args.observer))
            if item.reading.observer is None
            else item
            for item in found
        ]
    paths = _write(args, found)
    _tell(args, found, paths)
    return 1 if any(not angle.agrees for item in found for angle in item.angles) else 0


def _write(args: ImportMarksOptions, found: Sequence[TakenIn]) -> list[Path | None]:
    from kyphometer.errors import UsageError
    from kyphometer.reading.document import write_reading

    if args.out is None:
        return [None] * len(found)
    folder = args.out.is_dir()
    if len(found) > 1 and not folder:
        raise UsageError("out_is_no_folder", out=args.out)
    names = [f"{Path(item.name).stem or 'film'}.reading.json" for item in found]
    paths = [args.out / name if folder else args.out for name in names]
    taken = [path for path in paths if path.exists()]
    if taken or len(set(paths)) < len(paths):
        raise UsageError("out_is_there", out=taken[0] if taken else paths[0])
    for item, path in zip(found, paths, strict=True):
        write_reading(item.reading, path)
    return list(paths)


def _tell(args: ImportMarksOptions, found: Sequence[TakenIn], paths: Sequence[Path | None]) -> None:
    if args.json:
        print_json(
            {"films": [_document(item, path) for item, path in zip(found, paths, strict=True)]}
        )
        return
    for item, path in zip(found, paths, strict=True):
        levels = ", ".join(map(str, item.reading.levels))
        print(f"{item.name}: {levels}" + (f" -> {path}" if path is not None else ""))
        if item.angles:
            rows = [
                (a.label, marked(f"{a.stored_deg:.1f}°"), marked(f"{a.points_deg:.1f}°"),
                 "" if a.agrees else say("disagree"))
                for a in item.angles
            ]  # fmt: skip
            print_table(("angle", "stored", "of_its_points", ""), rows, right=(1, 2))
        for remark in item.remarks:
            print(f"{item.name}: {remark}", file=sys.stderr)


def _document(item: TakenIn, path: Path | None) -> dict[str, Any]:
    from kyphometer.reading.document import reading_to_dict

    return {
        "film": item.name,
        "path": None if path is None else str(path),
        "exact": item.exact,
        "angles": [
            {
                "label": angle.label,
                "stored_deg": angle.stored_deg,
                "points_deg": angle.points_deg,
                "agrees": angle.agrees,
            }
            for angle in item.angles
        ],
        "remarks": [str(remark) for remark in item.remarks],
        "reading": reading_to_dict(item.reading),
    }
