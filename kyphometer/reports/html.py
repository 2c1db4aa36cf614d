"""A report as one self-contained HTML file that prints well and asks nothing of the network."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files

from kyphometer.reports.document import (
    Block,
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
    slug,
    tied,
)

KEPT_ROWS = 14
"""Tables of as many rows at most are kept on one page when printed."""
SHORT = 14
"""Cells of as many signs at most are never broken."""


def render_html(document: Document) -> str:
    """The whole report as one HTML text, with its style and pictures inside."""
    style = files("kyphometer.reports").joinpath("report.css").read_text("utf-8")
    numbers = numbered(document)
    body = "\n".join(
        _block(block, numbers.get(position), position)
        for position, block in enumerate(document.blocks)
    )
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in document.facts
    )
    subtitle = f"<p class='subtitle'>{escape(document.subtitle)}</p>" if document.subtitle else ""
    return f"""<!doctype html>
<html lang="{document.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(document.title)}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{escape(document.title)}</h1>
{subtitle}
<dl class="facts">{facts}</dl>
</header>
{_contents(document)}
<main>
{body}
</main>
</body>
</html>
"""


def _contents(document: Document) -> str:
    chapters = [
        (position, block.text)
        for position, block in enumerate(document.blocks)
        if isinstance(block, Heading) and block.level == 1
    ]
    if len(chapters) < 3:
        return ""
    items = "".join(
        f'<li><a href="#{slug(text)}-{position}">{escape(text)}</a></li>'
        for position, text in chapters
    )
    return f'<nav aria-label="Contents"><ol>{items}</ol></nav>'


def _block(block: Block, label: Label | None, position: int) -> str:
    match block:
        case Heading(text=text, level=level):
            tag = f"h{min(level, 4) + 1}"
            return f'<{tag} id="{slug(text)}-{position}">{escape(text)}</{tag}>'
        case Paragraph(text=text, emphasis=emphasis):
            return f"<p{' class=emphasis' if emphasis else ''}>{escape(tied(text))}</p>"
        case Bullets(items=items):
            return "<ul>" + "".join(f"<li>{escape(tied(item))}</li>" for item in items) + "</ul>"
        case PageBreak():
            return '<div class="page-break"></div>'
        case Table():
            return _table(block, label)
        case Figure():
            return _figure(block, label)
        case Checklist():
            return _checklist(block)


def _of(cell: str, side: str) -> str:
    """Class of a cell: its side, and that a short one stays on one line."""
    return f"{side} short" if len(cell) <= SHORT else side


def _table(table: Table, label: Label | None) -> str:
    table = table.printed()
    sides = ["right" if column.is_number else "left" for column in table.columns]
    head = "".join(
        f'<th scope="col" class="{side}">{escape(column.label)}</th>'
        for column, side in zip(table.columns, sides, strict=True)
    )
    rows = []
    for cells in table.shown():
        first = f'<th scope="row" class="{_of(cells[0], sides[0])}">{escape(cells[0])}</th>'
        rest = "".join(
            f'<td class="{_of(cell, side)}">{escape(tied(cell))}</td>'
            for cell, side in zip(cells[1:], sides[1:], strict=True)
        )
        rows.append(f"<tr>{first}{rest}</tr>")
    note = f'<p class="note">{escape(tied(table.note))}</p>' if table.note else ""
    return (
        f'<section class="table{" keep" if len(rows) <= KEPT_ROWS else ""}" '
        f'id="table-{escape(table.key)}"><div class="scroll"><table>'
        f"<caption><b>{label}.</b> {escape(tied(table.title))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{note}</section>"
    )


def _figure(figure: Figure, label: Label | None) -> str:
    data = base64.b64encode(figure.png).decode("ascii")
    alternative = escape(figure.alternative or figure.title, quote=True)
    return (
        f'<figure id="figure-{escape(figure.key)}">'
        f'<img style="width:{100 * figure.width:.0f}%" alt="{alternative}" '
        f'src="data:image/png;base64,{data}">'
        f"<figcaption><b>{label}.</b> {escape(tied(figure.title))}</figcaption></figure>"
    )


def _checklist(block: Checklist) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="left">{escape(number)}</th><td>{escape(topic)}</td>'
        f"<td>{escape(answer) if answer else '<i>to be filled in by the authors</i>'}</td></tr>"
        for number, topic, answer in block.items
    )
    return (
        f'<section class="table"><table><caption>{escape(block.title)}</caption><thead><tr>'
        f"<th>Item</th><th>Topic</th><th>How it was met</th></tr></thead><tbody>{rows}</tbody>"
        "</table></section>"
    )
