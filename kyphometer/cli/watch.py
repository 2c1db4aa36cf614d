"""`kyphometer watch`: films arrive in a folder, proposals wait beside them."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import Options, positive
from kyphometer.cli.words import tell, warn

if TYPE_CHECKING:
    from kyphometer.workflow.watch import Waiting


@dataclass(frozen=True, kw_only=True)
class WatchOptions(Options):
    """Options of `kyphometer watch`."""

    folder: Path
    out: Path | None
    every: float
    once: bool
    json: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "watch",
        help="propose on every film that arrives in a folder (experimental)",
        description="Look at every film that arrives in a folder and leave what is proposed in "
        "FILM.proposal.json, confirmed by nobody. Films with a reading are left alone. Ends with "
        "Ctrl+C or SIGTERM; what is done is not done again.",
    )
    parser.add_argument("folder", type=Path, help="where films arrive")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where proposals go (default: beside the films)"
    )
    parser.add_argument(
        "--every", type=positive, default=5.0, metavar="S", help="seconds (default %(default)g)"
    )
    parser.add_argument("--once", action="store_true", help="look at what is there, and end")
    parser.add_argument("--json", action="store_true", help="a line of JSON a film")


def run(given: argparse.Namespace) -> int:
    """Watch until a signal ends it."""
    from kyphometer.workflow.watch import Watch

    args = WatchOptions.of(given)
    if not args.folder.is_dir():
        warn("no_folder", folder=args.folder)
        return 2
    watch = Watch(folder=args.folder, out=args.out or args.folder)
    if args.once:
        return max((_told(item, args.json) for item in watch.round(settled=True)), default=0)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    warn("watching", folder=args.folder)
    while not ended.is_set():
        for item in watch.round():
            _told(item, args.json)
            if ended.is_set():
                break
        ended.wait(args.every)
    return 0


def _told(item: Waiting, as_json: bool) -> int:
    """Say what became of a film; 1 if nothing is proposed on it."""
    if as_json:
        record = {
            "film": str(item.film),
            "proposal": str(item.proposal),
            "levels": item.levels,
            "sure": item.sure,
            "largest_doubt": item.largest_doubt,
            "reason": item.reason,
        }
        print(json.dumps(record, ensure_ascii=False), flush=True)
    elif item.reason:
        print(f"{item.film}: {item.reason}", flush=True)
    else:
        key = "watched" if item.sure else "watched_unsure"
        tell(key, film=item.film, first=item.levels[0], last=item.levels[-1])
    return 1 if item.reason else 0
