"""`kyphometer plan`: how many films, readings or patients a study needs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from kyphometer.cli.options import WithFormat, positive
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import marked
from kyphometer.messages.retold import retold


@dataclass(frozen=True, kw_only=True)
class PlanOptions(WithFormat):
    """What every aim of `kyphometer plan` is given."""

    power: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class IccOptions(PlanOptions):
    """Options of `kyphometer plan icc`."""

    expected: float
    null: float | None
    width: float | None
    readings: int


@dataclass(frozen=True, kw_only=True)
class LimitsOptions(PlanOptions):
    """Options of `kyphometer plan limits`."""

    tolerance: float
    sd: float | None
    sem: float | None
    bias: float


@dataclass(frozen=True, kw_only=True)
class FollowUpOptions(PlanOptions):
    """Options of the other aims of `kyphometer plan`; None where an aim has none of that name."""

    drop_out: float
    change: float | None = None
    difference: float | None = None
    share: float | None = None
    reference: float | None = None
    within: float | None = None
    sd: float | None = None
    sd_values: float | None = None
    correlation: float | None = None
    ratio: float | None = None

    def stated(self) -> dict[str, float]:
        """What is known, by name."""
        members = {name: value for name, value in vars(self).items() if name != "format"}
        return {name: value for name, value in members.items() if value is not None}


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "plan",
        help="sample size of a reliability study or of a follow-up",
        description="How many films a reliability study needs, and how many patients a follow-up, "
        "by exact and published methods.",
    )
    aims = parser.add_subparsers(dest="aim", metavar="AIM", required=True)
    icc = aims.add_parser(
        "icc",
        help="films for an intraclass correlation",
        description="Films for an ICC: to show that it exceeds --null (exact power, Walter), that "
        "its lower confidence limit does, and for an interval of --width (Bonett).",
    )
    icc.add_argument("--expected", type=float, required=True, metavar="ICC", help="ICC expected")
    icc.add_argument("--null", type=float, metavar="ICC", help="ICC to be exceeded")
    icc.add_argument("--width", type=positive, metavar="W", help="full width of the interval")
    icc.add_argument(
        "--readings", type=int, default=2, metavar="K", help="readings a film (default 2)"
    )
    _common(icc)
    limits = aims.add_parser(
        "limits",
        help="pairs of readings for limits of agreement",
        description="Pairs of readings to show that both limits of agreement lie within a "
        "tolerance: exact (pair and individual limits) and Lu's approximation.",
    )
    limits.add_argument(
        "--tolerance", type=positive, required=True, metavar="DEG", help="difference that is small"
    )
    spread = limits.add_mutually_exclusive_group(required=True)
    spread.add_argument("--sd", type=positive, metavar="DEG", help="SD of differences expected")
    spread.add_argument(
        "--sem", type=positive, metavar="DEG", help="standard error of measurement expected"
    )
    limits.add_argument("--bias", type=float, default=0.0, metavar="DEG", help="mean difference")
    _common(limits)
    _add_change(aims)
    _add_groups(aims)
    _add_shares(aims)
    _add_precision(aims)


def _add_change(aims: Any) -> None:
    change = aims.add_parser(
        "change",
        help="patients for a change from before to after",
        description="Patients for the two-sided paired t test, exact. Give the SD of the changes, "
        "or that of the values with the correlation between the visits.",
    )
    change.add_argument(
        "--change", type=float, required=True, metavar="X", help="mean change not to be missed"
    )
    _add_spread(change)
    _common(change, drop_out=True)


def _add_groups(aims: Any) -> None:
    groups = aims.add_parser(
        "groups",
        help="patients of two groups for a difference of means",
        description="Patients of two groups for the two-sided t test, exact, or with "
        "--correlation for analysis of covariance on the value before surgery.",
    )
    groups.add_argument(
        "--difference", type=float, required=True, metavar="X", help="difference not to be missed"
    )
    groups.add_argument(
        "--sd", type=positive, required=True, metavar="X", help="SD within a group at follow-up"
    )
    groups.add_argument(
        "--correlation", type=float, default=0.0, metavar="R", help="of baseline and follow-up"
    )
    _add_ratio(groups)
    _common(groups, drop_out=True)


def _add_shares(aims: Any) -> None:
    shares = aims.add_parser(
        "shares",
        help="patients of two groups for a difference of shares",
        description="Patients of two groups for Fisher's exact test of two shares (responders, "
        "complications), its power added up exactly.",
    )
    shares.add_argument("--share", type=float, required=True, metavar="P", help="0 to 1")
    shares.add_argument(
        "--reference", type=float, required=True, metavar="P", help="share of the other group"
    )
    _add_ratio(shares)
    _common(shares, drop_out=True)


def _add_precision(aims: Any) -> None:
    precision = aims.add_parser(
        "precision",
        help="patients for an interval of a given width",
        description="Patients so that the interval of a mean change, or of a share (--share), is "
        "no wider than this.",
    )
    precision.add_argument(
        "--within", type=positive, required=True, metavar="X", help="half-width of the interval"
    )
    precision.add_argument("--share", type=float, metavar="P", help="expected share, 0 to 1")
    _add_spread(precision, required=False)
    _common(precision, drop_out=True)


def _add_spread(parser: Any, *, required: bool = True) -> None:
    spread = parser.add_mutually_exclusive_group(required=required)
    spread.add_argument("--sd", type=positive, metavar="X", help="SD of the changes")
    spread.add_argument(
        "--sd-values", type=positive, metavar="X", help="SD at a visit; needs --correlation"
    )
    parser.add_argument(
        "--correlation", type=float, metavar="R", help="between the visits, for --sd-values"
    )


def _add_ratio(parser: Any) -> None:
    parser.add_argument(
        "--ratio", type=positive, default=1.0, metavar="K",
        help="patients of the reference group for each of the other (default 1)",
    )  # fmt: skip


def _common(parser: Any, *, drop_out: bool = False) -> None:
    parser.add_argument("--power", type=positive, default=0.8, help="power (default 0.8)")
    parser.add_argument(
        "--confidence", type=positive, default=0.95, help="of intervals (default 0.95)"
    )
    if drop_out:
        parser.add_argument(
            "--drop-out", type=float, default=0.0, metavar="P", help="share lost (default 0)"
        )
    add_format(parser)
    parser.add_argument(
        "--json", action="store_const", const="json", dest="format", help="as --format json"
    )


def run(given: argparse.Namespace) -> int:
    """Compute and print."""
    if given.aim == "icc":
        return _told(_for_icc(IccOptions.of(given)), "films", given.format)
    if given.aim == "limits":
        return _told(_for_limits(LimitsOptions.of(given)), "pairs", given.format)
    return _follow_up(given.aim, FollowUpOptions.of(given))


def _told(sizes: list[Any], what: str, form: str) -> int:
    rows = [
        {"method": size.method, "aim": size.aim, "n": size.n, "achieved": round(size.achieved, 4)}
        for size in sizes
    ]
    columns = ("method", "aim", "n", "achieved")
    if form == "json":
        print_json(rows)
    elif form == "csv":
        print_csv(rows, columns)
    else:
        print_table(
            ("method", "aim", what, "achieved"),
            [
                [
                    retold(row["method"]),
                    retold(row["aim"]),
                    row["n"],
                    marked(f"{row['achieved']:.3f}"),
                ]
                for row in rows
            ],
            right=(2, 3),
        )
    return 0


def _follow_up(aim: str, args: FollowUpOptions) -> int:
    from kyphometer.workflow.planning import plan_follow_up

    planned = plan_follow_up(aim, **args.stated())
    row = planned.to_dict()
    columns = ("method", "aim", "n", "n_reference", "recruited", "achieved")
    if args.format == "json":
        print_json(row)
    elif args.format == "csv":
        print_csv([row], columns)
    else:
        words = [retold(row[name]) for name in columns[:2]]
        cells = [*words, *(row[name] for name in columns[2:-1])]
        print_table(
            ("method", "aim", "patients", "reference_group", "to_recruit", "achieved"),
            [[*cells, marked(f"{planned.achieved:.3f}")]],
            right=(2, 3, 4, 5),
        )
    return 0


def _for_icc(args: IccOptions) -> list[Any]:
    from kyphometer.workflow.planning import sizes_for_icc

    return sizes_for_icc(
        args.expected,
        null=args.null,
        width=args.width,
        readings=args.readings,
        power=args.power,
        confidence=args.confidence,
    )


def _for_limits(args: LimitsOptions) -> list[Any]:
    from kyphometer.workflow.planning import sizes_for_limits

    return sizes_for_limits(
        args.tolerance,
        sd_deg=args.sd,
        standard_error_deg=args.sem,
        bias_deg=args.bias,
        power=args.power,
        confidence=args.confidence,
    )
