"""Writing DX objects: what is written is read back, and independent tools accept it."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from dicom_films import FACTS, film_of, noisy_pixels

from kyphometer.dicom import Compression, read_film, read_header
from kyphometer.dicom.write import write_dx
from kyphometer.errors import UnsupportedFilmError
from kyphometer.film import Position
from kyphometer.geometry import Facing, SpacingSource

UNKNOWN_TO_DCIODVFY = (Compression.HTJ2K, Compression.DEFLATED)


@pytest.mark.parametrize("compression", list(Compression))
def test_pixels_and_facts_come_back(tmp_path, compression):
    film = film_of(noisy_pixels())
    path = tmp_path / "film.dcm"
    uid = write_dx(film, path, seed="a", compression=compression)
    back = read_film(path)
    np.testing.assert_array_equal(back.pixels, film.pixels)
    assert back.pixels.dtype == np.uint16
    assert back.sha256_pixels == film.sha256_pixels
    assert back.header.transfer_syntax_uid == compression.transfer_syntax_uid
    assert back.reference.sop_instance_uid == uid
    assert back.warnings == ()
    assert back.geometry.row_mm == pytest.approx(0.12, rel=1e-9)
    assert back.geometry.source is SpacingSource.MAGNIFICATION
    assert {name: getattr(back.acquisition, name) for name in FACTS} == FACTS
    assert back.acquisition.is_lateral is True


@pytest.mark.parametrize("compression", [c for c in Compression if c not in UNKNOWN_TO_DCIODVFY])
@pytest.mark.parametrize("position", [Position.STANDING, Position.SUPINE, Position.UNKNOWN])
def test_dciodvfy_has_nothing_to_say(tmp_path, compression, position):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    path = tmp_path / "film.dcm"
    facing = Facing.LEFT if position is Position.SUPINE else Facing.RIGHT
    write_dx(
        film_of(noisy_pixels(), position=position, facing=facing),
        path,
        seed="a",
        compression=compression,
    )
    done = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "DXImageForPresentation" in said
    assert "Error" not in said
    assert "Warning" not in said


@pytest.mark.parametrize("compression", list(Compression))
def test_an_independent_decoder_agrees(tmp_path, compression):
    path = tmp_path / "film.dcm"
    film = film_of(noisy_pixels())
    write_dx(film, path, seed="a", compression=compression)
    dataset = pydicom.dcmread(path)
    if compression is Compression.JPEG_LOSSLESS:
        if shutil.which("dcmdjpeg") is None:
            pytest.skip("dcmdjpeg (dcmtk) is not installed")
        plain = tmp_path / "plain.dcm"
        subprocess.run(["dcmdjpeg", str(path), str(plain)], check=True, timeout=60)
        dataset = pydicom.dcmread(plain)
    np.testing.assert_array_equal(dataset.pixel_array, film.pixels)


def test_the_same_film_gives_the_same_bytes(tmp_path):
    film = film_of(noisy_pixels())
    first, second, other = (tmp_path / name for name in ("1.dcm", "2.dcm", "3.dcm"))
    write_dx(film, first, seed="a")
    write_dx(film, second, seed="a")
    write_dx(film, other, seed="b")
    assert first.read_bytes() == second.read_bytes()
    uids = {read_header(path).reference.sop_instance_uid for path in (first, other)}
    assert len(uids) == 2


def test_eight_bits_and_odd_sizes(tmp_path):
    pixels = np.arange(35, dtype=np.uint8).reshape(7, 5)
    film = film_of(pixels)
    for compression in Compression:
        path = tmp_path / f"{compression}.dcm"
        write_dx(film, path, seed="a", compression=compression)
        back = read_film(path)
        np.testing.assert_array_equal(back.pixels, pixels)
        assert back.pixels.dtype == np.uint8


def test_signed_values_are_refused(tmp_path):
    with pytest.raises(UnsupportedFilmError, match="signed"):
        write_dx(film_of(np.zeros((4, 4), np.int16)), tmp_path / "x.dcm", seed="a")
    assert list(tmp_path.iterdir()) == []
