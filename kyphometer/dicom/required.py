"""What an object must hold to be valid, filled where it can be without inventing anything.

Types of attributes: PS3.3, A.2 (CR), A.8 (SC), A.14 (XA), A.16 (RF), A.26 (DX); 1 must have a
value, 2 may be empty.
"""

from __future__ import annotations

from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from kyphometer.dicom.coded import cleaned_code

_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_EVERYWHERE_2: Final = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "ReferringPhysicianName", "StudyID", "SeriesNumber", "Manufacturer",
    "InstanceNumber",
)  # fmt: skip
_PIXELS_1: Final = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality",
    "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation",
)  # fmt: skip
_DX_2: Final = (
    "PatientOrientation", "PositionerType", "DetectorType", "AcquisitionContextSequence",
    "AnatomicRegionSequence",
)  # fmt: skip
_DX_1: Final = (
    "ImageType", "PixelIntensityRelationship", "PixelIntensityRelationshipSign",
    "ImagerPixelSpacing", "BurnedInAnnotation", "PresentationIntentType", "ImageLaterality",
    "RescaleIntercept", "RescaleSlope", "RescaleType", "PresentationLUTShape",
    "LossyImageCompression",
)  # fmt: skip
_FLUORO_1: Final = (
    "ImageType", "PixelIntensityRelationship", "RadiationSetting", "LossyImageCompression",
)  # fmt: skip
_FLUORO_2: Final = (
    "KVP", "XRayTubeCurrent", "ExposureTime", "Exposure", "PatientOrientation", "Laterality",
)  # fmt: skip
_BY_CLASS: Final[dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "1": ("CR", (), ("BodyPartExamined", "ViewPosition", "PatientOrientation", "Laterality")),
    "1.1": ("DX", _DX_1, _DX_2),
    "1.1.1": ("DX", _DX_1, _DX_2),
    "7": ("OT", ("ConversionType",), ("PatientOrientation", "Laterality")),
    "12.1": ("XA", _FLUORO_1, (*_FLUORO_2, "PositionerPrimaryAngle", "PositionerSecondaryAngle")),
    "12.2": ("RF", _FLUORO_1, _FLUORO_2),
}
"""Modality, and attributes of type 1 and 2 beyond those of every film, by the class's last part.

Those of type 2C are among the latter: an empty value does no harm where its condition fails.
"""
_REGIONS: Final = {
    "CSPINE": "122494005", "TSPINE": "122495006", "LSPINE": "122496007", "TLSPINE": "1217256009",
    "SSPINE": "54735007", "SPINE": "421060004", "CTSPINE": "1217257000", "LSSPINE": "1217253001",
    "CHEST": "51185008", "ABDOMEN": "818981001", "PELVIS": "816092008",
}  # fmt: skip
_FLUORO: Final = ("12.1", "12.2")


def fill_required(dataset: Dataset, *, lossy: bool | None) -> tuple[str, ...]:
    """Put in what is missing of types 1 and 2; what is missing and cannot be known, by keyword.

    Parameters
    ----------
    lossy
        Whether the pixels are compressed with loss, as far as known.
    """
    kind = str(dataset.get("SOPClassUID", "")).removeprefix(_ROOT)
    modality, ones, twos = _BY_CLASS.get(kind, ("OT", (), ()))
    _mend_image_type(dataset, needed="ImageType" in ones, plane=kind in _FLUORO)
    for keyword in (*_EVERYWHERE_2, *twos):
        if keyword not in dataset:
            setattr(dataset, keyword, [] if keyword.endswith("Sequence") else "")
    harmless: dict[str, Any] = {
        "Modality": modality,
        "PresentationIntentType": _intent(dataset),
        "ConversionType": "WSD",
        "ImageLaterality": "U",
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": _shape(dataset),
        "LossyImageCompression": None if lossy is None else ("01" if lossy else "00"),
    }
    gaps = []
    for keyword in (*_PIXELS_1, *ones):
        if _is_empty(dataset, keyword) and harmless.get(keyword) is not None:
            setattr(dataset, keyword, harmless[keyword])
        if _is_empty(dataset, keyword):
            gaps.append(keyword)
    if kind == "1.1" and "WindowCenter" not in dataset and "VOILUTSequence" not in dataset:
        gaps.append("WindowCenter")
    _fill_views(dataset)
    _fill_region(dataset)
    pointer = dataset.get("FrameIncrementPointer")
    if pointer is not None and any(
        tag not in dataset for tag in (pointer if isinstance(pointer, MultiValue) else [pointer])
    ):
        del dataset.FrameIncrementPointer
    return tuple(gaps)


def _is_empty(dataset: Dataset, keyword: str) -> bool:
    return keyword not in dataset or bool(dataset[keyword].is_empty)


def _intent(dataset: Dataset) -> str:
    processing = dataset.get("SOPClassUID") == f"{_ROOT}1.1.1"
    return "FOR PROCESSING" if processing else "FOR PRESENTATION"


def _shape(dataset: Dataset) -> str:
    inverse = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    return "INVERSE" if inverse else "IDENTITY"


def _mend_image_type(dataset: Dataset, *, needed: bool, plane: bool) -> None:
    """The first two values are enumerated; an unknown one becomes the weaker claim.

    Fluoroscopy names its plane third; a film of one plane is the only one that is read.
    """
    found = dataset.get("ImageType")
    values = [] if found is None else [found] if isinstance(found, str) else [str(v) for v in found]
    while values and not values[-1]:
        values.pop()
    if not values and not needed:
        if "ImageType" in dataset:
            del dataset.ImageType
        return
    first = values[0] if values[:1] and values[0] in ("ORIGINAL", "DERIVED") else "DERIVED"
    second = values[1] if len(values) > 1 and values[1] in ("PRIMARY", "SECONDARY") else "SECONDARY"
    rest = values[2:]
    if plane and (not rest or not rest[0]):
        rest[:1] = ["SINGLE PLANE"]
    dataset.ImageType = [first, second, *rest]


def _fill_region(dataset: Dataset) -> None:
    """A known part of the body has a code (PS3.16 annex L)."""
    code = _REGIONS.get(str(dataset.get("BodyPartExamined", "")))
    if (
        code is not None
        and "AnatomicRegionSequence" in dataset
        and not dataset.AnatomicRegionSequence
    ):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = code, "SCT"
        cleaned_code(item)
        dataset.AnatomicRegionSequence = [item]


def _fill_views(dataset: Dataset) -> None:
    """A coded view has modifiers, if only none (type 2C)."""
    for item in dataset.get("ViewCodeSequence") or []:
        if "ViewModifierCodeSequence" not in item:
            item.ViewModifierCodeSequence = []
