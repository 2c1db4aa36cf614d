"""What the deeds of `kyphometer study` print: a sentence or table, JSON, or CSV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kyphometer.cli.options import WithFormat
from kyphometer.cli.output import print_csv, print_json, print_table

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class StudyDeed(WithFormat):
    """What every deed of `kyphometer study` is given."""

    study: str


def print_rows(args: WithFormat, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print records in the form asked for."""
    if args.format == "json":
        print_json([{name: row.get(name) for name in columns} for row in rows])
    elif args.format == "csv":
        print_csv(rows, columns)
    else:
        headings = [name.replace("_", " ") for name in columns]
        print_table(headings, [[_cell(row.get(name)) for name in columns] for row in rows])


def print_facts(args: WithFormat, facts: Mapping[str, Any]) -> None:
    """Print one record: a line a fact, a JSON object, or one row of CSV."""
    if args.format == "json":
        print_json(facts)
    elif args.format == "csv":
        flat = {name: _flat(value) for name, value in facts.items()}
        print_csv([flat], list(flat))
    else:
        width = max(map(len, facts))
        for name, value in facts.items():
            print(f"{name.replace('_', ' '):{width}}  {_cell(_flat(value))}".rstrip())


def _cell(value: Any) -> str:
    """A cell for people; numbers are rounded only here."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {item}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value


def print_failures(failures: Sequence[Any], what: str = "") -> None:
    """Name every file that failed (or `what` else), on standard error."""
    start = f"kyphometer: {what}: " if what else "kyphometer: "
    for failure in failures:
        print(f"{start}{failure.path}: {failure.sentence}", file=sys.stderr)


def counter(what: str) -> Callable[[int, int, Path], None] | None:
    """Progress of files on a terminal's standard error; None where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int, path: Path) -> None:
        end = "\n" if done == total else ""
        name = "" if done == total else path.name[:40]
        print(f"\r\x1b[K{what}: {done} of {total}  {name}", end=end, file=sys.stderr, flush=True)

    return tell


def counted(found: Iterable[T], what: str) -> Iterator[T]:
    """Pass things on, and count them on a terminal's standard error."""
    is_seen = sys.stderr.isatty()
    for number, one in enumerate(found, 1):
        if is_seen and number % 20 == 0:
            print(f"\r\x1b[K{what}: {number}", end="", file=sys.stderr, flush=True)
        yield one
    if is_seen:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def count_only(what: str) -> Callable[[int, int], None] | None:
    """Progress of counts on a terminal's standard error; None where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        print(f"\r\x1b[K{what}: {done} of {total}", end=end, file=sys.stderr, flush=True)

    return tell
