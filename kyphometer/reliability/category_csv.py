"""Reading a table of grades or classes: film, observer, replicate, category, or a row a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kyphometer.errors import BadTableRowsError
from kyphometer.messages import Word
from kyphometer.reliability.category_table import CategoryRow
from kyphometer.reliability.table_csv import (
    COLUMNS,
    MISSING,
    cells_of,
    find_columns,
    lengthened,
    read_rows,
)

CATEGORY_COLUMNS = {
    "film": COLUMNS["film"],
    "observer": COLUMNS["observer"],
    "replicate": COLUMNS["replicate"],
    "category": ("category", "grade", "class", "type", "level", "value", "score"),
}


def read_category_table(
    path: Path, categories: Sequence[str] | None = None
) -> tuple[CategoryRow, ...]:
    """Return the rows of a table of categories (CSV, XLSX, ODS or SAV).

    Parameters
    ----------
    categories
        The categories that may occur; None takes whatever the table holds.

    Raises
    ------
    BadTableRowsError
        The file cannot be read, a column is missing, or rows are wrong; each is named.
    """
    name = path.name
    needed = ("film", "observer", "category")
    given = lengthened(read_rows(path), CATEGORY_COLUMNS, needed)
    columns = find_columns(given.header, name, CATEGORY_COLUMNS, needed)
    rows, problems = [], []
    for number, record in given.records:
        cells = cells_of(record, columns)
        category = None if cells["category"].lower() in MISSING else cells["category"]
        problems += [
            Word("rows.lacks", {"row": number, "column": column})
            for column in ("film", "observer", "replicate")
            if column in cells and not cells[column]
        ]
        if categories is not None and category is not None and category not in categories:
            problems.append(
                Word(
                    "rows.no_category",
                    {"row": number, "text": category, "categories": list(categories)},
                )
            )
        rows.append(
            CategoryRow(
                film=cells["film"],
                observer=cells["observer"],
                replicate=cells.get("replicate", "1"),
                category=category,
            )
        )
    if problems:
        raise BadTableRowsError(name, tuple(problems))
    return tuple(rows)
