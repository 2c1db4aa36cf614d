"""`kyphometer simulate`: films with exactly known endplates."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFormat, positive
from kyphometer.cli.output import add_format, print_csv, print_json, print_table, progress
from kyphometer.cli.words import marked, warn

if TYPE_CHECKING:
    from kyphometer.workflow.simulate import WrittenFilm

CONDITIONS = ("clean", "noisy", "oblique", "instrumented", "hard")
SYNTAXES = ("none", "deflated", "rle", "jpeg-lossless", "jpeg-ls", "jpeg-2000", "htj2k", "mixed")


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(WithFormat):
    """Options of `kyphometer simulate`."""

    output: Path
    seed: int
    condition: str
    films: int
    patients: int | None
    cohort: bool
    cohort_size: int
    repeats: int
    levels: str
    rows: int
    columns: int
    pixel: float
    syntax: str
    observers: str | None
    corner_sd: float | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "simulate",
        help="make simulated films with known truth",
        description="Write simulated lateral films as DX objects, each with a hand-like reading "
        "beside it and its true endplates below truth/. The same seed makes the same films.",
    )
    parser.add_argument("output", type=Path, help="folder to write to; must be new or empty")
    parser.add_argument("--seed", type=int, default=1, help="seed (default 1)")
    parser.add_argument(
        "--condition", choices=CONDITIONS, default="clean", help="exposure, obliquity and bone"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--films", type=int, default=1, metavar="N", help="N independent films")
    what.add_argument(
        "--patients",
        type=int,
        metavar="N",
        help="N patients, each pre-op, at discharge, at 1 month and at 6 months",
    )
    what.add_argument(
        "--cohort",
        action="store_true",
        help="a whole study: films/, readings of --observers and some repeats, clinical.csv; its "
        "tables follow the published study",
    )
    parser.add_argument(
        "--cohort-size",
        type=int,
        default=21,
        metavar="N",
        help="patients of the cohort (default 21, as published)",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=8,
        metavar="N",
        help="films of the cohort that the first observer reads twice (default 8)",
    )
    _add_films(parser)
    add_format(parser)


def _add_films(parser: argparse.ArgumentParser) -> None:
    """Add what the films are like, and who reads them."""
    parser.add_argument(
        "--levels", default="L1,T12,L2", help="fractured levels of the patients, in turn"
    )
    parser.add_argument("--rows", type=int, default=1800, help="rows of a film (default 1800)")
    parser.add_argument("--columns", type=int, default=900, help="columns of a film (default 900)")
    parser.add_argument(
        "--pixel", type=positive, default=0.16, metavar="MM", help="detector pixel (default 0.16)"
    )
    parser.add_argument(
        "--syntax", choices=SYNTAXES, default="mixed", help="transfer syntax (default mixed)"
    )
    parser.add_argument(
        "--observers",
        help="codes of the observers, with commas (default KN; KN,MB for a cohort)",
    )
    parser.add_argument(
        "--corner-sd",
        type=positive,
        default=None,
        metavar="MM",
        help="SD of the observers' corners across the endplate (default 0.75; 0.35 for a cohort, "
        "since the published SDs leave no room for more)",
    )


def run(given: argparse.Namespace) -> int:
    """Simulate, write, and print the true angles."""
    from kyphometer.errors import UsageError

    args = SimulateOptions.of(given)
    if args.output.exists() and (not args.output.is_dir() or any(args.output.iterdir())):
        raise UsageError("output_not_empty", output=args.output)
    _check_sizes(args)
    args.output.mkdir(parents=True, exist_ok=True)
    count = args.films if args.patients is None else 4 * args.patients
    count = 4 * args.cohort_size if args.cohort else count
    written = _write(args)
    rows = [_row(next(written), args.output) for _ in progress(range(count), "films_simulated")]
    columns = ("film", "fractured", "true_vka_deg", "true_rka_deg")
    if args.format == "json":
        print_json(rows)
    elif args.format == "csv":
        print_csv(rows, columns)
    else:
        cells = [
            [row["film"], row["fractured"], *(_shown(row[name]) for name in columns[2:])]
            for row in rows
        ]
        print_table(("film", "fractured", "true_vka", "true_rka"), cells, right=(2, 3))
        warn("truth_below", folder=args.output / "truth")
    return 0


def _check_sizes(args: SimulateOptions) -> None:
    from kyphometer.errors import UsageError

    for name, value, low, high in (
        ("--rows", args.rows, 200, 6000),
        ("--columns", args.columns, 100, 6000),
        ("--films", args.films, 1, 100_000),
        ("--patients", args.patients or 1, 1, 10_000),
        ("--cohort-size", args.cohort_size, 2, 10_000),
        ("--repeats", args.repeats, 0, 40_000),
    ):
        if not low <= value <= high:
            raise UsageError("option_range", name=name, low=low, high=high, value=value)


def _write(args: SimulateOptions) -> Iterator[WrittenFilm]:
    from kyphometer.anatomy import Level
    from kyphometer.dicom import Compression
    from kyphometer.geometry import Facing
    from kyphometer.phantom import FilmFormat, SimulatedObserver
    from kyphometer.workflow.cohort import CORNER_SD_MM, write_cohort
    from kyphometer.workflow.simulate import simulate_patients, simulate_single_films

    film_format = FilmFormat(rows=args.rows, columns=args.columns, pitch_mm=args.pixel)
    codes = args.observers or ("KN,MB" if args.cohort else "KN")
    corner_sd = args.corner_sd or (CORNER_SD_MM if args.cohort else 0.75)
    observers = [
        SimulatedObserver(code=code.strip(), across_sd_mm=corner_sd)
        for code in codes.split(",")
        if code.strip()
    ]
    compression = None if args.syntax == "mixed" else Compression(args.syntax)
    if args.cohort:
        return write_cohort(
            args.output,
            args.cohort_size,
            seed=args.seed,
            observers=observers,
            repeats=args.repeats,
            film_format=film_format,
            compression=compression,
            condition=args.condition,
        )
    if args.patients is None:
        return simulate_single_films(
            args.output,
            count=args.films,
            seed=args.seed,
            condition=args.condition,
            film_format=film_format,
            observers=observers,
            compression=compression,
        )
    return simulate_patients(
        args.output,
        patients=args.patients,
        seed=args.seed,
        condition=args.condition,
        levels=[Level.parse(name) for name in args.levels.split(",")],
        facings=(Facing.LEFT, Facing.RIGHT),
        film_format=film_format,
        observers=observers,
        compression=compression,
    )


def _row(film: WrittenFilm, root: Path) -> dict[str, Any]:
    from kyphometer.geometry import PixelGeometry
    from kyphometer.measure import measure_reading

    measured = measure_reading(film.truth, PixelGeometry(), codes=["VKA", "RKA"], strict=False)
    values = {code: measured.get(code) for code in ("VKA", "RKA")}
    return {
        "film": str(film.path.relative_to(root)),
        "fractured": " ".join(map(str, film.truth.fractured_levels)),
        **{
            f"true_{code.lower()}_deg": None if item is None else item.value
            for code, item in values.items()
        },
    }


def _shown(value: float | None) -> str:
    return "" if value is None else marked(f"{value:.2f}°")
