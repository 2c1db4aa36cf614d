"""`kyphometer info`: what a film's header says, without decoding a pixel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kyphometer.cli.options import add_film_options
from kyphometer.cli.output import add_format, print_csv, print_json, print_table


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


def run(args: Any) -> int:
    """Print the facts of each film; name those that cannot be read."""
    from kyphometer.dicom import facts, read_header
    from kyphometer.errors import KyphometerError
    from kyphometer.workflow import film_files

    paths = [path for film in args.films for path in film_files(film)]
    if not paths:
        print(f"kyphometer: no film found in {', '.join(map(str, args.films))}.", file=sys.stderr)
        return 3
    documents: list[dict[str, Any]] = []
    status = 0
    for path in paths:
        try:
            header = read_header(path, spacing_mm=args.spacing)
        except KyphometerError as error:
            status = error.exit_status if len(paths) == 1 else 1
            print(f"kyphometer: {path.name}: {error}", file=sys.stderr)
            continue
        documents.append(
            {"path": str(path), "facts": dict(facts(header)), "warnings": list(header.warnings)}
        )
    _print(documents, args.format)
    return status


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
        for number, item in enumerate(documents):
            if number:
                print()
            print(item["path"])
            print_table(("fact", "value"), item["facts"].items())
            for warning in item["warnings"]:
                print(f"warning: {warning}")
