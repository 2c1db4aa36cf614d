"""Attributes that every object of results has: patient, study, series, equipment, identity."""

from __future__ import annotations

import unicodedata
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from kyphometer import __version__
from kyphometer.dicom.write import file_meta, uid_from
from kyphometer.interop.objects.source import Kind, Source

MANUFACTURER = "Kyphometer"
DEVICE_UID = uid_from("device")


def identify(dataset: Dataset, source: Source, kind: Kind, modality: str) -> Dataset:
    """Give an object its place: the film's patient and study, its own series, number and UID."""
    _describe_patient_and_study(dataset, source)
    dataset.Modality = modality
    dataset.SeriesInstanceUID = source.series_uid(kind)
    dataset.SeriesNumber = kind.series_number
    dataset.SeriesDescription = kind.series_description
    dataset.InstanceNumber = source.version
    dataset.SOPInstanceUID = source.object_uid(kind)
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MANUFACTURER
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = __version__
    made = source.made
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = day(made), clock(made)
    for equipment in dataset.get("ContributingEquipmentSequence", ()):
        equipment.ContributionDateTime = day(made) + clock(made)
    dataset.file_meta = file_meta(dataset, ExplicitVRLittleEndian)
    return dataset


def _describe_patient_and_study(dataset: Dataset, source: Source) -> None:
    facts = source.belonging
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = facts.patient_name
    dataset.PatientID = facts.patient_id
    dataset.PatientBirthDate = facts.patient_birth_date
    dataset.PatientSex = facts.patient_sex
    dataset.StudyInstanceUID = facts.study_instance_uid
    dataset.StudyDate = facts.study_date
    dataset.StudyTime = facts.study_time
    dataset.StudyID = facts.study_id
    dataset.AccessionNumber = facts.accession_number
    dataset.ReferringPhysicianName = facts.referring_physician


def day(moment: Any) -> str:
    """A date (DA)."""
    return str(moment.strftime("%Y%m%d"))


def clock(moment: Any) -> str:
    """A time of day (TM), whole seconds."""
    return str(moment.strftime("%H%M%S"))


def film_item(source: Source) -> Dataset:
    """Reference to the film and its frame."""
    item = Dataset()
    item.ReferencedSOPClassUID = pydicom.uid.UID(str(source.belonging.sop_class_uid))
    item.ReferencedSOPInstanceUID = pydicom.uid.UID(source.uid)
    if source.frames is not None:
        item.ReferencedFrameNumber = source.frames
    return item


def as_evidence(
    source: Source,
    sop_class_uid: str | None,
    sop_instance_uid: str,
    series_instance_uid: str | None,
) -> Dataset:
    """An object of the film's study as highdicom wants to see what another object is about.

    Attributes of the patient are empty: `identify` puts in what is true.
    """
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = sop_class_uid, sop_instance_uid
    found.StudyInstanceUID = source.belonging.study_instance_uid
    found.SeriesInstanceUID = series_instance_uid
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID",
                    "AccessionNumber", "StudyDate", "StudyTime"):  # fmt: skip
        setattr(found, keyword, "")
    return found


def film_evidence(source: Source) -> Dataset:
    """The film as highdicom wants to see it."""
    facts = source.belonging
    return as_evidence(source, facts.sop_class_uid, source.uid, facts.series_instance_uid)


def person(name: str | None) -> str:
    """The code of an observer as a person name; empty if there is none."""
    plain = fitted((name or "").replace("=", " "), 60)
    return plain if "^" in plain or not plain else f"{plain}^"


def fitted(text: str, longest: int = 64) -> str:
    """One value no longer than that many bytes, by which some count, never cut within a letter."""
    whole = unicodedata.normalize("NFC", text).replace("\\", "/")
    return whole.encode()[:longest].decode("utf-8", "ignore").strip()
