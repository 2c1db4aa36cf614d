"""Tables for people, JSON and CSV for programs; progress on standard error."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kyphometer.cli.words import heading, say, word
from kyphometer.messages import Word

FORMATS = ("table", "json", "csv")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add `--format table|json|csv`."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table for people (default), json or csv for programs",
    )


def print_json(document: Any) -> None:
    """Print a JSON document; not-a-number never gets out."""
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write("\n")


def print_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows as CSV (RFC 4180) with a header line; None is an empty cell, yes 1 and no 0."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _csv_cell(row.get(name)) for name in columns})
    sys.stdout.write(buffer.getvalue().replace("\r\n", "\n"))


def _csv_cell(value: Any) -> Any:
    return "" if value is None else int(value) if isinstance(value, bool) else value


def width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    marks = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + wide - marks


def print_table(
    headings: Sequence[str | Word], rows: Iterable[Sequence[Any]], *, right: Sequence[int] = ()
) -> None:
    """Print a plain table.

    Parameters
    ----------
    headings
        Names of the columns, told as `heading` does, or phrases.
    rows
        Cells; None is shown as an empty cell.
    right
        Columns to align to the right.
    """
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    over = [heading(name) for name in headings]
    widths = [max(width(row[i]) for row in (over, *cells)) for i in range(len(over))]

    def line(row: Sequence[str]) -> str:
        parts = []
        for i, cell in enumerate(row):
            gap = " " * (widths[i] - width(cell))
            parts.append(gap + cell if i in right else cell + gap)
        return "  ".join(parts).rstrip()

    print(line(over))
    print("  ".join("-" * wide for wide in widths))
    for row in cells:
        print(line(row))


def progress(items: Sequence[Any], what: str, *, after_s: float = 1.0) -> Iterator[Any]:
    """Go through items, with a counter on standard error once it takes longer than a second.

    `what` is counted: the key of `cli.count.*`.
    """
    started = time.monotonic()
    shown = False
    for number, item in enumerate(items, 1):
        yield item
        if time.monotonic() - started > after_s:
            shown = True
            end = "\r" if sys.stderr.isatty() else "\n"
            if sys.stderr.isatty() or number == len(items) or number % 10 == 0:
                told = counted_words(what, number, len(items))
                print(told, end=end, file=sys.stderr, flush=True)
    if shown and sys.stderr.isatty():
        print(file=sys.stderr)


def counted_words(what: str, done: int, total: int) -> str:
    """How many of them are done: `films done: 10 of 13`; `what` is the key of `cli.count.*`."""
    return say("counted", what=word(f"count.{what}"), done=done, total=total)
