"""Writing one report in the formats that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_report(document: Any, args: Any, workbook: Any = None) -> list[Path]:
    """Write a document to `args.html, pdf, docx, xlsx, json, tables, figures`; the paths written.

    Members that `args` lacks are not written. `workbook` is what the XLSX holds, if it is not the
    document itself.
    """
    from kyphometer.reports.files import write_csv_tables, write_figures, write_json

    written: list[Path] = []
    wanted = {name: getattr(args, name, None) for name in ("html", "pdf", "docx", "xlsx", "json")}
    for path in wanted.values():
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
    if wanted["html"] is not None:
        from kyphometer.reports.html import render_html

        wanted["html"].write_text(render_html(document), encoding="utf-8")
    if wanted["pdf"] is not None:
        from kyphometer.reports.pdf import write_pdf

        write_pdf(document, wanted["pdf"])
    if wanted["docx"] is not None:
        from kyphometer.reports.docx import write_docx

        write_docx(document, wanted["docx"])
    if wanted["xlsx"] is not None:
        from kyphometer.reports.xlsx import write_xlsx

        write_xlsx(workbook or document, wanted["xlsx"])
    if wanted["json"] is not None:
        write_json(document, wanted["json"])
    if getattr(args, "tables", None) is not None:
        written += write_csv_tables(document, args.tables)
    if getattr(args, "figures", None) is not None:
        written += write_figures(document, args.figures)
    return written
