"""A study to REDCap's files and back."""

from __future__ import annotations

import csv

import pytest
from arm_cases import trial, write_trial

from kyphometer.cli import main
from kyphometer.followup.clinical.headers import visit_of
from kyphometer.followup.windows import DEFAULT_WINDOWS
from kyphometer.store import Study
from kyphometer.workflow.redcap import unique_event_name
from kyphometer.workflow.study import clinical_table


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("redcap")
    values, first = trial(12)
    write_trial(folder / "trial.csv", values, first)
    study = str(folder / "study.db")
    words = ("--table", str(folder / "trial.csv"), "--position", "standing")
    assert main(["study", "new", study, *words]) == 0
    assert main(["study", "export", study, str(folder / "redcap"), "--redcap"]) == 0
    return folder


def test_the_dictionary_has_redcaps_columns_and_lawful_fields(project):
    found = rows(project / "redcap" / "data_dictionary.csv")
    assert len(found[0]) == 18
    assert next(iter(found[0])) == "Variable / Field Name"
    names = [row["Variable / Field Name"] for row in found]
    assert names[0] == "record_id"
    assert len(set(names)) == len(names)
    for row, name in zip(found, names, strict=True):
        assert name.isascii()
        assert name == name.lower()
        assert name[0].isalpha()
        assert row["Field Type"] in ("text", "radio", "yesno")
        assert row["Field Label"]
        choices = row["Choices, Calculations, OR Slider Labels"]
        assert bool(choices) == (row["Field Type"] == "radio")
    by_name = dict(zip(names, found, strict=True))
    assert by_name["vas"]["Text Validation Max"] == "10"
    assert by_name["sex"]["Choices, Calculations, OR Slider Labels"].startswith("female, female | ")
    assert by_name["vka"]["Form Name"] == "followup"
    assert by_name["surgery_date"]["Text Validation Type OR Show Slider Number"] == "date_ymd"


def test_events_are_the_visits_and_forms_of_one_form_stand_together(project):
    events = rows(project / "redcap" / "events.csv")
    assert [row["unique_event_name"] for row in events][-1] == "six_months_arm_1"
    forms = rows(project / "redcap" / "event_forms.csv")
    assert [row["form"] for row in forms] == ["patient"] + ["followup"] * 4
    dictionary = [row["Form Name"] for row in rows(project / "redcap" / "data_dictionary.csv")]
    assert dictionary == sorted(dictionary, reverse=True)  # REDCap wants a form's fields together
    records = rows(project / "redcap" / "records.csv")
    assert set(records[0]) - {"redcap_event_name"} == {
        row["Variable / Field Name"] for row in rows(project / "redcap" / "data_dictionary.csv")
    }


def labelled(folder, path):
    """The records as REDCap exports them with labels in place of codes."""
    words = {"1": "Yes", "0": "No", "": ""}
    choices = {}
    for row in rows(folder / "data_dictionary.csv"):
        name, listed = row["Variable / Field Name"], row["Choices, Calculations, OR Slider Labels"]
        if row["Field Type"] == "yesno":
            choices[name] = words
        elif listed:
            pairs = (item.split(", ", 1) for item in listed.split(" | "))
            choices[name] = {"": "", **dict(pairs)}
    choices["redcap_event_name"] = {
        row["unique_event_name"]: row["event_name"].capitalize()
        for row in rows(folder / "events.csv")
    }
    table = [
        {name: choices[name][cell] if name in choices else cell for name, cell in row.items()}
        for row in rows(folder / "records.csv")
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


@pytest.mark.parametrize("labels", [False, True])
def test_what_went_out_comes_in_again(project, tmp_path, labels):
    path = project / "redcap" / "records.csv"
    if labels:
        path = labelled(project / "redcap", tmp_path / "labels.csv")
    study = str(tmp_path / "again.db")
    assert main(["study", "new", study, "--table", str(path), "--position", "standing"]) == 0
    with Study.open(project / "study.db") as one, Study.open(study) as two:
        before, after = clinical_table(one), clinical_table(two)
        assert {r.patient: r for r in after.records}.keys() == before.by_patient.keys()
        for record in before.records:
            again = after.by_patient[record.patient].to_dict()
            for name, value in record.to_dict().items():
                if name != "angles":
                    assert again[name] == value, (record.patient, name)
        numbers = [
            {(m.patient, m.code, round(m.value, 6)) for m in s.measured_elsewhere(["VKA"])}
            for s in (one, two)
        ]
        assert numbers[0] == numbers[1]


def test_long_names_of_visits_are_found_in_redcaps_short_ones():
    for visit in map(str, DEFAULT_WINDOWS.visits):
        assert visit_of(unique_event_name(visit), DEFAULT_WINDOWS) == visit
    assert unique_event_name("twenty_four_months_after") == "twenty_four_months_arm_1"


BOXES = """record_id,redcap_event_name,{},{},{},{},{},vka
P1,preoperative_arm_1,1,0,1,0,0,18.5
P1,six_months_arm_1,,,0,0,1,12.5
P2,preoperative_arm_1,0,0,1,1,0,19.5
P2,six_months_arm_1,,,0,0,0,13.5
"""
RAW = (
    "complication_types___cement_leak", "complication_types___none", "symptoms___numbness",
    "symptoms___weakness", "symptoms___none",
)  # fmt: skip
LABELLED = (
    "Complication types (choice=Cement leak)", "Complication types (choice=None)",
    "Symptoms (choice=Numbness)", "Symptoms (choice=Weakness)", "Symptoms (choice=None)",
)  # fmt: skip


@pytest.mark.parametrize(("titles", "words"), [(RAW, "10"), (LABELLED, ("Checked", "Unchecked"))])
def test_boxes_of_a_checkbox_field_are_a_list(tmp_path, capsys, titles, words):
    head, *lines = BOXES.format(*titles).splitlines()
    named = {"1": words[0], "0": words[1], "": ""}
    cells = [line.split(",") for line in lines]
    told = [",".join((*r[:2], *(named[cell] for cell in r[2:7]), r[7])) for r in cells]
    path = tmp_path / "export.csv"
    path.write_text("\n".join((head, *told)) + "\n", "utf-8")
    assert main(["study", "new", str(tmp_path / "s.db"), "--table", str(path)]) == 0
    said = "".join(capsys.readouterr())
    assert "no box of complication_types is ticked" in said
    with Study.open(tmp_path / "s.db") as study:
        first, second = (clinical_table(study).by_patient[code] for code in ("P1", "P2"))
    assert [complication.type for complication in first.complications] == ["cement_leak"]
    assert second.complications is None
    assert first.symptoms == {"preoperative": ("numbness",), "six_months": ("none",)}
    assert second.symptoms == {"preoperative": ("numbness", "weakness")}


def test_a_box_that_is_a_number_only_is_refused(tmp_path, capsys):
    path = tmp_path / "export.csv"
    path.write_text("record_id,vka_preop,complication_types___1\nP1,18,1\n", "utf-8")
    assert main(["study", "new", str(tmp_path / "s.db"), "--table", str(path)]) == 7
    assert "export labels" in capsys.readouterr().err
