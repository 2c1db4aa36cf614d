"""What the deeds of `kyphometer study` print: a sentence or table, JSON, or CSV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kyphometer.cli.options import WithFormat
from kyphometer.cli.output import counted_words, print_csv, print_json, print_table, width
from kyphometer.cli.words import heading, in_words, marked, say, warn, word
from kyphometer.messages.retold import retold

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
        print_table(columns, [[told_cell(name, row.get(name)) for name in columns] for row in rows])


def print_facts(args: WithFormat, facts: Mapping[str, Any]) -> None:
    """Print one record: a line a fact, a JSON object, or one row of CSV."""
    if args.format == "json":
        print_json(facts)
    elif args.format == "csv":
        flat = {name: _flat(value) for name, value in facts.items()}
        print_csv([flat], list(flat))
    else:
        names = {name: _named(name) for name in facts}
        wide = max(map(width, names.values()))
        for name, fact in facts.items():
            gap = " " * (wide - width(names[name]))
            print(f"{names[name]}{gap}  {told_cell(name, _told_flat(fact))}".rstrip())


def _named(name: str) -> str:
    """The name of a fact, which may stand behind the file that it is of."""
    file, colon, rest = name.rpartition(": ")
    return f"{file}{colon}{heading(rest.replace(' ', '_'))}"


WORDED = frozenset(
    ("visit", "position", "kind", "state", "role", "choice", "verdict", "round", "active", "method")
)
"""Columns and facts whose texts are words of ours."""
SENTENCES = frozenset(("sentence", "reason", "source", "note", "quantity", "aim"))
"""Those whose texts are sentences of ours, kept in English."""


def told_cell(name: str, cell: Any) -> str:
    """A cell for people; numbers are rounded only here."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return say("yes" if cell else "no")
    if isinstance(cell, float):
        return marked(f"{cell:.1f}")
    text = str(cell)
    return in_words(text) if name in WORDED else retold(text) if name in SENTENCES else text


def _told_flat(fact: Any) -> Any:
    if isinstance(fact, dict):
        return ", ".join(f"{in_words(name)}: {item}" for name, item in fact.items())
    return _flat(fact)


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {item}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value


def print_failures(failures: Sequence[Any], key: str = "failed") -> None:
    """Name every file that failed (or what else the sentence says), on standard error."""
    for failure in failures:
        warn(key, path=failure.path, why=retold(str(failure.sentence)))


def counter(what: str) -> Callable[[int, int, Path], None] | None:
    """Progress of files on a terminal's standard error; None where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def progress(done: int, total: int, path: Path) -> None:
        end = "\n" if done == total else ""
        name = "" if done == total else path.name[:40]
        told = counted_words(what, done, total)
        print(f"\r\x1b[K{told}  {name}", end=end, file=sys.stderr, flush=True)

    return progress


def counted(found: Iterable[T], what: str) -> Iterator[T]:
    """Pass things on, and count them on a terminal's standard error."""
    is_seen = sys.stderr.isatty()
    for number, one in enumerate(found, 1):
        if is_seen and number % 20 == 0:
            told = say("so_many", what=word(f"count.{what}"), number=number)
            print(f"\r\x1b[K{told}", end="", file=sys.stderr, flush=True)
        yield one
    if is_seen:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def count_only(what: str) -> Callable[[int, int], None] | None:
    """Progress of counts on a terminal's standard error; None where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def progress(done: int, total: int) -> None:
        end = "\n" if done >= total else ""
        told = counted_words(what, done, total)
        print(f"\r\x1b[K{told}", end=end, file=sys.stderr, flush=True)

    return progress
