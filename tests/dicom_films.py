"""Films to write and read in the tests of kyphometer.dicom."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from kyphometer.film import (
    Acquisition,
    Film,
    FilmHeader,
    FilmReference,
    Position,
    Rendering,
    VoiWindow,
)
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource

if TYPE_CHECKING:
    from pathlib import Path

IMPLICIT, EXPLICIT, BIG_ENDIAN = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
)
FACTS = {
    "patient_id": "SIM001",
    "patient_name": "Simulated Änna",
    "patient_sex": "F",
    "patient_birth_date": date(1955, 3, 2),
    "exposed_at": datetime(2024, 5, 6, 10, 11, 12),
    "magnification": 1.2,
    "source_to_detector_mm": 1800.0,
    "source_to_patient_mm": 1500.0,
    "position": Position.STANDING,
    "facing": Facing.RIGHT,
    "time_point": "pre-op",
    "description": "TL spine lateral standing",
    "view": "LL",
}


def film_of(pixels: np.ndarray, **facts: object) -> Film:
    """A film of these pixels, of 12 bits at most, with facts of its exposure."""
    rows, columns = pixels.shape
    return Film(
        header=FilmHeader(
            reference=FilmReference(rows=rows, columns=columns),
            geometry=PixelGeometry.from_spacing(0.12, 0.12, SpacingSource.MAGNIFICATION),
            acquisition=Acquisition(**{**FACTS, **facts}),
            rendering=Rendering(bits_stored=12, windows=(VoiWindow(center=2000, width=3500),)),
        ),
        pixels=pixels,
    )


def noisy_pixels(rows: int = 61, columns: int = 43) -> np.ndarray:
    """Smooth shapes with noise, 12 bits in 16."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:rows, 0:columns]
    smooth = 2000 + 1500 * np.sin(x / 9.0) * np.cos(y / 12.0)
    return (smooth + rng.normal(0, 20, smooth.shape)).clip(0, 4095).astype(np.uint16)


def dicom_file(
    path: Path,
    pixels: np.ndarray | None = None,
    *,
    syntax: str = "1.2.840.10008.1.2.1",
    frames: list[bytes] | None = None,
    meta: bool = True,
    **attributes: object,
) -> Path:
    """Write a DICOM object attribute by attribute; None leaves an attribute out.

    Parameters
    ----------
    pixels
        Stored values, shape (rows, columns) or (frames, rows, columns), uncompressed.
    frames
        Compressed frames instead.
    """
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4) if pixels is None else pixels
    known: dict[str, object] = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1",
        "SOPInstanceUID": "2.25.1",
        "Modality": "DX",
        "PatientOrientation": ["A", "F"],
        "ViewPosition": "LL",
        "ImagerPixelSpacing": ["0.2", "0.2"],
        "EstimatedRadiographicMagnificationFactor": "1.25",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1],
        "BitsAllocated": 8 * pixels.dtype.itemsize,
        "BitsStored": 8 * pixels.dtype.itemsize,
        "HighBit": 8 * pixels.dtype.itemsize - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if pixels.ndim == 3:
        known["NumberOfFrames"] = len(pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd values are what many tests are about
        dataset = pydicom.Dataset()
        for name, value in {**known, **attributes}.items():
            if value is not None:
                setattr(dataset, name, value)
        if frames is not None:
            dataset.PixelData = encapsulate(frames)
        elif "PixelData" not in attributes:
            order = ">" if syntax == BIG_ENDIAN else "<"
            data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
            dataset.PixelData = data + b"\0" * (len(data) % 2)
        if "PixelData" in dataset:
            dataset["PixelData"].VR = "OB" if frames is not None else "OW"
        save(dataset, path, syntax, meta=meta)
    return path


def save(dataset: pydicom.Dataset, path: Path, syntax: str, *, meta: bool = True) -> None:
    """Save a data set in a transfer syntax, with or without file meta information."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.save_as(
        path,
        implicit_vr=syntax == IMPLICIT,
        little_endian=syntax != BIG_ENDIAN,
        enforce_file_format=meta,
    )
    if not meta:
        bare = path.read_bytes()
        path.write_bytes(bare[bare.index(b"\x08\x00") :] if bare[:2] == b"\x02\x00" else bare)


def code(value: str, scheme: str = "SCT", meaning: str = "meaning") -> pydicom.Dataset:
    """A coded item."""
    item = pydicom.Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
