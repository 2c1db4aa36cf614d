"""A reading's structured report as FHIR R5 resources, after HL7's "DICOM SR to FHIR" guide.

The report itself is mapped, so that both say the same: each measurement group and each number
becomes an Observation, finding sites and tracking identifiers BodyStructures, lines on the film an
ImagingSelection, equipment and assist Devices, the whole a DiagnosticReport. Patient, study and
order are named by their identifiers: the guide takes for granted that the receiver has them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydicom.dataset import Dataset

from kyphometer import __version__
from kyphometer.dicom.write import uid_from
from kyphometer.interop.objects.codes import OWN_SCHEME
from kyphometer.interop.objects.identity import DEVICE_UID, MANUFACTURER
from kyphometer.interop.objects.source import Kind, Source
from kyphometer.interop.objects.structured_report import sent_angles, structured_report

GUIDE: Final = "http://hl7.org/fhir/uv/dicom-sr"
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
UID_SYSTEM: Final = "urn:dicom:uid"
SYSTEMS: Final = {
    "DCM": DCM,
    "SCT": "http://snomed.info/sct",
    "UCUM": "http://unitsofmeasure.org",
    OWN_SCHEME: f"urn:oid:{uid_from('coding scheme', OWN_SCHEME)}",
}
"""Code systems by DICOM's designator; what is no registered one of ours is named by its UID."""
_IDENTIFIER_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
_SOP: Final = "urn:ietf:rfc:3986"
Resource = dict[str, Any]


@dataclass
class _Bundle:
    """Resources that were made so far, and what all of them say."""

    source: Source
    report: Dataset
    entries: list[Resource] = field(default_factory=list)
    equipment: Resource = field(default_factory=dict)

    def add(self, resource: Resource, *about: str) -> Resource:
        """Take up a resource under an address made from what it is about; a reference to it."""
        uid = str(
            uid_from("fhir", str(self.report.SOPInstanceUID), resource["resourceType"], *about)
        )
        address = f"urn:uuid:{uuid.UUID(int=int(uid.removeprefix('2.25.')))}"
        if all(entry["fullUrl"] != address for entry in self.entries):
            self.entries.append({"fullUrl": address, "resource": resource})
        return {"reference": address, "type": resource["resourceType"]}

    @property
    def subject(self) -> Resource:
        """The patient, by the identifier of the film's header."""
        code = self.source.belonging.patient_id
        named = {"identifier": {"value": code}} if code else {"display": "unknown"}
        return {"type": "Patient", **named}

    @property
    def study(self) -> Resource:
        """The film's study."""
        kind = _coded(DCM, "110180", "Study Instance UID")
        uid = f"urn:oid:{self.source.belonging.study_instance_uid}"
        return {
            "type": "ImagingStudy",
            "identifier": {"type": kind, "system": UID_SYSTEM, "value": uid},
        }

    @property
    def order(self) -> Resource:
        """What was ordered, by the accession number; nothing where there is none."""
        number = self.source.belonging.accession_number
        if not number:
            return {}
        kind = _coded(_IDENTIFIER_TYPES, "ACSN", "Accession ID")
        item = {"type": "ServiceRequest", "identifier": {"type": kind, "value": number}}
        return {"basedOn": [item]}

    @property
    def moments(self) -> Resource:
        """When the film was taken, where that is known, and when the reading was made."""
        issued = (self.source.reading.created or datetime.now()).astimezone()
        exposed = self.source.film.acquisition.exposed_at
        day = self.source.film.acquisition.study_date
        taken = exposed.date() if exposed else day
        known = {"effectiveDateTime": taken.isoformat()} if taken else {}
        return {"issued": issued.isoformat(timespec="seconds"), **known}

    @property
    def status(self) -> str:
        """Final, or corrected where it supersedes an earlier version."""
        return "final" if self.source.version == 1 else "corrected"

    @property
    def performer(self) -> Resource:
        """The observer, by code."""
        who = self.source.reading.observer
        return {"performer": [{"type": "Practitioner", "display": who}]} if who else {}


def fhir_bundle(source: Source) -> Resource:
    """A reading and its numbers as a FHIR R5 Bundle of type `collection`.

    Raises
    ------
    MissingExtraError, LandmarkError
        As for the structured report.
    """
    report = structured_report(source)
    made = _Bundle(source, report)
    made.equipment = made.add(_equipment(), "equipment")
    root = report.ContentSequence
    [container] = [item for item in root if _concept(item) == "126010"]
    groups = [item for item in container.ContentSequence if _concept(item) == "125007"]
    found = [_group(made, group) for group in groups]
    made.add(_report(made, found), "report")
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": _uid_identifier(str(report.SOPInstanceUID)),
        "timestamp": made.moments["issued"],
        "entry": made.entries,
    }


def _report(made: _Bundle, groups: list[Resource]) -> Resource:
    angles, visit = sent_angles(made.source), made.source.visit
    said = [f"Visit: {visit}"] if visit else []
    said += [made.source.reading.comment] if made.source.reading.comment else []
    return {
        "resourceType": "DiagnosticReport",
        "identifier": [_uid_identifier(str(made.report.SOPInstanceUID))],
        "status": made.status,
        "code": _coded(DCM, "126000", "Imaging Measurement Report"),
        "subject": made.subject,
        "study": [made.study],
        "result": groups,
        **({"conclusion": "\n".join(map(str, angles))} if angles else {}),
        **({"note": [{"text": text} for text in said]} if said else {}),
        **made.order,
        **made.moments,
        **made.performer,
    }


def _equipment() -> Resource:
    kind = _coded(_IDENTIFIER_TYPES, "UDI", None)
    return {
        "resourceType": "Device",
        "identifier": [{"type": kind, **_uid_identifier(str(DEVICE_UID))}],
        "displayName": MANUFACTURER,
        "manufacturer": MANUFACTURER,
        "version": [{"value": __version__}],
    }


# ------------------------------------------------------------------------------------ a group


def _group(made: _Bundle, group: Dataset) -> Resource:
    """An Observation that has the group's numbers as members; a reference to it."""
    name = _text(group, "112039")
    common = _common(made, group, name)
    members = [
        made.add(_number(made, item, name, common), "number", name, _concept(item))
        for item in _items(group, "NUM")
    ]
    finding = next(_items(group, "CODE", "121071")).ConceptCodeSequence[0]
    words = _text(group, "121106")
    resource = {
        "resourceType": "Observation",
        "meta": _profile("imaging-measurement-group"),
        "identifier": [_observation_uid(made, name, "group")],
        "code": _coded(DCM, "125007", "Measurement Group"),
        "valueCodeableConcept": {"coding": [_coding(finding)]},
        "hasMember": members,
        **common,
        **({"note": [{"text": words}]} if words else {}),
    }
    return made.add(resource, "group", name)


def _common(made: _Bundle, group: Dataset, name: str) -> Resource:
    """What the Observation of a group and those of its numbers both say."""
    return {
        "status": made.status,
        "subject": made.subject,
        "partOf": [made.study],
        "focus": [made.add(_tracking(made, group, name), "tracking", name)],
        "device": _device(made, group),
        "bodyStructure": made.add(_sites(made, group), "sites", name),
        **made.order,
        **made.moments,
        **made.performer,
    }


def _tracking(made: _Bundle, group: Dataset, name: str) -> Resource:
    uid = str(next(_items(group, "UIDREF", "112040")).UID)
    identifier = _coded(DCM, "112039", "Tracking Identifier")
    unique = _coded(DCM, "112040", "Tracking Unique Identifier")
    return {
        "resourceType": "BodyStructure",
        "identifier": [
            {"type": identifier, "value": name},
            {"type": unique, **_uid_identifier(uid)},
        ],
        "includedStructure": [{"structure": {"text": name}}],
        "patient": made.subject,
    }


def _sites(made: _Bundle, group: Dataset) -> Resource:
    """Vertebrae with what of them is meant: superior or inferior endplate."""
    included = []
    for site in _items(group, "CODE", "363698007"):
        structure = {"coding": [_coding(site.ConceptCodeSequence[0])]}
        parts = [
            {"coding": [_coding(part.ConceptCodeSequence[0])]}
            for part in _items(site, "CODE", "106233006")
        ]
        included.append({"structure": structure, **({"qualifier": parts} if parts else {})})
    return {
        "resourceType": "BodyStructure",
        "includedStructure": included,
        "patient": made.subject,
    }


def _device(made: _Bundle, group: Dataset) -> Resource:
    """The assist that placed marks, else the equipment."""
    name = _text(group, "111001")
    if not name:
        return made.equipment
    algorithm = {
        "resourceType": "Device",
        "displayName": name,
        "version": [{"value": _text(group, "111003")}],
        "parent": made.equipment,
    }
    return made.add(algorithm, "algorithm", name)


# ------------------------------------------------------------------------------------ a number


def _number(made: _Bundle, item: Dataset, name: str, common: Resource) -> Resource:
    regions = list(_regions(item))
    selection = {}
    if regions:
        what = _selection(made, regions)
        selection = {"derivedFrom": [made.add(what, "lines", name, _concept(item))]}
    bounds = list(_bounds(item))
    return {
        "resourceType": "Observation",
        "meta": _profile("imaging-measurement"),
        "identifier": [_observation_uid(made, name, _concept(item))],
        "code": {"coding": [_coding(item.ConceptNameCodeSequence[0])]},
        "valueQuantity": _quantity(item),
        **common,
        **selection,
        **({"component": bounds} if bounds else {}),
    }


def _bounds(item: Dataset) -> Iterator[Resource]:
    """How far the number's uncertainty reaches upwards and downwards, and what it covers."""
    for interval in _items(item, "TEXT"):
        for bound in _items(interval, "NUM"):
            coding = _coding(bound.ConceptNameCodeSequence[0])
            yield {
                "code": {"coding": [coding], "text": str(interval.TextValue)},
                "valueQuantity": _quantity(bound),
            }


def _quantity(item: Dataset) -> Resource:
    measured = item.MeasuredValueSequence[0]
    unit = measured.MeasurementUnitsCodeSequence[0]
    return {
        "value": float(measured.NumericValue),
        "unit": unit.CodeMeaning,
        "system": SYSTEMS["UCUM"],
        "code": unit.CodeValue,
    }


def _regions(item: Dataset) -> Iterator[Dataset]:
    """The true lines of a number; the points that are for a viewer's tool are no finding."""
    lines = list(_items(item, "SCOORD"))
    true = [line for line in lines if _concept(line) == "121223"]
    yield from true or lines


def _selection(made: _Bundle, regions: list[Dataset]) -> Resource:
    facts = made.source.belonging
    sop_class = {"system": _SOP, "code": f"urn:oid:{facts.sop_class_uid}"}
    frames = made.source.frames
    subset = {"subset": [str(frame) for frame in frames]} if frames else {}
    return {
        "resourceType": "ImagingSelection",
        "meta": _profile("image-region-2d"),
        "status": "available",
        "subject": made.subject,
        "derivedFrom": [made.study],
        "code": _coded(DCM, "111030", "Image Region"),
        "studyUid": str(facts.study_instance_uid),
        "seriesUid": str(facts.series_instance_uid),
        "instance": [
            {
                "uid": made.source.uid,
                "sopClass": sop_class,
                **subset,
                "imageRegion2D": [
                    {
                        "regionType": region.GraphicType.lower(),
                        "coordinate": [float(number) for number in region.GraphicData],
                    }
                ],
            }
            for region in regions
        ],
    }


# ------------------------------------------------------------------------------------ parts


def _items(parent: Dataset, kind: str, concept: str | None = None) -> Iterator[Dataset]:
    for item in parent.get("ContentSequence", ()):
        if item.ValueType == kind and concept in (None, _concept(item)):
            yield item


def _concept(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeValue) if names else ""


def _text(parent: Dataset, concept: str) -> str:
    return next((str(item.TextValue) for item in _items(parent, "TEXT", concept)), "")


def _coding(code: Dataset) -> Resource:
    scheme = str(code.CodingSchemeDesignator)
    return {
        "system": SYSTEMS[scheme],
        "code": str(code.CodeValue),
        "display": str(code.CodeMeaning),
    }


def _coded(system: str, code: str, display: str | None) -> Resource:
    said = {} if display is None else {"display": display}
    return {"coding": [{"system": system, "code": code, **said}]}


def _uid_identifier(uid: str) -> Resource:
    return {"system": UID_SYSTEM, "value": f"urn:oid:{uid}"}


def _observation_uid(made: _Bundle, name: str, what: str) -> Resource:
    system = f"{GUIDE}/CodeSystem/dicom-identifier-type"
    uid = uid_from("observation", str(made.source.object_uid(Kind.SR)), name, what)
    kind = _coded(system, "observation-uid", "Observation UID")
    return {"type": kind, **_uid_identifier(str(uid))}


def _profile(name: str) -> Resource:
    return {"profile": [f"{GUIDE}/StructureDefinition/{name}"]}
