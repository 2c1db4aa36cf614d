"""Writes a film as a DICOM DX object "For Presentation", the same bytes for the same film.

Attributes follow PS3.3 A.26 (Digital X-Ray Image IOD); `dciodvfy -new` finds nothing to complain
of (tests/test_dicom_write.py).
"""

from __future__ import annotations

import hashlib
import uuid
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from kyphometer import __version__
from kyphometer.dicom.coded import coded_item
from kyphometer.dicom.compress import Compression, compress_frame
from kyphometer.dicom.display import automatic_window
from kyphometer.errors import UnsupportedFilmError
from kyphometer.film import Acquisition, Film, Position
from kyphometer.geometry import Facing, SpacingSource

DX_FOR_PRESENTATION: Final = "1.2.840.10008.5.1.4.1.1.1.1"

Code = tuple[str, str, str]
_ERECT: Final = ("C86043", "NCIt", "erect")
_RECUMBENT: Final = ("102538003", "SCT", "recumbent")
_POSITIONS: Final[dict[Position, tuple[Code, Code]]] = {
    Position.STANDING: (_ERECT, ("10904000", "SCT", "standing")),
    Position.SITTING: (_ERECT, ("33586001", "SCT", "sitting")),
    Position.SUPINE: (_RECUMBENT, ("40199007", "SCT", "supine")),
    Position.PRONE: (_RECUMBENT, ("1240000", "SCT", "prone")),
    Position.LATERAL_DECUBITUS: (_RECUMBENT, ("32185000", "SCT", "lateral decubitus")),
}


def write_dx(
    film: Film,
    path: str | PathLike[str],
    *,
    seed: str,
    compression: Compression = Compression.NONE,
    instance_number: int = 1,
) -> str:
    """Write a lateral film as a DX object.

    Facts that the film has are written, the rest stays empty or away. UIDs that the film lacks are
    derived from `seed`, so that the same film gives the same bytes.

    Parameters
    ----------
    film
        Grey film of 8 or 16 unsigned bits.
    path
        File to write; replaced as a whole.
    seed
        Text from which missing UIDs are derived; other films need other seeds.
    compression
        Transfer syntax.
    instance_number
        Number of the film within its series.

    Returns
    -------
    sop_instance_uid
        UID of the object.

    Raises
    ------
    UnsupportedFilmError
        If values are signed.
    """
    target = Path(path)
    if film.pixels.dtype.kind != "u":
        raise UnsupportedFilmError("signed_values", name=target.name)
    dataset = Dataset()
    _describe_identity(dataset, film, seed, instance_number)
    _describe_exposure(dataset, film)
    _describe_pixels(dataset, film)
    _describe_display(dataset, film)
    _set_pixels(dataset, film, compression)
    dataset.file_meta = file_meta(dataset, compression.transfer_syntax_uid)
    part = target.with_name(target.name + ".part")
    pydicom.dcmwrite(part, dataset, enforce_file_format=True)
    part.replace(target)
    return str(dataset.SOPInstanceUID)


def uid_from(*parts: str) -> pydicom.uid.UID:
    """A UID derived from text, under the root for UUIDs (PS3.5 B.2): same text, same UID."""
    digest = hashlib.sha256("\0".join(("kyphometer", *parts)).encode()).digest()
    return pydicom.uid.UID(f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}")


def _uid(known: str | None, seed: str, role: str) -> pydicom.uid.UID:
    return pydicom.uid.UID(known or uid_from(seed, role))


def file_meta(dataset: Dataset, transfer_syntax_uid: str) -> FileMetaDataset:
    """File meta information of an object that we make."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = pydicom.uid.UID(transfer_syntax_uid)
    meta.ImplementationClassUID = uid_from("implementation")
    meta.ImplementationVersionName = f"KYPHOMETER {__version__}"[:16]
    return meta


def _describe_identity(dataset: Dataset, film: Film, seed: str, instance_number: int) -> None:
    facts = film.acquisition
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SOPClassUID = pydicom.uid.UID(DX_FOR_PRESENTATION)
    dataset.SOPInstanceUID = _uid(film.header.reference.sop_instance_uid, seed, "film")
    dataset.StudyInstanceUID = _uid(facts.study_instance_uid, seed, "study")
    dataset.SeriesInstanceUID = _uid(facts.series_instance_uid, seed, "series")
    _describe_moments(dataset, facts)
    dataset.AccessionNumber = facts.accession_number or ""
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.Manufacturer = facts.manufacturer or "Kyphometer"
    dataset.ReferringPhysicianName = ""
    if facts.description:
        dataset.SeriesDescription = facts.description[:64]
    dataset.PatientName = (facts.patient_name or "").replace(" ", "^", 1)
    dataset.PatientID = facts.patient_id or ""
    dataset.PatientBirthDate = _day(facts.patient_birth_date)
    dataset.PatientSex = facts.patient_sex or ""
    dataset.StudyID = "1"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = instance_number


def _describe_moments(dataset: Dataset, facts: Acquisition) -> None:
    """Dates and times; study and acquisition are one moment unless the study has its own date."""
    moment = facts.exposed_at
    clock = "" if moment is None else moment.strftime("%H%M%S")
    exposed = _day(moment)
    dataset.StudyDate = _day(facts.study_date) or exposed
    dataset.StudyTime = clock
    if moment is not None:
        dataset.AcquisitionDate = dataset.ContentDate = exposed
        dataset.AcquisitionTime = dataset.ContentTime = clock


def _day(moment: Any) -> str:
    return "" if moment is None else str(moment.strftime("%Y%m%d"))


def _describe_exposure(dataset: Dataset, film: Film) -> None:
    facts = film.acquisition
    dataset.BodyPartExamined = (facts.body_part or "TLSPINE").upper()[:16]
    dataset.AnatomicRegionSequence = [coded_item("1217256009", "SCT", "Thoraco-lumbar spine")]
    dataset.ImageLaterality = "U"
    dataset.ViewPosition = (facts.view or "LL")[:16].upper()
    right = dataset.ViewPosition.startswith("R")
    view = ("399198007", "SCT", "right lateral") if right else ("399173006", "SCT", "left lateral")
    dataset.ViewCodeSequence = [coded_item(*view)]
    dataset.ViewCodeSequence[0].ViewModifierCodeSequence = []
    facing = facts.facing or Facing.LEFT
    dataset.PatientOrientation = ["A" if facing is Facing.RIGHT else "P", "F"]
    describe_position(dataset, facts.position)
    dataset.PositionerType = ""
    dataset.DetectorType = "DIRECT"
    dataset.AcquisitionContextSequence = []
    _describe_distances(dataset, film)
    if facts.time_point:
        dataset.ClinicalTrialTimePointID = facts.time_point[:64]


def describe_position(dataset: Dataset, position: Position) -> None:
    """Code how the patient was held, if that is known."""
    if position in _POSITIONS:
        orientation, modifier = _POSITIONS[position]
        item = coded_item(*orientation)
        item.PatientOrientationModifierCodeSequence = [coded_item(*modifier)]
        dataset.PatientOrientationCodeSequence = [item]


def _describe_distances(dataset: Dataset, film: Film) -> None:
    """Pixel size and the distances of the beam."""
    facts, geometry = film.acquisition, film.geometry
    if facts.source_to_detector_mm:
        dataset.DistanceSourceToDetector = _decimal(facts.source_to_detector_mm)
    if facts.source_to_patient_mm:
        dataset.DistanceSourceToPatient = _decimal(facts.source_to_patient_mm)
    if facts.magnification:
        dataset.EstimatedRadiographicMagnificationFactor = _decimal(facts.magnification)
    if geometry.row_mm is None or geometry.column_mm is None:
        dataset.ImagerPixelSpacing = []
        return
    at_detector = facts.magnification or 1.0 if geometry.in_patient else 1.0
    pair = (geometry.row_mm, geometry.column_mm)
    dataset.ImagerPixelSpacing = [_decimal(value * at_detector) for value in pair]
    if geometry.source in (SpacingSource.CALIBRATED, SpacingSource.STATED):
        dataset.PixelSpacing = [_decimal(value) for value in pair]
        dataset.PixelSpacingCalibrationType = "GEOMETRY"


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters."""
    return f"{value:.10g}"


def _describe_pixels(dataset: Dataset, film: Film) -> None:
    rows, columns = film.shape
    bits = 8 * film.pixels.dtype.itemsize
    stored = min(film.rendering.bits_stored, bits)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if film.rendering.inverted else "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = bits
    dataset.BitsStored = stored
    dataset.HighBit = stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if film.rendering.inverted else -1
    dataset.LossyImageCompression = "01" if film.acquisition.lossy else "00"
    dataset.BurnedInAnnotation = "YES" if film.acquisition.burned_in_annotation else "NO"
    if film.rendering.padding is not None:
        dataset.PixelPaddingValue = film.rendering.padding[0]


def _describe_display(dataset: Dataset, film: Film) -> None:
    rendering = film.rendering
    dataset.PresentationLUTShape = "INVERSE" if rendering.inverted else "IDENTITY"
    dataset.RescaleIntercept = _decimal(rendering.intercept)
    dataset.RescaleSlope = _decimal(rendering.slope)
    dataset.RescaleType = "US"
    windows = rendering.windows or (automatic_window(film),)
    dataset.WindowCenter = [_decimal(round(window.center, 2)) for window in windows]
    dataset.WindowWidth = [_decimal(round(max(window.width, 1.0), 2)) for window in windows]
    if windows[0].function != "LINEAR":
        dataset.VOILUTFunction = windows[0].function
    if any(window.explanation for window in windows):
        dataset.WindowCenterWidthExplanation = [window.explanation for window in windows]


def _set_pixels(dataset: Dataset, film: Film, compression: Compression) -> None:
    pixels = film.pixels
    if compression.encapsulated:
        frame = compress_frame(pixels, int(dataset.BitsStored), compression)
        dataset.PixelData = encapsulate([frame], has_bot=False)
    else:
        little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
        data = np.ascontiguousarray(little).tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if compression.encapsulated or _is_bytes(film) else "OW"


def _is_bytes(film: Film) -> bool:
    return film.pixels.dtype.itemsize == 1
