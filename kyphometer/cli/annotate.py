"""`kyphometer annotate`: mark films in the browser, on this machine."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from kyphometer.cli.observer import add_observer, observer_code
from kyphometer.cli.options import Options
from kyphometer.cli.words import tell, warn


@dataclass(frozen=True, kw_only=True)
class AnnotateOptions(Options):
    """Options of `kyphometer annotate`."""

    target: str | None
    port: int
    no_browser: bool
    all_frames: bool
    no_assist: bool
    fractured_level: str | None
    corner_sd_mm: float | None
    sem: list[str]
    loss_limit: float | None
    session: str | None
    observer: str | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "annotate",
        help="mark films in the browser",
        description=(
            "Open the annotator: a page on this machine in which films are marked. Nothing leaves "
            "the machine but what is sent to a PACS on purpose. Readings go into the study, or as "
            "JSON beside the films."
        ),
    )
    parser.add_argument(
        "target",
        nargs="?",
        help="a folder of films, a study (file or URL), or one film (default: what was opened "
        "last, else a study among your documents)",
    )
    parser.add_argument("--port", type=int, default=0, help="port (default: a free one)")
    parser.add_argument(
        "--no-browser", action="store_true", help="only print the address, open nothing"
    )
    parser.add_argument(
        "--all-frames", action="store_true", help="take every frame of a file as a film"
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
    parser.add_argument(
        "--sem",
        action="append",
        default=[],
        metavar="CODE=DEG",
        help="standard error of measurement by which a change is judged, e.g. VKA=1.5; repeatable",
    )
    parser.add_argument(
        "--loss-limit",
        type=float,
        metavar="DEG",
        help="loss of correction below which one is told as small (default: the study's, or 5)",
    )
    parser.add_argument(
        "--session",
        metavar="CODE",
        help="read a blinded session of the study: films come under codes, values stay hidden",
    )
    add_observer(parser)


def run(given: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from kyphometer.cli.start import remember, usual_target
    from kyphometer.cli.study_output import counter
    from kyphometer.web.server.annotate import annotate
    from kyphometer.web.server.targets import open_target

    args = AnnotateOptions.of(given)
    changes = _stated(args)
    observer = observer_code(args.observer)
    if args.session is not None:
        return _session(args.target or usual_target(), args.session, args, observer)
    where = args.target or usual_target()
    target = open_target(where, observer, counter("films"), all_frames=args.all_frames)
    remember(where)
    for item in target.failed:
        warn("passed_over_named", name=item.name, why=item.sentence)
    try:
        annotate(
            target.store,
            observer,
            agreement=replace(target.agreement, **changes),
            port=args.port,
            failed=target.failed,
            show=_show if args.target else partial(_show_all, where),
            browser=not args.no_browser,
        )
    finally:
        target.close()
    return 0


def _stated(args: AnnotateOptions) -> dict[str, Any]:
    """What the command line says about the agreement; the rest is the study's."""
    from kyphometer.anatomy import Level
    from kyphometer.errors import UsageError
    from kyphometer.web.reader.agreement import stated_precision

    stated: dict[str, Any] = {"may_assist": not args.no_assist}
    if args.fractured_level is not None:
        stated["fractured_level"] = Level.parse(args.fractured_level)
    if args.corner_sd_mm is not None:
        if not 0 < args.corner_sd_mm < 20:
            raise UsageError("corner_sd_range")
        stated["corner_sd_mm"] = args.corner_sd_mm
    if args.loss_limit is not None:
        if not 0 < args.loss_limit < 90:
            raise UsageError("loss_limit_range")
        stated["loss_limit_deg"] = args.loss_limit
    if args.sem:
        stated["precision"] = stated_precision(dict(map(_code_and_degrees, args.sem)))
    return stated


def _code_and_degrees(text: str) -> tuple[str, float]:
    from kyphometer.errors import UsageError

    code, _, value = text.partition("=")
    try:
        return code.strip().upper(), float(value)
    except ValueError:
        raise UsageError("sem_form", text=text) from None


def _session(where: str, code: str, args: AnnotateOptions, observer: str) -> int:
    """Read a blinded session, under the rules that it was planned with."""
    from kyphometer.store.study.study import Study
    from kyphometer.web.server.annotate import annotate_session

    browser = not args.no_browser
    with Study.open(where, actor=observer) as study:
        annotate_session(study, code, observer, port=args.port, show=_show, browser=browser)
    return 0


def _show_all(where: str, address: str) -> None:
    _show(address)
    tell("kept_in", where=where)
    tell("see_help")


def _show(address: str) -> None:
    tell("open_at", address=address)
    tell("end_it")
