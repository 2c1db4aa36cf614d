"""Angles of a study that come from its films, and those measured elsewhere, in one analysis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from kyphometer.followup.precision import MeasurementPrecision
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_angles import Source, VisitAngle
from kyphometer.followup.visit_model import VisitAssignment


def joined(films: VisitAssignment, occasions: VisitAssignment) -> VisitAssignment:
    """Films and occasions of measurement elsewhere; a visit that has a film is the film's."""
    filmed = {(visit.patient, str(visit.visit)) for visit in films.visits}
    order = {str(visit): place for place, visit in enumerate(films.windows.visits)}
    visits = [
        *films.visits,
        *(v for v in occasions.visits if (v.patient, str(v.visit)) not in filmed),
    ]
    elsewhere = {(visit.patient, str(visit.visit)) for visit in occasions.visits}
    return VisitAssignment(
        windows=films.windows,
        visits=tuple(sorted(visits, key=lambda v: (v.patient, order[str(v.visit)]))),
        unassigned=(*films.unassigned, *occasions.unassigned),
        missing=tuple(pair for pair in films.missing if (pair[0], str(pair[1])) not in elsewhere),
        remarks=(*films.remarks, *occasions.remarks),
    )


def mixed_sources(
    angles: Iterable[VisitAngle], own: Iterable[MeasurementPrecision]
) -> list[Remark]:
    """What must be said of angles of which some were measured elsewhere."""
    sources: dict[str, set[Source]] = defaultdict(set)
    patients: dict[tuple[str, str], set[Source]] = defaultdict(set)
    for angle in angles:
        sources[angle.code].add(angle.source)
        patients[angle.patient, angle.code].add(angle.source)
    remarks = [
        Remark(
            kind=RemarkKind.WARNING,
            patient=patient,
            code=code,
            sentence=f"Patient {patient}: {code} was read on films here at some visits and "
            "measured elsewhere at others, so that what separates the two stands in the change.",
        )
        for (patient, code), found in patients.items()
        if len(found) > 1
    ]
    mixed = [item.code for item in own if len(sources[item.code]) > 1]
    return remarks + [
        Remark(
            kind=RemarkKind.WARNING,
            patient="",
            code=code,
            sentence=f"The SEM of {code} is of all repeats, of films read here and measured "
            "elsewhere alike.",
        )
        for code in mixed
    ]
