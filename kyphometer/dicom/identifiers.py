"""Values of a header that name people, places or objects: what must not be found in a copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from pydicom import datadict
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

_NUMBERS: Final = re.compile(
    r"PatientID|OtherPatientIDs|AccessionNumber|MedicalRecordLocator|AdmissionID|ServiceEpisodeID"
    r"|StudyID|SerialNumber|PlacerOrderNumber|FillerOrderNumber|InsurancePlan|DetectorID|PlateID"
    r"|GantryID|StepID|ProcedureID|SpecimenIdentifier|SubjectID|SubjectReadingID"
)
_PLACES: Final = re.compile(
    r"Institution|StationName|Address|Telephone|Location|IssuerOf|ClinicalTrialSiteName"
    r"|ClinicalTrialSponsorName|AETitle|DepartmentName|Residence|Email"
)
_PUBLIC: Final = "1.2.840.10008."
_LONGEST: Final = 200


class Identifier(NamedTuple):
    """A value and what it is: `name`, `number`, `place`, `uid` or `date` (as YYYYMMDD)."""

    kind: str
    value: str


def identifiers(dataset: Dataset) -> frozenset[Identifier]:
    """Every value of a data set and its items that names somebody, some place or some object."""
    return frozenset(_found(dataset))


def _found(dataset: Dataset) -> Iterator[Identifier]:
    for tag in list(dataset.keys()):
        with suppress(Exception):  # an unreadable value does not get through
            yield from _of_element(dataset[tag], datadict.keyword_for_tag(tag))


def _of_element(element: DataElement, keyword: str) -> Iterator[Identifier]:
    if element.VR == "SQ":
        for item in element.value or []:
            yield from _found(item)
        return
    kind = _kind(keyword, str(element.VR))
    if kind is None or element.is_empty:
        return
    for value in element.value if element.VM > 1 else [element.value]:
        text = str(value).strip(" \0")[:_LONGEST]
        if text and not (kind == "uid" and text.startswith(_PUBLIC)):
            yield Identifier(kind, text)


def _kind(keyword: str, vr: str) -> str | None:
    if vr == "PN":
        return "name"
    if vr == "UI":
        return "uid" if "ImplementationClass" not in keyword else None
    if vr == "DA" and "Birth" in keyword:
        return "date"
    if vr in ("LO", "SH", "ST", "LT", "AE", "UT", "UC") and keyword:
        return (
            "number" if _NUMBERS.search(keyword) else "place" if _PLACES.search(keyword) else None
        )
    return None


def words_of(value: str) -> list[str]:
    """The parts of a name or number that are long enough to be looked for, in small letters.

    >>> words_of("NGUYEN^Van A=x")
    ['nguyen', 'van']
    """
    return [word for word in re.split(r"[\W_]+", value.casefold()) if len(word) >= 3]
