"""The command line as its users type it: `main` in this process, and whole processes."""

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from kyphometer.cli import main
from kyphometer.reading.document import read_reading

SIZE = ["--rows", "600", "--columns", "300", "--pixel", "0.45"]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """One simulated patient at four visits."""
    folder = tmp_path_factory.mktemp("simulated") / "set"
    assert main(["simulate", str(folder), "--patients", "1", "--seed", "5", *SIZE]) == 0
    return folder


@pytest.fixture
def films(simulated, tmp_path):
    folder = tmp_path / "films"
    shutil.copytree(simulated / "SIM-001", folder)
    return folder


def run(capsys, *words):
    status = main([str(word) for word in words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_simulate_writes_films_readings_and_truth(simulated):
    names = {str(path.relative_to(simulated)) for path in simulated.rglob("*") if path.is_file()}
    for visit in ("pre-op", "discharge", "1-month", "6-months"):
        assert {
            f"SIM-001/{visit}.dcm",
            f"SIM-001/{visit}.reading.json",
            f"truth/SIM-001/{visit}.reading.json",
        } <= names
    truth = read_reading(simulated / "truth/SIM-001/pre-op.reading.json")
    hand = read_reading(simulated / "SIM-001/pre-op.reading.json")
    assert truth.film == hand.film
    assert truth.film.sop_instance_uid
    assert hand.observer == "KN"


def test_simulate_prints_the_truth_it_wrote(tmp_path, capsys, simulated):
    status, out, _ = run(
        capsys, "simulate", tmp_path / "x", "--patients", 1, "--seed", 5, *SIZE, "--format", "json"
    )
    assert status == 0
    rows = json.loads(out)
    status, out, _ = run(
        capsys,
        "measure",
        simulated / "SIM-001/pre-op.dcm",
        simulated / "truth/SIM-001/pre-op.reading.json",
        "--angle",
        "VKA",
        "--format",
        "json",
    )
    measured = json.loads(out)["measurements"][0]
    assert measured["value"] == pytest.approx(rows[0]["true_vka_deg"], abs=1e-6)
    assert measured["standard_uncertainty"] == 0.0


def test_simulate_is_reproducible(tmp_path, simulated):
    again = tmp_path / "again"
    assert main(["simulate", str(again), "--patients", "1", "--seed", "5", *SIZE]) == 0
    for path in simulated.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(simulated)).read_bytes()


def test_simulate_never_writes_into_a_full_folder(simulated, capsys):
    status, _, err = run(capsys, "simulate", simulated)
    assert status == 2
    assert "is not empty" in err


def test_measure_prints_the_document_of_the_design(films, capsys):
    status, out, _ = run(capsys, "measure", films / "pre-op.dcm", "--format", "json")
    assert status == 0
    document = json.loads(out)
    assert set(document) >= {"film", "reading", "measurements", "warnings"}
    vka = next(item for item in document["measurements"] if item["code"] == "VKA")
    assert vka["label"] == "VKA (L1 sup - L1 inf)"
    assert (vka["upper"], vka["lower"], vka["unit"]) == ("L1.superior", "L1.inferior", "deg")
    assert vka["standard_uncertainty"] > 0


def test_measure_csv_is_long_form(films, capsys):
    status, out, _ = run(capsys, "measure", films / "pre-op.dcm", "--format", "csv")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {"film", "patient", "visit", "observer", "session", "code", "value", "unit"} <= set(
        rows[0]
    )
    assert {row["code"] for row in rows} >= {"VKA", "RKA", "AVBC", "GENANT_QM"}
    assert all(row["visit"] == "pre-op" for row in rows)


def test_measure_for_people_rounds_and_names_pairs(films, capsys):
    status, out, err = run(capsys, "measure", films / "pre-op.dcm")
    assert status == 0
    assert "VKA (L1 sup - L1 inf)" in out
    assert "°" in out
    assert "Traceback" not in err


def test_measure_writes_an_overlay(films, capsys, tmp_path):
    import cv2

    target = tmp_path / "overlay.png"
    status, _, _ = run(capsys, "measure", films / "pre-op.dcm", "--overlay", target)
    assert status == 0
    picture = cv2.imread(str(target))
    assert picture.shape[0] >= 900
    amber = np.all(np.abs(picture.astype(int) - (0x00, 0x9F, 0xE6)) < 12, axis=2)
    assert amber.sum() > 300


def test_info_knows_the_header(films, capsys):
    status, out, _ = run(capsys, "info", films / "pre-op.dcm", "--format", "json")
    assert status == 0
    facts = json.loads(out)["facts"]
    assert facts["patient ID"] == "SIM-001"
    assert facts["anterior is"] == "left"
    status, out, _ = run(capsys, "info", films)
    assert status == 0
    assert out.count("patient ID") == 4


def test_batch_shows_every_visit_in_order(films, capsys, tmp_path):
    status, out, _ = run(capsys, "batch", films, "-o", tmp_path / "out")
    assert status == 0
    lines = [line for line in out.splitlines() if line.startswith("SIM-001")]
    assert [line.split("  ")[1].strip() for line in lines] == [
        "pre-op",
        "discharge",
        "1 month",
        "6 months",
    ]
    assert len(list((tmp_path / "out").glob("*.png"))) == 4


def test_batch_goes_on_after_a_film_that_fails(films, capsys):
    (films / "broken.dcm").write_bytes(b"not a film")
    (films / "discharge.reading.json").unlink()
    status, out, err = run(capsys, "batch", films)
    assert status == 1
    assert out.count("SIM-001") >= 3
    assert "broken.dcm" in err
    assert "'discharge.dcm' has no reading beside it" in err


def test_batch_columns_and_formats(films, capsys):
    status, out, _ = run(capsys, "batch", films, "--columns", "GA,AVBC")
    assert status == 0
    assert "GA ± 95 %" in out
    status, out, _ = run(capsys, "batch", films, "--format", "json")
    assert len(json.loads(out)) == 4
    status, out, _ = run(capsys, "batch", films, "--format", "csv")
    assert len({row["film"] for row in csv.DictReader(io.StringIO(out))}) == 4


@pytest.mark.parametrize(
    ("damage", "status", "words"),
    [
        pytest.param("no film", 3, "nothing.dcm", id="no such film"),
        pytest.param("no reading", 4, "has no reading beside it", id="no reading"),
        pytest.param("other film", 4, "belongs to another film", id="reading of another film"),
        pytest.param("other pixels", 4, "pixel hash", id="other pixels"),
        pytest.param("swapped", 4, "L1", id="swapped corners"),
        pytest.param("ambiguous", 5, "several angles in print", id="ambiguous angle"),
        pytest.param("unknown", 5, "no known measurement", id="unknown angle"),
        pytest.param("missing", 5, "not in the reading", id="missing level"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(films, capsys, damage, status, words):
    film, reading = films / "pre-op.dcm", films / "pre-op.reading.json"
    arguments = ["measure", film]
    document = json.loads(reading.read_text())
    if damage == "no film":
        arguments[1] = films / "nothing.dcm"
        arguments.append(reading)
    elif damage == "no reading":
        reading.unlink()
    elif damage == "other film":
        arguments.append(films / "discharge.reading.json")
    elif damage == "other pixels":
        document["film"]["sha256_pixels"] = "0" * 64
        reading.write_text(json.dumps(document))
    elif damage == "swapped":
        plate = document["vertebrae"]["L1"]["superior"]
        plate["anterior"], plate["posterior"] = plate["posterior"], plate["anterior"]
        reading.write_text(json.dumps(document))
    elif damage == "missing":
        arguments += ["--angle", "T1.sup-T2.inf"]
    else:
        arguments += ["--angle", {"ambiguous": "LK", "unknown": "kyphosis"}[damage]]
    got, out, err = run(capsys, *arguments)
    assert got == status, err
    assert words in err
    assert "Traceback" not in err
    assert "nan" not in out.lower()


def test_a_plain_picture_gives_angles_and_no_millimetres(films, capsys):
    import cv2

    from kyphometer.dicom import read_film, to_grey

    film = read_film(films / "pre-op.dcm")
    cv2.imwrite(str(films / "shot.png"), to_grey(film))
    document = json.loads((films / "pre-op.reading.json").read_text())
    document["film"].update(sop_instance_uid=None, sha256_pixels=None)
    (films / "shot.reading.json").write_text(json.dumps(document))
    status, out, _ = run(capsys, "measure", films / "shot.png", "--format", "json")
    assert status == 0
    codes = {item["code"] for item in json.loads(out)["measurements"]}
    assert "VKA" in codes
    assert "HA" not in codes
    _, out, _ = run(capsys, "measure", films / "shot.png", "--spacing", "0.36", "--format", "json")
    assert "HA" in {item["code"] for item in json.loads(out)["measurements"]}


def test_schema_is_the_published_one(capsys):
    status, out, _ = run(capsys, "schema")
    assert status == 0
    assert json.loads(out)["title"] == "Kyphometer reading, version 1"


def test_as_a_process_with_a_closed_pipe(films, tmp_path):
    """Files are written whatever becomes of what is printed."""
    overlay = tmp_path / "overlay.png"
    command = [sys.executable, "-m", "kyphometer", "measure", str(films / "pre-op.dcm")]
    piped = subprocess.run(
        f"{subprocess.list2cmdline([*command, '--overlay', str(overlay)])} | head -1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert piped.stdout.startswith("SIM-001")
    assert "Traceback" not in piped.stderr
    assert overlay.read_bytes().startswith(b"\x89PNG")


def test_wrong_usage_is_status_2():
    done = subprocess.run(
        [sys.executable, "-m", "kyphometer", "measure"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "usage: kyphometer measure" in done.stderr
