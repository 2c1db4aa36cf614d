"""What an author sends: the published table in Word, spreadsheet, PDF and pictures."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from docx import Document as open_docx
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kyphometer.cli import main
from kyphometer.messages.decimals import with_decimal
from kyphometer.plots.drawing import Drawing, drawn
from kyphometer.plots.export import figure_png, figure_svg
from kyphometer.plots.paper import paper_figure
from kyphometer.reports.docx_table import LANDSCAPE_MM, PORTRAIT_MM, SIZE_PT, lay_out

TABLE = Path(__file__).parents[1] / "docs" / "tables" / "published_study.csv"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "study.db"
    assert main([
        "study", "new", str(path), "--table", str(TABLE), "--films-at", "preop,6m", "--position",
        "standing",
    ]) == 0  # fmt: skip
    return path


@pytest.fixture(scope="module")
def written(study):
    out = study.parent
    assert main([
        "report", str(study), "--journal", "--decimal", ",", "--author", "Nguyễn Văn A", "--docx",
        str(out / "j.docx"), "--xlsx", str(out / "j.xlsx"), "--pdf", str(out / "j.pdf"),
        "--figures", str(out / "figures"),
    ]) == 0  # fmt: skip
    return out


def cells(table):
    return [[cell.text.replace("\u00a0", " ") for cell in row.cells] for row in table.rows]


def test_the_printed_table_of_the_published_study_with_decimal_commas(written):
    document = open_docx(str(written / "j.docx"))
    angles = next(t for t in map(cells, document.tables) if t[0] == ["Visit", "VKA", "RKA"])
    rows = {row[0]: row[1:] for row in angles}
    assert rows["pre-op"] == ["18,3 ± 2,8", "20,8 ± 3,2"]
    assert rows["6 months"] == ["12,8 ± 1,8", "14,0 ± 1,8"]
    assert rows["P"] == ["<0,001", "<0,001"]
    change = next(row for name, row in rows.items() if name.startswith("Change"))
    assert change[0].startswith("−5,5 (")
    text = "\n".join(p.text for p in document.paragraphs)
    assert "VKA was 18,3 ± 2,8° at pre-op and 12,8 ± 1,8° at 6 months (n = 21)" in text.replace(
        "\u00a0", " "
    )


def test_word_has_styles_repeated_headings_counted_captions_and_an_author(written):
    document = open_docx(str(written / "j.docx"))
    assert document.core_properties.author == "Nguyễn Văn A"
    assert document.core_properties.created.year >= 2026
    used = {p.style.name for p in document.paragraphs}
    assert {"Title", "Heading 1", "Caption", "Table Note", "Normal"} <= used
    for table in document.tables:
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
        styles = {p.style.name for row in table.rows for c in row.cells for p in c.paragraphs}
        assert styles <= {"Table Text", "Table Number", "Table Head"}
    text = zipfile.ZipFile(written / "j.docx").read("word/document.xml").decode()
    assert text.count("SEQ Table") == len(document.tables)
    assert "SEQ Figure" in text


def test_workbook_has_a_sheet_a_topic_and_pdf_an_author_and_a_date(written):
    book = openpyxl.load_workbook(written / "j.xlsx")
    assert book.sheetnames == [
        "Patients", "Angles", "Pain and disability", "Complications, neurology"
    ]  # fmt: skip
    rows = {row[:2]: row[2:] for row in book["Angles"].iter_rows(values_only=True)}
    head = rows["Endpoint", "Visit"]
    vka = dict(zip(head, rows["VKA", "6 months"], strict=True))
    assert (vka["n"], round(vka["Mean"], 1), round(vka["SD"], 1)) == (21, 12.8, 1.8)
    change = dict(zip(head, rows["VKA", "change, pre-op to 6 months"], strict=True))
    assert round(change["Mean"], 1) == -5.5
    assert change["95 % CI from"] < change["Mean"] < change["to"] < 0 < change["P"] < 0.001
    cell = next(c for row in book["Angles"].iter_rows() for c in row if c.value == vka["Mean"])
    assert cell.number_format == "0.0"
    assert any("<0.001" in c.number_format for row in book["Angles"].iter_rows() for c in row)
    leaks = {row[0]: row[1:4] for row in book.worksheets[3].iter_rows(values_only=True)}
    assert leaks["Any complication"][:2] == (4, 21)
    assert leaks["Any complication"][2] == pytest.approx(100 * 4 / 21)
    assert book.properties.creator == "Nguyễn Văn A"
    assert all(sheet.sheet_properties.pageSetUpPr.fitToPage for sheet in book)
    pdf = (written / "j.pdf").read_bytes()
    assert b"/CreationDate (D:20" in pdf
    assert b"/CreationDate (D:2000" not in pdf
    assert b"/Lang (en-GB)" in pdf


def test_figures_have_600_dots_an_inch(written):
    pictures = list((written / "figures").glob("*.png"))
    assert {p.stem for p in pictures} == {"angles_by_visit", "scores_over_time"}
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.info["dpi"][0] == pytest.approx(600, abs=1)
            assert picture.width >= 3900  # 6.6 inches
        assert path.with_suffix(".svg").is_file()


def test_vietnamese_has_vietnamese_tables(study, tmp_path):
    assert main([
        "--language", "vi", "report", str(study), "--journal", "--decimal", ",", "--docx",
        str(tmp_path / "vi.docx"),
    ]) == 0  # fmt: skip
    document = open_docx(str(tmp_path / "vi.docx"))
    text = "\n".join(p.text for p in document.paragraphs)
    text = text.replace("\u00a0", " ")
    assert "Các góc gù" in text
    rows = {row[0]: row[1:] for table in map(cells, document.tables) for row in table}
    assert rows["Có biến chứng"] == ["4/21 (19,0 %)", "5,4 đến 41,9 %"]
    assert "Giới: nữ" in rows
    for words in (
        "21 bệnh nhân", "kiểm định t bắt cặp", "Mô hình hỗn hợp", "Phân độ AIS", "0,05 được coi là",
        "trước mổ", "Đo và phân tích bằng kyphometer",
    ):  # fmt: skip
        assert words in text, words
    assert "Bảng 1." in text
    assert "Hình 1." in text
    assert rows["rò xi măng"][0] == "4/21 (19,0 %)"
    for words in (
        "Table",
        "Figure",
        "superior",
        "paired",
        "mixed model",
        "None",
        "pre-op",
        "standing",
    ):
        assert words not in text, words


def test_the_whole_report_takes_a_decimal_comma_and_its_files_for_programs_do_not(study, tmp_path):
    assert main([
        "report", str(study), "--decimal", ",", "-o", str(tmp_path / "r.html"), "--tables",
        str(tmp_path / "t"), "--no-films",
    ]) == 0  # fmt: skip
    text = (tmp_path / "r.html").read_text("utf-8").replace("\u00a0", " ")
    assert "18,3 ± 2,8°" in text
    assert "18.3 ± 2.8" not in text
    assert "10.1038/s41586" in text
    assert "10,1038" not in text
    values = (tmp_path / "t" / "corrections.csv").read_text("utf-8").splitlines()
    assert re.search(r",-?\d+\.\d+,", values[1])


# ------------------------------------------------------------------------------ the parts


def test_the_flow_does_not_print_zero_at_visits_without_films(study, tmp_path):
    assert main([
        "report", str(study), "--no-films", "--tables", str(tmp_path / "t"), "--figures",
        str(tmp_path / "f"),
    ]) == 0  # fmt: skip
    drawing = (tmp_path / "f" / "flow.svg").read_text()
    assert "n = 0" not in drawing
    assert "no film" in drawing
    lines = (tmp_path / "t" / "patient_flow.csv").read_text().splitlines()
    assert lines[2].startswith("discharge,,,21")


def test_decimal_marks_of_axes_and_texts():
    figure = paper_figure(3, 2)
    ax = figure.add_subplot()
    ax.plot([0.5, 1.5], [0.25, 0.75])
    ax.set_title("p = 0.003, version 1.2.3")
    with drawn(Drawing(decimal=",", dpi=80.0)):
        text = figure_svg(figure)
        with Image.open(io.BytesIO(figure_png(figure))) as picture:
            assert picture.width == 240
    assert "p = 0,003, version 1.2.3" in text
    assert re.search(r">\d,\d+<", text)
    assert not re.search(r">\d\.\d+<", text)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_numbers_in_sentences_take_the_mark_and_nothing_else(value, digits):
    text = f"a {value:.{digits}f} b"
    assert with_decimal(text, ",").replace(",", ".") == text
    assert "." not in with_decimal(text, ",")
    assert with_decimal(f"kyphometer 0.1.0 of {text}", ",").startswith("kyphometer 0.1.0 of")


@given(
    st.lists(st.text("abcdefghij ", min_size=1, max_size=30), min_size=1, max_size=16),
    st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_columns_hold_their_longest_word_within_the_page(texts, rows):
    layout = lay_out(texts, [texts] * rows)
    room = LANDSCAPE_MM if layout.landscape else PORTRAIT_MM
    if layout.size_pt == SIZE_PT:
        assert sum(layout.widths_mm) <= room + 0.3 * len(texts)
    for width, text in zip(layout.widths_mm, texts, strict=True):
        longest = max(text.split(" "), key=len)
        # the mean letter of Times at 9 points is 1.4 mm wide
        assert width >= 0.9 * len(longest) * layout.size_pt / SIZE_PT
    assert np.isfinite(layout.widths_mm).all()
