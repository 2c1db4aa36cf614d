"""Takes people out of a structured report and leaves codes, numbers, geometry and references.

An allow-list by type of content item: texts go unless they are tracking identifiers of programs,
persons become a reader's code, UIDs and days are those of the copy.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

from kyphometer.dicom.coded import cleaned_code, coded_item
from kyphometer.dicom.deidentified_object import state_deidentified, write_object
from kyphometer.dicom.identifiers import Identifier, identifiers
from kyphometer.dicom.pseudonyms import Pseudonyms
from kyphometer.errors import UnsupportedFilmError

_TRACKING: Final = re.compile(
    r"(Cornerstone3DTools@\^[\d.]+|cornerstoneTools@\^[\d.]+|Kyphometer|kyphometer)"
    r"(:[A-Za-z0-9 .+_-]{1,40}){0,3}"
)
_DEVICE: Final = frozenset(("121013", "121014", "121015"))
"""Device observer's name, manufacturer and model: kept if they are a program of ours."""
_PROGRAM: Final = re.compile(r"kyphometer[\w .+-]{0,40}", re.IGNORECASE)
_TOP_UIDS: Final = (
    "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
)  # fmt: skip
_TOP_DATES: Final = ("StudyDate", "SeriesDate", "ContentDate")
_TOP_TIMES: Final = ("StudyTime", "SeriesTime", "ContentTime")
_TOP_KEPT: Final = (
    "SOPClassUID", "Modality", "SeriesNumber", "InstanceNumber", "PatientSex", "ValueType",
    "ContinuityOfContent", "CompletionFlag", "VerificationFlag", "PreliminaryFlag",
    "ContentTemplateSequence", "TemplateIdentifier", "MappingResource",
)  # fmt: skip
_ITEM_KEPT: Final = frozenset(
    (
        "ValueType", "RelationshipType", "ContinuityOfContent", "NumericValue",
        "FloatingPointValue", "RationalNumeratorValue", "RationalDenominatorValue", "GraphicData",
        "GraphicType", "ReferencedFrameNumber", "ReferencedSOPClassUID", "TemplateIdentifier",
        "MappingResource", "PixelOriginInterpretation", "ReferencedContentItemIdentifier",
        "TemporalRangeType", "ReferencedSamplePositions",
    )
)  # fmt: skip
_ITEM_UIDS: Final = frozenset(
    (
        "UID", "ReferencedSOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID",
        "ReferencedFrameOfReferenceUID",
    )
)  # fmt: skip
_ITEM_SEQUENCES: Final = frozenset(
    (
        "ConceptNameCodeSequence", "ConceptCodeSequence", "MeasuredValueSequence",
        "MeasurementUnitsCodeSequence", "NumericValueQualifierCodeSequence", "ContentSequence",
        "ReferencedSOPSequence", "ContentTemplateSequence", "ReferencedSeriesSequence",
        "CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence",
        "PurposeOfReferenceCodeSequence",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Which report, of which study, of whom."""

    sop_instance_uid: str
    study_instance_uid: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeidentifiedReport:
    """What became of a report; see `Deidentified`."""

    removed: tuple[str, ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]
    identifiers: frozenset[Identifier]
    days: frozenset[str]


def report_facts(path: Path) -> ReportFacts | None:
    """What a structured report is of, None if it is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = pydicom.dcmread(path, force=True)
            if found.get("Modality") != "SR" or "ContentSequence" not in found:
                return None
            study = str(found.get("StudyInstanceUID", ""))
            uid = str(found.get("SOPInstanceUID", ""))
            person = str(found.get("PatientID") or "") or str(found.get("PatientName") or "")
        except Exception:  # whatever a damaged object makes pydicom say: it is none to be used
            return None
    return ReportFacts(sop_instance_uid=uid, study_instance_uid=study, person=person or study)


def deidentify_report(
    report: Path,
    target: Path,
    *,
    secret: Pseudonyms,
    patient_code: str,
    observer: Callable[[str], str],
) -> DeidentifiedReport:
    """Write a copy of a structured report that names nobody.

    Parameters
    ----------
    secret
        UIDs, days and times of the patient.
    observer
        Code of a reader by name.

    Raises
    ------
    UnsupportedFilmError
        If the report cannot be followed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            source = pydicom.dcmread(report, force=True)
            source.decode()
            copy = _Report(source, secret, observer)
            copy.fill(patient_code)
            if "ContentSequence" not in copy.dataset:
                raise UnsupportedFilmError("report_of_texts", name=report.name)
            write_object(copy.dataset, UID("1.2.840.10008.1.2.1"), target)
        except (AttributeError, KeyError, ValueError, TypeError, RecursionError):
            raise UnsupportedFilmError("report_to_strip", name=report.name) from None
    return DeidentifiedReport(
        removed=tuple(sorted(copy.removed)),
        changed=tuple(sorted(copy.changed - copy.removed)),
        kept=tuple(sorted(copy.kept - copy.changed - copy.removed)),
        identifiers=copy.found,
        days=frozenset(copy.days),
    )


@dataclass
class _Report:
    source: Dataset
    secret: Pseudonyms
    observer: Callable[[str], str]
    dataset: Dataset = field(default_factory=Dataset)
    removed: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)

    def fill(self, patient_code: str) -> None:
        """Fill the copy."""
        self.found = identifiers(self.source)
        dataset, source = self.dataset, self.source
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientID = dataset.PatientName = patient_code
        for keyword in ("PatientBirthDate", "PatientSex", "AccessionNumber", "Manufacturer",
                        "ReferringPhysicianName", "StudyTime", "StudyDate"):  # fmt: skip
            setattr(dataset, keyword, "")
        dataset.StudyID = "1"
        dataset.ReferencedPerformedProcedureStepSequence = []
        dataset.PerformedProcedureCodeSequence = []
        for keyword in _TOP_UIDS:
            setattr(dataset, keyword, UID(self.secret.uid(str(source[keyword].value))))
        for keyword in _TOP_DATES:
            if keyword in source:
                setattr(dataset, keyword, self._day(str(source[keyword].value)))
        for keyword in _TOP_TIMES:
            if keyword in source:
                setattr(dataset, keyword, self.secret.clock_text(str(source[keyword].value)))
        manufacturer = str(source.get("Manufacturer") or "")
        if _PROGRAM.fullmatch(manufacturer):
            dataset.Manufacturer = manufacturer
        body = self._item(source, top=True)
        for element in body:
            if element.keyword not in dataset:
                dataset[element.tag] = element
        for keyword in _TOP_KEPT:
            if keyword in source and keyword not in dataset:
                dataset[keyword] = source[keyword]
        if "ConceptNameCodeSequence" not in dataset:
            dataset.ConceptNameCodeSequence = [coded_item(*_TITLE)]
        self.removed -= {element.keyword for element in dataset}
        dataset.VerificationFlag = "UNVERIFIED"  # who verified it is not told
        state_deidentified(dataset)

    def _day(self, text: str) -> str:
        day = self.secret.day_text(text)
        self.days.add(day)
        return day

    def _item(self, source: Dataset, *, top: bool = False) -> Dataset:
        """A content item with what may stay of it."""
        item = Dataset()
        for element in source:
            keyword = element.keyword
            if keyword in _ITEM_SEQUENCES:
                items = self._items(keyword, element.value)
                if items or not element.value:
                    item.add_new(element.tag, "SQ", items)
                self.kept.add(keyword)
            elif keyword in _ITEM_UIDS and not top:
                value = str(element.value)
                public = value.startswith("1.2.840.10008.")
                item.add_new(element.tag, "UI", UID(value if public else self.secret.uid(value)))
                self.changed.add(keyword)
            elif keyword in _ITEM_KEPT:
                item[element.tag] = element
                self.kept.add(keyword)
            elif not top:
                self._other(item, source, keyword, element)
            else:
                self.removed.add(keyword or str(element.tag))
        return item

    def _items(self, keyword: str, items: Any) -> list[Dataset]:
        if keyword.endswith("CodeSequence"):
            return [code for item in items if (code := self._code(item)) is not None]
        found = [self._item(item) for item in items]
        if keyword != "ContentSequence":
            return found
        return [item for item in found if _says_something(item)]

    def _code(self, source: Dataset) -> Dataset | None:
        code = Dataset()
        for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"):
            if keyword in source:
                code[keyword] = source[keyword]
        if not cleaned_code(code):
            self.removed.add("codes of private schemes")
            return None
        return code

    def _other(self, item: Dataset, source: Dataset, keyword: str, element: Any) -> None:
        text = str(element.value)
        names = source.get("ConceptNameCodeSequence") or [Dataset()]
        concept = str(names[0].get("CodeValue", ""))
        if keyword == "TextValue" and (
            _TRACKING.fullmatch(text) or (concept in _DEVICE and _PROGRAM.fullmatch(text))
        ):
            item.TextValue = text
        elif keyword == "TextValue" and concept == "112039":
            item.TextValue = self.secret.mark("tracking", text)
            self.changed.add(keyword)
        elif keyword == "PersonName":
            item.PersonName = self.observer(text)
            self.found |= {Identifier("name", text)}
            self.changed.add(keyword)
        elif keyword in ("Date", "DateTime"):
            moved = self._day(text) if keyword == "Date" else self.secret.moment_text(text)
            setattr(item, keyword, moved)
            self.days.add(moved[:8])
            self.changed.add(keyword)
        elif keyword == "Time":
            item.Time = self.secret.clock_text(text)
            self.changed.add(keyword)
        else:
            self.removed.add(keyword or str(element.tag))


_TITLE: Final = ("121144", "DCM", "Document Title")
"""In place of a title of a private scheme."""
_VALUE: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "UIDREF": "UID",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "CODE": "ConceptCodeSequence",
    "NUM": "MeasuredValueSequence",
    "SCOORD": "GraphicData",
    "IMAGE": "ReferencedSOPSequence",
    "COMPOSITE": "ReferencedSOPSequence",
}
"""What an item of each type must hold to say something."""


def _says_something(item: Dataset) -> bool:
    value = _VALUE.get(str(item.get("ValueType", "")))
    if value is not None:
        found = item.get(value)
        if found is None:
            return False
    if item.get("ValueType") == "NUM":
        units = [one.get("MeasurementUnitsCodeSequence") for one in item.MeasuredValueSequence]
        return "ConceptNameCodeSequence" in item and None not in units
    nameless = item.get("ValueType") in ("CONTAINER", "SCOORD", "IMAGE", "COMPOSITE")
    return nameless or "ConceptNameCodeSequence" in item
