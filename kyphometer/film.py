"""A lateral film: its pixels, its pixel geometry and how it was taken. Knows no file format."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.geometry import Facing, PixelGeometry


class Position(StrEnum):
    """How the patient was held while the film was taken.

    Local kyphosis differs by up to 10 degrees between sitting and supine in the same patient
    (science.md#posture), so a change between visits is only a change if the position is the same.
    """

    STANDING = "standing"
    SITTING = "sitting"
    SUPINE = "supine"
    PRONE = "prone"
    LATERAL_DECUBITUS = "lateral_decubitus"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmReference:
    """Which film, and which frame of it, something belongs to.

    Attributes
    ----------
    rows, columns
        Size of the pixel matrix.
    sop_instance_uid
        UID of the DICOM object, or None for other image files.
    frame
        Frame number, from 1.
    sha256_pixels
        SHA-256 of the decoded stored values of the frame (row by row, little endian, in the
        film's integer type), in hexadecimal; unchanged by lossless recompression. None if not
        computed.
    """

    rows: int
    columns: int
    sop_instance_uid: str | None = None
    frame: int = 1
    sha256_pixels: str | None = None

    def same_pixels(self, other: FilmReference) -> bool:
        """True if both hold the same pixels, for which both must know their hash."""
        known = self.sha256_pixels is not None and self.sha256_pixels == other.sha256_pixels
        return known and (self.rows, self.columns) == (other.rows, other.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiWindow:
    """A window suggested by the header: centre and width in modality values."""

    center: float
    width: float
    function: str = "LINEAR"
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookupTable:
    """A modality or VOI lookup table.

    Attributes
    ----------
    values
        Output values, shape (N,).
    first_mapped
        Input value that maps to `values[0]`; lower inputs map there too, higher than the last to
        the last.
    bits
        Bits of the output values.
    explanation
        The header's name for it.
    """

    values: NDArray[Any]
    first_mapped: int
    bits: int
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendering:
    """How stored values become grey levels: modality transform, VOI transforms, polarity.

    Attributes
    ----------
    inverted
        True for MONOCHROME1: low values are shown white.
    slope, intercept
        Modality rescale: value = slope * stored + intercept.
    modality_lut
        Modality lookup table; replaces slope and intercept if given.
    windows
        Suggested windows, in the header's order.
    voi_luts
        Suggested VOI lookup tables, in the header's order.
    bits_stored
        Bits that carry information.
    signed
        True if stored values are signed.
    padding
        Lowest and highest stored value that marks padding, not image; None if there is none.
    """

    inverted: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: LookupTable | None = None
    windows: tuple[VoiWindow, ...] = ()
    voi_luts: tuple[LookupTable, ...] = ()
    bits_stored: int = 16
    signed: bool = False
    padding: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Facts about a film that its header gives; None or empty where it does not."""

    modality: str | None = None
    sop_class_uid: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    patient_id: str | None = None
    patient_name: str | None = None
    patient_birth_date: date | None = None
    patient_sex: str | None = None
    accession_number: str | None = None
    study_date: date | None = None
    exposed_at: datetime | None = None
    """When the film was exposed (acquisition, then content, then study date and time)."""
    body_part: str | None = None
    view: str | None = None
    """View position or view code, for example LL or 'left lateral'."""
    is_lateral: bool | None = None
    facing: Facing | None = None
    """Where anterior lies, by PatientOrientation."""
    patient_orientation: tuple[str, ...] = ()
    position: Position = Position.UNKNOWN
    source_to_detector_mm: float | None = None
    source_to_patient_mm: float | None = None
    magnification: float | None = None
    burned_in_annotation: bool | None = None
    lossy: bool | None = None
    manufacturer: str | None = None
    description: str | None = None
    time_point: str | None = None
    """Clinical trial time point ID or description."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmHeader:
    """Everything about a film but its pixels.

    Attributes
    ----------
    reference
        Identity and size of the film. `sha256_pixels` is filled only once pixels were read.
    geometry
        Pixel geometry with its source.
    acquisition
        Facts of the exposure.
    rendering
        How stored values become grey levels.
    frames
        Number of frames in the file.
    transfer_syntax_uid
        DICOM transfer syntax, or None for other image files.
    path
        File it came from, or None.
    warnings
        Sentences about what the header lacks or contradicts.
    """

    reference: FilmReference
    geometry: PixelGeometry = field(default_factory=PixelGeometry)
    acquisition: Acquisition = field(default_factory=Acquisition)
    rendering: Rendering = field(default_factory=Rendering)
    frames: int = 1
    transfer_syntax_uid: str | None = None
    path: Path | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Film:
    """A film with its pixels.

    Attributes
    ----------
    header
        Everything but the pixels.
    pixels
        Stored values of one frame as decoded, shape (rows, columns), integers; not rescaled, not
        inverted, not to be written to.
    """

    header: FilmHeader
    pixels: NDArray[Any]

    @property
    def geometry(self) -> PixelGeometry:
        """Pixel geometry with its source."""
        return self.header.geometry

    @property
    def acquisition(self) -> Acquisition:
        """Facts of the exposure."""
        return self.header.acquisition

    @property
    def rendering(self) -> Rendering:
        """How stored values become grey levels."""
        return self.header.rendering

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what the header lacks or contradicts."""
        return self.header.warnings

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.pixels.shape
        return (rows, columns)

    @cached_property
    def sha256_pixels(self) -> str:
        """SHA-256 of the stored values, row by row, little endian; computed when first asked."""
        little = self.pixels.astype(self.pixels.dtype.newbyteorder("<"), copy=False)
        return hashlib.sha256(np.ascontiguousarray(little).data).hexdigest()

    @property
    def reference(self) -> FilmReference:
        """Identity of the film, with the hash of its pixels."""
        ref = self.header.reference
        return FilmReference(
            rows=ref.rows,
            columns=ref.columns,
            sop_instance_uid=ref.sop_instance_uid,
            frame=ref.frame,
            sha256_pixels=self.sha256_pixels,
        )
