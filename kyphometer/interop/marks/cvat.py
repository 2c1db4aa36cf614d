"""CVAT for images 1.1: a skeleton a vertebra, labelled with its level, of six named points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, tostring

from kyphometer.anatomy import Level
from kyphometer.errors import MarksFileError
from kyphometer.film import FilmReference
from kyphometer.geometry import Point
from kyphometer.interop.marks.points import (
    POINT_NAMES,
    MarkedFilm,
    level_of,
    number,
    points_of,
    reading_of,
    whole,
)


def to_cvat(films: Iterable[MarkedFilm]) -> str:
    """XML of films with their marks."""
    found = list(films)
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    levels = sorted({level for film in found for level in film.reading.levels}, key=_order)
    root.append(_meta(levels))
    for place, film in enumerate(found):
        root.append(_image(place, film))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _order(level: Level) -> int:
    return level.order


def _meta(levels: Iterable[Level]) -> Element:
    """Labels, as CVAT wants to have them defined."""
    meta = Element("meta")
    labels = SubElement(SubElement(meta, "task"), "labels")
    for level in levels:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = level.value
        SubElement(label, "type").text = "skeleton"
        SubElement(label, "attributes")
        for name in POINT_NAMES:
            part = SubElement(labels, "label")
            SubElement(part, "name").text = name
            SubElement(part, "type").text = "points"
            SubElement(part, "attributes")
            SubElement(part, "parent").text = level.value
    return meta


def _image(place: int, film: MarkedFilm) -> Element:
    reference = film.reading.film
    image = Element(
        "image",
        id=str(place),
        name=film.name,
        width=str(reference.columns),
        height=str(reference.rows),
    )
    for level, points in points_of(film.reading).items():
        skeleton = SubElement(
            image, "skeleton", label=level.value, source="manual", occluded="0", z_order="0"
        )
        for name in POINT_NAMES:
            x, y = points.get(name, Point(0.0, 0.0))
            SubElement(
                skeleton,
                "points",
                label=name,
                source="manual",
                outside="0" if name in points else "1",
                occluded="0",
                points=f"{float(x)!r},{float(y)!r}",
            )
    return image


def from_cvat(text: bytes, name: str) -> Iterator[MarkedFilm]:
    """Films with marks of an XML file, in its order; films without marks are left out.

    Raises
    ------
    MarksFileError
        If it is no such XML.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        raise MarksFileError("marks_no_xml", name=name) from None
    for image in root.iter("image"):
        points = {
            level: _points(skeleton, name)
            for skeleton in image.iter("skeleton")
            if (level := level_of(skeleton.get("label", ""))) is not None
        }
        if points:
            film = FilmReference(
                rows=whole(image.get("height"), name, "height"),
                columns=whole(image.get("width"), name, "width"),
            )
            yield MarkedFilm(name=image.get("name", ""), reading=reading_of(points, film, name))


def _points(skeleton: Element, name: str) -> dict[str, Point]:
    found = {}
    for part in skeleton.iter("points"):
        label = part.get("label", "")
        if label in POINT_NAMES and part.get("outside", "0") != "1":
            parts = part.get("points", "").split(",")
            if len(parts) != 2:
                raise MarksFileError("marks_no_member", name=name, member=f"points.{label}")
            found[label] = Point(*(number(value, name, label) for value in parts))
    return found
