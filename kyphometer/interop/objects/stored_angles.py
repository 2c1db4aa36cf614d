"""Angles of a structured report: stored value, two lines, and the endplates that they lie on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.geometry import Point
from kyphometer.interop.objects import content_tree as tree
from kyphometer.interop.objects.codes import (
    ARM_OF_ANGLE,
    COBB_ANGLE,
    COMMENT,
    FINDING,
    INFERIOR,
    SUPERIOR,
    level_of,
)
from kyphometer.interop.objects.identity import MANUFACTURER

Line = tuple[Point, Point]

_GROUP = "125007"
_FINDING_SITES = {("363698007", "SCT"), ("G-C0E3", "SRT")}
_TOPOGRAPHY = {"106233006", "G-A1F8"}
_TRACKING = "112039"
_SIDES = {SUPERIOR.value: EndplateSide.SUPERIOR, INFERIOR.value: EndplateSide.INFERIOR}
_NAMED = re.compile(
    r"\b(?P<level>[CTL]\d{1,2}|Th\d{1,2}|S1)\b(?:[\s._]*(?P<side>sup|inf)[a-z]*)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAngle:
    """An angle as a report holds it.

    Attributes
    ----------
    label
        How the report calls it.
    value_deg
        The stored value.
    lines
        Its two lines in pixels; as the report gives them.
    directed
        True if both lines run from posterior to anterior.
    sites
        Level and side of each line, in the order of `lines`; side None where it is not said, and
        no sites where they are not known.
    film
        UID and frame of the film, None if it names none.
    finding
        Which of our angles it is, empty for others' angles.
    """

    label: str
    value_deg: float
    lines: tuple[Line, Line]
    directed: bool
    sites: tuple[tuple[Level, EndplateSide | None], ...]
    film: tuple[str, int] | None
    finding: str = ""


def stored_angles(report: Dataset) -> Iterator[StoredAngle]:
    """Angles of a report that have two lines; only ours are known to run towards anterior."""
    ours = str(report.get("Manufacturer", "")) == MANUFACTURER
    for group in tree.below(report):
        if tree.value_type(group) == "CONTAINER" and tree.concept(group)[0] == _GROUP:
            for item in tree.children(group):
                angle = _angle(group, item, ours=ours)
                if angle is not None:
                    yield angle


def _angle(group: Dataset, item: Dataset, *, ours: bool) -> StoredAngle | None:
    found = tree.numeric(item) if tree.value_type(item) == "NUM" else None
    if found is None:
        return None
    value, unit = found
    if unit not in {"deg", "rad"} and tree.concept(item)[0] != COBB_ANGLE.value:
        return None
    shapes = [child for child in tree.children(item) if tree.value_type(child) == "SCOORD"]
    lines, directed = _lines(shapes)
    if lines is None:
        return None
    return StoredAngle(
        label=_label(group, item),
        value_deg=value * 57.29577951308232 if unit == "rad" else value,
        lines=lines,
        directed=directed and ours,
        sites=_sites(group, item),
        film=next(filter(None, map(tree.image, shapes)), None),
        finding=_finding(group),
    )


def _lines(shapes: Sequence[Dataset]) -> tuple[tuple[Line, Line] | None, bool]:
    """Two lines of the shapes of an angle, and whether they run from posterior to anterior."""
    arms = [shape for shape in shapes if tree.concept(shape)[0] == ARM_OF_ANGLE.value]
    for group, directed in ((arms, True), (shapes, False)):
        pairs = [tree.points(shape) for shape in group]
        whole = [pair for pair in pairs if len(pair) == 2]
        if len(whole) == 2:
            first, second = (_line(*pair) for pair in whole)
            return (first, second), directed
    for shape in shapes:
        ends = tree.points(shape)
        if len(ends) == 4:
            return (_line(ends[0], ends[1]), _line(ends[2], ends[3])), False
        if len(ends) == 3:
            return (_line(ends[1], ends[0]), _line(ends[1], ends[2])), False
    return None, False


def _line(start: tuple[float, float], end: tuple[float, float]) -> Line:
    return Point(*start), Point(*end)


def _label(group: Dataset, item: Dataset) -> str:
    words = [tree.text(child) for child in tree.children(group)
             if tree.concept(child)[0] == COMMENT.value]  # fmt: skip
    tracking = [tree.text(child) for child in tree.children(group)
                if tree.concept(child)[0] == _TRACKING]  # fmt: skip
    names = item.get("ConceptNameCodeSequence")
    meaning = str(names[0].get("CodeMeaning") or "") if names else ""
    return next(filter(None, (*words, *tracking, meaning)), "angle")


def _finding(group: Dataset) -> str:
    for child in tree.children(group):
        if tree.concept(child)[0] == FINDING.value:
            value, scheme = tree.coded_value(child)
            return value if scheme == "99KYPHO" else ""
    return ""


def _sites(group: Dataset, item: Dataset) -> tuple[tuple[Level, EndplateSide | None], ...]:
    """Level and side of both lines, by the finding sites or else by the label."""
    found = [site for place in (item, group) for child in tree.children(place)
             if (site := _site(child)) is not None]  # fmt: skip
    if len(found) == 2:
        return tuple(found)
    by_label = [
        (level, {"sup": EndplateSide.SUPERIOR, "inf": EndplateSide.INFERIOR}.get(side))
        for level, side in _named(_label(group, item))
    ]
    if len(by_label) == 2:
        return tuple(by_label)
    return ((found[0][0], None),) * 2 if len(found) == 1 else ()


def _named(label: str) -> Iterator[tuple[Level, str]]:
    for match in _NAMED.finditer(label):
        name = match["level"].upper().replace("TH", "T")
        if name in Level.__members__:
            yield Level(name), (match["side"] or "").lower()


def _site(item: Dataset) -> tuple[Level, EndplateSide | None] | None:
    if tree.concept(item) not in _FINDING_SITES:
        return None
    level = level_of(*tree.coded_value(item))
    if level is None:
        return None
    sides = [_SIDES.get(tree.coded_value(child)[0]) for child in tree.children(item)
             if tree.concept(child)[0] in _TOPOGRAPHY]  # fmt: skip
    return level, next(iter(sides), None)
