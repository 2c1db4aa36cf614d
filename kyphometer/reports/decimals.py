"""A report with another decimal mark: in what people read, never in values for programs."""

from __future__ import annotations

from dataclasses import replace

from kyphometer.messages.decimals import with_decimal
from kyphometer.reports.document import (
    Block,
    Bullets,
    Checklist,
    Document,
    Figure,
    Paragraph,
    Table,
)


def with_decimals(document: Document, mark: str) -> Document:
    """The document with that decimal mark; references, whose DOIs hold points, stay."""
    if mark == ".":
        return document
    blocks = tuple(_marked(block, mark) for block in document.blocks)
    return replace(document, blocks=blocks)


def _marked(block: Block, mark: str) -> Block:
    match block:
        case Paragraph(text=text):
            return replace(block, text=with_decimal(text, mark))
        case Bullets(items=items) if not any("doi 10." in item for item in items):
            return replace(block, items=tuple(with_decimal(item, mark) for item in items))
        case Checklist(items=items):
            marked = ((number, topic, with_decimal(how, mark)) for number, topic, how in items)
            return replace(block, items=tuple(marked))
        case Table():
            return table_with_decimals(block, mark)
        case Figure(title=title, alternative=alternative):
            return replace(
                block,
                title=with_decimal(title, mark),
                alternative=with_decimal(alternative, mark),
            )
    return block


def table_with_decimals(table: Table, mark: str) -> Table:
    """The table with that decimal mark in its words, numbers and note."""
    return replace(
        table,
        title=with_decimal(table.title, mark),
        note=with_decimal(table.note, mark),
        columns=tuple(replace(column, decimal=mark) for column in table.columns),
        rows=tuple(
            tuple(with_decimal(cell, mark) if isinstance(cell, str) else cell for cell in row)
            for row in table.rows
        ),
    )
