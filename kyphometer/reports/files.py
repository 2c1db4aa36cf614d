"""Tables and figures of a report as files: CSV, JSON, PNG, SVG."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from kyphometer.reports.document import Bullets, Document, plain
from kyphometer.reports.xlsx import write_xlsx

__all__ = ["write_csv_tables", "write_figures", "write_json", "write_xlsx"]


def write_csv_tables(document: Document, folder: Path) -> list[Path]:
    """Write each table as `KEY.csv` in UTF-8, with raw values; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in document.tables:
        path = folder / f"{table.key}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([column.name for column in table.columns])
            for row in table.rows:
                writer.writerow([_cell(plain(cell)) for cell in row])
        written.append(path)
    return written


def _cell(value: object) -> object:
    """Missing is empty, and yes and no are 1 and 0, as programs of statistics take them."""
    return "" if value is None else int(value) if isinstance(value, bool) else value


FORMAT, VERSION = "kyphometer-report", 1


def write_json(document: Document, path: Path) -> None:
    """Write facts, main results in words, and every table with raw values as one JSON object."""
    summary = next((block.items for block in document.blocks if isinstance(block, Bullets)), ())
    content = {
        "format": FORMAT,
        "version": VERSION,
        "title": document.title,
        "facts": dict(document.facts),
        "summary": list(summary),
        "tables": {
            table.key: {"title": table.title, "note": table.note, "rows": table.records()}
            for table in document.tables
        },
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_figures(document: Document, folder: Path) -> list[Path]:
    """Write each figure as `KEY.png` and, where there is one, `KEY.svg`; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for figure in document.figures:
        path = folder / f"{figure.key}.png"
        path.write_bytes(figure.png)
        written.append(path)
        if figure.svg is not None:
            drawing = folder / f"{figure.key}.svg"
            drawing.write_text(figure.svg, encoding="utf-8")
            written.append(drawing)
    return written
