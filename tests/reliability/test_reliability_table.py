"""The long table: aliases, bad rows named one by one, duplicates refused, gaps kept open."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.errors import (
    BadTableRowsError,
    DuplicateReadingsError,
    MixedUnitsError,
    TableError,
)
from kyphometer.reliability.category_csv import read_category_table
from kyphometer.reliability.table import ReadingTable, ValueRow
from kyphometer.reliability.table_csv import parse_reading_table, read_reading_table

DATA = Path(__file__).parents[1] / "data"


def test_published_files_load_under_their_own_column_names():
    scores = read_reading_table(DATA / "shrout_fleiss_1979.csv").cube()
    assert scores.values.shape == (6, 4, 1)
    assert scores.values[0, :, 0].tolist() == [9, 2, 5, 8]
    pressure = read_reading_table(DATA / "bland_altman_1999_sbp.csv").cube()
    assert pressure.values.shape == (85, 3, 3)
    assert pressure.observers == ("J", "R", "S")
    assert np.isfinite(pressure.values).all()


def test_all_columns_are_understood():
    table = parse_reading_table(
        "Film;Patient;Visit;Observer;Session;Code;Value;Unit;Instrumented;Created;Truth\n"
        "f1;p1;pre-op;KN;1;VKA;18,3;deg;no;2026-11-22T10:00;18,0\n"
        "f1;p1;pre-op;KN;2;VKA;not measurable;deg;no;;18,0\n"
    )
    first, second = table.values
    assert (first.value, first.truth, first.visit, first.patient) == (18.3, 18.0, "pre-op", "p1")
    assert (first.instrumented, first.created.year) == (False, 2026)
    assert second.value is None
    assert table.not_measurable == 1
    assert np.isnan(table.cube().values[0, 0, 1])


def test_every_bad_row_is_named():
    text = "film,observer,value\nf1,A,1.0\n,A,2\nf3,B,x\nf4,,3\nf5,B,inf\n"
    with pytest.raises(BadTableRowsError) as caught:
        parse_reading_table(text)
    assert tuple(map(str, caught.value.problems)) == (
        "Row 3 has no film.",
        "Row 4: the value 'x' is not a number.",
        "Row 5 has no observer.",
        "Row 6: the value 'inf' is not a number.",
    )


def test_missing_and_double_columns_are_named():
    with pytest.raises(BadTableRowsError, match=r"no column value .*Its columns are film, rater"):
        parse_reading_table("film,rater\nf,a\n")
    with pytest.raises(BadTableRowsError, match="could be the observer"):
        parse_reading_table("film,rater,reader,value\nf,a,b,1\n")
    with pytest.raises(BadTableRowsError, match="no rows"):
        parse_reading_table("film,observer,value\n")
    with pytest.raises(BadTableRowsError, match="No such file"):
        read_reading_table(DATA / "absent.csv")


def test_duplicates_are_refused_and_never_averaged():
    with pytest.raises(DuplicateReadingsError, match="film f1, observer A, replicate 1"):
        parse_reading_table("film,observer,value\nf1,A,1\nf1,A,3\n")
    table = parse_reading_table("film,observer,replicate,value\nf1,A,1,1\nf1,A,2,3\n")
    assert table.cube().values.shape == (1, 1, 2)


def test_mixed_units_are_refused():
    with pytest.raises(MixedUnitsError, match="deg, rad"):
        parse_reading_table("film,observer,value,unit\nf1,A,1,deg\nf2,A,0.1,rad\n")


def test_replicates_sort_as_numbers():
    rows = "\n".join(f"f1,A,{r},1" for r in (10, 9, 2))
    cube = parse_reading_table(f"film,observer,replicate,value\n{rows}\n").cube()
    assert cube.replicates == ("2", "9", "10")


def test_groups_leave_rows_without_label_out():
    rows = tuple(
        ValueRow(film=f"f{i}", observer="A", value=1.0, visit=visit, instrumented=flag)
        for i, (visit, flag) in enumerate([("pre-op", False), ("6 months", True), ("", None)])
    )
    table = ReadingTable(values=rows)
    assert list(table.grouped("visit")) == ["pre-op", "6 months"]
    assert list(table.grouped("instrumented")) == ["not instrumented", "instrumented"]


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    with contextlib.suppress(BadTableRowsError, DuplicateReadingsError, MixedUnitsError):
        parse_reading_table(text)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from("ABC"), st.floats(-90, 90, allow_nan=False)),
        min_size=1,
        max_size=40,
        unique_by=lambda row: row[:2],
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_tables_survive_the_way_through_csv(rows, delimiter):
    lines = [delimiter.join(("film", "observer", "value"))]
    lines += [delimiter.join((f"f{f}", o, repr(v))) for f, o, v in rows]
    table = parse_reading_table("\n".join(lines))
    assert [(r.film, r.observer, r.value) for r in table.values] == [
        (f"f{f}", o, v) for f, o, v in rows
    ]


def test_hidden_duplicates_and_training_of_an_exported_session_stand_apart(tmp_path):
    from kyphometer.reliability import StudyFacts
    from kyphometer.reliability.collected import read_collected

    path = tmp_path / "session.csv"
    path.write_text(
        "film,observer,replicate,value,duplicate,mirrored\n"
        "f1,KN,1,10,no,no\nf1,KN,1d,11,yes,yes\nf2,KN,1,12,no,no\nf3,KN,1t,30,no,no\n"
    )
    found = read_collected(path, StudyFacts())
    assert [row.value for row in found.table.values] == [10, 12]
    assert [(p.film, p.first, p.second, p.mirrored) for p in found.hidden] == [("f1", 10, 11, True)]


# ------------------------------------------------------------------ a row a film, and workbooks

LONG = {("A", "KN"): 20.5, ("A", "TD"): 21.0, ("B", "KN"): 14.0, ("B", "TD"): None}


@pytest.mark.parametrize("film", ["film", "ID", "Case", "patient"])
def test_a_column_an_observer_is_the_same_as_a_row_a_reading(film):
    table = parse_reading_table(f"{film},KN,TD\nA,20.5,21\nB,14,\n")
    assert {(r.film, r.observer): r.value for r in table.values} == LONG
    assert {(r.replicate, r.code) for r in table.values} == {("1", "")}


@pytest.mark.parametrize(
    "header",
    [
        "film;KN_rep1;KN_rep2;TD_rep1;TD_rep2", "film;KN1;KN2;TD1;TD2", "film;KN 1;KN 2;TD 1;TD 2",
        "film;KN round 1;KN round 2;TD round 1;TD round 2", "film;KN_t1;KN_t2;TD_t1;TD_t2",
    ],
)  # fmt: skip
def test_names_of_columns_tell_observer_and_repeat(header):
    table = parse_reading_table(f"{header}\nA;20,5;20,7;21;22\n")
    assert [(r.observer, r.replicate, r.value) for r in table.values] == [
        ("KN", "1", 20.5), ("KN", "2", 20.7), ("TD", "1", 21.0), ("TD", "2", 22.0),
    ]  # fmt: skip


def test_names_of_columns_tell_the_angle_and_numbered_raters():
    table = parse_reading_table(
        "id,VKA rater1,VKA rater2,RKA rater1,RKA rater2,visit\nA,1,2,3,4,x\n"
    )
    assert [(r.code, r.observer, r.value, r.visit) for r in table.values] == [
        ("VKA", "rater1", 1, "x"), ("VKA", "rater2", 2, "x"), ("RKA", "rater1", 3, "x"),
        ("RKA", "rater2", 4, "x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("film,KN_1,KN_2\nA,1,2\n", "observers or repeats of one"),
        ("KN,TD\n1,2\n", "No column names the films"),
        ("film,KN,TD\nA,1,2\nA,3,4\n", "duplicate readings"),
        ("film,KN,TD\nA,1,two\n", "the value 'two' is not a number"),
    ],
)
def test_wide_tables_that_are_not_clear_are_refused(text, words):
    with pytest.raises(TableError, match=words):
        parse_reading_table(text)


def test_workbooks_and_spss_files_give_what_the_csv_gives(tmp_path):
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame({"film": ["A", "B"], "KN": [20.5, 14.0], "TD": [21.0, None]})
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    pyreadstat.write_sav(frame, str(tmp_path / "t.sav"))
    frame.to_csv(tmp_path / "t.csv", index=False)
    for suffix in ("csv", "xlsx", "sav"):
        table = read_reading_table(tmp_path / f"t.{suffix}")
        assert {(r.film, r.observer): r.value for r in table.values} == LONG


def test_grades_come_in_the_same_forms(tmp_path):
    wide, long = tmp_path / "w.csv", tmp_path / "l.csv"
    wide.write_text("film,KN,TD\nA,1,2\nB,0,0\n")
    long.write_text("film,observer,grade\nA,KN,1\nA,TD,2\nB,KN,0\nB,TD,0\n")
    assert read_category_table(wide) == read_category_table(long)
