"""Tables of a Word document: three rules, heading repeated on every page, no word broken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from reportlab.pdfbase.pdfmetrics import stringWidth

from kyphometer.reports.docx_styles import TABLE_HEAD, TABLE_NUMBER, TABLE_TEXT

PORTRAIT_MM, LANDSCAPE_MM = 170.0, 257.0
SIZE_PT, SMALLEST_PT = 9.0, 6.5
PADDING_MM = 1.0
WIDEST_TEXT_MM = 70.0
"""A column is not made wider than this for its longest text, but for its longest word."""
WHOLE_ROWS = 12
"""Tables of so many rows go to the next page whole rather than being torn."""
_POINTS_PER_MM = 72.0 / 25.4
_BREAKS = re.compile(r"[ \n]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a table is set.

    Attributes
    ----------
    landscape
        True where it takes a page on its side.
    size_pt
        Size of its type.
    widths_mm
        Of its columns.
    """

    landscape: bool
    size_pt: float
    widths_mm: tuple[float, ...]


def lay_out(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Layout:
    """The layout in which no word is broken: upright, else on its side, else in smaller type."""
    least, wished = [], []
    for place, heading in enumerate(headings):
        texts = list(dict.fromkeys(row[place] for row in rows))
        words = [_wide(w, bold=False) for text in texts for w in _BREAKS.split(text)]
        words += [_wide(w, bold=True) for w in _BREAKS.split(heading)]
        least.append(max(words, default=0.0))
        longest = max((_wide(text, bold=False) for text in texts), default=0.0)
        wished.append(max(least[-1], min(longest, WIDEST_TEXT_MM)))
    padding = 2 * PADDING_MM * len(headings) + 1.0
    for landscape, room in ((False, PORTRAIT_MM), (True, LANDSCAPE_MM)):
        if sum(least) + padding <= room:
            return Layout(
                landscape=landscape, size_pt=SIZE_PT, widths_mm=_shared(least, wished, room)
            )
    share = max((LANDSCAPE_MM - padding) / sum(least), SMALLEST_PT / SIZE_PT)
    small, wanted = [share * w for w in least], [share * w for w in wished]
    return Layout(
        landscape=True, size_pt=share * SIZE_PT, widths_mm=_shared(small, wanted, LANDSCAPE_MM)
    )


def _shared(least: Sequence[float], wished: Sequence[float], room: float) -> tuple[float, ...]:
    """Widths: the longest word each, and of what is left what the longest text lacks."""
    spare = max(0.0, room - sum(least) - 2 * PADDING_MM * len(least) - 1.0)
    lacking = [w - m for w, m in zip(wished, least, strict=True)]
    share = min(1.0, spare / sum(lacking)) if sum(lacking) > 0 else 0.0
    return tuple(
        m + share * more + 2 * PADDING_MM + 0.2 for m, more in zip(least, lacking, strict=True)
    )


def _wide(text: str, *, bold: bool) -> float:
    """Width in mm at the usual size; letters with marks are as wide as those without."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    plain = plain.replace("đ", "d").replace("Đ", "D").replace("−", "–").replace("\u00a0", " ")
    known = plain.encode("cp1252", errors="replace").decode("cp1252").replace("?", "m")
    font = "Times-Bold" if bold else "Times-Roman"
    return 1.04 * float(stringWidth(known, font, SIZE_PT)) / _POINTS_PER_MM


def add_table(
    out: Any,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[bool],
    layout: Layout,
) -> None:
    """Add a table as laid out."""
    table = out.add_table(rows=0, cols=len(headings))
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    table.autofit = False
    _fixed(table, layout)
    last = len(rows)
    whole = last <= WHOLE_ROWS
    for line, cells in enumerate([headings, *rows]):
        row = table.add_row()
        _row_marks(row, head=line == 0)
        for place, text in enumerate(cells):
            cell = row.cells[place]
            cell.width = Mm(layout.widths_mm[place])
            paragraph = cell.paragraphs[0]
            kind = TABLE_HEAD if line == 0 else TABLE_NUMBER if right[place] else TABLE_TEXT
            paragraph.style = out.styles[kind]
            if whole and line < last:
                paragraph.paragraph_format.keep_with_next = True
            if line == 0 and right[place]:
                paragraph.alignment = 2
            run = paragraph.add_run(text)
            if abs(layout.size_pt - SIZE_PT) > 1e-6:
                run.font.size = Pt(round(2 * layout.size_pt) / 2)
            _rules(cell, top=line == 0, bottom=line in (0, last))


def _fixed(table: Any, layout: Layout) -> None:
    """Fixed widths, and narrow margins of cells."""
    properties = table._tbl.tblPr
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(round(PADDING_MM * _POINTS_PER_MM * 20)))
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    properties.append(margins)
    for column, width in zip(table.columns, layout.widths_mm, strict=True):
        column.width = Mm(width)


def _row_marks(row: Any, *, head: bool) -> None:
    """A row is not torn apart by a page's end; the heading comes again on the next page."""
    properties = row._tr.get_or_add_trPr()
    for name in ("w:cantSplit", *(["w:tblHeader"] if head else [])):
        properties.append(OxmlElement(name))


def _rules(cell: Any, *, top: bool, bottom: bool) -> None:
    borders = OxmlElement("w:tcBorders")
    for side, drawn in (("top", top), ("bottom", bottom)):
        if drawn:
            edge = OxmlElement(f"w:{side}")
            for name, value in (
                ("val", "single"),
                ("sz", "8"),
                ("space", "0"),
                ("color", "000000"),
            ):
                edge.set(qn(f"w:{name}"), value)
            borders.append(edge)
    if len(borders):
        cell._tc.get_or_add_tcPr().append(borders)
