import base64
import csv
import re
import shutil
import subprocess
import zipfile
from datetime import date

import numpy as np
import openpyxl
import pytest
from docx import Document as open_docx
from matplotlib.figure import Figure as Drawing

from kyphometer.plots.export import figure_png, figure_svg
from kyphometer.reports import (
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
from kyphometer.reports.docx import write_docx
from kyphometer.reports.files import write_csv_tables, write_figures
from kyphometer.reports.html import render_html
from kyphometer.reports.pdf import write_pdf
from kyphometer.reports.xlsx import write_xlsx

TITLE = "Kết quả <ngắn> & đủ: ± ≥ °"


@pytest.fixture(scope="module")
def document():
    drawing = Drawing(figsize=(4, 3))
    drawing.add_subplot().plot([1, 2], [3, 4])
    columns = (
        Column(name="patient", label="Patient"),
        Column(name="value_deg", label="VKA (deg)", digits=1),
        Column(name="p", label="p", kind="p"),
        Column(name="rate", label="Rate", kind="percent", digits=1),
    )
    rows = (
        ("=HYPERLINK(1)", 18.3456789, 2.3e-5, 0.5),
        ("Nguyễn", -0.04, 0.0456, None),
        ("C", float("nan"), 1.0, 0.25),
    )
    return Document(
        title=TITLE,
        facts=(("date", "2026-11-22"),),
        blocks=(
            Heading(text="One <b>"),
            Paragraph(text="x < y & z", emphasis=True),
            Bullets(items=("first", "second")),
            Table(key="angles", title="Angles", columns=columns, rows=rows, note="note"),
            PageBreak(),
            Heading(text="Two"),
            Figure(key="plot", title="Plot", png=figure_png(drawing), svg=figure_svg(drawing)),
            Heading(text="Three"),
            Checklist(title="GRRAS", items=(("1", "Title", "done"), ("2", "Device", ""))),
        ),
    )


def test_values_are_rounded_only_when_shown(document):
    shown = document.tables[0].shown()
    assert shown[0] == ["=HYPERLINK(1)", "18.3", "<0.001", "50.0 %"]
    assert shown[1] == ["Nguyễn", "0.0", "0.046", "–"]
    assert shown[2][1] == "–"
    assert document.tables[0].records()[0]["value_deg"] == 18.3456789
    assert document.tables[0].records()[2]["value_deg"] is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "<0.001"), (0.00099, "<0.001"), (0.001, "0.001"), (0.9999, ">0.999"), (None, "–")],
)
def test_p_never_prints_zero(value, text):
    assert Column(name="p", label="p", kind="p").show(value) == text


def test_html_is_one_file_with_everything_escaped(document):
    html = render_html(document)
    assert '<h2 id="one-b-0">One &lt;b&gt;</h2>' in html
    assert "x &lt; y &amp; z" in html
    assert not re.search(r"(src|href)=[\"'](?!data:|#)", html)
    picture = re.search(r"data:image/png;base64,([^\"]+)", html)
    assert base64.b64decode(picture[1])[:4] == b"\x89PNG"
    assert "<b>Table 1.</b> Angles" in html
    assert "to be filled in by the authors" in html
    assert html.count("<nav") == 1


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_pdf_holds_every_word_in_unicode(document, tmp_path):
    path = tmp_path / "report.pdf"
    write_pdf(document, path)
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True).stdout
    for words in (TITLE, "Nguyễn", "18.3", "<0.001", "Figure 1. Plot", "x < y & z"):
        assert words.replace(" ", "") in text.replace(" ", ""), words


def test_pdf_is_reproducible(document, tmp_path):
    for name in ("a.pdf", "b.pdf"):
        write_pdf(document, tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_docx_holds_tables_and_figures(document, tmp_path):
    path = tmp_path / "report.docx"
    write_docx(document, path)
    opened = open_docx(str(path))
    assert opened.tables[0].rows[1].cells[1].text == "18.3"
    assert any("Figure 1. Plot" in p.text for p in opened.paragraphs)
    assert any(name.endswith(".png") for name in zipfile.ZipFile(path).namelist())


def test_csv_and_xlsx_hold_raw_values(document, tmp_path):
    (path,) = write_csv_tables(document, tmp_path)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert float(rows[0]["value_deg"]) == 18.3456789
    assert rows[2]["value_deg"] == ""
    write_xlsx(document, tmp_path / "tables.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "tables.xlsx")["One <b>"]
    assert sheet["B3"].value == 18.3456789
    assert sheet["A3"].data_type == "s"
    assert sheet["A3"].value == "=HYPERLINK(1)"
    assert (sheet["B3"].number_format, sheet["D3"].number_format) == ("0.0", "0.0%")
    assert sheet["C3"].number_format == '[<0.001]"<0.001";0.000'


def test_figures_are_written_in_both_forms(document, tmp_path):
    names = [path.name for path in write_figures(document, tmp_path)]
    assert names == ["plot.png", "plot.svg"]


def test_plain_values_of_every_kind():
    column = Column(name="x", label="x")
    assert column.show(date(2026, 1, 5)) == "2026-01-05"
    assert column.show(True) == "yes"
    assert Column(name="x", label="x", digits=1).show(np.float64(-1.26)) == "−1.3"
    assert Column(name="x", label="x", digits=1).show(float("-inf")) == "−∞"
