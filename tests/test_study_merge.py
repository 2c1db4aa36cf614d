"""What is imported again: the same, new, missing, different; and taken back by one command."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian

from kyphometer.anatomy import Level
from kyphometer.cli import main
from kyphometer.dicom import read_film
from kyphometer.errors import StudyRefusedError, UnacceptedChangesError
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.followup.positions import PositionPolicy
from kyphometer.store import ScanOptions, Study
from kyphometer.store.people.people import plain_code
from kyphometer.store.study.settings import StudySettings, merged_settings
from kyphometer.workflow.study_check import study_contradictions

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"
ACCEPT = ScanOptions(accept_changes=True)


@pytest.fixture
def films(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for end in ("dcm", "reading.json"):
        shutil.copy(SAMPLES / f"pre-op.{end}", folder / f"pre-op.{end}")
    return folder


@pytest.fixture
def study(tmp_path, films):
    with Study.create(tmp_path / "s.study") as made:
        made.add_films(films)
        made.import_readings(films, observer="KN")
        yield made


def vka(study):
    (value,) = study.measurements(["VKA"])
    return value.value


def altered(path: Path, target: Path | None = None, **attributes: object) -> Path:
    """A film with other attributes, at its place or another; None takes one away."""
    dataset = pydicom.dcmread(path)
    for name, value in attributes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    dataset.save_as(target or path)
    return target or path


def another_film(path: Path, target: Path, uid: str, **attributes: object) -> Path:
    """A film of other pixels with other attributes."""
    dataset = pydicom.dcmread(path)
    pixels = np.roll(read_film(path).pixels, int(uid.rpartition(".")[2]), axis=0)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = pixels.astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset["PixelData"].is_undefined_length = False
    dataset.SOPInstanceUID = uid
    dataset.save_as(target)
    return altered(target, **attributes)


def tall(path: Path) -> None:
    """Pixels twice as high as they were, and another day."""
    rows, columns = (float(v) for v in pydicom.dcmread(path).ImagerPixelSpacing)
    altered(
        path,
        ImagerPixelSpacing=[f"{2 * rows:.6g}", f"{columns:.6g}"],
        PixelSpacing=[f"{2 * rows:.6g}", f"{columns:.6g}"],
        AcquisitionDate="20230411", StudyDate="20230411", ContentDate="20230411",
    )  # fmt: skip


def test_a_corrected_header_is_listed_asked_for_taken_and_taken_back(study, films):
    before, day = vka(study), study.films()[0].taken_on
    tall(films / "pre-op.dcm")
    for _ in range(2):  # it is told until somebody decides
        (failure,) = study.add_films(films).failed
        assert f"film 1: taken on: {day} -> 2023-04-11" in failure.sentence
        assert "row mm" in failure.sentence
        assert "--accept-changes" in failure.sentence
        assert vka(study) == before
    report = study.add_films(films, options=ACCEPT)
    assert (report.changed, report.failed) == (1, ())
    assert any("taken on" in note.sentence for note in report.notes)
    assert str(study.films()[0].taken_on) == "2023-04-11"
    assert abs(vka(study) - before) > 5
    entry = study.audit()[-1]
    assert entry.action == "film.header"
    undone = study.undo(entry.id)
    assert (undone.action, undone.entries) == ("film.header", (entry.id,))
    with pytest.raises(StudyRefusedError, match="taken back already"):
        study.undo(entry.id)
    assert vka(study) == before
    assert study.films()[0].taken_on == day
    with pytest.raises(StudyRefusedError, match="none that can be taken back"):
        study.undo(study.audit()[-1].id)
    assert study.check() == ()


def test_one_command_takes_back_what_an_import_did_to_every_film(study, films, tmp_path, capsys):
    for uid in ("1.2.3.1", "1.2.3.2"):
        another_film(films / "pre-op.dcm", films / f"{uid}.dcm", uid)
    assert len(study.add_films(films).added) == 2
    known = {film.id: film.taken_on for film in study.films()}
    for path in films.glob("*.dcm"):
        altered(path, AcquisitionDate="20230411", StudyDate="20230411", ContentDate="20230411")
    report = study.add_films(films, options=ACCEPT)
    assert report.changed == len(known)
    assert {film.taken_on for film in study.films()} == {date(2023, 4, 11)}
    entry = next(e.id for e in study.audit() if e.action == "film.header")
    alone = study.undo(entry, only=True)
    assert alone.entries == (entry,)
    assert [film.taken_on == known[film.id] for film in study.films()].count(True) == 1
    study.close()
    last = str(max(e.id for e in study.audit() if e.action == "film.header"))
    where = str(tmp_path / "s.study")
    assert main(["study", "undo", where, last, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["entries"]) == len(known) - 1
    assert {film.id: film.taken_on for film in study.films()} == known
    assert study.check() == ()


def test_an_import_is_not_taken_back_over_what_was_stated_since(study, films):
    tall(films / "pre-op.dcm")
    study.add_films(films, options=ACCEPT)
    entry = study.audit()[-1].id
    study.state_exposure(1, day=date(2023, 4, 12), reason="the film bag")
    with pytest.raises(StudyRefusedError, match="Film 1 was changed since"):
        study.undo(entry)
    assert study.films()[0].taken_on == date(2023, 4, 12)


def test_a_header_that_lost_a_fact_erases_nothing(study, films):
    before = study.films()[0]
    altered(films / "pre-op.dcm", ImagerPixelSpacing=None, PatientOrientation=None)
    assert study.add_films(films).failed == ()
    assert study.films()[0].row_mm == before.row_mm
    assert study.films()[0].facing == before.facing


def test_a_spacing_that_was_stated_by_hand_stays(study, films):
    study.state_spacing(1, 0.5, 0.5, reason="ruler")
    tall(films / "pre-op.dcm")
    study.add_films(films, options=ACCEPT)
    assert (study.films()[0].row_mm, study.films()[0].column_mm) == (0.5, 0.5)


def test_a_patient_that_was_corrected_stays_while_the_header_does(study, films):
    study.set_film_patient(1, "B07", reason="name on the film bag")
    altered(films / "pre-op.dcm", StationName="ROOM 2")
    assert study.add_films(films).failed == ()
    assert study.films()[0].patient == "B07"
    altered(films / "pre-op.dcm", PatientID="SIM-009")
    (failure,) = study.add_films(films).failed
    assert "patient: B07 -> SIM-009" in failure.sentence
    study.add_films(films, options=ACCEPT)
    assert study.films()[0].patient == "SIM-009"


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"PatientBirthDate": "19900101"}, "birth date"),
        ({"PatientSex": "M", "PatientName": "Other^Completely"}, "sex and name"),
    ],
)
def test_one_code_for_two_people_is_refused_unless_accepted(study, films, facts, word):
    sex = pydicom.dcmread(films / "pre-op.dcm").get("PatientSex")
    if sex == "M" and "PatientSex" in facts:
        facts = {**facts, "PatientSex": "F"}
    another_film(films / "pre-op.dcm", films / "other.dcm", "2.25.77", **facts)
    (failure,) = study.add_films(films).failed
    assert f"another {word} than film 1" in failure.sentence
    report = study.add_films(films, options=ACCEPT)
    assert len(report.added) == 1
    assert any("taken as the same person" in note.sentence for note in report.notes)


def test_names_are_compared_without_accents_order_and_case(study, films):
    altered(films / "pre-op.dcm", PatientName="sim-001^SIMULATED")
    assert study.add_films(films).failed == ()


def test_a_reading_follows_its_film_to_a_new_uid(study, films, capsys):
    altered(films / "pre-op.dcm", films / "again.dcm", SOPInstanceUID="2.25.99", PatientID="ANON")
    report = study.add_films(films)
    assert "same pixels as film 1" in report.notes[0].sentence
    assert len(study.films()) == 1
    status = main(["measure", str(films / "again.dcm"), str(films / "pre-op.reading.json")])
    caught = capsys.readouterr()
    assert status == 0
    assert "another UID" in caught.out + caught.err


def test_codes_that_differ_only_in_writing_are_pointed_out(study, films):
    for number, code in enumerate(("sim-1", "Nguye\u0302\u0303n", "Nguyễn"), start=1):
        facts = {"PatientID": code, "SpecificCharacterSet": "ISO_IR 192"}
        another_film(films / "pre-op.dcm", films / f"{number}.dcm", f"2.25.{number}", **facts)
    report = study.add_films(films)
    assert [patient.code for patient in study.patients()] == ["Nguyễn", "SIM-001", "sim-1"]
    (note,) = [n for n in report.notes if "differ only in case" in n.sentence]
    assert "'sim-1' and 'SIM-001'" in note.sentence


def test_codes_of_observers_that_differ_only_in_writing_are_pointed_out(study, films, capsys):
    document = json.loads((films / "pre-op.reading.json").read_text())
    (known,) = study.observers()
    for observer in (known.code.lower(), "KN 02", "KN2"):
        (films / f"{observer}.reading.json").write_text(
            json.dumps({**document, "observer": observer})
        )
    where = str(study.database.path)
    assert main(["study", "import-readings", where, str(films), "--observer", "KN"]) == 0
    told = capsys.readouterr().err
    assert f"'{known.code.lower()}' and '{known.code}' differ only in case" in told
    assert "The observer codes 'KN2' and 'KN 02' differ only in case" in told
    assert told.count("note:") == 2
    codes = [i.sentence for i in study_contradictions(study) if i.kind == "code"]
    assert len(codes) == 2
    assert main(["study", "import-readings", where, str(films), "--observer", "KN"]) == 0
    assert "note:" not in capsys.readouterr().err


def test_plain_codes():
    assert plain_code("P 007") == plain_code("p-7")
    assert plain_code("P70") != plain_code("P7")
    assert plain_code("P0") == "p0"


def table(path: Path, text: str):
    path.write_text(text, encoding="utf-8")
    return read_clinical_table(path)


WHOLE = (
    "patient,sex,age_years,surgery_date,vas_preoperative,odi_preoperative,odi_six_months\n"
    "SIM-001,female,70,2023-04-18,7,80,20\n"
)


def test_a_table_of_fewer_columns_leaves_the_rest_alone(study, tmp_path):
    study.set_clinical(table(tmp_path / "whole.csv", WHOLE))
    part = "patient,surgery_date,odi_one_month\nSIM-001,2023-04-18,40\n"
    assert study.set_clinical(table(tmp_path / "part.csv", part)) == ("SIM-001",)
    (record,) = study.clinical().records
    assert dict(record.odi) == {"preoperative": 80, "one_month": 40, "six_months": 20}
    assert (record.sex, record.age_years, dict(record.vas)) == ("female", 70, {"preoperative": 7})


def test_differing_cells_are_asked_for_and_taken_back(study, tmp_path):
    study.set_clinical(table(tmp_path / "whole.csv", WHOLE))
    other = WHOLE.replace(",7,80,20", ",6,80,").replace("2023-04-18", "2023-04-19")
    changed = table(tmp_path / "other.csv", other)
    with pytest.raises(UnacceptedChangesError) as refused:
        study.set_clinical(changed)
    assert "patient SIM-001: vas preoperative: 7.0 -> 6.0" in str(refused.value)
    assert "surgery date: 2023-04-18 -> 2023-04-19" in str(refused.value)
    study.set_clinical(changed, accept_changes=True)
    (record,) = study.clinical().records
    assert (dict(record.vas), dict(record.odi)) == (
        {"preoperative": 6},
        {"preoperative": 80, "six_months": 20},
    )
    assert str(study.patients()[0].surgery_date) == "2023-04-19"
    study.undo(
        study.audit()[-1].id if study.audit()[-1].action == "clinical.save" else _saved(study)
    )
    (record,) = study.clinical().records
    assert dict(record.vas) == {"preoperative": 7}
    assert str(study.patients()[0].surgery_date) == "2023-04-18"


def _saved(study):
    return next(e.id for e in reversed(study.audit()) if e.action == "clinical.save")


def test_known_to_be_none_is_not_unknown(study, tmp_path):
    none = "patient,surgery_date,complication_types\nSIM-001,2023-04-18,none\n"
    study.set_clinical(table(tmp_path / "none.csv", none))
    assert study.clinical().records[0].complications == ()
    assert study.set_clinical(table(tmp_path / "none.csv", none)) == ()
    some = none.replace("none\n", "infection\n")
    with pytest.raises(UnacceptedChangesError, match="complications"):
        study.set_clinical(table(tmp_path / "some.csv", some))


def test_empty_cells_erase_only_when_asked(study, tmp_path):
    study.set_clinical(table(tmp_path / "whole.csv", WHOLE))
    empty = table(tmp_path / "empty.csv", WHOLE.replace(",7,80,20", ",7,80,"))
    assert study.set_clinical(empty) == ()
    assert study.preview_clinical(empty).emptied[0].name == "odi_six_months"
    assert study.set_clinical(empty, erase_empty=True) == ("SIM-001",)
    assert dict(study.clinical().records[0].odi) == {"preoperative": 80}


def test_settings_that_were_set_are_changed_only_when_asked(study, tmp_path, capsys):
    study.close()
    (tmp_path / "a.json").write_text('{"corner_sd_mm": 0.5}')
    (tmp_path / "b.json").write_text('{"corner_sd_mm": 0.6}')
    (tmp_path / "c.json").write_text('{"stated_position": "standing"}')
    where = str(tmp_path / "s.study")
    assert main(["study", "settings", where, "--set", str(tmp_path / "a.json")]) == 0
    assert main(["study", "settings", where, "--set", str(tmp_path / "c.json")]) == 0
    assert main(["study", "settings", where, "--set", str(tmp_path / "b.json")]) == 8
    assert "corner sd mm: 0.5 -> 0.6" in capsys.readouterr().err
    accepted = ["study", "settings", where, "--set", str(tmp_path / "b.json"), "--accept-changes"]
    assert main(accepted) == 0
    assert json.loads(capsys.readouterr().out)["stated_position"] == "standing"
    with Study.open(where) as again:
        assert again.settings.corner_sd_mm == 0.6
        entry = [e.id for e in again.audit() if e.action == "study.settings"][-1]
        again.undo(entry)
        assert again.settings.corner_sd_mm == 0.5


def test_settings_are_compared_key_by_key():
    known = StudySettings(
        stated_standard_error_deg={"VKA": 1.5, "RKA": 2.5},
        levels={"P1": (Level.L1,), "P2": (Level.T12,)},
    )
    merged, different = merged_settings(known, '{"stated_standard_error_deg": {"RKA": 2.0}}')
    assert dict(merged.stated_standard_error_deg) == {"VKA": 1.5, "RKA": 2.0}
    assert merged.levels == known.levels
    (change,) = different
    assert (change.before, change.after) == (2.5, 2.0)
    assert "RKA: 2.5 -> 2.0" in str(change)
    added = '{"levels": {"P3": ["L2"]}, "positions": {"allow_mixed": true}}'
    merged, different = merged_settings(known, added)
    assert (set(merged.levels), different) == ({"P1", "P2", "P3"}, ())
    assert merged.positions == PositionPolicy(allow_mixed=True)
    merged, different = merged_settings(known, '{"stated_standard_error_deg": {"VKA": null}}')
    assert dict(merged.stated_standard_error_deg) == {"RKA": 2.5}
    assert "VKA: 1.5 -> empty" in str(different[0])
    assert merged_settings(known, "{}") == (known, ())


@pytest.mark.parametrize(
    "text",
    ['{"levels": 3}', "[]", "{", '{"unheard": 1}', '{"stated_standard_error_deg": {"VKA": "x"}}'],
)
def test_settings_that_cannot_be_are_refused(text):
    with pytest.raises(StudyRefusedError):
        merged_settings(StudySettings(), text)
