"""Visits, clinical data and numbers in a study, in both databases."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.anatomy import Level
from kyphometer.errors import StudyRefusedError, UnknownDefinitionError, VisitWindowError
from kyphometer.film import FilmReference
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindow, VisitWindows
from kyphometer.geometry import Point
from kyphometer.reading import Landmark
from kyphometer.reading.document import write_reading
from kyphometer.store import Study, StudySettings

DAYS = {"a": "2026-01-05", "b": "2026-01-15", "c": "2026-02-09", "d": "2026-07-11"}
VISITS = {"a": "preoperative", "b": "discharge", "c": "one_month", "d": "six_months"}


@pytest.fixture
def study(study_target, tmp_path):
    for n, (name, day) in enumerate(DAYS.items()):
        write_film(tmp_path / "films" / f"{name}.film", f"1.2.{n}", seed=n, day=day)
    with Study.create(study_target, reader=TinyReader(), actor="owner") as made:
        made.add_films(tmp_path / "films")
        made.add_observer("KN")
        yield made


def by_name(study):
    return {film.name[0]: film.visit for film in study.films()}


def number(study, name):
    return next(film.id for film in study.films() if film.name[0] == name)


def table(*records):
    return ClinicalTable(records=records, source="clinical.csv")


def test_visits_follow_from_the_date_of_surgery(study):
    assert set(by_name(study).values()) == {None}
    study.set_patient("P1", surgery_date=date(2026, 1, 10))
    assert by_name(study) == VISITS
    assert {v.visit: v.day for v in study.visits().visits} == {
        "preoperative": -5,
        "discharge": 5,
        "one_month": 30,
        "six_months": 182,
    }
    assert study.status().films_at_visit == dict.fromkeys(sorted(VISITS.values()), 1)
    study.set_patient("P1", surgery_date=date(2026, 7, 1))
    assert by_name(study)["d"] == "discharge"
    study.set_patient("P1", surgery_date=None)
    assert set(by_name(study).values()) == {None}


def test_new_films_find_their_visits(study, tmp_path):
    study.set_patient("P1", surgery_date=date(2026, 1, 10))
    write_film(tmp_path / "films" / "e.film", "1.2.9", seed=9, day="2026-01-09")
    study.add_films(tmp_path / "films")
    assert by_name(study) == {**VISITS, "a": None, "e": "preoperative"}


def test_films_are_put_to_visits_by_hand_with_a_reason(study):
    study.set_patient("P1", surgery_date=date(2026, 1, 10))
    with pytest.raises(StudyRefusedError, match="needs a reason"):
        study.state_visit(number(study, "b"), "one_month")
    with pytest.raises(VisitWindowError, match="no such visit"):
        study.state_visit(number(study, "b"), "two years", reason="r")
    study.state_visit(number(study, "b"), "one_month", reason="late discharge")
    assert by_name(study) == {**VISITS, "b": "one_month", "c": None}
    with pytest.raises(StudyRefusedError, match="was put to the visit 'one_month'"):
        study.state_visit(number(study, "c"), "one_month", reason="r")
    stated = study.visits().of("P1")["one_month"]
    assert stated.stated_reason == "late discharge"
    study.set_patient("P1", surgery_date=date(2026, 1, 11))
    assert by_name(study)["b"] == "one_month"
    study.state_visit(number(study, "b"), None)
    assert by_name(study) == VISITS
    assert len(study.audit(f"film {number(study, 'b')}")) == 3


def test_windows_of_the_study_are_used(study):
    study.set_patient("P1", surgery_date=date(2026, 1, 10))
    windows = VisitWindows(
        windows=(
            DEFAULT_WINDOWS.windows[0],
            VisitWindow(
                visit="discharge", label="d", tolerance=(1, 60), analysis=(1, 200), target_day=30
            ),
        )
    )
    study.change_settings(StudySettings(visits=windows))
    assert study.settings.visits == windows
    assert by_name(study) == {"a": "preoperative", "b": None, "c": "discharge", "d": None}


def test_clinical_table_is_kept_and_dates_the_visits(study):
    record = ClinicalRecord(
        patient="P1",
        age_years=65.0,
        surgery_date=date(2026, 1, 10),
        vas={"preoperative": 8.0},
        comment="Đau lưng",
    )
    assert study.set_clinical(table(record)) == ("P1",)
    assert study.clinical().records == (record,)
    assert by_name(study) == VISITS
    assert study.set_clinical(table(record)) == ()
    changed = replace(record, vas={"preoperative": 8.0, "six_months": 2.0})
    assert study.set_clinical(table(changed)) == ("P1",)
    assert study.clinical().records == (changed,)
    assert [e.action for e in study.audit("clinical data")] == ["clinical.save"] * 2


def test_clinical_table_is_taken_whole_or_not_at_all(study):
    good = ClinicalRecord(patient="P1", surgery_date=date(2026, 1, 10))
    with pytest.raises(StudyRefusedError, match="names the patient 'P7'"):
        study.set_clinical(table(good, ClinicalRecord(patient="P7")))
    assert study.clinical().records == ()
    assert study.patients()[0].surgery_date is None


def test_clinical_code_links_another_name(study):
    study.set_patient("P1", clinical_code="C-17")
    study.set_clinical(table(ClinicalRecord(patient="C-17", surgery_date=date(2026, 1, 10))))
    assert study.patients()[0].surgery_date == date(2026, 1, 10)


def tilted():
    """The superior endplate's anterior corner 1 px lower, 10 px in front of the posterior one."""
    reading = reading_of()
    l1 = reading.vertebrae[Level.L1]
    superior = replace(l1.superior, anterior=Landmark(xy=Point(4.0, 11.0)))
    return reading.with_vertebra(replace(l1, superior=superior))


def test_numbers_of_the_latest_readings(study):
    film = number(study, "a")
    study.save_reading(reading_of(), film, "KN", base_version=0)
    values = {value.code: value for value in study.measurements()}
    assert values["VKA"].value == pytest.approx(0.0, abs=1e-9)
    assert values["VKA"].label == "VKA (L1 sup - L1 inf)"
    assert values["RKA"].value is None
    assert "T12" in values["RKA"].note
    study.save_reading(tilted(), film, "KN", base_version=1, reason="corner")
    (value,) = study.measurements(["VKA"])
    assert value.version == 2
    assert value.value == pytest.approx(math.degrees(math.atan(0.1)), abs=1e-9)
    assert (value.patient, value.observer, value.film_id) == ("P1", "KN", film)


def test_kept_numbers_follow_what_they_rest_on(study):
    film = number(study, "a")
    study.save_reading(tilted(), film, "KN", base_version=0)
    (before,) = study.measurements(["VKA"])
    (again,) = study.measurements(["VKA"])
    assert again == before
    study.change_settings(StudySettings(corner_sd_mm=2.0))
    (wider,) = study.measurements(["VKA"])
    assert wider.standard_uncertainty > before.standard_uncertainty
    assert wider.value == before.value
    study.state_spacing(film, 3.0, 1.5, reason="scanner")
    (stretched,) = study.measurements(["VKA"])
    assert before.value == pytest.approx(math.degrees(math.atan(0.1)), abs=1e-9)
    assert stretched.value == pytest.approx(math.degrees(math.atan(0.2)), abs=1e-9)
    assert study.film(film).geometry.aspect == 2.0


def test_codes_may_be_aliases_and_pairs_but_must_be_known(study):
    study.save_reading(reading_of(), number(study, "a"), "KN", base_version=0)
    assert {v.code for v in study.measurements(["vka", "VKA"])} == {"VKA"}
    (pair,) = study.measurements(["L1.superior-L1.inferior"])
    assert (pair.value, pair.upper, pair.lower) == (0.0, "L1.superior", "L1.inferior")
    with pytest.raises(UnknownDefinitionError):
        study.measurements(["VKB"])


def test_only_one_patient_or_code_can_be_asked_for(study, tmp_path):
    write_film(tmp_path / "films" / "z.film", "1.2.99", seed=99, patient="P2")
    study.add_films(tmp_path / "films")
    for name in ("a", "z"):
        study.save_reading(reading_of(), number(study, name), "KN", base_version=0)
    assert {v.patient for v in study.measurements()} == {"P1", "P2"}
    assert {v.patient for v in study.measurements(patient="P2")} == {"P2"}
    assert {v.code for v in study.measurements(["VKA"])} == {"VKA"}


def test_readings_beside_films_are_taken_up(study, tmp_path):
    films = tmp_path / "films"
    write_reading(reading_of(observer="KN"), films / "a.film.reading.json")
    named = FilmReference(rows=40, columns=20, sop_instance_uid="1.2.1")
    write_reading(reading_of(observer="LT", film=named), tmp_path / "anywhere.reading.json")
    write_reading(reading_of(), films / "c.reading.json")
    write_reading(reading_of(observer="KN"), films / "none.reading.json")
    (films / "d.film.reading.json").write_text("{")
    report = study.import_readings(tmp_path)
    assert sorted(p.name for p in report.imported) == [
        "a.film.reading.json",
        "anywhere.reading.json",
    ]
    said = {failure.path.name: failure.sentence for failure in report.failed}
    assert "names no observer" in said["c.reading.json"]
    assert "does not hold" in said["none.reading.json"]
    assert "d.film.reading.json" in said
    assert study.latest_reading(number(study, "b"), "LT").version == 1
    again = study.import_readings(tmp_path, observer="LT")
    assert [p.name for p in again.imported] == ["c.reading.json"]
    assert again.known == 2


def test_differing_readings_are_taken_up_only_with_a_reason(study, tmp_path):
    film = number(study, "a")
    study.save_reading(reading_of(), film, "KN", base_version=0)
    path = tmp_path / "films" / "a.film.reading.json"
    write_reading(reading_of(1.0, observer="KN"), path)
    (failure,) = study.import_readings(path).failed
    assert "holds another reading" in failure.sentence
    study.import_readings(path, reason="read again at home")
    assert [v.reason for v in study.history(film)] == ["", "read again at home"]


def test_repeated_readings_stay_repeated_readings(study, tmp_path):
    film = number(study, "a")
    study.save_reading(reading_of(), film, "KN", base_version=0)
    for n in (1, 2):
        path = tmp_path / "films" / str(n) / "a.film.reading.json"
        path.parent.mkdir()
        named = FilmReference(rows=40, columns=20, sop_instance_uid="1.2.0")
        reading = reading_of(n, observer="KN", session="repeat", film=named)
        write_reading(reading, path)
    assert len(study.import_readings(tmp_path / "films").imported) == 2
    assert study.import_readings(tmp_path / "films").known == 2
    values = study.measurements(["VKA"])
    assert [(v.session, v.round) for v in values] == [(None, None), ("repeat", 1), ("repeat", 2)]
    assert study.sessions.get("repeat").kind == "imported"
    assert len(study.latest_readings(session="repeat")) == 2
