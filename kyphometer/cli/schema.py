"""`kyphometer schema`: print the JSON Schema of a file format."""

from __future__ import annotations

import argparse
from typing import Any

from kyphometer.cli.output import print_json


def add_parser(subparsers: Any) -> None:
    """Add the subcommand's parser."""
    parser = subparsers.add_parser(
        "schema",
        help="print the JSON Schema of a file format",
        description="Print the JSON Schema (draft 2020-12) of a file format.",
    )
    parser.add_argument("name", nargs="?", default="reading", choices=["reading"])


def run(given: argparse.Namespace) -> int:
    """Print it."""
    from kyphometer.reading.document import reading_schema

    del given
    print_json(reading_schema())
    return 0
