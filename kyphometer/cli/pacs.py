"""`kyphometer pacs`: find films in an archive, fetch them, send films and results there."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFormat
from kyphometer.cli.output import print_csv, print_json, print_table
from kyphometer.cli.pacs_options import (
    EchoOptions,
    FetchOptions,
    FindOptions,
    ListOptions,
    SearchOptions,
    SendOptions,
    add_parser,
)
from kyphometer.cli.study_output import counted, counter, print_facts
from kyphometer.cli.words import in_words, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kyphometer.errors import KyphometerError
    from kyphometer.interop.network.archive import Query
    from kyphometer.interop.network.destinations import Destination
    from kyphometer.interop.network.failure import Failure
    from kyphometer.interop.network.lateral import Judged
    from kyphometer.interop.network.outgoing import Offer
    from kyphometer.interop.read_file import ReadFile
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.films import Failure as Unmade

__all__ = ["add_parser", "run"]

_FOUND = (
    "choice", "patient_id", "study_date", "modality", "body_part", "view", "series_description",
    "study_description", "reason", "patient_name", "accession_number", "study_instance_uid",
    "series_instance_uid", "sop_instance_uid", "sop_class_uid", "rows", "columns",
)  # fmt: skip
_SHOWN = ("choice", "patient_id", "study_date", "reason", "sop_instance_uid")


def run(given: argparse.Namespace) -> int:
    """Do the deed."""
    from kyphometer.interop.network.destinations import read_destinations, the_destination

    if given.deed == "list":
        args = ListOptions.of(given)
        return _list(args, list(read_destinations(args.destinations).values()))
    deeds: dict[str, tuple[Callable[[Any, Destination], int], type[EchoOptions]]] = {
        "echo": (_echo, EchoOptions),
        "find": (_find, FindOptions),
        "fetch": (_fetch, FetchOptions),
        "send": (_send, SendOptions),
    }
    deed, record = deeds[given.deed]
    return deed(record.of(given), the_destination(given.destination, given.destinations))


def _list(args: ListOptions, known: Sequence[Destination]) -> int:
    columns = ("name", "kind", "address", "send")
    rows = [
        {"name": one.name, "kind": one.kind, "address": one.address, "send": " ".join(one.send)}
        for one in known
    ]
    _print_rows(args, rows, columns, columns)
    return 0


def _echo(args: EchoOptions, to: Destination) -> int:
    import time

    from kyphometer.interop.network.open import open_archive

    started = time.monotonic()
    with open_archive(to) as archive:
        archive.echo()
    facts = {"destination": to.name, "address": to.address, "answers": True,
             "seconds": round(time.monotonic() - started, 3)}  # fmt: skip
    print_facts(args, facts)
    return 0


def _query(args: SearchOptions) -> Query:
    from kyphometer.interop.network.archive import RADIOGRAPHS, Query

    stated = tuple(code.upper() for code in args.modality or ())
    return Query(
        patient_id=args.patient_id,
        patient_name=args.patient_name,
        accession_number=args.accession,
        study_instance_uid=args.study_uid,
        since=args.since,
        until=args.until,
        modalities=stated or (() if args.all else RADIOGRAPHS),
        limit=args.limit,
    )


def _judged(args: SearchOptions, to: Destination) -> tuple[list[Judged], bool]:
    """What fits, chosen ones first, and whether the archive listed all that it holds."""
    from kyphometer.interop.network.lateral import Choice, judge
    from kyphometer.interop.network.open import open_archive

    parts: list[KyphometerError] = []

    wanted = {Choice.CHOSEN}
    wanted |= {Choice.POSSIBLE} if args.possible or args.all else set()
    wanted |= {Choice.NO} if args.all else set()
    with open_archive(to) as archive:
        entries = archive.find(_query(args), parts.append)
        found = [judge(entry) for entry in counted(entries, "instances")]
    for part in parts:
        warn("problem", what=part)
    kept = [one for one in found if one.choice in wanted]
    if len(kept) < len(found) and not args.all:
        warn("others_found", count=len(found) - len(kept))
    if len(found) >= args.limit:
        warn("search_ended", limit=args.limit)
    order = list(Choice)
    kept.sort(key=lambda one: (order.index(one.choice), one.entry.study_date))
    return kept, not parts


def _find(args: FindOptions, to: Destination) -> int:
    from dataclasses import asdict

    from kyphometer.interop.network.links import links

    rows = []
    judged, is_whole = _judged(args, to)
    for one in judged:
        row = {**asdict(one.entry), "choice": str(one.choice), "reason": one.reason()}
        if args.links:
            row |= links(to, one.entry.study_instance_uid)
        rows.append(row)
    more = ("ohif", "weasis", "annotator") if args.links else ()
    _print_rows(args, rows, (*_FOUND, *more), _SHOWN)
    if args.links and args.format == "table":
        studies = dict.fromkeys(row["study_instance_uid"] for row in rows)
        for uid in studies:
            for name, address in links(to, uid).items():
                print(f"{name}: {address}")
    return 0 if is_whole else 1


def _fetch(args: FetchOptions, to: Destination) -> int:
    from kyphometer.errors import KyphometerError
    from kyphometer.interop.network.fetch import Bounds, fetch
    from kyphometer.interop.network.open import open_archive

    folder, known = _target(args)
    judged, is_whole = _judged(args, to)
    entries = [one.entry for one in judged]
    bounds = Bounds(
        film_bytes=int(args.film_mb * 1e6),
        total_bytes=int(args.most_mb * 1e6),
        films=args.most_films,
        seconds=args.most_minutes * 60,
    )
    with open_archive(to) as archive:
        done = fetch(
            archive,
            entries,
            folder,
            source=to.name,
            bounds=bounds,
            known=known,
            compare=args.compare,
            progress=counter("films"),
        )
    facts = {
        "folder": str(folder),
        "fetched": len(done.kept),
        "known": done.known,
        "failed": len(done.failed),
        "left": done.left,
        "megabytes": round(sum(one.size for one in done.kept) / 1e6, 1),
    }
    if args.compare:
        facts["compared"] = done.compared
    if args.format == "json":
        facts["films"] = [str(one.path) for one in done.kept]
    if args.study is not None:
        facts |= _take_up(args.study, folder)
    print_facts(args, facts)
    _print_failures(done.failed)
    if isinstance(done.ended_by, KyphometerError):
        raise done.ended_by
    if done.ended_by is not None:
        warn("problem", what=done.ended_by)
    return 1 if done.failed or not is_whole else 0


def _target(args: FetchOptions) -> tuple[Path, dict[str, Path | None]]:
    """Folder that films go into, and instances that the study holds already, with their files."""
    from kyphometer.errors import UsageError
    from kyphometer.store.study.study import Study

    if args.study is None:
        if args.into is None:
            raise UsageError("into_missing")
        return args.into, {}

    with Study.open(args.study) as study:
        films = [film for film in study.films() if film.sop_instance_uid]
        held = {str(film.sop_instance_uid): film.path for film in films}
        folder = args.into or study.films_folder()
    if folder is None:
        raise UsageError("study_without_folder")
    return folder, held


def _take_up(study_at: str, folder: Path) -> dict[str, int]:
    from kyphometer.store.study.study import Study

    with Study.open(study_at) as study:
        report = study.add_films(folder, progress=None)
    for failure in (*report.failed, *report.notes):
        warn("failed", path=failure.path, why=failure.sentence)
    return {"added_to_study": len(report.added), "refused_by_study": len(report.failed)}


def _send(args: SendOptions, to: Destination) -> int:
    from kyphometer.errors import UsageError
    from kyphometer.interop.network.open import open_archive
    from kyphometer.interop.network.send import journal_path, send
    from kyphometer.messages import Word

    if bool(args.paths) == bool(args.study):
        raise UsageError("send_what")
    unmade: list[Unmade] = []
    with tempfile.TemporaryDirectory(prefix="kyphometer-") as folder, open_archive(to) as archive:
        done = send(
            archive,
            _outgoing(args, to, Path(folder), unmade),
            journal=journal_path(to),
            again=args.again,
            progress=counter("files"),
        )
    facts: dict[str, Any] = {
        "destination": to.name,
        "sent": len(done.sent),
        "known": done.known,
        "failed": len(done.failed) + len(unmade),
        "left": done.left,
    }
    if done.committed is not None:
        facts["promised_to_keep"] = done.committed
    print_facts(args, facts)
    _print_failures(done.failed)
    for one in unmade:
        warn("failed", path=one.path.name, why=one.reason)
    if done.ended_by is not None:
        raise done.ended_by
    is_unsaid = to.commitment and bool(done.sent) and done.committed is None
    if is_unsaid:
        warn("problem", what=Word("pacs.not_promised", {"destination": to.name}))
    return 1 if done.failed or unmade or is_unsaid else 0


def _outgoing(
    args: SendOptions, to: Destination, folder: Path, unmade: list[Unmade]
) -> Iterator[Path | Offer]:
    """Files to send; results are written into the folder, and what cannot be is told."""
    from kyphometer.interop.network.outgoing import dicom_files

    if args.study is None and not args.results:
        yield from dicom_files(args.paths)
        return
    from kyphometer.interop.results import readings_beside, results_of

    with _study_of(args) as study:
        films = readings_beside(args.paths) if study is None else _read(study, args.observer)
        yield from results_of(films, to.send, folder, unmade.append)


@contextmanager
def _study_of(args: SendOptions) -> Iterator[Study | None]:
    from kyphometer.store.study.study import Study

    if args.study is None:
        yield None
        return
    with Study.open(args.study) as study:
        yield study


def _read(study: Study, observer: str | None) -> Iterable[ReadFile | Unmade]:
    from kyphometer.interop.export import read_study

    return read_study(study, observer)


def _print_failures(failed: Sequence[Failure]) -> None:
    for one in failed:
        warn("failed", path=one.name, why=one.error)


def _print_rows(
    args: WithFormat, rows: Sequence[dict[str, Any]], columns: Sequence[str], shown: Sequence[str]
) -> None:
    if args.format == "json":
        print_json([{name: row.get(name) for name in columns} for row in rows])
    elif args.format == "csv":
        print_csv(rows, columns)
    else:
        cells = [
            [in_words(row.get(name)) if name == "choice" else row.get(name) for name in shown]
            for row in rows
        ]
        print_table(shown, cells)
