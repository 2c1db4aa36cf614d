"""What de-identification lets through: attributes that describe pixels, beam and view, no more.

Everything that is not named here goes: names, numbers, free text, dates other than the shifted
ones, private attributes, overlays, icons and whatever else a device may have put in.
"""

from __future__ import annotations

from typing import Final

UIDS: Final = frozenset(
    ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
)
"""Replaced by UIDs derived from a key."""

TIMES: Final = frozenset(("SeriesTime", "AcquisitionTime", "ContentTime"))
"""Bent by the key, so that the order of the films of a day stays."""

DATES: Final = frozenset(("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"))
"""Shifted by as many days as every other date of the patient."""

DATE_TIMES: Final = frozenset(("AcquisitionDateTime", "FrameAcquisitionDateTime"))
"""Both."""

PLAIN: Final = frozenset(
    (
        "SOPClassUID", "ImageType", "Modality", "ConversionType", "PresentationIntentType",
        "Manufacturer", "ManufacturerModelName", "PatientSex", "PatientAge",
        "ClinicalTrialTimePointID", "BodyPartExamined", "KVP", "ExposureTime", "XRayTubeCurrent",
        "Exposure", "FilterType", "Grid", "FocalSpots", "DistanceSourceToDetector",
        "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor",
        "ImagerPixelSpacing", "NominalScannedPixelSpacing", "ViewPosition", "PatientPosition",
        "PositionerType", "PositionerPrimaryAngle", "PositionerSecondaryAngle", "DetectorType",
        "DetectorConfiguration", "SeriesNumber", "InstanceNumber", "PatientOrientation",
        "ImageLaterality", "Laterality", "SamplesPerPixel", "PhotometricInterpretation",
        "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns", "PixelSpacing",
        "PixelAspectRatio", "PixelSpacingCalibrationType", "BitsAllocated", "BitsStored", "HighBit",
        "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "BurnedInAnnotation",
        "PixelIntensityRelationship", "PixelIntensityRelationshipSign", "WindowCenter",
        "WindowWidth", "VOILUTFunction", "RescaleIntercept", "RescaleSlope", "RescaleType",
        "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
        "LUTDescriptor", "LUTData", "ModalityLUTType", "PresentationLUTShape",
        "ObjectPixelSpacingInCenterOfBeam", "PositionerIsocenterPrimaryAngle", "CodeValue",
        "CodingSchemeDesignator", "CodeMeaning",
        "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
        "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
        "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
        "PixelData", "FrameType", "FieldOfViewShape", "RadiationSetting", "PositionerMotion",
        "FrameIncrementPointer", "FrameTime", "FrameTimeVector", "FrameDelay",
    )
)  # fmt: skip
"""Kept as they are, if their value has the form that it should have."""

SEQUENCES: Final = frozenset(
    (
        "AnatomicRegionSequence", "AnatomicRegionModifierSequence", "ViewCodeSequence",
        "ViewModifierCodeSequence", "PatientOrientationCodeSequence",
        "PatientOrientationModifierCodeSequence", "PatientGantryRelationshipCodeSequence",
        "AcquisitionContextSequence", "ModalityLUTSequence", "VOILUTSequence",
        "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
        "PixelMeasuresSequence", "FrameVOILUTSequence", "PixelValueTransformationSequence",
        "FramePixelDataPropertiesSequence", "ProjectionPixelCalibrationSequence",
        "PositionerPositionSequence", "IsocenterReferenceSystemSequence",
        "XAXRFFrameCharacteristicsSequence", "FrameContentSequence",
    )
)  # fmt: skip
"""Kept, with what is kept of their items."""

DEVICE: Final = frozenset(
    (
        "StationName", "DeviceSerialNumber", "SoftwareVersions", "DetectorID", "PlateID",
        "GantryID", "DeviceUID",
    )
)  # fmt: skip
"""Kept too where the device's identity may stay (PS3.15, Retain Device Identity Option)."""

FORMS: Final = {
    "CS": r"[A-Z0-9_ ]{0,16}",
    "SH": r"[\w .+\-/]{1,16}",
    "LO": r"[\w .,+\-/()&]{1,64}",
    "IS": r"[+-]?\d{1,12}",
    "DS": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "UI": r"[0-9.]{1,64}",
    "AS": r"\d{3}[DWMY]",
}
"""Form of a value by its value representation; others are binary numbers."""
