"""DICOM objects of results: valid for other tools, true to the numbers, stable in identity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from interop_films import SAMPLES, complaints, pixelmed, reading_on, sample, small

from kyphometer.dicom import read_film
from kyphometer.errors import NoFilmToReferError, ReadingFilmMismatchError
from kyphometer.interop.objects.make import objects_for
from kyphometer.interop.objects.source import Kind
from kyphometer.measure import measure_reading

ALL = list(Kind)
FILMS = sorted(path.relative_to(SAMPLES) for path in SAMPLES.glob("SIM-00*/*.dcm"))


def saved(dataset, folder):
    path = folder / f"{dataset.Modality}-{dataset.InstanceNumber}.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return path


def numbers(dataset):
    """Every NUM of a content tree: concept, value, unit, by tracking identifier."""
    found = {}
    groups = dataset.ContentSequence[-1].ContentSequence
    for group in groups:
        name = group.ContentSequence[0].TextValue
        for item in group.ContentSequence:
            if item.ValueType == "NUM":
                value = item.MeasuredValueSequence[0]
                unit = value.MeasurementUnitsCodeSequence[0].CodeValue
                meaning = item.ConceptNameCodeSequence[0].CodeValue
                found[name, meaning] = (float(value.NumericValue), unit)
    return found


@pytest.mark.parametrize("name", FILMS[:1], ids=str)
def test_objects_of_sample_films_are_valid(tmp_path, name):
    film, reading = sample(name.parent.name, name.stem)
    for dataset in objects_for(film, reading, ALL):
        assert complaints(saved(dataset, tmp_path)) == []


def test_the_report_says_what_is_measured():
    film, reading = sample()
    measured = measure_reading(reading, film.geometry)
    report = objects_for(film, reading, [Kind.SR])[0]
    got = numbers(report)
    for code in ("VKA", "RKA"):
        item = measured[code]
        name = f"Cornerstone3DTools@^0.1.0:CobbAngle:{item.label}"
        assert got[name, "285285000"] == (pytest.approx(item.value, abs=1e-6), "deg")
    for item in measured.all("HA"):
        name = f"Kyphometer:heights {item.levels[0]}"
        assert got[name, "HA"] == (pytest.approx(item.value, abs=1e-6), "mm")
    for item in measured.all("VBT"):
        assert got[f"Kyphometer:{item.label}", "VBT"] == (
            pytest.approx(item.value, abs=1e-6),
            "%",
        )
    others = sum(len(measured.all(code)) for code in ("HA", "HM", "HP", "VBT"))
    assert len(got) == 2 + others


def test_every_number_has_its_interval_in_its_own_unit(tmp_path):
    path, reading = small(tmp_path)
    film = read_film(path)
    report = objects_for(film, reading, [Kind.SR])[0]
    spreads = {}
    for group in report.ContentSequence[-1].ContentSequence:
        for item in group.ContentSequence:
            if item.ValueType == "NUM":
                interval = item.ContentSequence[-1]
                assert interval.TextValue == "95 % interval"
                code = item.ConceptNameCodeSequence[0].CodeValue
                for reach in interval.ContentSequence:
                    value = reach.MeasuredValueSequence[0]
                    unit = value.MeasurementUnitsCodeSequence[0].CodeValue
                    spreads.setdefault((code, unit), []).append(float(value.NumericValue))
    angle = measure_reading(reading, film.geometry)["VKA"]
    up_and_down = [angle.interval_95[1] - angle.value, angle.value - angle.interval_95[0]]
    assert spreads["285285000", "deg"][:2] == pytest.approx(up_and_down, abs=1e-6)
    assert {unit for _, unit in spreads} == {"deg", "mm", "%"}
    assert min(min(found) for found in spreads.values()) > 0


@pytest.mark.slow
def test_pixelmed_finds_no_fault_in_a_report(tmp_path):
    path, reading = small(tmp_path)
    earlier = [replace(reading, comment="before")]
    report = objects_for(read_film(path), reading, [Kind.SR], earlier=earlier, visit="pre-op")[0]
    words = pixelmed(saved(report, tmp_path))
    assert "IOD validation complete" in words
    assert "Found Root Template TID_1500" in words
    assert [line for line in words.splitlines() if "Error" in line] == []


def test_objects_lie_in_the_study_of_the_film(tmp_path):
    path, reading = small(tmp_path)
    film = pydicom.dcmread(path)
    for dataset in objects_for(read_film(path), reading, ALL):
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate",
                        "StudyTime", "StudyInstanceUID", "StudyID", "AccessionNumber"):  # fmt: skip
            assert dataset[keyword].value == film[keyword].value, keyword
        assert dataset.SeriesInstanceUID != film.SeriesInstanceUID


def test_the_same_reading_gives_the_same_objects_and_a_correction_supersedes(tmp_path):
    path, first = small(tmp_path)
    film = read_film(path)
    second = replace(first, comment="again")
    once, twice = (objects_for(film, first, [Kind.SR])[0] for _ in range(2))
    assert once == twice
    later = objects_for(film, second, [Kind.SR], earlier=[first], reason="corner misplaced")[0]
    assert later.SeriesInstanceUID == once.SeriesInstanceUID
    assert later.SOPInstanceUID != once.SOPInstanceUID
    assert (once.InstanceNumber, later.InstanceNumber) == (1, 2)
    before = later.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert before.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == once.SOPInstanceUID
    uids = [
        [item.UID for group in report.ContentSequence[-1].ContentSequence
         for item in group.ContentSequence if item.ValueType == "UIDREF"]
        for report in (once, later)
    ]  # fmt: skip
    assert uids[0] == uids[1]
    assert len(set(uids[0])) == len(uids[0])
    assert complaints(saved(later, tmp_path)) == []


def test_a_withdrawn_reading_is_rejected_in_every_version(tmp_path):
    from kyphometer.interop.objects.withdrawal import withdrawal_for

    path, first = small(tmp_path)
    film = read_film(path)
    second = replace(first, comment="again")
    sent = [
        *objects_for(film, first, [Kind.SR, Kind.GSPS]),
        *objects_for(film, second, [Kind.SR, Kind.GSPS], earlier=[first]),
    ]
    note = withdrawal_for(
        film, second, [Kind.SR, Kind.GSPS], reason="sai bệnh nhân", earlier=[first]
    )
    assert note.ConceptNameCodeSequence[0].CodeValue == "113001"
    named = {
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in note.ContentSequence
        if item.ValueType == "COMPOSITE"
    }
    assert named == {dataset.SOPInstanceUID for dataset in sent}
    assert note.StudyInstanceUID == sent[0].StudyInstanceUID
    assert note.SeriesInstanceUID not in {dataset.SeriesInstanceUID for dataset in sent}
    assert complaints(saved(note, tmp_path)) == []


def test_readers_and_frames_have_series_of_their_own(tmp_path):
    path, reading = small(tmp_path)
    film = read_film(path)
    other = replace(reading, observer="TH")
    series = {
        dataset.SeriesInstanceUID
        for one in (reading, other)
        for dataset in objects_for(film, one, ALL)
    }
    assert len(series) == 2 * len(ALL)


def test_the_picture_is_the_overlay(tmp_path):
    path, reading = small(tmp_path)
    film = read_film(path)
    dataset = objects_for(film, reading, [Kind.SC])[0]
    back = pydicom.dcmread(saved(dataset, tmp_path)).pixel_array
    assert back.shape[2] == 3
    assert back.shape[0] >= 900
    coloured = np.ptp(back.astype(int), axis=2) > 40
    assert coloured.mean() > 1e-4


def test_the_page_is_a_pdf_of_one_film(tmp_path):
    path, reading = small(tmp_path)
    dataset = objects_for(read_film(path), reading, [Kind.PDF])[0]
    assert dataset.EncapsulatedDocument.startswith(b"%PDF")
    assert dataset.EncapsulatedDocumentLength <= len(dataset.EncapsulatedDocument)


@pytest.mark.parametrize("inverted", [False, True])
def test_the_presentation_state_lays_the_marks_where_they_are(tmp_path, inverted):
    def change(dataset):
        if inverted:
            dataset.PhotometricInterpretation = "MONOCHROME1"
            dataset.PresentationLUTShape = "INVERSE"
        dataset.PixelSpacing = ["0.2", "0.1"]

    path, reading = small(tmp_path, change=change)
    film = read_film(path)
    state = objects_for(film, reading, [Kind.GSPS])[0]
    assert state.PresentationLUTShape == ("INVERSE" if inverted else "IDENTITY")
    area = state.DisplayedAreaSelectionSequence[0]
    assert [float(v) for v in area.PresentationPixelSpacing] == [0.2, 0.1]
    lines = state.GraphicAnnotationSequence[0].GraphicObjectSequence
    plates = [plate for *_, plate in reading.endplates()]
    assert len(lines) == len(plates)
    for line, plate in zip(lines, plates, strict=True):
        expected = [*plate.posterior.xy, *plate.anterior.xy]
        assert line.GraphicData == pytest.approx(expected, abs=1e-3)
    assert complaints(saved(state, tmp_path)) == []


def test_unequal_spacing_offers_no_angle_to_viewers_that_would_show_another(tmp_path):
    def change(dataset):
        dataset.PixelSpacing = ["0.2", "0.15"]

    path, reading = small(tmp_path, change=change)
    film = read_film(path)
    assert not film.geometry.is_square
    report = objects_for(film, reading, [Kind.SR])[0]
    names = [name for name, _ in numbers(report)]
    assert names
    assert not any("Cornerstone" in name for name in names)


def test_a_film_without_a_uid_is_refused_with_a_sentence(tmp_path):
    def change(dataset):
        dataset.SOPInstanceUID = "not a uid"

    with pytest.warns(UserWarning, match="Invalid value for VR UI"):
        path, _ = small(tmp_path, change=change)
    film = read_film(path)
    with pytest.raises(NoFilmToReferError, match=r"film\.dcm"):
        objects_for(film, reading_on(film), [Kind.SR])


def test_a_reading_of_another_film_is_refused(tmp_path):
    path, _ = small(tmp_path)
    _, other = sample()
    with pytest.raises(ReadingFilmMismatchError):
        objects_for(read_film(path), other, [Kind.SR])


def test_every_object_names_the_frame_of_a_film_with_several(tmp_path):
    def change(dataset):
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.Modality = "XA"
        dataset.NumberOfFrames = 2
        dataset.PixelData = dataset.PixelData * 2

    path, _ = small(tmp_path, change=change)
    film = read_film(path, frame=2)
    reading = reading_on(film)
    for dataset in objects_for(film, reading, ALL):
        if dataset.Modality == "DOC":
            continue
        numbers = {int(e.value) for e in dataset.iterall() if e.keyword == "ReferencedFrameNumber"}
        assert numbers == {2}, dataset.Modality
        assert complaints(saved(dataset, tmp_path)) == []
