"""`kyphometer annotate`: mark films in the browser, on this machine."""

from __future__ import annotations

import sys
from typing import Any

from kyphometer.cli.observer import add_observer, observer_code


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "annotate",
        help="mark films in the browser",
        description=(
            "Open the annotator: a page on this machine in which films are marked. Nothing leaves "
            "the machine. Readings go into the study, or as JSON beside the films."
        ),
    )
    parser.add_argument("target", help="a folder of films, a study (file or URL), or one film")
    parser.add_argument("--port", type=int, default=0, help="port (default: a free one)")
    parser.add_argument(
        "--no-browser", action="store_true", help="only print the address, open nothing"
    )
    parser.add_argument(
        "--no-assist", action="store_true", help="forbid help from the image in this sitting"
    )
    parser.add_argument(
        "--fractured-level", metavar="LEVEL", help="fractured level offered for unread films"
    )
    parser.add_argument(
        "--corner-sd-mm",
        type=float,
        metavar="MM",
        help="SD of a hand-marked corner in mm, behind the uncertainties",
    )
    add_observer(parser)


def run(args: Any) -> int:
    """Serve until interrupted."""
    from kyphometer.anatomy import Level
    from kyphometer.web.annotate import annotate
    from kyphometer.web.settings import WebSettings
    from kyphometer.web.targets import open_target

    level = None if args.fractured_level is None else Level.parse(args.fractured_level)
    chosen = {} if args.corner_sd_mm is None else {"corner_sd_mm": args.corner_sd_mm}
    settings = WebSettings(assist=not args.no_assist, fractured_level=level, **chosen)
    observer = observer_code(args.observer)
    target = open_target(args.target, observer)
    for item in target.failed:
        print(f"kyphometer: passed over '{item.name}': {item.sentence}", file=sys.stderr)
    try:
        annotate(
            target.store,
            observer,
            settings=settings,
            port=args.port,
            failed=target.failed,
            show=_show,
            browser=not args.no_browser,
        )
    finally:
        target.close()
    return 0


def _show(address: str) -> None:
    print(f"Kyphometer is open at {address}", flush=True)
    print("End it with Ctrl+C; everything confirmed or drafted is saved.", flush=True)
