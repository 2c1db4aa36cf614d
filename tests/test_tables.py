"""Tables of every kind give the cells that a person sees, or are refused by the cell."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from kyphometer.tables import SheetError, read_sheet
from kyphometer.tables.dates import MixedOrderError, find_order, parse_date
from kyphometer.tables.numbers import CellError, parse_number
from kyphometer.tables.sheet import column_key


def workbook(path, rows, formats=(), merge=()):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for place, number_format in formats:
        book.active[place].number_format = number_format
    for area in merge:
        book.active.merge_cells(area)
    book.save(path)
    return path


def problem_of(path):
    with pytest.raises(SheetError) as caught:
        read_sheet(path)
    return caught.value.problem


def spreadsheet(path, rows):
    """An ODS document; cells are (attributes, shown text)."""
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )
    lines = [
        "<table:table-row>"
        + "".join(
            f"<table:table-cell {facts}>{f'<text:p>{shown}</text:p>' if shown else ''}"
            "</table:table-cell>"
            for facts, shown in row
        )
        + "</table:table-row>"
        for row in rows
    ]
    body = f'<table:table table:name="a">{"".join(lines)}</table:table>'
    text = (
        f"<office:document-content {names}><office:body><office:spreadsheet>{body}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", text)
    return path


WORD = 'office:value-type="string"'


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (0.8, "0%", "80%"),
        (0.805, "0%", "80.5%"),
        (80, '0"%"', "80%"),
        (7.64, "0.0", 7.64),
        (7, "General", 7),
        (65, '0" years"', 65),
        (-3.3, "0.0;[Red]-0.0", -3.3),
    ],
)
def test_numbers_of_a_workbook_as_they_are_shown(tmp_path, value, number_format, shown):
    path = workbook(tmp_path / "t.xlsx", [["a"], [value]], [("A2", number_format)])
    assert read_sheet(path).rows == ((2, (shown,)),)


@pytest.mark.parametrize("number_format", [";;;", '0;-0;"-"', '"yes"', "0,"])
def test_a_display_that_tells_something_else_is_refused_by_its_cell(tmp_path, number_format):
    path = workbook(tmp_path / "t.xlsx", [["a", "b"], [1, 0]], [("B2", number_format)])
    problem = problem_of(path)
    assert (problem.row, problem.column) == (2, "b")
    assert "shows something else" in problem.problem


def test_merged_cells_are_refused_unless_empty(tmp_path):
    rows = [["a", "day"], [1, date(2024, 3, 1)], [2, None]]
    problem = problem_of(workbook(tmp_path / "t.xlsx", rows, merge=["B2:B3"]))
    assert (problem.row, problem.column) == (2, "day")
    assert "rows 2 to 3" in problem.problem
    empty = workbook(tmp_path / "e.xlsx", [["a", "b"], [1, None], [2, None]], merge=["B2:B3"])
    assert len(read_sheet(empty).rows) == 2


def test_excel_tells_the_separator_in_a_first_line(tmp_path):
    (tmp_path / "t.csv").write_text("sep=;\na;b,c\n1;2\n")
    found = read_sheet(tmp_path / "t.csv")
    assert (found.header, found.rows) == (("a", "b,c"), ((3, ("1", "2")),))


def test_cells_of_libreoffice_as_they_are_shown(tmp_path):
    rows = [
        [(WORD, "a"), (WORD, "b"), (WORD, "c"), (WORD, "d")],
        [
            ('office:value-type="float" office:value="7.6"', "7,6"),
            ('office:value-type="percentage" office:value="0.8"', "80%"),
            ('office:value-type="date" office:date-value="2024-03-01"', "01.03.24"),
            (WORD, "Nu\u031b\u0303"),
        ],
        [('table:number-columns-repeated="16384"', "")],
    ]
    found = read_sheet(spreadsheet(tmp_path / "t.ods", rows))
    assert found.rows == ((2, (7.6, "80%", date(2024, 3, 1), "Nữ")),)


@pytest.mark.parametrize(
    ("facts", "shown", "word"),
    [
        ('table:number-rows-spanned="2" office:value-type="float" office:value="1"', "1", "merged"),
        ('table:formula="of:=1+1"', "", "formula"),
    ],
)
def test_cells_of_libreoffice_that_are_not_sure(tmp_path, facts, shown, word):
    path = spreadsheet(tmp_path / "t.ods", [[(WORD, "a")], [(facts, shown)]])
    assert word in problem_of(path).problem


def test_spss_gives_labels_and_no_user_missing_values(tmp_path):
    pandas = pytest.importorskip("pandas")
    import pyreadstat

    frame = pandas.DataFrame({"sex": [1.0, 2.0], "odi": [80.0, 99.0], "vas": [0.0, 7.0]})
    pyreadstat.write_sav(
        frame, tmp_path / "t.sav",
        variable_value_labels={"sex": {1: "Nam", 2: "Nữ"}, "vas": {0: "no pain"}},
        missing_ranges={"odi": [99]},
    )  # fmt: skip
    found = read_sheet(tmp_path / "t.sav")
    assert found.header == ("sex", "odi", "vas")
    assert found.rows == ((2, ("Nam", 80.0, 0.0)), (3, ("Nữ", None, 7.0)))


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path):
    for name in ("t.ods", "t.xlsx"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("content.xml", b"0" * 310_000_000)
        assert "unpacks to 310 MB" in problem_of(tmp_path / name).problem


def test_xml_entities_do_not_expand(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">]><a>&b;</a>'
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as archive:
        archive.writestr("content.xml", bomb)
    assert "no readable ODS" in problem_of(tmp_path / "t.ods").problem


def test_headers_are_compared_without_blanks_and_capitals():
    assert column_key(" VAS  Pre-op ") == "vas_pre_op"


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("7,6", None, 7.6), ("7,600", ",", 7.6), ("−3.3", None, -3.3), (",5", None, 0.5)],
)
def test_numbers(text, decimal, value):
    assert parse_number(text, decimal) == value


@pytest.mark.parametrize(("text", "decimal"), [("7,600", None), ("7,6", "."), ("1.234,5", None)])
def test_numbers_that_could_mean_two(text, decimal):
    with pytest.raises(CellError):
        parse_number(text, decimal)


@pytest.mark.parametrize(
    "text",
    ["2023-04-18 00:00:00", "2023/4/18", "2023-4-18", "20230418", "2023-04-18T10:00:00Z",
     "18.04.2023", "18.4.2023 00:00"],
)  # fmt: skip
def test_dates_that_cannot_be_confused(text):
    assert parse_date(text) == date(2023, 4, 18)


def test_order_is_found_only_where_a_day_exceeds_twelve():
    assert find_order(["01/02/2023", "04.05.2023"]) is None
    assert find_order(["01/02/2023", "13/02/2023"]) == ("dmy", "13/02/2023")
    with pytest.raises(MixedOrderError):
        find_order(["13/02/2023", "02/13/2023"])


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from("/-"))
def test_every_day_in_every_order_reads_back(day, mark):
    for order, pattern in (("dmy", "%d{0}%m{0}%Y"), ("mdy", "%m{0}%d{0}%Y")):
        assert parse_date(day.strftime(pattern.format(mark)), order) == day
    assert parse_date(datetime(day.year, day.month, day.day, 13)) == day


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.sampled_from(["xlsx", "ods"]))
def test_a_damaged_workbook_gives_cells_or_the_one_error(tmp_path, place, data, kind):
    path = tmp_path / f"t.{kind}"
    if kind == "xlsx":
        workbook(path, [["a"], [1]])
    else:
        spreadsheet(path, [[(WORD, "a")], [(WORD, "1")]])
    whole = bytearray(io.BytesIO(path.read_bytes()).getvalue())
    at = place % len(whole)
    whole[at : at + len(data)] = data
    path.write_bytes(bytes(whole))
    try:
        assert read_sheet(path).file == path.name
    except SheetError as error:
        assert error.problem.remedy
