"""Copies of a film of the same patient: recognised whatever was done to them, and not counted."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from kyphometer.cli import main
from kyphometer.dicom import read_film
from kyphometer.dicom.look import ALIKE, TURNS, likeness, look, resemblance
from kyphometer.errors import StudyRefusedError
from kyphometer.store import ScanOptions, Study
from kyphometer.workflow.study_check import study_contradictions

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"
PRE_OP = SAMPLES / "SIM-001" / "pre-op.dcm"


def copy_of(
    target: Path,
    pixels: np.ndarray,
    *,
    number: int = 1,
    lossy: bool = False,
    source: Path = PRE_OP,
    **attributes: object,
) -> Path:
    """A film with other pixels and the header of a sample, as another export writes it."""
    dataset = pydicom.dcmread(source)
    pixels = np.ascontiguousarray(pixels)
    dataset.Rows, dataset.Columns = pixels.shape
    bits = 8 * pixels.itemsize
    dataset.BitsAllocated, dataset.BitsStored = bits, min(bits, int(dataset.BitsStored))
    dataset.HighBit = dataset.BitsStored - 1
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if lossy else ExplicitVRLittleEndian
    frame = bytes(imagecodecs.jpeg8_encode(pixels, level=50)) if lossy else pixels.tobytes()
    dataset.PixelData = encapsulate([frame]) if lossy else frame
    dataset["PixelData"].VR = "OB" if lossy or bits == 8 else "OW"
    dataset["PixelData"].is_undefined_length = lossy
    if lossy:
        dataset.LossyImageCompression = "01"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.77{number}"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(target)
    return target


@pytest.fixture(scope="module")
def pixels():
    return read_film(PRE_OP).pixels


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    return (pixels / pixels.max() * 255).astype(np.uint8)


KINDS = {
    "lossy": lambda p: (eight_bits(p), True),
    "mirrored": lambda p: (np.fliplr(p), False),
    "upside down": lambda p: (np.flipud(p), False),
    "turned by 90 degrees": lambda p: (np.rot90(p), False),
    "turned by 180 degrees": lambda p: (np.rot90(p, 2), False),
    "mirrored and turned by 90 degrees": lambda p: (p.T, False),
    "inverted": lambda p: (p.max() - p, False),
    "of another size": lambda p: (p[::2, ::2], False),
    "turned by 90 degrees, inverted, of another size, compressed with loss": lambda p: (
        np.rot90(255 - eight_bits(p)[::2, ::2], 3),
        True,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_done_to_a_copy_is_told(tmp_path, pixels, kind):
    changed, lossy = KINDS[kind](pixels)
    copy = read_film(copy_of(tmp_path / "again.dcm", changed, lossy=lossy))
    assert likeness(look(copy.pixels), look(pixels)) > ALIKE
    assert resemblance(copy, read_film(PRE_OP)) == (
        "compressed with loss" if kind == "lossy" else kind
    )


@pytest.mark.parametrize("kind", ["lossy", "mirrored"])
def test_a_copy_is_recognised_and_not_counted(tmp_path, pixels, kind):
    changed, lossy = KINDS[kind](pixels)
    folder = tmp_path / "films"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "pre-op.dcm").write_bytes(PRE_OP.read_bytes())
    copy_of(folder / "b" / "again.dcm", changed, lossy=lossy)
    with Study.create(tmp_path / "s.study") as study:
        report = study.add_films(folder)
        (note,) = report.notes
        assert "is a copy of film 1" in note.sentence
        assert kind == "lossy" or f"({kind})" in note.sentence
        study.set_patient("SIM-001", surgery_date=study.films()[0].taken_on + timedelta(3))
        assert [film.copy_of for film in study.films()] == [None, 1]
        assert [film.visit for film in study.films()] == ["preoperative", None]
        assert "copy of film 1" in study.visits().unassigned[0].reason
        assert study.status().films_copied == 1
        (found,) = [item for item in study_contradictions(study) if item.kind == "copy"]
        assert found.film == 2
        assert "not counted as another film" in found.sentence
        assert study.check() == ()


def test_other_films_of_a_patient_are_none(tmp_path):
    with Study.create(tmp_path / "s.study") as study:
        report = study.add_films(SAMPLES)
        assert len(report.added) >= 12
        assert not [note for note in report.notes if "copy" in note.sentence]
        assert {film.copy_of for film in study.films()} == {None}


def test_the_same_view_exposed_again_is_another_film(tmp_path, pixels):
    noise = np.random.default_rng(3).normal(0, 20, pixels.shape)
    moved = np.roll(pixels, (14, 7), axis=(0, 1)) + noise
    copy_of(tmp_path / "films" / "again.dcm", moved.clip(0, 4095).astype(np.uint16))
    (tmp_path / "films" / "first.dcm").write_bytes(PRE_OP.read_bytes())
    with Study.create(tmp_path / "s.study") as study:
        study.add_films(tmp_path / "films")
        assert [film.copy_of for film in study.films()] == [None, None]


def test_edges_of_collimation_make_no_copy(tmp_path):
    """Smooth films whose only sharp edges, those of collimation, lie alike."""
    y, x = np.mgrid[0:1400, 0:700]
    films = []
    for number, shift in enumerate((0, 37)):
        grain = np.random.default_rng(number).normal(0, 12, y.shape)
        smooth = 2000 + 1500 * np.sin(x / 300.0) * np.cos((y + shift) / 200.0) + grain
        smooth[:, :35] = smooth[:, -35:] = 0
        path = tmp_path / f"{number}.dcm"
        films.append(read_film(copy_of(path, smooth.clip(0, 4095).astype(np.uint16))))
    assert likeness(look(films[0].pixels), look(films[1].pixels)) > ALIKE
    assert resemblance(*films) is None


def test_the_better_film_counts_unless_the_other_was_read(tmp_path, pixels):
    copy_of(tmp_path / "films" / "a.dcm", eight_bits(pixels), lossy=True, number=1)
    copy_of(tmp_path / "films" / "b.dcm", np.fliplr(eight_bits(pixels)), lossy=True, number=2)
    with Study.create(tmp_path / "s.study") as study:
        study.add_films(tmp_path / "films")
        assert [film.copy_of for film in study.films()] == [None, 1]
        (tmp_path / "films" / "c.dcm").write_bytes(PRE_OP.read_bytes())
        study.add_films(tmp_path / "films")
        assert [film.copy_of for film in study.films()] == [3, 3, None]
    with Study.create(tmp_path / "t.study") as study:
        study.add_films(tmp_path / "films" / "a.dcm")
        reading = json.loads((SAMPLES / "SIM-001" / "pre-op.KN.reading.json").read_text())
        reading["film"] = {"rows": reading["film"]["rows"], "columns": reading["film"]["columns"]}
        (tmp_path / "films" / "a.KN.reading.json").write_text(json.dumps(reading))
        assert not study.import_readings(tmp_path / "films").failed
        study.add_films(tmp_path / "films")
        assert [film.copy_of for film in study.films()] == [None, 1, 1]


def test_pixels_that_are_decoded_late_are_compared_then(tmp_path, pixels):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.dcm").write_bytes(PRE_OP.read_bytes())
    copy_of(tmp_path / "films" / "b.dcm", np.fliplr(pixels))
    with Study.create(tmp_path / "s.study") as study:
        study.add_films(tmp_path / "films", options=ScanOptions(defer_hashes=True))
        assert [film.copy_of for film in study.films()] == [None, None]
        study.hash_films()
        assert [film.copy_of for film in study.films()] == [None, 1]


def test_frames_of_one_file_are_no_copies(tmp_path, pixels):
    dataset = pydicom.dcmread(PRE_OP)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.NumberOfFrames = 2
    dataset.PixelData = pixels.tobytes() + (pixels // 2).tobytes()
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OW", False
    dataset.save_as(tmp_path / "two.dcm")
    with Study.create(tmp_path / "s.study") as study:
        study.add_films(tmp_path / "two.dcm")
        assert [film.copy_of for film in study.films()] == [None, None]


def test_somebody_may_say_otherwise(tmp_path, pixels, capsys):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.dcm").write_bytes(PRE_OP.read_bytes())
    copy_of(tmp_path / "films" / "b.dcm", np.fliplr(pixels), StudyDate="20240302",
            AcquisitionDate="20240302", ContentDate="20240302")  # fmt: skip
    where = str(tmp_path / "s.study")
    assert main(["study", "new", where, "--name", "s"]) == 0
    assert main(["study", "add", where, str(tmp_path / "films")]) == 0
    assert "note: " in (told := capsys.readouterr().err)
    assert "copy of film 1 (mirrored)" in told
    film = ["study", "film", where, "2"]
    assert main([*film, "--copy-of", "none"]) != 0  # no reason
    assert main([*film, "--copy-of", "x", "--reason", "y"]) != 0
    assert main([*film, "--copy-of", "none", "--reason", "two exposures"]) == 0
    with Study.open(where) as study:
        assert [film.copy_of for film in study.films()] == [None, None]
        study.state_copy(2, 1, reason="one exposure")
        assert [film.copy_of for film in study.films()] == [None, 1]
        for film, of in ((1, 2), (2, 2)):
            with pytest.raises(StudyRefusedError, match="cannot be a copy"):
                study.state_copy(film, of, reason="r")
        study.set_patient("SIM-001", surgery_date=study.films()[0].taken_on + timedelta(3))
        study.state_visit(2, "preoperative", reason="the better print")
        assert [film.visit for film in study.films()] == [None, "preoperative"]
        assert study.audit("film 2")[-1].action in ("film.copy", "film.visit")


@given(arrays(np.uint16, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_a_look_is_like_itself_however_it_is_turned(pixels):
    own = look(pixels)
    assert len(own) == 344
    for quarters, flip in TURNS:
        turned = np.rot90(np.fliplr(pixels) if flip else pixels, quarters)
        near = likeness(own, look(turned))
        assert 0 <= near <= 1 + 1e-9
        if min(pixels.shape) >= 32 and np.unique(pixels).size > 300:
            assert near > ALIKE


def test_flat_films_resemble_nothing(tmp_path, pixels):
    flat = read_film(copy_of(tmp_path / "flat.dcm", np.zeros_like(pixels)))
    assert likeness(look(flat.pixels), look(pixels)) == pytest.approx(0)
    assert resemblance(flat, flat) is None


def test_films_of_the_other_polarity_are_not_called_inverted(tmp_path, pixels):
    """A value that was inverted together with its polarity is shown as it was."""
    film = read_film(PRE_OP)
    one = "MONOCHROME1" if not film.header.rendering.inverted else "MONOCHROME2"
    other = copy_of(tmp_path / "o.dcm", pixels.max() - pixels, PhotometricInterpretation=one)
    assert resemblance(read_film(other), film) == ""
