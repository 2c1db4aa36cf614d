"""Faults of films that people reported in public, each with a twin made here and what is expected.

A row is the source (owner/repository and number of an issue or pull request), what was reported,
and the name of the function in this module that writes the twin. `test_public_reports.py` reads
every twin. No byte of a reported file is kept here.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import imagecodecs
import numpy as np
from dicom_films import dicom_file, noisy_pixels

from kyphometer.dicom.compress import Compression, compress_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX = "1.2.840.10008.1.2"
NAME = "Nguyễn^Thị Hồng"


class Report(NamedTuple):
    """A reported fault and its twin.

    `exact` is True if the twin must give the pixels of `noisy_pixels()`, `sentence` a part of a
    warning of the film or of the refusal, `name` the patient's name that must come out.
    """

    source: str
    reported: str
    twin: Callable[[Path], Path]
    exact: bool = True
    sentence: str = ""
    name: str = ""


def compressed(path: Path, syntax: str, frame: bytes, **more: object) -> Path:
    """A film of one compressed frame whose fragment is exactly these bytes and their padding."""
    facts = {"BitsStored": 12, "HighBit": 11, **more}
    return dicom_file(path, noisy_pixels(), syntax=PREFIX + syntax, frames=[frame], **facts)


def frame_of(kind: Compression) -> bytes:
    """The pixels, compressed."""
    return bytes(compress_frame(noisy_pixels(), 12, kind))


def twelve_bits(path: Path, pixels: np.ndarray | None = None, **more: object) -> Path:
    """A film that is not compressed."""
    facts = {"BitsStored": 12, "HighBit": 11, **more}
    return dicom_file(path, noisy_pixels() if pixels is None else pixels, **facts)


def j2k_padded(path: Path) -> Path:
    """Bytes of padding after the end of a codestream."""
    return compressed(path, ".4.90", frame_of(Compression.JPEG_2000) + b"\x14\x01")


def jpeg_padded(path: Path) -> Path:
    """A blank after the end mark of JPEG lossless."""
    return compressed(path, ".4.70", frame_of(Compression.JPEG_LOSSLESS) + b"\x20")


def jpeg_ls_padded(path: Path) -> Path:
    """Bytes of memory after the end mark of JPEG-LS."""
    return compressed(path, ".4.80", frame_of(Compression.JPEG_LS) + b"\x14\x01")


def jpeg_ls_zero_before_end(path: Path) -> Path:
    """A zero between the coded data and the end mark."""
    frame = frame_of(Compression.JPEG_LS)
    end = frame.rindex(b"\xff\xd9")
    return compressed(path, ".4.80", frame[:end] + b"\0\xff\xd9")


def jpeg_without_end(path: Path) -> Path:
    """No end mark: nobody can tell whether rows are missing."""
    frame = frame_of(Compression.JPEG_LOSSLESS)
    return compressed(path, ".4.70", frame[: frame.rindex(b"\xff\xd9")])


def rle_padded(path: Path) -> Path:
    """A segment padded with a blank instead of a zero."""
    return compressed(path, ".5", frame_of(Compression.RLE) + b"\x20")


def rle_one_too_many(path: Path) -> Path:
    """The last segment unpacks to one byte more than the picture has."""
    return compressed(path, ".5", frame_of(Compression.RLE) + b"\x00\x07")


def baseline_as_lossless(path: Path) -> Path:
    """The header says JPEG lossless, the stream is baseline."""
    pixels = (noisy_pixels() >> 4).astype(np.uint8)
    frame = bytes(imagecodecs.jpeg8_encode(pixels, level=90))
    return dicom_file(path, pixels, syntax=PREFIX + ".4.70", frames=[frame])


def native_as_compressed(path: Path) -> Path:
    """Plain pixels under the syntax of RLE."""
    whole = twelve_bits(path).read_bytes()
    path.write_bytes(whole.replace(b"10008.1.2.1\0", b"10008.1.2.5\0"))
    return path


def charset(path: Path, term: str | None) -> Path:
    """A Vietnamese name in UTF-8 under some name of a character set."""
    twelve_bits(path, SpecificCharacterSet="ISO_IR 192", PatientName=NAME)
    whole = path.read_bytes()
    right = b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192"
    assert right in whole
    written = (term or "").encode()
    written += b" " * (len(written) % 2)
    wrong = b"\x08\x00\x05\x00CS" + struct.pack("<H", len(written)) + written
    path.write_bytes(whole.replace(right, wrong if term is not None else b""))
    return path


def small_slope(path: Path) -> Path:
    """Rescale slope 1/4096 and a window narrower than 1."""
    return twelve_bits(
        path,
        RescaleSlope="0.000244140625",
        RescaleIntercept="0",
        WindowCenter="0.5",
        WindowWidth="0.9",
    )


def wide_window(path: Path) -> Path:
    """A window for 14 bits over a film that uses the lowest hundredth of them."""
    dark = (noisy_pixels() // 24).astype(np.uint16)
    return twelve_bits(path, dark, BitsStored=14, HighBit=13, WindowCenter=8192, WindowWidth=16383)


def grey_palette(path: Path) -> Path:
    """Numbers of greys, the palette in the film."""
    more: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR", "VOILUTFunction": None}
    table = np.arange(4096, dtype="<u2").tobytes()
    for colour in ("Red", "Green", "Blue"):
        more[f"{colour}PaletteColorLookupTableDescriptor"] = [4096, 0, 16]
        more[f"{colour}PaletteColorLookupTableData"] = table
    return twelve_bits(path, **more)


def twelve_in_thirty_two(path: Path) -> Path:
    """12 bits in 32."""
    wide = noisy_pixels().astype(np.uint32)
    return dicom_file(path, wide, BitsAllocated=32, BitsStored=12, HighBit=11)


def floating(path: Path) -> Path:
    """Floating point with a window that tells its range."""
    values = noisy_pixels().astype("<f4") / 4095
    return dicom_file(
        path,
        noisy_pixels(),
        PixelData=None,
        FloatPixelData=values.tobytes(),
        BitsAllocated=32,
        BitsStored=None,
        HighBit=None,
        PixelRepresentation=None,
        WindowCenter="0.5",
        WindowWidth="1",
    )


def jpeg_xl(path: Path) -> Path:
    """A codestream of JPEG XL."""
    return compressed(path, ".4.90", b"\xff\x0a" + bytes(20))


REPORTS = (
    Report("pydicom/pydicom#672", "JPEG 2000 with padding: broken data stream", j2k_padded),
    Report("digital-preservation/pronom-research-week#13", "bytes after FF D9", jpeg_padded),
    Report("jai-imageio/jai-imageio-jpeg2000#33", "padding of a few bytes", jpeg_ls_padded),
    Report("team-charls/charls#437", "zero before the end mark", jpeg_ls_zero_before_end),
    Report("Efferent-Health/fo-dicom.Codecs#37", "no end mark", jpeg_without_end, False, "cut off"),
    Report("cgohlke/imagecodecs#86", "padding byte of PackBits", rle_padded),
    Report("pydicom/pydicom#1438", "RLE segment of one byte too many", rle_one_too_many),
    Report("rii-mango/JPEGLosslessDecoderJS#14", "baseline called lossless", baseline_as_lossless,
           False, "the pixels are lossy JPEG"),
    Report("pydicom/pydicom#1942", "plain pixels called compressed", native_as_compressed, True,
           "compressed, but they are not"),
    Report("pydicom/pynetdicom#201", "ISO IR 192", lambda p: charset(p, "ISO IR 192"), True,
           "taken as ISO_IR 192", NAME),
    Report("pydicom/pydicom#695", "ISO-IR 192", lambda p: charset(p, "ISO-IR 192"), True,
           "taken as ISO_IR 192", NAME),
    Report("pydicom/pydicom#736", "ISO_2022_IR_6", lambda p: charset(p, "ISO_2022_IR_6"), True,
           "taken as ISO 2022 IR 6"),
    Report("pydicom/pydicom#2115", "says one set, is written in another",
           lambda p: charset(p, "ISO_IR 100"), True, "its text is UTF-8", NAME),
    Report("innolitics/dicom-standard#84", "UTF-8 names garbled", lambda p: charset(p, None), True,
           "says nothing of its character set", NAME),
    Report("Enet4/dicom-rs#826", "window narrower than 1", small_slope),
    Report("fo-dicom/fo-dicom#1999", "small slope, small window", small_slope),
    Report("cornerstonejs/cornerstone#429", "opens black under its own window", wide_window, False),
    Report("pydicom/pydicom#205", "palette taken for grey", grey_palette),
    Report("suyashkumar/dicom#168", "32 bits allocated", twelve_in_thirty_two),
    Report("pydicom/pydicom#452", "float pixel data", floating, False, "floating point"),
    Report("pydicom/pydicom#2214", "JPEG XL", jpeg_xl, False, "JPEG XL"),
)  # fmt: skip
