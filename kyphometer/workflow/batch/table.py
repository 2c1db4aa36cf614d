"""A batch's results as CSV or Parquet, written whole or not at all, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from kyphometer.errors import BatchFileError, MissingExtraError, TableSuffixError
from kyphometer.workflow.batch.task import COLUMNS, NUMBERS, Row

SUFFIXES = (".csv", ".parquet")
GROUP = 20_000
"""Rows held at a time."""


def check_table(path: Path) -> None:
    """Refuse a table that could not be written, before anything is measured.

    Raises
    ------
    TableSuffixError
        If the name ends otherwise than in one of `SUFFIXES`.
    MissingExtraError
        If Parquet is asked for and pyarrow is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise TableSuffixError(path.name, SUFFIXES)
    if suffix == ".parquet":
        try:
            import_module("pyarrow")
        except ImportError as error:
            raise MissingExtraError("Parquet", "parquet") from error


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write rows of `task.COLUMNS`, replacing the file at the end.

    Raises
    ------
    BatchFileError
        If it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        if path.suffix.lower() == ".csv":
            _csv(part, rows)
        else:
            _parquet(part, rows)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BatchFileError(str(path), error.strerror or str(error)) from error


def _csv(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: "" if row[name] is None else row[name] for name in COLUMNS})


def _parquet(path: Path, rows: Iterable[Row]) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    kinds = {name: pa.float64() if name in NUMBERS else pa.string() for name in COLUMNS}
    schema = pa.schema(list(kinds.items()))
    with ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _groups(rows: Iterable[Row]) -> Iterator[list[dict[str, Any]]]:
    waiting = iter(rows)
    while group := list(islice(waiting, GROUP)):
        yield group
