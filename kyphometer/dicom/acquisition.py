"""Facts of the exposure from a header."""

from __future__ import annotations

from kyphometer.dicom.elements import Elements
from kyphometer.dicom.moments import read_date, read_exposed_at
from kyphometer.dicom.orientation import read_view
from kyphometer.dicom.position import read_position
from kyphometer.dicom.spacing import RADIOGRAPHS, read_magnification
from kyphometer.film import Acquisition

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
COMPRESSED_WITH_LOSS = "The film was compressed with loss; its edges may have moved."
_YES_NO = {"YES": True, "NO": False}
_LOSSY = {"01": True, "1": True, "00": False, "0": False}


def read_acquisition(elements: Elements, *, always_lossy: bool | None) -> Acquisition:
    """Facts of the exposure; contradictions leave sentences in `elements.problems`.

    Parameters
    ----------
    always_lossy
        What the transfer syntax says: True if it always loses, False if never, None if it may.
    """
    modality = elements.code("Modality")
    sop_class = elements.code("SOPClassUID")
    view = read_view(elements, modality)
    magnification = read_magnification(elements)
    _mind_kind(elements, modality, sop_class)
    return Acquisition(
        modality=modality or None,
        sop_class_uid=sop_class or None,
        study_instance_uid=elements.code("StudyInstanceUID") or None,
        series_instance_uid=elements.code("SeriesInstanceUID") or None,
        patient_id=elements.text("PatientID"),
        patient_name=_name(elements),
        patient_birth_date=read_date(elements, "PatientBirthDate"),
        patient_sex=elements.code("PatientSex") or None,
        accession_number=elements.text("AccessionNumber"),
        study_date=read_date(elements, "StudyDate"),
        exposed_at=read_exposed_at(elements, secondary=sop_class.startswith(_SECONDARY_CAPTURE)),
        body_part=_body_part(elements),
        view=view.name,
        is_lateral=view.is_lateral,
        facing=view.facing,
        patient_orientation=elements.codes("PatientOrientation"),
        position=read_position(elements),
        source_to_detector_mm=_positive(elements, "DistanceSourceToDetector"),
        source_to_patient_mm=_positive(elements, "DistanceSourceToPatient"),
        magnification=magnification.value if magnification else None,
        burned_in_annotation=_YES_NO.get(elements.code("BurnedInAnnotation")),
        lossy=_lossy(elements, always_lossy),
        manufacturer=_manufacturer(elements),
        description=elements.text("SeriesDescription") or elements.text("StudyDescription"),
        time_point=elements.text("ClinicalTrialTimePointID")
        or elements.text("ClinicalTrialTimePointDescription"),
    )


def _name(elements: Elements) -> str | None:
    """Patient's name: the first group that is not empty, components parted by blanks."""
    groups = (elements.text("PatientName") or "").split("=")
    for group in groups:
        name = " ".join(part.strip() for part in group.split("^") if part.strip())
        if name:
            return name
    return None


def _body_part(elements: Elements) -> str | None:
    """Body part examined, or else the anatomic region's meaning."""
    stated = elements.text("BodyPartExamined")
    if stated:
        return stated
    return next((item.text("CodeMeaning") for item in elements.items("AnatomicRegionSequence")),
                None)  # fmt: skip


def _manufacturer(elements: Elements) -> str | None:
    parts = (elements.text("Manufacturer"), elements.text("ManufacturerModelName"))
    return " ".join(part for part in parts if part) or None


def _positive(elements: Elements, keyword: str) -> float | None:
    value = elements.number(keyword)
    return value if value is not None and value > 0 else None


def _lossy(elements: Elements, always: bool | None) -> bool | None:
    """True if the pixels lost something to compression, now or before."""
    stated = _LOSSY.get(elements.code("LossyImageCompression"))
    if always and stated is False:
        elements.problems.append(
            "The header denies lossy compression but the film is stored with it."
        )
    lossy = True if always else stated
    if lossy:
        elements.problems.append(COMPRESSED_WITH_LOSS)
    return lossy


def _mind_kind(elements: Elements, modality: str, sop_class: str) -> None:
    """A sentence if the object is no projection radiograph."""
    capture = sop_class.startswith(_SECONDARY_CAPTURE)
    if modality and modality not in RADIOGRAPHS and not (capture and modality == "OT"):
        elements.problems.append(f"This is a {modality} image and no radiograph.")
    if elements.code("BurnedInAnnotation") == "YES":
        elements.problems.append("Text is burned into the pixels; it may name the patient.")
