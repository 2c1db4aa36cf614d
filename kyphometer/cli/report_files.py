"""Writing one report in the formats that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kyphometer.cli.options import WithReports


def write_report(
    document: Any,
    wanted: WithReports,
    workbook: Any = None,
    *,
    json: Path | None = None,
    tables: Path | None = None,
    figures: Path | None = None,
) -> list[Path]:
    """Write a document in every form that is wanted; the paths written.

    `workbook` is what the XLSX holds, if it is not the document itself.
    """
    from kyphometer.reports.files import write_csv_tables, write_figures, write_json

    written: list[Path] = []
    for path in (wanted.html, wanted.pdf, wanted.docx, wanted.xlsx, json):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
    if wanted.html is not None:
        from kyphometer.reports.html import render_html

        wanted.html.write_text(render_html(document), encoding="utf-8")
    if wanted.pdf is not None:
        from kyphometer.reports.pdf import write_pdf

        write_pdf(document, wanted.pdf)
    if wanted.docx is not None:
        from kyphometer.reports.docx import write_docx

        write_docx(document, wanted.docx)
    if wanted.xlsx is not None:
        from kyphometer.reports.xlsx import write_xlsx

        write_xlsx(workbook or document, wanted.xlsx)
    if json is not None:
        write_json(document, json)
    if tables is not None:
        written += write_csv_tables(document, tables)
    if figures is not None:
        written += write_figures(document, figures)
    return written
