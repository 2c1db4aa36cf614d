"""Report, plots, mirroring and certificate of reliability."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web_local import document

from kyphometer.cli import main
from kyphometer.geometry import PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.reading.document import reading_from_dict
from kyphometer.reliability import ReadingTable, ValueRow, Verdict
from kyphometer.sessions.certificate import CertificateLimits, certify
from kyphometer.sessions.mirroring import mirror_reading

SQUARE = PixelGeometry.from_spacing(0.15, 0.15)


@given(st.floats(-40, 40), st.integers(600, 3000))
@settings(max_examples=25, deadline=None)
def test_mirroring_twice_changes_nothing_and_no_angle_changes(angle_px, columns):
    film = {"rows": 1800, "columns": columns}
    reading = reading_from_dict(document(angle_px, film=film))
    mirrored = mirror_reading(reading)
    twice = {key[:3]: key[3].xy for key in mirror_reading(mirrored).landmarks()}
    for *key, mark in reading.landmarks():
        assert twice[tuple(key)] == pytest.approx(mark.xy, abs=1e-9)
    values = [
        measure_reading(r, SQUARE, codes=["VKA"]).get("VKA").value for r in (reading, mirrored)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def table(errors, observer="KN"):
    return ReadingTable(
        values=tuple(
            ValueRow(
                film=f"F{i}", observer=observer, value=15.0 + i + e, truth=15.0 + i, code="VKA"
            )
            for i, e in enumerate(errors)
        )
    )


def test_a_certificate_follows_the_interval_and_not_the_estimate():
    rng = np.random.default_rng(5)
    noise = rng.normal(size=60)
    noise = (noise - noise.mean()) / noise.std(ddof=1)  # mean 0 and SD 1 exactly
    limits = CertificateLimits(bias=1.0, standard_error_of_measurement=1.3)
    assert certify(table(noise), limits).verdict is Verdict.SHOWN
    # chi-square at df 59: SD 1.15 has an upper bound of 1.15 x 1.2197 = 1.40, above 1.3
    unsure = certify(table(1.15 * noise), limits)
    assert unsure.verdict is Verdict.NOT_SHOWN
    assert unsure.words.startswith("NOT SHOWN")
    assert unsure.lines[1].quantity.high == pytest.approx(1.15 * 1.2197, abs=2e-3)
    assert certify(table(1.7 * noise), limits).verdict is Verdict.REFUTED
    assert certify(table(noise + 2.0), limits).words.startswith("FAIL")


def test_a_table_becomes_a_report_in_every_format(tmp_path, capsys):
    rng = np.random.default_rng(1)
    lines = ["film,observer,replicate,value,patient"]
    for film in range(8):
        for observer in ("A", "B"):
            for replicate in (1, 2):
                value = 18 + 3 * np.sin(film) + rng.normal(0, 1.0)
                lines.append(f"F{film},{observer},{replicate},{value:.3f},P{film // 2}")
    source = tmp_path / "long.csv"
    source.write_text("\n".join(lines))
    names = ("html", "pdf", "docx", "xlsx")
    options = [word for name in names for word in (f"--{name}", str(tmp_path / f"r.{name}"))]
    words = ["reliability", str(source), "--bootstrap", "50", "--format", "json", *options]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["analysis"]["groups"][0]["counts"]["readings"] == 32
    for name in names:
        assert (tmp_path / f"r.{name}").stat().st_size > 3000
    assert "to be" in (tmp_path / "r.html").read_text("utf-8")


def test_planning_reproduces_the_published_tables(capsys):
    words = ["plan", "icc", "--null", "0.75", "--expected", "0.9", "--format", "json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)[0]["n"] == 27
    assert main(["plan", "limits", "--tolerance", "3", "--sd", "1", "--format", "json"]) == 0
    assert [row["n"] for row in json.loads(capsys.readouterr().out)] == [36, 40, 31]
    assert main(["plan", "icc", "--expected", "0.9"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        "icc --expected 0.5 --width 1e-311",
        "icc --expected 3e-223 --width 2e-200",
        "icc --expected 0.5 --null 0.4999999999999999",
        "limits --tolerance 5 --sd 1e-320",
        "limits --tolerance 1e300 --sd 1",
        "limits --tolerance 5 --sd 1 --bias 1e308",
    ],
)
def test_a_plan_out_of_reach_is_refused_in_a_sentence(words, capsys):
    assert main(["plan", *words.split()]) != 0
    told = capsys.readouterr().err
    assert told.startswith("kyphometer: The ")
    assert "Traceback" not in told
