"""COCO keypoints: a category a level, six keypoints a vertebra.

Positions are those of Kyphometer: continuous, (0, 0) = outer corner of the top-left pixel, as in
COCO's boxes. Members that COCO does not know (film, observer, facing) are kept in `kyphometer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kyphometer import __version__
from kyphometer.anatomy import Level
from kyphometer.errors import MarksFileError
from kyphometer.film import FilmReference
from kyphometer.geometry import Point
from kyphometer.interop.marks.points import (
    POINT_NAMES,
    MarkedFilm,
    facing_of,
    level_of,
    levels_of,
    number,
    points_of,
    reading_of,
    whole,
)
from kyphometer.reading.document import film_to_dict

_SKELETON = [[1, 2], [2, 3], [4, 5], [5, 6], [1, 4], [3, 6]]


def to_coco(films: Iterable[MarkedFilm]) -> dict[str, Any]:
    """Document of films with their marks."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for place, film in enumerate(films, 1):
        images.append(_image(place, film))
        for level, points in points_of(film.reading).items():
            annotations.append(_annotation(len(annotations) + 1, place, level, points))
    return {
        "info": {"description": "Vertebral endplates", "version": f"kyphometer {__version__}"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [_category(level) for level in Level],
    }


def _image(place: int, film: MarkedFilm) -> dict[str, Any]:
    reading = film.reading
    return {
        "id": place,
        "file_name": film.name,
        "width": reading.film.columns,
        "height": reading.film.rows,
        "kyphometer": {
            "film": film_to_dict(reading.film),
            "observer": reading.observer,
            "facing": None if reading.facing is None else reading.facing.value,
            "fractured_levels": [level.value for level in reading.fractured_levels],
        },
    }


def _category(level: Level) -> dict[str, Any]:
    return {
        "id": level.order + 1,
        "name": level.value,
        "supercategory": "vertebra",
        "keypoints": list(POINT_NAMES),
        "skeleton": _SKELETON,
    }


def _annotation(
    place: int, image: int, level: Level, points: Mapping[str, Point]
) -> dict[str, Any]:
    xs, ys = [p.x for p in points.values()], [p.y for p in points.values()]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    keypoints: list[float] = []
    for name in POINT_NAMES:
        keypoints += [*points[name], 2] if name in points else [0, 0, 0]
    return {
        "id": place,
        "image_id": image,
        "category_id": level.order + 1,
        "keypoints": keypoints,
        "num_keypoints": len(points),
        "bbox": [min(xs), min(ys), width, height],
        "area": width * height,
        "iscrowd": 0,
        "segmentation": [],
    }


def from_coco(document: Mapping[str, Any], name: str) -> Iterator[MarkedFilm]:
    """Films with marks of a document, in its order; films without marks are left out.

    Raises
    ------
    MarksFileError
        If a member is missing or impossible.
    """
    categories = {item.get("id"): item for item in _members(document, "categories", name)}
    by_image: dict[Any, dict[Level, dict[str, Point]]] = {}
    for annotation in _members(document, "annotations", name):
        category = categories.get(annotation.get("category_id"), {})
        level = level_of(str(category.get("name", "")))
        if level is None:
            raise MarksFileError("marks_no_member", name=name, member="categories.name")
        own = by_image.setdefault(annotation.get("image_id"), {})
        own[level] = _points(annotation, category, name)
    for image in _members(document, "images", name):
        if image.get("id") in by_image:
            yield _film(image, by_image[image["id"]], name)


def _members(document: Mapping[str, Any], member: str, name: str) -> list[Mapping[str, Any]]:
    found = document.get(member)
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise MarksFileError("marks_no_member", name=name, member=member)
    return found


def _points(
    annotation: Mapping[str, Any], category: Mapping[str, Any], name: str
) -> dict[str, Point]:
    names, flat = category.get("keypoints"), annotation.get("keypoints")
    if not isinstance(names, list) or not isinstance(flat, list) or len(flat) != 3 * len(names):
        raise MarksFileError("marks_no_member", name=name, member="keypoints")
    found = {}
    for place, label in enumerate(names):
        x, y, visible = (number(value, name, "keypoints") for value in flat[3 * place :][:3])
        if visible and label in POINT_NAMES:
            found[label] = Point(x, y)
    return found


def _film(
    image: Mapping[str, Any], points: Mapping[Level, Mapping[str, Point]], name: str
) -> MarkedFilm:
    kept = image.get("kyphometer")
    facts: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    known = facts.get("film")
    film: Mapping[str, Any] = known if isinstance(known, Mapping) else {}
    reference = FilmReference(
        rows=whole(image.get("height"), name, "height"),
        columns=whole(image.get("width"), name, "width"),
        sop_instance_uid=_text(film.get("sop_instance_uid")),
        frame=whole(film.get("frame") or 1, name, "frame"),
        sha256_pixels=_text(film.get("sha256_pixels")),
    )
    reading = reading_of(
        points,
        reference,
        name,
        observer=_text(facts.get("observer")),
        facing=facing_of(facts.get("facing")),
        fractured_levels=levels_of(facts.get("fractured_levels")),
    )
    return MarkedFilm(name=str(image.get("file_name", "")), reading=reading)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
