"""Comments, applications' data and padding go out of a codestream; coded bytes stay."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_films import noisy_pixels
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.dicom.codestream import CodestreamError, family_of
from kyphometer.dicom.compress import Compression, compress_frame
from kyphometer.dicom.uncommented import without_comments

FRAMES = {
    kind: compress_frame(noisy_pixels(), 12, kind)
    for kind in (
        Compression.JPEG_LOSSLESS, Compression.JPEG_LS, Compression.JPEG_2000, Compression.HTJ2K,
    )
}  # fmt: skip
DECODERS = {
    Compression.JPEG_LOSSLESS: "ljpeg_decode",
    Compression.JPEG_LS: "jpegls_decode",
    Compression.JPEG_2000: "jpeg2k_decode",
    Compression.HTJ2K: "htj2k_decode",
}


def decoded(kind, frame):
    import imagecodecs

    return getattr(imagecodecs, DECODERS[kind])(frame)


@pytest.mark.parametrize("kind", FRAMES)
def test_the_picture_stays(kind):
    bare = without_comments(FRAMES[kind])
    np.testing.assert_array_equal(decoded(kind, bare), noisy_pixels())
    assert without_comments(bare) == bare
    assert bare.endswith(b"\xff\xd9")


@pytest.mark.parametrize("kind", FRAMES)
def test_bytes_after_the_end_go(kind):
    assert without_comments(FRAMES[kind] + b"Zaphod") == without_comments(FRAMES[kind])


def test_colour_transform_of_jpeg_stays_and_thumbnails_go():
    import io

    import PIL.Image

    grey = (noisy_pixels() >> 4).astype(np.uint8)
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(np.dstack([grey, grey, 255 - grey]))
    picture.save(buffer, "JPEG", comment=b"Zaphod was here", exif=b"Exif\0\0Beeblebrox")
    bare = without_comments(buffer.getvalue())
    assert b"Zaphod" in buffer.getvalue()
    assert b"Beeblebrox" in buffer.getvalue()
    assert b"Zaphod" not in bare
    assert b"Beeblebrox" not in bare
    np.testing.assert_array_equal(
        PIL.Image.open(io.BytesIO(bare)), PIL.Image.open(io.BytesIO(buffer.getvalue()))
    )
    adobe = b"\xff\xee" + (14).to_bytes(2, "big") + b"Adobe" + b"\0d\0\0\0\0\0"
    marked = buffer.getvalue()[:2] + adobe + buffer.getvalue()[2:]
    assert adobe in without_comments(marked)


def test_a_progressive_picture_keeps_all_its_scans():
    import io

    import PIL.Image

    grey = PIL.Image.fromarray((noisy_pixels() >> 4).astype(np.uint8))
    buffer = io.BytesIO()
    grey.save(buffer, "JPEG", progressive=True, restart_marker_blocks=2)
    bare = without_comments(buffer.getvalue())
    np.testing.assert_array_equal(
        PIL.Image.open(io.BytesIO(bare)), PIL.Image.open(io.BytesIO(buffer.getvalue()))
    )


def test_what_is_no_codestream_comes_back_as_it_is():
    assert without_comments(b"RLE or anything") == b"RLE or anything"


@given(st.sampled_from(list(FRAMES)), st.data())
def test_damage_is_told_or_stripped_and_never_breaks_it(kind, data):
    frame = bytearray(FRAMES[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(2, len(frame) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(frame[: data.draw(st.integers(4, len(frame)))])
    try:
        bare = without_comments(cut)
    except CodestreamError as error:
        assert str(error)
    else:
        assert len(bare) <= len(cut) + 2
        assert family_of(bare) == family_of(cut)
