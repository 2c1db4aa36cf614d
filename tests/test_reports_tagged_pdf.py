"""The structure of the PDF report, read by PDFium."""

from __future__ import annotations

import ctypes

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
from matplotlib.figure import Figure as Drawing

from kyphometer.plots.export import figure_png
from kyphometer.reports import Bullets, Column, Document, Figure, Heading, Paragraph, Table
from kyphometer.reports.pdf import write_pdf

ROWS = 90  # more than a page
SEEN = "A rising line <é>."


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report whose table goes over three pages, as pages of PDFium."""
    drawing = Drawing(figsize=(3, 2))
    drawing.add_subplot().plot([1, 2], [3, 4])
    columns = (Column(name="a", label="First"), Column(name="b", label="Second", digits=1))
    long = "A sentence of many words that goes on. " * 200
    blocks = (
        Heading(text="One"),
        Paragraph(text=long),
        Bullets(items=("first", "second")),
        Figure(key="f", title="Plot", png=figure_png(drawing), alternative=SEEN),
        Heading(text="Two", level=2),
        Table(key="t", title="Values", columns=columns, note="note",
              rows=tuple((f"row {i}", float(i)) for i in range(ROWS))),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tagged") / "r.pdf"
    write_pdf(
        Document(title="Báo cáo", subtitle="s", blocks=blocks, author="N. V. A", language="vi"),
        path,
    )
    opened = pdfium.PdfDocument(path)
    yield opened
    opened.close()


def words(read, *given):
    size = read(*given, None, 0)
    buffer = ctypes.create_string_buffer(size)
    read(*given, buffer, size)
    return buffer.raw[:size].decode("utf-16-le").rstrip("\0")


def elements(page):
    """(role, alternative, role of its parent) of every element that has to do with a page."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    found = []

    def walk(element, parent):
        if not element:
            return
        role = words(raw.FPDF_StructElement_GetType, element)
        found.append((role, words(raw.FPDF_StructElement_GetAltText, element), parent))
        for place in range(raw.FPDF_StructElement_CountChildren(element)):
            walk(raw.FPDF_StructElement_GetChildAtIndex(element, place), role)

    for place in range(raw.FPDF_StructTree_CountChildren(tree)):
        walk(raw.FPDF_StructTree_GetChildAtIndex(tree, place), "")
    raw.FPDF_StructTree_Close(tree)
    return found


def test_the_document_is_tagged_and_says_its_language_title_and_author(report):
    assert raw.FPDFCatalog_IsTagged(report.raw)
    about = report.get_metadata_dict()
    assert (about["Title"], about["Author"]) == ("Báo cáo", "N. V. A")
    assert b"/Lang (vi-VN)" in report_bytes(report)


def report_bytes(report):
    return report._input.read_bytes()


def test_everything_drawn_belongs_to_an_element_or_is_an_artifact(report):
    assert len(report) >= 3
    for page in report:
        objects = [
            raw.FPDFPage_GetObject(page.raw, place)
            for place in range(raw.FPDFPage_CountObjects(page.raw))
        ]
        assert objects
        assert all(raw.FPDFPageObj_CountMarks(drawn) == 1 for drawn in objects)


def test_headings_lists_tables_and_figures_are_what_they_are(report):
    found = [item for page in report for item in elements(page)]
    parents = {(role, parent) for role, _, parent in found}
    assert parents >= {
        ("Document", ""), ("H1", "Document"), ("H2", "Document"), ("H3", "Document"),
        ("P", "Document"), ("L", "Document"), ("LI", "L"), ("LBody", "LI"), ("Figure", "Document"),
        ("Caption", "Figure"), ("Caption", "Table"), ("Table", "Document"), ("TR", "Table"),
        ("TH", "TR"), ("TD", "TR"),
    }  # fmt: skip
    assert {alternative for role, alternative, _ in found if role == "Figure"} == {SEEN}


def test_repeated_headings_of_a_table_are_read_out_once(report):
    marked = 0
    for page in report:
        for place in range(raw.FPDFPage_CountObjects(page.raw)):
            mark = raw.FPDFPageObj_GetMark(raw.FPDFPage_GetObject(page.raw, place), 0)
            size = ctypes.c_ulong()
            raw.FPDFPageObjMark_GetName(mark, None, 0, size)
            buffer = (ctypes.c_ushort * (size.value // 2))()
            raw.FPDFPageObjMark_GetName(mark, buffer, size.value, size)
            marked += "".join(map(chr, buffer)).rstrip("\0") == "TH"
    assert marked == 2  # two columns; on the other pages they are artifacts
    rows = [item for page in report for item in elements(page) if item[0] == "TD"]
    assert len(rows) >= 2 * ROWS
