"""Whose film it is and to which study it belongs, as other objects of that study must repeat it.

Everything here is fit to be written again: a header may hold impossible values, an object that we
write may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from kyphometer.dicom.elements import Elements
from kyphometer.dicom.moments import read_date
from kyphometer.dicom.parse import open_dicom
from kyphometer.dicom.plain import is_plain_image
from kyphometer.dicom.source import FilmPath, open_source
from kyphometer.errors import FilmError
from kyphometer.film import FilmHeader

_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_LONG, _SHORT = 64, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """Attributes of patient and study, valid or empty.

    Attributes
    ----------
    patient_name, referring_physician
        Person names as in DICOM: components parted by `^`, groups by `=`.
    study_date, study_time, patient_birth_date
        As in DICOM (DA, TM).
    study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid
        UIDs, None where there is no valid one.
    """

    patient_name: str = ""
    patient_id: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    study_date: str = ""
    study_time: str = ""
    study_id: str = ""
    accession_number: str = ""
    referring_physician: str = ""
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None


def belonging_of(header: FilmHeader) -> Belonging:
    """What other objects of a film's study must repeat.

    Read from the film's file, which knows more than `FilmHeader` keeps (the parts of names, the
    time and number of the study); where the file is gone, from what the header kept.
    """
    kept = _kept(header)
    if header.path is None:
        return kept
    try:
        read = read_belonging(header.path)
    except FilmError:
        return kept
    same = read is not None and read.sop_instance_uid == kept.sop_instance_uid
    return read if read is not None and same else kept


def read_belonging(film: FilmPath) -> Belonging | None:
    """Whose film a file is; None if it is no DICOM object.

    Raises
    ------
    FilmError
        If it cannot be read.
    """
    with open_source(film) as source:
        return None if is_plain_image(source) else _of_elements(open_dicom(source).elements)


def _of_elements(elements: Elements) -> Belonging:
    def text(keyword: str, longest: int) -> str:
        return _clipped(elements.text(keyword), longest)

    birth, day = (read_date(elements, name) for name in ("PatientBirthDate", "StudyDate"))
    return Belonging(
        patient_name=_person(elements.text("PatientName")),
        patient_id=text("PatientID", _LONG),
        patient_birth_date=_day(birth),
        patient_sex=_sex(elements.code("PatientSex")),
        study_date=_day(day),
        study_time=_clock(elements.text("StudyTime")),
        study_id=text("StudyID", _SHORT),
        accession_number=text("AccessionNumber", _SHORT),
        referring_physician=_person(elements.text("ReferringPhysicianName")),
        study_instance_uid=_uid(elements.code("StudyInstanceUID")),
        series_instance_uid=_uid(elements.code("SeriesInstanceUID")),
        sop_instance_uid=_uid(elements.code("SOPInstanceUID")),
        sop_class_uid=_uid(elements.code("SOPClassUID")),
    )


def _kept(header: FilmHeader) -> Belonging:
    facts = header.acquisition
    return Belonging(
        patient_name=_person((facts.patient_name or "").replace(" ", "^", 1)),
        patient_id=_clipped(facts.patient_id, _LONG),
        patient_birth_date=_day(facts.patient_birth_date),
        patient_sex=_sex(facts.patient_sex or ""),
        study_date=_day(facts.study_date),
        accession_number=_clipped(facts.accession_number, _SHORT),
        study_instance_uid=_uid(facts.study_instance_uid),
        series_instance_uid=_uid(facts.series_instance_uid),
        sop_instance_uid=_uid(header.reference.sop_instance_uid),
        sop_class_uid=_uid(facts.sop_class_uid),
    )


def _clipped(text: str | None, longest: int) -> str:
    """A text of one value, no longer than it may be."""
    return (text or "").replace("\\", " ").strip()[:longest].strip()


def _person(text: str | None) -> str:
    """A person name with at most three groups of five components of 64 characters."""
    groups = (text or "").replace("\\", " ").split("=")[:3]
    fit = ("^".join(group.split("^")[:5])[:_LONG].rstrip("^ ") for group in groups)
    return "=".join(fit).rstrip("=")


def _uid(text: str | None) -> str | None:
    return text if text and len(text) <= _LONG and _UID.fullmatch(text) else None


def _sex(code: str) -> str:
    return code if code in {"M", "F", "O"} else ""


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%Y%m%d}"


def _clock(text: str | None) -> str:
    """A time of day (TM), empty if it is none."""
    plain = (text or "").replace(":", "").strip()
    return plain if _TIME.fullmatch(plain) else ""
