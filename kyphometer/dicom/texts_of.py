"""Every text and every value of a DICOM object, for a search; and what its pixels say besides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
from pydicom import datadict
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from kyphometer.dicom.codecs import NATIVE
from kyphometer.dicom.uncommented import without_comments

_PIXELS = frozenset(("PixelData", "FloatPixelData", "DoubleFloatPixelData"))


def texts_of(path: Path) -> Iterator[tuple[str, bytes, str]]:
    """Attribute, its value as bytes, and as text, of a whole object but the values of pixels."""
    dataset = pydicom.dcmread(path, force=True)
    with path.open("rb") as stream:
        yield "preamble", stream.read(128), ""
    yield from _texts(dataset.file_meta, "", [])
    yield from _texts(dataset, "", [])


def _texts(dataset: Dataset, above: str, charset: list[str]) -> Iterator[tuple[str, bytes, str]]:
    for tag in list(dataset.keys()):
        keyword = datadict.keyword_for_tag(tag) or str(tag)
        where = f"{above}{keyword}"
        if where in _PIXELS:  # those of the film; an icon's are looked at
            continue
        raw = _raw(dataset, tag)
        try:
            element = dataset[tag]
            if element.VR == "SQ":
                for item in element.value or []:
                    yield from _texts(item, f"{where}.", charset)
                continue
            value: Any = element.value
        except Exception:  # unreadable as what it should be; its bytes are looked at all the same
            value = raw.decode("latin-1")
        if isinstance(value, bytes):
            yield where, value, ""
        else:
            text = (
                str(value)
                if not isinstance(value, pydicom.multival.MultiValue)
                else "\\".join(map(str, value))
            )
            yield where, raw or text.encode("utf-8", "replace"), text


def _raw(dataset: Dataset, tag: Any) -> bytes:
    """Bytes of a value as they stand in the file, empty if pydicom has turned them already."""
    found = dataset.get_item(tag)
    value = getattr(found, "value", None)
    return value if isinstance(value, bytes) else b""


def compressed_talk(path: Path) -> bytes:
    """What stands in compressed pixels and is no picture: comments, padding, applications' data."""
    dataset = pydicom.dcmread(path, force=True)
    syntax = str(dataset.file_meta.get("TransferSyntaxUID") or "1.2.840.10008.1.2")
    if "PixelData" not in dataset or syntax in NATIVE:
        return b""
    count = int(dataset.get("NumberOfFrames") or 1)
    talk = b""
    for frame in generate_frames(bytes(dataset.PixelData), number_of_frames=count):
        bare = without_comments(frame)
        if len(frame.rstrip(b"\0")) > len(bare) + 1:
            talk += frame[: 1 << 16] + frame[-(1 << 12) :]
    return talk
