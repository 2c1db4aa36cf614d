"""A report as PDF, with the type face inside so that every sign shows everywhere."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import CondPageBreak, KeepTogether, SimpleDocTemplate, Spacer
from reportlab.platypus import PageBreak as NewPage

from kyphometer.plots.export import font_files
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
from kyphometer.reports.pdf_tags import Element, Grid, Picture, Tags, words

MARGIN = 17 * mm
FRAME_PADDING = 6
WIDTH = A4[0] - 2 * (MARGIN + FRAME_PADDING)
MAX_FIGURE_HEIGHT = 205 * mm
FONT = "KyphometerSans"
PAGE_HEIGHT = A4[1] - 2 * (MARGIN + FRAME_PADDING)
ROOM_FOR_LINES = 14 * mm
ROOM_FOR_TABLE = 32 * mm
"""What follows a heading, or the caption of a long table, starts with this much at least."""
SPACE_BETWEEN = 5 * mm
CELL_SIZE = 7.3
SMALL_CELL = 6.3
"""Type shrinks to this to keep texts on one line, and further only to keep words whole."""
SMALLEST_CELL = 5.2
CELL_PADDING = 3.5
WIDEST_TEXT = 62 * mm
"""A column is not made wider than this for its longest text, but for its longest word."""


def write_pdf(document: Document, target: Path | BinaryIO) -> None:
    """Write a report as tagged PDF (A4), to a file or into a stream."""
    _register_fonts()
    rl_config.useA85 = 0
    styles = _styles()
    template = _Template(
        str(target) if isinstance(target, Path) else target,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=document.title,
        author=document.author,
        subject=document.subtitle,
        creator="Kyphometer",
        lang={"vi": "vi-VN"}.get(document.language, "en-GB"),
        invariant=True,
    )
    template.made_at = document.made_at
    root = template.root
    flow: list[Any] = [words(escape(document.title), styles["title"], Element("H1", root))]
    facts = [f"{name}: {value}" for name, value in document.facts]
    lines = [document.subtitle, *facts] if document.subtitle else facts
    flow += [words(escape(line), styles["note"], Element("P", root)) for line in lines]
    flow.append(Spacer(1, 5 * mm))
    numbers = numbered(document)
    headings: list[Any] = []
    for position, block in enumerate(document.blocks):
        parts = _flowables(block, numbers.get(position), styles, root)
        if isinstance(block, Heading):
            headings += parts
            continue
        flow += _led(headings, parts)
        headings = []
    flow += headings
    template.build(flow, onFirstPage=_footer, onLaterPages=_footer)


class _Template(SimpleDocTemplate):  # type: ignore[misc]
    """A document whose headings are in the outline that a reader shows beside the pages."""

    made_at: datetime | None = None
    _doSave = 0
    """The pages are not saved before they have their structure."""

    def __init__(self, target: Any, **options: Any) -> None:
        super().__init__(target, **options)
        self.root = Element("Document", None)

    def _endBuild(self) -> None:
        super()._endBuild()
        self.canv.tags.finish()
        self.canv.save()

    def beforeDocument(self) -> None:
        """Date the document, where a date is wanted: otherwise equal reports are equal bytes."""
        self.canv.tags = Tags(self.canv, self.root)
        if self.made_at is not None:
            self.canv._doc._timeStamp = _Moment(self.made_at)

    def afterFlowable(self, flowable: Any) -> None:
        """Put a heading that was just set into the outline."""
        level = {"h1": 0, "h2": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is None:
            return
        key = f"heading-{self.seq.nextf('heading')}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level, closed=level == 0)


class _Moment:
    """A moment in UTC as reportlab dates a document."""

    def __init__(self, when: datetime) -> None:
        moment = when.astimezone(UTC)
        self.t, self.lt = moment.timestamp(), moment.timetuple()
        self.YMDhms = tuple(self.lt)[:6]
        self.dhh = self.dmm = 0
        self.tzname = "UTC"
        self.datetime, self.asctime = moment, moment.ctime()


def _register_fonts() -> None:
    if FONT in pdfmetrics.getRegisteredFontNames():
        return
    names = {"regular": FONT, "bold": f"{FONT}-Bold", "italic": f"{FONT}-Italic"}
    for style, file in font_files().items():
        pdfmetrics.registerFont(TTFont(names[style], str(file)))
    pdfmetrics.registerFontFamily(
        FONT, normal=FONT, bold=names["bold"], italic=names["italic"], boldItalic=names["bold"]
    )


def _styles() -> dict[str, ParagraphStyle]:
    base = ParagraphStyle("base", fontName=FONT, fontSize=8.8, leading=12.5)

    def style(name: str, **changes: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=base, **changes)

    bold = f"{FONT}-Bold"
    return {
        "title": style("title", fontName=bold, fontSize=17, leading=21, spaceAfter=3),
        "h1": style(
            "h1",
            fontName=bold,
            fontSize=13,
            leading=17,
            spaceBefore=13,
            spaceAfter=4,
        ),
        "h2": style(
            "h2",
            fontName=bold,
            fontSize=10.5,
            leading=14,
            spaceBefore=9,
            spaceAfter=3,
        ),
        "text": style("text", spaceBefore=4, spaceAfter=5),
        "strong": style("strong", fontName=bold, spaceAfter=5),
        "note": style(
            "note", fontSize=7.6, leading=10.4, spaceBefore=3, textColor=colors.HexColor("#4a525c")
        ),
        "caption": style("caption", fontSize=8.6, leading=11.5, spaceBefore=7, spaceAfter=3),
        "cell": style("cell", fontSize=CELL_SIZE),
        "cell_right": style("cell_right", fontSize=CELL_SIZE, alignment=2),
        "bullet": style("bullet", leftIndent=10, bulletIndent=1, spaceAfter=2),
    }


class _Kept(KeepTogether):  # type: ignore[misc]
    """Parts on one page, and their height, which `KeepTogether` does not tell."""

    def __init__(self, parts: list[Any]) -> None:
        super().__init__(parts)
        self.tall = sum(_height(part) + part.getSpaceBefore() for part in parts)


def _led(headings: list[Any], parts: list[Any]) -> list[Any]:
    """Headings and what follows them, on the next page where its beginning has no room."""
    long_table = len(parts) > 1 and isinstance(parts[1], Grid)
    if not parts or not (headings or long_table):
        return parts
    if isinstance(parts[0], NewPage):
        return [*headings, *parts]
    if isinstance(parts[0], _Kept):
        begin = parts[0].tall
    else:
        begin = ROOM_FOR_TABLE if long_table else min(_height(parts[0]), ROOM_FOR_LINES)
    need = begin + sum(_height(heading) + SPACE_BETWEEN for heading in headings)
    return [CondPageBreak(min(need, PAGE_HEIGHT)), *headings, *parts]


def _height(flowable: Any) -> float:
    return float(flowable.wrapOn(None, WIDTH, 1e6)[1])


def _flowables(
    block: object, label: Label | None, styles: dict[str, ParagraphStyle], root: Element
) -> list[Any]:
    match block:
        case Heading(text=text, level=level):
            style, role = ("h1", "H2") if level == 1 else ("h2", "H3")
            return [words(escape(text), styles[style], Element(role, root))]
        case Paragraph(text=text, emphasis=emphasis):
            style = "strong" if emphasis else "text"
            return [words(escape(tied(text)), styles[style], Element("P", root))]
        case Bullets(items=items):
            return _bullets(items, styles, root)
        case PageBreak():
            return [NewPage()]
        case Table():
            caption = f"<b>{label}.</b> {escape(tied(block.title))}"
            printed = block.printed()
            labels = [column.label for column in printed.columns]
            right = [column.is_number for column in printed.columns]
            return _grid(caption, labels, printed.shown(), right, block.note, styles, root)
        case Checklist():
            rows = [[a, b, c or "to be filled in by the authors"] for a, b, c in block.items]
            labels = ["Item", "Topic", "How it was met"]
            return _grid(escape(block.title), labels, rows, [False] * 3, "", styles, root)
        case Figure():
            return [_figure(block, label, styles, root)]
    return []


def _bullets(items: tuple[str, ...], styles: dict[str, ParagraphStyle], root: Element) -> list[Any]:
    whole = Element("L", root)
    return [
        words(
            escape(tied(item)), styles["bullet"], Element("LBody", Element("LI", whole)),
            bulletText="•",
        )
        for item in items
    ]  # fmt: skip


def _grid(
    caption: str,
    labels: list[str],
    rows: list[list[str]],
    right: list[bool],
    note: str,
    styles: dict[str, ParagraphStyle],
    root: Element,
) -> list[Any]:
    widths, size = _widths(labels, rows)
    kinds = [
        styles["cell_right" if side else "cell"].clone("cell", fontSize=size, leading=1.26 * size)
        for side in right
    ]
    table = Element("Table", root)
    cells = [_row("TH", [f"<b>{escape(label)}</b>" for label in labels], kinds, table)]
    cells += [_row("TD", [escape(tied(cell)) for cell in row], kinds, table) for row in rows]
    grid = Grid(cells, colWidths=widths, repeatRows=1, style=_LINES, hAlign="LEFT")
    flow: list[Any] = [words(caption, styles["caption"], Element("Caption", table)), grid]
    if note:
        flow.append(words(escape(tied(note)), styles["note"], Element("P", root)))
    return [_Kept(flow)] if len(rows) <= 14 else flow


def _row(role: str, texts: list[str], kinds: list[ParagraphStyle], table: Element) -> list[Any]:
    row = Element("TR", table)
    return [words(text, kind, Element(role, row)) for text, kind in zip(texts, kinds, strict=True)]


_LINES = [
    ("LINEABOVE", (0, 0), (-1, 0), 0.9, colors.black),
    ("LINEBELOW", (0, 0), (-1, 0), 0.9, colors.black),
    ("LINEBELOW", (0, -1), (-1, -1), 0.9, colors.black),
    ("LINEBELOW", (0, 1), (-1, -2), 0.25, colors.HexColor("#c4cbd2")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), CELL_PADDING),
    ("RIGHTPADDING", (0, 0), (-1, -1), CELL_PADDING),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
]


def _widths(labels: list[str], rows: list[list[str]]) -> tuple[list[float], float]:
    """Widths of the columns and size of the type with which no word is broken.

    Each column gets its longest word; what is left of the page is shared by what the columns lack
    to set their longest text on one line. Type shrinks where the words alone are too wide.
    """
    least, wished = [], []
    for place, label in enumerate(labels):
        texts = list(dict.fromkeys(tied(row[place]) for row in rows))
        words = [_wide(word, FONT) for text in texts for word in re.split(r"[ \n]+", text)]
        words += [_wide(word, f"{FONT}-Bold") for word in label.split()]
        longest = max((_wide(text, FONT) for text in texts), default=0.0)
        least.append(max(words, default=0.0))
        wished.append(max(least[-1], min(longest, WIDEST_TEXT)))
    room = WIDTH - 2 * CELL_PADDING * len(labels) - 1.0
    fitting = max(SMALL_CELL, CELL_SIZE * room / max(sum(wished), 1.0))
    size = min(CELL_SIZE, fitting, CELL_SIZE * room / max(sum(least), 1.0))
    size = max(SMALLEST_CELL, size)
    least = [width * size / CELL_SIZE for width in least]
    lacking = [max(0.0, w * size / CELL_SIZE - m) for w, m in zip(wished, least, strict=True)]
    spare = room - sum(least)
    need = sum(lacking)
    share = min(1.0, spare / need) if need else 0.0
    rest = max(0.0, spare - share * need) / len(labels)
    return [
        m + share * more + rest + 2 * CELL_PADDING for m, more in zip(least, lacking, strict=True)
    ], size


def _wide(text: str, font: str) -> float:
    return float(pdfmetrics.stringWidth(text, font, CELL_SIZE)) + 0.2


def _figure(
    block: Figure, label: Label | None, styles: dict[str, ParagraphStyle], root: Element
) -> Any:
    wide, high = ImageReader(io.BytesIO(block.png)).getSize()
    width = WIDTH * block.width
    height = width * high / wide
    if height > MAX_FIGURE_HEIGHT:
        width, height = width * MAX_FIGURE_HEIGHT / height, MAX_FIGURE_HEIGHT
    element = Element("Figure", root, block.alternative or block.title)
    picture = Picture(io.BytesIO(block.png), width=width, height=height, hAlign="LEFT")
    picture.element = element
    text = f"<b>{label}.</b> {escape(tied(block.title))}"
    caption = words(text, styles["caption"], Element("Caption", element))
    return _Kept([Spacer(1, 3 * mm), picture, caption])


def _footer(canvas: Any, template: Any) -> None:
    canvas.saveState()
    canvas.setFont(FONT, 7)
    canvas.setFillColor(colors.HexColor("#5b6470"))
    with canvas.tags.marked(None):
        canvas.drawRightString(A4[0] - MARGIN, 9 * mm, str(template.page))
    canvas.restoreState()
