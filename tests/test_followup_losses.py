"""Who was lost at which visit and why, from a table to the report."""

from __future__ import annotations

import pytest

from kyphometer.film import Position
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.followup.clinical.writer import write_clinical_table
from kyphometer.reports import Bullets
from kyphometer.reports.strobe import strobe_checklist
from kyphometer.reports.study import study_document
from kyphometer.reports.study_tables import losses_table
from kyphometer.store import Study
from kyphometer.store.study.settings import StudySettings
from kyphometer.workflow.study import analyse_study, clinical_table

TABLE = """\
patient,VKA_preoperative,VKA_one_month,VKA_six_months,vas_preoperative,vas_six_months,\
lost_one_month,lost_six_months
A,20,14,15,7,2,,
B,21,,,8,,died,
C,19,,12,6,,declined the film,
D,22,,,7,,,moved away
E,18,13,,7,3,,
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("losses")
    path = folder / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    windows = StudySettings().visits.with_films_at(["preoperative", "one_month", "six_months"])
    settings = StudySettings(visits=windows, stated_position=Position.STANDING)
    with Study.create(folder / "s.db", "Losses", settings=settings) as made:
        made.set_clinical(read_clinical_table(path), add_patients=True)
        yield made


def test_every_loss_has_its_reason_stated_or_found(study):
    losses = analyse_study(study).losses
    found = {(x.patient, x.visit, x.what): x.reason for x in losses.items}
    assert found == {
        ("B", "one_month", "angle"): "died",
        ("B", "six_months", "angle"): "died",  # holds until the patient is seen again
        ("B", "six_months", "VAS"): "died",
        ("C", "one_month", "angle"): "declined the film",
        ("C", "six_months", "VAS"): "no reason stated",  # seen again, so the old one has ended
        ("D", "one_month", "angle"): "no film or value",
        ("D", "six_months", "angle"): "moved away",
        ("D", "six_months", "VAS"): "moved away",
        ("E", "six_months", "angle"): "no film or value",
    }


def test_the_report_counts_losses_by_reason_and_names_the_patients(study):
    results = analyse_study(study)
    rows = losses_table(results).records()
    died = [r for r in rows if r["reason"] == "died"]
    assert [(r["visit"], r["missing"], r["count"], r["patients"]) for r in died] == [
        ("one_month", "angle", 1, "B"),
        ("six_months", "angle", 1, "B"),
        ("six_months", "VAS", 1, "B"),
    ]
    assert sum(r["count"] for r in rows) == 9
    numbers = next(done for item, _, done in strobe_checklist(results).items if item == "13")
    assert "6 months, angle: 1 (died)" in numbers
    assert "6 months, angle: 1 (moved away)" in numbers


def test_what_is_not_known_is_not_drawn_nor_named_by_its_code(study):
    document = study_document(analyse_study(study))
    titles = [figure.title for figure in document.figures if figure.key.startswith("waterfall")]
    assert titles
    assert all("no measurement error is known" in title for title in titles)
    said = [item for b in document.blocks if isinstance(b, Bullets) for item in b.items]
    days = [item for item in said if "actual days" in item]
    assert days
    assert not any("_" in item for item in days)


def test_reasons_survive_writing_and_reading(study, tmp_path):
    table = clinical_table(study)
    write_clinical_table(table, tmp_path / "again.csv")
    again = read_clinical_table(tmp_path / "again.csv")
    assert {r.patient: dict(r.lost) for r in again.records} == {
        "A": {},
        "B": {"one_month": "died"},
        "C": {"one_month": "declined the film"},
        "D": {"six_months": "moved away"},
        "E": {},
    }
