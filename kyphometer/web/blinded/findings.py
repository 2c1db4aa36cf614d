"""Findings for a blinded reader: words by code and place, so that no number can be in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kyphometer.anatomy import Level
from kyphometer.messages import sentence
from kyphometer.reading.findings import (
    CornerName,
    Finding,
    FindingCode,
    Severity,
    place,
    place_of_plate,
)
from kyphometer.web.blinded.answers import BlindedCorner, BlindedFinding, BlindedMissing
from kyphometer.web.wire.marks import CORNERS


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
    corners: Sequence[CornerName],
) -> BlindedFinding:
    named = [
        BlindedCorner(level=level, endplate=side, corner=CORNERS[name])
        for level, side, name in corners
    ]
    message = sentence(f"blinded.{code}", {})
    remedy = sentence(f"blinded.{code}.remedy", {})
    where = _place(levels, corners)
    return BlindedFinding(
        code=code,
        severity=severity,
        where=where,
        message=message,
        remedy=remedy,
        sentence=sentence("finding", {"where": where, "message": message, "remedy": remedy}),
        levels=list(levels),
        corners=named,
    )


def _place(levels: Sequence[Level], corners: Sequence[CornerName]) -> str:
    plates = {(level, side) for level, side, _ in corners}
    if len(plates) != 1:
        return place(levels)
    return place_of_plate(corners[0]) if len(corners) > 1 else place(levels, corners)


def blinded_missing(
    needed: Mapping[str, Sequence[str]], helped: Collection[str]
) -> list[BlindedMissing]:
    """Angles by code with the endplates each still needs; `helped` by the next intact level."""
    return [
        BlindedMissing(
            code=code,
            label=code,
            reason=f"{code} needs {', '.join(needs)}."
            if needs
            else sentence("blinded.neighbour", {"code": code}),
            needs=list(needs),
            next_intact=code in helped,
        )
        for code, needs in needed.items()
        if needs or code in helped
    ]
