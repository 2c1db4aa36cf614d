"""Studies from tables alone: angles measured elsewhere, in every form that people hand them in."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest

from kyphometer.cli import main
from kyphometer.errors import ClinicalTableError, UnacceptedChangesError
from kyphometer.followup.clinical.columns import clinical_columns
from kyphometer.followup.clinical.headers import meaning, suggestion
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.followup.windows import DEFAULT_WINDOWS
from kyphometer.store import Study
from kyphometer.workflow.study import analyse_study

PUBLISHED = Path(__file__).parent.parent / "docs" / "tables" / "published_study.csv"
COLUMNS = {column.name: column for column in clinical_columns()}


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "s.study") as made:
        yield made


def take(study, path, **options):
    return study.set_clinical(read_clinical_table(path), add_patients=True, **options)


def values(study):
    return {(v.patient, v.visit, v.code, v.observer): v.value for v in study.measured_elsewhere()}


def test_the_published_study_from_two_commands(tmp_path, capsys):
    new = ["study", "new", str(tmp_path / "p.db"), "--table", str(PUBLISHED)]
    new += ["--films-at", "preop,6m", "--position", "standing"]
    assert main(new) == 0
    out = ["report", str(tmp_path / "p.db"), "-o", str(tmp_path / "r.html")]
    assert main([*out, "--tables", str(tmp_path / "t")]) == 0
    said = capsys.readouterr().out
    for printed in (
        "VKA 18.3 ± 2.8° pre-op and 12.8 ± 1.8° at 6 months in the 21 patients",
        "RKA 20.8 ± 3.2° pre-op and 14.0 ± 1.8° at 6 months in the 21 patients",
        "VAS 7.6 ± 0.7 points pre-op and 1.8 ± 0.6 points at 6 months",
        "ODI 69.9 ± 12.1 % pre-op and 24.6 ± 7.7 % at 6 months",
        "AIS: 3 of 21 improved, 18 the same, 0 worse",
        "Complications in 4 of 21 patients",
        "All 84 values were measured elsewhere",
        "Exclusions and refusals: 0",
    ):
        assert printed in said, printed
    with (tmp_path / "t" / "table_1.csv").open(encoding="utf-8") as stream:
        table = {row["characteristic"]: row["value"] for row in csv.DictReader(stream)}
    assert table["Age, years"] == "65.2 ± 5.5 (56.0 to 76.0)"
    assert table["T-score"] == "−3.3 ± 0.6 (−4.8 to −2.6)"
    for name, share in {
        "Sex: female": "76.2 %",
        "Mechanism: household fall": "76.2 %",
        "Posterior wall ruptured: yes": "38.1 %",
        "Pedicle fractured: yes": "19.0 %",
        "Posterior arch fractured: yes": "14.3 %",
    }.items():
        assert share in table[name]


WIDE = lines("patient,VKA preop,vka_6m", "P1,18.5,12.5", "P2,20,14")
BY_VISIT = lines("patient,visit,VKA", "P1,Pre-op,18.5", "P1,6 months,12.5", "P2,preoperative,20",
                 "P2,six_months,14")  # fmt: skip
LONG = lines("patient,visit,code,value", "P1,preop,VKA,18.5", "P1,6m,VKA,12.5", "P2,preop,VKA,20",
             "P2,6m,VKA,14")  # fmt: skip
EXCEL = "\ufeff" + lines("Patient;VKA pre-op;VKA 6 months", "P1;18,5;12,5", "P2;20;14")
REDCAP = lines("record_id,redcap_event_name,vka,demographics_complete",
               "P1,preoperative_arm_1,18.5,2", "P1,six_months_arm_1,12.5,2",
               "P2,preoperative_arm_1,20,2", "P2,six_months_arm_1,14,2")  # fmt: skip
DAYS = lines("patient;days;vka", "P1;-1;18,5", "P1;180;12,5", "P2;-3;20", "P2;190;14")


@pytest.mark.parametrize("text", [WIDE, BY_VISIT, LONG, EXCEL, REDCAP, DAYS])
def test_forms_that_mean_the_same(tmp_path, study, text):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    take(study, tmp_path / "t.csv")
    assert values(study) == {
        ("P1", "preoperative", "VKA", "not stated"): 18.5,
        ("P1", "six_months", "VKA", "not stated"): 12.5,
        ("P2", "preoperative", "VKA", "not stated"): 20.0,
        ("P2", "six_months", "VKA", "not stated"): 14.0,
    }


def test_dates_need_the_surgery_date_and_then_are_visits(tmp_path, study):
    (tmp_path / "t.csv").write_text(
        lines("patient,date,surgery_date,rka", "P1,2024-01-09,2024-01-10,20",
              "P1,2024-07-09,2024-01-10,15")
    )  # fmt: skip
    take(study, tmp_path / "t.csv")
    assert {key[1] for key in values(study)} == {"preoperative", "six_months"}


def test_observers_and_repeats_give_the_study_its_own_precision(tmp_path, study):
    rows = ["patient,visit,observer,replicate,VKA"]
    noise = random.Random(7)
    for patient in range(12):
        for visit, base in (("preop", 20), ("6m", 14)):
            for observer, offset in (("KN", 0.0), ("MB", 1.0)):
                for again in (1, 2):
                    value = base + patient + offset + noise.gauss(0, 1)
                    rows.append(f"P{patient},{visit},{observer},{again},{value}")
    (tmp_path / "t.csv").write_text(lines(*rows))
    take(study, tmp_path / "t.csv")
    results = analyse_study(study)
    cohort = results.cohort
    precision = cohort.rules.precision["VKA"]
    assert precision.readings == 2
    assert "24 films read by KN and MB, 96 readings" in precision.description
    (value,) = {a.readings for item in cohort.corrections.patients for a in item.angles}
    assert value == 2  # one reading of each observer; the repeats serve the SEM


def test_merge_rule_and_undo(tmp_path, study):
    path = tmp_path / "t.csv"
    path.write_text(lines("patient,vka_preop,vka_6m", "P1,18,12"))
    assert take(study, path) == ("P1",)
    assert take(study, path) == ()  # the same
    path.write_text(lines("patient,vka_preop,vka_6m", "P1,19,"))
    with pytest.raises(UnacceptedChangesError, match=r"VKA at preoperative: 18\.0 -> 19\.0"):
        take(study, path)
    take(study, path, accept_changes=True)
    assert values(study)["P1", "preoperative", "VKA", "not stated"] == 19.0
    assert values(study)["P1", "six_months", "VKA", "not stated"] == 12.0  # empty cells erase not
    path.write_text(lines("patient,rka_preop", "P1,25"))
    take(study, path)  # new
    assert len(values(study)) == 3
    entry = [e for e in study.audit() if e.action == "clinical.save"][1]
    with pytest.raises(Exception, match="changed since"):
        study.undo(entry.id)
    for entry in reversed([e for e in study.audit() if e.action == "clinical.save"][1:]):
        study.undo(entry.id)
        break
    assert len(values(study)) == 2


def test_source_is_named_wherever_the_number_is(tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text(WIDE)
    place = str(tmp_path / "s.db")
    assert main(["study", "new", place, "--position", "standing"]) == 0
    assert main(["study", "import-angles", place, str(table)]) == 0
    capsys.readouterr()
    assert main(["study", "measurements", place, "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row["source"] for row in rows} == {"measured elsewhere"}
    with Study.open(place) as study:
        results = analyse_study(study)
        study.export(tmp_path / "e")
    assert {row["source"] for row in results.cohort.corrections.rows()} == {"measured elsewhere"}
    assert "measured elsewhere" in (tmp_path / "e" / "measurements.csv").read_text()
    assert results.counts.elsewhere == 4


def test_export_and_import_keep_them(tmp_path, study):
    take(study, PUBLISHED)
    before = values(study)
    study.export(tmp_path / "e")
    copy = Study.import_export(tmp_path / "e", tmp_path / "c.study")
    with copy:
        assert values(copy) == before


def test_unknown_patients_are_refused_where_there_are_films(tmp_path, study):
    path = tmp_path / "t.csv"
    path.write_text(WIDE)
    with pytest.raises(Exception, match="P1"):
        study.set_clinical(read_clinical_table(path))
    assert study.patients() == ()


def test_own_columns_are_kept_and_described(tmp_path, study):
    path = tmp_path / "t.csv"
    path.write_text(lines("patient;x_bmi;x_ward;vka_preop", "P1;22,5;A;18", "P2;27,5;B;19"))
    take(study, path)
    records = {record.patient: record.own for record in study.clinical().records}
    assert records["P1"] == {"x_bmi": 22.5, "x_ward": "A"}
    table = {row["label"]: row for row in analyse_study(study).cohort.table_one.rows()}
    assert table["bmi"]["mean"] == 25.0
    assert table["ward"]["count"] == 1


@pytest.mark.parametrize(
    ("title", "code", "visit", "observer", "replicate"),
    [
        ("VKA (deg)", "VKA", None, "", None),
        ("RKA 6 months KN rep2", "RKA", "six_months", "KN", 2),
        ("t12s_l2i_6m", "T12_L2", "six_months", "", None),
        ("T12.sup-L2.inf", "T12_L2", None, "", None),
        ("preop_vka", "VKA", "preoperative", "", None),
    ],
)
def test_names_of_angles(title, code, visit, observer, replicate):
    found = meaning(title, COLUMNS, DEFAULT_WINDOWS)
    assert found is not None
    assert found.role == "angle"
    assert (found.name, found.visit) == (code, visit)
    assert (found.observer, found.replicate) == (observer, replicate)


@pytest.mark.parametrize("name", ["vka", "vka_x", "posterior_arch_ruptured", "bmi", "age"])
def test_no_suggestion_crosses_meaning(name):
    assert suggestion(name, COLUMNS) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lines("patient,VKA", "P1,18"), "does not say when"),
        (lines("patient,vka_3m", "P1,18"), "VKA_VISIT"),
        (lines("patient,vka_preop", "P1,180"), "out of range"),
        (lines("patient,visit,vka", "P1,preop,18", "P1,preop,19"), "there twice"),
        (lines("patient,visit,code,value", "P1,preop,LK,18"), "several angles"),
        (lines("patient,visit,vka", "P1,spring,18"), "no visit of the study"),
        (lines("patient,visit,age_years,vka", "P1,preop,60,18", "P1,6m,61,12"), "differs from row"),
    ],
)
def test_refusals_say_what_to_do(tmp_path, text, words):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ClinicalTableError) as refusal:
        read_clinical_table(path)
    assert words in str(refusal.value)


def test_films_at_is_a_setting(tmp_path, capsys):
    place = str(tmp_path / "s.db")
    assert main(["study", "new", place, "--films-at", "preop,6m"]) == 0
    capsys.readouterr()
    assert main(["study", "settings", place]) == 0
    windows = json.loads(capsys.readouterr().out)["visits"]["windows"]
    assert [item["filmed"] for item in windows] == [True, False, False, True]
