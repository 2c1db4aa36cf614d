"""Further faults that people reported in public: headers, layouts, character sets, damage.

Rows of the same kind as in `public_reports`; where several reports are of one fault, they share
a row.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import pydicom
from dicom_films import dicom_file, noisy_pixels
from pydicom.encaps import encapsulate

from kyphometer.dicom.compress import Compression, compress_frame

PREFIX = "1.2.840.10008.1.2"
IMPLICIT = PREFIX
BIG_ENDIAN = PREFIX + ".2"
PIXELS = b"\xe0\x7f\x10\x00"
NONE = np.zeros(0)


class Report(NamedTuple):
    """Reports of one fault and its twin.

    `pixels` are those that must come out (none are compared if it is empty); `sentence` is a part
    of a warning, or of the refusal if `refused`; `name` the patient's name, `taken` the day of the
    film, `spacing` its pixel size in mm (0 for unknown) that must come out; `white_low` says
    whether low stored values must be shown white.
    """

    source: str
    reported: str
    twin: Callable[[Path], Path]
    pixels: np.ndarray = noisy_pixels()
    refused: bool = False
    sentence: str = ""
    name: str = ""
    taken: date | None = None
    spacing: float | None = None
    white_low: bool | None = None


def plain(**facts: object) -> Callable[[Path], Path]:
    """A film that is not compressed, with these attributes."""
    return lambda path: dicom_file(
        path, noisy_pixels(), **{"BitsStored": 12, "HighBit": 11, **facts}
    )


def other(pixels: np.ndarray, **facts: object) -> Callable[[Path], Path]:
    """A film of other pixels that is not compressed."""
    return lambda path: dicom_file(path, pixels, **facts)


def coded(syntax: str, frame: bytes, pixels: np.ndarray, **facts: object) -> Callable[[Path], Path]:
    """A film whose one frame is these bytes."""
    return lambda path: dicom_file(path, pixels, syntax=PREFIX + syntax, frames=[frame], **facts)


def bytes_changed(change: Callable[[bytes], bytes], **facts: object) -> Callable[[Path], Path]:
    """A plain film whose bytes are changed."""

    def write(path: Path) -> Path:
        plain(**facts)(path)
        path.write_bytes(change(path.read_bytes()))
        return path

    return write


def text_put(tag: bytes, vr: bytes, value: bytes, **facts: object) -> Callable[[Path], Path]:
    """A plain film with an element, as these bytes, before the others of its group."""
    value += b" " * (len(value) % 2)
    element = tag + vr + struct.pack("<H", len(value)) + value

    def change(whole: bytes) -> bytes:
        at = whole.index(b"\x02\x00\x10\x00")  # transfer syntax; what follows is the data set
        start = at + 8 + struct.unpack_from("<H", whole, at + 6)[0]
        while start < len(whole) and struct.unpack_from("<HH", whole, start)[0] == 2:
            start += 8 + struct.unpack_from("<H", whole, start + 6)[0]
        rest = whole[start:]
        place = 0
        while struct.unpack_from("<HH", rest, place) < struct.unpack("<HH", tag):
            long = rest[place + 4 : place + 6] in (b"OB", b"OW", b"SQ", b"UN", b"UT")
            length = struct.unpack_from("<I" if long else "<H", rest, place + (8 if long else 6))[0]
            place += (12 if long else 8) + length
        return whole[:start] + rest[:place] + element + rest[place:]

    return bytes_changed(change, **facts)


# ------------------------------------------------------------------------- signs, bits, layouts

SIGNED = noisy_pixels().astype(np.int16) - 2048
BYTE = (noisy_pixels() >> 4).astype(np.uint8)
BITS_12 = {"BitsStored": 12, "HighBit": 11}


def signed_without_extension(path: Path) -> Path:
    """Negative values of 12 bits with zeros above them."""
    stored = (SIGNED & 0x0FFF).astype(np.uint16)
    return dicom_file(path, stored, PixelRepresentation=1, **BITS_12)


def j2k(pixels: np.ndarray, bits: int) -> bytes:
    return imagecodecs.jpeg2k_encode(
        pixels, level=0, reversible=True, codecformat="j2k", bitspersample=bits
    )


def high_bits(path: Path, at: int = 12) -> Path:
    """An overlay in the four bits above the pixels, and where the header says that it is."""
    mixed = noisy_pixels() | (np.indices((61, 43)).sum(0) % 16 << 12).astype(np.uint16)
    dicom_file(path, mixed, **BITS_12)
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0100), "US", 16)
    dataset.add_new((0x6000, 0x0102), "US", at)
    dataset.save_as(path)
    return path


def shifted_high_bit(path: Path) -> Path:
    """12 bits stored at the upper end of 16."""
    return dicom_file(path, noisy_pixels() << 4, BitsStored=12, HighBit=15)


def odd_length(padding: bytes) -> Callable[[Path], Path]:
    """Bytes of an odd number, with or without the padding that makes them even."""

    def write(path: Path) -> Path:
        dicom_file(path, BYTE, syntax=IMPLICIT)
        whole = path.read_bytes()
        at = whole.index(PIXELS)
        data = BYTE.tobytes() + padding
        path.write_bytes(whole[:at] + PIXELS + struct.pack("<I", len(data)) + data)
        return path

    return write


def excess(path: Path) -> Path:
    """More bytes than pixels, as older programs padded."""
    return dicom_file(
        path, noisy_pixels(), PixelData=noisy_pixels().tobytes() + bytes(40), **BITS_12
    )


def longer_than_said(path: Path) -> Path:
    """Bytes that follow the pixels though no element holds them."""
    plain()(path)
    path.write_bytes(path.read_bytes() + bytes(range(200)))
    return path


def cut(bytes_left_out: int, **facts: object) -> Callable[[Path], Path]:
    return bytes_changed(lambda whole: whole[:-bytes_left_out], **facts)


# ------------------------------------------------------------------------- heads and fragments


def data_set_only(whole: bytes) -> bytes:
    """No preamble and no file meta information."""
    length = struct.unpack_from("<I", whole, 140)[0]
    return whole[144 + length :]


def implicit_meta(path: Path) -> Path:
    """File meta information in implicit VR, without its length and the preamble."""
    dicom_file(path, noisy_pixels(), syntax=IMPLICIT, **BITS_12)
    whole = path.read_bytes()
    rest = data_set_only(whole)
    syntax = IMPLICIT.encode() + b"\0"
    path.write_bytes(b"\x02\0\x10\0" + struct.pack("<I", len(syntax)) + syntax + rest)
    return path


def in_fragments(kind: Compression, size: int, table: bytes = b"") -> Callable[[Path], Path]:
    """One frame in many fragments, under some basic offset table."""

    def write(path: Path) -> Path:
        frame = bytes(compress_frame(noisy_pixels(), 12, kind))
        parts = [frame[at : at + size] for at in range(0, len(frame), size)]
        data = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(table)) + table
        for part in parts:
            part += b"\0" * (len(part) % 2)
            data += b"\xfe\xff\x00\xe0" + struct.pack("<I", len(part)) + part
        syntax = kind.transfer_syntax_uid
        return dicom_file(path, noisy_pixels(), syntax=syntax, frames=[], **BITS_12) and _with(
            path, data
        )

    return write


def _with(path: Path, data: bytes) -> Path:
    dataset = pydicom.dcmread(path)
    dataset.PixelData = data
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path


def without_delimiter(path: Path) -> Path:
    """Fragments that nothing ends."""
    frame = bytes(compress_frame(noisy_pixels(), 12, Compression.JPEG_LOSSLESS))
    coded(".4.70", frame, noisy_pixels(), **BITS_12)(path)
    whole = path.read_bytes()
    assert whole.endswith(b"\xfe\xff\xdd\xe0\0\0\0\0")
    path.write_bytes(whole[:-8])
    return path


def no_table_many_frames(path: Path) -> Path:
    """A frame a fragment, and an empty basic offset table."""
    frames = [
        bytes(compress_frame(pixels, 12, Compression.JPEG_LOSSLESS))
        for pixels in (noisy_pixels(), noisy_pixels() // 2)
    ]
    dicom_file(
        path, np.stack([noisy_pixels()] * 2), syntax=PREFIX + ".4.70", frames=frames, **BITS_12
    )
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate(frames, has_bot=False)
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    return path


def jpeg_cut(path: Path) -> Path:
    """A baseline JPEG that ends in its middle."""
    frame = bytes(imagecodecs.jpeg8_encode(BYTE, level=95))
    return coded(".4.50", frame[: len(frame) // 2], BYTE)(path)


def deflated(path: Path, dataset: bytes | None = None) -> Path:
    """The data set, deflated."""
    plain()(path)
    whole = path.read_bytes()
    rest = data_set_only(whole) if dataset is None else dataset
    packer = zlib.compressobj(9, wbits=-15)
    body = packer.compress(rest) + packer.flush()
    syntax = (PREFIX + ".1.99").encode()
    meta = b"\x02\0\x10\0UI" + struct.pack("<H", len(syntax)) + syntax
    length = b"\x02\0\0\0UL\x04\0" + struct.pack("<I", len(meta))
    path.write_bytes(bytes(128) + b"DICM" + length + meta + body)
    return path


def bomb(path: Path) -> Path:
    """A data set that inflates to a thousand times the file, and holds nothing."""
    return deflated(path, bytes(1 << 25))


# ------------------------------------------------------------------------- value representations


def un_sequence(tag: tuple[int, int], *, syntax: str = PREFIX + ".1") -> Callable[[Path], Path]:
    """A private sequence of unknown length under VR UN (CP-246), or in implicit VR."""

    def write(path: Path) -> Path:
        dicom_file(path, noisy_pixels(), syntax=syntax, **BITS_12)
        whole = path.read_bytes()
        at = whole.index(b"\x28\x00\x02\x00")
        inner = b"\x08\x00\x60\x00" + struct.pack("<I", 2) + b"MR"
        item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + b"\xfe\xff\x0d\xe0\0\0\0\0"
        head = struct.pack("<HH", *tag) + (b"UN\0\0" if syntax != IMPLICIT else b"")
        element = head + b"\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
        path.write_bytes(whole[:at] + element + whole[at:])
        return path

    return write


def delimited_though_measured(path: Path) -> Path:
    """A private sequence of known length that ends with a delimiter all the same."""
    plain()(path)
    whole = path.read_bytes()
    at = whole.index(b"\x28\x00\x02\x00US")
    inner = b"\x08\x00\x60\x00CS\x02\x00MR"
    item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(inner)) + inner
    body = item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    element = b"\x27\x00\x5f\x10SQ\0\0" + struct.pack("<I", len(body)) + body
    path.write_bytes(whole[:at] + element + whole[at:])
    return path


def blank_length(path: Path) -> Path:
    """In implicit VR, a length of 0x200A, which reads as blanks where a VR might stand."""
    dicom_file(path, noisy_pixels(), syntax=IMPLICIT, **BITS_12)
    whole = path.read_bytes()
    at = whole.index(b"\x28\x00\x02\x00")
    element = b"\x20\x00\x00\x40" + struct.pack("<I", 0x200A) + b"c" * 0x200A
    path.write_bytes(whole[:at] + element + whole[at:])
    return path


def private_text(path: Path) -> Path:
    """A private creator and its element, in implicit VR."""
    dicom_file(path, noisy_pixels(), syntax=IMPLICIT, **BITS_12)
    dataset = pydicom.dcmread(path)
    dataset.private_block(0x0029, "ACME", create=True).add_new(1, "LO", "text")
    dataset.save_as(path)
    return path


def stray_in_sequence(path: Path) -> Path:
    """An element between the items of a sequence, where only an item may stand."""
    plain()(path)
    whole = path.read_bytes()
    at = whole.index(b"\x28\x00\x02\x00US")
    stray = b"\x08\x00\x3e\x10LO\x04\x00text"
    element = b"\x27\x00\x32\x10SQ\0\0\xff\xff\xff\xff" + stray + b"\xfe\xff\xdd\xe0\0\0\0\0"
    path.write_bytes(whole[:at] + element + whole[at:])
    return path


# ------------------------------------------------------------------------- display


def table_item(values: np.ndarray, descriptor: list[int], *, signed: bool = False) -> bytes:
    form = "<HhH" if signed else "<HHH"
    vr = b"SS" if signed else b"US"
    data = values.astype("<u2").tobytes()
    item = b"\x28\x00\x02\x30" + vr + b"\x06\x00" + struct.pack(form, *descriptor)
    item += b"\x28\x00\x06\x30OW\0\0" + struct.pack("<I", len(data)) + data
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item


def with_table(
    group_element: bytes, item: bytes, pixels: np.ndarray | None = None, **facts: object
) -> Callable[[Path], Path]:
    """A film with a lookup table, written byte by byte."""

    def write(path: Path) -> Path:
        dicom_file(path, noisy_pixels() if pixels is None else pixels, **{**BITS_12, **facts})
        whole = path.read_bytes()
        at = whole.index(PIXELS)
        element = group_element + b"SQ\0\0" + struct.pack("<I", len(item)) + item
        path.write_bytes(whole[:at] + element + whole[at:])
        return path

    return write


MODALITY, VOI = b"\x28\x00\x00\x30", b"\x28\x00\x10\x30"
RISING = np.arange(4096) * 16
WIDE = noisy_pixels().astype(np.uint16) * 15 + 100
JAPANESE = "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis") + b"=" + "山田^太郎".encode("iso2022_jp")

PIXEL_REPORTS = (
    Report(
        "fo-dicom/fo-dicom#187, fo-dicom/fo-dicom#189",
        "signed 12 bits in 16",
        other(SIGNED, **BITS_12),
        SIGNED,
    ),
    Report(
        "icometrix/dicom2nifti#13", "sign in bit 12, zeros above", signed_without_extension, SIGNED
    ),
    Report(
        "cornerstonejs/cornerstoneWADOImageLoader#161",
        "range of signed values taken as unsigned",
        other(SIGNED, WindowCenter="0", WindowWidth="4096", **BITS_12),
        SIGNED,
        white_low=False,
    ),
    Report(
        "pydicom/pydicom#2009",
        "JPEG-LS knows no sign",
        coded(
            ".4.80",
            bytes(imagecodecs.jpegls_encode((SIGNED & 0x0FFF).astype(np.uint16))),
            SIGNED,
            **BITS_12,
        ),
        SIGNED,
    ),
    Report(
        "pydicom/pydicom#1149",
        "unsigned codestream in a signed film",
        coded(".4.90", j2k((SIGNED & 0x0FFF).astype(np.uint16), 12), SIGNED, **BITS_12),
        SIGNED,
    ),
    Report(
        "pydicom/pydicom#693, fo-dicom/fo-dicom#738",
        "signed 16 bits in JPEG 2000 shifted by 32768",
        coded(".4.90", j2k(SIGNED, 16), SIGNED, BitsStored=16, HighBit=15),
        SIGNED,
    ),
    Report(
        "pydicom/pydicom#2012, pydicom/pylibjpeg-openjpeg#12",
        "16 bits said, 12 in JPEG 2000",
        coded(".4.90", j2k(noisy_pixels(), 12), noisy_pixels(), BitsStored=16, HighBit=15),
    ),
    Report(
        "pydicom/pydicom#2010",
        "JPEG-LS of 8 bits in 16",
        coded(
            ".4.80",
            bytes(imagecodecs.jpegls_encode(BYTE)),
            BYTE,
            BitsAllocated=16,
            BitsStored=8,
            HighBit=7,
        ),
        BYTE,
    ),
    Report(
        "Efferent-Health/fo-dicom.Codecs#96",
        "JPEG 2000 of 8 bits in 16",
        coded(".4.90", j2k(BYTE, 8), BYTE, BitsAllocated=16, BitsStored=8, HighBit=7),
        BYTE,
    ),
    Report(
        "dcm4che/dcm4che#741, dcm4che/dcm4che#815",
        "lossless JPEG of 8 bits in 16",
        coded(
            ".4.70",
            bytes(imagecodecs.ljpeg_encode(BYTE)),
            BYTE,
            BitsAllocated=16,
            BitsStored=8,
            HighBit=7,
        ),
        BYTE,
    ),
    *(
        Report(
            "photopea/UTIF.js#97",
            f"lossless JPEG, predictor {number}",
            coded(
                ".4.57",
                bytes(
                    imagecodecs.jpeg8_encode(
                        noisy_pixels(), lossless=True, predictor=number, bitspersample=12
                    )
                ),
                noisy_pixels(),
                **BITS_12,
            ),
        )
        for number in range(1, 8)
    ),
    Report(
        "libjpeg-turbo/libjpeg-turbo#768",
        "lossless JPEG of 14 bits",
        coded(
            ".4.70",
            bytes(
                imagecodecs.jpeg8_encode(
                    noisy_pixels() * 3, lossless=True, predictor=1, bitspersample=14
                )
            ),
            noisy_pixels(),
            BitsStored=14,
            HighBit=13,
        ),
        noisy_pixels() * 3,
    ),
    Report(
        "pydicom/deid#201, dcm4che/dcm4che#919, fo-dicom/fo-dicom#2087",
        "overlay in the bits above the pixels",
        high_bits,
    ),
    Report(
        "fo-dicom/fo-dicom#138, fo-dicom/fo-dicom#140",
        "embedded overlay at bit 0",
        lambda p: high_bits(p, at=0),
        NONE,
        sentence="need more than the 12 bits",
    ),
    Report("ivmartel/dwv#30", "high bit 15 of 12 bits", shifted_high_bit),
    Report(
        "pydicom/pydicom#864, pydicom/pydicom#866",
        "odd number of bytes, no padding",
        odd_length(b""),
        BYTE,
    ),
    Report(
        "pydicom/pydicom#599, pydicom/pydicom#601",
        "odd number of bytes, padded",
        odd_length(b"\0"),
        BYTE,
    ),
    Report(
        "pydicom/pydicom#796, pydicom/pydicom#801",
        "excess padding after the pixels",
        excess,
        sentence="40 bytes too many",
    ),
    Report("Enet4/dicom-rs#448", "bytes after the last element", longer_than_said),
    Report(
        "pydicom/pydicom#1557, pydicom/pydicom#1188",
        "fewer bytes than pixels",
        plain(PixelData=noisy_pixels().tobytes()[:-100]),
        NONE,
        True,
        "5146 bytes long but the header says 5246",
    ),
    Report("dgobbi/vtk-dicom#149", "file ends inside the pixels", cut(1000), NONE, True, "cut off"),
    Report(
        "suyashkumar/dicom#109, suyashkumar/dicom#111, exini/dicom-streams-js#41",
        "file ends inside the header",
        bytes_changed(lambda whole: whole[:400]),
        NONE,
        True,
        "it is cut off",
    ),
    Report("pydicom/pydicom#1491", "JPEG that ends in its middle", jpeg_cut, NONE, True, "cut off"),
    Report(
        "fo-dicom/fo-dicom#1051",
        "big-endian pixels",
        lambda path: dicom_file(path, noisy_pixels(), syntax=BIG_ENDIAN, **BITS_12),
    ),
)

FILE_REPORTS = (
    Report(
        "ivmartel/dwv#188, pydicom/pydicom#150, pydicom/pydicom#340, "
        "ivmartel/dwv-orthanc-plugin#10",
        "no preamble and no prefix",
        bytes_changed(data_set_only),
    ),
    Report(
        "pydicom/pydicom#2231, pydicom/pydicom#217, suyashkumar/dicom#240",
        "no file meta, explicit VR",
        lambda path: dicom_file(path, noisy_pixels(), meta=False, **BITS_12),
    ),
    Report(
        "cornerstonejs/dicomParser#12",
        "no preamble, implicit VR",
        lambda path: dicom_file(path, noisy_pixels(), syntax=IMPLICIT, meta=False, **BITS_12),
    ),
    Report(
        "wearemothership/dicom.ts#54, rii-mango/Daikon#49",
        "file meta in implicit VR",
        implicit_meta,
    ),
    Report(
        "pydicom/pydicom#1624",
        "preamble that is not zeros",
        bytes_changed(lambda w: b"\xff" * 128 + w[128:]),
    ),
    Report(
        "KathiraveluLab/Diomede#99",
        "a program's head in the preamble",
        bytes_changed(lambda w: b"MZ" + w[2:]),
    ),
    Report(
        "fo-dicom/fo-dicom#992",
        "one frame in fragments, no offsets",
        in_fragments(Compression.JPEG_LOSSLESS, 512),
    ),
    Report(
        "dcm4che/dcm4chee-arc-light#752",
        "RLE in small fragments",
        in_fragments(Compression.RLE, 1024),
    ),
    Report(
        "Enet4/dicom-rs#399, ImagingDataCommons/libdicom#103",
        "offsets that lead nowhere",
        in_fragments(Compression.JPEG_LS, 400, struct.pack("<2I", 0, 99_999)),
    ),
    Report(
        "cornerstonejs/dicomParser#44, pydicom/pydicom#685, pydicom/pydicom#997, "
        "dcmjs-org/dcmjs#147",
        "a frame a fragment, no offsets",
        no_table_many_frames,
    ),
    Report(
        "fo-dicom/fo-dicom#1718, pydicom/pydicom#1799",
        "fragments without an end",
        without_delimiter,
    ),
    Report("fo-dicom/fo-dicom#1281", "deflated", deflated),
    Report(
        "fo-dicom/fo-dicom#2165, fo-dicom/fo-dicom#2166, innovative-io/io-dicom#35",
        "deflated beyond measure",
        bomb,
        NONE,
        True,
        "damaged",
    ),
    Report(
        "pydicom/pydicom#1312, Enet4/dicom-rs#169, cornerstonejs/dicomParser#141, "
        "pydicom/pydicom#242",
        "sequence of unknown length under UN",
        un_sequence((0x0027, 0x105F)),
    ),
    Report(
        "Enet4/dicom-rs#77, cornerstonejs/dicomParser#114",
        "private sequence in implicit VR",
        un_sequence((0x0027, 0x105F), syntax=IMPLICIT),
    ),
    Report(
        "fo-dicom/fo-dicom#64", "sequence both measured and delimited", delimited_though_measured
    ),
    Report("fo-dicom/fo-dicom#1847", "a length that reads as blanks", blank_length),
    Report("dcmjs-org/dcmjs#243", "private creator in implicit VR", private_text),
    Report(
        "cornerstonejs/dicomParser#34, fo-dicom/fo-dicom#763",
        "stray element in a sequence",
        stray_in_sequence,
        NONE,
        True,
        "damaged or cut off",
    ),
    Report(
        "fo-dicom/fo-dicom#1994, Enet4/dicom-rs#86",
        "overlay group without an overlay",
        text_put(b"\x00\x60\x22\x00", b"LO", b"no overlay"),
    ),
)

HEADER_REPORTS = (
    Report(
        "ivmartel/dwv#222, OHIF/Viewers#4116, ivmartel/dwv#24, rii-mango/Papaya#140",
        "MONOCHROME1 not shown inverted",
        plain(PhotometricInterpretation="MONOCHROME1"),
        white_low=True,
    ),
    Report(
        "cornerstonejs/cornerstone3D#2215",
        "MONOCHROME1 inverted before its window",
        plain(PhotometricInterpretation="MONOCHROME1", WindowCenter="2000", WindowWidth="3000"),
        white_low=True,
    ),
    Report(
        "pydicom/pydicom#783, scifio/scifio#311",
        "MONOCHROME1 changes stored values",
        plain(PhotometricInterpretation="MONOCHROME1"),
    ),
    Report(
        "OHIF/Viewers#127",
        "negative slope",
        plain(RescaleSlope="-10", RescaleIntercept="3000"),
        white_low=True,
    ),
    Report(
        "cornerstonejs/cornerstoneWADOImageLoader#259, cornerstonejs/cornerstone#382",
        "modality table of a signed film",
        with_table(MODALITY, table_item(RISING, [4096, -2048, 16], signed=True), SIGNED),
        SIGNED,
        white_low=False,
    ),
    Report(
        "dcm4che/dcm4che#1521, dcm4che/dcm4che#1525",
        "VOI table that begins above 32767",
        with_table(
            VOI,
            table_item(np.arange(32768) * 2, [32768, 32768, 16]),
            np.maximum(WIDE, 32768),
            BitsStored=16,
            HighBit=15,
        ),
        np.maximum(WIDE, 32768),
        white_low=False,
    ),
    Report(
        "pydicom/pydicom#942",
        "table of 62720 entries under SS",
        with_table(VOI, table_item(np.arange(62720), [62720, -2048, 16], signed=True), SIGNED),
        SIGNED,
    ),
    Report(
        "fo-dicom/fo-dicom#1062",
        "table of 65536 entries, written as 0",
        with_table(VOI, table_item(np.arange(65536), [0, 0, 16]), WIDE, BitsStored=16, HighBit=15),
        WIDE,
        white_low=False,
    ),
    Report(
        "Enet4/dicom-rs#825",
        "table narrower than it says",
        with_table(VOI, table_item(np.arange(4096), [4096, 0, 16])),
        white_low=False,
    ),
    Report(
        "pydicom/pydicom#1234",
        "both window and VOI table",
        with_table(VOI, table_item(RISING, [4096, 0, 16]), WindowCenter="2000", WindowWidth="3000"),
        white_low=False,
    ),
    Report(
        "fo-dicom/fo-dicom#949, fo-dicom/fo-dicom#844",
        "DX with a VOI table",
        with_table(VOI, table_item(RISING, [4096, 0, 16])),
        white_low=False,
    ),
    Report(
        "fo-dicom/fo-dicom#1915, fo-dicom/fo-dicom#1296",
        "decimal comma in a window",
        text_put(b"\x28\x00\x50\x10", b"DS", b"2095,5"),
        spacing=0.16,
    ),
    Report(
        "dcmjs-org/dcmjs#287",
        "decimal comma in the pixel size",
        text_put(b"\x18\x00\x64\x11", b"DS", b"0,143\\0,143", ImagerPixelSpacing=None),
    ),
    Report(
        "pydicom/pydicom#173",
        "comma between two pixel sizes",
        text_put(b"\x18\x00\x64\x11", b"DS", b"0.143,0.143", ImagerPixelSpacing=None),
    ),
    Report(
        "cornerstonejs/cornerstoneWADOImageLoader#28",
        "zero among three pixel sizes",
        text_put(b"\x18\x00\x64\x11", b"DS", b"0.2\\0\\0.20000", ImagerPixelSpacing=None),
        spacing=0,
    ),
    Report(
        "fo-dicom/fo-dicom#2043",
        "pixel size present and empty",
        plain(ImagerPixelSpacing=""),
        spacing=0,
    ),
    Report(
        "cornerstonejs/cornerstone#401, cornerstonejs/cornerstoneWADOImageLoader#131",
        "no pixel size",
        plain(ImagerPixelSpacing=None),
        spacing=0,
    ),
    Report(
        "marksgraham/OCT-Converter#163",
        "number of more than 16 letters",
        text_put(
            b"\x18\x00\x64\x11",
            b"DS",
            b"0.20000000000000001\\0.20000000000000001",
            ImagerPixelSpacing=None,
        ),
        spacing=0.16,
    ),
    Report(
        "fo-dicom/fo-dicom#1757",
        "window that is NaN",
        text_put(b"\x28\x00\x50\x10", b"DS", b"NaN"),
        white_low=False,
    ),
    Report(
        "nroduit/Weasis#376",
        "impossible patient orientation",
        text_put(b"\x20\x00\x20\x00", b"CS", b"XYZ\\123", PatientOrientation=None),
    ),
    Report(
        "Enet4/dicom-rs#444",
        "Japanese names by escapes",
        text_put(
            b"\x10\x00\x10\x00",
            b"PN",
            JAPANESE,
            SpecificCharacterSet=["ISO 2022 IR 13", "ISO 2022 IR 87"],
        ),
        name="ﾔﾏﾀﾞ ﾀﾛｳ",
    ),
    Report(
        "fo-dicom/fo-dicom#530, OHIF/Viewers#2716, cornerstonejs/dicomParser#117",
        "Chinese names in GB18030",
        text_put(
            b"\x10\x00\x10\x00", b"PN", "王^小东".encode("gb18030"), SpecificCharacterSet="GB18030"
        ),
        name="王 小东",
    ),
    Report(
        "pydicom/pydicom#1328, cornerstonejs/dicomParser#89",
        "GBK under another name",
        text_put(b"\x10\x00\x10\x00", b"PN", "王^小东".encode("gbk"), SpecificCharacterSet="GBK"),
        name="王 小东",
    ),
    Report(
        "rii-mango/Daikon#32",
        "Korean names by escapes",
        text_put(
            b"\x10\x00\x10\x00",
            b"PN",
            b"Kim=\x1b$)C" + "김^귀순".encode("euc_kr"),
            SpecificCharacterSet=["", "ISO 2022 IR 149"],
        ),
        name="Kim",
    ),
    Report(
        "radialogica/dicom-character-set#3",
        "a set with a tail",
        text_put(b"\x08\x00\x05\x00", b"CS", b"ISO 2022 IR 6, IS"),
    ),
    Report(
        "innolitics/dicom-standard#77",
        "Cyrillic name in its own set",
        text_put(
            b"\x10\x00\x10\x00",
            b"PN",
            "Иванов^Иван".encode("iso8859_5"),
            SpecificCharacterSet="ISO_IR 144",
        ),
        name="Иванов Иван",
    ),
    Report(
        "dgobbi/vtk-dicom#103",
        "a set that nobody can know",
        text_put(b"\x10\x00\x10\x00", b"PN", b"Kim" + "김".encode("euc_kr")),
    ),
    Report(
        "pydicom/pydicom#716",
        "two sets where one may stand",
        text_put(
            b"\x10\x00\x10\x00",
            b"PN",
            "Nguyễn^An".encode(),
            SpecificCharacterSet=["ISO_IR 192", "GBK"],
        ),
        name="Nguyễn An",
    ),
    Report(
        "horosproject/horos#35",
        "moment with a zone",
        plain(AcquisitionDateTime="20141113034522-0500"),
        taken=date(2014, 11, 13),
    ),
    Report(
        "dcm4che/dcm4che#699, dcm4che/dcm4che#787",
        "zone moves a day",
        plain(StudyDate="20201025", StudyTime="001500", TimezoneOffsetFromUTC="+0200"),
        taken=date(2020, 10, 25),
    ),
    Report(
        "fo-dicom/fo-dicom#1988, fo-dicom/fo-dicom#1998",
        "zone that is no number",
        text_put(b"\x08\x00\x01\x02", b"SH", b"+01-3", StudyDate="20250701", StudyTime="103000"),
        taken=date(2025, 7, 1),
    ),
    Report(
        "fo-dicom/fo-dicom#1511",
        "no zone, a day of summer time",
        plain(StudyDate="20230326", StudyTime="023000"),
        taken=date(2023, 3, 26),
    ),
    Report(
        "dcm4che/dcm4che#842",
        "time with a zone",
        text_put(b"\x08\x00\x32\x00", b"TM", b"120000.00+0100", AcquisitionDate="20201201"),
        taken=date(2020, 12, 1),
    ),
    Report(
        "Enet4/dicom-rs#139",
        "zone of two figures",
        text_put(b"\x08\x00\x2a\x00", b"DT", b"20171130101010.204+01", StudyDate="20171130"),
        taken=date(2017, 11, 30),
    ),
    Report(
        "Enet4/dicom-rs#556",
        "moment to the second, in UTC",
        plain(AcquisitionDateTime="20240809090939+0000"),
        taken=date(2024, 8, 9),
    ),
)

MORE = (*PIXEL_REPORTS, *FILE_REPORTS, *HEADER_REPORTS)
