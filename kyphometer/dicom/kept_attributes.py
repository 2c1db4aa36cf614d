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
        "Manufacturer", "PatientSex", "PatientAge",
        "ClinicalTrialTimePointID", "BodyPartExamined", "KVP", "ExposureTime", "XRayTubeCurrent",
        "Exposure", "FocalSpots", "DistanceSourceToDetector",
        "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor",
        "ImagerPixelSpacing", "NominalScannedPixelSpacing", "ViewPosition", "PatientPosition",
        "PositionerType", "PositionerPrimaryAngle", "PositionerSecondaryAngle", "DetectorType",
"SeriesNumber", "InstanceNumber", "PatientOrientation",
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
        "ManufacturerModelName", "StationName", "DeviceSerialNumber", "SoftwareVersions",
        "DetectorID", "PlateID", "GantryID", "DeviceUID",
    )
)  # fmt: skip
"""Kept too where the device's identity may stay (PS3.15, Retain Device Identity Option)."""

_TIME_POINT: Final = (
    r"pre|post|op|preop|postop|pre-?operative|post-?operative|operation|surgery|injury|baseline"
    r"|screening|admission|discharge|follow|up|followup|fu|visit|final|last|first|early|late|at|after"
    r"|months?|weeks?|years?|days?|mo|wk|yr|[mwydtv]|\d{1,4}"
)
_SPINE: Final = (
    r"[CTL]{0,2}SPINE|LSSPINE|SSPINE|CSPINE|WHOLESPINE|FULLSPINE|SPINE|CHEST|ABDOMEN|PELVIS|TRUNK"
    r"|SACRUM|COCCYX|NECK|WHOLEBODY|THORAX|BACK|HEAD|RIB|HIP|THORACIC SPINE|LUMBAR SPINE"
    r"|CERVICAL SPINE|TL SPINE|T SPINE|L SPINE|LUMBAR|THORACIC"
)
_COMPANY: Final = (
    r"gmbh|inc|ltd|llc|corp|corporation|co|company|ag|nv|n\.v|bv|sa|spa|srl|kk|plc|group|medical"
    r"|medizintechnik|med|systems?|health|healthcare|healthineers|imaging|image|europe|usa|japan"
    r"|film|photo|electronics|technologies|technology|digital|xray|x-ray|radiology|phantom|simulated"
)
_MAKERS: Final = (
    r"agfa|allengers|carestream|canon|dr ?tech|drgem|del ?medical|detection|eos|fuji|ge|general"
    r" electric|hitachi|hologic|iray|italray|jpi|kodak|konica|kyphometer|listem|medlink|mindray"
    r"|minolta|neusoft|novarad|orthoscan|oldelft|philips|planmed|quantum|rayence|samsung|sectra"
    r"|shimadzu|siemens|siemens healthineers|sirona|stephanix|swissray|toshiba|trixell|united"
    r" imaging|vatech|varian|varex|vieworks|villa|wisonic|ziehm"
)
TERMS: Final = {
    "Modality": r"CR|DX|RF|XA|OT|CT|MR|MG|PX|IO|RG|SC|DR|US|NM|PT|XC|ES",
    "ConversionType": r"DV|DI|DF|WSD|SD|SI|DRW|SYN",
    "PresentationIntentType": r"FOR (PRESENTATION|PROCESSING)",
    "PatientSex": r"[MFO]",
    "PatientPosition": r"(HF|FF|LF|RF|AF|PF)(S|P|DL|DR)|SITTING",
    "PositionerType": r"CARM|COLUMN|MAMMOGRAPHIC|PANORAMIC|CEPHALOSTAT|RIGID|NONE",
    "DetectorType": r"DIRECT|SCINTILLATOR|STORAGE|FILM",
    "PatientOrientation": r"[APLRHF]{1,3}",
    "ImageLaterality": r"[LRUB]",
    "Laterality": r"[LR]",
    "PhotometricInterpretation": r"MONOCHROME[12]|RGB|PALETTE COLOR|YBR_\w{2,12}",
    "PixelSpacingCalibrationType": r"GEOMETRY|FIDUCIAL",
    "BurnedInAnnotation": r"YES|NO",
    "PixelIntensityRelationship": r"LIN|LOG|DISP",
    "VOILUTFunction": r"LINEAR|LINEAR_EXACT|SIGMOID",
    "RescaleType": r"US|HU|OD|MGML|PCT|Z_EFF|ED|EDW",
    "ModalityLUTType": r"US|HU|OD|MGML|PCT|Z_EFF|ED|EDW",
    "LossyImageCompression": r"0[01]",
    "LossyImageCompressionMethod": r"ISO_\d{4,5}_\d{1,2}",
    "PresentationLUTShape": r"IDENTITY|INVERSE",
    "FieldOfViewShape": r"RECTANGLE|ROUND|HEXAGONAL",
    "RadiationSetting": r"SC|GR",
    "PositionerMotion": r"STATIC|DYNAMIC",
    "BodyPartExamined": _SPINE,
    "ViewPosition": r"[LR]{0,2} ?(LL|RL|LAT|LATERAL|AP|PA|L|R|LLD|RLD|LLO|RLO|RAO|LAO|LPO|RPO)",
    "Manufacturer": rf"(?i:(({_MAKERS}|{_COMPANY})[ .,&/()+-]*)+)",
    "ClinicalTrialTimePointID": rf"(?i:({_TIME_POINT})([ _.+/-]*({_TIME_POINT}))*)",
    "ImageType": r"ORIGINAL|DERIVED|PRIMARY|SECONDARY|SINGLE PLANE|BIPLANE [AB]|MIXED|LUT|AXIAL|",
    "FrameType": r"ORIGINAL|DERIVED|PRIMARY|SECONDARY|SINGLE PLANE|BIPLANE [AB]|MIXED|LUT|AXIAL|",
}
"""Terms that code strings and kept texts may hold: DICOM's own; any other word goes."""

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
