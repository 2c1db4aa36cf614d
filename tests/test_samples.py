"""The sample films are what their README says."""

import csv
import io
import re
from pathlib import Path

import pytest

from kyphometer.cli import main
from kyphometer.dicom import read_film, read_header
from kyphometer.measure import measure_reading
from kyphometer.reading.document import read_reading
from kyphometer.workflow import check_film, film_files, find_reading

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
    reading = read_reading(find_reading(path))
    assert reading.film.sha256_pixels is not None
    check_film(reading, read_film(path).reference)


def test_the_readers_error_is_within_its_stated_uncertainty(capsys):
    """Twelve films, two angles: hardly one of 24 should lie outside of 3 standard uncertainties."""
    assert main(["batch", str(SAMPLES), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    truth = {(film, code): float(value) for film, *_, vka, rka in ROWS
             for code, value in (("VKA", vka), ("RKA", rka))}  # fmt: skip
    scores = []
    for row in rows:
        key = (f"{row['patient']}/{row['film']}", row["code"])
        if key in truth:
            scores.append((float(row["value"]) - truth[key]) / float(row["standard_uncertainty"]))
    assert len(scores) == 24
    assert sum(abs(score) > 3 for score in scores) <= 1
    assert 0.5 < (sum(score**2 for score in scores) / 24) ** 0.5 < 1.5
