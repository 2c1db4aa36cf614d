"""3D Slicer markups: a list of points, labelled with level, endplate and corner, in mm.

Slicer puts the centre of a film's first pixel at the origin and takes the pixel size at the
detector; a film without pixel size has pixels of 1 mm there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kyphometer.anatomy import Level
from kyphometer.errors import MarksFileError
from kyphometer.film import FilmHeader, FilmReference
from kyphometer.geometry import Point, SpacingSource
from kyphometer.interop.marks.points import number, place_of, reading_of
from kyphometer.reading import Reading

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/"
    "Schema/markups-schema-v1.0.3.json#"
)
_HALF = 0.5


def spacing_mm(header: FilmHeader) -> tuple[float, float]:
    """Row and column spacing with which Slicer shows a film."""
    geometry = header.geometry
    if geometry.row_mm is None or geometry.column_mm is None:
        return (geometry.aspect, 1.0)
    magnified = geometry.source is SpacingSource.MAGNIFICATION
    factor = (header.acquisition.magnification or 1.0) if magnified else 1.0
    return (geometry.row_mm * factor, geometry.column_mm * factor)


def to_slicer(reading: Reading, header: FilmHeader) -> dict[str, Any]:
    """Document of a film's marks (`.mrk.json`)."""
    row_mm, column_mm = spacing_mm(header)
    points = [
        {
            "id": str(place),
            "label": f"{level} {side} {corner}",
            "description": "",
            "associatedNodeID": "",
            "position": [(mark.xy.x - _HALF) * column_mm, (mark.xy.y - _HALF) * row_mm, 0.0],
            "orientation": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            "selected": True,
            "locked": False,
            "visibility": True,
            "positionStatus": "defined",
        }
        for place, (level, side, corner, mark) in enumerate(reading.landmarks(), 1)
    ]
    markup = {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
    }
    return {"@schema": SCHEMA, "markups": [markup]}


def from_slicer(document: Mapping[str, Any], header: FilmHeader, name: str) -> Reading:
    """Reading of the points whose labels name level, endplate and corner.

    Raises
    ------
    MarksFileError
        If it holds no such points.
    """
    row_mm, column_mm = spacing_mm(header)
    points: dict[Level, dict[str, Point]] = {}
    for markup in document.get("markups") or ():
        flip = -1.0 if markup.get("coordinateSystem") in ("RAS", 0, "0") else 1.0
        for item in markup.get("controlPoints") or ():
            place = place_of(str(item.get("label", "")))
            position = item.get("position")
            if place is None or item.get("positionStatus", "defined") != "defined":
                continue
            if not isinstance(position, list) or len(position) != 3:
                raise MarksFileError("marks_no_member", name=name, member="position")
            x, y = (flip * number(value, name, "position") for value in position[:2])
            xy = Point(x / column_mm + _HALF, y / row_mm + _HALF)
            points.setdefault(place[0], {})[place[1]] = xy
    film: FilmReference = header.reference
    return reading_of(points, film, name)
