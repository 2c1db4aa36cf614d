"""Marks taken in: own reports to the last digit, others as far as they go, damage told."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interop_films import SLOPES, sample, small

from kyphometer.cli import main
from kyphometer.dicom import read_film, read_header
from kyphometer.errors import KyphometerError, MarksFileError
from kyphometer.geometry import Facing, Point
from kyphometer.interop.export import Form, write_form
from kyphometer.interop.objects.make import objects_for
from kyphometer.interop.read_file import ReadFilm
from kyphometer.interop.take_in import take_in
from kyphometer.measure import measure_reading
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict


@pytest.fixture
def sent(tmp_path):
    """A film, its reading and its report."""
    path, reading = small(tmp_path)
    report = tmp_path / "report.dcm"
    objects_for(read_film(path), reading, ["sr"])[0].save_as(report, enforce_file_format=True)
    return path, reading, report


def changed(report, change):
    dataset = pydicom.dcmread(report)
    change(dataset)
    dataset.save_as(report)
    return report


def as_before(dataset):
    """As the first version wrote it: both reaches of an uncertainty directly under the number."""
    for group in dataset.ContentSequence[-1].ContentSequence:
        for item in group.ContentSequence:
            if item.ValueType == "NUM":
                interval = item.ContentSequence.pop()
                item.ContentSequence.extend(interval.ContentSequence)


def without_document(dataset):
    for tag in [e.tag for e in dataset if e.tag.is_private]:
        del dataset[tag]


def foreign(dataset):
    """As OHIF saves it: no document, no arms, no sides, no maker that we know."""
    without_document(dataset)
    dataset.Manufacturer = "Other"
    for group in dataset.ContentSequence[-1].ContentSequence:
        for item in group.ContentSequence:
            if item.ValueType == "NUM":
                shapes = [c for c in item.ContentSequence if c.ValueType == "SCOORD"]
                item.ContentSequence = shapes[:1]
            elif "ContentSequence" in item:
                del item.ContentSequence


def test_our_own_report_gives_the_same_reading():
    film, reading = sample("SIM-002", "discharge")
    report = objects_for(film, reading, ["sr"])[0]
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = f"{folder}/report.dcm"
        report.save_as(path, enforce_file_format=True)
        from pathlib import Path

        got = take_in(Path(path), film.header)[0]
    assert got.exact
    assert got.remarks == ()
    assert reading_to_dict(got.reading) == reading_to_dict(reading)
    assert all(angle.agrees for angle in got.angles)


@pytest.mark.parametrize("facing", list(Facing))
def test_a_report_without_its_document_gives_the_endplates_of_its_angles(tmp_path, facing):
    path, reading = small(tmp_path, facing=facing)
    report = tmp_path / "report.dcm"
    film = read_film(path)
    objects_for(film, reading, ["sr"])[0].save_as(report, enforce_file_format=True)
    changed(report, without_document)
    got = take_in(report, film.header)[0]
    assert not got.exact
    assert got.reading.fractured_levels == reading.fractured_levels
    assert got.reading.observer == reading.observer
    before, after = (measure_reading(one, film.geometry) for one in (reading, got.reading))
    for code in ("VKA", "RKA"):
        assert after[code].value == pytest.approx(before[code].value, abs=1e-4)


@pytest.mark.parametrize("facing", list(Facing))
def test_a_report_of_another_program_gives_its_angles(tmp_path, facing):
    path, reading = small(tmp_path, facing=facing)
    report = tmp_path / "report.dcm"
    film = read_film(path)
    objects_for(film, reading, ["sr"])[0].save_as(report, enforce_file_format=True)
    changed(report, foreign)
    got = take_in(report, film.header)[0]
    assert all(angle.agrees for angle in got.angles)
    codes = ["L1.superior-L1.inferior", "T12.superior-L2.inferior"]
    before, after = (
        measure_reading(one, film.geometry, codes=codes) for one in (reading, got.reading)
    )
    for old, new in zip(before.measurements, after.measurements, strict=True):
        assert new.value == pytest.approx(old.value, abs=1e-3)


def test_an_angle_that_its_points_do_not_give_is_flagged(sent, capsys):
    path, _, report = sent

    def change(dataset):
        foreign(dataset)
        groups = dataset.ContentSequence[-1].ContentSequence
        for group, value in zip(groups[:2], (21.0, 163.0), strict=True):
            number = next(i for i in group.ContentSequence if i.ValueType == "NUM")
            number.MeasuredValueSequence[0].NumericValue = value

    changed(report, change)
    got = take_in(report, read_header(path))[0]
    assert [angle.agrees for angle in got.angles] == [False, False]
    assert {remark.key for remark in got.remarks} >= {"marks.mismatch", "marks.flipped"}
    assert main(["import-marks", str(report), str(path)]) == 1
    assert "its points give 16.0" in capsys.readouterr().err


def test_lines_that_were_moved_after_writing_are_flagged(sent):
    path, reading, report = sent

    def change(dataset):
        group = dataset.ContentSequence[-1].ContentSequence[0]
        number = next(i for i in group.ContentSequence if i.ValueType == "NUM")
        arm = [c for c in number.ContentSequence if c.ValueType == "SCOORD"][1]
        arm.GraphicData = [v + 3.0 for v in arm.GraphicData]

    got = take_in(changed(report, change), read_header(path))[0]
    assert not got.exact
    assert "marks.moved" in {remark.key for remark in got.remarks}
    assert reading_to_dict(got.reading) == reading_to_dict(reading)


def test_a_report_about_another_film_is_refused(sent, tmp_path):
    _, _, report = sent
    other, _ = small(tmp_path, name="other.dcm")
    with pytest.raises(MarksFileError, match="other films"):
        take_in(report, read_header(other))
    changed(report, without_document)
    with pytest.raises(MarksFileError, match="other films"):
        take_in(report, read_header(other))


def test_lines_without_levels_are_no_reading(sent):
    path, _, report = sent

    def change(dataset):
        foreign(dataset)
        for group in dataset.ContentSequence[-1].ContentSequence:
            group.ContentSequence = [
                item for item in group.ContentSequence if item.ValueType in ("NUM", "UIDREF")
            ]

    with pytest.raises(MarksFileError, match="does not say which endplates"):
        take_in(changed(report, change), read_header(path))


def test_without_a_known_facing_undirected_lines_are_refused(sent):
    _, reading, report = sent
    changed(report, foreign)
    with pytest.raises(MarksFileError, match="--facing"):
        take_in(report)
    got = take_in(report, facing=Facing.RIGHT)[0]
    assert got.reading.film.rows == reading.film.rows
    assert got.reading.film.sop_instance_uid == reading.film.sop_instance_uid


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_report_of_the_first_version_is_taken_in(sent, anonymous):
    path, reading, report = sent
    changed(report, as_before)
    if anonymous:
        changed(report, without_document)
    got = take_in(report, read_header(path))[0]
    assert got.exact is not anonymous
    assert [angle.agrees for angle in got.angles] == [True, True]
    assert got.remarks == () or anonymous
    if not anonymous:
        assert reading_to_dict(got.reading) == reading_to_dict(reading)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_report_is_a_sentence(sent, data):
    path, _, report = sent
    whole = report.read_bytes()
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 20))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    bad = report.with_name("bad.dcm")
    bad.write_bytes(damaged)
    try:
        got = take_in(bad, read_header(path))
    except KyphometerError as error:
        assert str(error).endswith(".")
    else:
        assert all(isinstance(item.reading, Reading) for item in got)


# ------------------------------------------------------------------------- files of other programs


@pytest.mark.parametrize("form", [Form.COCO, Form.CVAT, Form.SLICER])
@pytest.mark.parametrize("square", [True, False])
def test_marks_come_back_from_other_programs(tmp_path, form, square):
    def change(dataset):
        if not square:
            dataset.PixelSpacing = ["0.2", "0.15"]

    path, reading = small(tmp_path, change=change)
    film = read_film(path)
    target = tmp_path / f"marks{form.suffix}"
    write_form(ReadFilm(film=film, reading=reading, name="film"), form, target)
    got = take_in(target, film.header)[0].reading
    assert got.film.sop_instance_uid == reading.film.sop_instance_uid
    assert got.levels == reading.levels
    for (*here, mark), (*there, back) in zip(reading.landmarks(), got.landmarks(), strict=True):
        assert here == there
        assert np.allclose(mark.xy, back.xy, atol=1e-9 if form is Form.SLICER else 0)
    if form is Form.COCO:
        assert (got.observer, got.facing) == (reading.observer, reading.facing)
        assert got.fractured_levels == reading.fractured_levels


def test_coco_keypoints_are_in_the_form_that_coco_states(tmp_path):
    path, reading = small(tmp_path)
    target = tmp_path / "marks.json"
    write_form(ReadFilm(film=read_film(path), reading=reading, name="film"), Form.COCO, target)
    document = json.loads(target.read_text())
    categories = {item["id"]: item for item in document["categories"]}
    assert len(document["annotations"]) == len(SLOPES)
    for item in document["annotations"]:
        names = categories[item["category_id"]]["keypoints"]
        assert len(item["keypoints"]) == 3 * len(names)
        assert item["num_keypoints"] == sum(v > 0 for v in item["keypoints"][2::3])
        xs, ys = item["keypoints"][::3], item["keypoints"][1::3]
        x, y, width, height = item["bbox"]
        assert (x, y) == (min(xs), min(ys))
        assert (x + width, y + height) == pytest.approx((max(xs), max(ys)))


def test_slicer_sees_the_centre_of_the_first_pixel_at_its_origin(tmp_path):
    def change(dataset):
        del dataset.PixelSpacing, dataset.PixelSpacingCalibrationType

    path, reading = small(tmp_path, change=change)
    film = read_film(path)
    first = next(iter(reading.vertebrae.values()))
    plate = replace(first.superior, anterior=replace(first.superior.anterior, xy=Point(0.5, 0.5)))
    moved = reading.with_vertebra(replace(first, superior=plate))
    target = tmp_path / "marks.mrk.json"
    write_form(ReadFilm(film=film, reading=moved, name="film"), Form.SLICER, target)
    points = json.loads(target.read_text())["markups"][0]["controlPoints"]
    assert points[0]["label"] == "T12 superior anterior"
    assert points[0]["position"] == [0.0, 0.0, 0.0]
    # The film states a magnification of 1.2: the detector's pixels are larger than the spine's.
    assert film.geometry.column_mm == pytest.approx(
        float(pydicom.dcmread(path).ImagerPixelSpacing[1]) / 1.2
    )
    assert points[1]["position"][0] == pytest.approx(
        (plate.middle.xy.x - 0.5) * float(pydicom.dcmread(path).ImagerPixelSpacing[1])
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"{",
        b"[]",
        b"{}",
        b'{"annotations": 3, "categories": [], "images": []}',
        b'{"annotations": [{"category_id": 1, "keypoints": [1]}], "categories": [{"id": 1, '
        b'"name": "L1", "keypoints": ["a"]}], "images": []}',
        b'{"markups": [{"controlPoints": [{"label": "L1 superior anterior", "position": "x"}]}]}',
        b"<annotations>",
        b"<annotations><image width='0' height='a'><skeleton label='L1'/></image></annotations>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    ],
)
def test_a_bad_file_is_a_sentence(tmp_path, text, capsys):
    path, _ = small(tmp_path)
    bad = tmp_path / "bad"
    bad.write_bytes(text)
    assert main(["import-marks", str(bad), str(path)]) == 4
    assert capsys.readouterr().err.startswith("kyphometer: 'bad' cannot be taken in: ")


# ------------------------------------------------------------------------------- command line


def test_a_film_goes_out_and_comes_back_on_the_command_line(tmp_path, capsys):
    path, reading = small(tmp_path)
    from kyphometer.reading.document import read_reading, write_reading

    write_reading(reading, tmp_path / "film.reading.json")
    out = tmp_path / "out"
    out.mkdir()
    words = ["export", str(path), "--as", "sr", "--as", "coco", "--out", str(out), "--json"]
    assert main(words) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert [item["as"] for item in written] == ["sr", "coco"]
    back = tmp_path / "back.json"
    words = ["import-marks", written[0]["path"], str(path), "--out", str(back), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["films"][0]["exact"] is True
    assert reading_to_dict(read_reading(back)) == reading_to_dict(reading)
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["export", str(path), "--as", "sr", "--as", "sc", "--out", str(back)]) == 2
    assert main(["export", "--as", "sr", "--out", str(out)]) == 2
    words = ["export", str(path), "--as", "sr", "--out", str(out), "--withdraw", "wrong patient"]
    assert main(words) == 0
    assert (out / "film.withdrawn.dcm").is_file()
    assert main([*words, "--as", "coco"]) == 2


def test_a_study_goes_out_with_its_versions(tmp_path, capsys):
    from kyphometer.store.study.study import Study

    path, reading = small(tmp_path)
    study = tmp_path / "study.db"
    with Study.create(study, name="Study") as made:
        made.add_films(tmp_path)
        film = made.films()[0]
        made.add_observer("KN")
        own = replace(reading, film=made.film(film.id).reference)
        made.save_reading(own, film.id, "KN", base_version=0)
        made.save_reading(
            replace(own, comment="again"), film.id, "KN", base_version=1, reason="misplaced"
        )
    out = tmp_path / "out"
    out.mkdir()
    words = ["export", "--study", str(study), "--as", "sr", "--as", "cvat", "--out", str(out)]
    assert main([*words, "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert [item["as"] for item in written] == ["sr", "cvat"]
    report = pydicom.dcmread(written[0]["path"])
    assert report.InstanceNumber == 2
    assert report.CompletionFlagDescription == "misplaced"
    assert len(report.PredecessorDocumentsSequence) == 1
    assert path.exists()
