"""De-identification: nothing planted gets through, everything that measuring needs does."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import warnings
from datetime import date, datetime, timedelta

import numpy as np
import pydicom
import pytest
from dicom_films import code, dicom_file, film_of, noisy_pixels

from kyphometer.dicom import Compression, read_film, read_header, write_dx
from kyphometer.dicom.deidentify import deidentify
from kyphometer.errors import BurnedInTextError, FilmError, UnsupportedFilmError
from kyphometer.film import Position

SECRETS = ("Zaphod", "Beeblebrox", "MRN4711", "Dr. Prefect", "Magrathea", "Slartibart")


def plant(path):
    """Put the patient's name and more into every place where devices put such things."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one of the values is not what it should be
        plant_in(dataset := pydicom.dcmread(path))
        dataset.save_as(path)
    return path


def plant_in(dataset):
    """The places."""
    dataset.PatientName = "Beeblebrox^Zaphod"
    dataset.PatientID = "MRN4711"
    dataset.OtherPatientIDs = "MRN4711"
    dataset.ReferringPhysicianName = "Dr. Prefect"
    dataset.InstitutionName = "Magrathea"
    dataset.StudyDescription = "spine of Zaphod"
    dataset.SeriesDescription = "Beeblebrox standing"
    dataset.ImageComments = "Slartibart was here"
    dataset.ProtocolName = "Zaphod"
    dataset.StationName = "Magrathea"
    dataset.DeviceSerialNumber = "MRN4711"
    dataset.BodyPartExamined = "ZAPHOD'S SPINE".ljust(16, "Z")[:16].lower()
    dataset.ViewCodeSequence = [
        code("399173006", "SCT", "left lateral"),
        code("1", "99HOSPITAL", "Beeblebrox view"),
    ]
    request = pydicom.Dataset()
    request.RequestedProcedureDescription = "Zaphod again"
    dataset.RequestAttributesSequence = [request]
    dataset.add_new(0x00091001, "LO", "Beeblebrox")
    dataset.add_new(0x60003000, "OW", b"Slartibart")
    dataset.add_new(0x7FE10010, "OB", b"Zaphod")
    dataset.DistanceSourceToDetector = "1800"


@pytest.fixture
def film(tmp_path):
    return plant(written(tmp_path / "film.dcm", "a"))


def written(path, seed, compression=Compression.JPEG_LOSSLESS, **facts):
    write_dx(film_of(noisy_pixels(), **facts), path, seed=seed, compression=compression)
    return path


def test_nothing_planted_gets_through(film, tmp_path):
    done = deidentify(film, tmp_path / "out.dcm", key="k")
    data = (tmp_path / "out.dcm").read_bytes().lower()
    for secret in SECRETS:
        assert secret.lower().encode() not in data, secret
    assert {"InstitutionName", "ImageComments", "StudyDescription"} <= set(done.removed)
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert all(not tag.is_private for tag in out.keys())  # noqa: SIM118
    assert out.PatientIdentityRemoved == "YES"
    assert out.PatientBirthDate == ""
    old = pydicom.dcmread(film)
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate"):
        assert out[keyword].value != old[keyword].value
        assert str(old[keyword].value).encode() not in data


def test_what_measuring_needs_stays(film, tmp_path):
    deidentify(film, tmp_path / "out.dcm", key="k")
    before, after = read_film(film), read_film(tmp_path / "out.dcm")
    np.testing.assert_array_equal(after.pixels, before.pixels)
    assert after.sha256_pixels == before.sha256_pixels
    assert after.header.transfer_syntax_uid == before.header.transfer_syntax_uid
    assert after.geometry == before.geometry
    for name in ("facing", "view", "is_lateral", "magnification", "modality", "patient_sex",
                 "source_to_detector_mm", "position", "time_point"):  # fmt: skip
        assert getattr(after.acquisition, name) == getattr(before.acquisition, name), name
    assert after.rendering.windows == before.rendering.windows
    assert after.warnings == ()


@pytest.mark.parametrize("compression", list(Compression))
def test_every_syntax(tmp_path, compression):
    path = plant(written(tmp_path / "film.dcm", "a", compression))
    deidentify(path, tmp_path / "out.dcm", key="k")
    assert read_film(tmp_path / "out.dcm").sha256_pixels == read_film(path).sha256_pixels


def test_visits_stay_together_and_their_intervals_exact(tmp_path):
    days = [datetime(2024, 1, 10, 9), datetime(2024, 2, 12, 15), datetime(2024, 7, 9, 8)]
    moments, codes, uids = [], set(), set()
    for number, day in enumerate(days):
        path = written(tmp_path / f"{number}.dcm", str(number), exposed_at=day)
        done = deidentify(path, tmp_path / f"out{number}.dcm", key="k")
        moments.append(read_header(done.path).acquisition.exposed_at.date())
        codes.add(done.patient_code)
        uids.add(done.sop_instance_uid)
    assert len(codes) == 1
    assert len(uids) == 3
    assert [b - a for a, b in itertools.pairwise(moments)] == [
        timedelta(days=33),
        timedelta(days=148),
    ]
    assert moments[0] < date(2010, 1, 1)


def test_the_key_decides(film, tmp_path):
    outs = [tmp_path / name for name in ("1.dcm", "2.dcm", "3.dcm")]
    one, two, three = (
        deidentify(film, out, key=key) for out, key in zip(outs, ("k", "k", "other"), strict=True)
    )
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert (one.patient_code, one.sop_instance_uid) == (two.patient_code, two.sop_instance_uid)
    assert one.patient_code != three.patient_code
    assert one.sop_instance_uid != three.sop_instance_uid
    named = deidentify(film, tmp_path / "4.dcm", key="k", patient_code="P-07")
    assert read_header(named.path).acquisition.patient_id == "P-07"


def test_age_instead_of_birth_date(tmp_path):
    for born, age in (
        (date(1955, 5, 6), "069Y"),
        (date(1955, 5, 8), "068Y"),
        (date(1920, 1, 1), "090Y"),
    ):
        path = written(tmp_path / "film.dcm", "a", patient_birth_date=born)
        deidentify(path, tmp_path / "out.dcm", key="k")
        assert pydicom.dcmread(tmp_path / "out.dcm").PatientAge == age


def test_a_position_in_words_becomes_a_code(tmp_path):
    path = dicom_file(
        tmp_path / "film.dcm", SeriesDescription="Zaphod standing", StudyDate="20240506"
    )
    assert read_header(path).acquisition.position is Position.STANDING
    deidentify(path, tmp_path / "out.dcm", key="k")
    assert read_header(tmp_path / "out.dcm").acquisition.position is Position.STANDING


def test_text_in_the_pixels_must_be_looked_at(tmp_path):
    capture = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "Modality": "OT"}
    for facts in ({"BurnedInAnnotation": "YES"}, capture):
        path = dicom_file(tmp_path / "film.dcm", **facts)
        with pytest.raises(BurnedInTextError):
            deidentify(path, tmp_path / "out.dcm", key="k")
        assert not (tmp_path / "out.dcm").exists()
        deidentify(path, tmp_path / "out.dcm", key="k", text_in_pixels_checked=True)
        (tmp_path / "out.dcm").unlink()


def test_values_of_the_wrong_form_go(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", ViewPosition="Zaphod B", KVP="70")
    done = deidentify(path, tmp_path / "out.dcm", key="k")
    assert "ViewPosition" in done.removed
    assert pydicom.dcmread(tmp_path / "out.dcm").KVP == 70


def test_pictures_are_refused(tmp_path):
    path = tmp_path / "film.png"
    import PIL.Image

    PIL.Image.fromarray(noisy_pixels()).save(path)
    with pytest.raises(UnsupportedFilmError):
        deidentify(path, tmp_path / "out.dcm", key="k")
    with pytest.raises(FilmError):
        deidentify(tmp_path / "none.dcm", tmp_path / "out.dcm", key="k")


def test_the_copy_is_still_a_valid_object(film, tmp_path):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    deidentify(film, tmp_path / "out.dcm", key="k")
    done = subprocess.run(
        ["dciodvfy", "-new", str(tmp_path / "out.dcm")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "DXImageForPresentation" in done.stdout + done.stderr
    assert not re.search("^Error", done.stdout + done.stderr, re.MULTILINE), done.stderr
