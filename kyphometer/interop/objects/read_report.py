"""A structured report taken in: our own to the last digit, others as far as they go.

Our reports carry the reading's document. Other reports give the two lines of each angle; which
endplates they are on comes from finding sites or the label, where anterior is from the film.
Whatever the source, the stored angle is compared with the angle of the points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import KyphometerError, MarksFileError
from kyphometer.film import FilmHeader, FilmReference
from kyphometer.geometry import Facing, PixelGeometry, signed_angle_deg
from kyphometer.interop.objects import content_tree as tree
from kyphometer.interop.objects.report_film import check_same, film_of, geometry_of, is_about
from kyphometer.interop.objects.stored_angles import Line, StoredAngle, stored_angles
from kyphometer.messages import Word
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra
from kyphometer.reading.document import reading_from_json
from kyphometer.reading.facing import derive_facing

AGREES_DEG = 0.05
"""Stored angles that differ by less from those of their points are the same as printed."""
_SAME_PX = 1e-3
_PRIVATE = (0x0099, "KYPHOMETER", 0x01)
_OBSERVER = ("121008", "DCM")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAngle:
    """A stored angle beside the angle of its points.

    Attributes
    ----------
    label
        How the report calls it.
    stored_deg
        The stored value.
    points_deg
        What its points give: kyphosis positive if the report says how its lines run, otherwise
        without sign.
    agrees
        True if both are the same to 0.05 degrees.
    """

    label: str
    stored_deg: float
    points_deg: float
    agrees: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What came out of a report or of another program's file.

    Attributes
    ----------
    name
        Name of the film, as far as the file knows one.
    reading
        The reading.
    exact
        True if it is the reading that was sent, to the last digit.
    angles
        Every angle of the report with that of its points.
    remarks
        What whoever goes on with it must know.
    """

    name: str
    reading: Reading
    exact: bool = False
    angles: tuple[ComparedAngle, ...] = ()
    remarks: tuple[Word, ...] = ()


def read_report(
    path: Path, film: FilmHeader | None = None, *, facing: Facing | None = None
) -> TakenIn:
    """Reading of a structured report.

    Parameters
    ----------
    path
        The report.
    film
        The film that it is about; needed for others' reports, whose film must be known.
    facing
        Where anterior is, for reports of others; None takes it from the film's header.

    Raises
    ------
    MarksFileError
        If it is no report, is about another film, or holds nothing that can be taken in.
    """
    report = tree.read_dataset(path)
    try:
        with tree.patience():
            return _taken_in(report, path.name, film, facing)
    except KyphometerError:
        raise
    except (*tree.DAMAGE, OSError):  # the file is read already: pydicom says so of its sequences
        raise MarksFileError("marks_no_tree", name=path.name) from None


def _taken_in(
    report: Dataset, name: str, film: FilmHeader | None, facing: Facing | None
) -> TakenIn:
    own = _document(report, name)
    angles = list(stored_angles(report))
    if own is not None:
        return _our_own(report, name, own, angles, film)
    if not angles:
        raise MarksFileError("marks_no_angle", name=name)
    reference = film_of(report, name, angles, film)
    geometry = geometry_of(report, film)
    angles = [angle for angle in angles if is_about(angle, reference)]
    where = facing or (None if film is None else film.acquisition.facing)
    reading, remarks = _of_angles(angles, reference, where, name)
    reading = _with_facts(reading, report, angles)
    return TakenIn(
        name=name,
        reading=reading,
        angles=tuple(_compared(angle, geometry, reading) for angle in angles),
        remarks=(*remarks, *_mismatches(angles, geometry, reading)),
    )


# ------------------------------------------------------------------------------------ our own


def _document(report: Dataset, name: str) -> Reading | None:
    """The reading that a report of ours carries, None if it carries none."""
    group, creator, element = _PRIVATE
    try:
        value = report.private_block(group, creator)[element].value
    except KeyError:
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    try:
        return reading_from_json(text.rstrip("\0 "))
    except KyphometerError as error:
        raise MarksFileError("marks_document", name=name, detail=error) from None


def _our_own(
    report: Dataset,
    name: str,
    reading: Reading,
    angles: Sequence[StoredAngle],
    film: FilmHeader | None,
) -> TakenIn:
    if film is not None:
        check_same(reading.film, film.reference, name)
    geometry = geometry_of(report, film)
    remarks = list(_mismatches(angles, geometry, reading))
    moved = [angle.label for angle in angles if not _on_marks(angle, reading)]
    if moved:
        remarks.append(Word("marks.moved", {"labels": moved}))
    return TakenIn(
        name=name,
        reading=reading,
        exact=not moved,
        angles=tuple(_compared(angle, geometry, reading) for angle in angles),
        remarks=tuple(remarks),
    )


def _on_marks(angle: StoredAngle, reading: Reading) -> bool:
    """True if the lines of an angle are the endplates of the reading, as single precision has them.

    Lines that are no endplates (posterior walls) are not compared.
    """
    for line, site in zip(angle.lines, angle.sites, strict=False):
        level, side = site
        plate = None if side is None else reading.endplate(level, side)
        if side is None:
            continue
        if plate is None or not _near(line, (plate.posterior.xy, plate.anterior.xy)):
            return False
    return True


def _near(first: Line, second: Line) -> bool:
    pairs = zip(first, second, strict=True)
    return all(abs(a.x - b.x) < _SAME_PX and abs(a.y - b.y) < _SAME_PX for a, b in pairs)


# ------------------------------------------------------------------------------------ others'


def _of_angles(
    angles: Iterable[StoredAngle],
    film: FilmReference,
    facing: Facing | None,
    name: str,
) -> tuple[Reading, list[Word]]:
    """A reading of the endplates that angles lie on, and what was assumed."""
    plates: dict[tuple[Level, EndplateSide], Endplate] = {}
    remarks: list[Word] = []
    for angle in angles:
        sited = _sited(angle)
        if not sited:
            remarks.append(Word("marks.not_sited", {"label": angle.label}))
            continue
        if any(side is None for _, side in angle.sites):
            remarks.append(Word("marks.sides_assumed", {"label": angle.label}))
        if facing is None and not angle.directed:
            raise MarksFileError("marks_no_facing", name=name)
        for place, line in sited.items():
            plate = _plate(line, angle.directed, facing)
            known = plates.setdefault(place, plate)
            if not _near(_ends(known), _ends(plate)):
                where = {"label": angle.label, "level": str(place[0]), "side": str(place[1])}
                remarks.append(Word("marks.differs", where))
    if not plates:
        raise MarksFileError("marks_too_few", name=name)
    reading = Reading(film=film, vertebrae=_vertebrae(plates), facing=facing)
    return reading, remarks


def _ends(plate: Endplate) -> Line:
    return plate.posterior.xy, plate.anterior.xy


def _vertebrae(plates: Mapping[tuple[Level, EndplateSide], Endplate]) -> dict[Level, Vertebra]:
    return {
        level: Vertebra(
            level=level,
            superior=plates.get((level, EndplateSide.SUPERIOR)),
            inferior=plates.get((level, EndplateSide.INFERIOR)),
        )
        for level in dict.fromkeys(level for level, _ in plates)
    }


def _sited(angle: StoredAngle) -> dict[tuple[Level, EndplateSide], Line]:
    """Lines of an angle by their endplates, {} if they are not known.

    Sides that are not said are the outer ones: superior of the cranial and inferior of the caudal
    vertebra. Lines whose order is not said are sorted: the cranial one lies higher.
    """
    if len(angle.sites) != 2:
        return {}
    sites, lines = list(angle.sites), list(angle.lines)
    if not angle.directed:
        sites.sort(key=lambda site: (site[0].order, site[1] is EndplateSide.INFERIOR))
        lines.sort(key=lambda line: line[0].y + line[1].y)
    (upper, first), (lower, second) = sites
    places = (
        (upper, first or EndplateSide.SUPERIOR),
        (lower, second or EndplateSide.INFERIOR),
    )
    return {} if places[0] == places[1] else dict(zip(places, lines, strict=True))


def _plate(line: Line, directed: bool, facing: Facing | None) -> Endplate:
    """An endplate of a line; one that is not directed is turned to the film's anterior side."""
    posterior, anterior = line if directed or facing is None else _forward(line, facing)
    return Endplate(anterior=Landmark(xy=anterior), posterior=Landmark(xy=posterior))


def _with_facts(reading: Reading, report: Dataset, angles: Iterable[StoredAngle]) -> Reading:
    """The reading with its observer, time and the fracture that a VKA names."""
    names = [tree.text(item) for item in tree.below(report) if tree.concept(item) == _OBSERVER]
    observer = names[0].split("=")[0].replace("^", " ").strip() if names else None
    fractured = {a.sites[0][0] for a in angles if a.finding == "VKA" and a.sites}
    return replace(
        reading,
        observer=observer or None,
        created=_moment(report),
        fractured_levels=tuple(fractured),
    )


def _moment(report: Dataset) -> datetime | None:
    """When the report was written, by its content date and time in the time of this machine."""
    text = f"{report.get('ContentDate', '')}{str(report.get('ContentTime', ''))[:6]:0<6}"
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").astimezone()
    except ValueError:
        return None


# ------------------------------------------------------------------------------------ comparing


def _compared(angle: StoredAngle, geometry: PixelGeometry, reading: Reading) -> ComparedAngle:
    found = _points_deg(angle, geometry, reading)
    stored = angle.value_deg if angle.directed else abs(angle.value_deg)
    return ComparedAngle(
        label=angle.label,
        stored_deg=angle.value_deg,
        points_deg=found,
        agrees=abs(found - stored) < AGREES_DEG,
    )


def _points_deg(angle: StoredAngle, geometry: PixelGeometry, reading: Reading) -> float:
    """Angle of the stored lines: with sign if their order and direction are known."""
    facing = derive_facing(reading, geometry)
    lines = angle.lines
    if not angle.directed:
        lines = (_forward(lines[0], facing), _forward(lines[1], facing))
    sx, sy = geometry.scale
    upper, lower = (((end.x - start.x) * sx, (end.y - start.y) * sy) for start, end in lines)
    found = signed_angle_deg(upper, lower, facing)
    return found if angle.directed else abs(found)


def _forward(line: Line, facing: Facing) -> Line:
    """A line turned to the film's anterior side."""
    start, end = line
    return line if (end.x - start.x) * facing.sign >= 0 else (end, start)


def _mismatches(
    angles: Iterable[StoredAngle], geometry: PixelGeometry, reading: Reading
) -> Iterable[Word]:
    """A sentence for every stored angle that its points do not give."""
    for angle in angles:
        found = _compared(angle, geometry, reading)
        if not found.agrees:
            facts = {
                "label": found.label,
                "stored": found.stored_deg,
                "points": found.points_deg,
            }
            flipped = abs(180.0 - abs(found.points_deg) - abs(found.stored_deg)) < AGREES_DEG
            yield Word("marks.flipped" if flipped else "marks.mismatch", facts)
