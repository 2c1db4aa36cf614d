"""What a report says, apart from how it looks: headings, words, tables, figures.

A report is a `Document` of blocks; `html`, `pdf`, `docx` and `files` write it. Tables keep raw
values, so that a spreadsheet gets full precision while people read rounded numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from kyphometer.messages import sentence
from kyphometer.stats.formatting import MISSING, format_number, format_p, minus


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading; level 1 opens a chapter and stands in the table of contents."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of plain words."""

    text: str
    emphasis: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Heading in files for programs, for example `correction_deg`.
    label
        Heading for people, for example `Correction (deg)`.
    digits
        Decimals shown for numbers; None shows values as they are.
    kind
        `text`, `number`, `p` (a p value, never 0.000) or `percent` (a fraction, shown in percent).
    optional
        Not printed for people where every cell is missing or empty; files for programs keep it.
    decimal
        Decimal mark for people; programs always get a point.
    words
        How people read some values, for example `pre-op` for `preoperative`; files for programs
        keep the values.
    """

    name: str
    label: str
    digits: int | None = None
    kind: str = "text"
    optional: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."

    @property
    def is_number(self) -> bool:
        """True if its cells stand to the right."""
        return self.kind != "text" or self.digits is not None

    def show(self, value: Any) -> str:
        """A cell as people read it; missing values are shown as an en dash."""
        text = self._show(value)
        number = isinstance(value, int | float) and self.decimal != "."
        return text.replace(".", self.decimal) if number else text

    def _show(self, value: Any) -> str:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return MISSING
        if isinstance(value, bool):
            return "yes" if value else "no"
        if self.kind == "p" and isinstance(value, int | float):
            return format_p(value)
        if self.kind == "percent" and isinstance(value, int | float):
            return f"{format_number(100 * value, 1 if self.digits is None else self.digits)} %"
        if isinstance(value, int | float):
            return _number(value, self.digits)
        if isinstance(value, datetime):
            return value.isoformat(sep=" ", timespec="minutes")
        return self.words.get(str(value), str(value))


def _number(value: float, digits: int | None) -> str:
    if digits is not None or math.isinf(value):
        return format_number(value, digits or 0)
    return minus(str(value) if isinstance(value, int) else f"{round(value, 6) + 0.0:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with raw values.

    Attributes
    ----------
    key
        Name of its file and sheet, in letters, digits and underscores.
    title
        Caption.
    columns
        Its columns.
    rows
        Cells, one tuple a row, in the order of the columns.
    note
        What stands under it: abbreviations, tests, definitions.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""

    @classmethod
    def from_records(
        cls,
        key: str,
        title: str,
        columns: tuple[Column, ...],
        records: list[dict[str, Any]],
        note: str = "",
    ) -> Table:
        """Table from dictionaries; what a record lacks is missing."""
        rows = tuple(tuple(record.get(column.name) for column in columns) for record in records)
        return cls(key=key, title=title, columns=columns, rows=rows, note=note)

    def printed(self) -> Table:
        """The table without optional columns that hold nothing."""
        kept = [
            place
            for place, column in enumerate(self.columns)
            if not column.optional or any(row[place] not in (None, "") for row in self.rows)
        ]
        columns = tuple(self.columns[place] for place in kept)
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return replace(self, columns=columns, rows=rows)

    def shown(self) -> list[list[str]]:
        """Cells as people read them."""
        return [
            [column.show(cell) for column, cell in zip(self.columns, row, strict=True)]
            for row in self.rows
        ]

    def records(self) -> list[dict[str, Any]]:
        """Rows as dictionaries with plain values, for programs."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, (plain(cell) for cell in row), strict=True)) for row in self.rows]


def plain(value: Any) -> Any:
    """A value that JSON, CSV and spreadsheets take: no NaN, dates as text, enums as their value."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    item = getattr(value, "item", None)
    return plain(item()) if callable(item) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """A picture.

    Attributes
    ----------
    key
        Name of its file.
    title
        Caption.
    png
        The picture for screens and print.
    svg
        The same as a vector drawing, or None where it holds a film.
    alternative
        What is to be seen, in words, for those who cannot see it.
    width
        Share of the page's width, up to 1.
    """

    key: str
    title: str
    png: bytes
    svg: str | None = None
    alternative: str = ""
    width: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """Items of a reporting guideline, each with where and how it was met.

    Attributes
    ----------
    title
        Name of the guideline.
    items
        Number, topic, and how it was met; an empty last part is left to the author.
    """

    title: str
    items: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBreak:
    """What follows starts on a new page when printed."""


Block = Heading | Paragraph | Bullets | Table | Figure | Checklist | PageBreak


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A report.

    Attributes
    ----------
    title, subtitle
        What it is about.
    facts
        Name and value pairs under the title: study, date, software.
    blocks
        Its content in order.
    author
        Whose it is, for the files' properties.
    made_at
        When it was made, for the files' properties; None if the same study shall give the same
        bytes.
    language
        `en` or `vi`.
    """

    title: str
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block, ...] = field(default=())
    author: str = ""
    made_at: datetime | None = None
    language: str = "en"

    @property
    def tables(self) -> list[Table]:
        """Its tables, in order."""
        return [block for block in self.blocks if isinstance(block, Table)]

    @property
    def figures(self) -> list[Figure]:
        """Its figures, in order."""
        return [block for block in self.blocks if isinstance(block, Figure)]


_TIES = re.compile(
    r"(?<=\d) (?=[±%°]|mm\b|SD\b)|(?<=±) (?=\d)|(?<=\b[pnt]) (?=[<=] )|(?<=\b[pnt] [<=]) (?=\d)"
    r"|(?<=\b95 %) (?=CI\b)| (?=\([CTLS]\d+ (?:sup|inf)\b)|(?<=\d) (?=(?:sup|inf)\b)"
    r"|(?<=\b(?:sup|inf)) (?=- [CTLS]\d)|(?<=\b(?:sup|inf) -) (?=[CTLS]\d)"
    r"|(?<=[CTLS]\d) (?=(?:trên|dưới)\b)|(?<=[CTLS]\d\d) (?=(?:trên|dưới)\b)"
    r"|(?<=\b(?:trên|dưới)) (?=- [CTLS]\d)|(?<=\b(?:trên|dưới) -) (?=[CTLS]\d)"
)


def tied(text: str) -> str:
    """Text whose numbers are not torn from their signs and units at the end of a line."""
    return _TIES.sub("\u00a0", text)


def slug(text: str) -> str:
    """Text as a name for files and anchors: lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"


@dataclass(frozen=True, slots=True)
class Label:
    """What a caption begins with.

    Attributes
    ----------
    kind
        `Table` or `Figure`, for programs that count.
    word
        The same in the document's language.
    number
        Its number among its kind.
    """

    kind: str
    word: str
    number: int

    def __str__(self) -> str:
        return f"{self.word} {self.number}"


def numbered(document: Document) -> dict[int, Label]:
    """Label of each table and figure, by the block's position."""
    counts: dict[str, int] = {}
    labels = {}
    for position, block in enumerate(document.blocks):
        if isinstance(block, Table | Figure):
            kind = "Table" if isinstance(block, Table) else "Figure"
            counts[kind] = counts.get(kind, 0) + 1
            word = sentence(f"caption.{kind.lower()}", {}, document.language)
            labels[position] = Label(kind, word, counts[kind])
    return labels
