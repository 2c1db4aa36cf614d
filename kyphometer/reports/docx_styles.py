"""Styles of a Word document: an author changes a style, and every such paragraph follows."""

from __future__ import annotations

from typing import Any

from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

FONT = "Times New Roman"
TABLE_TEXT, TABLE_NUMBER, TABLE_HEAD = "Table Text", "Table Number", "Table Head"
TABLE_NOTE, FACTS, PICTURE = "Table Note", "Facts", "Picture"
BLACK = RGBColor(0, 0, 0)


def set_styles(out: Any) -> None:
    """Give a new document its styles."""
    styles = out.styles
    _font(styles["Normal"], 11)
    _spaced(styles["Normal"], 0, 6, 1.15)
    for name, size, before in (
        ("Title", 18, 0), ("Subtitle", 12, 0), ("Heading 1", 14, 16), ("Heading 2", 12, 12),
        ("Heading 3", 11, 10), ("Heading 4", 11, 10),
    ):  # fmt: skip
        style = styles[name]
        _font(style, size, bold=name != "Subtitle")
        style.font.italic = name == "Subtitle"
        _spaced(style, before, 6, 1.0)
        style.paragraph_format.keep_with_next = True
    _without_rule(styles["Title"])
    caption = styles["Caption"]
    _font(caption, 10)
    caption.font.italic = False
    _spaced(caption, 10, 4, 1.0)
    for name, size in (
        (TABLE_TEXT, 9), (TABLE_NUMBER, 9), (TABLE_HEAD, 9), (TABLE_NOTE, 9), (FACTS, 10),
        (PICTURE, 11),
    ):  # fmt: skip
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        _font(style, size, bold=name == TABLE_HEAD)
        _spaced(style, 0, 0, 1.0)
    styles[TABLE_NUMBER].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    styles[TABLE_HEAD].paragraph_format.keep_with_next = True
    _spaced(styles[TABLE_NOTE], 3, 12, 1.0)
    _spaced(styles[PICTURE], 6, 0, 1.0)
    styles[PICTURE].paragraph_format.keep_with_next = True


def _font(style: Any, size: float, *, bold: bool = False) -> None:
    style.font.name = FONT
    style.font.size = Pt(size)
    style.font.bold = bold
    style.font.color.rgb = BLACK
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(name), FONT)
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
        fonts.attrib.pop(qn(name), None)


def _spaced(style: Any, before: float, after: float, lines: float) -> None:
    spacing = style.paragraph_format
    spacing.space_before, spacing.space_after = Pt(before), Pt(after)
    spacing.line_spacing = lines


def _without_rule(style: Any) -> None:
    """The line that the default title has under it."""
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)
