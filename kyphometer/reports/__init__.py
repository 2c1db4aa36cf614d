"""Reports: what they say (`document`) and how they are written (html, pdf, docx, files)."""

from kyphometer.reports.document import (
    Block,
    Bullets,
    Checklist,
    Column,
    Document,
    Figure,
    Heading,
    PageBreak,
    Paragraph,
    Table,
)

__all__ = [
    "Block",
    "Bullets",
    "Checklist",
    "Column",
    "Document",
    "Figure",
    "Heading",
    "PageBreak",
    "Paragraph",
    "Table",
]
