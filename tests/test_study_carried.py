"""From a carry-over on the command line to the study's report: the change keeps its uncertainty."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace

import pytest
from endplates_films import FORMAT, clicked_reading

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.carry import carry_over, change_with_uncertainty
from kyphometer.cli import main
from kyphometer.dicom import read_film, write_dx
from kyphometer.endplates import refine_reading
from kyphometer.followup.carried import CARRIED, carried_change_sd_deg
from kyphometer.followup.correction import INDEPENDENT
from kyphometer.geometry import Point
from kyphometer.phantom import simulate_visits
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import SURGERY, VisitPlan
from kyphometer.reading.document import read_reading, write_reading
from kyphometer.store import Study
from kyphometer.workflow.study import AnalysisChoices, analyse_study

PLANS = (
    VisitPlan(name="pre-op", day=-3, instrumented=False, targets=TargetAngles(vka_deg=18.0)),
    VisitPlan(name="discharge", day=5, targets=TargetAngles(vka_deg=10.0)),
)
TRUE_VKA_CHANGE_DEG = 8.0
LINES = {
    "VKA": ((Level.L1, EndplateSide.SUPERIOR), (Level.L1, EndplateSide.INFERIOR)),
    "RKA": ((Level.T12, EndplateSide.SUPERIOR), (Level.L2, EndplateSide.INFERIOR)),
}


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """Two films on disk, the first one read by hand, the second by `kyphometer carry-over`."""
    root = tmp_path_factory.mktemp("carried")
    films = root / "films"
    films.mkdir()
    visits = simulate_visits(
        7005, PLANS, fractured=Level.L1, seed=7005, film_format=FORMAT, patient_id="P1"
    )
    paths = []
    for visit in visits:
        paths.append(films / f"{visit.plan.name}.dcm")
        write_dx(visit.film.film, paths[-1], seed=visit.plan.name)
    marked = clicked_reading(visits[0].film, 0.3, seed=1)
    first = replace(marked, film=read_film(paths[0]).reference, observer="KN")
    write_reading(first, films / "pre-op.reading.json")
    out = films / "discharge.reading.json"
    assert main(["carry-over", *map(str, paths), "--out", str(out)]) in (0, 1)
    known = carry_over(read_film(paths[0]), first, read_film(paths[1]))
    return root, known, read_reading(out)


def study_of(root, path, later):
    """A study of both films with the first reading and the given later one."""
    readings = path.parent / "readings"
    readings.mkdir()
    first = read_reading(root / "films" / "pre-op.reading.json")
    write_reading(first, readings / "pre-op.reading.json")
    write_reading(replace(later, observer="KN"), readings / "discharge.reading.json")
    with Study.create(path, "Carried") as study:
        study.add_films(root / "films")
        assert not study.import_readings(readings).failed
        study.set_patient("P1", surgery_date=SURGERY)
    return path


def corrections(path, **choices):
    with Study.open(path) as study:
        results = analyse_study(study, AnalysisChoices(**choices))
    found = results.cohort.corrections.patients
    return {item.code: item.correction("discharge") for item in found}


def test_the_stored_reading_knows_every_change_that_the_carry_over_knew(carried):
    root, known, later = carried
    first = read_reading(root / "films" / "pre-op.reading.json")
    lines = [(item.level, side) for item in known.vertebrae for side in EndplateSide]
    assert len(lines) >= 8
    for upper in lines:
        for lower in lines:
            names = ("{}.{}".format(*upper), "{}.{}".format(*lower))
            wanted = change_with_uncertainty(known, upper, lower).standard_uncertainty
            assert carried_change_sd_deg(first, later, *names) == pytest.approx(wanted)


def test_a_study_judges_the_change_by_its_own_uncertainty(carried, tmp_path):
    root, known, later = carried
    changes = corrections(study_of(root, tmp_path / "s.db", later))
    for code, (upper, lower) in LINES.items():
        wanted = change_with_uncertainty(known, upper, lower)
        found = changes[code]
        assert found.uncertainty_source == CARRIED
        assert found.standard_uncertainty_deg == pytest.approx(wanted.standard_uncertainty)
        assert found.amount_deg == pytest.approx(-wanted.change_deg, abs=1e-6)
    vka = changes["VKA"]
    assert vka.amount_deg == pytest.approx(
        TRUE_VKA_CHANGE_DEG, abs=3 * vka.standard_uncertainty_deg
    )
    assert vka.standard_uncertainty_deg < math.hypot(
        vka.earlier.standard_uncertainty_deg, vka.later.standard_uncertainty_deg
    )


def test_a_moved_corner_brings_the_ordinary_uncertainty_back(carried, tmp_path):
    root, known, later = carried
    body = later.vertebrae[Level.L1]
    mark = body.superior.anterior
    there = replace(mark, xy=Point(mark.xy.x, mark.xy.y + 0.5))
    moved = later.with_vertebra(replace(body, superior=replace(body.superior, anterior=there)))
    changes = corrections(study_of(root, tmp_path / "s.db", moved))
    vka, rka = changes["VKA"], changes["RKA"]
    assert vka.uncertainty_source == INDEPENDENT
    assert vka.standard_uncertainty_deg == pytest.approx(
        math.hypot(vka.earlier.standard_uncertainty_deg, vka.later.standard_uncertainty_deg)
    )
    wanted = change_with_uncertainty(known, *LINES["RKA"]).standard_uncertainty
    assert (rka.uncertainty_source, rka.standard_uncertainty_deg) == (
        CARRIED,
        pytest.approx(wanted),
    )


def test_refined_again_it_is_no_carried_change_any_more(carried):
    root, _, later = carried
    first = read_reading(root / "films" / "pre-op.reading.json")
    done = refine_reading(read_film(root / "films" / "discharge.dcm"), later)
    assert Level.L1 in {item.vertebra.level for item in done.vertebrae}
    assert done.reading.carried_over == later.carried_over
    assert carried_change_sd_deg(first, done.reading, "L1.superior", "L1.inferior") is None


def test_a_corrected_earlier_reading_brings_it_back_too(carried, tmp_path):
    root, _, later = carried
    path = study_of(root, tmp_path / "s.db", later)
    with Study.open(path) as study:
        number = min(film.id for film in study.films() if film.name.startswith("pre-op"))
        old = study.latest_reading(number, "KN")
        plate = old.reading.vertebrae[Level.L1].inferior
        mark = plate.posterior
        there = replace(mark, xy=Point(mark.xy.x + 0.5, mark.xy.y))
        body = replace(old.reading.vertebrae[Level.L1], inferior=replace(plate, posterior=there))
        study.save_reading(
            old.reading.with_vertebra(body), number, "KN", base_version=1, reason="looked again"
        )
    assert corrections(path)["VKA"].uncertainty_source == INDEPENDENT
    assert corrections(path)["RKA"].uncertainty_source == CARRIED


def test_the_mean_of_two_observers_is_not_known_from_one_carry_over(carried, tmp_path):
    root, _, later = carried
    path = study_of(root, tmp_path / "s.db", later)
    with Study.open(path) as study:
        number = min(film.id for film in study.films() if film.name.startswith("discharge"))
        study.add_observer("MB")
        reading = study.latest_reading(number, "KN").reading
        study.save_reading(replace(reading, observer="MB"), number, "MB", base_version=0)
    assert corrections(path)["VKA"].uncertainty_source == INDEPENDENT
    assert corrections(path, observer="KN")["VKA"].uncertainty_source == CARRIED


def test_the_report_names_the_source(carried, tmp_path):
    root, known, later = carried
    path = study_of(root, tmp_path / "s.db", later)
    out = tmp_path / "out"
    command = ["report", str(path), "-o", str(out.with_suffix(".html")), "--tables", str(out)]
    assert main([*command, "--no-films"]) == 0
    with (out / "corrections.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["correction_deg"]]
    assert {row["correction_uncertainty_source"] for row in rows} == {CARRIED}
    by_label = {row["label"][:3]: row for row in rows}
    for code, lines in LINES.items():
        wanted = change_with_uncertainty(known, *lines).standard_uncertainty
        found = float(by_label[code]["correction_standard_uncertainty_deg"])
        assert found == pytest.approx(wanted)
    html = out.with_suffix(".html").read_text("utf-8")
    assert "In 2 of 2 changes the marks of one film had been carried over" in html
    assert CARRIED in html


def test_a_study_copied_through_its_export_still_knows(carried, tmp_path):
    root, _, later = carried
    path = study_of(root, tmp_path / "s.db", later)
    copied = tmp_path / "copy.db"
    assert main(["study", "export", str(path), str(tmp_path / "export")]) == 0
    assert main(["study", "import", str(copied), str(tmp_path / "export")]) == 0
    assert corrections(copied)["VKA"].uncertainty_source == CARRIED


def test_the_printed_reading_holds_it_as_json(carried, capsys):
    root, known, _ = carried
    films = [str(root / "films" / name) for name in ("pre-op.dcm", "discharge.dcm")]
    assert main(["carry-over", *films, "--format", "json"]) in (0, 1)
    reading = json.loads(capsys.readouterr().out)["reading"]
    assert set(reading["carried_over"]) == {str(item.level) for item in known.vertebrae}
