"""The page of a film says what the film and its reading say, and nothing that was not confirmed."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from web_local import visitor

from kyphometer.cli import main
from kyphometer.measure import shape
from kyphometer.measure.definitions import ANGLES
from kyphometer.messages import catalogue
from kyphometer.store.folder.folder import FolderStore

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"


def words(pdf: bytes, pages: int = 99) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed")
    found = subprocess.run(
        [program, "-layout", "-l", str(pages), "-", "-"],
        input=pdf,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return " ".join(found.stdout.decode().split())


def test_the_command_line_writes_the_true_angles_of_a_sample(tmp_path, capsys):
    film = SAMPLES / "SIM-003" / "pre-op.dcm"
    truth = SAMPLES / "truth" / "SIM-003" / "pre-op.reading.json"
    page = tmp_path / "page.pdf"
    assert main(["measure", str(film), str(truth), "--page", str(page)]) == 0
    text = words(page.read_bytes())
    assert "SIM-003 · pre-op" in text
    assert "VKA (L2 sup - L2 inf) 20.9°" in text  # as sample_dicoms/README.md states
    assert "RKA (L1 sup - L3 inf) 20.3°" in text
    assert "from the truth" in text
    assert "2024-03-01" in text


def test_the_picture_is_the_first_page(tmp_path, capsys):
    film = SAMPLES / "SIM-003" / "discharge.dcm"
    page = tmp_path / "page.png"
    assert main(["measure", str(film), "--page", str(page)]) == 0
    picture = np.asarray(Image.open(page).convert("L"))
    assert picture.shape == (1754, 1241)  # A4 at 150 dots an inch
    assert picture[:, :90].min() == 255, "the margin is white"
    assert picture[400:800, 130:330].mean() < 200, "the film is there"


def test_a_page_of_another_kind_is_refused(tmp_path, capsys):
    page = tmp_path / "page.doc"
    assert main(["measure", str(SAMPLES / "SIM-003" / "discharge.dcm"), "--page", str(page)]) == 2
    assert "must end in .pdf or .png" in capsys.readouterr().err


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    shutil.copytree(SAMPLES / "SIM-003", folder / "SIM-003")
    return folder


@pytest.fixture
def client(films):
    return visitor(FolderStore(films))


def number(client, visit):
    items = client.get("/api/worklist").json()["items"]
    return next(item["film_id"] for item in items if item["visit"] == visit)


def observer_of(films):
    return json.loads((films / "SIM-003" / "discharge.reading.json").read_text())["observer"]


def test_the_annotator_prints_the_visits(client, films):
    """The numbers on paper are those of the answer that the page shows."""
    whose = {"X-Kyphometer-Observer": observer_of(films)}
    film = number(client, "6 months")
    table = client.post(f"/api/films/{film}/visits", json={}, headers=whose).json()
    text = words(client.get(f"/api/films/{film}/page.pdf", headers=whose).content, pages=1)
    whole = words(client.get(f"/api/films/{film}/page.pdf", headers=whose).content)
    assert "HA: anterior vertebral height" in whole, "what a code means stands under its table"
    assert f"observer {whose['X-Kyphometer-Observer']}, version 1, confirmed" in text
    assert len(table["visits"]) == 4
    for row in table["visits"]:
        for value in row["values"]:
            line = f"{row['visit']} {row['date']} {value['value']:.1f} ± {value['half_width']:.1f}"
            if value["change"]:
                difference = f"{value['change']['difference']:+.1f}".replace("-", "−")
                line += f" {difference} ± {value['change']['limit']:.1f}"
            assert line in text
    assert "not been confirmed" not in text


def test_a_draft_says_so_and_nothing_marked_is_refused(client, films):
    client.headers["X-Kyphometer-Observer"] = "LT"
    film = number(client, "discharge")
    assert client.get(f"/api/films/{film}/page.pdf").status_code == 404
    document = json.loads((films / "SIM-003" / "discharge.reading.json").read_text())
    body = {"document": document, "base": None}
    assert client.put(f"/api/films/{film}/draft", json=body).is_success
    text = words(client.get(f"/api/films/{film}/page.pdf").content)
    assert "the reading has not been confirmed" in text
    assert "observer LT, draft, not confirmed" in text
    rows = list(csv.DictReader(io.StringIO(client.get(f"/api/films/{film}/measurements.csv").text)))
    body = {"document": document}
    measured = client.post(f"/api/films/{film}/measure", json=body).json()["measurements"]
    assert [(row["code"], float(row["value"])) for row in rows] == [
        (item["code"], item["value"]) for item in measured
    ]
    assert {row["version"] for row in rows} == {"draft"}


def test_the_page_speaks_vietnamese_with_decimal_commas_and_leaves_what_people_wrote(client, films):
    """Draft with a comment and a warning, from the annotator: words, numbers, language, letters."""
    headers = {"X-Kyphometer-Observer": "VN", "Accept-Language": "vi"}
    film = number(client, "discharge")
    document = json.loads((films / "SIM-003" / "discharge.reading.json").read_text())
    document["comment"] = "Nẹp vít T12-L4, đường mổ 12.5 cm"
    corner = document["vertebrae"]["L2"]["inferior"]["anterior"]
    corner["xy"][0] += 80
    body = {"document": document, "base": None}
    assert client.put(f"/api/films/{film}/draft", json=body, headers=headers).is_success
    pdf = client.get(f"/api/films/{film}/page.pdf", headers=headers).content
    text = words(pdf)
    assert "SIM-003 · ra viện" in text
    assert "người đọc VN, bản nháp, chưa xác nhận" in text
    assert "Đây là bản nháp: lần đọc chưa được xác nhận." in text
    assert "Ghi chú: Nẹp vít T12-L4, đường mổ 12.5 cm" in text, "a comment stays as it was written"
    assert "RKA (L1 trên - L3 dưới)" in text
    assert "Các lần khám của bệnh nhân này" in text
    assert "Bảng 1." in text
    assert "Hình 1." in text
    assert "hãy kiểm tra" in text, "warnings speak it too"
    numbers = text.replace("đường mổ 12.5", "")
    assert not re.search(r"\d\.\d+ ?[°%±]|± \d+\.\d", numbers), "decimal commas"
    assert re.search(r"± \d,\d°", numbers)
    assert b"/Lang (vi-VN)" in pdf
    for foreign in ("Angles", "Further", "Visits", "Measurement", "improved", "lost", "draft"):
        assert foreign not in text


def test_every_measurement_has_its_words_and_the_english_ones_are_the_definitions():
    named = {code: item.name for code, item in ANGLES.items()} | shape._NAMES
    english = catalogue("en")
    assert {code: english[f"measured.{code}"] for code in named} == named
