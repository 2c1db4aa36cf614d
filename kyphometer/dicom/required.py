"""What an object must hold to be valid, filled where it can be without inventing anything.

Types of attributes: PS3.3, A.2 (CR), A.8 (SC), A.14 (XA), A.16 (RF), A.26 (DX); 1 must have a
value, 2 may be empty.
"""

from __future__ import annotations

from typing import Any, Final

from pydicom.dataset import Dataset

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
_BY_CLASS: Final[dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "1": ("CR", (), ("BodyPartExamined", "ViewPosition", "PatientOrientation", "Laterality")),
    "1.1": ("DX", _DX_1, _DX_2),
    "1.1.1": ("DX", _DX_1, _DX_2),
    "7": ("OT", ("ConversionType",), ("PatientOrientation", "Laterality")),
    "12.1": ("XA", _FLUORO_1, ("KVP", "PatientOrientation")),
    "12.2": ("RF", _FLUORO_1, ("KVP", "PatientOrientation")),
}
"""Modality, and attributes of type 1 and 2 beyond those of every film, by the class's last part."""
_CONDITIONAL: Final = frozenset(("Laterality",))
"""Empty does no harm where the condition of a 2C does not hold."""


def fill_required(dataset: Dataset, *, lossy: bool | None) -> tuple[str, ...]:
    """Put in what is missing of types 1 and 2; what is missing and cannot be known, by keyword.

    Parameters
    ----------
    lossy
        Whether the pixels are compressed with loss, as far as known.
    """
    known = _BY_CLASS.get(str(dataset.get("SOPClassUID", "")).removeprefix(_ROOT))
    modality, ones, twos = known or ("OT", (), ())
    _mend_image_type(dataset, needed="ImageType" in ones)
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
    _fill_views(dataset)
    return tuple(gaps)


def _is_empty(dataset: Dataset, keyword: str) -> bool:
    return keyword not in dataset or bool(dataset[keyword].is_empty)


def _intent(dataset: Dataset) -> str:
    processing = str(dataset.get("SOPClassUID", "")).endswith(".1.1.1")
    return "FOR PROCESSING" if processing else "FOR PRESENTATION"


def _shape(dataset: Dataset) -> str:
    inverse = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    return "INVERSE" if inverse else "IDENTITY"


def _mend_image_type(dataset: Dataset, *, needed: bool) -> None:
    """The first two values are enumerated; an unknown one becomes the weaker claim."""
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
    dataset.ImageType = [first, second, *values[2:]]


def _fill_views(dataset: Dataset) -> None:
    """A coded view has modifiers, if only none (type 2C)."""
    for item in dataset.get("ViewCodeSequence") or []:
        if "ViewModifierCodeSequence" not in item:
            item.ViewModifierCodeSequence = []
