"""SAV (SPSS, PSPP): values with their labels, user-missing values as missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kyphometer.tables.problems import SheetError
from kyphometer.tables.sheet import Cell, Sheet, build_sheet


def read_spss(path: Path) -> Sheet:
    """Cells of a SAV or ZSAV file.

    A variable whose values all have labels (`1` female, `2` male) gives the labels.

    Raises
    ------
    SheetError
        If it is no SPSS file.
    """
    import pyreadstat

    try:
        columns, about = pyreadstat.read_sav(str(path), output_format="dict")
    except Exception:  # pyreadstat raises several kinds of its own
        remedy = "save it again, or as CSV UTF-8"
        raise SheetError.at(path.name, "it is no readable SPSS file", remedy) from None
    names = list(columns)
    cells = [_column(columns[name], about.variable_value_labels.get(name)) for name in names]
    rows = list(enumerate(zip(*cells, strict=True), start=2))
    return build_sheet(path.name, [(1, names), *rows])


def _column(values: Any, labels: Mapping[Any, str] | None) -> list[Cell]:
    cells = [_cell(value) for value in values]
    known = labels or {}
    if known and all(cell is None or cell in known for cell in cells):
        return [None if cell is None else known[cell] for cell in cells]
    return cells


def _cell(value: Any) -> Cell:
    if isinstance(value, float) and math.isnan(value):
        return None
    if value is None or value != value:
        return None
    if isinstance(value, str | bool | int | date | datetime):
        return value or None if isinstance(value, str) else value
    return float(value) if isinstance(value, float) else str(value)
