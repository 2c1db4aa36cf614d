"""Grey levels: modality and VOI transforms against pydicom's, polarity, padding, presets."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dicom_films import dicom_file, noisy_pixels
from hypothesis import given
from hypothesis import strategies as st
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut, apply_windowing

from kyphometer.dicom import (
    automatic_window,
    default_voi,
    presets,
    read_film,
    to_grey,
    to_modality,
)
from kyphometer.dicom.display import apply_table, grey_table, window
from kyphometer.errors import UsageError
from kyphometer.film import LookupTable, Rendering, VoiWindow

CR = "1.2.840.10008.5.1.4.1.1.1"


def lut(values, first, bits, explanation=""):
    """A lookup table as a sequence item."""
    item = pydicom.Dataset()
    count = len(values) if len(values) < 1 << 16 else 0
    item.add_new("LUTDescriptor", "US", [count, first & 0xFFFF, bits])
    item.add_new("LUTData", "OW", np.asarray(values, "<u2").tobytes())
    if explanation:
        item.LUTExplanation = explanation
    return item


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(2000, 1500), (2000.5, 1), (100, 4096), (5000, 10)])
def test_windows_agree_with_pydicom(function, center, width):
    """Outside oracle: pydicom's windowing of every 12-bit value."""
    values = np.arange(4096, dtype=np.uint16)
    dataset = pydicom.Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.WindowCenter, dataset.WindowWidth = str(center), str(width)
    dataset.VOILUTFunction = function
    dataset.BitsStored, dataset.PixelRepresentation = 12, 0
    with np.errstate(over="ignore"):
        expected = apply_windowing(values, dataset) / 4095
    voi = VoiWindow(center=center, width=width, function=function)
    found = window(voi, values.astype(np.float32))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_modality_and_voi_tables_agree_with_pydicom(tmp_path):
    pixels = noisy_pixels()
    curve = (np.linspace(0, 1, 4096) ** 2 * 65535).astype(np.uint16)
    voi = np.linspace(1023, 0, 3000).astype(np.uint16)
    path = dicom_file(
        tmp_path / "film.dcm",
        pixels,
        SOPClassUID=CR,
        BitsStored=12,
        HighBit=11,
        ModalityLUTSequence=[lut(curve, 0, 16)],
        VOILUTSequence=[lut(voi, 500, 10, "MINE")],
    )
    film = read_film(path)
    dataset = pydicom.dcmread(path)
    modality = apply_modality_lut(dataset.pixel_array, dataset)
    np.testing.assert_array_equal(to_modality(film.rendering, film.pixels), modality)
    expected = apply_voi_lut(modality, dataset) / 1023 * 255
    np.testing.assert_allclose(to_grey(film), expected, atol=0.5 + 1e-9)
    assert [preset.name for preset in presets(film)] == ["MINE", "automatic"]


def test_rescale_agrees_with_pydicom(tmp_path):
    values = noisy_pixels().astype(np.int16) - 2000
    path = dicom_file(
        tmp_path / "film.dcm", values, RescaleSlope="0.5", RescaleIntercept="-1024.25"
    )
    film = read_film(path)
    expected = apply_modality_lut(film.pixels, pydicom.dcmread(path))
    np.testing.assert_allclose(to_modality(film.rendering, film.pixels), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
def test_every_stored_value_is_looked_up_right(dtype):
    limits = np.iinfo(dtype)
    stored = np.arange(limits.min, limits.max + 1, dtype=np.int64).astype(dtype)
    voi = VoiWindow(center=limits.max / 3, width=limits.max / 2)
    table = grey_table(Rendering(slope=1.5, intercept=-7), np.dtype(dtype), voi)
    found = apply_table(stored.reshape(16, -1), table).ravel()
    exact = 255 * window(voi, (stored.astype(np.float64) * 1.5 - 7).astype(np.float32))
    np.testing.assert_allclose(found, exact, atol=0.5 + 1e-6)
    assert np.all(np.diff(found.astype(int)) >= 0)


def test_monochrome1_is_shown_inverted(tmp_path):
    pixels = noisy_pixels()
    facts = {"BitsStored": 12, "HighBit": 11, "WindowCenter": "2048", "WindowWidth": "4096"}
    usual = read_film(dicom_file(tmp_path / "2.dcm", pixels, **facts))
    inverted = read_film(
        dicom_file(tmp_path / "1.dcm", pixels, PhotometricInterpretation="MONOCHROME1", **facts)
    )
    np.testing.assert_array_equal(usual.pixels, inverted.pixels)
    assert np.abs(255 - to_grey(inverted).astype(int) - to_grey(usual)).max() <= 1
    shape = dicom_file(tmp_path / "s.dcm", pixels, PresentationLUTShape="INVERSE", **facts)
    np.testing.assert_array_equal(to_grey(read_film(shape)), to_grey(inverted))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_count(tmp_path, photometric):
    pixels = noisy_pixels()
    pixels[:, :30] = 65000
    pixels[:, 0] = 65535
    facts = {"PhotometricInterpretation": photometric}
    with_padding = read_film(
        dicom_file(
            tmp_path / "a.dcm",
            pixels,
            PixelPaddingValue=65535,
            PixelPaddingRangeLimit=65000,
            **facts,
        )
    )
    assert with_padding.rendering.padding == (65000, 65535)
    grey = to_grey(with_padding)
    assert np.all(grey[:, :30] == 0)
    assert grey[:, 30:].std() > 30
    voi = automatic_window(with_padding)
    assert voi.center + voi.width / 2 <= pixels[:, 30:].max()


def test_several_windows_can_be_chosen(tmp_path):
    film = read_film(
        dicom_file(
            tmp_path / "film.dcm",
            noisy_pixels(),
            WindowCenter=["2000", "1000"],
            WindowWidth=["4000", "500"],
            WindowCenterWidthExplanation=["WIDE", "BONE"],
        )
    )
    found = presets(film)
    assert [preset.name for preset in found] == ["WIDE", "BONE", "automatic"]
    assert default_voi(film) == found[0].voi
    assert np.mean(to_grey(film, found[1].voi) == 255) > 0.3
    np.testing.assert_array_equal(to_grey(film), to_grey(film, found[0].voi))


def test_a_window_that_shows_nothing_is_passed_over(tmp_path):
    film = read_film(
        dicom_file(tmp_path / "film.dcm", noisy_pixels(), WindowCenter="60000", WindowWidth="10")
    )
    assert default_voi(film).explanation == "automatic"
    assert to_grey(film).std() > 30


@pytest.mark.parametrize("width", [0, -5, 0.5, float("nan")])
def test_impossible_windows_are_refused(tmp_path, width):
    film = read_film(dicom_file(tmp_path / "film.dcm"))
    with pytest.raises(UsageError):
        to_grey(film, VoiWindow(center=5, width=width))


def test_automatic_window_of_a_region(tmp_path):
    pixels = np.full((200, 100), 100, np.uint16)
    pixels[100:] = np.linspace(3000, 4000, 100).astype(np.uint16)
    film = read_film(dicom_file(tmp_path / "film.dcm", pixels))
    voi = automatic_window(film, (10, 110, 80, 60))
    assert 3000 < voi.center - voi.width / 2 < voi.center + voi.width / 2 < 4000
    for outside in ((-50, -50, 20, 20), (500, 500, 10, 10), (99.5, 199.5, 0, 0)):
        assert automatic_window(film, outside).width >= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
def test_a_flat_film_is_shown(tmp_path, dtype):
    film = read_film(dicom_file(tmp_path / "film.dcm", np.full((5, 5), 100, dtype)))
    assert to_grey(film).shape == (5, 5)


def test_tables_that_use_few_of_their_bits_are_stretched():
    ramp = LookupTable(values=np.arange(4096, dtype=np.uint16), first_mapped=0, bits=16)
    table = grey_table(Rendering(), np.dtype(np.uint16), ramp)
    assert (table[0], table[4095], table[65535]) == (0, 255, 255)


def test_damaged_tables_are_left_out(tmp_path):
    for item in (lut([1, 2, 3], 0, 16), lut([1, 2, 3], 0, 16), lut([1, 2, 3], 0, 40)):
        if int(item.LUTDescriptor[2]) == 16:
            item.LUTDescriptor = [4000, 0, 16]
        film = read_film(dicom_file(tmp_path / "film.dcm", SOPClassUID=CR, VOILUTSequence=[item]))
        assert film.rendering.voi_luts == ()
        assert any("lookup table" in sentence for sentence in film.warnings)


@given(
    st.floats(-5000, 5000),
    st.floats(1, 10000),
    st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_windows_rise_from_black_to_white(center, width, function):
    values = np.linspace(-60000, 60000, 997, dtype=np.float32)
    shown = window(VoiWindow(center=center, width=width, function=function), values)
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert np.all(np.diff(shown) >= 0)
    assert shown[0] < 0.01
    assert shown[-1] > 0.99
