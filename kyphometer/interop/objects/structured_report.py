"""A reading as Comprehensive SR, template TID 1500, by highdicom.

One group a measurement: a Cobb angle with its two endplates as finding sites and as lines, or the
heights of a vertebra, or the slip of two. cornerstone3D and OHIF take the angles as their own
Cobb angles (`cobb`). The reading's document travels along in a private attribute, so that it comes
back to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import highdicom as hd
import numpy as np
from highdicom.sr import CodedConcept
from highdicom.sr.value_types import ContentSequence
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from kyphometer import __version__
from kyphometer.anatomy import EndplateSide, Level
from kyphometer.geometry import Point
from kyphometer.interop.objects import codes as coded
from kyphometer.interop.objects.cobb import tool_points
from kyphometer.interop.objects.identity import (
    DEVICE_UID,
    MANUFACTURER,
    film_evidence,
    film_item,
    fitted,
    identify,
    person,
)
from kyphometer.interop.objects.source import Kind, Source, document_text
from kyphometer.measure import Measurement
from kyphometer.reading import Endplate, Vertebra

Group = hd.sr.MeasurementsAndQualitativeEvaluations

COBB_TOOL = "Cornerstone3DTools@^0.1.0:CobbAngle"
PRIVATE_GROUP, PRIVATE_CREATOR, DOCUMENT_ELEMENT = 0x0099, "KYPHOMETER", 0x01
ANGLES_SENT = ("VKA", "RKA")
HEIGHT_ENDS = {"HA": "anterior", "HM": "middle", "HP": "posterior"}
_DECIMALS = 6
_MODALITIES = {
    "DX": codes.cid29.DigitalRadiography,
    "CR": codes.cid29.ComputedRadiography,
    "RF": codes.cid29.Radiofluoroscopy,
    "XA": codes.cid29.XRayAngiography,
    "RG": codes.cid29.RadiographicImaging,
}


def structured_report(source: Source) -> Dataset:
    """The measurements of a reading as Comprehensive SR."""
    groups = [*_angles(source), *_heights(source), *_slips(source)]
    content = hd.sr.MeasurementReport(
        observation_context=_observers(source),
        procedure_reported=coded.IMAGING_PROCEDURE,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    children = content[0].ContentSequence
    children.insert(len(children) - 1, _image_library(source))
    if source.reading.comment:
        said = hd.sr.TextContentItem(
            name=coded.COMMENT, value=source.reading.comment, relationship_type="CONTAINS"
        )
        children.insert(len(children) - 1, said)
    report = hd.sr.ComprehensiveSR(
        evidence=[film_evidence(source)],
        content=content,
        series_instance_uid=source.series_uid(Kind.SR),
        series_number=Kind.SR.series_number,
        sop_instance_uid=source.object_uid(Kind.SR),
        instance_number=source.version,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=True,
        content_date=source.made.date(),
        content_time=source.made.time().replace(microsecond=0),
    )
    if source.earlier:
        report.PredecessorDocumentsSequence = [_predecessor(source)]
    if source.reason:
        report.CompletionFlagDescription = fitted(source.reason)
    block = report.private_block(PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
    block.add_new(DOCUMENT_ELEMENT, "UT", document_text(source.reading))
    return identify(report, source, Kind.SR, "SR")


def _predecessor(source: Source) -> Dataset:
    """Reference to the report of the version before."""
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID = hd.UID("1.2.840.10008.5.1.4.1.1.88.33")
    instance.ReferencedSOPInstanceUID = source.object_uid(Kind.SR, source.version - 1)
    series.SeriesInstanceUID = source.series_uid(Kind.SR)
    series.ReferencedSOPSequence = [instance]
    study.StudyInstanceUID = source.belonging.study_instance_uid
    study.ReferencedSeriesSequence = [series]
    return study


def _observers(source: Source) -> hd.sr.ObservationContext:
    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=DEVICE_UID,
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=f"{MANUFACTURER} {__version__}",
        ),
    )
    name = person(source.reading.observer)
    if not name:
        return hd.sr.ObservationContext(observer_device_context=device)
    reader = hd.sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name=name),
    )
    return hd.sr.ObservationContext(observer_person_context=reader, observer_device_context=device)


# ------------------------------------------------------------------------------------ the film


def _image_library(source: Source) -> hd.sr.ContainerContentItem:
    image = hd.sr.ImageContentItem(
        name=coded.sct("260753009", "Source"),
        referenced_sop_class_uid=str(source.belonging.sop_class_uid),
        referenced_sop_instance_uid=source.uid,
        referenced_frame_numbers=source.frames,
        relationship_type="CONTAINS",
    )
    image.ContentSequence = ContentSequence(list(_film_facts(source)))
    group = _container(codes.DCM.ImageLibraryGroup, [image])
    return _container(codes.DCM.ImageLibrary, [group])


def _container(name: Any, children: Iterable[Any]) -> hd.sr.ContainerContentItem:
    item = hd.sr.ContainerContentItem(name=name, relationship_type="CONTAINS")
    item.ContentSequence = ContentSequence(list(children))
    return item


def _film_facts(source: Source) -> Iterable[hd.sr.ContentItem]:
    """Descriptors of the film (TID 1602, 1603)."""
    context: Any = {"relationship_type": "HAS ACQ CONTEXT"}
    film, facts = source.film, source.film.acquisition
    modality = _MODALITIES.get(facts.modality or "")
    if modality is not None:
        yield hd.sr.CodeContentItem(name=codes.DCM.Modality, value=modality, **context)
    pixels = coded.ucum("{pixels}", "Pixels")
    rows, columns = film.shape
    for name, count in ((codes.DCM.PixelDataRows, rows), (codes.DCM.PixelDataColumns, columns)):
        yield hd.sr.NumContentItem(name=name, value=count, unit=pixels, **context)
    names = (codes.DCM.PatientOrientationRow, codes.DCM.PatientOrientationColumn)
    if len(facts.patient_orientation) == 2 and all(facts.patient_orientation):
        for name, letters in zip(names, facts.patient_orientation, strict=True):
            yield hd.sr.TextContentItem(name=name, value=letters, **context)
    if film.geometry.row_mm is not None and film.geometry.column_mm is not None:
        unit = coded.UNITS["mm"]
        for name, size in (
            (codes.DCM.HorizontalPixelSpacing, film.geometry.column_mm),
            (codes.DCM.VerticalPixelSpacing, film.geometry.row_mm),
        ):
            yield hd.sr.NumContentItem(name=name, value=_value(size), unit=unit, **context)


# ------------------------------------------------------------------------------------ groups


def sent_angles(source: Source) -> tuple[Measurement, ...]:
    """Angles of the report: VKA and RKA, or where there is neither all that were measured."""
    angles = [item for item in source.measured.measurements if item.unit == "deg" and item.lines]
    named = [item for item in angles if item.code in ANGLES_SENT]
    return tuple(named or angles)


def _angles(source: Source) -> Iterable[Group]:
    for item in sent_angles(source):
        lines = [_endplate(source, name) for name in (item.upper, item.lower)]
        points = _points_for_tool(source, item)
        tool = COBB_TOOL if points is not None else MANUFACTURER
        coordinates = [] if points is None else [_polyline(source, points)]
        coordinates += [
            _polyline(source, [posterior, anterior], coded.ARM_OF_ANGLE)
            for posterior, anterior in item.lines
        ]
        number = _number(coded.COBB_ANGLE, item, coordinates)
        sites = [_site(level, side) for level, side, _ in lines]
        methods = _methods(plate for *_, plate in lines if plate is not None)
        name = f"{tool}:{item.label}"
        yield _group(source, name, [number], coded.angle_finding(item), sites, methods, item)


def _endplate(
    source: Source, name: str | None
) -> tuple[Level, EndplateSide | None, Endplate | None]:
    """Level, side and marks of a line such as `L1.superior`; side None for a posterior wall."""
    level_name, _, part = (name or "").partition(".")
    level = Level(level_name)
    side = next((side for side in EndplateSide if side.value == part), None)
    return level, side, None if side is None else source.reading.endplate(level, side)


def _site(level: Level, side: EndplateSide | None) -> hd.sr.FindingSite:
    return coded.vertebra_site(level) if side is None else coded.endplate_site(level, side)


def _points_for_tool(source: Source, item: Measurement) -> Any:
    """Points of the Cobb angle tool; None where it would show another angle than was measured."""
    if not source.film.geometry.is_square:
        return None
    upper, lower = item.lines
    return tool_points(upper, lower, *source.film.shape)


def _heights(source: Source) -> Iterable[Group]:
    """A group a vertebra with its heights."""
    for level, body in source.reading.vertebrae.items():
        found = [
            item
            for item in source.measured.measurements
            if item.code in HEIGHT_ENDS and item.levels == (level,)
        ]
        if not found:
            continue
        numbers = [
            _number(
                coded.shape_name(item.code), item, [_polyline(source, _height_ends(body, item))]
            )
            for item in found
        ]
        sites = [coded.vertebra_site(level)]
        name = f"{MANUFACTURER}:heights {level}"
        finding = coded.own("HEIGHTS", "vertebral heights")
        methods = _methods(body.endplates.values())
        yield _group(source, name, numbers, finding, sites, methods, found[0])


def _height_ends(body: Vertebra, item: Measurement) -> list[Point]:
    end = HEIGHT_ENDS[item.code]
    return [plate.landmarks[end].xy for plate in body.endplates.values()]


def _slips(source: Source) -> Iterable[Group]:
    """A group a pair of neighbours with the slip of the upper on the lower."""
    for item in source.measured.all("VBT"):
        upper = source.reading.endplate(item.levels[0], EndplateSide.INFERIOR)
        lower = source.reading.endplate(item.levels[1], EndplateSide.SUPERIOR)
        assert upper is not None
        assert lower is not None
        ends = [upper.posterior.xy, lower.posterior.xy]
        number = _number(coded.shape_name("VBT"), item, [_polyline(source, ends)])
        sites = [coded.vertebra_site(level) for level in item.levels]
        name = f"{MANUFACTURER}:{item.label}"
        finding = coded.own("SLIP", "vertebral body translation")
        yield _group(source, name, [number], finding, sites, _methods((upper, lower)), item)


def _methods(plates: Iterable[Endplate]) -> str:
    """Names of the assists that placed marks, empty if all were placed by hand."""
    marks = (mark for plate in plates for mark in plate.landmarks.values())
    return ", ".join(sorted({mark.method for mark in marks if mark.method}))


def _group(
    source: Source,
    name: str,
    numbers: list[hd.sr.Measurement],
    finding: CodedConcept,
    sites: list[hd.sr.FindingSite],
    methods: str,
    item: Measurement,
) -> Group:
    what = name.rpartition(":")[2]
    algorithm = None
    if methods:
        algorithm = hd.sr.AlgorithmIdentification(name=methods, version=__version__)
    visit = None
    if source.visit:
        visit = hd.sr.TimePointContext(time_point=source.visit)
    group = Group(
        tracking_identifier=hd.sr.TrackingIdentifier(source.tracking_uid(what), name),
        finding_type=finding,
        finding_sites=sites,
        measurements=numbers,
        algorithm_id=algorithm,
        time_point_context=visit,
        session=source.reading.session,
    )
    comment = hd.sr.TextContentItem(
        name=coded.COMMENT, value=_label(item, what), relationship_type="CONTAINS"
    )
    group[0].ContentSequence.append(comment)
    return group


def _label(item: Measurement, what: str) -> str:
    """What a viewer writes beside the lines; in ASCII, since not all heed the character set."""
    parts = [what]
    if item.unit == "deg":
        if item.interval_95 is not None:
            parts.append(f"+/- {item.interval_95[1] - item.value:.1f} deg")
        parts.append("lordosis" if item.value < 0 else "kyphosis")
    parts.append(item.note)
    return ", ".join(part for part in parts if part)


# ------------------------------------------------------------------------------------ numbers


def _number(
    name: CodedConcept, item: Measurement, coordinates: list[hd.sr.CoordinatesForMeasurement]
) -> hd.sr.Measurement:
    """A number with its 95 % interval; its lines come first, since readers look for the first."""
    unit = coded.UNITS[item.unit]
    number = hd.sr.Measurement(
        name=name, value=_value(item.value), unit=unit, referenced_coordinates=coordinates
    )
    if item.interval_95 is not None:
        spread = _value(item.interval_95[1] - item.value)
        number[0].ContentSequence.append(_uncertainty(spread, unit))
    return number


def _uncertainty(spread: float, unit: CodedConcept) -> hd.sr.TextContentItem:
    """What the interval is, with its reach upwards and downwards in the unit of the number.

    TID 310 has both directly under the number, without saying what they cover. PixelMed's validator
    takes every NUM under a NUM for one that it was inferred from (TID 300, row 9).
    """
    properties: Any = {"relationship_type": "HAS PROPERTIES"}
    interval = hd.sr.TextContentItem(name=coded.UNCERTAINTY, value=coded.INTERVAL_95, **properties)
    reaches = hd.sr.MeasurementProperties(
        upper_measurement_uncertainty=spread, lower_measurement_uncertainty=spread
    )
    for reach in reaches:
        reach.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = [unit]
    interval.ContentSequence = reaches
    return interval


def _value(number: float) -> float:
    return round(number, _DECIMALS) + 0.0


def _polyline(
    source: Source, points: Any, purpose: CodedConcept | None = None
) -> hd.sr.CoordinatesForMeasurement:
    item = film_item(source)
    image = hd.sr.SourceImageForRegion(
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID, source.frames
    )
    named = {} if purpose is None else {"purpose": purpose}
    return hd.sr.CoordinatesForMeasurement("POLYLINE", np.array(points, float), image, **named)
