"""PNG, JPEG and TIFF: pixels, no millimetres, and nothing silently wrong."""

from __future__ import annotations

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from dicom_films import noisy_pixels

from kyphometer.dicom import read_film, read_header, to_grey
from kyphometer.errors import (
    ColourFilmError,
    FilmPixelsError,
    FilmSizeError,
    FrameError,
    NotCalibratedError,
    UnsupportedFilmError,
)
from kyphometer.geometry import SpacingSource


def eight():
    return (noisy_pixels() >> 4).astype(np.uint8)


def save(path, pixels, **options):
    PIL.Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("pixels", [eight(), noisy_pixels()], ids=["8 bits", "16 bits"])
def test_lossless_pictures_are_exact(tmp_path, suffix, pixels):
    film = read_film(save(tmp_path / f"film.{suffix}", pixels))
    np.testing.assert_array_equal(film.pixels, pixels)
    assert film.pixels.dtype == pixels.dtype
    assert film.header.transfer_syntax_uid is None
    assert film.reference.sop_instance_uid is None
    assert film.geometry.source is SpacingSource.NONE
    with pytest.raises(NotCalibratedError):
        film.geometry.require_mm("A height")
    assert any("angles only" in sentence for sentence in film.warnings)
    assert not film.pixels.flags.writeable


def test_the_suffix_does_not_matter(tmp_path):
    path = save(tmp_path / "film.png", eight()).rename(tmp_path / "film.dcm")
    np.testing.assert_array_equal(read_film(path).pixels, eight())


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_compressed_tiff(tmp_path, compression):
    path = save(tmp_path / "film.tif", noisy_pixels(), compression=compression)
    np.testing.assert_array_equal(read_film(path).pixels, noisy_pixels())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_byte_orders_of_tiff(tmp_path, order, bigtiff):
    path = tmp_path / "film.tif"
    path.write_bytes(
        imagecodecs.tiff_encode(noisy_pixels(), bigtiff=bigtiff)
        if order == "<"
        else plain_tiff(noisy_pixels(), ">")
    )
    np.testing.assert_array_equal(read_film(path).pixels, noisy_pixels())


def plain_tiff(pixels, order, photometric=1, resolution=(1, 1)):
    """A TIFF of one strip, written field by field."""
    rows, columns = pixels.shape
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    kind = "little" if order == "<" else "big"

    def number(value, size):
        return int(value).to_bytes(size, kind)

    strip = 8
    across = strip + len(data) + len(data) % 2
    entries = [(256, 4, columns), (257, 4, rows), (258, 3, 8 * pixels.dtype.itemsize),
               (259, 3, 1), (262, 3, photometric), (273, 4, strip), (277, 3, 1), (278, 4, rows),
               (279, 4, len(data)), (282, 5, across), (283, 5, across + 8)]  # fmt: skip
    head = (b"II" if order == "<" else b"MM") + number(42, 2) + number(across + 16, 4)
    fields = b"".join(
        number(tag, 2)
        + number(form, 2)
        + number(1, 4)
        + (number(value, 2) + b"\0\0" if form == 3 else number(value, 4))
        for tag, form, value in entries
    )
    rationals = b"".join(number(value, 4) + number(1, 4) for value in resolution)
    return (
        head
        + data.ljust(across - strip, b"\0")
        + rationals
        + number(len(entries), 2)
        + fields
        + number(0, 4)
    )


def test_white_is_zero(tmp_path):
    path = tmp_path / "film.tif"
    path.write_bytes(plain_tiff(noisy_pixels(), "<", photometric=0))
    film = read_film(path)
    np.testing.assert_array_equal(film.pixels, noisy_pixels())
    assert film.rendering.inverted
    usual = tmp_path / "usual.tif"
    usual.write_bytes(plain_tiff(noisy_pixels(), "<"))
    assert np.abs(255 - to_grey(film).astype(int) - to_grey(read_film(usual))).max() <= 1


def test_resolution_gives_the_shape_of_a_pixel_but_no_size(tmp_path):
    """200 pixels per unit across and 100 down: a pixel is twice as high as wide."""
    tiff = tmp_path / "film.tif"
    tiff.write_bytes(plain_tiff(noisy_pixels(), "<", resolution=(200, 100)))
    png = save(tmp_path / "film.png", eight(), dpi=(200, 100))
    jpeg = save(tmp_path / "film.jpg", eight(), dpi=(200, 100))
    for path in (tiff, png, jpeg):
        geometry = read_header(path).geometry
        assert geometry.source is SpacingSource.ASPECT_RATIO
        assert geometry.aspect == pytest.approx(2, rel=1e-3)
        assert not geometry.is_calibrated
    square = save(tmp_path / "square.png", eight(), dpi=(300, 300))
    assert read_header(square).geometry.source is SpacingSource.NONE


def test_the_user_may_state_the_size(tmp_path):
    film = read_film(save(tmp_path / "film.png", eight()), spacing_mm=0.2)
    assert film.geometry.source is SpacingSource.STATED
    assert film.geometry.require_mm("A height") == (0.2, 0.2)
    assert film.warnings == ()


def test_jpeg_is_close(tmp_path):
    film = read_film(save(tmp_path / "film.jpg", eight(), quality=95))
    assert np.abs(film.pixels.astype(int) - eight()).mean() < 2


def test_turned_pictures_are_named(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    film = read_film(save(tmp_path / "film.jpg", eight(), exif=exif))
    assert any("turned or mirrored" in sentence for sentence in film.warnings)
    assert film.shape == eight().shape


def test_grey_in_colour_is_read_and_colour_refused(tmp_path):
    rgb = np.repeat(eight()[..., None], 3, axis=2)
    alpha = np.concatenate([rgb, np.full((*eight().shape, 1), 255, np.uint8)], axis=2)
    for number, pixels in enumerate((rgb, alpha)):
        film = read_film(save(tmp_path / f"{number}.png", pixels))
        np.testing.assert_array_equal(film.pixels, eight())
        assert any("colour" in sentence for sentence in film.warnings)
    read_film(save(tmp_path / "grey.jpg", rgb, quality=90))
    rgb[:10, :10, 0] = 255
    for name in ("a.png", "a.jpg", "a.tif"):
        with pytest.raises(ColourFilmError):
            read_film(save(tmp_path / name, rgb))


def test_pages_must_be_chosen(tmp_path):
    pages = [PIL.Image.fromarray(page) for page in (eight(), 255 - eight())]
    path = tmp_path / "film.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    with pytest.raises(FrameError, match="2 frames"):
        read_film(path)
    np.testing.assert_array_equal(read_film(path, frame=2).pixels, 255 - eight())
    with pytest.raises(FrameError):
        read_film(save(tmp_path / "film.png", eight()), frame=2)


@pytest.mark.parametrize("name", ["film.png", "film.jpg", "film.tif"])
def test_damaged_pictures_give_one_sentence(tmp_path, name, capfd):
    path = save(tmp_path / name, eight())
    whole = path.read_bytes()
    for length in range(8, len(whole) - 12, max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        with pytest.raises(FilmPixelsError):
            read_film(path)
    assert capfd.readouterr().err == ""


def test_a_flipped_bit_in_a_png_is_noticed(tmp_path):
    path = save(tmp_path / "film.png", eight())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(FilmPixelsError):
        read_film(path)


def test_absurd_sizes_and_depths(tmp_path):
    png = bytearray(imagecodecs.png_encode(eight()))
    png[16:24] = b"\x00\x01\x00\x00\x00\x01\x00\x00"
    png[29:33] = crc(png[12:29])
    path = tmp_path / "film.png"
    path.write_bytes(png)
    with pytest.raises(FilmSizeError, match="65536 x 65536"):
        read_film(path)
    bits = save(tmp_path / "bits.png", eight() > 100)
    with pytest.raises(UnsupportedFilmError, match="1 bit"):
        read_film(bits)
    floats = save(tmp_path / "floats.tif", eight().astype(np.float32))
    with pytest.raises(UnsupportedFilmError):
        read_film(floats)


def crc(chunk):
    import zlib

    return zlib.crc32(chunk).to_bytes(4, "big")
