"""De-identification: nothing planted gets through, everything that measuring needs does."""

from __future__ import annotations

import itertools
import re
import shutil
import struct
import subprocess
import warnings
from datetime import date, datetime, timedelta

import numpy as np
import pydicom
import pydicom.encaps
import pytest
from dicom_films import code, dicom_file, film_of, noisy_pixels

from kyphometer.dicom import Compression, read_film, read_header, write_dx
from kyphometer.dicom.clean_pixels import Region
from kyphometer.dicom.compress import compress_frame
from kyphometer.dicom.deidentify import deidentify
from kyphometer.errors import (
    BurnedInTextError,
    FilmError,
    PixelsToCheckError,
    UnsupportedFilmError,
)
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


def comment(frame, text):
    """The codestream with a comment, an application's segment and bytes after its end."""
    if frame[:2] == b"\xff\xd8":
        segments = b"".join(
            marker + struct.pack(">H", 2 + len(text)) + text
            for marker in (b"\xff\xfe", b"\xff\xe5")
        )
        return frame[:2] + segments + frame[2:] + text
    size = struct.unpack(">H", frame[4:6])[0] + 4  # JPEG 2000: after SIZ
    segment = b"\xff\x64" + struct.pack(">HH", 4 + len(text), 1) + text
    return frame[:size] + segment + frame[size:] + text


@pytest.mark.parametrize(
    "compression",
    [Compression.JPEG_LOSSLESS, Compression.JPEG_LS, Compression.JPEG_2000, Compression.HTJ2K],
)
def test_comments_of_the_compressed_picture_go(tmp_path, compression):
    path = written(tmp_path / "film.dcm", "a", compression)
    dataset = pydicom.dcmread(path)
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = pydicom.encaps.encapsulate([comment(frame, b"Beeblebrox 4711")])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)
    assert b"Beeblebrox" in path.read_bytes()
    done = deidentify(path, tmp_path / "out.dcm", key="k")
    assert b"Beeblebrox" not in (tmp_path / "out.dcm").read_bytes()
    assert done.pixels
    assert read_film(done.path).sha256_pixels == read_film(path).sha256_pixels == done.sha256_pixels


def test_words_of_codes_are_those_of_the_dictionary(tmp_path):
    modifier = code("7771000", "SCT", "left, said Zaphod")
    view = code("399173006", "SCT", "Beeblebrox lateral")
    view.ViewModifierCodeSequence = [modifier]
    path = dicom_file(
        tmp_path / "film.dcm",
        ViewCodeSequence=[view],
        AnatomicRegionSequence=[code("1234567", "SCT", "spine of Zaphod")],
        PatientOrientationCodeSequence=[code("Zaphod1", "SCT", "Zaphod")],
    )
    done = deidentify(path, tmp_path / "out.dcm", key="k")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert "Left" in str(out.ViewCodeSequence[0].ViewModifierCodeSequence[0].CodeMeaning)
    assert out.AnatomicRegionSequence[0].CodeMeaning == "1234567"
    assert len(out.PatientOrientationCodeSequence) == 0
    assert "CodeMeaning" in done.changed
    assert b"aphod" not in (tmp_path / "out.dcm").read_bytes()


def test_an_overlay_in_unused_bits_goes_and_pixels_stay(tmp_path):
    pixels = noisy_pixels()
    drawn = pixels | np.where(np.eye(*pixels.shape, dtype=bool), 0x8000, 0).astype(np.uint16)
    path = dicom_file(tmp_path / "film.dcm", drawn, BitsStored=12, HighBit=11)
    with pytest.raises(PixelsToCheckError):
        deidentify(path, tmp_path / "out.dcm", key="k")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        dataset.add_new(0x60000102, "US", 15)
        dataset.save_as(path)
    done = deidentify(path, tmp_path / "out.dcm", key="k")
    out = pydicom.dcmread(done.path)
    np.testing.assert_array_equal(out.pixel_array, pixels)
    assert done.sha256_pixels == read_film(path).sha256_pixels
    assert not any(tag.group == 0x6000 for tag in out.keys())  # noqa: SIM118


def test_pixels_of_another_compression_than_stated_are_written_plainly(tmp_path):
    pixels = noisy_pixels()
    frame = compress_frame(pixels, 12, Compression.RLE)
    facts = {"BitsStored": 12, "HighBit": 11}
    rle = "1.2.840.10008.1.2.5"
    paths = [
        dicom_file(tmp_path / "fragments.dcm", pixels, frames=[frame], syntax=rle, **facts),
        dicom_file(tmp_path / "plain.dcm", pixels, **facts),
    ]
    for path, end, other in zip(paths, (b"5", b"1"), (b"1", b"5"), strict=True):
        whole = path.read_bytes()
        said = whole.replace(b"10008.1.2.%b\0" % end, b"10008.1.2.%b\0" % other, 1)
        assert said != whole
        path.write_bytes(said)
    for path in paths:
        done = deidentify(path, tmp_path / "out.dcm", key="k")
        np.testing.assert_array_equal(read_film(done.path).pixels, pixels)
        assert done.sha256_pixels == read_film(path).sha256_pixels
        assert read_film(done.path).header.transfer_syntax_uid == "1.2.840.10008.1.2.1"


def test_coloured_pixels_must_be_looked_at(tmp_path):
    grey = (noisy_pixels() >> 4).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    path = dicom_file(tmp_path / "grey.dcm", grey, PixelData=rgb.tobytes() + b"\0", **colour)
    deidentify(path, tmp_path / "out.dcm", key="k")
    rgb[5:9, 5:30, 0] ^= 0x80
    path = dicom_file(tmp_path / "drawn.dcm", grey, PixelData=rgb.tobytes() + b"\0", **colour)
    with pytest.raises(PixelsToCheckError, match="coloured pixels"):
        deidentify(path, tmp_path / "no.dcm", key="k")
    done = deidentify(path, tmp_path / "out.dcm", key="k", text_in_pixels_checked=True)
    assert read_film(done.path, grey=True).sha256_pixels == read_film(path, grey=True).sha256_pixels


def test_texts_that_repeat_the_name_go(tmp_path):
    path = dicom_file(
        tmp_path / "film.dcm",
        PatientName="Beeblebrox^Zaphod",
        Manufacturer="Philips of Zaphod",
        ClinicalTrialTimePointID="beeblebrox pre",
        BodyPartExamined="LSPINE",
    )
    deidentify(path, tmp_path / "out.dcm", key="k")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert out.Manufacturer == ""
    assert "ClinicalTrialTimePointID" not in out
    assert out.BodyPartExamined == "LSPINE"


def test_code_strings_hold_terms_of_the_standard_or_go(tmp_path):
    path = dicom_file(
        tmp_path / "film.dcm", Modality="DX", BodyPartExamined="ZAPHOD", Manufacturer="Magrathea",
        ImageType=["ORIGINAL", "PRIMARY", "ZAPHOD"], ViewPosition="ZAPHOD",
        ClinicalTrialTimePointID="6-months post op",
    )  # fmt: skip
    deidentify(path, tmp_path / "out.dcm", key="k")
    data = (tmp_path / "out.dcm").read_bytes().upper()
    assert b"ZAPHOD" not in data
    assert b"MAGRATHEA" not in data
    before, after = read_header(path).acquisition, read_header(tmp_path / "out.dcm").acquisition
    assert (after.is_lateral, after.facing) == (before.is_lateral, before.facing)
    assert after.time_point == "6-months post op"
    assert after.modality == "DX"


def test_times_of_a_day_keep_their_order_only(tmp_path):
    times = [datetime(2024, 1, 10, hour, 7) for hour in (0, 6, 9, 12, 23)]
    seen = []
    for number, moment in enumerate(times):
        path = written(tmp_path / f"{number}.dcm", str(number), exposed_at=moment)
        seen.append(
            read_header(
                deidentify(path, tmp_path / f"out{number}.dcm", key="k").path
            ).acquisition.exposed_at
        )
    assert seen == sorted(seen)
    assert len({moment.date() for moment in seen}) == 1
    assert all(a.time() != b.time() for a, b in zip(seen, times, strict=True))


def test_regions_are_blanked_and_only_they(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", noisy_pixels(), BurnedInAnnotation="YES")
    done = deidentify(
        path, tmp_path / "out.dcm", key="k", text_in_pixels_checked=True,
        blank=[Region(2, 3, 10, 5), Region(30, 50, 100, 100)],
    )  # fmt: skip
    before, after = read_film(path), read_film(done.path)
    same = before.pixels == after.pixels
    hidden = np.zeros_like(same)
    hidden[3:8, 2:12] = hidden[50:, 30:] = True
    assert same[~hidden].all()
    assert (after.pixels[hidden] == before.pixels.min()).all()
    assert not after.acquisition.burned_in_annotation
    codes = pydicom.dcmread(done.path).DeidentificationMethodCodeSequence
    assert "113101" in [item.CodeValue for item in codes]
    with pytest.raises(PixelsToCheckError):
        deidentify(path, tmp_path / "no.dcm", key="k", blank=[Region(-1, 0, 2, 2)])


def test_the_device_stays_where_it_may(film, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(film)
        dataset.StationName, dataset.DeviceSerialNumber = "ROOM2", "of Zaphod"
        dataset.save_as(film)
    deidentify(film, tmp_path / "out.dcm", key="k", keep_device=True)
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert out.StationName == "ROOM2"
    assert "DeviceSerialNumber" not in out
    deidentify(film, tmp_path / "out.dcm", key="k")
    assert "StationName" not in pydicom.dcmread(tmp_path / "out.dcm")


CLASSES: dict[str, dict[str, object]] = {
    "1.1": {
        "Modality": "DX", "BurnedInAnnotation": "NO", "WindowCenter": 2000, "WindowWidth": 4000,
    },
    "1.1.1": {"Modality": "DX", "BurnedInAnnotation": "NO"},
    "1": {"Modality": "CR"},
    "7": {"Modality": "OT", "BurnedInAnnotation": "NO"},
    "12.1": {"Modality": "XA", "KVP": "70", "RadiationSetting": "GR"},
    "12.2": {"Modality": "RF", "KVP": "70", "RadiationSetting": "GR"},
}  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
def test_what_the_standard_asks_for_is_there(tmp_path, kind):
    """A sparse header with odd values: the copy has no error that the film had not of itself."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    path = dicom_file(
        tmp_path / "film.dcm", noisy_pixels(),
        SOPClassUID=f"1.2.840.10008.5.1.4.1.1.{kind}",
        ImageType=["DERIVED", "PRIMARY", "", "LUT"],
        PixelIntensityRelationship="LIN", PixelIntensityRelationshipSign=-1,
        StudyInstanceUID="2.25.5", SeriesInstanceUID="2.25.6", PatientName="Beeblebrox^Zaphod",
        StudyDate="20240506", ContentDate="20240506", ContentTime="101112",
        LossyImageCompression="00", **CLASSES[kind],
    )  # fmt: skip
    done = deidentify(path, tmp_path / "out.dcm", key="k")
    assert done.gaps == ()
    assert errors_of(done.path) == []


def test_what_nobody_can_know_is_named(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", ImagerPixelSpacing=None)
    gaps = deidentify(path, tmp_path / "out.dcm", key="k").gaps
    assert {"ImagerPixelSpacing", "LossyImageCompression", "BurnedInAnnotation"} <= set(gaps)


def errors_of(path):
    """What dciodvfy calls an error."""
    done = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    told = done.stdout + done.stderr
    return [line for line in told.splitlines() if line.startswith("Error")]
