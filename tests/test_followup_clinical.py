"""The clinical table: what is taken, and every bad table refused with file, row, column, remedy."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from kyphometer.anatomy import Level
from kyphometer.errors import ClinicalTableError, TableError
from kyphometer.followup.clinical.columns import clinical_columns, describe_columns
from kyphometer.followup.clinical.reader import TableOptions, read_clinical_table
from kyphometer.followup.clinical.record import ClinicalRecord, Complication
from kyphometer.followup.clinical.template import write_template

TODAY = TableOptions(today=date(2026, 1, 1))
GOOD = {
    "patient": "P01",
    "sex": "F",
    "age_years": "65.2",
    "t_score": "-3.3",
    "history": "Rheumatoid arthritis, hypertension",
    "corticosteroids": "yes",
    "mechanism": "household fall",
    "injury_date": "2024-02-25",
    "surgery_date": "2024-03-01",
    "fractured_levels": "L1|T12",
    "posterior_wall_ruptured": "no",
    "pedicle_fractured": "0",
    "posterior_arch_fractured": "FALSE",
    "screws": "6",
    "screws_with_leak": "1",
    "complication_types": "cement_leak|infection",
    "complication_sites": "disc|",
    "complication_symptomatic": "no|yes",
    "vas_preoperative": "7.6",
    "vas_discharge": "4",
    "vas_six_months": "",
    "odi_preoperative": "69.9",
    "ais_preoperative": "D",
    "ais_six_months": "e",
    "clinic_date_one_month": "2024-04-02",
}


def write(path, *rows, delimiter=",", encoding="utf-8"):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def refusal(path, **options):
    with pytest.raises(ClinicalTableError) as caught:
        read_clinical_table(path, replace(TODAY, **options))
    assert str(path.name) in str(caught.value)
    return caught.value


def only(path, **options):
    error = refusal(path, **options)
    assert len(error.problems) == 1, str(error)
    (problem,) = error.problems
    assert problem.file == path.name
    assert problem.remedy
    return problem


def expect_good(record):
    assert record == ClinicalRecord(
        patient="P01", sex="female", age_years=65.2, t_score=-3.3,
        history="Rheumatoid arthritis, hypertension", corticosteroids=True,
        mechanism="household_fall", injury_date=date(2024, 2, 25), surgery_date=date(2024, 3, 1),
        fractured_levels=(Level.L1, Level.T12), posterior_wall_ruptured=False,
        pedicle_fractured=False, posterior_arch_fractured=False, screws=6, screws_with_leak=1,
        complications=(
            Complication(type="cement_leak", site="disc", symptomatic=False),
            Complication(type="infection", site=None, symptomatic=True),
        ),
        vas={"preoperative": 7.6, "discharge": 4.0}, odi={"preoperative": 69.9},
        ais={"preoperative": "D", "six_months": "E"},
        clinic_dates={"one_month": date(2024, 4, 2)},
    )  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_good_csv(tmp_path, delimiter, encoding):
    path = write(tmp_path / "c.csv", GOOD, delimiter=delimiter, encoding=encoding)
    table = read_clinical_table(path, TODAY)
    expect_good(table.records[0])
    assert table.source == "c.csv"
    assert table.surgery_dates == {"P01": date(2024, 3, 1)}
    row = table.rows()[0]
    assert (row["vas_discharge"], row["complications"]) == (4.0, "cement_leak|infection")


def test_a_good_xlsx_with_native_cells(tmp_path):
    book = Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("Clinical")
    sheet.append(list(GOOD))
    native = GOOD | {
        "age_years": 65.2, "t_score": -3.3, "corticosteroids": True, "screws": 6.0,
        "surgery_date": datetime(2024, 3, 1), "injury_date": date(2024, 2, 25),
        "pedicle_fractured": 0, "vas_discharge": 4, "vas_six_months": None,
    }  # fmt: skip
    sheet.append(list(native.values()))
    sheet.append([None] * 5)
    book.save(tmp_path / "c.xlsx")
    (record,) = read_clinical_table(tmp_path / "c.xlsx", TODAY).records
    expect_good(record)


def test_numeric_patient_codes_of_a_workbook_stay_codes(tmp_path):
    book = Workbook()
    book.active.append(["patient", "surgery_date"])
    book.active.append([7, datetime(2024, 3, 1)])
    book.save(tmp_path / "c.xlsx")
    assert read_clinical_table(tmp_path / "c.xlsx", TODAY).records[0].patient == "7"


def test_wrong_column_names_the_right_one(tmp_path):
    path = write(tmp_path / "c.csv", GOOD | {"t_scores": "-3"})
    problem = only(path)
    assert (problem.row, problem.column) == (1, "t_scores")
    assert "rename it to t_score" in problem.remedy
    assert read_clinical_table(write(path, GOOD | {"x_ward": "7"}), TODAY).records


def test_missing_and_double_columns(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("sex,age_years,age_years\nmale,60,61\n")
    problems = {(p.row, p.column): p.problem for p in refusal(path).problems}
    assert "twice" in problems[1, "age_years"]
    assert "missing" in problems[1, "patient"]


@pytest.mark.parametrize(
    ("column", "cell", "problem", "remedy"),
    [
        ("age_years", "old", "no number", "plain number"),
        ("age_years", "130", "out of range", "from 0 to 120"),
        ("vas_discharge", "11", "out of range", "from 0 to 10"),
        ("vas_discharge", "-1", "out of range", "from 0 to 10"),
        ("vas_discharge", "4,555", "decimals or thousands", "write 4.555 or 4555"),
        ("vas_discharge", "40%", "in percent, the column is not", "unit of the column"),
        ("age_years", "99", "usual code for not known", "--missing 99, or --missing none"),
        ("vas_discharge", "99", "out of range", "--missing 99"),
        ("odi_preoperative", "101", "out of range", "from 0 to 100"),
        ("odi_preoperative", "70 percent", "no number", "plain number"),
        ("odi_preoperative", "1e999", "no number", "plain number"),
        ("t_score", "-33", "out of range", "-9 to 6"),
        ("screws", "5.5", "no whole number", "whole number"),
        ("surgery_date", "2024-02-30", "no day of the calendar", "YYYY-MM-DD"),
        ("surgery_date", "01/03/2024", "cannot be told apart|can be told apart", "YYYY-MM-DD"),
        ("surgery_date", "2031-03-01", "in the future", "correct"),
        ("surgery_date", "0204-03-01", "before 1900", "correct"),
        ("surgery_date", "2024-02-20", "before the injury", "correct one"),
        ("ais_preoperative", "F", "not in the list", "A, B, C, D, E"),
        ("sex", "girl", "not in the list", "female"),
        ("corticosteroids", "maybe", "neither yes nor no", "write yes or no"),
        ("fractured_levels", "L9", "no vertebral level", "T12"),
        ("fractured_levels", "L1|L1", "there twice", "once"),
        ("mechanism", "#REF!", "spreadsheet error", "formula"),
        ("screws_with_leak", "7", "7 of 6 screws", "among the placed"),
        ("complication_sites", "disc", "lists 1 but", "one for each"),
        ("complication_types", "none|infection", "beside others", "delete 'none'"),
        ("clinic_date_one_month", "2024-02-01", "before surgery", "correct one"),
    ],
)
def test_bad_cells_are_refused_in_place(tmp_path, column, cell, problem, remedy):
    rows = [GOOD, GOOD | {"patient": "P02", column: cell}]
    found = only(write(tmp_path / "c.csv", *rows))
    assert (found.row, found.column) == (3, column)
    assert any(word in found.problem for word in problem.split("|"))
    assert remedy in found.remedy
    assert str(found).startswith("c.csv, row 3, column ")


def test_unknown_patient_and_duplicate_row(tmp_path):
    path = write(tmp_path / "c.csv", GOOD, GOOD | {"patient": "P02"}, GOOD)
    problems = refusal(path, known_patients=["P01", "P20"]).problems
    assert [(p.row, p.column) for p in problems] == [(3, "patient"), (4, "patient")]
    assert "P02 is not in the study" in problems[0].problem
    assert "P20" in problems[0].remedy
    assert "already in row 2" in problems[1].problem


def test_every_problem_is_reported_and_nothing_imported(tmp_path):
    rows = [
        GOOD | {"patient": f"P{i}", "age_years": "x", "vas_preoperative": "99"} for i in range(60)
    ]
    error = refusal(write(tmp_path / "c.csv", *rows))
    assert len(error.problems) == 120
    assert "120 problems" in str(error)
    assert "and 70 more" in str(error)
    assert error.exit_status == TableError.exit_status


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "latin-1"])
def test_other_encodings_are_refused_unless_stated(tmp_path, encoding):
    rows = [GOOD, GOOD | {"patient": "P02", "history": "Müller-Krankheit"}]
    path = write(tmp_path / "c.csv", *rows, encoding=encoding)
    problem = only(path)
    assert "CSV UTF-8" in problem.remedy
    if encoding in ("cp1252", "latin-1"):
        assert (problem.row, problem.column) == (3, "history")
    else:
        assert problem.row == 1
        assert "UTF-16" in problem.problem
    table = read_clinical_table(path, replace(TODAY, encoding=encoding))
    assert table.records[1].history == "Müller-Krankheit"


def test_utf_16_with_its_mark_is_known_by_it(tmp_path):
    expect_good(
        read_clinical_table(write(tmp_path / "c.csv", GOOD, encoding="utf-16"), TODAY).records[0]
    )


@pytest.mark.parametrize("cell", [".", "NaN", "NULL", "n/a", "99"])
def test_cells_that_mean_not_known(tmp_path, cell):
    row = GOOD | {"age_years": cell, "odi_preoperative": cell}
    found = read_clinical_table(
        write(tmp_path / "c.csv", row), replace(TODAY, missing=frozenset({"99"}))
    ).records[0]
    assert (found.age_years, dict(found.odi)) == (None, {})


def test_ninety_nine_is_a_value_where_somebody_says_so(tmp_path):
    path = write(tmp_path / "c.csv", GOOD | {"age_years": "99"})
    assert read_clinical_table(path, replace(TODAY, missing=frozenset())).records[0].age_years == 99


@pytest.mark.parametrize(
    ("cells", "day", "remark"),
    [
        (["01/03/2024", "18/03/2024"], date(2024, 3, 1), "day/month/year"),
        (["01/03/2024", "03/18/2024"], date(2024, 1, 3), "month/day/year"),
    ],
)
def test_order_of_dates_is_found_and_said(tmp_path, cells, day, remark):
    rows = [
        {"patient": f"P{i}", "surgery_date": cell, "vas_discharge": "1"}
        for i, cell in enumerate(cells)
    ]
    table = read_clinical_table(write(tmp_path / "c.csv", *rows), TODAY)
    assert table.records[0].surgery_date == day
    assert remark in table.remarks[0]


def test_order_of_dates_that_nothing_tells_is_asked_for(tmp_path):
    path = write(tmp_path / "c.csv", {"patient": "P1", "surgery_date": "01/03/2024"})
    assert "--dates dmy" in only(path).remedy
    read = read_clinical_table(path, replace(TODAY, dates="mdy")).records[0]
    assert read.surgery_date == date(2024, 1, 3)


def test_dates_of_two_orders_are_refused(tmp_path):
    rows = [
        {"patient": f"P{i}", "surgery_date": d} for i, d in enumerate(["18/03/2024", "03/18/2024"])
    ]
    path = write(tmp_path / "c.csv", *rows)
    assert any("18/03/2024 has the day first" in p.problem for p in refusal(path).problems)


@pytest.mark.parametrize(
    ("word", "sex"), [("Nam", "male"), ("Nữ", "female"), ("Nu\u031b\u0303", "female")]
)
def test_sex_in_vietnamese_however_composed(tmp_path, word, sex):
    assert (
        read_clinical_table(write(tmp_path / "c.csv", GOOD | {"sex": word}), TODAY).records[0].sex
        == sex
    )


def test_headers_with_blanks_and_capitals(tmp_path):
    row = {"Patient": "P1", " Surgery date": "2024-03-01", "VAS  preoperative ": "7"}
    assert read_clinical_table(write(tmp_path / "c.csv", row), TODAY).records[0].vas == {
        "preoperative": 7
    }


def test_unknown_encoding(tmp_path):
    assert "no encoding" in only(write(tmp_path / "c.csv", GOOD), encoding="klingon").problem


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_decimal_commas_are_taken_unless_points_are_stated(tmp_path, delimiter):
    german = GOOD | {"age_years": "65,2", "t_score": "-3,3", "vas_preoperative": "7,6"}
    german["odi_preoperative"] = "69,9"
    path = write(tmp_path / "c.csv", german, delimiter=delimiter)
    assert [p.column for p in refusal(path, decimal=".").problems] == [
        "age_years", "t_score", "vas_preoperative", "odi_preoperative",
    ]  # fmt: skip
    expect_good(read_clinical_table(path, TODAY).records[0])
    expect_good(read_clinical_table(path, replace(TODAY, decimal=",")).records[0])


def test_unquoted_comma_decimal_makes_the_row_too_long(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("patient,surgery_date,vas_preoperative\nP01,2024-03-01,7,6\nP02,2024-03-01\n")
    problems = refusal(path).problems
    assert [(p.row, p.column) for p in problems] == [(2, None), (3, "vas_preoperative")]
    assert "4 cells but the header has 3" in problems[0].problem
    assert "ends early" in problems[1].problem


def test_files_that_are_no_table(tmp_path):
    assert "cannot be opened" in only(tmp_path / "missing.csv").problem
    (tmp_path / "c.doc").write_text("x")
    assert "no table" in only(tmp_path / "c.doc").problem
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    assert "no readable XLSX" in only(tmp_path / "c.xlsx").problem
    (tmp_path / "e.csv").write_text("")
    assert "row 1 is empty" in only(tmp_path / "e.csv").problem
    (tmp_path / "h.csv").write_text("patient,surgery_date\n")
    assert "no patient" in only(tmp_path / "h.csv").problem
    (tmp_path / "q.csv").write_text('patient,surgery_date\n"P01,2024-03-01\n')
    assert "quotes" in only(tmp_path / "q.csv").problem


def test_old_line_ends_and_wide_empty_rows_are_read(tmp_path):
    (tmp_path / "m.csv").write_bytes(b"patient,surgery_date\rP01,2024-03-01\rP02,\r")
    assert len(read_clinical_table(tmp_path / "m.csv", TODAY).records) == 2
    book = Workbook()
    book.active.append(["patient", "surgery_date"])
    book.active.append(["P01", "2024-03-01", None, " "])
    book.save(tmp_path / "c.xlsx")
    assert len(read_clinical_table(tmp_path / "c.xlsx", TODAY).records) == 1


def test_formula_that_was_never_calculated_is_no_missing_value(tmp_path):
    book = Workbook()
    book.active.append(["patient", "surgery_date", "vas_preoperative"])
    book.active.append(["P01", date(2024, 3, 1), "=3+4"])
    book.save(tmp_path / "c.xlsx")
    problem = only(tmp_path / "c.xlsx")
    assert (problem.row, problem.column) == (2, "vas_preoperative")
    assert "formula" in problem.problem


def test_unknown_is_not_none(tmp_path):
    rows = [
        {"patient": "A", "surgery_date": "2024-03-01", "complication_types": ""},
        {"patient": "B", "surgery_date": "", "complication_types": "none"},
    ]
    unknown, none = read_clinical_table(write(tmp_path / "c.csv", *rows), TODAY).records
    assert unknown.complications is None
    assert none.complications == ()
    assert none.surgery_date is None


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx"])
def test_template_filled_in_is_read_back(tmp_path, name):
    path = tmp_path / name
    write_template(path, patients=["P01", "P02"])
    table = read_clinical_table(path, TODAY)
    assert [r.patient for r in table.records] == ["P01", "P02"]
    assert table.records[0].vas == {}
    with pytest.raises(ClinicalTableError, match=r"\.csv or \.xlsx"):
        write_template(tmp_path / "t.pdf")


def test_every_column_is_documented():
    described = describe_columns()
    names = [row["column"] for row in described]
    assert names == [c.name for c in clinical_columns()]
    assert len(set(names)) == len(names)
    assert {"vas_one_month", "odi_six_months", "ais_discharge"} <= set(names)
    assert all(row["meaning"] and row["cell"] for row in described)


def test_records_travel_as_json(tmp_path):
    record = read_clinical_table(write(tmp_path / "c.csv", GOOD), TODAY).records[0]
    assert ClinicalRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
    with pytest.raises(TableError, match="version 1"):
        ClinicalRecord.from_dict({"format": "x"})
    with pytest.raises(TableError, match="damaged"):
        ClinicalRecord.from_dict(record.to_dict() | {"surgery_date": "soon"})
    with pytest.raises(TableError, match="damaged"):
        ClinicalRecord.from_dict(record.to_dict() | {"shoe_size": 44})


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b"\n\r\x01\x80")
@example(b"\x85\x80")
@example(b'"' + b"x" * 200_000 + b"\x80")
def test_any_bytes_give_a_table_or_the_one_error(tmp_path, data):
    for name in ("f.csv", "f.xlsx"):
        (tmp_path / name).write_bytes(b"patient,surgery_date\n" * (name == "f.csv") + data)
        try:
            read_clinical_table(tmp_path / name, TODAY)
        except ClinicalTableError as error:
            problems = error.problems
        else:
            problems = ("none",)
        assert problems
