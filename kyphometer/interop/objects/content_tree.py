"""The content tree of a structured report, read with patience: whoever wrote it may err."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from kyphometer.dicom.uids import uid_name
from kyphometer.errors import MarksFileError

MAX_MB = 16
_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
_DEFLATED = "1.2.840.10008.1.2.1.99"
_DEEPEST = 24

DAMAGE = (
    InvalidDicomError,
    BytesLengthException,
    AttributeError, ArithmeticError, EOFError, LookupError, NotImplementedError, OSError,
    RecursionError, TypeError, ValueError, struct.error,
)  # fmt: skip
"""What pydicom raises of bytes that are no data set, and of values that lie about their type.

Sequences are decoded when they are first asked for, and one that is cut off is an OSError there,
though no file is read any more.
"""

Code = tuple[str, str]
"""Value and scheme of a coded concept."""


@contextmanager
def patience() -> Iterator[None]:
    """Values out of bounds are decoded without pydicom's warnings: what counts is what they say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_dataset(path: Path) -> Dataset:
    """A structured report from a file.

    Raises
    ------
    MarksFileError
        If it is none, or damaged.
    """
    name = path.name
    if path.stat().st_size > MAX_MB * 1024 * 1024:
        raise MarksFileError("marks_too_large", name=name, limit=MAX_MB)
    content = path.read_bytes()
    try:
        with patience():
            meta = pydicom.filereader.read_file_meta_info(path)
            if meta.get("TransferSyntaxUID") == _DEFLATED:
                raise MarksFileError("marks_deflated", name=name)
            dataset = pydicom.dcmread(BytesIO(content), stop_before_pixels=True)
            kind = str(dataset.get("SOPClassUID", ""))
    except InvalidDicomError:
        raise MarksFileError("marks_no_dicom", name=name) from None
    except MarksFileError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise MarksFileError("marks_no_tree", name=name) from None
    except DAMAGE:
        raise MarksFileError("marks_no_tree", name=name) from None
    if not kind.startswith(_REPORTS) or "ContentSequence" not in dataset:
        what = uid_name(kind) or "an unknown object"
        raise MarksFileError("marks_no_report", name=name, kind=what)
    return dataset


def children(item: Dataset) -> Sequence[Dataset]:
    """Items under an item."""
    found = item.get("ContentSequence")
    return () if found is None else tuple(found)


def below(item: Dataset, depth: int = 0) -> Iterator[Dataset]:
    """Every item under an item, parents first."""
    if depth > _DEEPEST:
        return
    for child in children(item):
        yield child
        yield from below(child, depth + 1)


def concept(item: Dataset) -> Code:
    """What an item is about."""
    return _code(item.get("ConceptNameCodeSequence"))


def coded_value(item: Dataset) -> Code:
    """Value of a CODE item."""
    return _code(item.get("ConceptCodeSequence"))


def _code(sequence: Any) -> Code:
    if not sequence:
        return ("", "")
    first = sequence[0]
    value = first.get("CodeValue") or first.get("LongCodeValue") or ""
    return (str(value), str(first.get("CodingSchemeDesignator") or ""))


def value_type(item: Dataset) -> str:
    """Value type of an item, empty if it has none."""
    return str(item.get("ValueType") or "")


def text(item: Dataset) -> str:
    """Text of a TEXT, PNAME or UIDREF item."""
    for keyword in ("TextValue", "PersonName", "UID"):
        found = item.get(keyword)
        if found is not None:
            return str(found)
    return ""


def numeric(item: Dataset) -> tuple[float, str] | None:
    """Value and unit code of a NUM item, None if it has none."""
    values = item.get("MeasuredValueSequence")
    if not values:
        return None
    units = values[0].get("MeasurementUnitsCodeSequence")
    number = values[0].get("NumericValue")
    if isinstance(number, Sequence) and not isinstance(number, str):
        number = number[0] if len(number) else None
    return None if number is None else (float(number), _code(units)[0])


def points(item: Dataset) -> list[tuple[float, float]]:
    """Points of a SCOORD item."""
    flat = item.get("GraphicData")
    values = [float(value) for value in flat] if flat is not None else []
    return list(zip(values[::2], values[1::2], strict=False))


def image(item: Dataset) -> tuple[str, int] | None:
    """Film and frame that an item selects its points from, None if it names none."""
    for child in (item, *children(item)):
        references = child.get("ReferencedSOPSequence")
        if references:
            frames = references[0].get("ReferencedFrameNumber")
            frame = frames if not isinstance(frames, Sequence) else (frames or [1])[0]
            return str(references[0].get("ReferencedSOPInstanceUID", "")), int(frame or 1)
    return None
