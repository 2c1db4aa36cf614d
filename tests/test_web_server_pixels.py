"""Pixels on their way to the browser keep their modality values, whatever they were stored as."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.dicom.display import to_grey, to_modality
from kyphometer.film import Film, FilmHeader, FilmReference, LookupTable, Rendering
from kyphometer.web.pixels.packing import pack, packed_padding, transport_rule, unpack


def film(values, **rendering):
    pixels = np.asarray(values)
    rows, columns = pixels.shape
    header = FilmHeader(
        reference=FilmReference(rows=rows, columns=columns), rendering=Rendering(**rendering)
    )
    return Film(header=header, pixels=pixels)


@st.composite
def films(draw):
    signed = draw(st.booleans())
    bits = draw(st.integers(8, 16))
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    flat = draw(st.lists(st.integers(low, high), min_size=6, max_size=6))
    kind = np.int16 if signed else (np.uint8 if bits == 8 and draw(st.booleans()) else np.uint16)
    return film(
        np.array(flat, kind).reshape(2, 3),
        bits_stored=bits,
        signed=signed,
        slope=draw(st.sampled_from([1.0, 0.25, -1.0, 2.5])),
        intercept=draw(st.sampled_from([0.0, -1024.0, 17.5])),
        inverted=draw(st.booleans()),
    )


@given(films())
def test_modality_values_arrive_exactly(one):
    packed, rule = pack(one), transport_rule(one.rendering)
    assert packed.dtype == np.dtype("<u2")
    assert packed.flags.c_contiguous
    known = one.rendering.slope * one.pixels.astype(float) + one.rendering.intercept
    np.testing.assert_array_equal(rule.slope * packed.astype(float) + rule.intercept, known)
    assert packed.max() < 1 << rule.bits


@given(films())
def test_an_unpacked_film_shows_and_means_the_same(one):
    again = unpack(one.header, pack(one))
    np.testing.assert_array_equal(
        to_modality(again.rendering, again.pixels), to_modality(one.rendering, one.pixels)
    )
    np.testing.assert_array_equal(to_grey(again), to_grey(one))


def test_a_modality_table_is_applied_before_sending():
    table = LookupTable(values=np.arange(100, 200, dtype=np.uint16), first_mapped=10, bits=12)
    one = film(np.array([[0, 10, 11], [109, 110, 4000]], np.uint16), modality_lut=table)
    np.testing.assert_array_equal(pack(one), [[100, 100, 101], [199, 199, 199]])
    rule = transport_rule(one.rendering)
    assert (rule.slope, rule.intercept) == (1.0, 0.0)


def test_more_than_16_bits_lose_only_the_lowest():
    one = film(np.array([[0, 1 << 19], [255, (1 << 20) - 1]], np.uint32), bits_stored=20)
    rule = transport_rule(one.rendering)
    np.testing.assert_array_equal(pack(one), [[0, 1 << 15], [15, (1 << 16) - 1]])
    assert rule.slope == 16.0


@pytest.mark.parametrize(
    ("padding", "stored", "expected"),
    [((0, 0), 0, (0, 0)), ((4095, 4095), 4095, (4095, 4095)), ((10, 20), 15, (10, 20))],
)
def test_padding_is_told_in_transported_values(padding, stored, expected):
    one = film(np.array([[stored, 100]], np.uint16), bits_stored=12, padding=padding)
    found = packed_padding(one.rendering)
    assert found == expected
    assert found[0] <= pack(one)[0, 0] <= found[1]


def test_padding_beyond_the_stored_bits_does_not_fall_onto_the_image():
    values = np.array([[-2000, -1024, 0, 3000]], np.int16)
    one = film(values, bits_stored=12, signed=True, padding=(-2000, -2000), intercept=0.0)
    below = film(values * 10, bits_stored=12, signed=True, padding=(-20000, -20000))
    for made in (one, below):
        low, high = packed_padding(made.rendering)
        inside = (pack(made) >= low) & (pack(made) <= high)
        np.testing.assert_array_equal(inside, [[True, False, False, False]])
