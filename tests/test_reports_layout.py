"""The printed page: no word broken, nothing beside the paper, no heading left alone."""

import shutil
import subprocess

import pytest
from matplotlib.figure import Figure as Drawing

from kyphometer.plots.export import figure_png
from kyphometer.reports import Column, Document, Figure, Heading, PageBreak, Paragraph, Table
from kyphometer.reports.document import tied
from kyphometer.reports.html import render_html
from kyphometer.reports.pdf import write_pdf

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext")
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium")

LABELS = (
    "Complication", "Patients", "Of", "%", "Exact CI low", "Exact CI high", "Wilson CI low",
    "Wilson CI high", "Events", "Sites", "Symptomatic", "Asymptomatic", "Unforeseeable", "Verdict",
)  # fmt: skip


def wide_table(rows=3):
    columns = tuple(Column(name=f"c{i}", label=label) for i, label in enumerate(LABELS))
    sites = "disc 1, perivertebral vessel 1"
    row = ("SIM-0021", 4, 21, "19.0", "5.4 %", "41.9 %", "7.7 %", "40.0 %", 4, sites, 0, 4,
           "unchanged", "unchanged within error")  # fmt: skip
    return Table(key="wide", title="Wide", columns=columns, rows=(row,) * rows)


def words_of(path):
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True)
    return text.stdout.replace("\u00a0", " ").split(), text.stdout.split("\f")


@needs_poppler
def test_no_word_of_a_wide_table_is_broken(tmp_path):
    path = tmp_path / "wide.pdf"
    write_pdf(Document(title="x", blocks=(wide_table(),)), path)
    words, _ = words_of(path)
    for label in LABELS:
        for word in label.split():
            assert word in words, word
    for word in ("SIM-0021", "perivertebral", "unchanged"):
        assert words.count(word) >= 3, word


@needs_poppler
@needs_chromium
def test_a_wide_table_stays_on_the_printed_page(tmp_path):
    page = tmp_path / "wide.html"
    page.write_text(render_html(Document(title="x", blocks=(wide_table(),))), encoding="utf-8")
    out = tmp_path / "print.pdf"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
               f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={out}",
               page.as_uri()]  # fmt: skip
    subprocess.run(command, capture_output=True, timeout=90, check=True)
    boxes = subprocess.run(["pdftotext", "-bbox", out, "-"], capture_output=True, text=True).stdout
    right = [float(line.split('xMax="')[1].split('"')[0])
             for line in boxes.splitlines() if "<word" in line]  # fmt: skip
    assert max(right) < 595.0 - 30.0
    assert "Verdict" in boxes


@needs_poppler
@pytest.mark.parametrize("filling", range(26, 44))
def test_a_heading_is_never_the_last_line_of_a_page(filling, tmp_path):
    drawing = Drawing(figsize=(6, 4))
    picture = Figure(key="p", title="Plot", png=figure_png(drawing, dpi=20))
    table = Table(
        key="t", title="Long", columns=(Column(name="a", label="A"),), rows=(("x",),) * 40
    )
    blocks = (
        *(Paragraph(text=f"line {i}") for i in range(filling)),
        Heading(text="HEADING"),
        Heading(text="SECOND", level=2),
        picture if filling % 2 else table,
    )
    path = tmp_path / "h.pdf"
    write_pdf(Document(title="x", blocks=blocks), path)
    _, pages = words_of(path)
    for page in pages:
        lines = [line.strip() for line in page.splitlines() if line.strip()]
        body = [line for line in lines if not line.isdigit()]
        assert not body or body[-1] not in ("HEADING", "SECOND", "Table 1. Long")


@needs_poppler
def test_headings_are_in_the_outline(tmp_path):
    path = tmp_path / "o.pdf"
    blocks = (Heading(text="Patients"), PageBreak(), Heading(text="Patient 1", level=2))
    write_pdf(Document(title="x", blocks=blocks), path)
    assert b"/Outlines" in path.read_bytes()


def test_numbers_stay_with_their_signs_and_units():
    text = tied("VKA 18.2 ± 2.6° (95 % CI 1 to 2, p < 0.001, n = 21), RKA (T12 sup - L2 inf)")
    for piece in ("18.2 ± 2.6°", "95 % CI", "p < 0.001", "n = 21", "RKA (T12 sup - L2 inf)"):
        assert piece.replace(" ", "\u00a0") in text, piece
    assert tied("a map < 3 and 4 to 5") == "a map < 3 and 4 to 5"


def test_an_optional_column_without_values_is_kept_for_programs_only():
    columns = (Column(name="a", label="A"), Column(name="why", label="Reasons", optional=True))
    empty = Table(key="t", title="T", columns=columns, rows=(("x", ""), ("y", None)))
    assert [column.name for column in empty.printed().columns] == ["a"]
    assert "Reasons" not in render_html(Document(title="x", blocks=(empty,)))
    assert list(empty.records()[0]) == ["a", "why"]
    told = Table(key="t", title="T", columns=columns, rows=(("x", "because"),))
    assert [column.name for column in told.printed().columns] == ["a", "why"]


@needs_poppler
def test_headings_with_short_tables_fill_the_page(tmp_path):
    path = tmp_path / "s.pdf"
    blocks = [block for i in range(9) for block in (Heading(text=f"H{i}"), wide_table())]
    write_pdf(Document(title="x", blocks=tuple(blocks)), path)
    _, pages = words_of(path)
    assert len([page for page in pages if page.strip()]) <= 3
