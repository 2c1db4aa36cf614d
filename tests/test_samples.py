"""The sample films are what their README says."""

import csv
import io
import re
from pathlib import Path

import pytest

from kyphometer.cli import main
from kyphometer.dicom import read_film, read_header
from kyphometer.measure import measure_reading
from kyphometer.reading import MarkSource
from kyphometer.reading.document import read_reading
from kyphometer.workflow import check_film, film_files, find_readings

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"
ROWS = re.findall(
    r"\| (SIM-\d+/[\w-]+\.dcm) \| (\w+) \| (\w+) \| ([\w ]+) \| ([\d.]+)° \| ([\d.]+)° \|",
    (SAMPLES / "README.md").read_text("utf-8"),
)
SYNTAXES = {
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "RLE": "1.2.840.10008.1.2.5",
    "plain": "1.2.840.10008.1.2.1",
}


def test_there_are_three_patients_at_four_visits_and_a_projected_ct():
    assert len(ROWS) == 12
    assert {row[3] for row in ROWS} == set(SYNTAXES)
    assert len(film_files(SAMPLES)) == 13
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())
    assert size < 25e6


@pytest.mark.parametrize(("film", "level", "facing", "syntax", "vka", "rka"), ROWS)
def test_each_film_has_the_stated_truth_and_syntax(film, level, facing, syntax, vka, rka):
    path = SAMPLES / film
    header = read_header(path)
    assert header.transfer_syntax_uid == SYNTAXES[syntax]
    assert str(header.acquisition.facing) == facing
    truth = read_reading((SAMPLES / "truth" / film).with_suffix(".reading.json"))
    assert [str(item) for item in truth.fractured_levels] == [level]
    measured = measure_reading(truth, header.geometry, header_facing=header.acquisition.facing)
    assert measured.get("VKA").value == pytest.approx(float(vka), abs=0.006)
    assert measured.get("RKA").value == pytest.approx(float(rka), abs=0.006)
    assert measured.get("VKA").standard_uncertainty == 0.0


@pytest.mark.parametrize("path", film_files(SAMPLES), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_each_reading_belongs_to_its_film_pixel_by_pixel(path):
    film = read_film(path).reference
    beside = find_readings(path)
    assert len(beside) == (1 if path.parent.name == "ct_projection" else 2)
    for reading in map(read_reading, beside):
        assert reading.film.sha256_pixels is not None
        check_film(reading, film)


def errors(observer):
    """Error of each angle of each simulated film, and its standard uncertainty."""
    found = []
    for name, *_, vka, rka in ROWS:
        path = SAMPLES / name
        reading = read_reading(
            next(p for p in find_readings(path) if read_reading(p).observer == observer)
        )
        header = read_header(path)
        measured = measure_reading(
            reading, header.geometry, header_facing=header.acquisition.facing, strict=False
        )
        for code, truth in (("VKA", vka), ("RKA", rka)):
            item = measured.get(code)
            found.append((item.value - float(truth), item.standard_uncertainty))
    assert len(found) == 24
    return found


@pytest.mark.parametrize("observer", ["KN", "ASSISTED"])
def test_errors_are_within_their_stated_uncertainty(observer):
    """Twelve films, two angles: hardly one of 24 should lie outside of 3 standard uncertainties."""
    scores = [error / uncertainty for error, uncertainty in errors(observer)]
    assert sum(abs(score) > 3 for score in scores) <= 1
    assert (sum(score**2 for score in scores) / 24) ** 0.5 < 1.5


def test_help_from_the_image_is_nearer_to_the_truth_than_the_hand():
    by_hand, assisted = errors("KN"), errors("ASSISTED")
    assert max(abs(error) for error, _ in assisted) < 1.1
    assert max(abs(error) for error, _ in by_hand) > 5


def test_the_first_table_shows_the_correction(capsys):
    """What `kyphometer batch sample_dicoms` prints: less kyphosis at every visit after surgery."""
    assert main(["batch", str(SAMPLES), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    for patient in ("SIM-001", "SIM-002", "SIM-003"):
        vka = {
            row["visit"]: (float(row["value"]), row["observer"])
            for row in rows
            if row["patient"] == patient and row["code"] == "VKA"
        }
        assert {observer for _, observer in vka.values()} == {"ASSISTED"}
        before = vka.pop("pre-op")[0]
        assert len(vka) == 3
        assert all(value < before - 2.5 for value, _ in vka.values())


def test_marks_with_help_say_so_and_keep_the_click():
    for name, *_ in ROWS:
        reading = read_reading((SAMPLES / name).with_suffix(".reading.json"))
        first = name.endswith("pre-op.dcm")
        for _, _, plate in reading.endplates():
            for mark in (plate.anterior, plate.posterior):
                assert mark.source is (MarkSource.REFINED if first else MarkSource.CARRIED)
                assert mark.method
                assert mark.covariance is not None
                assert (mark.raw is not None) == first


def test_the_readme_states_the_angles_of_both_readings():
    words = (SAMPLES / "README.md").read_text("utf-8")
    for patient in ("SIM-001", "SIM-002", "SIM-003"):
        line = next(line for line in words.splitlines() if line.startswith(f"| {patient} VKA"))
        cells = [cell.strip() for cell in line.strip("|").split("|")[1:]]
        for cell, suffix in zip(cells, (None, "", ".KN"), strict=True):
            values = []
            for visit in ("pre-op", "discharge", "1-month", "6-months"):
                folder = SAMPLES / "truth" if suffix is None else SAMPLES
                header = read_header(SAMPLES / patient / f"{visit}.dcm")
                reading = read_reading(folder / patient / f"{visit}{suffix or ''}.reading.json")
                measured = measure_reading(reading, header.geometry, strict=False)
                values.append(f"{measured.get('VKA').value:.1f}°")
            assert cell == ", ".join(values)
