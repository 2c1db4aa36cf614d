"""Options that several subcommands share."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from kyphometer.errors import UsageError

ROUTES = frozenset({"command", "deed", "aim", "language"})
"""What the parser finds that leads to a command and is none of its options."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a command was given, typed: each command has a record with one member an option."""

    @classmethod
    def of(cls, given: argparse.Namespace) -> Self:
        """From what the parser found.

        Raises
        ------
        TypeError
            If parser and record do not have the same members.
        """
        return cls(**{name: value for name, value in vars(given).items() if name not in ROUTES})


@dataclass(frozen=True, kw_only=True)
class WithFilm(Options):
    """See `add_film_options`."""

    spacing: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class WithProposal(Options):
    """See `add_proposal_options`."""

    lowest: str | None
    facing: str | None
    earlier: Path | None


@dataclass(frozen=True, kw_only=True)
class WithAuto(WithProposal):
    """See `add_auto_option`."""

    auto: bool


@dataclass(frozen=True, kw_only=True)
class WithGrey(Options):
    """See `add_grey_option`."""

    grey: bool


@dataclass(frozen=True, kw_only=True)
class WithMeasuring(Options):
    """See `add_measure_options`."""

    angle: list[str] | None
    corner_sd: float | None
    allow_next_intact: bool


@dataclass(frozen=True, kw_only=True)
class WithTable(Options):
    """See `add_table_options`."""

    encoding: str
    decimal: str | None
    dates: Literal["dmy", "mdy", "ymd"] | None
    missing: list[str] | None


@dataclass(frozen=True, kw_only=True)
class WithFormat(Options):
    """See `kyphometer.cli.output.add_format`."""

    format: str


@dataclass(frozen=True, kw_only=True)
class WithReports(Options):
    """The forms in which a report may be wanted."""

    html: Path | None
    pdf: Path | None
    docx: Path | None
    xlsx: Path | None

    @property
    def wants_report(self) -> bool:
        """Whether any is."""
        return any((self.html, self.pdf, self.docx, self.xlsx))


class FreeOrder(argparse.ArgumentParser):
    """Takes a list of things also where it stands behind an option: `send PACS --again FILE`."""

    _is_inner = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As its parent does, with options and things in any order."""
        if self._is_inner:
            return super().parse_known_args(args, namespace)
        self._is_inner = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inner = False


def positive(text: str) -> float:
    """Parse a positive number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        message = f"'{text}' is not a positive number"
        raise argparse.ArgumentTypeError(message)
    return value


def stated_sem(text: str) -> tuple[str, float]:
    """Parse `1.5` (all angles, code empty) or `VKA=1.5`."""
    code, _, value = text.rpartition("=")
    return code.strip().upper(), positive(value)


def spacing(text: str) -> tuple[float, float]:
    """Parse a pixel spacing in mm: one number, or row and column spacing as `0.15,0.15`."""
    parts = [positive(part) for part in text.replace("x", ",").split(",")]
    if len(parts) not in (1, 2):
        message = f"'{text}' is no spacing: give one number of mm, or ROW,COLUMN"
        raise argparse.ArgumentTypeError(message)
    return (parts[0], parts[-1])


def add_film_options(parser: argparse.ArgumentParser) -> None:
    """Add what it takes to read a film right."""
    parser.add_argument(
        "--spacing",
        type=spacing,
        metavar="MM[,MM]",
        help="pixel spacing in mm in the plane of the spine (row, column), if you know it",
    )


def add_proposal_options(parser: Any) -> None:
    """Add what a reader may know of a film before anything is proposed on it."""
    parser.add_argument(
        "--lowest",
        metavar="LEVEL",
        help="level of the lowest whole body in view, C7 to L5; it decides the numbering",
    )
    parser.add_argument("--facing", choices=("left", "right"), help="where anterior lies, if known")
    parser.add_argument(
        "--earlier",
        type=Path,
        metavar="FILM",
        help="a film of the same patient with its reading beside it, which says which levels these "
        "are (default: the latest earlier one in the film's folder)",
    )


def add_auto_option(parser: Any) -> None:
    """Add leave to measure what the program proposes where nobody has read a film."""
    group = parser.add_argument_group("films without a reading")
    group.add_argument(
        "--auto",
        action="store_true",
        help="measure what is proposed where there is no reading; experimental, confirmed by "
        "nobody: see docs/detect.md",
    )
    add_proposal_options(group)


def auto_options(args: WithAuto) -> dict[str, Any] | None:
    """Options for `workflow.measure_file`; None without `--auto`."""
    if not args.auto:
        if args.lowest or args.facing or args.earlier:
            raise UsageError("auto_missing")
        return None
    return {"lowest": args.lowest, "facing": args.facing, "earlier": args.earlier}


def add_grey_option(parser: argparse.ArgumentParser) -> None:
    """Add leave to read coloured pixels as grey; how many there are is said."""
    parser.add_argument(
        "--grey",
        action="store_true",
        help="read a film with coloured pixels, such as drawn marks, as grey",
    )


def add_measure_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides how a reading is measured."""
    parser.add_argument(
        "--angle",
        action="append",
        metavar="CODE",
        help="measure only this (repeat for more): VKA, RKA, GA, T5_T12, ..., AVBC, GENANT_QM, "
        "or a pair such as T12.superior-L2.inferior",
    )
    parser.add_argument(
        "--corner-sd",
        type=positive,
        default=None,
        metavar="MM",
        help="SD of hand-placed corners per axis, for the uncertainty (default 0.75 mm)",
    )
    parser.add_argument(
        "--allow-next-intact",
        action="store_true",
        help="where a neighbour of the fracture is fractured or not marked, use the next intact "
        "level; the levels used are printed",
    )


def measure_options(args: WithMeasuring) -> dict[str, object]:
    """Options for `workflow.measure_film` from parsed arguments."""
    options: dict[str, object] = {
        "codes": args.angle,
        "allow_next_intact": args.allow_next_intact,
    }
    if args.corner_sd is not None:
        options["corner_sd_mm"] = args.corner_sd
    return options


def add_table_options(parser: Any) -> None:
    """How the cells of a table are read."""
    parser.add_argument("--encoding", default="utf-8", help="of a CSV (default %(default)s)")
    parser.add_argument(
        "--decimal",
        choices=(".", ","),
        help="decimal mark (default: both, where they cannot be confused)",
    )
    parser.add_argument(
        "--dates",
        choices=("dmy", "mdy", "ymd"),
        help="order of dates such as 01/03/2024 (default: found where a day exceeds 12)",
    )
    parser.add_argument(
        "--missing",
        action="append",
        metavar="WORD",
        help="cell that means not known, such as 99; may be given again; 'none' if no number does",
    )
