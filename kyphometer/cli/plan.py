"""`kyphometer plan`: how many films and readings a reliability study needs."""

from __future__ import annotations

from typing import Any

from kyphometer.cli.options import positive
from kyphometer.cli.output import add_format, print_csv, print_json, print_table


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "plan",
        help="sample size of a reliability study",
        description="How many films a reliability study needs, by exact and published methods.",
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


def _common(parser: Any) -> None:
    parser.add_argument("--power", type=positive, default=0.8, help="power (default 0.8)")
    parser.add_argument(
        "--confidence", type=positive, default=0.95, help="of intervals (default 0.95)"
    )
    add_format(parser)


def run(args: Any) -> int:
    """Compute and print."""
    sizes = _for_icc(args) if args.aim == "icc" else _for_limits(args)
    rows = [
        {"method": size.method, "aim": size.aim, "n": size.n, "achieved": round(size.achieved, 4)}
        for size in sizes
    ]
    columns = ("method", "aim", "n", "achieved")
    if args.format == "json":
        print_json(rows)
    elif args.format == "csv":
        print_csv(rows, columns)
    else:
        what = "films" if args.aim == "icc" else "pairs"
        print_table(
            ("method", "aim", what, "achieved"),
            [[row["method"], row["aim"], row["n"], f"{row['achieved']:.3f}"] for row in rows],
            right=(2, 3),
        )
    return 0


def _for_icc(args: Any) -> list[Any]:
    from kyphometer.workflow.planning import sizes_for_icc

    return sizes_for_icc(
        args.expected,
        null=args.null,
        width=args.width,
        readings=args.readings,
        power=args.power,
        confidence=args.confidence,
    )


def _for_limits(args: Any) -> list[Any]:
    from kyphometer.workflow.planning import sizes_for_limits

    return sizes_for_limits(
        args.tolerance,
        sd_deg=args.sd,
        standard_error_deg=args.sem,
        bias_deg=args.bias,
        power=args.power,
        confidence=args.confidence,
    )
