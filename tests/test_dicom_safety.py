"""Whatever is wrong with a file: a film or one sentence, soon, and without much memory."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from dicom_films import BIG_ENDIAN, EXPLICIT, IMPLICIT, dicom_file, film_of, noisy_pixels

from kyphometer.dicom import Compression, read_film, read_header, write_dx
from kyphometer.errors import (
    ColourFilmError,
    FilmAccessError,
    FilmError,
    FilmHeaderError,
    FilmPixelsError,
    FilmSizeError,
    NoPixelsError,
    NotAFilmError,
    UnsupportedFilmError,
)

DEFLATED = "1.2.840.10008.1.2.1.99"
HOME = Path(pydicom.__file__).parent / "data"
INSTALLED = [
    path
    for path in sorted(HOME.rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc")
]


@pytest.fixture
def little_memory():
    """Fails if Python and numpy together ever hold more than 8 MB more than before."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20, f"{peak} bytes"


def refusal(path, kind):
    """The sentence with which a film is refused; header and film alike where the header tells."""
    with pytest.raises(kind) as refused:
        read_film(path)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert sentence.isprintable()
    return sentence


@pytest.mark.parametrize("path", INSTALLED, ids=lambda p: str(p.relative_to(HOME)))
def test_every_file_of_pydicom(path):
    """Read as pydicom reads it, or refused with one sentence."""
    try:
        film = read_film(path)
    except FilmError as error:
        assert str(error).isprintable()
        assert str(error).count("'") >= 2
        return
    if path.name not in ("JPEG-lossy.dcm", "JPGExtended.dcm"):  # pydicom has no decoder for them
        reference = pydicom.dcmread(path).pixel_array
        np.testing.assert_array_equal(film.pixels, reference)
    assert film.pixels.dtype.kind in "iu"


def test_enough_of_pydicoms_files_are_read():
    read = 0
    for path in INSTALLED:
        try:
            read_film(path)
        except FilmError:
            continue
        read += 1
    assert len(INSTALLED) > 150
    assert read >= 60


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(65535, 65535), (46341, 46341), (65535, 1), (1, 65535), (0, 10), (10, 0), (30000, 30000)],
)
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
@pytest.mark.usefixtures("little_memory")
def test_absurd_sizes(tmp_path, rows, columns, syntax):
    path = dicom_file(tmp_path / "film.dcm", Rows=rows, Columns=columns, syntax=syntax)
    assert f"{rows} x {columns}" in refusal(path, FilmSizeError)
    with pytest.raises(FilmSizeError):
        read_header(path)


@pytest.mark.parametrize("compression", [c for c in Compression if c.encapsulated])
@pytest.mark.usefixtures("little_memory")
def test_a_large_header_over_a_small_frame(tmp_path, compression):
    path = tmp_path / "film.dcm"
    write_dx(film_of(noisy_pixels()), path, seed="a", compression=compression)
    dataset = pydicom.dcmread(path)
    dataset.Rows, dataset.Columns = 11000, 12000
    dataset.save_as(path)
    refusal(path, FilmPixelsError)


def test_a_small_header_over_a_huge_frame(tmp_path, monkeypatch):
    """The codestream's own size is compared before the decoder sees it."""
    pixels = noisy_pixels(8, 8)
    frame = bytearray(imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=12))
    at = frame.index(b"\xff\xc3") + 5
    frame[at : at + 4] = b"\xff\xff\xff\xff"
    monkeypatch.setattr("imagecodecs.jpeg8_decode", pytest.fail)
    path = dicom_file(
        tmp_path / "film.dcm", pixels, syntax="1.2.840.10008.1.2.4.70", frames=[bytes(frame)]
    )
    assert "65535 x 65535" in refusal(path, FilmPixelsError)


@pytest.mark.parametrize("frames", ["2147483647", "0", "-1", "1.5", "100001", "99999"])
@pytest.mark.usefixtures("little_memory")
def test_absurd_numbers_of_frames(tmp_path, frames):
    path = dicom_file(tmp_path / "film.dcm", NumberOfFrames=None)
    dataset = pydicom.dcmread(path)
    dataset.add_new(0x00280008, "DS", frames)
    dataset.save_as(path)
    with pytest.raises(FilmError):
        read_film(path, frame=1)


HEADERS = {
    "64 bits": ({"BitsAllocated": 64, "BitsStored": 64}, UnsupportedFilmError, "64 bits"),
    "1 bit": ({"BitsAllocated": 1, "BitsStored": 1}, UnsupportedFilmError, "1 bit"),
    "12 bits": ({"BitsAllocated": 12}, UnsupportedFilmError, "12 bits"),
    "0 bits": ({"BitsAllocated": 0}, UnsupportedFilmError, "0 bits"),
    "8 bits of 16": ({"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}, FilmPixelsError, "24"),
    "too many bits stored": ({"BitsStored": 17}, FilmHeaderError, "17 bits"),
    "high bit too low": ({"BitsStored": 12, "HighBit": 3}, FilmHeaderError, "bit 3"),
    "high bit too high": ({"BitsStored": 12, "HighBit": 16}, FilmHeaderError, "bit 16"),
    "two samples": ({"SamplesPerPixel": 2}, FilmHeaderError, "2 values"),
    "three samples of grey": ({"SamplesPerPixel": 3}, FilmHeaderError, "MONOCHROME2"),
    "one sample of colour": ({"PhotometricInterpretation": "RGB"}, FilmHeaderError, "RGB"),
    "neither signed nor not": ({"PixelRepresentation": 7}, FilmHeaderError, "7"),
    "no rows": ({"Rows": None}, FilmHeaderError, "Rows"),
    "no columns": ({"Columns": None}, FilmHeaderError, "Columns"),
    "no bits allocated": ({"BitsAllocated": None}, FilmHeaderError, "BitsAllocated"),
    "one row too many": ({"Rows": 4}, FilmPixelsError, "24 bytes"),
    "one row too few": ({"Rows": 2}, FilmPixelsError, "24 bytes"),
    "one column too few": ({"Columns": 3}, FilmPixelsError, "24 bytes"),
    "no pixels": ({"PixelData": None}, FilmPixelsError, "there are none"),
    "empty pixels": ({"PixelData": b""}, FilmPixelsError, "0 bytes"),
    "palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, FilmHeaderError, "palette"),
}


@pytest.mark.parametrize(("attributes", "kind", "word"), HEADERS.values(), ids=HEADERS)
@pytest.mark.usefixtures("little_memory")
def test_headers_that_cannot_be(tmp_path, attributes, kind, word):
    assert word in refusal(dicom_file(tmp_path / "film.dcm", **attributes), kind)


def test_floating_point_pixels(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", PixelData=None, FloatPixelData=b"\0" * 48)
    assert "floating point" in refusal(path, UnsupportedFilmError)


@pytest.mark.parametrize("compression", list(Compression))
def test_a_film_cut_off_anywhere(tmp_path, compression):
    """Every tenth length of a small film."""
    path = tmp_path / "film.dcm"
    write_dx(film_of(noisy_pixels(16, 12)), path, seed="a", compression=compression)
    whole = path.read_bytes()
    expected = read_film(whole).pixels
    for length in range(0, len(whole) - 1, 10):
        try:
            film = read_film(whole[:length])
        except FilmError as error:
            assert str(error).isprintable()
            continue
        np.testing.assert_array_equal(film.pixels, expected)
        assert length > len(whole) - 16


@pytest.mark.usefixtures("little_memory")
def test_a_value_that_claims_gigabytes(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", ImageComments="x" * 50)
    dataset = pydicom.dcmread(path)
    dataset.add_new(0x00091010, "OB", b"1234")
    dataset.save_as(path)
    data = path.read_bytes()
    at = data.index(b"OB\0\0\x04\0\0\0" + b"1234") + 4
    for length in (0xFFFFFFFE, 0x7FFFFFFF, 100_000_000):
        claimed = data[:at] + length.to_bytes(4, "little") + data[at + 4 :]
        with pytest.raises(FilmError):
            read_film(claimed)


def test_a_deflated_bomb(tmp_path):
    path = dicom_file(tmp_path / "film.dcm", syntax=DEFLATED)
    data = path.read_bytes()
    start = 144 + int.from_bytes(data[140:144], "little")
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(zlib.decompress(data[start:], -15))
    packed += b"".join(bomb.compress(b"\0" * (1 << 20)) for _ in range(60)) + bomb.flush()
    tracemalloc.start()
    film = read_film(data[:start] + packed)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert film.pixels.shape == (3, 4)
    assert peak < 8 << 20


def test_nested_sequences_end(tmp_path):
    nest = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 100_000
    path = dicom_file(tmp_path / "film.dcm")
    data = path.read_bytes()
    at = data.index(b"\x08\x00\x16\x00UI")
    with pytest.raises(FilmHeaderError):
        read_film(data[:at] + nest + data[at:])


def test_endless_empty_fragments_end(tmp_path):
    path = tmp_path / "film.dcm"
    write_dx(film_of(noisy_pixels()), path, seed="a", compression=Compression.RLE)
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    with pytest.raises(FilmPixelsError):
        read_film(data[:at] + b"\xfe\xff\x00\xe0\0\0\0\0" * 260_000)


def test_endless_scans_are_refused(tmp_path):
    """Each scan costs a pass over the whole picture: thousands of them would take for ever."""
    pixels = (noisy_pixels() >> 4).astype(np.uint8)
    frame = bytes(imagecodecs.jpeg8_encode(pixels))
    scan = frame.index(b"\xff\xda")
    endless = frame[:scan] + frame[scan:-2] * 1000 + frame[-2:]
    path = tmp_path / "film.jpg"
    path.write_bytes(endless)
    assert "too often" in refusal(path, FilmPixelsError)
    path = dicom_file(
        tmp_path / "film.dcm", pixels, syntax="1.2.840.10008.1.2.4.50", frames=[endless]
    )
    assert "too often" in refusal(path, FilmPixelsError)


OTHERS = {
    "text": (b"hello, this is a letter and no film at all", NotAFilmError),
    "nothing": (b"", NotAFilmError),
    "one byte": (b"\x08", NotAFilmError),
    "zeros": (b"\0" * 1000, NotAFilmError),
    "zip": (b"PK\x03\x04" + b"\0" * 500, NotAFilmError),
    "preamble only": (b"\0" * 128 + b"DICM", NotAFilmError),
    "png signature only": (b"\x89PNG\r\n\x1a\n", FilmPixelsError),
    "jpeg marker only": (b"\xff\xd8\xff", FilmPixelsError),
    "tiff header only": (b"II*\0", FilmPixelsError),
}


@pytest.mark.parametrize(("data", "kind"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_film(tmp_path, data, kind):
    path = tmp_path / "thing"
    path.write_bytes(data)
    assert "'thing'" in refusal(path, kind)


def test_what_cannot_be_opened(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.dcm", FilmAccessError)
    assert "folder" in refusal(tmp_path, FilmAccessError)
    assert "name" in refusal("a\0b", FilmAccessError)
    if Path("/dev/zero").exists():
        assert "no ordinary file" in refusal("/dev/zero", FilmAccessError)


OBJECTS = {
    "1.2.840.10008.5.1.4.1.1.88.33": "Comprehensive SR",
    "1.2.840.10008.5.1.4.1.1.104.1": "Encapsulated PDF",
    "1.2.3.4": "unknown kind 1.2.3.4",
}


@pytest.mark.parametrize(("uid", "name"), OBJECTS.items())
def test_objects_without_picture(tmp_path, uid, name):
    bare = dict.fromkeys(("Rows", "Columns", "PixelData"))
    path = dicom_file(tmp_path / "film.dcm", SOPClassUID=uid, **bare)
    assert name in refusal(path, NoPixelsError)


def test_a_dicomdir(tmp_path):
    path = dicom_file(tmp_path / "DICOMDIR", SOPClassUID="1.2.840.10008.1.3.10", PixelData=None)
    assert "DICOMDIR" in refusal(path, NoPixelsError)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_files_without_preamble_or_meta_are_read(tmp_path, syntax):
    path = dicom_file(tmp_path / "film.dcm", syntax=syntax)
    whole = path.read_bytes()
    without_preamble = whole[132:]
    bare = whole[whole.index(b"\x08\x00\x16\x00") :]
    for data in (without_preamble, bare, b"\0" * 128 + b"DICM" + bare):
        film = read_film(data)
        np.testing.assert_array_equal(film.pixels, np.arange(12).reshape(3, 4))
        assert film.header.transfer_syntax_uid == syntax


def test_a_syntax_that_is_not_told_truly(tmp_path):
    """Explicit VR in a file that says implicit, and the other way round."""
    for written, told in ((EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)):
        path = dicom_file(tmp_path / "film.dcm", syntax=written)
        size = max(len(written), len(told)) + 1
        old, new = (uid.encode().ljust(size, b"\0") for uid in (written, told))
        data = path.read_bytes()
        if old in data:
            film = read_film(data.replace(old, new))
            np.testing.assert_array_equal(film.pixels, np.arange(12).reshape(3, 4))


def test_grey_in_colour_is_read_and_colour_refused(tmp_path):
    grey = (noisy_pixels(20, 30) >> 4).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    colour = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
        "Modality": "OT",
    }
    film = read_film(dicom_file(tmp_path / "a.dcm", grey, PixelData=rgb.tobytes(), **colour))
    np.testing.assert_array_equal(film.pixels, grey)
    assert any("colour" in sentence for sentence in film.warnings)
    planes = np.ascontiguousarray(np.moveaxis(rgb, -1, 0)).tobytes()
    planar = {**colour, "PlanarConfiguration": 1}
    film = read_film(dicom_file(tmp_path / "b.dcm", grey, PixelData=planes, **planar))
    np.testing.assert_array_equal(film.pixels, grey)
    ybr = np.full((*grey.shape, 3), 128, np.uint8)
    ybr[..., 0] = grey
    luma = {**colour, "PhotometricInterpretation": "YBR_FULL"}
    film = read_film(dicom_file(tmp_path / "c.dcm", grey, PixelData=ybr.tobytes(), **luma))
    np.testing.assert_array_equal(film.pixels, grey)
    jpeg = bytes(imagecodecs.jpeg8_encode(rgb, level=95))
    path = dicom_file(
        tmp_path / "d.dcm", grey, syntax="1.2.840.10008.1.2.4.50", frames=[jpeg], **luma
    )
    assert np.abs(read_film(path).pixels.astype(int) - grey).mean() < 2
    rgb[3, 4, 1] ^= 0x40
    path = dicom_file(tmp_path / "e.dcm", grey, PixelData=rgb.tobytes(), **colour)
    assert "1 of 600 pixels" in refusal(path, ColourFilmError)
    film = read_film(path, grey=True)
    np.testing.assert_array_equal(film.pixels, rgb[..., 1])
    assert "1 of 600 pixels are coloured; they were read as grey." in film.warnings
    rgb[::2, :, 1] ^= 0x40
    path = dicom_file(tmp_path / "f.dcm", grey, PixelData=rgb.tobytes(), **colour)
    assert "colour picture" in refusal(path, ColourFilmError)


def test_bits_that_do_not_count(tmp_path):
    pixels = noisy_pixels()
    overlay = pixels | (np.indices(pixels.shape).sum(0) % 2 << 12).astype(np.uint16)
    twelve = {"BitsStored": 12, "HighBit": 11}
    path = dicom_file(tmp_path / "a.dcm", overlay, **twelve)
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, overlay)
    assert any("12 bits" in sentence for sentence in film.warnings)
    dataset = pydicom.dcmread(path)
    dataset.add_new(0x60000102, "US", 12)
    dataset.save_as(path)
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, pixels)
    assert any("overlay" in sentence for sentence in film.warnings)
    high = dicom_file(tmp_path / "b.dcm", pixels << 4 | 7, BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(read_film(high).pixels, pixels)
    signed = (pixels.astype(np.int16) - 2048) & 0xFFF
    path = dicom_file(tmp_path / "c.dcm", signed.astype(np.uint16), PixelRepresentation=1, **twelve)
    np.testing.assert_array_equal(read_film(path).pixels, pixels.astype(np.int16) - 2048)


def test_padding_after_the_pixels(tmp_path):
    pixels = noisy_pixels()
    data = pixels.tobytes()
    film = read_film(dicom_file(tmp_path / "film.dcm", pixels, PixelData=data + b"\0" * 6))
    np.testing.assert_array_equal(film.pixels, pixels)
    assert any("6 bytes too many" in sentence for sentence in film.warnings)
    refusal(dicom_file(tmp_path / "film.dcm", pixels, PixelData=data + b"\0" * 90), FilmPixelsError)


def test_pixels_are_not_to_be_written_to(tmp_path):
    film = read_film(dicom_file(tmp_path / "film.dcm"))
    with pytest.raises(ValueError, match="read-only"):
        film.pixels[0, 0] = 1


def test_damaged_films_in_little_memory(tmp_path):
    """Thousands of damaged copies, in a process that may not grow by more than 400 MB."""
    films = tmp_path / "films"
    films.mkdir()
    pixels = noisy_pixels(60, 50)
    for compression in Compression:
        film = film_of(pixels)
        write_dx(film, films / f"{compression}.dcm", seed="a", compression=compression)
    eight = (pixels >> 4).astype(np.uint8)
    for name, syntax in (("implicit", IMPLICIT), ("big", BIG_ENDIAN)):
        dicom_file(films / f"{name}.dcm", pixels, syntax=syntax)
    extended = bytes(imagecodecs.jpeg8_encode(pixels, level=90, bitspersample=12))
    dicom_file(films / "51.dcm", pixels, syntax="1.2.840.10008.1.2.4.51", frames=[extended])
    (films / "a.png").write_bytes(imagecodecs.png_encode(pixels))
    (films / "a.jpg").write_bytes(imagecodecs.jpeg8_encode(eight))
    (films / "a.tif").write_bytes(imagecodecs.tiff_encode(pixels))
    script = Path(__file__).with_name("dicom_fuzz.py")
    done = subprocess.run(
        [sys.executable, str(script), str(films), "1", "1500"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=Path(__file__).parents[1],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout + done.stderr == ""
