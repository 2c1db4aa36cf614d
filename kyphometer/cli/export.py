"""`kyphometer export`: readings as objects and files of other systems."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.cli.options import WithFilm, add_film_options
from kyphometer.cli.output import print_json, print_table

if TYPE_CHECKING:
    from kyphometer.interop.export import Form, Written
    from kyphometer.interop.read_file import ReadFilm
    from kyphometer.workflow.films import Failure

FORMS = ("sr", "sc", "pdf", "gsps", "fhir", "coco", "cvat", "slicer")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(WithFilm):
    """Options of `kyphometer export`."""

    film: Path | None
    reading: Path | None
    study: str | None
    observer: str | None
    forms: list[str]
    out: Path
    earlier: list[Path]
    withdraw: str | None
    frame: int | None
    json: bool


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "export",
        help="write a reading as DICOM objects (SR, picture, PDF), FHIR, COCO, CVAT, Slicer",
        description="Write a reading and its numbers as objects that other systems open: sr "
        "(structured report), sc (picture of the film with marks), pdf (one page), gsps "
        "(presentation state), fhir (R5 Bundle), coco, cvat, slicer. One film with its reading, or "
        "all of a study.",
    )
    parser.add_argument("film", type=Path, nargs="?", help="DICOM file")
    parser.add_argument("reading", type=Path, nargs="?", help="reading, as JSON")
    parser.add_argument("--study", help="a study instead of a film: the latest of all readings")
    parser.add_argument("--observer", help="of a study, only the readings of this observer")
    parser.add_argument(
        "--as",
        dest="forms",
        action="append",
        required=True,
        choices=FORMS,
        help="what to write; may be given again",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="file to write, or a folder (which must be there) if there is more than one",
    )
    parser.add_argument(
        "--earlier",
        type=Path,
        action="append",
        default=[],
        metavar="JSON",
        help="an earlier version of the reading, oldest first, so that what is written is known "
        "to supersede it; a study knows by itself",
    )
    parser.add_argument(
        "--withdraw",
        metavar="REASON",
        help="instead of the objects write a note that rejects them, in every version, so that "
        "archives and viewers hide them (IHE IOCM); for one film, and for DICOM objects only",
    )
    parser.add_argument("--frame", type=int, help="frame of a multi-frame film, from 1")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")
    add_film_options(parser)


def run(given: argparse.Namespace) -> int:
    """Write, and say what was written."""
    from kyphometer.interop.export import Form, read_files, write_forms

    args = ExportOptions.of(given)
    _check(args)
    forms = [Form(name) for name in dict.fromkeys(args.forms)]
    if args.film is not None:
        item = read_files(
            args.film,
            args.reading,
            earlier=args.earlier,
            frame=args.frame,
            spacing_mm=args.spacing,
        ).read()
        if args.withdraw is not None:
            return _withdraw(args, item, forms, args.withdraw)
        return _one(args, item, forms)
    failures: list[Failure] = []
    done = list(
        write_forms(_study(args.study or "", args.observer, failures), forms, _place(args.out))
    )
    return _told(args, [*failures, *done])


def _check(args: ExportOptions) -> None:
    from kyphometer.errors import UsageError

    if (args.study is None) == (args.film is None):
        raise UsageError("give_film_or_study")
    if args.withdraw is not None:
        if args.study is not None or not set(args.forms) <= {"sr", "sc", "pdf", "gsps"}:
            raise UsageError("withdraw_objects_only")
        return
    if (args.study is not None or len(set(args.forms)) > 1) and not args.out.is_dir():
        raise UsageError("out_is_no_folder", out=args.out)


def _withdraw(args: ExportOptions, item: ReadFilm, forms: Iterable[Form], why: str) -> int:
    from kyphometer.interop.export import write_withdrawal

    kinds = [form.kind for form in forms if form.kind is not None]
    target = args.out / f"{item.name}.withdrawn.dcm" if args.out.is_dir() else args.out
    uid = write_withdrawal(item, kinds, why, target)
    if args.json:
        print_json({"written": [{"film": item.name, "as": "ko", "path": str(target), "uid": uid}]})
    else:
        print(f"{item.name}: {target}")
    return 0


def _one(args: ExportOptions, item: ReadFilm, forms: Iterable[Form]) -> int:
    from kyphometer.interop.export import Written, write_form

    done = []
    for form in forms:
        target = _place(args.out)(item.name, form) if args.out.is_dir() else args.out
        uid = write_form(item, form, target)
        done.append(Written(film=item.name, form=form, path=target, uid=uid))
    return _told(args, done)


def _place(folder: Path) -> Callable[[str, Form], Path]:
    return lambda name, form: folder / f"{name or 'films'}{form.suffix}"


def _study(target: str, observer: str | None, failures: list[Failure]) -> Iterable[ReadFilm]:
    """Films of a study; those that cannot be read go to `failures`."""
    from kyphometer.errors import KyphometerError
    from kyphometer.interop.export import read_study
    from kyphometer.store.study.study import Study
    from kyphometer.workflow.films import Failure

    with Study.open(target) as study:
        for item in read_study(study, observer):
            if isinstance(item, Failure):
                failures.append(item)
                continue
            try:
                yield item.read()
            except (KyphometerError, OSError) as error:
                failures.append(Failure(path=item.path, reason=str(error)))


def _told(args: ExportOptions, done: Sequence[Written | Failure]) -> int:
    from kyphometer.interop.export import Written

    written = [item for item in done if isinstance(item, Written)]
    failed = [item for item in done if not isinstance(item, Written)]
    if args.json:
        print_json(
            {
                "written": [
                    {"film": w.film, "as": w.form.value, "path": str(w.path), "uid": w.uid}
                    for w in written
                ],
                "failed": [{"path": str(f.path), "reason": f.reason} for f in failed],
            }
        )
    else:
        print_table(("film", "as", "written"), [(w.film, w.form.value, w.path) for w in written])
    for item in failed:
        print(f"{item.path.name}: {item.reason}", file=sys.stderr)
    return 1 if failed else 0
