"""One tidy table for programs of statistics: CSV, XLSX and SAV with the same columns, and codebook.

Missing is empty (system-missing in SPSS); yes and no are 1 and 0.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Value = str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataColumn:
    """One column.

    Attributes
    ----------
    name
        Lower-case letters, digits and underscores, at most 64 signs, beginning with a letter.
    label
        What it is, in words, with how it was found where that is not plain.
    unit
        Of numbers; empty for words and bare numbers.
    numeric
        False for words.
    values
        What the values mean, for those that are codes.
    """

    name: str
    label: str
    unit: str = ""
    numeric: bool = True
    values: Mapping[Any, str] = field(default_factory=dict)

    @property
    def measure(self) -> str:
        """SPSS's level of measurement."""
        return "nominal" if self.values or not self.numeric else "scale"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A table; rows are in the order of the columns.

    Attributes
    ----------
    title
        What it holds, for the head of the codebook.
    columns, rows
        The table.
    """

    title: str
    columns: tuple[DataColumn, ...]
    rows: tuple[tuple[Value, ...], ...]

    def codebook(self) -> list[tuple[str, str, str, str, str]]:
        """Column, meaning, unit, kind and values of each column."""
        return [
            (
                column.name,
                column.label,
                column.unit,
                "number" if column.numeric else "text",
                "; ".join(f"{value} = {words}" for value, words in column.values.items()),
            )
            for column in self.columns
        ]


CODEBOOK = ("column", "meaning", "unit", "kind", "values")


def write_data_csv(data: DataFile, path: Path) -> None:
    """Write the table as CSV in UTF-8; numbers with every digit, missing cells empty."""
    _write_csv(path, [c.name for c in data.columns], data.rows)


def write_codebook_csv(data: DataFile, path: Path) -> None:
    """Write the codebook as CSV in UTF-8."""
    _write_csv(path, CODEBOOK, data.codebook())


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([["" if cell is None else cell for cell in row] for row in rows])


def write_data_xlsx(data: DataFile, path: Path) -> None:
    """Write the table and its codebook as two sheets of a workbook."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    book.remove(book.worksheets[0])
    sheets = {
        "data": ([c.name for c in data.columns], data.rows),
        "codebook": (CODEBOOK, data.codebook()),
    }
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(header))
        for row in rows:
            sheet.append(list(row))
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # no text is ever taken for a formula
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.freeze_panes = "A2"
        for place, title in enumerate(header, 1):
            longest = max([len(str(title)), *(len(_shown(row[place - 1])) for row in rows)])
            letter = sheet.cell(1, place).column_letter
            sheet.column_dimensions[letter].width = min(longest + 2, 70)
    book.save(path)


def _shown(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def write_data_sav(data: DataFile, path: Path) -> None:
    """Write the table for SPSS, with labels of columns and values and levels of measurement."""
    import pandas as pd
    import pyreadstat

    columns = {
        c.name: [
            (float("nan") if c.numeric else "") if row[place] is None else row[place]
            for row in data.rows
        ]
        for place, c in enumerate(data.columns)
    }
    frame = pd.DataFrame(
        {
            c.name: pd.Series(columns[c.name], dtype="float64" if c.numeric else "object")
            for c in data.columns
        }
    )
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label=data.title[:64],
        column_labels=[_label(c) for c in data.columns],
        variable_value_labels={c.name: dict(c.values) for c in data.columns if c.values},
        variable_measure={c.name: c.measure for c in data.columns},
        variable_format={
            c.name: "F8.0"
            for c in data.columns
            if c.numeric and (c.values or _whole(columns[c.name]))
        },
    )


def _label(column: DataColumn) -> str:
    text = f"{column.label} ({column.unit})" if column.unit else column.label
    return text.encode()[:255].decode(errors="ignore")


def _whole(values: Sequence[Value]) -> bool:
    return all(isinstance(v, int) or (isinstance(v, float) and v != v) for v in values)
