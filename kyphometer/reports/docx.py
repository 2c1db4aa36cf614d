"""A report as a Word document that an author can send: styles, fields, headings repeated."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docx import Document as new_document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm

from kyphometer.reports.document import (
    Bullets,
    Checklist,
    Document,
    Figure,
    Heading,
    Label,
    PageBreak,
    Paragraph,
    Table,
    numbered,
    tied,
)
from kyphometer.reports.docx_styles import FACTS, PICTURE, TABLE_NOTE, set_styles
from kyphometer.reports.docx_table import PORTRAIT_MM, add_table, lay_out

SHORT_MM, LONG_MM, MARGIN_MM = 210.0, 297.0, 20.0
HIGHEST_MM = 215.0


def write_docx(document: Document, path: Path) -> None:
    """Write a report as DOCX (A4, wide tables on pages on their side)."""
    out = new_document()
    set_styles(out)
    _describe(out, document)
    _turn(out.sections[0], landscape=False)
    _page_number(out.sections[0])
    out.add_paragraph(document.title, style="Title")
    if document.subtitle:
        out.add_paragraph(document.subtitle, style="Subtitle")
    for name, value in document.facts:
        out.add_paragraph(f"{name}: {value}", style=FACTS)
    writer = _Writer(out)
    numbers = numbered(document)
    for position, block in enumerate(document.blocks):
        writer.add(block, numbers.get(position))
    writer.turn(landscape=False)
    out.save(str(path))


def _describe(out: Any, document: Document) -> None:
    about = out.core_properties
    about.title, about.subject = document.title, document.subtitle
    about.author = about.last_modified_by = document.author
    about.comments, about.language = "", document.language
    when = document.made_at or datetime(2000, 1, 1, tzinfo=UTC)
    about.created = about.modified = when.replace(tzinfo=None)
    defaults = out.styles.element.find(qn("w:docDefaults"))
    for spoken in defaults.iter(qn("w:lang")):
        spoken.set(qn("w:val"), {"vi": "vi-VN"}.get(document.language, "en-GB"))


def _turn(section: Any, *, landscape: bool) -> None:
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    wide, high = (LONG_MM, SHORT_MM) if landscape else (SHORT_MM, LONG_MM)
    section.page_width, section.page_height = Mm(wide), Mm(high)
    for side in ("left", "right", "top", "bottom"):
        setattr(section, f"{side}_margin", Mm(MARGIN_MM))


def _page_number(section: Any) -> None:
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = 2
    _field(paragraph, "PAGE", "1")


def _field(paragraph: Any, code: str, shown: str) -> None:
    """A field that Word counts itself, with what it shows until then."""
    for kind, text in (("begin", ""), ("", code), ("separate", ""), ("shown", shown), ("end", "")):
        run = paragraph.add_run()
        if kind == "shown":
            run.text = text
        elif kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        else:
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {text} "
            run._r.append(instruction)


class _Writer:
    """Adds blocks, and turns the page for wide tables."""

    def __init__(self, out: Any) -> None:
        self.out = out
        self.landscape = False
        self.waiting: list[Heading] = []
        """Headings whose page is not known before what follows them."""

    def turn(self, *, landscape: bool) -> None:
        """Go on on a page of that orientation; headings that wait go first."""
        if landscape != self.landscape:
            _turn(self.out.add_section(WD_SECTION.NEW_PAGE), landscape=landscape)
            self.landscape = landscape
        for heading in self.waiting:
            self.out.add_paragraph(heading.text, style=f"Heading {min(heading.level, 4)}")
        self.waiting = []

    def add(self, block: object, label: Label | None) -> None:
        """Add one block."""
        match block:
            case Heading():
                self.waiting.append(block)
            case Table():
                self._table(block, label)
            case Checklist():
                cells = [list(item) for item in block.items]
                head = ["Item", "Topic", "How it was met"]
                self._grid(None, block.title, head, cells, [False] * 3, "")
            case _:
                self.turn(landscape=False)
                self._flowing(block, label)

    def _flowing(self, block: object, label: Label | None) -> None:
        match block:
            case Paragraph(text=text, emphasis=emphasis):
                self.out.add_paragraph().add_run(tied(text)).bold = emphasis
            case Bullets(items=items):
                for item in items:
                    self.out.add_paragraph(tied(item), style="List Bullet")
            case PageBreak():
                self.out.add_page_break()
            case Figure():
                self._figure(block, label)

    def _table(self, block: Table, label: Label | None) -> None:
        printed = block.printed()
        rows = [[tied(cell) for cell in row] for row in printed.shown()]
        head = [column.label for column in printed.columns]
        right = [column.is_number for column in printed.columns]
        self._grid(label, block.title, head, rows, right, block.note)

    def _grid(
        self,
        label: Label | None,
        title: str,
        head: list[str],
        rows: list[list[str]],
        right: list[bool],
        note: str,
    ) -> None:
        layout = lay_out(head, rows)
        self.turn(landscape=layout.landscape)
        caption = self._caption(label, title)
        caption.paragraph_format.keep_with_next = True
        add_table(self.out, head, rows, right, layout)
        self.out.add_paragraph(tied(note), style=TABLE_NOTE)

    def _caption(self, label: Label | None, title: str) -> Any:
        paragraph = self.out.add_paragraph(style="Caption")
        if label is not None:
            paragraph.add_run(f"{label.word} ").bold = True
            _field(paragraph, f"SEQ {label.kind} \\* ARABIC", str(label.number))
            for run in paragraph.runs:
                run.bold = True
            paragraph.add_run(". ").bold = True
        paragraph.add_run(tied(title))
        return paragraph

    def _figure(self, block: Figure, label: Label | None) -> None:
        paragraph = self.out.add_paragraph(style=PICTURE)
        picture = paragraph.add_run().add_picture(
            io.BytesIO(block.png), width=Mm(PORTRAIT_MM * block.width)
        )
        if picture.height > Mm(HIGHEST_MM):
            picture.width = round(picture.width * Mm(HIGHEST_MM) / picture.height)
            picture.height = Mm(HIGHEST_MM)
        properties = picture._inline.docPr
        properties.set("descr", block.alternative or block.title)
        self._caption(label, block.title)
