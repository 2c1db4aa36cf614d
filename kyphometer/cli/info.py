"""`kyphometer info`: what a film's header says, without decoding a pixel."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kyphometer.cli.options import WithFilm, WithFormat, add_film_options
from kyphometer.cli.output import add_format, print_csv, print_json, print_table
from kyphometer.cli.words import tell, warn


@dataclass(frozen=True, kw_only=True)
class InfoOptions(WithFilm, WithFormat):
    """Options of `kyphometer info`."""

    films: list[Path]


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "info",
        help="show what a film's header says",
        description="Show what the header of each film says, and what it lacks or contradicts.",
    )
    parser.add_argument("films", type=Path, nargs="+", help="film files or folders of films")
    add_film_options(parser)
    add_format(parser)


def run(given: argparse.Namespace) -> int:
    """Print the facts of each film; name those that cannot be read."""
    from kyphometer.dicom.archive import Unpacked
    from kyphometer.workflow import look_through

    args = InfoOptions.of(given)
    with Unpacked(keep=False) as unpacked:
        paths, passed = look_through(args.films, unpacked)
        for item in passed:
            warn("passed_over", path=item.path, why=item.sentence)
        if not paths:
            warn("no_film_in", places=list(map(str, args.films)))
            return 3
        documents, status = _documents(paths, args)
    _print(documents, args.format)
    return status


def _documents(paths: list[Path], args: InfoOptions) -> tuple[list[dict[str, Any]], int]:
    """Facts of each film that can be read, and the exit status."""
    from kyphometer.dicom import facts, read_header, told_facts
    from kyphometer.dicom.entries import is_no_film
    from kyphometer.errors import FilmError

    documents: list[dict[str, Any]] = []
    status = 0
    for path in paths:
        try:
            header = read_header(path, spacing_mm=args.spacing)
        except FilmError as error:
            alone = len(paths) == 1
            no_film = is_no_film(path, error) and not alone
            status = error.exit_status if alone else status if no_film else 1
            warn("passed_over" if no_film else "failed", path=path, why=error)
            continue
        told = told_facts if args.format == "table" else facts
        documents.append(
            {"path": str(path), "facts": dict(told(header)), "warnings": list(header.warnings)}
        )
    return documents, status


def _print(documents: list[dict[str, Any]], how: str) -> None:
    if how == "json":
        print_json(documents[0] if len(documents) == 1 else documents)
    elif how == "csv":
        rows = [
            {"path": item["path"], "fact": name, "value": value}
            for item in documents
            for name, value in item["facts"].items()
        ]
        print_csv(rows, ("path", "fact", "value"))
    else:
        from kyphometer.messages.retold import retold

        for number, item in enumerate(documents):
            if number:
                print()
            print(item["path"])
            print_table(("fact", "value"), item["facts"].items())
            for warning in item["warnings"]:
                tell("warning", what=retold(warning))
