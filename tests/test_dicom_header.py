"""What a header says, and what is said where it contradicts itself."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pydicom
import pytest
from dicom_films import code, dicom_file

from kyphometer.dicom import facts, read_film, read_header
from kyphometer.dicom.orientation import facing_of
from kyphometer.dicom.position import position_in_words
from kyphometer.errors import FrameError, PixelSpacingError
from kyphometer.film import Position
from kyphometer.geometry import Facing, SpacingSource

NO_SPACING = {"ImagerPixelSpacing": None, "EstimatedRadiographicMagnificationFactor": None}


def header(tmp_path, **attributes):
    return read_header(dicom_file(tmp_path / "film.dcm", **attributes))


def warned(found, *words):
    """True if one warning holds all these words."""
    return any(all(word in sentence for word in words) for sentence in found.warnings)


SPACINGS = {
    "calibrated by fiducial": (
        {"PixelSpacing": ["0.15", "0.15"], "PixelSpacingCalibrationType": "FIDUCIAL"},
        (0.15, SpacingSource.CALIBRATED, True),
    ),
    "calibrated by geometry": (
        {"PixelSpacing": ["0.16", "0.16"], "PixelSpacingCalibrationType": "GEOMETRY"},
        (0.16, SpacingSource.CALIBRATED, True),
    ),
    "corrected, type not told": (
        {"PixelSpacing": ["0.16", "0.16"]},
        (0.16, SpacingSource.PIXEL_SPACING, True),
    ),
    "only repeats the detector's": (
        {"PixelSpacing": ["0.2", "0.2"]},
        (0.16, SpacingSource.MAGNIFICATION, True),
    ),
    "magnification stated": ({}, (0.16, SpacingSource.MAGNIFICATION, True)),
    "magnification by distances": (
        {
            "EstimatedRadiographicMagnificationFactor": None,
            "DistanceSourceToDetector": "1500",
            "DistanceSourceToPatient": "1200",
        },
        (0.16, SpacingSource.MAGNIFICATION, True),
    ),
    "at the detector": (
        {"EstimatedRadiographicMagnificationFactor": None},
        (0.2, SpacingSource.DETECTOR, False),
    ),
    "scanned film": (
        {**NO_SPACING, "NominalScannedPixelSpacing": ["0.1", "0.1"]},
        (0.1, SpacingSource.SCANNER, False),
    ),
    "PixelSpacing alone": (
        {**NO_SPACING, "PixelSpacing": ["0.18", "0.18"]},
        (0.18, SpacingSource.PIXEL_SPACING, False),
    ),
    "PixelSpacing of a CT": (
        {**NO_SPACING, "PixelSpacing": ["0.7", "0.7"], "Modality": "CT"},
        (0.7, SpacingSource.PIXEL_SPACING, True),
    ),
    "aspect ratio": (
        {**NO_SPACING, "PixelAspectRatio": ["4", "3"]},
        (None, SpacingSource.ASPECT_RATIO, False),
    ),
    "nothing": (NO_SPACING, (None, SpacingSource.NONE, False)),
}


@pytest.mark.parametrize(("attributes", "expected"), SPACINGS.values(), ids=SPACINGS)
def test_pixel_size_and_its_source(tmp_path, attributes, expected):
    geometry = header(tmp_path, **attributes).geometry
    size, source, in_patient = expected
    assert geometry.row_mm == pytest.approx(size)
    assert geometry.column_mm == pytest.approx(size)
    assert geometry.source is source
    assert geometry.in_patient is in_patient


def test_rows_come_first(tmp_path):
    geometry = header(tmp_path, ImagerPixelSpacing=["0.4", "0.2"]).geometry
    assert (geometry.row_mm, geometry.column_mm) == pytest.approx((0.32, 0.16))
    assert geometry.aspect == pytest.approx(2.0)
    found = header(tmp_path, **NO_SPACING, PixelAspectRatio=["4", "3"])
    assert found.geometry.aspect == pytest.approx(4 / 3)
    assert warned(found, "1.333 times as high as wide")


@pytest.mark.parametrize(
    "value", [["0", "0.1"], ["-0.1", "-0.1"], ["143", "143"], ["0.1"], ["1e-9", "1e-9"]]
)
def test_impossible_pixel_sizes_are_left_out(tmp_path, value):
    found = header(tmp_path, **{**NO_SPACING, "ImagerPixelSpacing": value})
    assert found.geometry.source is SpacingSource.NONE
    assert warned(found, "ImagerPixelSpacing", "was left out")
    assert warned(found, "angles only")


@pytest.mark.parametrize("value", [b"0,143\\0,143 ", b"abc\\0.1 ", b"nan\\nan ", b"0.1\\ "])
def test_unreadable_pixel_sizes_are_left_out(tmp_path, value):
    path = dicom_file(tmp_path / "film.dcm", ImagerPixelSpacing=["0.123456789", "0.5"])
    whole = path.read_bytes()
    padded = value.ljust(16)[:16]
    assert whole.count(b"0.123456789\\0.5 ") == 1
    path.write_bytes(whole.replace(b"0.123456789\\0.5 ", padded))
    found = read_header(path)
    assert found.geometry.source is SpacingSource.NONE
    assert warned(found, "ImagerPixelSpacing")


CONTRADICTIONS = {
    "spacing against magnification": ({"PixelSpacing": ["0.1", "0.1"]}, ("2.000", "1.250")),
    "spacing larger than the detector's": (
        {"PixelSpacing": ["0.25", "0.25"]},
        ("contradict", "0.800"),
    ),
    "spacings of two shapes": ({"PixelSpacing": ["0.16", "0.2"]}, ("disagree", "shape")),
    "aspect ratio against spacing": ({"PixelAspectRatio": ["2", "1"]}, ("2.000", "1.000")),
    "magnification below one": (
        {"EstimatedRadiographicMagnificationFactor": "0.8"},
        ("magnification 0.8", "impossible"),
    ),
    "magnification against distances": (
        {"DistanceSourceToDetector": "1800", "DistanceSourceToPatient": "1000"},
        ("1.25", "1.800"),
    ),
    "source behind the detector": (
        {"DistanceSourceToDetector": "1000", "DistanceSourceToPatient": "1500"},
        ("cannot both be right",),
    ),
    "view against orientation": ({"ViewPosition": "AP"}, ("contradicts itself", "lateral")),
    "not lateral": (
        {"PatientOrientation": ["L", "F"], "ViewPosition": None},
        ("no lateral film", "PatientOrientation"),
    ),
    "view code against view position": (
        {"ViewCodeSequence": [code("399348003", meaning="antero-posterior")]},
        ("'LL'", "antero-posterior"),
    ),
    "orientation of one axis": ({"PatientOrientation": ["A", "P"]}, ("A\\P", "impossible")),
    "orientation of one letter": ({"PatientOrientation": ["A"]}, ("impossible",)),
    "orientation of nonsense": ({"PatientOrientation": ["X", "Y"]}, ("impossible",)),
    "orientation that contradicts itself": (
        {"PatientOrientation": ["AP", "F"]},
        ("impossible",),
    ),
    "lying on its side": ({"PatientOrientation": ["F", "A"]}, ("not held head up",)),
    "position by code and by word": (
        {
            "PatientPosition": "HFS",
            "SeriesDescription": "LUMBAR LAT STANDING",
        },
        ("supine by code", "standing by description"),
    ),
    "exposed before birth": (
        {"PatientBirthDate": "20250101", "AcquisitionDate": "20240101"},
        ("before the patient's birth",),
    ),
    "exposed long after the study": (
        {"StudyDate": "20240101", "AcquisitionDate": "20240301"},
        ("2024-03-01", "2024-01-01"),
    ),
    "no date": ({"StudyDate": "20241301"}, ("StudyDate", "no date")),
    "lossy": ({"LossyImageCompression": "01"}, ("loss",)),
    "burned-in text": ({"BurnedInAnnotation": "YES"}, ("burned into",)),
    "no radiograph": ({"Modality": "US"}, ("US image", "no radiograph")),
    "slope of zero": ({"RescaleSlope": "0"}, ("RescaleSlope is 0",)),
    "window of no width": ({"WindowCenter": "5", "WindowWidth": "0"}, ("window", "left out")),
    "windows of several widths": (
        {"WindowCenter": ["5", "6"], "WindowWidth": "4"},
        ("window", "left out"),
    ),
    "unknown VOI function": (
        {"WindowCenter": "5", "WindowWidth": "9", "VOILUTFunction": "GAMMA"},
        ("GAMMA",),
    ),
    "no photometric interpretation": (
        {"PhotometricInterpretation": None},
        ("PhotometricInterpretation",),
    ),
    "no bits stored": ({"BitsStored": None, "HighBit": None}, ("BitsStored",)),
}


@pytest.mark.parametrize(("attributes", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions_are_named(tmp_path, attributes, words):
    found = header(tmp_path, **attributes)
    assert warned(found, *words), found.warnings


def test_a_consistent_header_gives_no_warning(tmp_path):
    assert header(tmp_path).warnings == ()


FACINGS = {
    ("A", "F"): Facing.RIGHT,
    ("P", "F"): Facing.LEFT,
    ("AR", "FP"): Facing.RIGHT,
    ("PLF", "FAR"): Facing.LEFT,
    ("F", "A"): Facing.LEFT,
    ("F", "P"): Facing.RIGHT,
    ("H", "A"): Facing.RIGHT,
    ("H", "P"): Facing.LEFT,
    ("A", "H"): Facing.LEFT,
    ("P", "H"): Facing.RIGHT,
}


@pytest.mark.parametrize(("letters", "expected"), FACINGS.items(), ids=str)
def test_facing_by_turning_the_film_head_up(tmp_path, letters, expected):
    """Oracle: the corners of a picture, turned by numpy until the head is up."""
    assert header(tmp_path, PatientOrientation=list(letters)).acquisition.facing is expected
    opposite = {"A": "P", "P": "A", "H": "F", "F": "H"}
    row, column = letters[0][0], letters[1][0]
    film = np.full((3, 3), " ")
    film[1, 2], film[1, 0] = row, opposite[row]
    film[2, 1], film[0, 1] = column, opposite[column]
    turned = next(t for t in (np.rot90(film, k) for k in range(4)) if t[0, 1] == "H")
    assert (turned[1, 2] == "A") == (expected is Facing.RIGHT)


@pytest.mark.parametrize("letters", [("L", "F"), ("A", "P"), ("A", ""), ("", "")])
def test_no_facing_without_a_sagittal_and_a_long_axis(letters):
    assert facing_of(*letters) is None


VIEWS = {
    "view position": ({"ViewPosition": "LATERAL"}, "LATERAL", True),
    "right lateral": ({"ViewPosition": "RL"}, "RL", True),
    "code": (
        {"ViewPosition": None, "ViewCodeSequence": [code("399173006", meaning="left lateral")]},
        "left lateral",
        True,
    ),
    "old code": (
        {"ViewPosition": None, "ViewCodeSequence": [code("R-10236", "SRT", "left lateral")]},
        "left lateral",
        True,
    ),
    "frontal": ({"ViewPosition": "PA", "PatientOrientation": ["L", "F"]}, "PA", False),
    "oblique": ({"ViewPosition": "LPO", "PatientOrientation": None}, "LPO", False),
    "C-arm from the side": (
        {
            "Modality": "XA",
            "PositionerPrimaryAngle": "-88",
            "ViewPosition": None,
            "PatientOrientation": None,
        },
        None,
        True,
    ),
    "description": (
        {
            "ViewPosition": None,
            "PatientOrientation": None,
            "SeriesDescription": "T-SPINE LAT STANDING",
        },
        None,
        True,
    ),
    "lying on the side, seen from the front": (
        {"ViewPosition": None, "PatientOrientation": None, "SeriesDescription": "CHEST LAT DECUB"},
        None,
        None,
    ),
    "nothing": ({"ViewPosition": None, "PatientOrientation": None}, None, None),
}


@pytest.mark.parametrize(("attributes", "view", "lateral"), VIEWS.values(), ids=VIEWS)
def test_view(tmp_path, attributes, view, lateral):
    acquisition = header(tmp_path, **attributes).acquisition
    assert acquisition.view == view
    assert acquisition.is_lateral is lateral


WORDS = {
    "LUMBAR SPINE LAT STANDING": Position.STANDING,
    "LWS seitlich stehend": Position.STANDING,
    "Rachis lombaire profil debout": Position.STANDING,
    "L-spine erect": Position.STANDING,
    "semi-erect": None,
    "sitting lateral": Position.SITTING,
    "WS im Sitzen": Position.SITTING,
    "rachis assis": Position.SITTING,
    "CROSS TABLE LAT": Position.SUPINE,
    "X-TABLE_LATERAL": Position.SUPINE,
    "supine": Position.SUPINE,
    "Rückenlage": Position.SUPINE,
    "prone": Position.PRONE,
    "L LAT DECUB": Position.LATERAL_DECUBITUS,
    "LLD": Position.LATERAL_DECUBITUS,
    "supine and standing": None,
    "understanding": None,
    "": None,
}


@pytest.mark.parametrize(("text", "expected"), WORDS.items())
def test_position_in_words(text, expected):
    assert position_in_words(text) is expected


def test_position_by_codes(tmp_path):
    erect = code("C86043", "NCIt", "erect")
    erect.PatientOrientationModifierCodeSequence = [code("33586001", "SCT", "sitting")]
    found = header(tmp_path, PatientOrientationCodeSequence=[erect])
    assert found.acquisition.position is Position.SITTING
    lying = code("F-10450", "SRT", "recumbent")
    lying.PatientOrientationModifierCodeSequence = [code("F-10340", "SRT", "supine")]
    found = header(tmp_path, PatientOrientationCodeSequence=[lying])
    assert found.acquisition.position is Position.SUPINE
    for value, position in {
        "HFS": Position.SUPINE,
        "FFP": Position.PRONE,
        "HFDL": Position.LATERAL_DECUBITUS,
    }.items():
        assert header(tmp_path, PatientPosition=value).acquisition.position is position


def test_moment_of_exposure(tmp_path):
    study = {"StudyDate": "20240506", "StudyTime": "080000"}
    assert header(tmp_path, **study).acquisition.exposed_at == datetime(2024, 5, 6, 8)
    content = {**study, "ContentDate": "20240506", "ContentTime": "0915"}
    assert header(tmp_path, **content).acquisition.exposed_at == datetime(2024, 5, 6, 9, 15)
    taken = {**content, "AcquisitionDate": "20240506", "AcquisitionTime": "101112.25"}
    assert header(tmp_path, **taken).acquisition.exposed_at == datetime(2024, 5, 6, 10, 11, 12)
    exact = {**taken, "AcquisitionDateTime": "20240506101113.5+0100"}
    assert header(tmp_path, **exact).acquisition.exposed_at == datetime(2024, 5, 6, 10, 11, 13)
    capture = {**content, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}
    assert header(tmp_path, **capture).acquisition.exposed_at == datetime(2024, 5, 6, 8)
    assert header(tmp_path).acquisition.exposed_at is None


def test_names_in_many_scripts(tmp_path):
    for charset, name, shown in (
        ("ISO_IR 100", "Müller^Jörg", "Müller Jörg"),
        ("ISO_IR 192", "Νικολάου^Άννα", "Νικολάου Άννα"),
        ("ISO_IR 144", "Люкceмбypг", "Люкceмбypг"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "Yamada Tarou"),
    ):
        found = header(tmp_path, SpecificCharacterSet=charset, PatientName=name)
        assert found.acquisition.patient_name == shown


def test_control_characters_cannot_break_a_sentence(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", ViewPosition="WXYZWXYZ", PatientID="ABCDABCD")
    data = path.read_bytes().replace(b"WXYZWXYZ", b"A\nP\x1b[31m")
    path.write_bytes(data.replace(b"ABCDABCD", b"A\rB\x07CDEF"))
    found = read_header(path)
    assert found.acquisition.patient_id == "A B CDEF"
    for _, value in facts(found):
        assert value.isprintable()
    for sentence in found.warnings:
        assert sentence.isprintable()


def test_other_facts(tmp_path):
    found = header(
        tmp_path,
        BodyPartExamined="LSPINE",
        PatientBirthDate="1950.03.02",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        Manufacturer="Maker",
        ManufacturerModelName="Model",
        ClinicalTrialTimePointID="6M",
        AccessionNumber="",
        PatientSex="F",
    ).acquisition
    assert found.body_part == "LSPINE"
    assert found.patient_birth_date == date(1950, 3, 2)
    assert found.burned_in_annotation is False
    assert found.lossy is False
    assert found.manufacturer == "Maker Model"
    assert found.time_point == "6M"
    assert found.accession_number is None
    assert found.patient_sex == "F"
    bare = header(tmp_path, AnatomicRegionSequence=[code("122496007", meaning="Lumbar spine")])
    assert bare.acquisition.body_part == "Lumbar spine"
    assert bare.acquisition.lossy is None or bare.acquisition.lossy is False
    assert bare.acquisition.burned_in_annotation is None


def test_the_users_spacing_goes_first(tmp_path):
    path = dicom_file(tmp_path / "film.dcm")
    stated = read_film(path, spacing_mm=(0.3, 0.15)).geometry
    assert stated.source is SpacingSource.STATED
    assert (stated.row_mm, stated.column_mm, stated.aspect) == (0.3, 0.15, 2.0)
    far = read_header(path, spacing_mm=0.3)
    assert warned(far, "0.3 mm", "0.16 mm")
    assert read_header(path, spacing_mm=0.161).warnings == ()
    for impossible in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(PixelSpacingError):
            read_header(path, spacing_mm=impossible)


def enhanced(tmp_path):
    """An enhanced XA object of two frames with their own windows and shared pixel size."""

    def group(**items):
        found = pydicom.Dataset()
        for name, values in items.items():
            item = pydicom.Dataset()
            for keyword, value in values.items():
                setattr(item, keyword, value)
            setattr(found, name, [item])
        return found

    return dicom_file(
        tmp_path / "enhanced.dcm",
        np.arange(24, dtype=np.uint16).reshape(2, 3, 4),
        SOPClassUID="1.2.840.10008.5.1.4.1.1.12.1.1",
        Modality="XA",
        **NO_SPACING,
        SharedFunctionalGroupsSequence=[
            group(FramePixelDataPropertiesSequence={"ImagerPixelSpacing": ["0.3", "0.3"]})
        ],
        PerFrameFunctionalGroupsSequence=[
            group(FrameVOILUTSequence={"WindowCenter": str(c), "WindowWidth": "10"})
            for c in (5, 17)
        ],
    )


def test_functional_groups_of_the_chosen_frame(tmp_path):
    path = enhanced(tmp_path)
    for frame, center in ((1, 5.0), (2, 17.0)):
        film = read_film(path, frame=frame)
        assert film.geometry.row_mm == pytest.approx(0.3)
        assert film.geometry.source is SpacingSource.DETECTOR
        assert [window.center for window in film.rendering.windows] == [center]
        assert film.pixels[0, 0] == 12 * (frame - 1)
        assert film.reference.frame == frame


def test_frames_must_be_chosen(tmp_path):
    path = enhanced(tmp_path)
    assert read_header(path).frames == 2
    for frame in (None, 0, 3, -1):
        with pytest.raises(FrameError, match="2 frames"):
            read_film(path, frame=frame)


def test_table_of_facts(tmp_path):
    table = dict(facts(header(tmp_path)))
    assert table["pixel size"] == "0.16 mm (ImagerPixelSpacing divided by the magnification)"
    assert table["anterior is"] == "right"
    assert table["exposed"] == "-"
    bare = dict(facts(header(tmp_path, **NO_SPACING)))
    assert bare["pixel size"] == "unknown; square taken for granted"
