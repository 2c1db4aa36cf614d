"""What somebody who cannot see the page is told: the structure tree of a PDF (PDF 1.7, 14.8).

An `Element` is a paragraph, a cell or a figure. It takes its place in the tree when it is first
drawn, so that the tree has the order of the pages; what it draws is marked as its own. Lines,
numbers of pages, and headings of tables that are repeated on further pages are artifacts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFObjectReference, PDFString
from reportlab.platypus import Image, Paragraph, Table


class Element:
    """A part of the document.

    Parameters
    ----------
    role
        Standard structure type: `Document`, `H1`, `P`, `Table`, `TD`, `Figure`, ...
    parent
        What it is part of; None for the document.
    alternative
        What is to be seen, for figures.
    """

    def __init__(self, role: str, parent: Element | None, alternative: str = "") -> None:
        self.role = role
        self.parent = parent
        self.alternative = alternative
        self.kids: list[Element | tuple[int, int]] = []
        """Parts, and what was drawn: number of the page and of the mark on it."""

    def take_place(self) -> None:
        """Become the next part of the parent, once."""
        if self.parent is not None and not self.kids:
            self.parent.take_place()
            self.parent.kids.append(self)


class Tags:
    """Marks on the pages of a canvas, and the tree that they make."""

    def __init__(self, canvas: Any, root: Element) -> None:
        self.canvas = canvas
        self.root = root
        self.marks: dict[int, list[Element]] = {}
        """What the marks of each page belong to, in their order."""

    @contextmanager
    def marked(self, element: Element | None) -> Iterator[None]:
        """What is drawn meanwhile belongs to the element, or to nothing that is read out."""
        if element is None or (element.role == "TH" and element.kids):
            start = "/Artifact BMC"
        else:
            page = self.canvas.getPageNumber()
            here = self.marks.setdefault(page, [])
            start = f"/{element.role} <</MCID {len(here)}>> BDC"
            element.take_place()
            element.kids.append((page, len(here)))
            here.append(element)
        self.canvas._code.append(start)
        yield
        self.canvas._code.append("EMC")

    def finish(self) -> None:
        """Write the tree into the document; after the last page."""
        document = self.canvas._doc
        tree = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        top = document.Reference(tree, "structure")
        references: dict[int, Any] = {}
        tree["K"] = PDFArray([self._written(self.root, top, references)])
        numbers: list[Any] = []
        for place, page in enumerate(document.Pages.pages):
            page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
            page.StructParents = place
            page.Tabs = PDFName("S")
            marks = [references[id(element)] for element in self.marks.get(place + 1, ())]
            numbers += [place, PDFArray(marks)]
        tree["ParentTree"] = PDFDictionary({"Nums": PDFArray(numbers)})
        tree["ParentTreeNextKey"] = len(document.Pages.pages)
        document.Catalog.StructTreeRoot = top
        document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        self.canvas.setViewerPreference("DisplayDocTitle", "true")

    def _written(self, element: Element, parent: Any, references: dict[int, Any]) -> Any:
        facts: dict[str, Any] = {"S": PDFName(element.role), "P": parent}
        if element.alternative:
            facts["Alt"] = PDFString(element.alternative)
        if element.role == "TH":
            facts["A"] = PDFDictionary({"O": PDFName("Table"), "Scope": PDFName("Column")})
        written = PDFDictionary(facts)
        own = self.canvas._doc.Reference(written, f"s{len(references)}")
        references[id(element)] = own
        pages = [kid[0] for kid in element.kids if isinstance(kid, tuple)]
        page = pages[0] if pages else 0
        if page:
            written["Pg"] = _page(page)
        kids = [
            self._written(kid, own, references)
            if isinstance(kid, Element)
            else _mark(*kid, beside=page)
            for kid in element.kids
        ]
        written["K"] = kids[0] if len(kids) == 1 else PDFArray(kids)
        return own


def _page(number: int) -> PDFObjectReference:
    return PDFObjectReference(f"Page{number}")


def _mark(page: int, number: int, *, beside: int) -> Any:
    """A mark on the element's own page is its number alone."""
    return (
        number
        if page == beside
        else PDFDictionary({"Type": PDFName("MCR"), "Pg": _page(page), "MCID": number})
    )


class Words(Paragraph):  # type: ignore[misc]
    """A paragraph that belongs to an element; its parts on two pages belong to the same."""

    element: Element | None = None

    def split(self, width: float, height: float) -> list[Any]:
        """Parts that fit."""
        parts: list[Any] = super().split(width, height)
        for part in parts:
            part.element = self.element
        return parts

    def draw(self) -> None:
        """Draw it as the element's."""
        with self.canv.tags.marked(self.element):
            super().draw()


class Picture(Image):  # type: ignore[misc]
    """A picture that belongs to an element."""

    element: Element | None = None

    def draw(self) -> None:
        """Draw it as the element's."""
        with self.canv.tags.marked(self.element):
            super().draw()


class Grid(Table):  # type: ignore[misc]
    """A table whose lines are artifacts; its cells are words with elements."""

    def _drawLines(self) -> None:
        with self.canv.tags.marked(None):
            super()._drawLines()


def words(text: str, style: Any, element: Element | None, **options: Any) -> Words:
    """A paragraph of an element."""
    made = Words(text, style, **options)
    made.element = element
    return made
