"""Findings for a blinded reader: words by code and place, so that no number can be in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import get_args

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.reading.checks import Finding, FindingCode, Severity
from kyphometer.web.blinded.answers import BlindedCorner, BlindedFinding, BlindedMissing, Corner

_CORNERS: Mapping[str, Corner] = MappingProxyType({name: name for name in get_args(Corner)})
_WORDS: Mapping[FindingCode, tuple[str, str]] = MappingProxyType(
    {
        FindingCode.OUTSIDE_FILM: (
            "it lies outside the film",
            "mark it on the film, or list the endplate as not measurable",
        ),
        FindingCode.CORNERS_COINCIDE: ("both corners are in one place", "mark them apart"),
        FindingCode.ENDPLATE_SHORT: (
            "its corners are closer together than those of any endplate",
            "mark both rims",
        ),
        FindingCode.ENDPLATE_LONG: (
            "its corners are further apart than those of any endplate",
            "check the corners",
        ),
        FindingCode.MIDDLE_MISPLACED: (
            "its middle point does not lie between its corners",
            "move it to the floor of the endplate, half way between the rims",
        ),
        FindingCode.ENDPLATES_CROSS: (
            "its superior and inferior endplates cross each other",
            "mark them again",
        ),
        FindingCode.ENDPLATES_OPPOSED: (
            "its endplates run in opposite directions",
            "anterior and posterior are swapped in one of them: mark it again",
        ),
        FindingCode.ENDPLATES_UNLIKE: (
            "one endplate is much longer than the other",
            "check that all corners are on the rims of one vertebra",
        ),
        FindingCode.ENDPLATES_SWAPPED: (
            "its superior endplate lies caudal of its inferior endplate",
            "the two seem swapped: relabel them",
        ),
        FindingCode.HEIGHT_UNLIKELY: (
            "no vertebra has such a height for its depth",
            "check that both endplates belong to one vertebra",
        ),
        FindingCode.WEDGE_UNLIKELY: (
            "no vertebra is so wedged",
            "check all four corners",
        ),
        FindingCode.LEVELS_SWAPPED: (
            "they do not follow each other from cranial to caudal",
            "the two labels seem swapped: relabel them",
        ),
        FindingCode.NEIGHBOURS_CROSS: ("their endplates cross each other", "mark them again"),
        FindingCode.NEIGHBOURS_APART: (
            "no disc is as high as the space between them",
            "a vertebra may have been skipped: check the labels",
        ),
        FindingCode.NEIGHBOURS_CLOSE: (
            "there is no room between them for the levels not marked",
            "a label may be off by one: check the labels",
        ),
        FindingCode.NEIGHBOURS_UNLIKE: (
            "their neighbouring endplates differ much in length",
            "check that all corners are on the rims",
        ),
        FindingCode.FACING: (
            "the marks do not tell where anterior is, or contradict each other or the film",
            "mark both endplates, and swap anterior and posterior corners where they are wrong",
        ),
    }
)
"""What is wrong and what to do, by code."""


def blinded_finding(finding: Finding) -> BlindedFinding:
    """A finding by its code, severity, levels and corners alone."""
    return _worded(finding.code, finding.severity, finding.levels, finding.corners)


def facing_finding() -> BlindedFinding:
    """Where anterior is cannot be told."""
    return _worded(FindingCode.FACING, Severity.ERROR, (), ())


def _worded(
    code: FindingCode,
    severity: Severity,
    levels: Sequence[Level],
    corners: Sequence[tuple[Level, EndplateSide, str]],
) -> BlindedFinding:
    named = [
        BlindedCorner(level=level, endplate=side, corner=_CORNERS[name])
        for level, side, name in corners
    ]
    message, remedy = _WORDS[code]
    where = _place(levels, named)
    return BlindedFinding(
        code=code,
        severity=severity,
        where=where,
        message=message,
        remedy=remedy,
        sentence=f"{where}: {message}; {remedy}.",
        levels=list(levels),
        corners=named,
    )


def _place(levels: Sequence[Level], corners: Sequence[BlindedCorner]) -> str:
    plates = {(corner.level, corner.endplate) for corner in corners}
    if len(plates) != 1:
        return " and ".join(level.value for level in levels) or "facing"
    first = corners[0]
    plate = f"{first.level.value} {first.endplate.value} endplate"
    return plate if len(corners) > 1 else f"{plate}, {first.corner} corner"


def blinded_missing(needed: Mapping[str, Sequence[str]]) -> list[BlindedMissing]:
    """Angles by code, with the endplates that each still needs."""
    return [
        BlindedMissing(
            code=code, label=code, reason=f"{code} needs {', '.join(needs)}.", needs=list(needs)
        )
        for code, needs in needed.items()
        if needs
    ]
