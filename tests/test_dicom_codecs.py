"""Every transfer syntax gives the stored values, and a damaged frame gives none."""

from __future__ import annotations

import io
import itertools
import random
import struct

import imagecodecs
import numpy as np
import pydicom
import pytest
from dicom_films import dicom_file, noisy_pixels
from PIL import Image
from pydicom.encaps import encapsulate_extended, itemize_frame

from kyphometer.dicom import read_film
from kyphometer.dicom.codecs import COMPRESSED
from kyphometer.dicom.compress import Compression, compress_frame
from kyphometer.dicom.jpeg2000 import promise_termination
from kyphometer.errors import FilmPixelsError, UnsupportedFilmError

PREFIX = "1.2.840.10008.1.2"
LOSSLESS = {
    ".4.57": lambda a, bits: imagecodecs.jpeg8_encode(
        a, lossless=True, predictor=6, bitspersample=bits
    ),
    ".4.70": lambda a, bits: compress_frame(a, bits, Compression.JPEG_LOSSLESS),
    ".4.80": lambda a, bits: compress_frame(a, bits, Compression.JPEG_LS),
    ".4.81": lambda a, _: imagecodecs.jpegls_encode(a, level=0),
    ".4.90": lambda a, bits: compress_frame(a, bits, Compression.JPEG_2000),
    ".4.91": lambda a, bits: compress_frame(a, bits, Compression.JPEG_2000),
    ".4.201": lambda a, bits: compress_frame(a, bits, Compression.HTJ2K),
    ".4.202": lambda a, bits: compress_frame(a, bits, Compression.HTJ2K),
    ".4.203": lambda a, bits: compress_frame(a, bits, Compression.HTJ2K),
    ".5": lambda a, bits: compress_frame(a, bits, Compression.RLE),
}
LOSSY = {
    ".4.50": lambda a: imagecodecs.jpeg8_encode((a >> 4).astype(np.uint8), level=98),
    ".4.51": lambda a: imagecodecs.jpeg8_encode(a, level=98, bitspersample=12),
    ".4.81": lambda a: imagecodecs.jpegls_encode(a, level=2),
    ".4.91": lambda a: imagecodecs.jpeg2k_encode(
        a, level=70, reversible=False, codecformat="j2k", bitspersample=12
    ),
    ".4.203": lambda a: imagecodecs.htj2k_encode(a, reversible=False),
}


def compressed(tmp_path, syntax, frame, pixels, **attributes):
    bits = attributes.pop("BitsStored", 8 if pixels.dtype.itemsize == 1 else 12)
    return dicom_file(
        tmp_path / "film.dcm",
        pixels,
        syntax=PREFIX + syntax,
        frames=[bytes(frame)],
        BitsStored=bits,
        HighBit=bits - 1,
        **attributes,
    )


def test_the_tests_know_every_syntax():
    assert {PREFIX + end for end in (*LOSSLESS, *LOSSY)} == set(COMPRESSED)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_syntaxes_are_exact(tmp_path, syntax, bits):
    pixels = noisy_pixels()
    pixels = {8: (pixels >> 4).astype(np.uint8), 12: pixels, 16: (pixels * 16) | 5}[bits]
    path = compressed(tmp_path, syntax, LOSSLESS[syntax](pixels, bits), pixels, BitsStored=bits)
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, pixels)
    assert film.pixels.dtype == pixels.dtype
    assert film.acquisition.lossy in (False, None)


@pytest.mark.parametrize("syntax", LOSSY)
def test_lossy_syntaxes_are_close(tmp_path, syntax):
    pixels = noisy_pixels(128, 96)
    stored = (pixels >> 4).astype(np.uint8) if syntax == ".4.50" else pixels
    path = compressed(tmp_path, syntax, LOSSY[syntax](pixels), stored)
    film = read_film(path)
    assert film.pixels.dtype == stored.dtype
    scale = 255 if syntax == ".4.50" else 4095
    assert np.abs(film.pixels.astype(int) - stored).mean() < 0.006 * scale
    if syntax in (".4.50", ".4.51"):
        assert film.acquisition.lossy is True
        assert any("loss" in sentence for sentence in film.warnings)


@pytest.mark.parametrize("syntax", ["", ".1", ".2", ".1.99"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
def test_uncompressed_syntaxes_are_exact(tmp_path, syntax, dtype):
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(3)
    pixels = rng.integers(limits.min, limits.max, (7, 10), dtype, endpoint=True)
    path = dicom_file(tmp_path / "film.dcm", pixels, syntax=PREFIX + syntax, PixelData=b"")
    dataset = pydicom.dcmread(path)
    big = syntax == ".2"
    data = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
    if big and pixels.dtype.itemsize == 1:  # bytes in big-endian words: pairs are swapped
        data = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    dataset.PixelData = data
    dataset["PixelData"].VR = "OW"
    dataset.save_as(path)
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, pixels)
    np.testing.assert_array_equal(film.pixels, pydicom.dcmread(path).pixel_array)
    assert film.rendering.signed == (limits.min < 0)


@pytest.mark.parametrize("syntax", [".4.70", ".4.80", ".5", ".4.90", ".4.201"])
def test_signed_values(tmp_path, syntax):
    values = (noisy_pixels().astype(np.int16) - 2000).clip(-2048, 2047)
    unsigned = (values & 0xFFF).astype(np.uint16)
    frame = LOSSLESS[syntax](unsigned, 12)
    path = compressed(tmp_path, syntax, frame, unsigned, PixelRepresentation=1)
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, values)
    assert film.pixels.dtype == np.int16


def test_signed_jpeg2000_as_it_should_be(tmp_path):
    values = noisy_pixels().astype(np.int16) - 2000
    frame = imagecodecs.jpeg2k_encode(
        values, level=0, reversible=True, codecformat="j2k", bitspersample=16
    )
    path = compressed(tmp_path, ".4.90", frame, values, PixelRepresentation=1, BitsStored=16)
    np.testing.assert_array_equal(read_film(path).pixels, values)


def test_eight_bits_compressed_in_sixteen_allocated(tmp_path):
    pixels = (noisy_pixels() >> 4).astype(np.uint8)
    frame = imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1)
    path = compressed(tmp_path, ".4.70", frame, pixels.astype(np.uint16), BitsStored=8)
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, pixels)
    assert film.pixels.dtype == np.uint16


def test_the_hash_outlives_recompression(tmp_path):
    pixels = noisy_pixels()
    hashes = {
        read_film(compressed(tmp_path, syntax, encode(pixels, 12), pixels)).sha256_pixels
        for syntax, encode in LOSSLESS.items()
    }
    plain = read_film(dicom_file(tmp_path / "plain.dcm", pixels))
    big = read_film(dicom_file(tmp_path / "big.dcm", pixels, syntax=PREFIX + ".2"))
    assert hashes == {plain.sha256_pixels} == {big.sha256_pixels}


def test_the_high_bit_of_compressed_values_does_not_shift_them(tmp_path):
    pixels = noisy_pixels()
    frame = bytes(LOSSLESS[".4.70"](pixels, 12))
    path = dicom_file(
        tmp_path / "film.dcm",
        pixels,
        syntax=PREFIX + ".4.70",
        frames=[frame],
        BitsStored=12,
        HighBit=15,
    )
    np.testing.assert_array_equal(read_film(path).pixels, pixels)


def test_jp2_boxes_around_the_codestream(tmp_path):
    pixels = noisy_pixels()
    frame = imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, codecformat="jp2")
    assert frame[4:8] == b"jP  "
    path = compressed(tmp_path, ".4.90", frame, pixels, BitsStored=16)
    np.testing.assert_array_equal(read_film(path).pixels, pixels)


def cuts(frame):
    """Lengths to cut a frame to, from almost nothing to almost everything."""
    return sorted({2, 10, 40, 64, 70, len(frame) // 3, int(len(frame) * 0.6), len(frame) - 20})


@pytest.mark.parametrize("syntax", [*LOSSLESS, ".4.50", ".4.51"])
def test_a_frame_that_is_cut_off_gives_no_pixels(tmp_path, syntax):
    pixels = noisy_pixels()
    stored = (pixels >> 4).astype(np.uint8) if syntax == ".4.50" else pixels
    lossless = syntax in LOSSLESS
    frame = bytes(LOSSLESS[syntax](stored, 12) if lossless else LOSSY[syntax](pixels))
    for length, padding in itertools.product(cuts(frame), (b"", b"\0\0")):
        path = compressed(tmp_path, syntax, frame[:length] + padding, stored)
        with pytest.raises(FilmPixelsError) as refused:
            read_film(path)
        assert "compressed data" in str(refused.value)


@pytest.mark.parametrize("syntax", [".4.90", ".4.201"])
def test_a_codestream_that_lost_its_middle_gives_no_pixels(tmp_path, syntax):
    pixels = noisy_pixels()
    frame = LOSSLESS[syntax](pixels, 12)
    half = len(frame) // 2
    path = compressed(tmp_path, syntax, frame[:half] + frame[half + 200 :], pixels)
    with pytest.raises(FilmPixelsError):
        read_film(path)


def test_padding_after_the_end_mark_is_harmless(tmp_path):
    pixels = noisy_pixels()
    for syntax, padding in itertools.product((".4.70", ".4.80", ".4.90"), (b"\0" * 3, b"\xff")):
        path = compressed(tmp_path, syntax, LOSSLESS[syntax](pixels, 12) + padding, pixels)
        np.testing.assert_array_equal(read_film(path).pixels, pixels)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_another_size_than_the_header_says_is_not_decoded(tmp_path, monkeypatch, syntax):
    pixels = noisy_pixels(60, 40)
    frame = LOSSLESS[syntax](pixels, 12)
    monkeypatch.setattr("imagecodecs.jpeg8_decode", pytest.fail)
    monkeypatch.setattr("imagecodecs.jpeg2k_decode", pytest.fail)
    monkeypatch.setattr("imagecodecs.htj2k_decode", pytest.fail)
    monkeypatch.setattr("imagecodecs.jpegls_decode", pytest.fail)
    shapes = ((61, 40), (30, 20)) if syntax == ".5" else ((40, 60), (61, 40), (30, 20))
    for shape in shapes:
        path = compressed(tmp_path, syntax, frame, np.zeros(shape, np.uint16))
        with pytest.raises(FilmPixelsError, match=r"60 x 40|values instead of"):
            read_film(path)


def test_more_bits_than_fit_are_refused(tmp_path):
    pixels = noisy_pixels()
    frame = LOSSLESS[".4.70"](pixels, 12)
    path = compressed(tmp_path, ".4.70", frame, np.zeros(pixels.shape, np.uint8))
    with pytest.raises(FilmPixelsError, match="12 bits"):
        read_film(path)


@pytest.mark.parametrize(
    ("stated", "encode", "kind", "lossy"),
    [
        (".4.70", lambda a: imagecodecs.jpeg8_encode(a, level=90), "lossy JPEG", True),
        (".4.50", lambda a: LOSSLESS[".4.70"](a, 8), "JPEG lossless", True),
        (".4.70", lambda a: LOSSLESS[".4.80"](a, 8), "JPEG-LS", False),
        (".4.90", lambda a: LOSSLESS[".4.70"](a, 8), "JPEG lossless", False),
        (".4.80", lambda a: LOSSLESS[".4.90"](a, 8), "JPEG 2000", None),
        (".4.201", lambda a: LOSSLESS[".4.90"](a, 8), "JPEG 2000", None),
        (".4.70", lambda a: LOSSLESS[".5"](a, 8), "RLE", False),
    ],
)
def test_the_data_are_right_where_the_syntax_is_another(tmp_path, stated, encode, kind, lossy):
    pixels = (noisy_pixels() >> 4).astype(np.uint8)
    film = read_film(compressed(tmp_path, stated, encode(pixels), pixels))
    assert np.abs(film.pixels.astype(int) - pixels).max() <= (30 if "lossy JPEG" in kind else 0)
    if stated != ".4.201":
        assert any(f"the pixels are {kind}" in sentence for sentence in film.warnings)
    if lossy is not None:
        assert bool(film.acquisition.lossy) == lossy


def test_damaged_htj2k_gives_one_sentence(tmp_path, capfd):
    """The decoder gives an array although an exception broke it off; that must not pass."""
    pixels = noisy_pixels()
    frame = bytearray(LOSSLESS[".4.201"](pixels, 12))
    refused = 0
    for at in range(90, 140):
        broken = frame.copy()
        broken[at] ^= 0xFF
        path = compressed(tmp_path, ".4.201", broken, pixels)
        try:
            read_film(path)
        except FilmPixelsError:
            refused += 1
    assert refused > 0
    assert capfd.readouterr().err == ""


RLE_INJURIES = {
    "cut off": lambda frame: frame[:40],
    "segments out of order": lambda frame: frame[:4] + frame[8:12] + frame[4:8] + frame[12:],
    "one segment": lambda frame: struct.pack("<I", 1) + frame[4:],
    "seventeen segments": lambda frame: struct.pack("<I", 17) + frame[4:],
    "offset beyond the end": lambda frame: frame[:8] + struct.pack("<I", 1 << 31) + frame[12:],
    "offset within the header": lambda frame: frame[:4] + struct.pack("<I", 8) + frame[8:],
    "all literal": lambda frame: frame[:64] + b"\x7f" * (len(frame) - 64),
    "all runs": lambda frame: frame[:64] + b"\x81" * (len(frame) - 64),
    "nothing": lambda frame: frame[:64] + b"\x80" * (len(frame) - 64),
}


@pytest.mark.parametrize("injury", RLE_INJURIES.values(), ids=RLE_INJURIES)
def test_corrupt_rle_is_refused(tmp_path, injury):
    pixels = noisy_pixels()
    frame = injury(LOSSLESS[".5"](pixels, 12))
    with pytest.raises(FilmPixelsError):
        read_film(compressed(tmp_path, ".5", frame, pixels))


FRAMES = np.stack([noisy_pixels(), noisy_pixels()[::-1], noisy_pixels()[:, ::-1]])


def fragmented(tmp_path, *, table, parts):
    """Three JPEG lossless frames, each in so many fragments, with or without offset table."""
    path = dicom_file(
        tmp_path / "film.dcm",
        FRAMES,
        syntax=PREFIX + ".4.70",
        frames=[b"xx"],
        BitsStored=12,
        HighBit=11,
    )
    dataset = pydicom.dcmread(path)
    stream, offsets = b"", []
    for pixels in FRAMES:
        offsets.append(len(stream))
        frame = LOSSLESS[".4.70"](np.ascontiguousarray(pixels), 12)
        stream += b"".join(itemize_frame(frame + b"\0" * (len(frame) % 2), parts))
    entries = struct.pack("<3I", *offsets) if table else b""
    head = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(entries)) + entries
    dataset.PixelData = head + stream
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("parts", [1, 3])
def test_frames_in_fragments(tmp_path, table, parts):
    path = fragmented(tmp_path, table=table, parts=parts)
    for number, pixels in enumerate(FRAMES, 1):
        np.testing.assert_array_equal(read_film(path, frame=number).pixels, pixels)


def test_frames_by_extended_offset_table(tmp_path):
    path = fragmented(tmp_path, table=False, parts=1)
    dataset = pydicom.dcmread(path)
    frames = [bytes(LOSSLESS[".4.70"](np.ascontiguousarray(p), 12)) for p in FRAMES]
    data, table, lengths = encapsulate_extended([f + b"\0" * (len(f) % 2) for f in frames])
    dataset.PixelData = data
    dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = table, lengths
    dataset.save_as(path)
    for number, pixels in enumerate(FRAMES, 1):
        np.testing.assert_array_equal(read_film(path, frame=number).pixels, pixels)


def test_only_the_chosen_frame_is_decoded(tmp_path, monkeypatch):
    path = fragmented(tmp_path, table=True, parts=1)
    decoded = []
    real = imagecodecs.jpeg8_decode
    monkeypatch.setattr("imagecodecs.jpeg8_decode", lambda d: decoded.append(1) or real(d))
    read_film(path, frame=2)
    assert decoded == [1]


def respelled(tmp_path, syntax):
    """An uncompressed film whose file says that it is in another transfer syntax."""
    path = dicom_file(tmp_path / "film.dcm", noisy_pixels())
    uid = syntax.encode().ljust(20, b"\0")
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", uid))
    return path


def test_unknown_syntax_is_refused_by_name(tmp_path):
    film = dicom_file(tmp_path / "film.dcm", syntax=PREFIX + ".4.102", frames=[b"xx"])
    with pytest.raises(UnsupportedFilmError, match=r"MPEG-4 AVC/H\.264 High Profile"):
        read_film(film)
    with pytest.raises(UnsupportedFilmError, match=r"1\.2\.3\.4\.5"):
        read_film(respelled(tmp_path, "1.2.3.4.5"))


@pytest.mark.parametrize(
    "head", [b"\xff\x0a", b"\xff\xd8\xff\xe0", b"\xff\x4f\xff\x51", b"\0\0\0\x0cJXL "]
)
def test_uncompressed_pixels_may_begin_like_a_compressed_stream(tmp_path, head):
    pixels = noisy_pixels()
    pixels.view(np.uint8).reshape(-1)[: len(head)] = list(head)
    film = read_film(dicom_file(tmp_path / "film.dcm", pixels))
    np.testing.assert_array_equal(film.pixels, pixels)


def test_pixels_that_are_not_compressed_after_all_are_read_with_a_warning(tmp_path):
    film = read_film(respelled(tmp_path, PREFIX + ".5"))
    assert any("compressed, but they are not" in sentence for sentence in film.warnings)


def test_fragments_under_an_uncompressed_syntax_are_read_with_a_warning(tmp_path):
    frame = LOSSLESS[".5"](noisy_pixels(), 12)
    path = compressed(tmp_path, ".5", frame, noisy_pixels())
    path.write_bytes(path.read_bytes().replace(b"10008.1.2.5\0", b"10008.1.2.1\0"))
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, noisy_pixels())
    assert any("says uncompressed but the pixels are RLE" in w for w in film.warnings)


def jpeg2000(pixels, level=0):
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels, level=level, reversible=level == 0, codecformat="j2k", bitspersample=12
        )
    )


def read_jpeg2000(path, frame, pixels, syntax=".90"):
    uid = "1.2.840.10008.1.2.4" + syntax
    return read_film(
        dicom_file(path, pixels, syntax=uid, frames=[frame], BitsStored=12, HighBit=11)
    )


@pytest.mark.parametrize("level", [0, 30, 50, 80])
def test_sharp_edges_and_noise_are_no_damage(tmp_path, level):
    """Neighbours that differ by the whole range are no sign of damage."""
    rng = np.random.default_rng(level)
    for kind in (rng.random((220, 180)), np.indices((220, 180)).sum(axis=0) % 2):
        pixels = (kind * 4095).astype(np.uint16)
        syntax = ".91" if level else ".90"
        film = read_jpeg2000(tmp_path / "f.dcm", jpeg2000(pixels, level), pixels, syntax)
        assert not any("contradict" in sentence for sentence in film.warnings)


def test_a_flipped_bit_in_jpeg_2000_is_told(tmp_path):
    """One bit among many: its block no longer uses up its bytes."""
    pixels = noisy_pixels(400, 300)
    whole, rng, told = jpeg2000(pixels), random.Random(3), 0
    for _ in range(40):
        broken = bytearray(whole)
        broken[rng.randrange(whole.index(b"\xff\x93") + 2, len(whole) - 2)] ^= 1 << rng.randrange(8)
        try:
            film = read_jpeg2000(tmp_path / "f.dcm", bytes(broken), pixels)
            told += any("contradict" in sentence for sentence in film.warnings)
        except FilmPixelsError:
            told += 1
    assert told >= 35


def test_the_promise_of_termination_reaches_every_tile():
    pixels = noisy_pixels(90, 70)
    target = io.BytesIO()
    Image.fromarray(pixels).save(
        target, "JPEG2000", no_jp2=True, irreversible=False, tile_size=(32, 32)
    )
    whole = target.getvalue()
    promised = promise_termination(whole)
    changed = [i for i, (a, b) in enumerate(zip(whole, promised, strict=True)) if a != b]
    assert changed == [promised.index(b"\xff\x52") + 12]
    np.testing.assert_array_equal(
        imagecodecs.jpeg2k_decode(promised), imagecodecs.jpeg2k_decode(whole)
    )
