"""Live results: from the marks so far to what the page shows. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from kyphometer.errors import FacingError
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure import Measurement, Refusal, measure_reading
from kyphometer.measure.words import measured_definition, measured_label
from kyphometer.reading import Reading
from kyphometer.reading.checks import check_reading
from kyphometer.reading.findings import Finding, FindingCode, Severity
from kyphometer.web.reader.needs import needed_endplates, next_intact_helps
from kyphometer.web.wire import marks as wire
from kyphometer.web.wire.marks import CORNERS


def measure_answer(
    reading: Reading,
    geometry: PixelGeometry,
    header_facing: Facing | None,
    corner_sd_mm: float,
    *,
    changes: Callable[[Sequence[Measurement]], list[wire.Change] | None] = lambda _: None,
) -> wire.Measured:
    """Facing, measurements, what is wrong and what is missing, as the page gets them.

    `changes` tells what changed since the film before.
    """
    nothing = wire.Measured(
        facing=reading.facing or header_facing,
        measurements=[],
        findings=[],
        missing=[],
        warnings=[],
        change=None,
    )
    if not reading.vertebrae:
        found = check_reading(reading, geometry)
        return replace(nothing, findings=[finding_view(item) for item in found])
    try:
        measured = measure_reading(
            reading,
            geometry,
            corner_sd_mm=corner_sd_mm,
            header_facing=header_facing,
            strict=False,
        )
    except FacingError as error:
        found = check_reading(reading, geometry)
        return replace(nothing, findings=[_facing_view(str(error)), *map(finding_view, found)])
    return wire.Measured(
        facing=measured.facing,
        measurements=[measurement_view(item) for item in measured.measurements],
        findings=[finding_view(item) for item in measured.findings],
        missing=[missing_view(reading, item) for item in measured.refused],
        warnings=list(measured.warnings),
        change=changes(measured.measurements),
    )


def measurement_view(item: Measurement) -> wire.Measurement:
    """A measurement with its 95 % interval and its lines on the film (posterior end first)."""
    return wire.Measurement(
        code=item.code,
        label=measured_label(item),
        upper=item.upper,
        lower=item.lower,
        value=item.value,
        unit=item.unit,
        standard_uncertainty=item.standard_uncertainty,
        interval95=item.interval_95,
        levels=list(item.levels),
        definition=measured_definition(item),
        note=item.note,
        details=dict(item.details) if item.details else UNSET,
        lines=list(item.lines),
    )


def finding_view(item: Finding) -> wire.Finding:
    """Something impossible or improbable about the marks."""
    return wire.Finding(
        code=item.code,
        severity=item.severity,
        where=item.where,
        message=item.message,
        remedy=item.remedy,
        sentence=str(item),
        levels=list(item.levels),
        corners=[
            wire.CornerPlace(level=level, endplate=side, corner=CORNERS[name])
            for level, side, name in item.corners
        ],
    )


def _facing_view(sentence: str) -> wire.Finding:
    return wire.Finding(
        code=FindingCode.FACING,
        severity=Severity.ERROR,
        where="facing",
        message=sentence,
        remedy="",
        sentence=sentence,
        levels=[],
        corners=[],
    )


def missing_view(reading: Reading, item: Refusal) -> wire.Missing:
    """A measurement that cannot be given yet, why, and the endplates that it still needs."""
    return wire.Missing(
        code=item.code,
        label=item.label,
        reason=item.reason,
        needs=needed_endplates(reading, item.code),
        next_intact=next_intact_helps(reading, item.code),
    )
