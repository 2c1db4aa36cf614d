"""`kyphometer session`: blinded reading sessions of a study."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import Options, WithFormat
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import in_words, marked, tell, warn
from kyphometer.messages.retold import retold
from kyphometer.sessions.options import add_options, chosen

PLAN = ("rounds", "washout_days", "duplicates", "mirrored", "spacing", "assist", "planning")


@dataclass(frozen=True, kw_only=True)
class SessionDeed(Options):
    """What deeds of `kyphometer session` are given."""

    study: str
    session: str


@dataclass(frozen=True, kw_only=True)
class NewOptions(SessionDeed):
    """Options of `kyphometer session new`."""

    observers: str
    title: str
    visits: str
    patients: str
    positions: str
    films: int | None
    rounds: int
    washout_days: float
    duplicates: float
    mirrored: float
    spacing: int
    assist: bool
    planning: str
    seed: int | None
    fix_levels: bool
    text_checked: bool
    training_patients: str
    reference: str | None
    pass_mark_deg: float


@dataclass(frozen=True, kw_only=True)
class StatusOptions(WithFormat):
    """Options of `kyphometer session status`."""

    study: str
    session: str | None


@dataclass(frozen=True, kw_only=True)
class ReopenOptions(SessionDeed):
    """Options of `kyphometer session reopen`."""

    reason: str
    item: str | None


@dataclass(frozen=True, kw_only=True)
class ExportOptions(SessionDeed):
    """Options of `kyphometer session export`."""

    output: Path | None
    angle: list[str] | None


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "session",
        help="blinded reading sessions of a study",
        description="Blinded reading sessions: films come to each observer under codes, in an own "
        "random order, some of them twice. Read with 'kyphometer annotate STUDY --session CODE "
        "--observer CODE'.",
    )
    deeds = parser.add_subparsers(dest="deed", metavar="DEED", required=True)
    _add_new(deeds)
    status = _deed(deeds, "status", "how far the observers are; tells no value", "?")
    add_format(status)
    _deed(deeds, "lock", "end the session; needed before values are exported")
    reopen = _deed(deeds, "reopen", "open a locked session, or one locked item of it, again")
    reopen.add_argument("--reason", required=True, help="why; kept in the audit trail")
    reopen.add_argument("--item", metavar="CODE", help="code of one item to be read again")
    export = _deed(deeds, "export", "write the readings of a locked session as a long table")
    export.add_argument("-o", "--output", type=Path, metavar="CSV", help="file (default: print)")
    export.add_argument(
        "--angle", action="append", metavar="CODE", help="measurement (default VKA and RKA)"
    )


def _deed(deeds: Any, name: str, summary: str, optional: str | None = None) -> Any:
    text = summary[0].upper() + summary[1:] + "."
    parser = deeds.add_parser(name, help=summary, description=text)
    parser.add_argument("study", help="the study: a file or URL")
    parser.add_argument("session", nargs=optional, help="code of the session")
    return parser


def _add_new(deeds: Any) -> None:
    new = _deed(deeds, "new", "plan a session: films by rule, observers, rounds, hidden duplicates")
    new.add_argument("--observers", required=True, metavar="A,B", help="codes, with commas")
    new.add_argument("--title", default="", help="what it is called")
    films = new.add_argument_group("films")
    films.add_argument("--visits", default="", metavar="V,V", help="only films of these visits")
    films.add_argument("--patients", default="", metavar="P,P", help="only films of these patients")
    films.add_argument("--positions", default="", metavar="P,P", help="only these positions")
    films.add_argument("--films", type=int, metavar="N", help="a random sample of N films")
    plan = new.add_argument_group("plan")
    add_options(plan, *PLAN)
    plan.add_argument("--seed", type=int, help="decides order and codes (default: drawn, kept)")
    plan.add_argument(
        "--fix-levels", action="store_true", help="fix fractured levels by the study's level map"
    )
    plan.add_argument(
        "--text-checked",
        action="store_true",
        help="somebody has seen that text burned into films names nobody",
    )
    training = new.add_argument_group("training")
    training.add_argument(
        "--training-patients", default="", metavar="P,P", help="their films are read first"
    )
    add_options(training, "reference", "pass_mark_deg")


def run(given: argparse.Namespace) -> int:
    """Do it."""
    from kyphometer.store.study.study import Study

    deeds: dict[str, tuple[Callable[[Any, Any], int], type[Options]]] = {
        "new": (_new, NewOptions),
        "status": (_status, StatusOptions),
        "lock": (_lock, SessionDeed),
        "reopen": (_reopen, ReopenOptions),
        "export": (_export, ExportOptions),
    }
    deed, record = deeds[given.deed]
    args = record.of(given)
    with Study.open(given.study) as study:
        return deed(study, args)


def _new(study: Any, args: NewOptions) -> int:
    from kyphometer.workflow.sessions import FilmRule, SessionRequest, new_session

    learning = _parts(args.training_patients)
    request = SessionRequest(
        code=args.session,
        title=args.title,
        observers=_parts(args.observers),
        films=FilmRule(
            patients=_parts(args.patients),
            visits=_parts(args.visits),
            positions=_parts(args.positions),
            count=args.films,
        ),
        training=FilmRule(patients=learning) if learning else None,
        seed=args.seed,
        fix_levels=args.fix_levels,
        text_checked=args.text_checked,
        **chosen(args),
    )
    plan = new_session(study, request)
    each = len(plan.showings) // len(request.observers)
    tell("session_made", session=args.session, each=each, observers=len(request.observers))
    for remark in plan.remarks:
        warn("problem", what=retold(str(remark)))
    for observer in request.observers:
        print(f"  kyphometer annotate {args.study} --session {args.session} --observer {observer}")
    return 0


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


COLUMNS = ("session", "observer", "round", "state", "read", "total", "opens_at", "minutes")


def _status(study: Any, args: StatusOptions) -> int:
    from kyphometer.workflow.session_progress import session_progress

    codes = [args.session] if args.session else [item.code for item in study.sessions.list()]
    rows = [
        _row(code, item, part, locked=study.sessions.get(code).locked)
        for code in codes
        for item in session_progress(study, code)
        for part in [*_training_part(item), *item.rounds]
    ]
    if args.format == "json":
        print_json(rows)
    elif args.format == "csv":
        print_csv(rows, COLUMNS)
    else:
        cells = [[_shown(name, row[name]) for name in COLUMNS] for row in rows]
        print_table(COLUMNS, cells, right=(4, 5, 7))
    return 0


def _shown(name: str, cell: Any) -> Any:
    if name in ("state", "round"):
        return in_words(cell)
    return marked(cell) if name == "minutes" and cell else cell


def _training_part(item: Any) -> list[Any]:
    return [None] if item.training_total else []


def _row(code: str, item: Any, part: Any, *, locked: bool) -> dict[str, Any]:
    row = {"session": code, "observer": item.observer, "opens_at": None, "minutes": None}
    if part is None:
        state = "open" if item.training is None else _passed(item.training)
        counts = {"read": item.training_read, "total": item.training_total}
        return {**row, "round": "training", "state": state, **counts}
    first = part.round == 1 and item.minutes is not None
    return {
        **row,
        "round": part.round,
        "state": "locked" if locked else str(part.state),
        "read": part.read,
        "total": part.total,
        "opens_at": None if part.opens_at is None else part.opens_at.isoformat(timespec="minutes"),
        "minutes": f"{item.minutes:.1f}" if first else None,
    }


def _passed(training: Any) -> str:
    return "passed" if training.passed else "not passed"


def _lock(study: Any, args: SessionDeed) -> int:
    study.sessions.lock(args.session)
    tell("session_locked", session=args.session)
    return 0


def _reopen(study: Any, args: ReopenOptions) -> int:
    if args.item is None:
        study.sessions.reopen(args.session, args.reason)
        tell("session_open", session=args.session)
        return 0
    from kyphometer.errors import UnknownRecordError

    for item in study.sessions.items(args.session):
        if item.code == args.item:
            study.sessions.reopen_item(item.id, args.reason)
            tell("item_open", item=args.item, session=args.session, observer=item.observer)
            return 0
    raise UnknownRecordError("no_session_item", name=args.item)


def _export(study: Any, args: ExportOptions) -> int:
    from kyphometer.workflow.reliability import session_records

    records = session_records(study, args.session, tuple(args.angle or ("VKA", "RKA")))
    if args.output is None:
        print_csv(records, list(records[0]) if records else ["film"])
        return 0
    import csv

    with args.output.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(records[0]) if records else ["film"])
        writer.writeheader()
        writer.writerows(records)
    warn("values_written", count=len(records), path=args.output)
    return 0
